"""What of the files a database can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import SourceError
from ahjo_tasks.metadata.files import line_of
from ahjo_tasks.metadata.kinds import DEFAULTS, FILES
from ahjo_tasks.metadata.model import Descriptions, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ahjo_tasks.metadata.base import Metadata
    from ahjo_tasks.metadata.model import Properties


def admitted(files: Descriptions, metadata: Metadata, folder: Path) -> tuple[Descriptions, tuple[str, ...]]:
    """The descriptions that the database can hold, and warnings that name the file and key of the others.

    Raises SourceError, with file and line, for a text that the database would cut or spoil.
    """
    warnings: list[str] = []
    kinds = {}
    for kind, objects in files.kinds.items():
        if kind in metadata.kinds:
            kinds[kind] = _held(objects, kind, folder / FILES[kind], metadata)
            warnings += _foreign(objects, FILES[kind], metadata)
        elif any(objects.values()):
            names = [key for key, properties in objects.items() if properties]
            warnings.append(f"{FILES[kind]}: {metadata.dialect.title} keeps no descriptions of it: {listed(names)}.")
    defaults = _held(files.defaults, "column", folder / DEFAULTS, metadata)
    warnings += _foreign(files.defaults, DEFAULTS, metadata)
    return Descriptions(kinds, defaults), tuple(warnings)


def _held(objects: Mapping[str, Properties], kind: str, path: Path, metadata: Metadata) -> dict[str, Properties]:
    found = {key: metadata.held(properties) for key, properties in objects.items()}
    for key, properties in found.items():
        for name, text in properties.items():
            reason = metadata.obstacle(kind, text)
            if reason:
                line = line_of(path.read_text(encoding="utf-8-sig"), (key, name))
                raise SourceError(f"{name} of {key} cannot be stored: {reason}", path=path, line=line)
    return found


def _foreign(objects: Mapping[str, Properties], file: str, metadata: Metadata) -> Iterator[str]:
    """Properties of names that the database does not have."""
    names = [
        f"{name} of {key}" for key, properties in objects.items() for name in properties if not metadata.holds(name)
    ]
    if names:
        yield f"{file}: {metadata.dialect.title} keeps only {metadata.single}, not {listed(names)}."
