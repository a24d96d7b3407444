"""Reads what belongs to a table of PostgreSQL and has a name: constraints, their indexes, sequences, triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.sql.lexer import POSTGRESQL
from ahjo_tasks.sql.references.model import part_name, qualified
from ahjo_tasks.sql.references.tokens import split_name

if TYPE_CHECKING:
    from ahjo_tasks.sql.references.reader import Action, Reader


def identity(reader: Reader, index: int) -> int:
    """Read IDENTITY of a column of PostgreSQL, which has a sequence."""
    if reader.syntax is POSTGRESQL and reader.words[index - 1] == "AS":
        bring_sequence(reader)
    return index + 1


def bring_sequence(reader: Reader) -> None:
    """Note the sequence of the column that is defined."""
    table = qualified(split_name(reader.tokens[reader.table], reader.syntax))
    name = f"{table.name}_{split_name(reader.tokens[reader.column], reader.syntax)[-1]}_seq"
    reader.bring("sequence", Name(table.schema, name))


def constraint(reader: Reader, index: int) -> int:
    """Read CONSTRAINT of a table of PostgreSQL: a new one, which may have an index, or one that is there."""
    words = reader.words
    if reader.syntax is not POSTGRESQL or reader.context not in {"table", "alter"} or not reader.is_name(index + 1):
        return index + 1
    if words[index - 1] in {"VALIDATE", "ALTER", "RENAME"}:
        reader.emit_part(index + 1, reader.table)
    elif words[index - 1] != "DROP":
        table = qualified(split_name(reader.tokens[reader.table], reader.syntax))
        name = split_name(reader.tokens[index + 1], reader.syntax)[-1]
        reader.bring("part", part_name(table, name))
        if words[index + 2] in {"PRIMARY", "UNIQUE", "EXCLUDE"}:
            reader.bring("index", Name(table.schema, name))
    return index + 2


def primary(reader: Reader, index: int) -> int:
    """Read PRIMARY KEY of PostgreSQL, whose index has a name."""
    if reader.syntax is POSTGRESQL and reader.context in {"table", "alter"} and reader.words[index + 1] == "KEY":
        table = qualified(split_name(reader.tokens[reader.table], reader.syntax))
        reader.bring("index", Name(table.schema, f"{table.name}_pkey"))
    return index + 1


def switched(reader: Reader, index: int) -> int:
    """Read ENABLE and DISABLE of a trigger or a rule."""
    words, place = reader.words, index + 1
    place += words[place] in {"ALWAYS", "REPLICA"}
    if words[place] not in {"TRIGGER", "RULE"} or reader.context != "alter" or reader.syntax is not POSTGRESQL:
        return index + 1
    reader.emit_part(place + 1, reader.table)
    return place + 2


def using_index(reader: Reader, index: int) -> int:
    """Read USING INDEX of a constraint."""
    if reader.words[index - 1] == "USING" and reader.context == "alter" and reader.words[index + 1] != "TABLESPACE":
        reader.emit(index + 1, "index")
        return index + 2
    return index + 1


TABLE_ACTIONS: dict[str, Action] = {
    "IDENTITY": identity,
    "CONSTRAINT": constraint,
    "PRIMARY": primary,
    "ENABLE": switched,
    "DISABLE": switched,
    "INDEX": using_index,
}
