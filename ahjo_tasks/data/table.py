"""Look up the table that a file is loaded into in the catalog of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ahjo_tasks.data.table_file import TableFile
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.sql.definitions import Name


class Column(NamedTuple):
    """A column: its name as the database spells it, quoted, and the name of its type in lower case.

    `declared` is the type with its length or members where the catalog gives it; `code_page` that of a text of SQL
    Server that is not in Unicode. The number of an `identity` cannot be changed by an UPDATE.
    """

    name: str
    quoted: str
    type: str
    declared: str = ""
    identity: bool = False
    code_page: str = ""


class Table(NamedTuple):
    """A table by its quoted name, with the columns that are written, in the order of the file."""

    name: str
    columns: tuple[Column, ...]
    path: tuple[str, ...] = ()
    """Schema, where the file names one, and table as the database spells them."""
    schema: str = ""
    """The schema that it is in, whether the file names it or not."""

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

    `catalog` is a query for schema, table, column, type, whether the column is computed, and the further fields of a
    Column as far as the database has them. Raises DeployError, at the first line of the file, for a missing or
    ambiguous name, and for a computed column.
    """
    rows = _rows_of_table(connection.query(_catalog_query(catalog, file.table, connection)), file)
    quote = connection.dialect.quote
    known = {str(row[2]): _column(row, quote(str(row[2]))) for row in rows}
    columns = _match_columns(file, known)
    computed = {str(row[2]) for row in rows if row[4]} & {column.name for column in columns}
    if computed:
        named = ", ".join(sorted(computed))
        raise DeployError(f"the column {named} is computed and takes no value", path=file.path, line=1)
    schema, name = str(rows[0][0]), str(rows[0][1])
    path = (schema, name) if file.table.schema else (name,)
    return Table(quote(*path), columns, path, schema)


def _column(row: Sequence[object], quoted: str) -> Column:
    declared, identity, code_page = (list(row[5:]) + [None] * 3)[:3]
    return Column(str(row[2]), quoted, str(row[3]).lower(), str(declared or ""), bool(identity), str(code_page or ""))


def _match_columns(file: TableFile, known: Mapping[str, Column]) -> tuple[Column, ...]:
    """Return the columns that the header names. Raises DeployError for missing, ambiguous and duplicate ones."""
    matches = [_spellings(name, known) for name in file.columns]
    missing = [name for name, spellings in zip(file.columns, matches, strict=True) if not spellings]
    if missing:
        raise DeployError(
            f"the table {file.table} has no column {', '.join(missing)}; it has {', '.join(known)}",
            path=file.path,
            line=1,
            hint=_separator_hint(missing, file.options.separator),
        )
    for name, spellings in zip(file.columns, matches, strict=True):
        if len(spellings) > 1:
            raise DeployError(f"the column {name} can be {' or '.join(spellings)}", path=file.path, line=1)
    names = [spellings[0] for spellings in matches]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DeployError(f"the column {', '.join(twice)} is named twice", path=file.path, line=1)
    return tuple(known[name] for name in names)


def _spellings(name: str, names: Iterable[str]) -> list[str]:
    """Return the name itself where it is there, else all that differ from it only in case."""
    names = list(names)
    return [name] if name in names else [other for other in names if other.lower() == name.lower()]


def _catalog_query(catalog: str, name: Name, connection: Connection) -> str:
    literal = connection.dialect.quote_literal
    return catalog.format(table=literal(name.name), schema=literal(name.schema) if name.schema else "NULL")


def _rows_of_table(rows: Sequence[tuple[object, ...]], file: TableFile) -> list[tuple[object, ...]]:
    """Return the rows of the table with exactly that name, else of the one that differs in case, in the first schema.

    Raises DeployError for no table, and for several.
    """
    wanted = file.table
    schemas = list(dict.fromkeys(str(row[0]) for row in rows))
    exact = (str(row[0]) for row in rows if row[1] == wanted.name and wanted.schema in {None, row[0]})
    schema = next(exact, None) or next(iter(_spellings(wanted.schema or "", schemas) or schemas), "")
    names = _spellings(wanted.name, dict.fromkeys(str(row[1]) for row in rows if str(row[0]) == schema))
    if not names:
        raise DeployError(f"there is no table {wanted}", path=file.path)
    if len(names) > 1:
        raise DeployError(f"the table {wanted} can be {' or '.join(names)}", path=file.path)
    return [row for row in rows if (str(row[0]), str(row[1])) == (schema, names[0])]


def _separator_hint(missing: Sequence[str], separator: str) -> str | None:
    others = {";", ",", "\t", "|"} - {separator}
    if len(missing) == 1 and any(other in missing[0] for other in others):
        return f"The separator is {separator!r}; set `separator` in data_loading, or in a .load.yaml next to the file."
    return None
