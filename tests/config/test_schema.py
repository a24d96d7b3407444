from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest

from ahjo_tasks.config.schema import json_schema, schema_text
from ahjo_tasks.config.validate import KEYS


def test_the_packaged_schema_is_the_generated_one() -> None:
    packaged = files("ahjo_tasks.config").joinpath("schema.json").read_text(encoding="utf-8")
    assert packaged == schema_text(), "run: python -m ahjo_tasks.config.schema > ahjo_tasks/config/schema.json"


def test_the_schema_is_plain_json() -> None:
    assert json.loads(schema_text()) == json_schema()


def test_every_key_stands_in_it_with_its_description() -> None:
    properties = json_schema()["$defs"]["Settings"]["properties"]
    assert set(properties) == set(KEYS)
    assert all(value["description"] for value in properties.values())


def test_it_holds_the_defaults() -> None:
    properties = json_schema()["$defs"]["Settings"]["properties"]
    assert properties["database_max_size"]["default"] == 100_000
    assert properties["db_permissions"]["default"] == [
        {"source": "database/create_db_permissions.sql", "variables": {}},
    ]


def test_a_document_has_a_backend_section_or_is_one() -> None:
    schema = json_schema()
    assert schema["if"] == {"required": ["BACKEND"]}
    assert schema["then"]["properties"]["BACKEND"] == schema["else"] == {"$ref": "#/$defs/Settings"}


def test_engine_options_and_unknown_keys_are_allowed() -> None:
    settings = json_schema()["$defs"]["Settings"]
    assert list(settings["patternProperties"]) == [r"^sqlalchemy\.(?!url$)"]
    assert "additionalProperties" not in settings


def misspelt(key: str) -> bool:
    pattern = json_schema()["$defs"]["Settings"]["propertyNames"]["not"]["pattern"]
    return re.search(pattern, key) is not None


@pytest.mark.parametrize(
    "key",
    [
        "target_databse_name",
        "target_databaase_name",
        "target_database_nmae",
        "target_dattbase_name",
        "sql_dialct",
        "SQL_PORT",
        "Password",
        "xsql_dialect",
        "sqlalchemy,url",
    ],
)
def test_a_key_with_one_slip_is_invalid(key: str) -> None:
    assert misspelt(key)


@pytest.mark.parametrize(
    "key", [*KEYS, "my_key", "company", "sqlalchemy.echo", "target_database_owner", "environments_of_ours", "SQL", ""]
)
def test_known_keys_and_those_of_a_project_are_valid(key: str) -> None:
    assert not misspelt(key)


@pytest.mark.parametrize("name", ["postgresql", "postgres", "mssql", "mssql+pyodbc", "other.db+driver"])
def test_values_of_sql_dialect_are_listed(name: str) -> None:
    listed, with_driver = json_schema()["$defs"]["Settings"]["properties"]["sql_dialect"]["anyOf"]
    assert name in listed["enum"] or re.search(with_driver["pattern"], name)
    assert "oracle" not in listed["enum"]
