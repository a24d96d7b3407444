"""Reads routines, and what belongs to a table: triggers, rules and policies."""

from __future__ import annotations

from ahjo_tasks.sql.definitions import Definition, Name
from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL
from ahjo_tasks.sql.references.columns import options, parameter, variable
from ahjo_tasks.sql.references.kinds import record
from ahjo_tasks.sql.references.model import Strength, qualified
from ahjo_tasks.sql.references.reader import RELATION, ROUTINE, Reader, Scope, begin, skip_list
from ahjo_tasks.sql.references.rows import search_path
from ahjo_tasks.sql.references.signatures import read_signature
from ahjo_tasks.sql.references.tokens import STRING, split_name, string_value


def routine(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read the head of a function, an aggregate or a procedure."""
    record(reader, definition)
    words, syntax = reader.words, reader.syntax
    if syntax is MYSQL:
        reader.strength, reader.body = Strength.LATE, True
        return skip_list(reader, place + 1)
    reader.late = Strength.LATE
    if syntax is MSSQL:
        reader.on_as = module_body
        place += words[place + 1] == ";"  # of a numbered procedure; numbers are no tokens
        if words[place + 1] == "(":
            reader.push(comma=variable)
            return variable(reader, place + 2)
        reader.scope.comma = variable
        return variable(reader, place + 1)
    if words[place - 1] == "AGGREGATE" or "AGGREGATE" in words[max(place - 5, 0) : place]:
        reader.context = "aggregate"
    else:
        reader.on_as = _string_body
        if _language(reader, place) in {"c", "internal"}:  # a type may come after the functions that read and write it
            reader.strength = Strength.LATE
    if words[place + 1] != "(":
        return place + 1
    if reader.context == "aggregate" and words[place + 3] == "=":
        return options(reader, place + 1)
    if definition and not reader.body:
        signature = read_signature(reader, place + 1, procedure=definition.kind == "procedure")
        known = reader.collector.signatures
        known[definition.name] = (*known.get(definition.name, ()), signature)
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
    _path_of_body(reader, index)
    language = _language(reader, index)
    if language == "sql":
        reader.nested(index + 1, Strength.CREATION, body=True)
    elif language == "plpgsql":
        reader.nested(index + 1, Strength.LATE, body=True, procedural=True)
    return index + 2


def _path_of_body(reader: Reader, index: int) -> None:
    """Read the search path that a function sets behind its body."""
    words = reader.words
    while words[index] not in {";", ""}:
        if words[index : index + 2] == ["SET", "SEARCH_PATH"]:
            search_path(reader, index + 1)
        index += 1


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
    reader.note(split_name(reader.tokens[index + 2], reader.syntax)[:1], "assembly", Strength.CREATION, index + 2)
    return index + 3


def of_type(reader: Reader, index: int) -> int:
    """Read WITHOUT FUNCTION and WITH FUNCTION, after which a routine is named with its types."""
    if reader.words[index - 1] != "WITH" or not reader.is_name(index + 1) or reader.syntax is not POSTGRESQL:
        return index + 1
    reader.emit_listed(index + 1, ROUTINE)
    return reader.closing(index + 2) + 1 if reader.words[index + 2] == "(" else index + 2


def handler(reader: Reader, index: int) -> int:
    """Read HANDLER, VALIDATOR and the like, which name a routine."""
    if reader.syntax is POSTGRESQL and reader.is_name(index + 1) and not reader.body:
        reader.emit(index + 1, ROUTINE)
        return index + 2
    return index + 1


def trigger(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read a trigger up to its table."""
    words, end = reader.words, place + 1
    while end < reader.size and words[end] not in {"ON", ";"}:
        end += 1
    if words[end] != "ON":
        record(reader, definition)
        return end
    table = end + 1
    _attach(reader, table, definition)
    if reader.syntax is MSSQL:
        reader.late, reader.on_as = Strength.LATE, module_body
        reader.collector.temporary.update({"inserted", "deleted"})
    elif reader.syntax is not POSTGRESQL:
        reader.strength, reader.body = Strength.LATE, True
    elif words[table + 1] == "FROM":
        reader.emit(table + 2, RELATION)
        return table + 3
    return table + 1


def _attach(reader: Reader, index: int, definition: Definition | None) -> None:
    """Note the table that a trigger, a rule or a policy belongs to."""
    if not reader.is_name(index):
        record(reader, definition)
        return
    parts = split_name(reader.tokens[index], reader.syntax)
    if definition and reader.syntax is MSSQL and not definition.name.schema and len(parts) > 1:
        reader.object_schema = qualified(parts).schema
    if reader.syntax is not MSSQL or reader.words[index] not in {"DATABASE", "ALL"}:
        reader.emit(index, RELATION)
    record(reader, Definition(definition.kind, definition.name, qualified(parts)) if definition else None)


def event_trigger(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read an event trigger, which belongs to an event."""
    words = reader.words
    event = Name(None, reader.tokens[place + 2]) if words[place + 1] == "ON" else None
    record(reader, Definition("trigger", definition.name, event) if definition else None)
    return place + 3


def follows(reader: Reader, index: int) -> int:
    """Read FOLLOWS and PRECEDES, which name another trigger."""
    if reader.syntax is not MYSQL or not reader.is_name(index + 1):
        return index + 1
    reader.emit(index + 1, "trigger", Strength.CREATION)
    return index + 2


def rule(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read a rule up to its table; one of SQL Server belongs to none."""
    words, end = reader.words, place + 1
    if reader.syntax is not POSTGRESQL:
        record(reader, definition)
        return place + 1
    while end < reader.size and words[end] not in {"TO", ";"}:
        end += 1
    if words[end] != "TO":
        record(reader, definition)
        return end
    _attach(reader, end + 1, definition)
    reader.context = "rule"
    return end + 2


def policy(reader: Reader, place: int, definition: Definition | None) -> int:
    """Read a policy; a security policy of SQL Server names tables after each predicate."""
    if reader.words[place + 1] == "ON":
        _attach(reader, place + 2, definition)
        return place + 3
    record(reader, definition)
    reader.context = "security policy"
    return place + 1


def predicate(reader: Reader, index: int) -> int:
    """Read a predicate of a security policy: a function, and the table after ON."""
    if reader.context != "security policy" or not reader.is_name(index + 1):
        return index + 1
    if reader.words[index + 1] == "ON":
        reader.emit(index + 2, RELATION)
        return index + 3
    reader.emit(index + 1, ROUTINE)
    end = reader.closing(index + 2) + 1
    if reader.words[end] == "ON":
        reader.emit(end + 1, RELATION)
        return end + 2
    return end
