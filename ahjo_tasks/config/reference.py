"""The table of all keys, for the docs: `python -m ahjo_tasks.config.reference`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ahjo_tasks.config.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMES = {"integer": "whole number", "boolean": "true or false", "object": "object", "array": "list", "string": "text"}


def markdown() -> str:
    """A row for each key: its name, type, default and what it does."""
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for key, schema in _keys():
        default = f"`{json.dumps(schema['default'])}`" if schema.get("default") not in (None, {}, []) else ""
        lines.append(f"| `{key}` | {_type(schema)} | {default} | {schema.get('description', '')} |")
    return "\n".join(lines) + "\n"


def _keys() -> Iterator[tuple[str, Mapping[str, Any]]]:
    definitions = json_schema()["$defs"]
    yield from definitions["Settings"]["properties"].items()


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"] if value is not None)
    if "anyOf" in schema:
        parts = dict.fromkeys(_type(part) for part in schema["anyOf"] if part.get("type") != "null")
        return " or ".join(part for part in parts if part)
    kind = schema.get("type", "")
    kinds = [kind] if isinstance(kind, str) else list(kind)
    return " or ".join(NAMES.get(one, one) for one in kinds if one != "null")


if __name__ == "__main__":
    print(markdown(), end="")  # noqa: T201 - a program of its own
