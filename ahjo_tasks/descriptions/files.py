"""The JSON files of a project's descriptions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ahjo_tasks.config.json_text import key_lines
from ahjo_tasks.descriptions.model import DEFAULTS, FILES, USUAL, Descriptions
from ahjo_tasks.errors import SourceError
from ahjo_tasks.utils import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ahjo_tasks.descriptions.model import Properties

SHAPE = 'Write it as { "schema.object": { "Description": "text" } }.'


def read_files(folder: Path) -> Descriptions:
    """What the files of the folder say; a kind without a file is not in it.

    Raises SourceError, with file and line, for text that is not JSON or has another shape.
    """
    kinds = {kind: read_file(folder / name) for kind, name in FILES.items() if (folder / name).is_file()}
    defaults = folder / DEFAULTS
    return Descriptions(kinds, read_file(defaults) if defaults.is_file() else {})


def unread_files(folder: Path) -> list[str]:
    """The JSON files of the folder that nothing reads, for their names are none of ours."""
    return sorted({path.name for path in folder.glob("*.json")} - {*FILES.values(), DEFAULTS})


def read_file(path: Path) -> dict[str, dict[str, str]]:
    """The objects of one file. Raises SourceError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError("this is not UTF-8", path=path) from None
    try:
        found = json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        raise SourceError(f"this is not JSON: {error.msg}", path=path, line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise SourceError("brackets too deep inside each other", path=path) from None
    except _RepeatError as error:
        raise SourceError(f"{error} stands here twice", path=path, line=_line_of_repeat(text)) from None
    problem = _shape_problem(found)
    if problem:
        message, steps = problem
        raise SourceError(message, path=path, line=line_of(text, steps), hint=SHAPE)
    return found  # type: ignore[no-any-return]


def line_of(text: str, steps: tuple[str, ...]) -> int | None:
    """The line of a key in a well-formed JSON text; None for the text as a whole."""
    return next((line for path, line in key_lines(text) if path == steps), None)


def changed_files(folder: Path, wanted: Descriptions) -> dict[Path, str]:
    """The files that have to be written, with their text; one whose content is the same is left as it is."""
    found = {}
    for kind, objects in wanted.kinds.items():
        path = folder / FILES[kind]
        present = read_file(path) if path.is_file() else None
        if present != objects and (objects or present is not None or kind in USUAL):
            found[path] = _text(objects)
    return found


def write(changed: Mapping[Path, str]) -> None:
    """Write what `changed_files` found."""
    for path, text in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path, overwrite=True) as part:
            part.write_text(text, encoding="utf-8", newline="\n")


def _text(objects: Mapping[str, Properties]) -> str:
    ordered = {key: dict(sorted(objects[key].items())) for key in sorted(objects)}
    return json.dumps(ordered, indent=4, ensure_ascii=False)


class _RepeatError(ValueError):
    """An object repeats a key."""


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatError(next(key for key in keys if keys.count(key) > 1))
    return made


def _line_of_repeat(text: str) -> int | None:
    seen = set()
    for path, line in key_lines(text):
        if path in seen:
            return line
        seen.add(path)
    return None


def _shape_problem(found: object) -> tuple[str, tuple[str, ...]] | None:
    """What is wrong with the value, and the keys that lead there."""
    if not isinstance(found, dict):
        return "the file must be an object of objects", ()
    for key, properties in found.items():
        if not key or (isinstance(properties, dict) and "" in properties):
            return "a name is empty", (key,)
        if not isinstance(properties, dict):
            return f"{key} must be an object of properties", (key,)
        for name, text in properties.items():
            if not isinstance(text, str):
                return f"{name} of {key} must be a text", (key, name)
            if not _storable(name) or not _storable(text):
                return f"{name} of {key} has a character that no database takes", (key, name)
    return None


def _storable(text: str) -> bool:
    """Whether the text has neither a zero character nor half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
