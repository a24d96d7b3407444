"""Compare the descriptions in files with those in the database, in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.descriptions.files import line_of_key, read_files
from ahjo_tasks.descriptions.model import DEFAULTS_FILE, FILE_NAMES, Change, Changes, Descriptions
from ahjo_tasks.errors import SourceError
from ahjo_tasks.utils import join_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.descriptions.model import Catalog, DbObject, DescriptionStore, ObjectLookup, Properties

LOST_OBJECTS = "what the database does not have or metadata_allowed_schemas leaves out"


def supported_by(files: Descriptions, store: DescriptionStore, folder: Path) -> tuple[Descriptions, tuple[str, ...]]:
    """Return the descriptions that the database can store, and warnings that name file and key of the others.

    Raises SourceError, with file and line, for a text that the database would truncate or alter.
    """
    warnings: list[str] = []
    kinds = {}
    for kind, objects in files.kinds.items():
        file = FILE_NAMES[kind]
        if kind in store.kinds:
            kinds[kind] = _supported_objects(objects, kind, folder / file, store)
            warnings += _unsupported_properties(objects, file, store)
        elif any(objects.values()):
            names = [key for key, properties in objects.items() if properties]
            warnings.append(f"{file}: {store.dialect.title} keeps no descriptions of it: {join_names(names)}.")
    defaults = _supported_objects(files.defaults, "column", folder / DEFAULTS_FILE, store)
    warnings += _unsupported_properties(files.defaults, DEFAULTS_FILE, store)
    return Descriptions(kinds, defaults), tuple(warnings)


def _supported_objects(
    objects: Mapping[str, Properties], kind: str, path: Path, store: DescriptionStore
) -> dict[str, Properties]:
    supported = {key: store.supported_properties(properties) for key, properties in objects.items()}
    for key, properties in supported.items():
        for name, text in properties.items():
            reason = store.rejection_reason(kind, text)
            if reason:
                line = line_of_key(path.read_text(encoding="utf-8-sig"), (key, name))
                raise SourceError(f"{name} of {key} cannot be stored: {reason}", path=path, line=line)
    return supported


def _unsupported_properties(objects: Mapping[str, Properties], file: str, store: DescriptionStore) -> Iterator[str]:
    names = [
        f"{name} of {key}"
        for key, properties in objects.items()
        for name in properties
        if not store.supports_property(name)
    ]
    if names:
        yield f"{file}: {store.dialect.title} keeps only {store.single_property}, not {join_names(names)}."


def compute_changes(files: Descriptions, catalog: Catalog, schemas: Sequence[str] | None = None) -> Changes:
    """Return the changes after which the database has the descriptions of the files.

    An object that a file lists loses the properties that the file does not give it; an object that no file lists keeps
    its own. A column without properties in the file has those of the defaults. `schemas` are those that the catalog was
    read for: objects of other schemas are ignored.
    """
    changes: list[Change] = []
    warnings: list[str] = []
    for kind, file in FILE_NAMES.items():
        objects, described = catalog.lookup(kind), files.kinds.get(kind, {})
        if kind in catalog.missing:
            warnings += [f"{file} is left out: {catalog.missing[kind]}."] if any(described.values()) else []
            continue
        matches, unmatched = objects.match(described)
        changes += _changes_of_described(files, matches, described)
        if kind == "column":
            changes += _changes_of_other_columns(files, objects, matches)
        keys = [key for key in unmatched if _in_schemas(key, schemas)]
        warnings += _unmatched_warnings(file, keys, objects.ambiguous)
    return Changes(tuple(changes), tuple(warnings))


def _changes_of_described(
    files: Descriptions, matches: Mapping[str, DbObject], described: Mapping[str, Properties]
) -> Iterator[Change]:
    for key, obj in matches.items():
        default = files.default(obj.parts[-1]) if obj.kind == "column" else {}
        yield from _compare(obj, described[key] or default)


def _changes_of_other_columns(
    files: Descriptions, columns: ObjectLookup, matches: Mapping[str, DbObject]
) -> Iterator[Change]:
    """Yield the defaults of columns that no file lists; their other properties stay."""
    matched = {obj.parts for obj in matches.values()}
    for column in columns if files.defaults else ():
        if column.parts not in matched:
            changes = _compare(column, files.default(column.parts[-1]))
            yield from (change for change in changes if change.verb != "drop")


def _compare(obj: DbObject, properties: Properties) -> Iterator[Change]:
    """Yield the changes of one object. A name in another case is the same property, unless the file has both."""
    by_lower_case = {name.lower(): name for name in obj.properties}
    kept = set()
    for name, text in properties.items():
        present = name if name in obj.properties else by_lower_case.get(name.lower())
        if present is None or (present != name and present in properties):
            yield Change("add", obj, name, text)
            continue
        kept.add(present)
        if obj.properties[present] != text:
            yield Change("update", obj, present, text)
    yield from (Change("drop", obj, name) for name in obj.properties if name not in kept)


def _unmatched_warnings(file: str, keys: Sequence[str], ambiguous: Mapping[str, Sequence[str]]) -> Iterator[str]:
    absent = [key for key in keys if key not in ambiguous]
    if absent:
        yield f"{file} describes what the database does not have: {join_names(absent)}."
    for key in keys:
        if key in ambiguous:
            names = " or ".join(ambiguous[key])
            yield f"{file}: {key} can mean {names}, so neither is described: write one of these."


def _in_schemas(key: str, schemas: Sequence[str] | None) -> bool:
    return schemas is None or any(f"{key}.".lower().startswith(f"{schema}.".lower()) for schema in schemas)


def export_descriptions(
    connection: Connection, store: DescriptionStore, folder: Path, schemas: Sequence[str] | None
) -> tuple[Descriptions, tuple[str, ...]]:
    """Return the descriptions to write into the files of the folder, and warnings about what these lose.

    Raises SourceError for a file that is broken.
    """
    return merge_into_files(store.read(connection, schemas), read_files(folder), store)


def merge_into_files(
    catalog: Catalog, files: Descriptions, store: DescriptionStore
) -> tuple[Descriptions, tuple[str, ...]]:
    """Return every object of the database with its properties, and warnings about described objects that it lacks.

    A column that has just its default properties is written without any, so that the defaults stay the one place
    where they are changed. Properties that this kind of database cannot store are kept from the files.
    """
    kinds: dict[str, dict[str, Properties]] = {}
    warnings: list[str] = []
    for kind in sorted(store.kinds - set(catalog.missing)):
        objects, described = catalog.lookup(kind), files.kinds.get(kind, {})
        matches, unmatched = objects.match(described)
        old = {obj.parts: described[key] for key, obj in matches.items()}
        kinds[kind] = {
            key: _merged_properties(obj, old.get(obj.parts, {}), files, store) for key, obj in objects.by_key.items()
        }
        lost = [key for key in unmatched if described[key]]
        warnings += [f"{FILE_NAMES[kind]} loses {LOST_OBJECTS}: {join_names(lost)}."] if lost else []
    return Descriptions(kinds, files.defaults), tuple(warnings)


def _merged_properties(obj: DbObject, old: Properties, files: Descriptions, store: DescriptionStore) -> Properties:
    kept = {name: text for name, text in old.items() if not store.supports_property(name)}
    if obj.kind == "column" and not kept:
        default = files.default(obj.parts[-1])
        if obj.properties and obj.properties == store.supported_properties(default):
            return {}
    return {**kept, **obj.properties}
