"""Reads what belongs to a table and has a name: constraints, indexes, sequences, triggers; and what switches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.sql.lexer import MSSQL, POSTGRESQL
from ahjo_tasks.sql.references.model import MOVED, Key, part_name, qualified
from ahjo_tasks.sql.references.tokens import split_name

if TYPE_CHECKING:
    from ahjo_tasks.sql.references.reader import Action, Reader


def identity(reader: Reader, index: int) -> int:
    """Read IDENTITY of a column of PostgreSQL, which has a sequence."""
    words = reader.words
    if reader.syntax is POSTGRESQL and words[index - 1] == "AS":
        end = reader.closing(index + 1) if words[index + 1] == "(" else index
        named = (place for place in range(index, end) if words[place : place + 2] == ["SEQUENCE", "NAME"])
        bring_sequence(reader, next(named, -2) + 2)
    return index + 1


def bring_sequence(reader: Reader, named: int = 0) -> None:
    """Note the sequence of the column that is defined, whose name may stand at a token."""
    if named:
        reader.bring("sequence", qualified(split_name(reader.tokens[named], reader.syntax)))
        return
    table = qualified(split_name(reader.tokens[reader.table], reader.syntax))
    name = f"{table.name}_{split_name(reader.tokens[reader.column], reader.syntax)[-1]}_seq"
    reader.bring("sequence", Name(table.schema, name))


def constraint(reader: Reader, index: int) -> int:
    """Read CONSTRAINT of a table: a new one, which may have an index, or one that is there."""
    words = reader.words
    if reader.syntax not in NAMED or reader.context not in {"table", "alter"} or not reader.is_name(index + 1):
        return index + 1
    if words[index - 1] in {"VALIDATE", "ALTER", "RENAME", "CHECK", "NOCHECK"}:
        reader.emit_part(index + 1, reader.table)
    elif words[index - 1] != "DROP":
        table = qualified(split_name(reader.tokens[reader.table], reader.syntax))
        name = split_name(reader.tokens[index + 1], reader.syntax)[-1]
        reader.bring("part", part_name(table, name))
        if words[index + 2] in {"PRIMARY", "UNIQUE", "EXCLUDE"} and not takes_index(reader, index + 2):
            reader.bring("index", Name(table.schema, name), table)
    return index + 2


def note_key(reader: Reader, table: int, columns: tuple[str, ...], *, primary: bool) -> None:
    """Note a key of a table; the columns of a primary one may be those of an index that it takes."""
    if (columns or primary) and not reader.body:
        name = qualified(split_name(reader.tokens[table], reader.syntax))
        reader.collector.keys.setdefault(Key(name, columns, primary))


def takes_index(reader: Reader, index: int) -> bool:
    """Tell whether UNIQUE or PRIMARY KEY at an index takes an index that is there."""
    index += 1 + (reader.words[index + 1] == "KEY")
    return reader.words[index : index + 2] == ["USING", "INDEX"] and reader.words[index + 2] != "TABLESPACE"


def primary(reader: Reader, index: int) -> int:
    """Read PRIMARY KEY of PostgreSQL, whose index has a name."""
    key = reader.context in {"table", "alter"} and reader.words[index + 1] == "KEY"
    if reader.syntax is POSTGRESQL and key and not takes_index(reader, index):
        table = qualified(split_name(reader.tokens[reader.table], reader.syntax))
        reader.bring("index", Name(table.schema, f"{table.name}_pkey"), table)
    return _key_of_column(reader, index)


def _key_of_column(reader: Reader, index: int) -> int:
    """Note PRIMARY KEY or UNIQUE behind a column that ALTER TABLE adds."""
    words, primary = reader.words, reader.words[index] == "PRIMARY"
    added = reader.context == "alter" and not reader.scope.parent and reader.table < reader.column < index
    if added and words[index - 1] != "ADD" and words[index - 2] != "CONSTRAINT" and words[index + 1 + primary] != "(":
        note_key(reader, reader.table, split_name(reader.tokens[reader.column], reader.syntax)[-1:], primary=primary)
    return index + 1


def switched(reader: Reader, index: int) -> int:
    """Read ENABLE and DISABLE of a trigger or a rule: within ALTER TABLE, or by a statement of SQL Server."""
    words, place = reader.words, index + 1
    place += words[place] in {"ALWAYS", "REPLICA"}
    if words[place] not in {"TRIGGER", "RULE"} or reader.syntax not in NAMED:
        return index + 1
    if words[place + 2] == "ON" and words[place + 3] not in {"DATABASE", "ALL"}:
        reader.emit(place + 3, "relation")
        reader.emit_part(place + 1, place + 3)
        return place + 4
    if reader.context == "alter":
        reader.emit_part(place + 1, reader.table)
    return place + 2


def bring_index(reader: Reader, index: int) -> None:
    """Note a new index: PostgreSQL knows it by its schema, SQL Server by its table."""
    table = qualified(split_name(reader.tokens[reader.table], reader.syntax))
    name = split_name(reader.tokens[index], reader.syntax)[-1]
    if reader.syntax is POSTGRESQL:
        reader.bring("index", Name(table.schema, name), table)
    elif reader.syntax is MSSQL:
        reader.bring("part", part_name(table, name))


def other_index(reader: Reader, index: int) -> int:
    """Read INDEX where it names one that is there: that of a constraint, or what an index of SQL Server needs."""
    words = reader.words
    before = words[index - 1] if index else ""
    if before == "USING" and reader.context == "alter" and words[index + 1] != "TABLESPACE":
        reader.emit(index + 1, "index")
        return index + 2
    if reader.syntax is not MSSQL or reader.context != "index" or before not in {"KEY", "XML"}:
        return index + 1
    reader.emit_part(index + 1, reader.table)
    if before == "KEY" and words[index + 2] == "ON":
        reader.emit(index + 3 + (words[index + 3] == "("), "fulltext catalog")
        return index + 3
    return index + 2


def switch(reader: Reader, index: int) -> int:
    """Read SWITCH of SQL Server to another table; the numbers of both partitions are expressions."""
    place = index + 1
    if reader.context == "alter" and reader.syntax is MSSQL:
        while reader.words[place] not in {"TO", ";", ""}:
            place += 1
        reader.emit(place + 1, "relation")
    return index + 1


def transfer(reader: Reader, index: int) -> int:
    """Read TRANSFER of an object to another schema of SQL Server."""
    words, schema = reader.words, reader.table
    if reader.syntax is not MSSQL or reader.context != "alter":
        return index + 1
    marks = [place for place in range(index + 2, index + 5) if words[place] == "::"]
    if not marks:
        reader.emit(index + 1, "object")
    kind = {"TYPE": "type", "XML": "xml schema collection"}.get(words[index + 1], MOVED) if marks else MOVED
    name = split_name(reader.tokens[marks[0] + 1 if marks else index + 1], reader.syntax)[-1]
    reader.bring(kind, Name(split_name(reader.tokens[schema], reader.syntax)[-1], name))
    return index + 1


def connection(reader: Reader, index: int) -> int:
    """Read CONNECTION (one TO another): the tables of nodes that an edge of SQL Server joins."""
    if reader.words[index + 1] != "(" or reader.syntax is not MSSQL:
        return index + 1
    end = reader.closing(index + 1)
    for place in range(index + 2, end):
        if reader.words[place] != "TO":
            reader.emit(place, "relation")
    return end + 1


NAMED = frozenset({POSTGRESQL, MSSQL})
"""Dialects that know the parts of tables by name."""


TABLE_ACTIONS: dict[str, Action] = {
    "IDENTITY": identity,
    "CONSTRAINT": constraint,
    "PRIMARY": primary,
    "UNIQUE": _key_of_column,
    "ENABLE": switched,
    "DISABLE": switched,
    "INDEX": other_index,
    "SWITCH": switch,
    "TRANSFER": transfer,
    "CONNECTION": connection,
}
