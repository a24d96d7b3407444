"""Look up in the catalog whether a statement was done of which nothing was heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ahjo_tasks.database.catalog import find, read_catalog
from ahjo_tasks.sql.definitions import Definition
from ahjo_tasks.sql.references.model import qualified
from ahjo_tasks.sql.stated_effects import stated_effects

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.sql.stated_effects import Effect

OBJECTS = frozenset({"view", "procedure", "function", "trigger", "event"})
"""Kinds of effects that the catalog of objects has."""

DROP_INVALID = "DROP INDEX CONCURRENTLY {0}, and run again: it is created again then."
"""The way on where such an index is left."""


def was_done(connection: Connection, statement: str) -> bool | None:
    """Return whether the catalog shows what a statement does; None where it cannot tell. Raises StatementError."""
    effects = stated_effects(statement, connection.dialect.syntax)
    if not effects or any(invalid_indexes(connection, statement)):
        return None
    with connection.sqlalchemy_connection() as sa_connection:
        return hold(connection, sa_connection, effects)


def hold(connection: Connection, sa_connection: SAConnection, effects: Sequence[Effect]) -> bool | None:
    """Return whether the catalog shows all effects; None where it shows some of them, or cannot tell."""
    found = {_holds(connection, sa_connection, effect) for effect in effects}
    return found.pop() if len(found) == 1 else None


def _holds(connection: Connection, sa_connection: SAConnection, effect: Effect) -> bool | None:
    there = _is_there(connection, sa_connection, effect)
    overloaded = effect.kind in connection.dialect.overloaded_kinds
    return None if there and overloaded else there == effect.present


def _is_there(connection: Connection, sa_connection: SAConnection, effect: Effect) -> bool:
    from sqlalchemy import inspect

    if effect.kind in OBJECTS:
        definition = Definition(effect.kind, qualified(effect.table), qualified(effect.on) if effect.on else None)
        catalog = read_catalog(connection, [definition.name.name])
        return find(catalog, definition, connection.dialect, connection.database_name) is not None
    *schemas, table = effect.table
    tables = inspect(sa_connection)
    where: dict[str, Any] = {"schema": schemas[-1] if schemas else None}
    if not tables.has_table(table, **where):
        return False
    if effect.kind == "table":
        return True
    if effect.kind == "column":
        names = connection.dialect.column_names(sa_connection, table, where["schema"])
    else:
        reads = (
            tables.get_indexes,
            tables.get_unique_constraints,
            tables.get_foreign_keys,
            tables.get_check_constraints,
        )
        names = [str(item["name"]) for read in reads for item in read(table, **where)]
    return effect.name.lower() in {name.lower() for name in names}


def invalid_indexes(connection: Connection, statement: str) -> Iterator[str]:
    """Yield the index that a statement makes and of which an earlier CREATE INDEX CONCURRENTLY has left a half."""
    dialect = connection.dialect
    if not dialect.invalid_index_sql or "CONCURRENTLY" not in statement.upper():
        return
    for effect in stated_effects(statement, dialect.syntax):
        literals = {"table": dialect.quote(*effect.table), "name": effect.name}
        quoted = {key: dialect.quote_literal(value) for key, value in literals.items()}
        yield from (str(name) for (name,) in connection.query(dialect.invalid_index_sql.format(**quoted)))
