"""Reads expressions: the routines, types and sequences that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE
from ahjo_tasks.sql.references.model import Strength
from ahjo_tasks.sql.references.reader import (
    CLASSES,
    LISTED,
    MARKS,
    NOT_CALLED,
    QUERY_STARTS,
    REGISTERED,
    RELATION,
    SEQUENCE,
    SET_OPERATORS,
    TYPE,
    Reader,
    flush,
    skip_list,
)
from ahjo_tasks.sql.references.tokens import STRING, string_value

if TYPE_CHECKING:
    from ahjo_tasks.sql.references.reader import Action, Closing


def parenthesis(reader: Reader, index: int) -> int:
    """Read an opening parenthesis: of a subquery, of arguments, or of an expression."""
    words = reader.words
    if words[index + 1] in QUERY_STARTS:
        reader.push()
        return index + 1
    previous = words[index - 1] if index else ""
    if previous in NOT_CALLED or words[index - 2] in LISTED:
        reader.push()
        return index + 1
    special = CALLS.get(previous.removeprefix("PG_CATALOG."))
    if special:
        return special(reader, index)
    if reader.has_arguments(index - 1):
        reader.call(index - 1)
    reader.push()
    return index + 1


def close(reader: Reader, index: int) -> int:
    """Read a closing parenthesis."""
    scope = reader.scope
    if scope.parent is None:
        return index + 1
    if scope.targets:
        flush(reader)
    reader.scope = scope.parent
    return scope.close(reader, index + 1, scope) if scope.close else index + 1


def comma(reader: Reader, index: int) -> int:
    """Read a comma."""
    action = reader.scope.comma
    return action(reader, index + 1) if action else index + 1


def as_word(reader: Reader, index: int) -> int:
    """Read AS: of a cast, of a definition, or of an alias."""
    scope = reader.scope
    if scope.opener == "CAST":
        return cast(reader, index)
    if reader.on_as and scope.parent is None:
        return reader.on_as(reader, index)
    return index + 1


def cast(reader: Reader, index: int) -> int:
    """Read the type after AS or `::`, and a name in the string before it."""
    words = reader.words
    role = REGISTERED.get(words[index + 1].removeprefix("PG_CATALOG."))
    if role and words[index - 1] == STRING:
        reader.emit_string(index - 1, role)
    return type_name(reader, index + 1)


def double_colon(reader: Reader, index: int) -> int:
    """Read `::`: a cast of PostgreSQL, or of SQL Server a method of a type or the name of an object after its class."""
    if reader.syntax is MSSQL:
        role = CLASSES.get(reader.words[index - 1])
        reader.emit(index + 1 if role else index - 1, role or TYPE)
        return index + 2 if role else index + 1
    return cast(reader, index) if reader.syntax is POSTGRESQL else index + 1


def type_name(reader: Reader, index: int) -> int:
    """Read a type, with its parentheses."""
    words, strength = reader.words, min(reader.strength, Strength.LATE)
    if not reader.is_name(index):
        return index
    if words[index] == "SETOF":
        index += 1
    if words[index + 1] == "%" and words[index + 2] in {"TYPE", "ROWTYPE"}:
        reader.emit(index, RELATION, strength, column=words[index + 2] == "TYPE")
        return index + 3
    if words[index] in {"XML", "[XML]"} and words[index + 1] == "(":
        return xml_type(reader, index + 1)
    if reader.syntax not in {MYSQL, SQLITE}:  # which have no types of users
        reader.emit(index, TYPE, strength)
    return skip_list(reader, index + 1)


def xml_type(reader: Reader, index: int) -> int:
    """Read the XML schema collection of a type of SQL Server."""
    reader.push()
    index += 1 + (reader.words[index + 1] in {"CONTENT", "DOCUMENT"})
    if reader.is_name(index) and reader.syntax is MSSQL:
        reader.emit(index, "xml schema collection")
        return index + 1
    return index


def string(reader: Reader, index: int) -> int:
    """Read a string: in PostgreSQL a type may stand before it."""
    previous = reader.words[index - 1] if index else ""
    if previous not in NOT_CALLED and reader.syntax is POSTGRESQL and reader.has_arguments(index - 1):
        reader.emit(index - 1, TYPE)
    return index + 1


def in_word(reader: Reader, index: int) -> int:
    """Read IN, after which SQLite takes the name of a relation."""
    following = reader.words[index + 1]
    if reader.syntax is not SQLITE or following in MARKS:
        return index + 1
    reader.emit(index + 1, RELATION)
    return index + 2


def operator(reader: Reader, index: int) -> int:
    """Read OPERATOR of PostgreSQL, whose operands' types may stand in parentheses behind its symbol."""
    place = index + 1 + reader.is_name(index + 1)
    while reader.words[place] in {"=", "%"}:  # other symbols are no tokens
        place += 1
    if reader.syntax is not POSTGRESQL or reader.words[place] != "(" or "," not in reader.words[place : place + 4]:
        return index + 1
    reader.push(comma=type_name)
    return type_name(reader, place + 1)


