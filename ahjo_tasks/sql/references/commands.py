"""Reads statements that run routines and strings, grant rights or comment, and the blocks of bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL
from ahjo_tasks.sql.references.columns import columns, declaration
from ahjo_tasks.sql.references.kinds import ROLES, kind_at
from ahjo_tasks.sql.references.model import Strength
from ahjo_tasks.sql.references.reader import (
    CLASSES,
    OBJECT,
    RELATION,
    ROUTINE,
    STARTS,
    TYPE,
    Reader,
    begin,
    skip_list,
    starts,
)
from ahjo_tasks.sql.references.rows import conflict, copy, delete, insert, load, merge, set_word, truncate, update, use
from ahjo_tasks.sql.references.system_procedures import of_another_database, passed, system_procedure
from ahjo_tasks.sql.references.tokens import STRING, string_value, word_set

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ahjo_tasks.sql.references.reader import Action

OBJECT_WORDS = word_set(
    "TABLE VIEW MATERIALIZED FUNCTION PROCEDURE ROUTINE SEQUENCE SCHEMA TYPE DOMAIN OBJECT ALL TABLES IN "
    "FUNCTIONS PROCEDURES ROUTINES SEQUENCES XML COLLECTION DATABASE LANGUAGE FOREIGN DATA WRAPPER SERVER "
    "AGGREGATE INDEX"
)
AFTER_TEXT = word_set("; , EXEC EXECUTE IF BEGIN SET DECLARE PRINT")
"""Marks and words that may follow the text that a variable gets; anything else may be a part of it."""
BEFORE_VARIABLE = frozenset({"SET", "DECLARE", "SELECT", ","})
"""Words and marks before a variable that gets a value."""
TEXTS: Mapping[str, tuple[str, ...]] = {
    "sp_executesql": ("stmt",),
    "sp_describe_first_result_set": ("tsql",),
    "sp_describe_undeclared_parameters": ("tsql",),
    "sp_execute_external_script": ("language", "script", "input_data_1"),
}
"""Procedures of SQL Server that run or read SQL, with their parameters up to that of the text.

