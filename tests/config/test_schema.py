from __future__ import annotations

import json
from importlib.resources import files

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
    first, second = json_schema()["anyOf"]
    assert first["required"] == ["BACKEND"]
    assert first["properties"]["BACKEND"] == second == {"$ref": "#/$defs/Settings"}


def test_engine_options_and_unknown_keys_are_allowed() -> None:
    settings = json_schema()["$defs"]["Settings"]
    assert list(settings["patternProperties"]) == [r"^sqlalchemy\.(?!url$)"]
    assert "additionalProperties" not in settings
