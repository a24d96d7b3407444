"""Reads triggers, rules and policies, which belong to a table."""

from __future__ import annotations

from ahjo_tasks.sql.definitions import Definition, Name
from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL
from ahjo_tasks.sql.references.kinds import record
from ahjo_tasks.sql.references.model import Strength, qualified
from ahjo_tasks.sql.references.reader import RELATION, ROUTINE, Reader
from ahjo_tasks.sql.references.routines import module_body
from ahjo_tasks.sql.references.tokens import split_name


def trigger(reader: Reader, place: int, made: Definition | None) -> int:
    """Read a trigger up to its table."""
    words, end = reader.words, place + 1
    while end < reader.size and words[end] not in {"ON", ";"}:
        end += 1
    if words[end] != "ON":
        record(reader, made)
        return end
    table = end + 1
    _attach(reader, table, made)
    if reader.syntax is MSSQL:
        reader.late, reader.on_as = Strength.LATE, module_body
    elif reader.syntax is not POSTGRESQL:
        reader.strength, reader.body = Strength.LATE, True
    elif words[table + 1] == "FROM":
        reader.emit(table + 2, RELATION)
        return table + 3
    return table + 1


def _attach(reader: Reader, index: int, made: Definition | None) -> None:
    """Note the table that a trigger, a rule or a policy belongs to."""
    if not reader.is_name(index):
        record(reader, made)
        return
    parts = split_name(reader.tokens[index], reader.syntax)
    if made and reader.syntax is MSSQL and not made.name.schema and len(parts) > 1:
        reader.home = qualified(parts).schema
    reader.emit(index, RELATION)
    record(reader, Definition(made.kind, made.name, qualified(parts)) if made else None)


def event_trigger(reader: Reader, place: int, made: Definition | None) -> int:
    """Read an event trigger, which belongs to an event."""
    words = reader.words
    event = Name(None, reader.tokens[place + 2]) if words[place + 1] == "ON" else None
    record(reader, Definition("trigger", made.name, event) if made else None)
    return place + 3


def follows(reader: Reader, index: int) -> int:
    """Read FOLLOWS and PRECEDES, which name another trigger."""
    if reader.syntax is not MYSQL or not reader.is_name(index + 1):
        return index + 1
    reader.emit(index + 1, "trigger", Strength.CREATION)
    return index + 2


def rule(reader: Reader, place: int, made: Definition | None) -> int:
    """Read a rule up to its table; one of SQL Server belongs to none."""
    words, end = reader.words, place + 1
    if reader.syntax is not POSTGRESQL:
        record(reader, made)
        return place + 1
    while end < reader.size and words[end] not in {"TO", ";"}:
        end += 1
    if words[end] != "TO":
        record(reader, made)
        return end
    _attach(reader, end + 1, made)
    return end + 2


def policy(reader: Reader, place: int, made: Definition | None) -> int:
    """Read a policy; a security policy of SQL Server names tables behind each predicate."""
    if reader.words[place + 1] == "ON":
        _attach(reader, place + 2, made)
        return place + 3
    record(reader, made)
    reader.context = "security policy"
    return place + 1


def predicate(reader: Reader, index: int) -> int:
    """Read a predicate of a security policy: a function, and the table behind ON."""
    if reader.context != "security policy" or not reader.is_name(index + 1):
        return index + 1
    reader.emit(index + 1, ROUTINE)
    end = reader.closing(index + 2) + 1
    if reader.words[end] == "ON":
        reader.emit(end + 1, RELATION)
        return end + 2
    return end