A text that is the first one may be passed by any name; after it comes the list of its own parameters.
"""
PARAMETERS = "params"
"""The parameter that declares those of the text, with their types."""
LONGEST_LOOK = 500
"""Tokens before EXEC that are searched for the text of its variable."""
PARTS_OF_TABLES = frozenset({"TRIGGER", "POLICY", "RULE", "CONSTRAINT"})


def execute(reader: Reader, index: int) -> int:
    """Read EXEC and EXECUTE: a routine, or a string that holds SQL."""
    words, place, syntax = reader.words, index + 1, reader.syntax
    if words[place : place + 2] == ["AS", STRING] and words[index - 1] in {"WITH", ","} and syntax is MSSQL:
        reader.emit_string(place + 1, "role", Strength.LATE)  # the user whose rights a routine has
    if words[place] in {"AS", ";", ""} or (words[index - 1] if index else "") == "WITH":
        return index + 1
    if words[place] in {"FUNCTION", "PROCEDURE"} and syntax is POSTGRESQL:
        reader.emit(place + 1, ROUTINE)
        return skip_list(reader, place + 2)
    if words[place] == "IMMEDIATE" and syntax is not MSSQL:
        place += 1
    if words[place] == STRING:
        _dynamic(reader, place)
        return place + 1
    if syntax is not MSSQL:
        return index + 1
    begin(reader)
    if words[place + 1] == "=":
        place += 2
    if words[place] == "(":
        return _dynamic_list(reader, place)
    reader.emit(place, ROUTINE)
    system_procedure(reader, place)
    _text_of_procedure(reader, place)
    return place + 1


def _text_of_procedure(reader: Reader, index: int) -> None:
    """Read the SQL that is passed to the procedure at an index, unless another database runs it."""
    parameters = TEXTS.get(reader.key(reader.tokens[index]))
    if parameters and not of_another_database(reader, index):
        places = passed(reader, index + 1, parameters if len(parameters) > 1 else (*parameters, PARAMETERS))
        text = places.get(parameters[-1]) if len(parameters) > 1 else next(iter(places.values()), None)
        if text is not None:
            _dynamic_text(reader, range(text, text + 1))
        if PARAMETERS in places:
            declared = places[PARAMETERS]
            _dynamic_text(reader, range(declared, declared + 1), before="DECLARE ")


def _dynamic(reader: Reader, index: int, text: str = "") -> None:
    """Read a string that is run: what it creates counts where the string is run at once."""
    strength = max(reader.strength, Strength.LATE) if not reader.body else Strength.MAYBE
    reader.nested(index, strength, body=reader.body, text=text)


def _dynamic_list(reader: Reader, index: int) -> int:
    """Read the strings in the parentheses of EXEC, if they are the whole of its text."""
    end = reader.closing(index)
    remote = reader.words[end + 1] == "AT" if end < reader.size else True
    if not remote:
        _dynamic_text(reader, range(index + 1, end))
    return end + 1


def _dynamic_text(reader: Reader, tokens: range, before: str = "") -> None:
    """Read a text that is run, if it is made of strings alone, or if such a text is given to a variable before.

    `before` is what makes a statement of it.
    """
    if len(tokens) == 1 and reader.tokens[tokens[0]].startswith("@"):
        tokens = _assigned(reader, tokens[0])
    if tokens and all(reader.words[place] == STRING for place in tokens):
        text = "".join(string_value(reader.tokens[place], reader.syntax) for place in tokens)
        _dynamic(reader, tokens[0], before + text)


def _assigned(reader: Reader, index: int) -> range:
    """The strings that the variable at an index gets last before it; empty if it gets anything else with them."""
    words = reader.words
    before = range(index - 1, max(index - LONGEST_LOOK, 0), -1)
    gets = (place for place in before if words[place] == words[index] and words[place - 1] in BEFORE_VARIABLE)
    place = next(gets, index) + 1
    while words[place] not in {"=", ";", ""} and not words[place].startswith("@"):  # the type of the variable
        place += 1
    start = end = place + 1
    while words[end] == STRING:
        end += 1
    return range(start, end) if words[place] == "=" and words[end] in AFTER_TEXT else range(0)


def receive(reader: Reader, index: int) -> int:
    """Read RECEIVE and GET CONVERSATION GROUP of SQL Server, whose FROM names a queue."""
    words, place = reader.words, index + 1
    waited = words[max(index - 2, 0) : index] == ["WAITFOR", "("]
    column = index > 0 and not waited and (reader.scope.query or words[index - 1] not in STARTS - {"("})
    if reader.syntax is not MSSQL or column or (words[index] == "GET" and words[place] != "CONVERSATION"):
        return place
    while words[place] not in {"FROM", "INTO", ";", ""}:
        place += 1
    if words[place] != "FROM":
        return index + 1
    reader.emit(place + 1, "queue")
    return place + 2


def dialog_service(reader: Reader, index: int) -> int:
    """Read FROM SERVICE ... TO SERVICE of BEGIN DIALOG of SQL Server; a table may be called so."""
    if reader.syntax is MSSQL and reader.words[index - 1] == "FROM" and reader.words[index + 2] == "TO":
        reader.emit(index + 1, "service")
        return index + 2
    return index + 1


def message_type(reader: Reader, index: int) -> int:
    """Read MESSAGE TYPE of SEND of SQL Server."""
    if reader.syntax is MSSQL and reader.words[index + 1] == "TYPE" and reader.is_name(index + 2):
        reader.emit(index + 2, "message type")
        return index + 3
    return index + 1


def prepare(reader: Reader, index: int) -> int:
    """Read PREPARE of MySQL."""
    if reader.syntax is MYSQL and reader.words[index + 2] == "FROM" and reader.words[index + 3] == STRING:
        _dynamic(reader, index + 3)
        return index + 4
    return index + 1


def call(reader: Reader, index: int) -> int:
    """Read CALL."""
    column = reader.syntax is MSSQL and reader.words[index - 1] != "{"  # which begins a call in the form of ODBC
    if column or not reader.is_name(index + 1) or not starts(reader, index):
        return index + 1
    reader.emit(index + 1, ROUTINE)
    return skip_list(reader, index + 2)


def do_block(reader: Reader, index: int) -> int:
    """Read DO of PostgreSQL, whose body runs at once."""
    words = reader.words
    place = index + 1 + 2 * (words[index + 1] == "LANGUAGE")
    if words[place] != STRING or reader.syntax is not POSTGRESQL:
        return index + 1
    language = reader.tokens[index + 2] if place > index + 1 else "plpgsql"
    if words[place + 1] == "LANGUAGE":
        language = reader.tokens[place + 2]
    if language.strip("'").lower() in {"plpgsql", "sql"}:
        reader.nested(place, reader.strength, body=reader.body, procedural=True)
    return place + 1


# -- rights and comments -----------------------------------------------------------------------------------------------


def grant(reader: Reader, index: int) -> int:
    """Read GRANT, REVOKE, DENY and ALTER AUTHORIZATION up to whom they concern."""
    words, place = reader.words, index + 1
    if not starts(reader, index):
        return index + 1
    begin(reader)
    while words[place] not in {"ON", "TO", "FROM", ";", ""}:
        place += 1
    place = _objects(reader, place + 1) if words[place] == "ON" else place + 1
    return _grantees(reader, place) if reader.syntax is MSSQL and words[place - 1] in {"TO", "FROM"} else place


def _grantees(reader: Reader, index: int) -> int:
    """Read the users and roles of SQL Server that a right is given to or taken from.

    They are often there before: who would refuse a circle with the objects that they may use?
    """
    words = reader.words
    while reader.is_name(index) and words[index : index + 2] != ["SCHEMA", "OWNER"]:
        reader.emit(index, "role", max(reader.strength, Strength.LATE))
        if words[index + 1] != ",":
            return index + 1
        index += 2
    return index


def _objects(reader: Reader, index: int) -> int:
    """Read the objects that a right is granted on."""
    words, role = reader.words, OBJECT
    match = kind_at(reader, index)
    if match and words[match[0]] == "::":
        index, role = match[0] + 1, ROLES.get(match[1], match[1])
    while words[index] in OBJECT_WORDS and words[index + 1] not in {"TO", "FROM", "IS", ",", "("}:
        role = CLASSES.get(words[index], OBJECT)
        index += 1
        index += words[index] == "::"
    while reader.is_name(index):
        if not reader.tokens[index].endswith(".*"):  # all of a database
            reader.emit_listed(index, role)
        index += 1
        if words[index] == "(":
            index = reader.closing(index) + 1
        if words[index] != ",":
            break
        index += 1
    return index + 1 if words[index] in {"TO", "FROM"} else index


def reserved(reader: Reader, index: int) -> int:
    """Read a word that begins a statement of SQL Server, also without a semicolon before it."""
    if reader.syntax is MSSQL:
        begin(reader)
    return index + 1


def result_sets(reader: Reader, index: int) -> int:
    """Read WITH RESULT SETS of EXEC: columns with their types, or an object or a type that has them."""
    ahead, before = reader.words[index + 1 : index + 3], reader.words[index - 1]
    if ahead != ["SETS", "("] or before not in {"WITH", ","} or reader.syntax is not MSSQL:
        return index + 1
    reader.push(comma=_result_set)
    return _result_set(reader, index + 3)


def _result_set(reader: Reader, index: int) -> int:
    """Read one of them."""
    words = reader.words
    if words[index] == "AS" and words[index + 1] in {"OBJECT", "TYPE"}:
        reader.emit(index + 2, CLASSES[words[index + 1]])
        return index + 3
    return columns(reader, index) if words[index] == "(" else index


def check_identity(reader: Reader, index: int) -> int:
    """Read DBCC CHECKIDENT, with its table in a string or as a name."""
    if reader.words[index + 2] == STRING:
        reader.emit_string(index + 2, RELATION)
    else:
        reader.emit(index + 2, RELATION)
    return index + 3


def classification(reader: Reader, index: int) -> int:
    """Read ADD SENSITIVITY CLASSIFICATION TO columns."""
    words, place = reader.words, index + 2
    if words[index - 2 : index + 2] != ["ADD", "SENSITIVITY", "CLASSIFICATION", "TO"]:
        return index + 1
    reader.emit(place, RELATION, column=True)
    while words[place + 1] == ",":
        place += 2
        reader.emit(place, RELATION, column=True)
    return place + 1


def label(reader: Reader, index: int) -> int:
    """Read SECURITY LABEL, which names its object as COMMENT does; a provider may stand before."""
    words, place = reader.words, index + 2
    if words[index + 1] != "LABEL" or not starts(reader, index):
        return index + 1
    place += 2 * (words[place] == "FOR")
    return commented(reader, place) if words[place] == "ON" else place


def mapping(reader: Reader, index: int) -> int:
    """Read ALTER TEXT SEARCH CONFIGURATION c ... MAPPING ... WITH dictionaries."""
    words, place = reader.words, index + 1
    if reader.context != "alter" or reader.syntax is not POSTGRESQL:
        return place
    while words[place] not in {";", ""}:
        if words[place - 1] in {"WITH", "REPLACE"} or (words[place - 1] == "," and "WITH" in words[index:place]):
            reader.emit(place, "text search dictionary")
        place += 1
    return place


def comment(reader: Reader, index: int) -> int:
    """Read COMMENT ON."""
    return commented(reader, index + 1) if reader.words[index + 1] == "ON" and starts(reader, index) else index + 1


def commented(reader: Reader, index: int) -> int:
    """Read ON and the object that a comment or a label of PostgreSQL belongs to."""
    words, place = reader.words, index + 1
    if reader.syntax is not POSTGRESQL:
        return place
    begin(reader)
    if words[place] == "COLUMN":
        reader.emit(place + 1, RELATION, column=True)
        return place + 2
    if words[place] in PARTS_OF_TABLES:
        name, place = place + 1, place + 3 + (words[place + 3] == "DOMAIN")
        reader.emit(place, TYPE if words[place - 1] == "DOMAIN" else RELATION)
        if words[place - 1] != "DOMAIN":
            reader.emit_part(name, place)
        return place + 1
    match = kind_at(reader, place)
    if match and reader.is_name(match[0]):
        place, kind = match
        reader.emit_listed(place, ROLES.get(kind, kind))
        return reader.closing(place + 1) + 1 if words[place + 1] == "(" else place + 1
    return place


# -- blocks ------------------------------------------------------------------------------------------------------------


def semicolon(reader: Reader, index: int) -> int:
    """Read what ends a statement."""
    begin(reader)
    if reader.context == "declare":
        return declaration(reader, index + 1)
    if reader.outer_path is not None:
        reader.collector.path, reader.outer_path = reader.outer_path, None
    if reader.scope.parent is None and not reader.body and not reader.atomic and not reader.procedural:
        reader.strength, reader.object_schema, reader.context, reader.on_as = Strength.CREATION, None, "", None
    return index + 1


def begin_word(reader: Reader, index: int) -> int:
    """Read BEGIN: in a body of SQL, statements end inside of it."""
    if reader.words[index + 1] == "ATOMIC" and reader.syntax is POSTGRESQL:
        reader.atomic = 1
        begin(reader)
        return index + 2
    if reader.on_as and reader.syntax is MSSQL and not reader.scope.parent:
        reader.on_as(reader, index)
    reader.atomic += reader.atomic > 0
    return index + 1


def case_word(reader: Reader, index: int) -> int:
    """Read CASE, which has an END of its own."""
    reader.atomic += reader.atomic > 0
    return index + 1


def end_word(reader: Reader, index: int) -> int:
    """Read END."""
    reader.atomic -= reader.atomic > 0
    return index + 1


STATEMENT_ACTIONS: dict[str, Action] = {
    "INSERT": insert,
    "REPLACE": insert,
    "UPDATE": update,
    "SET": set_word,
    "DELETE": delete,
    "MERGE": merge,
    **dict.fromkeys(
        word_set("TRUNCATE LOCK REFRESH ANALYZE OPTIMIZE CLUSTER VACUUM REINDEX CHECK REPAIR CHECKSUM"), truncate
    ),
    "COPY": copy,
    "CONFLICT": conflict,
    "LOAD": load,
    "BULK": load,
    "USE": use,
    "EXEC": execute,
    "EXECUTE": execute,
    "RECEIVE": receive,
    "GET": receive,
    "SERVICE": dialog_service,
    "MESSAGE": message_type,
    "PREPARE": prepare,
    "CALL": call,
    "DO": do_block,
    **dict.fromkeys(("GRANT", "REVOKE", "DENY"), grant),
    **dict.fromkeys(("DBCC", "BACKUP", "RESTORE", "KILL", "WAITFOR"), reserved),
    "RESULT": result_sets,
    "CHECKIDENT": check_identity,
    "CLASSIFICATION": classification,
    "COMMENT": comment,
    "SECURITY": label,
    "MAPPING": mapping,
    ";": semicolon,
    "BEGIN": begin_word,
    "CASE": case_word,
    "END": end_word,
}
