"""Fingerprints of the objects in a database, and a version that changes with any of them.

Both are what the database says of its objects. They are compared with what it said earlier, never with the text of a
file, which no server keeps as it was sent.
"""

from __future__ import annotations

import re
import warnings
from collections import defaultdict
from contextlib import suppress
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.engine.reflection import Inspector

    from ahjo_tasks.database.connection import Connection, ResultSet
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.sql.definitions import Definition

KINDS = {"materialized view": "view", "domain": "type", "aggregate": "function"}
"""Kinds of objects that share their names with another kind."""
SHIPPED_SCHEMAS = re.compile(r"pg_.*|information_schema|sys|guest|db_.*", re.IGNORECASE)
PLACE = '(name COLLATE "C", schema_name COLLATE "C")'
"""The place of an object among all, beside the bounds of `catalog_bounds_sql`."""
TABLES_PER_QUERY = 500
"""Tables that one query asks for; of more, all are read."""


class ObjectKey(NamedTuple):
    """A kind, a schema and a name; all routines of one name in a schema are one.

    `table` is the one that a trigger, rule or policy belongs to, where its name is its own in that table alone.
    """

    kind: str
    schema: str
    name: str
    table: str = ""

    @property
    def full_name(self) -> str:
        """`sales.orders`; of a trigger with a table `audit on sales.orders`."""
        name = self.table or self.name
        qualified = f"{self.schema}.{name}" if self.schema else name
        return f"{self.name} on {qualified}" if self.table else qualified

    def __str__(self) -> str:
        return f"{self.kind} {self.full_name}"


class Fingerprint(NamedTuple):
    """Hashes of the definition of an object, of its owner and the rights on it, and of its comments.

    The definition is empty where the database does not show it to the login, the comments where they were not read.
    """

    definition: str
    rights: str
    comments: str = ""

    def has_definition_of(self, other: Fingerprint) -> bool:
        """Test whether the definitions are equal; one that is not shown is not known to have changed."""
        return not (self.definition and other.definition) or self.definition == other.definition

    def has_rights_of(self, other: Fingerprint) -> bool:
        """Test whether owner and rights are equal, as far as both are shown."""
        return not (self.definition and other.definition) or self.rights == other.rights

    def has_comments_of(self, other: Fingerprint) -> bool:
        """Test whether the comments are equal, as far as both were read."""
        return not (self.comments and other.comments) or self.comments == other.comments


UNKNOWN = Fingerprint("", "")
"""The fingerprint of an object of which nothing is shown."""


class Catalog(dict[ObjectKey, Fingerprint]):
    """The fingerprints of objects; filled once, and not changed after the first look for a name."""

    mark: str = ""
    """The moment since which the database tells what has changed; empty where it does not."""
    changed: frozenset[str] = frozenset()
    """The names of what this run had changed before: in one transaction, all of it was changed since the mark."""

    @cached_property
    def by_name(self) -> Mapping[tuple[str, str], list[ObjectKey]]:
        """The objects by kind and name, in lower case."""
        found: defaultdict[tuple[str, str], list[ObjectKey]] = defaultdict(list)
        for key in self:
            found[key.kind, key.name.lower()].append(key)
        return found


def read_catalog(connection: Connection, names: Iterable[str] | None = None) -> Catalog:
    """Return the fingerprints of all objects, or of those with these names. Raises StatementError."""
    return _catalog(connection, _rows(connection, names, *_hashed(connection)))


def read_known(connection: Connection, known: Catalog) -> Catalog:
    """Return the fingerprints of all objects where those that are known are as they were: only others are read.

    Raises StatementError.
    """
    there, others = _compared(connection, known)
    return _completed(known, there, others, read_catalog(connection, {key.name for key in others}))


def _compared(
    connection: Connection, known: Catalog, changed: Collection[str] = ()
) -> tuple[set[ObjectKey], set[ObjectKey]]:
    """Return the objects that are there, and those of them that are not known, or have a name of `changed`.

    Those on a table of such a name are among the latter.
    """
    there = {key for key, _nothing in _rows(connection, None)}
    return there, {key for key in there if key not in known or key.name in changed or key.table in changed}


def _completed(known: Catalog, there: set[ObjectKey], others: set[ObjectKey], read: Catalog) -> Catalog:
    """Return the fingerprints of what is there, of which `others` were read."""
    return Catalog({key: read.get(key, UNKNOWN) if key in others else known[key] for key in there})


