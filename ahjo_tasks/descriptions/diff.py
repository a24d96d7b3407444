"""What has to change in a database so that it says what the files say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.descriptions.files import line_of
from ahjo_tasks.descriptions.model import DEFAULTS, FILES, Change, Changes, Descriptions, listed
from ahjo_tasks.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ahjo_tasks.descriptions.base import Metadata
    from ahjo_tasks.descriptions.model import Catalog, DbObject, Lookup, Properties


def supported_by(files: Descriptions, metadata: Metadata, folder: Path) -> tuple[Descriptions, tuple[str, ...]]:
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


def difference(wanted: Descriptions, present: Catalog, schemas: Sequence[str] | None = None) -> Changes:
    """The changes that make the database say what the files say.

    An object that a file lists loses the properties that the file does not give it; an object that no file lists keeps
    its own. A column without properties in the file has those of the defaults. `schemas` are those that `present` was
    read for: objects of others are none of our business.
    """
    changes: list[Change] = []
    warnings: list[str] = []
    for kind in FILES:
        objects, listing = present.of(kind), wanted.kinds.get(kind, {})
        if kind in present.missing:
            warnings += [f"{FILES[kind]} is left out: {present.missing[kind]}."] if any(listing.values()) else []
            continue
        pairs, lost = objects.pairs(listing)
        changes += _listed_objects(wanted, pairs, listing)
        if kind == "column":
            changes += _other_columns(wanted, objects, pairs)
        warnings += _unknown(kind, [key for key in lost if _in_schemas(key, schemas)], objects.ambiguous)
    return Changes(tuple(changes), tuple(warnings))


def _listed_objects(
    wanted: Descriptions, pairs: Mapping[str, DbObject], listing: Mapping[str, Properties]
) -> Iterator[Change]:
    for key, one in pairs.items():
        default = wanted.default(one.parts[-1]) if one.kind == "column" else {}
        yield from _compare(one, listing[key] or default)


def _other_columns(wanted: Descriptions, columns: Lookup, pairs: Mapping[str, DbObject]) -> Iterator[Change]:
    """Columns that no file lists get the defaults, and keep what else they have."""
    known = {one.parts for one in pairs.values()}
    for column in columns if wanted.defaults else ():
        if column.parts not in known:
            changes = _compare(column, wanted.default(column.parts[-1]))
            yield from (change for change in changes if change.verb != "drop")


def _compare(one: DbObject, wanted: Properties) -> Iterator[Change]:
    """The changes of one object. A name in another case is the same property, unless the file has both."""
    folded = {name.lower(): name for name in one.properties}
    kept = set()
    for name, text in wanted.items():
        own = name if name in one.properties else folded.get(name.lower())
        if own is None or (own != name and own in wanted):
            yield Change("add", one, name, text)
            continue
        kept.add(own)
        if one.properties[own] != text:
            yield Change("update", one, own, text)
    yield from (Change("drop", one, name) for name in one.properties if name not in kept)


def _unknown(kind: str, lost: Sequence[str], ambiguous: Mapping[str, Sequence[str]]) -> Iterator[str]:
    absent = [key for key in lost if key not in ambiguous]
    if absent:
        yield f"{FILES[kind]} describes what the database does not have: {listed(absent)}."
    for key in lost:
        if key in ambiguous:
            names = " or ".join(ambiguous[key])
            yield f"{FILES[kind]}: {key} can mean {names}, so neither is described: write one of these."


def _in_schemas(key: str, schemas: Sequence[str] | None) -> bool:
    return schemas is None or any(f"{key}.".lower().startswith(f"{schema}.".lower()) for schema in schemas)
