"""Read and write the JSON files with a project's descriptions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ahjo_tasks.config.json_text import key_lines
from ahjo_tasks.descriptions.model import ALWAYS_WRITTEN, DEFAULTS_FILE, FILE_NAMES, Descriptions
from ahjo_tasks.errors import SourceError
from ahjo_tasks.utils import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ahjo_tasks.descriptions.model import Properties

SHAPE_HINT = 'Write it as { "schema.object": { "Description": "text" } }.'


def read_files(folder: Path) -> Descriptions:
    """Read the descriptions of a folder; a kind without a file is left out.

    Raises SourceError, with file and line, for text that is not JSON or has another shape.
    """
    kinds = {kind: read_file(folder / name) for kind, name in FILE_NAMES.items() if (folder / name).is_file()}
    defaults = folder / DEFAULTS_FILE
    return Descriptions(kinds, read_file(defaults) if defaults.is_file() else {})


def unread_files(folder: Path) -> list[str]:
    """Return the JSON files of the folder whose names stand for no kind of object."""
    return sorted({path.name for path in folder.glob("*.json")} - {*FILE_NAMES.values(), DEFAULTS_FILE})


def read_file(path: Path) -> dict[str, dict[str, str]]:
    """Read the objects of one file with their properties. Raises SourceError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError("this is not UTF-8", path=path) from None
    try:
        value = json.loads(text, object_pairs_hook=_object_without_repeats)
    except json.JSONDecodeError as error:
        raise SourceError(f"this is not JSON: {error.msg}", path=path, line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise SourceError("brackets too deep inside each other", path=path) from None
    except _RepeatedKeyError as error:
        raise SourceError(f"{error} is given twice", path=path, line=_line_of_repeated_key(text)) from None
    problem = _shape_problem(value)
    if problem:
        message, key_path = problem
        raise SourceError(message, path=path, line=line_of_key(text, key_path), hint=SHAPE_HINT)
    return value  # type: ignore[no-any-return]


def line_of_key(text: str, key_path: tuple[str, ...]) -> int | None:
    """Return the line of a key in a well-formed JSON text; None for the text as a whole."""
    return next((line for path, line in key_lines(text) if path == key_path), None)


def changed_files(folder: Path, descriptions: Descriptions) -> dict[Path, str]:
    """Return the text of each file that has to be written; one with the same content is left as it is."""
    changed = {}
    for kind, objects in descriptions.kinds.items():
        path = folder / FILE_NAMES[kind]
        present = read_file(path) if path.is_file() else None
        if present != objects and (objects or present is not None or kind in ALWAYS_WRITTEN):
            changed[path] = _to_json(objects)
    return changed


def write_files(changed: Mapping[Path, str]) -> None:
    """Write the files of `changed_files`."""
    for path, text in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, overwrite=True) as part:
            part.write_text(text, encoding="utf-8", newline="\n")


def _to_json(objects: Mapping[str, Properties]) -> str:
    ordered = {key: dict(sorted(objects[key].items())) for key in sorted(objects)}
    return json.dumps(ordered, indent=4, ensure_ascii=False)


class _RepeatedKeyError(ValueError):
    """An object repeats a key."""


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatedKeyError(next(key for key in keys if keys.count(key) > 1))
    return value


def _line_of_repeated_key(text: str) -> int | None:
    seen = set()
    for path, line in key_lines(text):
        if path in seen:
            return line
        seen.add(path)
    return None


def _shape_problem(value: object) -> tuple[str, tuple[str, ...]] | None:
    """Return what is wrong with the value, and the path of keys to it; None when it is right."""
    if not isinstance(value, dict):
        return "the file must be an object of objects", ()
    for key, properties in value.items():
        if not key or (isinstance(properties, dict) and "" in properties):
            return "a name is empty", (key,)
        if not isinstance(properties, dict):
            return f"{key} must be an object of properties", (key,)
        for name, text in properties.items():
            if not isinstance(text, str):
                return f"{name} of {key} must be a string", (key, name)
            if not _is_storable(name) or not _is_storable(text):
                return f"{name} of {key} has a character that no database takes", (key, name)
    return None


def _is_storable(text: str) -> bool:
    """Return whether the text has neither a zero character nor half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
