"""Fingerprints of the objects in a database, and a version that changes with any of them.

Both are what the database says of its objects. They are compared with what it said earlier, never with the text of a
file, which no server keeps as it was sent.
"""

from __future__ import annotations

from collections import defaultdict
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.sql.definitions import Definition

KINDS = {"materialized view": "view", "domain": "type", "aggregate": "function"}
"""Kinds of objects that share their names with another kind."""
NAMES_PER_QUERY = 500
"""Names that one query asks for; of more, all objects are read."""


class ObjectKey(NamedTuple):
    """A kind, a schema and a name; all routines of one name, and all triggers of one name in a schema, are one."""

    kind: str
    schema: str
    name: str

    def __str__(self) -> str:
        name = f"{self.schema}.{self.name}" if self.schema else self.name
        return f"{self.kind} {name}"


class Fingerprint(NamedTuple):
    """Hashes of the definition of an object, and of its owner and the rights on it."""

    definition: str
    rights: str


Catalog = dict[ObjectKey, Fingerprint]


def read_catalog(connection: Connection, names: Iterable[str] | None = None) -> Catalog:
    """Return the fingerprints of all objects, or of those with these names. Raises StatementError."""
    digest = connection.dialect.catalog_digest
    parts: dict[ObjectKey, list[tuple[str, str]]] = defaultdict(list)
    for key, definition, rights in _rows(connection, names, digest):
        parts[key].append((definition if digest else _hash(definition), rights if digest else _hash(rights)))
    return {key: _combined(sorted(found)) for key, found in parts.items()}


def read_definitions(connection: Connection, keys: Iterable[ObjectKey]) -> dict[ObjectKey, str]:
    """Return the texts that the database has of some objects. Raises StatementError."""
    wanted = set(keys)
    texts: dict[ObjectKey, list[str]] = defaultdict(list)
    for key, definition, _rights in _rows(connection, {key.name for key in wanted}, ""):
        if key in wanted:
            texts[key].append(definition)
    return {key: "\n".join(sorted(found)) for key, found in texts.items()}


def read_version(connection: Connection) -> str:
    """Return a text that differs after any change of an object in the database. Raises StatementError."""
    return ":".join(map(_text, connection.query(connection.dialect.catalog_version_sql)[0]))


def find(
    catalog: Mapping[ObjectKey, Fingerprint], definition: Definition, default_schema: str | None, *own: str | None
) -> ObjectKey | None:
    """Return the key of what a definition in a file has created; None where it is not there, or not surely this one.

    `own` are the names by which files may call the database itself where it has no schemas.
    """
    kind, name = KINDS.get(definition.kind, definition.kind), definition.name.name
    schema = definition.name.schema or ""
    if default_schema is None and schema.lower() in {(each or "").lower() for each in own}:
        schema = ""
    key = ObjectKey(kind, schema or default_schema or "", name)
    if key in catalog:
        return key
    alike = [
        other
        for other in catalog
        if other.kind == kind and other.name.lower() == name.lower() and schema.lower() in {"", other.schema.lower()}
    ]
    return alike[0] if len(alike) == 1 else None


def _rows(connection: Connection, names: Iterable[str] | None, digest: str) -> Iterator[tuple[ObjectKey, str, str]]:
    dialect = connection.dialect
    if not dialect.catalog_queries:
        return
    listed = None if names is None else sorted(set(names))
    if listed is not None and len(listed) > NAMES_PER_QUERY:
        listed = None
    if listed == []:
        return
    literals = ", ".join(map(dialect.quote_literal, listed or ()))
    query = " UNION ALL ".join(
        part.sql + (f" AND {part.name} IN ({literals})" if listed else "") for part in dialect.catalog_queries
    )
    columns = [digest.format(column) if digest else column for column in ("definition", "rights")]
    with dialect.reading_catalog(connection):
        rows = connection.query(f"SELECT kind, schema_name, name, {', '.join(columns)} FROM ({query}) objects")
    for kind, schema, name, definition, rights in rows:
        yield ObjectKey(str(kind), str(schema or ""), str(name)), _text(definition), _text(rights)


def _text(value: object) -> str:
    """Return a value of a query as text; bytes in hexadecimal."""
    return value.hex() if isinstance(value, bytes) else str("" if value is None else value)


def _combined(parts: Sequence[tuple[str, str]]) -> Fingerprint:
    if len(parts) == 1:
        return Fingerprint(*parts[0])
    definitions, rights = zip(*parts, strict=True)
    return Fingerprint(_hash("\n".join(definitions)), _hash("\n".join(rights)))


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