def read_mark(connection: Connection) -> str:
    """Return what marks this moment for `read_changed`; empty where the database has no such thing."""
    sql = connection.dialect.catalog_mark_sql
    return str(connection.query(sql)[0][0]) if sql else ""


def read_changed(
    connection: Connection, known: Catalog, own: Collection[str], kinds: Collection[str] = ()
) -> tuple[Catalog, dict[ObjectKey, str]] | None:
    """Return the fingerprints of all objects, of which only those with a name of `own` may have changed since a look.

    None where others have changed, or where the database does not tell; those that this run had changed before are read
    again. With `kinds`, those that have changed are of these kinds, and all that were there are. Texts that were read
    along the way are returned, too. Raises StatementError.
    """
    dialect = connection.dialect
    if not known.mark or (dialect.names_changes_of_others and not own):
        return None
    rows = dialect.query_catalog(connection, dialect.changed_names_sql.replace("{mark}", known.mark))
    changed = {str(name) for (name,) in rows if name is not None}
    if not changed.issubset(own if dialect.names_changes_of_others else known.changed.union(own)):
        return None
    if not (dialect.names_changes_of_others and kinds):
        there, others = _compared(connection, known, own if dialect.names_changes_of_others else changed)
        names, of_kinds = {key.name for key in others}, {key.kind for key in others}
        read, texts = read_catalog_with_texts(connection, names, of_kinds)
        return _completed(known, there, others, read), texts
    catalog, texts = read_catalog_with_texts(connection, own, kinds)
    return Catalog(known | catalog), texts


def read_catalog_with_texts(
    connection: Connection, names: Iterable[str] | None = None, kinds: Collection[str] = ()
) -> tuple[Catalog, dict[ObjectKey, str]]:
    """Return the fingerprints and the texts of all objects, in less time than one after the other takes.

    With `names` those with these names alone, and of `kinds` where these are given. Raises StatementError.
    """
    rows = list(_rows(connection, names, *_hashed(connection), "definition", kinds=kinds))
    return _catalog(connection, rows), _joined((key, values[2]) for key, values in rows)


def with_comments(connection: Connection, catalog: Catalog) -> Catalog:
    """Return the fingerprints with those of the comments, which no deploy compares. Raises StatementError."""
    sql = connection.dialect.comments_sql
    if not sql:
        return catalog
    rows = connection.dialect.query_catalog(connection, sql)
    hashes = {
        key: hash_definition(text)
        for key, text in _joined((ObjectKey(*map(str, key)), str(text)) for *key, text in rows).items()
    }
    none = hash_definition("")
    return Catalog(
        {key: Fingerprint(known.definition, known.rights, hashes.get(key, none)) for key, known in catalog.items()}
    )


def _hashed(connection: Connection) -> tuple[str, str]:
    """Return the columns of definition and rights, as hashes where the server makes them."""
    digest = connection.dialect.catalog_digest
    shown = f"CASE WHEN definition <> '' THEN {digest.format('definition')} END"
    return (shown, digest.format("rights")) if digest else ("definition", "rights")


def _catalog(connection: Connection, rows: Iterable[tuple[ObjectKey, Sequence[str]]]) -> Catalog:
    hashed = str if connection.dialect.catalog_digest else hash_definition
    parts: dict[ObjectKey, list[tuple[str, str]]] = defaultdict(list)
    for key, (definition, rights, *_texts) in rows:
        parts[key].append((hashed(definition), hashed(rights)))
    return Catalog({key: _combined(sorted(found)) for key, found in parts.items()})


def _joined(texts: Iterable[tuple[ObjectKey, str]]) -> dict[ObjectKey, str]:
    """Return the text of each object: of all routines of one name, in any order, always the same."""
    found: dict[ObjectKey, list[str]] = defaultdict(list)
    for key, text in texts:
        found[key].append(text)
    return {key: "\n".join(sorted(parts)) for key, parts in found.items()}


def read_definitions(connection: Connection, keys: Iterable[ObjectKey]) -> dict[ObjectKey, str]:
    """Return the texts that the database has of some objects. Raises StatementError."""
    wanted = set(keys)
    rows = _rows(connection, {key.name for key in wanted}, "definition", kinds={key.kind for key in wanted})
    return _joined((key, text) for key, (text,) in rows if key in wanted)


