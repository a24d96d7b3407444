"""Read what SQL files create and need: by statements, clauses and scopes, not by words alone."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING

from ahjo_tasks.sql.definitions import Definition, Name
from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, letters
from ahjo_tasks.sql.mysql_modes import syntax_after
from ahjo_tasks.sql.references.columns import COLUMN_ACTIONS
from ahjo_tasks.sql.references.commands import STATEMENT_ACTIONS, grant
from ahjo_tasks.sql.references.definitions import audited, create, define, operator_at, publication_tables
from ahjo_tasks.sql.references.expressions import type_name
from ahjo_tasks.sql.references.kinds import BEFORE_TABLE, MODULES, NO_DEFINITION, ROLES, kind_ahead, kind_at
from ahjo_tasks.sql.references.model import Collector, FileReferences, Strength, qualified
from ahjo_tasks.sql.references.queries import QUERY_ACTIONS
from ahjo_tasks.sql.references.reader import RELATION, Reader, begin, starts
from ahjo_tasks.sql.references.routines import external_name, follows, handler, of_type, predicate, schema_bound
from ahjo_tasks.sql.references.tokens import split_name
from ahjo_tasks.sql.scanner import Scanner
from ahjo_tasks.sql.source import SourceText
from ahjo_tasks.sql.splitters.psql import escapes_after

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ahjo_tasks.sql.lexer import Syntax
    from ahjo_tasks.sql.references.reader import Action


def alter(reader: Reader, index: int) -> int:
    """Read ALTER: of a module a new definition, of anything else a name."""
    words, syntax = reader.words, reader.syntax
    if reader.context == "alter":
        reader.column = index + 1 + (words[index + 1] == "COLUMN")
    if words[index + 1] == "COLUMN" and reader.context == "alter":
        return _alter_column(reader, index + 2)
    if words[index + 1 : index + 3] == ["DEFAULT", "PRIVILEGES"]:
        return _privileges(reader, index + 3)
    redefined = syntax is MYSQL and words[index + 1] in {"ALGORITHM", "DEFINER", "SQL"}
    first = index + 1
    while syntax is MYSQL and words[first] in BEFORE_TABLE:
        first += 1
    match = kind_ahead(reader, first) if redefined else kind_at(reader, first)
    if not match or not starts(reader, index):
        return index + 1
    place, kind = match
    if (syntax is MSSQL and kind in MODULES) or (syntax is MYSQL and kind == "view"):
        return define(reader, place, kind)
    begin(reader)
    if kind in {"trigger", "rule", "policy", "index", "operator", "publication", "extension", "audit specification"}:
        return _alter_part(reader, place, kind)
    if words[place - 2 : place] == ["IF", "EXISTS"]:
        reader.strength = max(reader.strength, Strength.LATE)
    reader.context, reader.altered = "alter", kind
    place += words[place] == "ONLY" and syntax is POSTGRESQL
    reader.table = place
    if reader.is_name(place) and kind not in NO_DEFINITION:
        reader.emit_listed(place, ROLES.get(kind, kind))
    listed = words[place + 1] == "(" and kind in {"function", "procedure"}
    return reader.closing(place + 1) + 1 if listed else place + 1


def _alter_column(reader: Reader, index: int) -> int:
    """Read the column that a table alters, with the type that it gets in SQL Server, and not what it gets besides."""
    if reader.syntax is not MSSQL:
        return index
    return index + 3 if reader.words[index + 1] in {"ADD", "DROP"} else type_name(reader, index + 1)


def authorization(reader: Reader, index: int) -> int:
    """Read AUTHORIZATION: of ALTER it names an object as GRANT does, of CREATE the owner."""
    if reader.words[index - 1] == "ALTER":
        return grant(reader, index)
    if reader.syntax is MSSQL and reader.is_name(index + 1):
        reader.emit(index + 1, "role")
        return index + 2
    return index + 1


def member(reader: Reader, index: int) -> int:
    """Read ADD MEMBER of ALTER ROLE of SQL Server."""
    if reader.words[index - 1] != "ADD" or reader.altered != "role" or reader.syntax is not MSSQL:
        return index + 1
    reader.emit(index + 1, "role")
    return index + 2


def _alter_part(reader: Reader, place: int, kind: str) -> int:
    """Read ALTER of what belongs to a table or names some, and of an operator, which is no name."""
    if kind in {"publication", "audit specification"}:
        reader.emit(place, kind)
        return (publication_tables if kind == "publication" else audited)(reader, place + 1)
    if kind == "extension":
        reader.emit(place, kind)
        return _member(reader, place + 1)
    if kind == "operator":
        reader.context = "alter"
        return place - 1
    if kind == "index" and reader.syntax is POSTGRESQL:
        reader.context = "alter index"
        reader.emit(place, "index")
        return place + 1
    if reader.words[place + 1] == "ON":
        reader.context = ""
        reader.emit(place + 2, RELATION)
        if reader.syntax is POSTGRESQL:
            reader.emit_part(place, place + 2)
        return place + 3
    reader.context = "security policy" if kind == "policy" else ""
    return place + 1


def _member(reader: Reader, index: int) -> int:
    """Read ADD and DROP of ALTER EXTENSION, with an object that becomes its own."""
    match = kind_at(reader, index + 1) if reader.words[index] in {"ADD", "DROP"} else None
    if match is None:
        return index + 1
    reader.emit_listed(match[0], ROLES.get(match[1], match[1]))
    return match[0] + 1


def _privileges(reader: Reader, index: int) -> int:
    """Read ALTER DEFAULT PRIVILEGES up to the schemas that it concerns."""
    words = reader.words
    while words[index] not in {"IN", "GRANT", "REVOKE", ";", ""}:
        index += 1
    while words[index] in {"IN", ","}:
        index += 1 + (words[index + 1] == "SCHEMA")
        reader.emit(index, "schema")
        index += 1
    return index + (words[index] in {"GRANT", "REVOKE"})


def moved(reader: Reader, index: int) -> int:
    """Read SET SCHEMA of ALTER."""
    if reader.words[index - 1] == "SET" and reader.context == "alter" and reader.syntax is POSTGRESQL:
        reader.emit(index + 1, "schema")
        name = split_name(reader.tokens[reader.table], reader.syntax)[-1]
        reader.bring(reader.altered, Name(reader.key(reader.tokens[index + 1]), name))
        return index + 2
    return index + 1


OF_TABLE = frozenset({"trigger", "rule", "policy"})
"""Kinds of objects whose DROP names the table that they belong to."""


def drop(reader: Reader, index: int) -> int:
    """Read DROP: what goes is no need."""
    words = reader.words
    match = kind_at(reader, index + 1)
    if not match or not starts(reader, index):
        return index + 1
    begin(reader)
    place, kind = match
    if kind == "operator" and not reader.body:
        operator = operator_at(reader, place)
        reader.collector.dropped.setdefault(Definition(kind, operator))
    while reader.is_name(place):
        name = qualified(split_name(reader.tokens[place], reader.syntax))
        place += 1
        if words[place] == "(":
            place = reader.closing(place) + 1
        of_table = words[place] == "ON" and reader.is_name(place + 1) and kind in OF_TABLE
        table = qualified(split_name(reader.tokens[place + 1], reader.syntax)) if of_table else None
        if not reader.body:
            reader.collector.dropped.setdefault(Definition(kind, name, table))
        if words[place] == "ON":
            return place + 2
        if words[place] != ",":
            return place
        place += 1
    return place


def server(reader: Reader, index: int) -> int:
    """Read SERVER of a foreign table, a user mapping or an import."""
    imported = reader.words[index - 1] == "FROM" and not reader.scope.query
    named = imported or reader.context in {"table", "foreign"}
    if named and reader.is_name(index + 1) and reader.syntax is POSTGRESQL:
        reader.emit(index + 1, "server")
        if reader.words[index + 2] == "INTO":
            reader.emit(index + 3, "schema")
        return index + 2
    return index + 1


def wrapper(reader: Reader, index: int) -> int:
    """Read FOREIGN DATA WRAPPER of a server."""
    if reader.context == "foreign" and reader.words[index - 2 : index] == ["FOREIGN", "DATA"]:
        reader.emit(index + 1, "foreign data wrapper")
        return index + 2
    return index + 1


def language(reader: Reader, index: int) -> int:
    """Read LANGUAGE of a routine or a block, which an extension may bring."""
    word = reader.words[index + 1]
    if reader.syntax is POSTGRESQL and reader.is_name(index + 1) and word not in OWN_LANGUAGES and not reader.body:
        reader.emit(index + 1, "language")
    return index + 1


OWN_LANGUAGES = frozenset({"SQL", "PLPGSQL", "C", "INTERNAL"})
ACTIONS: Mapping[str, Action] = {
    **QUERY_ACTIONS,
    **COLUMN_ACTIONS,
    **STATEMENT_ACTIONS,
    "CREATE": create,
    "ALTER": alter,
    "AUTHORIZATION": authorization,
    "MEMBER": member,
    "DROP": drop,
    "FOLLOWS": follows,
    "PRECEDES": follows,
    "PREDICATE": predicate,
    "SCHEMABINDING": schema_bound,
    "NATIVE_COMPILATION": schema_bound,
    "EXTERNAL": external_name,
    "FUNCTION": of_type,
    "HANDLER": handler,
    "VALIDATOR": handler,
    "INLINE": handler,
    "SERVER": server,
    "WRAPPER": wrapper,
    "SCHEMA": moved,
    "LANGUAGE": language,
}
"""The reader of each word or mark."""


_KEY_CHECKS = re.compile(
    rf"(?ais:{MYSQL.gap()}(?:{MYSQL.code_open}\s*+)?SET\b.{{0,300}}?\bFOREIGN_KEY_CHECKS\s*+=\s*+(?P<value>[\w@]++))"
)
"""A setting of MySQL, without which it refuses a foreign key to a table that is not there."""


def read_references(batches: Iterable[str], syntax: Syntax) -> FileReferences:
    """Read the batches of a file: what they create, and what they name.

    A batch is what the database's tool sends in one call: of PostgreSQL all of the file, of MySQL and SQLite a
    statement, of SQL Server what stands between two lines of GO.
    """
    collector = Collector(syntax)
    for number, text in enumerate(usual_texts(batches, syntax, collector)):
        Reader(text, collector, ACTIONS, (number,)).read()
    return collector.result()


def usual_texts(batches: Iterable[str], syntax: Syntax, collector: Collector | None = None) -> Iterator[str]:
    """Yield the batches as they would read without the settings by which some of them change how quotes are read.

    All places stay. The collector is told, before each batch, whether foreign keys are checked.
    """
    mode = syntax
    escapes = False
    for text in batches:
        usual = text
        if syntax is MYSQL:
            if collector is not None and (setting := _KEY_CHECKS.match(text)):
                collector.unchecked_keys = setting["value"].upper() in {"0", "OFF", "FALSE"}
            mode = syntax_after(text, 0, len(text), mode)
            usual = _as_usual(text, mode) if mode is not syntax else text
        elif syntax is POSTGRESQL:
            usual = _ESCAPE.sub(_doubled, text) if escapes else text
            escapes = escapes_after(text, before=escapes)
        yield usual


def _as_usual(text: str, mode: Syntax) -> str:
    """Write a statement of MySQL as it would read without its modes, each character in its place."""
    text = text if mode.backslash_escapes else text.replace("\\", "/")
    return text.replace('"', "`") if '"' in mode.names else text


_ESCAPE = re.compile(r"\\[\\']")


def _doubled(escape: re.Match[str]) -> str:
    """Write a quote that a backslash escapes as SQL does; a backslash means nothing then."""
    return "''" if escape[0].endswith("'") else "  "


VERBS = ("INSERT", "REPLACE", "MERGE", "COPY", "UPDATE", "LOAD", "BULK", "DELETE")
LONGEST_HEAD = 600
LONGEST_UPDATE = 10_000
"""Characters of an UPDATE of SQL Server that are searched for FROM where it does not end before."""
LONGEST_LIST = 20_000
"""Characters before a statement of SQL Server among which common table expressions are that it may change."""
LONGEST_GAP = 200
"""Blanks and comments between these and the statement."""
_CLOSED = re.compile(rf"\){MSSQL.gap()}\Z")
_OPENS_LIST = re.compile(r"(?i)\bWITH\s+[\w\[\]\"$#@ ]+?\s*(?:\([^()]*\)\s*)?AS\s*\(")


def read_row_statements(batches: Iterable[str], syntax: Syntax) -> FileReferences:
    """Read the heads of statements that change rows: of many with the same head the first alone."""
    heads: dict[str, None] = {}
    scanner, head = _scanner(syntax), _head(syntax)
    for text in batches:
        source, start = SourceText(text), 0
        lists = [match.start() for match in _OPENS_LIST.finditer(text)] if syntax is MSSQL else []
        while (start := scanner.find_next(source, start)) < len(text):
            match = head.match(text, start, start + LONGEST_HEAD)
            if match is None:
                start += 1
                continue
            first = _list_ahead(text, start, lists)
            heads.setdefault(text[first:start] + (_with_source(text, start, match[0]) if syntax is MSSQL else match[0]))
            start = match.end()
    return _merged(read_references([f"{text};"], syntax) for text in heads)


def _list_ahead(text: str, start: int, lists: Sequence[int]) -> int:
    """Return where the common table expressions begin that a statement may change; else its own start."""
    number = bisect_left(lists, start) - 1
    if (
        number < 0
        or start - lists[number] > LONGEST_LIST
        or not _CLOSED.search(text[max(start - LONGEST_GAP, 0) : start])
    ):
        return start
    return lists[number]


def _with_source(text: str, start: int, head: str) -> str:
    """The head of a statement with its FROM clause, where that may say which table an alias stands for."""
    if head[:1] not in "uU":
        return head
    for longest in (LONGEST_HEAD, LONGEST_UPDATE):
        statement = text[start : start + longest]
        end = _end_of_statement().find_next(SourceText(statement), len(head))
        if end < longest:
            break
    return statement[:end] if "FROM" in statement[:end].upper() else head


def _merged(references: Iterable[FileReferences]) -> FileReferences:
    written: dict[Name, None] = {}
    updated: dict[Name, None] = {}
    for part in references:
        written |= dict.fromkeys(part.written)
        updated |= dict.fromkeys(part.updated)
    return FileReferences(written=tuple(written), updated=tuple(updated))


def _verb() -> str:
    return rf"(?i:{'|'.join(VERBS)})(?!{letters('0123456789$')})"


@lru_cache
def _scanner(syntax: Syntax) -> Scanner:
    heads = "".join(sorted({char for verb in VERBS for char in (verb[0], verb[0].lower())}))
    return Scanner(syntax, rf"(?<![\w$@#.]){_verb()}", heads, lenient=True)


@lru_cache
def _end_of_statement() -> Scanner:
    """Find a semicolon, or the verb of the next statement that changes rows."""
    verb = rf"(?<![\w$@#.])(?i:INSERT|UPDATE|DELETE|MERGE(?!\s+JOIN))(?!{letters('0123456789$')})"
    return Scanner(MSSQL, rf";|{verb}", ";iIuUdDmM", lenient=True)


@lru_cache
def _head(syntax: Syntax) -> re.Pattern[str]:
    """The words of a statement up to its rows, with the names in them."""
    quoted = "|".join(syntax.name_forms(lenient=True))
    stop = r"(?i:VALUES|SELECT|SET|DEFAULT)\b"
    top = rf"(?i:TOP){syntax.gap()}\([^()]*+\)|" if syntax is MSSQL else ""
    rest = rf"(?:{top}{quoted}|(?!{stop}){syntax.word}|[.]|[0-9]++|{syntax.gap()}(?=[^(;'=,])|)*+"
    return re.compile(rf"{_verb()}{rest}(?:\s*\(?\s*{stop})?")
