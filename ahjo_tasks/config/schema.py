"""Generate the JSON Schema of a config for editors, and the table of its keys for the docs.

`python -m ahjo_tasks.config.schema` prints the text of `schema.json`, with `--markdown` the table.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from ahjo_tasks.config.secret import Secret
from ahjo_tasks.config.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

VARIABLES = {
    "AHJO_CONFIG_PATH": "The config of every action, where no `--config` is given.",
    "AHJO_NON_INTERACTIVE": "`1`, `true`, `yes` or `on` answers every question, those of destroying actions included; a"
    " protected database still wants its name.",
    "AHJO_CONFIRM_DATABASE": "As `--confirm-database` for every action that changes the database of this name.",
    "AHJO_PROJECT_DIR": "The folder of the project on a worker of a fleet, where it is not that of the coordinator.",
    "AHJO_LOGIN_PASSWORD": "The password of the login that `create-db-login` makes.",
}
"""Environment variables that are no key of a config, and what they mean, for the docs."""

DATABASES = ["sqlite", "postgresql", "mysql", "mariadb", "mssql", "postgres", "sqlite3", "sqlserver"]
WITH_DRIVER = r"^[A-Za-z][\w.]*\+\w+$"
"""A database and its driver, also those of other packages."""
SHORT = 8
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LOCAL = {
    "type": "string",
    "description": "Path of a private file whose values win over this one; from the folder of this file.",
}


def json_schema() -> dict[str, Any]:
    """Return the schema of a document: with a BACKEND section, or all keys at the top."""
    definitions = json.loads(json.dumps(msgspec.json.schema(Settings, schema_hook=_secret)["$defs"]))
    definitions["Settings"] = _with_options(definitions["Settings"])
    reference = {"$ref": "#/$defs/Settings"}
    return {
        "$schema": _DIALECT,
        "title": "Config of a database project",
        "type": "object",
        "properties": {"$schema": {"type": "string"}, "LOCAL": _LOCAL},
        # not anyOf, of which editors show one error at the top of the document in place of each at its key
        "if": {"required": ["BACKEND"]},
        "then": {"properties": {"BACKEND": reference}},
        "else": reference,
        "$defs": definitions,
    }


def schema_text() -> str:
    """Return the text of the packaged schema."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _with_options(settings: dict[str, Any]) -> dict[str, Any]:
    """Add the other forms of a file: engine options as keys of their own, one action without an array."""
    properties = dict(settings["properties"])
    options = properties.pop("sqlalchemy")
    properties["sql_dialect"] |= {"type": "string", "anyOf": [{"enum": DATABASES}, {"pattern": WITH_DRIVER}]}
    properties["allowed_actions"]["anyOf"].append({"type": "string", "description": "The one action that may run."})
    return settings | {
        "description": "Connection, permissions and options of a target.",
        "properties": properties,
        "patternProperties": {r"^sqlalchemy\.(?!url$)": {"description": options["description"]}},
        "propertyNames": {"not": {"pattern": misspelt(properties)}},
    }


def misspelt(keys: Collection[str]) -> str:
    """Return a regular expression of what is one slip away from a key; keys of a project's own are valid.

    A slip is a letter too many, too few, another one, or two that changed places. Short keys are left out, for many
    words are like them.
    """
    slips = "|".join(_with_slip(key) for key in keys if len(key) > SHORT)
    exact = "|".join(map(re.escape, keys))
    return f"^(?!(?:{exact})$)(?:{slips}|(?:{'|'.join(_any_case(key) for key in keys)}))$"


def _with_slip(key: str) -> str:
    """Return the key with any one to three characters in place of two neighbours; shared beginnings stand once."""
    pattern = ""
    for index in range(len(key) - 2, -1, -1):
        here, rest = re.escape(key[index]), re.escape(key[index + 2 :])
        pattern = f"(?:.{{1,3}}{rest}|{here}{pattern})" if pattern else f".{{1,3}}{rest}"
    return pattern


def _any_case(key: str) -> str:
    return "".join(f"[{char}{char.upper()}]" if char.isalpha() else re.escape(char) for char in key)


def _secret(type_: type) -> dict[str, Any]:
    if type_ is Secret:
        return {"type": "string"}
    raise NotImplementedError


def markdown() -> str:
    """Return a table with a row for each key: name, type, default and description."""
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for key, schema in json_schema()["$defs"]["Settings"]["properties"].items():
        default = f"`{json.dumps(schema['default'])}`" if schema.get("default") not in (None, {}, []) else ""
        lines.append(f"| `{key}` | {_type_names(schema)} | {default} | {schema.get('description', '')} |")
    return "\n".join(lines) + "\n"


def _type_names(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"] if value is not None)
    if "anyOf" in schema and "type" not in schema:
        parts = dict.fromkeys(_type_names(part) for part in schema["anyOf"] if part.get("type") != "null")
        return " or ".join(part for part in parts if part)
    types = schema.get("type", "")
    names = [types] if isinstance(types, str) else list(types)
    return " or ".join(name for name in names if name != "null")


if __name__ == "__main__":
    sys.stdout.write(markdown() if "--markdown" in sys.argv else schema_text())