def read_tables(
    connection: Connection, leaves_out: Callable[[str], bool] = lambda _name: False
) -> dict[ObjectKey, tuple[str, str]] | None:
    """Return of each table a line for each column and constraint, and its comments; None where it cannot be read.

    Tables of extensions are left out, and those whose names `leaves_out` means. Raises StatementError for an error
    that may have ended an open transaction.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a type that SQLAlchemy does not know is no concern of the user
            return _read_tables(connection, leaves_out)
    except StatementError:  # no right to look
        if connection.transactional and connection.dialect.error_may_roll_back:
            raise
        return None
    except (SQLAlchemyError, ValueError, LookupError):  # a text in another encoding
        return None


def _read_tables(connection: Connection, leaves_out: Callable[[str], bool]) -> dict[ObjectKey, tuple[str, str]]:
    names = (str(name) for kind, name in connection.query(connection.dialect.content_sql) if kind == "table")
    own = {name for name in names if not leaves_out(name)}
    if not own:
        return {}
    return _query_tables(connection, own) if connection.dialect.tables_sql else _inspect_tables(connection, own)


def _query_tables(connection: Connection, own: Collection[str]) -> dict[ObjectKey, tuple[str, str]]:
    """Read them by one query, which SQLAlchemy needs seven for, and compiles anew for each database."""
    dialect = connection.dialect
    few = len(own) <= TABLES_PER_QUERY
    listed = f"IN ({', '.join(map(dialect.quote_literal, sorted(own)))})" if few else "IS NOT NULL"
    lines: defaultdict[ObjectKey, list[str]] = defaultdict(list)
    comments: defaultdict[ObjectKey, list[str]] = defaultdict(list)
    for schema, name, line, comment in dialect.query_catalog(connection, dialect.tables_sql.replace("{names}", listed)):
        key = ObjectKey("table", str(schema), str(name))
        lines[key] += [line] if line else []
        comments[key] += [comment] if comment else []
    return {key: ("\n".join(found), "\n".join(comments[key])) for key, found in lines.items() if key.name in own}


def _inspect_tables(connection: Connection, own: Collection[str]) -> dict[ObjectKey, tuple[str, str]]:
    from sqlalchemy import inspect

    with connection.sqlalchemy_connection() as sa_connection:
        inspector = inspect(sa_connection)
        default = connection.dialect.default_schema
        schemas = [name for name in inspector.get_schema_names() if not SHIPPED_SCHEMAS.fullmatch(name)]
        return {
            ObjectKey("table", schema or "", name): ("\n".join(lines), "\n".join(comments[name]))
            for schema in (schemas if default else [None])
            for described, comments in (_describe_tables(inspector, schema, own),)
            for name, lines in described.items()
            if name in own
        }


def _describe_tables(
    inspector: Inspector, schema: str | None, names: Collection[str]
) -> tuple[dict[str, list[str]], defaultdict[str, list[str]]]:
    """Return the lines of each of these tables of a schema, and its comments; of others, too, where they are many."""
    few = len(names) <= TABLES_PER_QUERY
    wanted: dict[str, Any] = {"schema": schema, "filter_names": list(names) if few else None}
    lines: dict[str, list[str]] = {}
    comments: defaultdict[str, list[str]] = defaultdict(list)
    for (_schema, name), columns in inspector.get_multi_columns(**wanted).items():
        lines[str(name)] = [_describe_column(column) for column in columns]
        comments[str(name)] += [f"{column['name']}: {column['comment']}" for column in columns if column.get("comment")]
    readers: dict[str, Callable[..., Any]] = {
        "primary key": inspector.get_multi_pk_constraint,
        "unique": inspector.get_multi_unique_constraints,
        "foreign key": inspector.get_multi_foreign_keys,
        "check": inspector.get_multi_check_constraints,
        "index": inspector.get_multi_indexes,
        "comment": inspector.get_multi_table_comment,
    }
    for word, read in readers.items():
        with suppress(NotImplementedError):  # SQLAlchemy does not read it on every database
            for (_schema, name), values in read(**wanted).items():
                texts = sorted(_describe(word, value) for value in (values if isinstance(values, list) else [values]))
                (comments if word == "comment" else lines)[str(name)] += filter(None, texts)
    return lines, comments


def _describe_column(column: Mapping[str, Any]) -> str:
    more = {name: column.get(name) for name in ("default", "computed", "identity") if column.get(name)}
    null = "" if column["nullable"] else " not null"
    kind = repr(column["type"]).removesuffix("()")
    return f"column {column['name']} {kind}{null}{_values(more)}"


NAMES_OF_CONSTRAINTS = frozenset(
    {"name", "constrained_columns", "column_names", "referred_schema", "referred_table", "referred_columns"}
)


def _describe(word: str, value: Mapping[str, Any]) -> str:
    """Return a constraint in a line; empty for one that is not there."""
    if not any(value.values()):
        return ""
    own, used = value.get("constrained_columns") or value.get("column_names"), value.get("referred_columns")
    table = ".".join(filter(None, (value.get("referred_schema"), value.get("referred_table"))))
    head = (word, value.get("name"), _listed(own), f"references {table} {_listed(used)}" if table else "")
    more = {name: each for name, each in value.items() if name not in NAMES_OF_CONSTRAINTS}
    return " ".join(filter(None, head)) + _values(more)


def _listed(names: Sequence[object] | None) -> str:
    return f"({', '.join(map(str, names))})" if names else ""


def _values(values: Mapping[str, Any]) -> str:
    texts = (
        (name, _values(value) if isinstance(value, dict) else _literal(value))
        for name, value in sorted(values.items())
        if value is not None and value is not False and (not isinstance(value, list | dict | str) or value)
    )
    return "".join(f" {name}={text}" for name, text in texts if text)


def _literal(value: object) -> str:
    """Return a value as text; an expression of SQLAlchemy by its SQL, for its `repr` is another one in each process."""
    from sqlalchemy.sql import ClauseElement

    return str(value) if isinstance(value, ClauseElement) else repr(value)


def has_table(connection: Connection, name: str, schema: str | None) -> bool:
    """Test whether there is a table, as far as this login can see. Raises StatementError."""
    return bool(connection.query(_table_query(connection, name, schema)))


def existing_tables(connection: Connection, names: Sequence[str], schema: str | None) -> set[str]:
    """Return those of the names that tables have, by one query, as `has_table` would. Raises StatementError."""
    tests = (f"CASE WHEN EXISTS ({_table_query(connection, name, schema)}) THEN 1 ELSE 0 END" for name in names)
    row = connection.query(f"SELECT {', '.join(tests)}")[0]
    return {name for name, there in zip(names, row, strict=True) if there}


def _table_query(connection: Connection, name: str, schema: str | None) -> str:
    quote = connection.dialect.quote_literal
    literals = {"name": quote(name), "schema": quote(schema) if schema else "NULL"}
    return connection.dialect.table_exists_sql.format(**literals)


def read_table(connection: Connection, name: str, schema: str | None) -> ResultSet | None:
    """Return all rows of a table; None where there is none, as far as this login can see. Raises StatementError.

    Outside of a transaction, which an error may end, the table is asked first, and the catalog only then.
    """
    if connection.transactional and not has_table(connection, name, schema):
        return None
    try:
        return connection.result_sets(f"SELECT * FROM {connection.dialect.quote(schema, name)}")[0]
    except StatementError:
        if has_table(connection, name, schema):
            raise
    return None


def read_version(connection: Connection, schemas: Iterable[str] = ()) -> str:
    """Return a text that differs after any change of an object in these schemas, or without them in the database.

    Where the version of a database cannot be had by schema, it is that of the database. Raises StatementError.
    """
    dialect = connection.dialect
    names = ", ".join(map(dialect.quote_literal, sorted(schemas)))
    sql = dialect.catalog_version_sql.replace("{schemas}", f"IN ({names})" if names else "IS NOT NULL")
    return ":".join(map(_text, dialect.query_catalog(connection, sql)[0]))


def read_since(
    connection: Connection, schemas: Iterable[str], version: str, known: Callable[[], Catalog]
) -> tuple[str, Catalog]:
    """Return the version of the database, and the fingerprints of all objects.

    `known` returns those that the database had at a `version`. Raises StatementError.
    """
    mark, dialect = read_mark(connection), connection.dialect
    if dialect.hashes_make_version:
        catalog = read_catalog(connection)
        now = combined_version(catalog, dialect)
    else:
        now = read_version(connection, schemas)
        catalog = read_known(connection, known()) if now == version else read_catalog(connection)
    catalog.mark = mark
    return now, catalog


def combined_version(catalog: Catalog, dialect: Dialect) -> str:
    """Return the version of a database with these objects, where the dialect has `hashes_make_version`."""
    return dialect.catalog_version((key.kind, key.name, known[0], known[1]) for key, known in catalog.items())


def with_used_schemas(connection: Connection, schemas: set[str]) -> set[str]:
    """Return schemas with those that their objects use, which the texts of the objects name. Raises StatementError."""
    if not schemas or not connection.dialect.used_schemas_sql:
        return set()
    names = ", ".join(map(connection.dialect.quote_literal, sorted(schemas)))
    rows = connection.dialect.query_catalog(connection, connection.dialect.used_schemas_sql.replace("{schemas}", names))
    return schemas | {str(name) for (name,) in rows}


def find(catalog: Catalog, definition: Definition, dialect: Dialect, database: str | None) -> ObjectKey | None:
    """Return the key of what a definition in a file has created; None where it is not there, or not surely this one.

    Where the database has no schemas, its own name stands for one, as `main` does on SQLite. Names that differ in case
    are others only on PostgreSQL.
    """
    default_schema, exact = dialect.default_schema, dialect.syntax.lower_names
    kind, name = KINDS.get(definition.kind, definition.kind), definition.name.name
    table, schema = definition.table_name, definition.schema or ""
    if default_schema is None and schema.lower() in {"main", (database or "").lower()}:
        schema = ""
    key = ObjectKey(kind, schema or default_schema or "", name, table)
    if key in catalog:
        return key
    if (alone := key._replace(table="")) in catalog:
        return alone
    named = catalog.by_name.get((kind, name.lower()), ())
    alike = [
        other
        for other in named
        if schema.lower() in {"", other.schema.lower()}
        and other.table.lower() in {"", table.lower()}
        and (other.name == name or not exact)
    ]
    return alike[0] if len(alike) == 1 else None


def _rows(
    connection: Connection, names: Iterable[str] | None, *columns: str, kinds: Collection[str] = ()
) -> Iterator[tuple[ObjectKey, tuple[str, ...]]]:
    """Yield the key of each object, or of those with these names, with the columns as text.

    With `kinds`, queries that have none of these are left out.
    """
    queries = [query for query in connection.dialect.catalog_queries if not kinds or any(map(query.may_have, kinds))]
    if not queries:
        return
    wanted = ", ".join(("kind", "schema_name", "name", "table_name", *columns))
    for listed, portion in _portions(connection, names, has_values=bool(columns)):
        query = " UNION ALL ".join(part.sql + (f" AND {part.name} IN ({listed})" if listed else "") for part in queries)
        rows = connection.dialect.query_catalog(connection, f"SELECT {wanted} FROM ({query}) objects{portion}")
        for kind, schema, name, table, *values in rows:
            yield ObjectKey(str(kind), str(schema or ""), str(name), str(table)), tuple(map(_text, values))


def _portions(connection: Connection, names: Iterable[str] | None, *, has_values: bool) -> Iterator[tuple[str, str]]:
    """Yield what one query each reads: a list of names, or what stands behind a query of all objects.

    Without names, or with more than a query is given, all objects are read; but in portions where the dialect has
    `catalog_bounds_sql` and what it counts is wanted, as `has_values` says.
    """
    dialect = connection.dialect
    listed, most = None if names is None else sorted(set(names)), dialect.names_per_query
    if listed is not None and (len(listed) <= most or dialect.catalog_bounds_sql):
        for start in range(0, len(listed), most):
            yield ", ".join(map(dialect.quote_literal, listed[start : start + most])), ""
        return
    bounds = connection.query(dialect.catalog_bounds_sql) if has_values and dialect.catalog_bounds_sql else []
    places = [f"({', '.join(dialect.quote_literal(str(value)) for value in bound)})" for bound in bounds]
    for lower, upper in pairwise(("", *places, "")):
        limits = [f"{PLACE} {sign} {place}" for sign, place in ((">", lower), ("<=", upper)) if place]
        yield "", f" WHERE {' AND '.join(limits)}" if limits else ""


def _text(value: object) -> str:
    """Return a value of a query as text; bytes in hexadecimal."""
    return value.hex() if isinstance(value, bytes) else str("" if value is None else value)


def _combined(parts: Sequence[tuple[str, str]]) -> Fingerprint:
    if len(parts) == 1:
        return Fingerprint(*parts[0])
    definitions, rights = zip(*parts, strict=True)
    return Fingerprint(
        hash_definition("\n".join(definitions)) if all(definitions) else "", hash_definition("\n".join(rights))
    )


def hash_definition(text: str) -> str:
    """Return the hash of a definition that was read as text."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
