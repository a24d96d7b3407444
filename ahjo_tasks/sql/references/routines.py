"""Reads the heads of routines, and goes into their bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL
from ahjo_tasks.sql.references.columns import options, parameter, variable
from ahjo_tasks.sql.references.kinds import record
from ahjo_tasks.sql.references.model import Strength
from ahjo_tasks.sql.references.reader import ROUTINE, Reader, Scope, begin, skip_list
from ahjo_tasks.sql.references.tokens import STRING, split_name, string_value

if TYPE_CHECKING:
    from ahjo_tasks.sql.definitions import Definition


def routine(reader: Reader, place: int, made: Definition | None) -> int:
    """Read the head of a function, an aggregate or a procedure."""
    record(reader, made)
    words, syntax = reader.words, reader.syntax
    if syntax is MYSQL:
        reader.strength, reader.body = Strength.LATE, True
        return skip_list(reader, place + 1)
    reader.late = Strength.LATE
    if syntax is MSSQL:
        reader.on_as = module_body
        if words[place + 1] == "(":
            reader.push(comma=variable)
            return variable(reader, place + 2)
        reader.scope.comma = variable
        return variable(reader, place + 1)
    if words[place - 1] == "AGGREGATE" or "AGGREGATE" in words[max(place - 5, 0) : place]:
        reader.context = "aggregate"
    else:
        reader.on_as = _string_body
    if words[place + 1] != "(":
        return place + 1
    if reader.context == "aggregate" and words[place + 3] == "=":
        return options(reader, place + 1)
    reader.push(comma=parameter, close=_after_parameters)
    return parameter(reader, place + 2)


def _after_parameters(reader: Reader, index: int, _closed: Scope) -> int:
    if reader.context == "aggregate" and reader.words[index] == "(":
        return options(reader, index)
    return index


def module_body(reader: Reader, index: int) -> int:
    """Begin the body of a module of SQL Server: tables are looked for when it runs, unless it binds to its schema."""
    if reader.words[index - 1] in {"EXEC", "EXECUTE"}:
        return index + 1
    begin(reader)
    reader.strength, reader.body, reader.on_as = reader.late, True, None
    return index + 1


def _string_body(reader: Reader, index: int) -> int:
    """Read the body of a function of PostgreSQL: SQL is checked when it is created, PL/pgSQL when it runs."""
    words = reader.words
    if words[index + 1] != STRING:
        return index + 1
    reader.on_as = None
    language = _language(reader, index)
    if language == "sql":
        reader.nested(index + 1, Strength.CREATION, body=True)
    elif language == "plpgsql":
        reader.nested(index + 1, Strength.LATE, body=True, procedural=True)
    return index + 2


def _language(reader: Reader, index: int) -> str:
    """The language of the function whose body is near an index."""
    words = reader.words
    for step in (-1, 1):
        place = index
        while 0 <= place < reader.size and words[place] not in {";", "CREATE"}:
            if words[place] == "LANGUAGE":
                token = reader.tokens[place + 1]
                return (string_value(token, reader.syntax) if words[place + 1] == STRING else token).strip('"').lower()
            place += step
    return ""


def schema_bound(reader: Reader, index: int) -> int:
    """Read SCHEMABINDING and NATIVE_COMPILATION, which bind a body when it is created."""
    reader.late = Strength.CREATION
    return index + 1


def external_name(reader: Reader, index: int) -> int:
    """Read EXTERNAL NAME assembly.class.method."""
    if reader.words[index + 1] != "NAME" or not reader.is_name(index + 2):
        return index + 1
    reader.note(split_name(reader.tokens[index + 2], reader.syntax)[:1], "assembly", reader.strength, index + 2)
    return index + 3


def of_type(reader: Reader, index: int) -> int:
    """Read WITHOUT FUNCTION and WITH FUNCTION, behind which a routine is named with its types."""
    if reader.words[index - 1] != "WITH" or not reader.is_name(index + 1) or reader.syntax is not POSTGRESQL:
        return index + 1
    reader.emit(index + 1, ROUTINE)
    return index + 2


def handler(reader: Reader, index: int) -> int:
    """Read HANDLER, VALIDATOR and the like, which name a routine."""
    if reader.syntax is POSTGRESQL and reader.is_name(index + 1) and not reader.body:
        reader.emit(index + 1, ROUTINE)
        return index + 2
    return index + 1
