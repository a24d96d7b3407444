"""What the files should say, going by the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.descriptions.files import read_files
from ahjo_tasks.descriptions.model import FILES, Descriptions, listed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.descriptions.base import Metadata
    from ahjo_tasks.descriptions.model import Catalog, DbObject, Properties

NOT_READ = "what the database does not have or metadata_allowed_schemas leaves out"


def export(
    connection: Connection, metadata: Metadata, folder: Path, schemas: Sequence[str] | None
) -> tuple[Descriptions, tuple[str, ...]]:
    """What the files of the folder should say, going by the database, and warnings about what they lose.

    Raises SourceError for a file that is broken.
    """
    files = read_files(folder)
    return exported(metadata.read(connection, schemas), files, metadata)


def exported(present: Catalog, files: Descriptions, metadata: Metadata) -> tuple[Descriptions, tuple[str, ...]]:
    """Every object of the database with its properties, and warnings about described objects that are not there.

    A column that has just its default properties is written without any, so that the defaults stay the one place
    where they are changed. Properties that this kind of database cannot hold are kept from the files.
    """
    kinds: dict[str, dict[str, Properties]] = {}
    warnings: list[str] = []
    for kind in sorted(metadata.kinds - set(present.missing)):
        objects, listing = present.of(kind), files.kinds.get(kind, {})
        pairs, lost = objects.pairs(listing)
        old = {one.parts: listing[key] for key, one in pairs.items()}
        kinds[kind] = {
            key: _properties(one, old.get(one.parts, {}), files, metadata) for key, one in objects.exact.items()
        }
        gone = [key for key in lost if listing[key]]
        warnings += [f"{FILES[kind]} loses {NOT_READ}: {listed(gone)}."] if gone else []
    return Descriptions(kinds, files.defaults), tuple(warnings)


def _properties(one: DbObject, old: Properties, files: Descriptions, metadata: Metadata) -> Properties:
    kept = {name: text for name, text in old.items() if not metadata.holds(name)}
    if one.kind == "column" and not kept:
        default = files.default(one.parts[-1])
        if one.properties and one.properties == metadata.held(default):
            return {}
    return {**kept, **one.properties}
