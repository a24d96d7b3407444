"""Look up the table that a file is loaded into in the catalog of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.data.table_file import TableFile
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.sql.definitions import Name


class Column(NamedTuple):
    """A column: its name as the database spells it, quoted, and the name of its type in lower case."""

    name: str
    quoted: str
    type: str


class Table(NamedTuple):
    """A table by its quoted name, with the columns that are written, in the order of the file."""

    name: str
    columns: tuple[Column, ...]

    @property
    def column_list(self) -> str:
        """The quoted columns, separated by commas."""
        return ", ".join(column.quoted for column in self.columns)

    def keys(self, names: Sequence[str]) -> list[str]:
        """The quoted columns of these names, in any case."""
        lower_names = {name.lower() for name in names}
        return [column.quoted for column in self.columns if column.name.lower() in lower_names]


def find_table(file: TableFile, connection: Connection, catalog: str) -> Table:
    """Return the table that the file is named after: of the same spelling, or else one that differs only in case.

    `catalog` is a query for schema, table, column, type, and whether the column is computed. Raises DeployError, at the
    first line of the file, for a missing table or column, and for a computed column.
    """
    rows = _rows_of_table(connection.query(_catalog_query(catalog, file.table, connection)), file.table)
    if not rows:
        raise DeployError(f"there is no table {file.table}", path=file.path)
    quote = connection.dialect.quote
    known = {str(row[2]): Column(str(row[2]), quote(str(row[2])), str(row[3]).lower()) for row in rows}
    folded = {name.lower(): column for name, column in known.items()}
    matches = [known.get(name) or folded.get(name.lower()) for name in file.columns]
    missing = [name for name, column in zip(file.columns, matches, strict=True) if column is None]
    if missing:
        raise DeployError(
            f"the table {file.table} has no column {', '.join(missing)}; it has {', '.join(known)}",
            path=file.path,
            line=1,
            hint=_separator_hint(missing, file.options.separator),
        )
    columns = tuple(column for column in matches if column)
    computed = {str(row[2]) for row in rows if row[4]} & {column.name for column in columns}
    if computed:
        named = ", ".join(sorted(computed))
        raise DeployError(f"the column {named} is computed and takes no value", path=file.path, line=1)
    return Table(quote(str(rows[0][0]) if file.table.schema else None, str(rows[0][1])), columns)


def _catalog_query(catalog: str, name: Name, connection: Connection) -> str:
    literal = connection.dialect.quote_literal
    return catalog.format(table=literal(name.name), schema=literal(name.schema) if name.schema else "NULL")


def _rows_of_table(rows: Sequence[tuple[object, ...]], name: Name) -> list[tuple[object, ...]]:
    """Return the rows of the table with exactly that name, else those of the first table."""
    key = next((row[:2] for row in rows if row[1] == name.name), rows[0][:2] if rows else ())
    return [row for row in rows if row[:2] == key]


def _separator_hint(missing: Sequence[str], separator: str) -> str | None:
    others = {";", ",", "\t", "|"} - {separator}
    if len(missing) == 1 and any(other in missing[0] for other in others):
        return f"The separator is {separator!r}; set `separator` in data_loading, or in a .load.yaml next to the file."
    return None
