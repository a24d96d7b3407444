"""The upgrade file: which actions bring a database to which tag."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ahjo_tasks.config.document import read
from ahjo_tasks.errors import ConfigError
from ahjo_tasks.workers.calls import Call, read_calls

if TYPE_CHECKING:
    from ahjo_tasks.config.document import Document

Listing = dict[str, tuple[Call, ...]]
"""Actions by tag, in the order of the file, which means nothing."""


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
        place = f"{document.name}:{document.lines.get((tag,), '?')}: {tag}"
        calls, mistakes = read_calls(entries) if isinstance(tag, str) else ((), ["write the tag in quotes"])
        problems += [f"{place}: {mistake}" for mistake in mistakes]
        listing[str(tag)] = calls
    if problems:
        raise ConfigError(f"{document.name} cannot be used", tuple(problems))
    return listing
