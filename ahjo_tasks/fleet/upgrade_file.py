"""The upgrade file: the actions that bring a database to each tag."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ahjo_tasks.config.document import read
from ahjo_tasks.errors import AhjoError, ConfigError
from ahjo_tasks.fleet.protocol import Call, read_calls

if TYPE_CHECKING:
    from ahjo_tasks.config.document import Document

ACTIONS = "ahjo_actions.py"
IMPORT = re.compile(rb"^\s*(from|import)\s+ahjo[\s.]", re.MULTILINE)


def refuse_predecessor(directory: Path) -> None:
    """Raise AhjoError for a folder that is missing, or whose actions only Ahjo can import."""
    if not directory.is_dir():
        raise AhjoError(f"the version has no folder {directory.name}")
    actions = directory / ACTIONS
    if (directory / "tasks.py").is_file() or not actions.is_file():
        return
    if IMPORT.search(actions.read_bytes()):
        raise AhjoError(
            f"there is no tasks.py, only Ahjo's {ACTIONS}",
            hint="Upgrade the database with Ahjo to the first version that has a tasks.py, then go on from there",
        )


@dataclass(frozen=True)
class Version:
    """A tag and the actions that bring a database to it; `location` is where they are: `upgrade_actions.jsonc:3`."""

    tag: str
    calls: tuple[Call, ...]
    location: str


UpgradeFile = dict[str, Version]
"""By tag, in the order of the file, which means nothing."""


def read_upgrade_file(path: Path) -> UpgradeFile:
    """Read a JSON, JSONC or YAML file. Raises ConfigError, which lists every mistake with its line."""
    return _checked(read(path))


def parse_upgrade_file(data: bytes, name: str) -> UpgradeFile:
    """Read the content of a file that is not on disk; the suffix of its name says the format."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        return read_upgrade_file(path)


def _checked(document: Document) -> UpgradeFile:
    versions: UpgradeFile = {}
    problems = list(document.warnings)
    for tag, entries in document.value.items():
        if tag == "$schema":
            continue
        location = f"{document.name}:{document.lines.get((tag,), '?')}"
        calls, mistakes = read_calls(entries) if isinstance(tag, str) else ((), ["write the tag in quotes"])
        problems += [f"{location}: {tag}: {mistake}" for mistake in mistakes]
        versions[str(tag)] = Version(str(tag), calls, location)
    if problems:
        raise ConfigError(f"Invalid upgrade file {document.name}", tuple(problems))
    return versions
