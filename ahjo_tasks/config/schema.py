"""The JSON Schema of a config, made from Settings, so that editors complete and check the file.

`python -m ahjo_tasks.config.schema` prints the text of the packaged `schema.json`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec

from ahjo_tasks.config.secret import Secret
from ahjo_tasks.config.settings import Settings

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LOCAL = {
    "type": "string",
    "description": "Path of a private file whose values win over this one; from the folder of this file.",
}


def json_schema() -> dict[str, Any]:
    """Return the schema of a whole document: with a BACKEND section, or all keys at the top."""
    definitions = json.loads(json.dumps(msgspec.json.schema(Settings, schema_hook=_secret)["$defs"]))
    definitions["Settings"] = _with_options(definitions["Settings"])
    reference = {"$ref": "#/$defs/Settings"}
    return {
        "$schema": _DIALECT,
        "title": "Config of a database project",
        "type": "object",
        "properties": {"$schema": {"type": "string"}, "LOCAL": _LOCAL},
        "anyOf": [{"properties": {"BACKEND": reference}, "required": ["BACKEND"]}, reference],
        "$defs": definitions,
    }


def schema_text() -> str:
    """The schema as it is packaged."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _with_options(settings: dict[str, Any]) -> dict[str, Any]:
    """Add what the file may say in another form: engine options as keys of their own, one action without a list."""
    properties = dict(settings["properties"])
    options = properties.pop("sqlalchemy")
    properties["allowed_actions"]["anyOf"].append({"type": "string", "description": "The one action that may run."})
    return settings | {
        "description": "What to connect to, and what may be done there.",
        "properties": properties,
        "patternProperties": {r"^sqlalchemy\.(?!url$)": {"description": options["description"]}},
    }


def _secret(kind: type) -> dict[str, Any]:
    if kind is Secret:
        return {"type": "string"}
    raise NotImplementedError


if __name__ == "__main__":
    sys.stdout.write(schema_text())
