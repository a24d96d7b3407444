"""The upgrade file: which actions bring a database to which tag."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.config.document import read
from ahjo_tasks.errors import AhjoError, ConfigError
from ahjo_tasks.fleet.protocol import Call, read_calls

if TYPE_CHECKING:
    from ahjo_tasks.config.document import Document

ACTIONS = "ahjo_actions.py"
IMPORT = re.compile(rb"^\s*(from|import)\s+ahjo[\s.]", re.MULTILINE)


def refuse_predecessor(directory: Path) -> None:
    """Raise AhjoError for a project whose actions only the predecessor can import, or that is not there at all."""
    if not directory.is_dir():
        raise AhjoError(f"the version has no folder {directory.name}")
    actions = directory / ACTIONS
    if (directory / "tasks.py").is_file() or not actions.is_file():
        return
    if IMPORT.search(actions.read_bytes()):
        raise AhjoError(
            f"there is no tasks.py, only the predecessor's {ACTIONS}",
            hint="Bring the database to the first version with a tasks.py by the predecessor, then go on from there",
        )


class Entry(NamedTuple):
    """The actions of one version, and where the file lists them: `upgrade_actions.jsonc:3`."""

    calls: tuple[Call, ...]
    place: str


Listing = dict[str, Entry]
"""By tag, in the order of the file, which means nothing."""


def read_listing(path: Path) -> Listing:
    """Read a JSON, JSONC or YAML file. Raises ConfigError, which lists every mistake with its line."""
    return _checked(read(path))


def listing_of(data: bytes, name: str) -> Listing:
    """The same for a file that is not on disk."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return read_listing(path)


def _checked(document: Document) -> Listing:
    listing: Listing = {}
    problems = list(document.warnings)
    for tag, entries in document.value.items():
        if tag == "$schema":
            continue
        place = f"{document.name}:{document.lines.get((tag,), '?')}"
        calls, mistakes = read_calls(entries) if isinstance(tag, str) else ((), ["write the tag in quotes"])
        problems += [f"{place}: {tag}: {mistake}" for mistake in mistakes]
        listing[str(tag)] = Entry(calls, place)
    if problems:
        raise ConfigError(f"{document.name} cannot be used", tuple(problems))
    return listing