def collate(reader: Reader, index: int) -> int:
    """Read COLLATE."""
    if reader.syntax is POSTGRESQL:
        reader.emit(index + 1, "collation")
        return index + 2
    return index + 1


def next_value(reader: Reader, index: int) -> int:
    """Read NEXT VALUE FOR and PREVIOUS VALUE FOR."""
    if reader.words[index + 1 : index + 3] != ["VALUE", "FOR"]:
        return index + 1
    reader.emit(index + 3, SEQUENCE)
    return index + 4


def table_query(reader: Reader, index: int) -> int:
    """Read the command TABLE, which is a query."""
    before = reader.words[index - 1] if index else ""
    if before == "WITH" and reader.context == "alter" and reader.syntax is MYSQL:  # EXCHANGE PARTITION p WITH TABLE t
        reader.emit(index + 1, RELATION)
        return index + 2
    starts = before in {"", ";", "(", "AS", "ATOMIC", "BEGIN", "QUERY", "RETURN"} or before in SET_OPERATORS
    if starts and reader.syntax in {POSTGRESQL, MYSQL} and reader.is_name(index + 1):
        reader.emit(index + 1, RELATION)
        return index + 2
    return index + 1


def _cast_arguments(reader: Reader, index: int) -> int:
    reader.push(opener="CAST")
    return index + 1


def _convert_arguments(reader: Reader, index: int) -> int:
    reader.push()
    return type_name(reader, index + 1) if reader.syntax is MSSQL else index + 1


def _sequence_arguments(reader: Reader, index: int) -> int:
    reader.push()
    if reader.words[index + 1] == STRING and reader.syntax is POSTGRESQL:
        reader.emit_string(index + 1, SEQUENCE)
        return index + 2
    if reader.is_name(index + 1) and reader.syntax is MYSQL:
        reader.emit(index + 1, SEQUENCE)
        return index + 2
    return index + 1


def _text_search_arguments(reader: Reader, index: int) -> int:
    """Read the arguments of a function whose first one may be a configuration of text search."""
    reader.push()
    if reader.words[index + 1 : index + 3] == [STRING, ","] and reader.syntax is POSTGRESQL:
        reader.emit_string(index + 1, "text search configuration")
    return index + 1


def _configuration(reader: Reader, index: int) -> int:
    """Read set_config('search_path', 'schemas', local)."""
    words = reader.words
    reader.push()
    strings = words[index + 1 : index + 4] == [STRING, ",", STRING]
    if strings and string_value(reader.tokens[index + 1], reader.syntax).lower() == "search_path":
        path = string_value(reader.tokens[index + 3], reader.syntax).split(",")
        reader.collector.path = tuple(
            reader.key(part.strip()) for part in path if part.strip(' "') not in {"$user", ""}
        )
    return index + 1


TEXT_SEARCH = (
    "TO_TSVECTOR",
    "TO_TSQUERY",
    "PLAINTO_TSQUERY",
    "PHRASETO_TSQUERY",
    "WEBSEARCH_TO_TSQUERY",
    "TS_HEADLINE",
)
CALLS: dict[str, Action] = {
    "CAST": _cast_arguments,
    "TRY_CAST": _cast_arguments,
    "CONVERT": _convert_arguments,
    "TRY_CONVERT": _convert_arguments,
    "NEXTVAL": _sequence_arguments,
    "CURRVAL": _sequence_arguments,
    "SETVAL": _sequence_arguments,
    "LASTVAL": _sequence_arguments,
    "XML": xml_type,
    "SET_CONFIG": _configuration,
    **dict.fromkeys(TEXT_SEARCH, _text_search_arguments),
}
"""Readers of the parentheses of some functions."""


def attributes(reader: Reader, index: int, close: Closing | None = None) -> int:
    """Enter a list of names, of which each may have a type."""
    reader.push(close=close, comma=attribute)
    return attribute(reader, index + 1)


def attribute(reader: Reader, index: int) -> int:
    """Read a name with its type, or without."""
    return type_name(reader, index + 1) if reader.is_name(index) and reader.is_name(index + 1) else index + 1
