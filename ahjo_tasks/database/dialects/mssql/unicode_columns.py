"""Give tables of older versions columns that hold every letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.database.dialects.base import Naming

MAX_CHARACTERS = 4000
"""Characters of an NVARCHAR with a length."""
INDEXES = (
    "SELECT i.name, i.is_primary_key, c.name FROM sys.indexes i JOIN sys.index_columns ic ON ic.object_id = i.object_id"
    " AND ic.index_id = i.index_id JOIN sys.columns c ON c.object_id = ic.object_id AND c.column_id = ic.column_id"
    " WHERE i.object_id = OBJECT_ID({table}) ORDER BY i.name, ic.key_ordinal"
)
COLUMNS = (
    "SELECT c.name, t.name, c.max_length, c.is_nullable FROM sys.columns c JOIN sys.types t"
    " ON t.user_type_id = c.user_type_id"
    " WHERE c.object_id = OBJECT_ID({table}) AND t.name IN ('varchar', 'char', 'text')"
)


class Narrow(NamedTuple):
    """A column of a code page: its name, the type to give it, and whether it takes NULL."""

    name: str
    type: str
    nullable: bool


def widen(connection: SAConnection, table: str, rows: Sequence[Mapping[str, Any]], dialect: Naming) -> None:
    """Change the columns of the table, by its quoted name, for rows with letters beyond ASCII.

    The primary key is dropped and created again where one of them is in it; a column of another index stays.
    """
    if all(value.isascii() for row in rows for value in row.values() if isinstance(value, str)):
        return
    literal = dialect.quote_literal(table)
    narrow = [_narrow(*row) for row in connection.exec_driver_sql(COLUMNS.format(table=literal))]
    if not narrow:
        return
    indexes = [tuple(row) for row in connection.exec_driver_sql(INDEXES.format(table=literal))]
    key = [(str(name), str(column)) for name, primary, column in indexes if primary]
    names = {column.name for column in narrow}
    rebuilt = bool(names & {column for _name, column in key})
    kept = {str(column) for _name, primary, column in indexes if not primary}
    if rebuilt:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {dialect.quote(key[0][0])}")
    for column in narrow:
        if column.name not in kept:
            null = "" if column.nullable else " NOT NULL"
            connection.exec_driver_sql(
                f"ALTER TABLE {table} ALTER COLUMN {dialect.quote(column.name)} {column.type}{null}"
            )
    if rebuilt:
        columns = ", ".join(dialect.quote(column) for _name, column in key)
        connection.exec_driver_sql(
            f"ALTER TABLE {table} ADD CONSTRAINT {dialect.quote(key[0][0])} PRIMARY KEY NONCLUSTERED ({columns})"
        )


def _narrow(name: str, column_type: str, length: int, nullable: object) -> Narrow:
    size = "max" if column_type == "text" or not 0 < length <= MAX_CHARACTERS else str(length)
    return Narrow(str(name), f"NVARCHAR({size})", bool(nullable))
