"""Rules for statements: CREATE, ALTER and DROP of database objects, and INSERT into tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.scan.findings import Hit
from ahjo_tasks.scan.sql_text import (
    BLANK,
    GAPS,
    NAME,
    NO_WORD_BEFORE,
    QUOTED,
    WORD_END,
    Name,
    NameFilter,
    parse_name,
    sql_texts,
    statement_positions,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.scan.content import Content
    from ahjo_tasks.scan.sql_text import Position, SqlText

OBJECT_TYPES = ("PROCEDURE", "FUNCTION", "VIEW", "TRIGGER", "TABLE", "TYPE", "ASSEMBLY")
VERBS = ("create", "alter", "drop")
LONG_TYPES = {"PROC": "PROCEDURE"}

_USER = r"(?:'[^']*+'|`[^`]*+`|\"[^\"]*+\"|[\w.%$]++(?:\(\))?)"
_MODIFIERS = "|".join(
    [
        r"global|local|unlogged|external|foreign|materialized|recursive|virtual|constraint|event|unique|clustered",
        r"nonclustered|columnstore|fulltext|spatial|primary|xml|aggregate|ignore|online|offline|editionable",
        rf"definer{GAPS}={GAPS}{_USER}(?:{GAPS}@{GAPS}{_USER}|)?+",
        rf"algorithm{GAPS}={GAPS}\w++",
        rf"sql{BLANK}security{BLANK}\w++",
    ]
)
_EXISTS = rf"(?:if{BLANK}(?:not{BLANK}|)?+exists{WORD_END}{GAPS}|)?+"
_ARGUMENTS = r"(?:\((?:[^()']++|\([^()']*+\)|)*+\)|)?+"
_NEXT = re.compile(rf"{GAPS}{_ARGUMENTS}{GAPS},{GAPS}({NAME})")
_SCHEMA = re.compile(rf"create{BLANK}schema{BLANK}{_EXISTS}({NAME})", re.IGNORECASE)
_STATEMENT_END = re.compile(r";|^[ \t]*GO[ \t]*$", re.IGNORECASE | re.MULTILINE)


class ObjectChange(NamedTuple):
    """One object that a statement creates, alters or drops. `start` and `end` are offsets in the position's text."""

    start: int
    end: int
    verb: str
    kind: str
    name: Name


class SqlObjectModification:
    """Finds the statements in SQL files, in the strings of Python modules and, without SQL's rules, in other files."""

    def __init__(
        self,
        schemas: tuple[str, ...] = (),
        objects: tuple[str, ...] = (),
        object_types: tuple[str, ...] = (),
    ) -> None:
        types = [kind for kind in object_types if kind] or list(OBJECT_TYPES)
        self.schemas = NameFilter(schemas)
        self.objects = NameFilter(objects)
        self._types = tuple(re.escape(word.lower()).encode() for word in types)
        self._statement = _statement(types)

    def prefilter(self, content: Content) -> bool:
        """Test whether a verb is in the bytes."""
        return any(verb.encode() in content.lower for verb in VERBS)

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the statements; the match reaches from the verb to the end of the name."""
        for sql in sql_texts(content):
            for shift, text, change in self.changes(sql):
                start, end = sql.span(shift + change.start, shift + change.end)
                yield Hit(start, end, text[change.start : change.end])

    def changes(self, sql: SqlText) -> Iterator[tuple[int, str, ObjectChange]]:
        """Yield the offset of each change's text in the outermost text, that text, and the change."""
        schema: tuple[int, str | None] | None = None
        end = 0
        for position in statement_positions(sql, VERBS):
            if position.start < end:  # the ALTER of a CREATE OR ALTER
                continue
            created = _SCHEMA.match(position.text, position.offset)
            if created:
                name = parse_name(created[1])
                schema = (created.end(), name.name if name else None)
            for change in self._at(position):
                end = position.shift + change.end
                within = _within_schema(position, change, schema)
                if self._wants(within):
                    yield position.shift, position.text, within

    def _wants(self, change: ObjectChange) -> bool:
        name = change.name
        return name.is_object and self.schemas.accepts(name.schema) and self.objects.accepts(name.name)

    def _at(self, position: Position) -> Iterator[ObjectChange]:
        match = self._statement.match(position.text, position.offset)
        if not match:
            return
        verb, kind = " ".join(_words(match["verb"])), match["kind"].upper()
        kind = LONG_TYPES.get(kind, kind)
        start, end = match.span()
        named: str | None = match["name"]
        while named is not None:
            name = parse_name(named)
            if name is None:
                return
            yield ObjectChange(start, end, verb, kind, name)
            more = _NEXT.match(position.text, end) if verb == "DROP" else None
            named = more[1] if more else None
            start, end = more.span(1) if more else (start, end)


def _statement(types: list[str]) -> re.Pattern[str]:
    kinds = "|".join("proc(?:edure)?" if kind.upper() == "PROCEDURE" else f"(?:{kind})" for kind in types)
    verb = rf"(?P<verb>create(?:{BLANK}or{BLANK}(?:alter|replace){WORD_END}|)?+|alter|drop)"
    return re.compile(
        rf"{NO_WORD_BEFORE}{verb}{BLANK}(?:(?:{_MODIFIERS}){BLANK}|)*+(?P<kind>{kinds}){WORD_END}"
        rf"{GAPS}{_EXISTS}(?:(?:only|concurrently){BLANK}|)?+(?P<name>{NAME})",
        re.IGNORECASE,
    )


def _words(text: str) -> list[str]:
    return [word.upper() for word in re.split(rf"{BLANK}", text) if word]


def _within_schema(position: Position, change: ObjectChange, schema: tuple[int, str | None] | None) -> ObjectChange:
    """Put a change into the schema that the same statement creates (`CREATE SCHEMA x CREATE TABLE t ...`)."""
    if schema is None or change.name.schema or _STATEMENT_END.search(position.text, schema[0], change.start):
        return change
    return change._replace(name=Name(schema[1], change.name.name))


INSERT_VERBS = ("insert", "replace")

_INSERT_MODIFIERS = rf"(?:(?:low_priority|delayed|high_priority|ignore|overwrite|or{BLANK}\w++){BLANK}|)*+"
_TOP = rf"(?:top{GAPS}(?:\([^()]*+\)|\d++){GAPS}(?:percent{BLANK}|)?+|)?+"
_STARTS_NAME = rf"(?:{BLANK}|(?={QUOTED}))"
# Without INTO, only what follows the name tells an INSERT from the event of a trigger or a permission.
_FOLLOWERS = r"values?|select|exec|execute|default|with|output|set|from|table|overriding|returning"
_GOES_ON = rf"(?={GAPS}(?:\(|(?:{_FOLLOWERS}){WORD_END}))"
_INTO = re.compile(
    rf"{NO_WORD_BEFORE}(?:insert{BLANK}{_INSERT_MODIFIERS}{_TOP}|replace{BLANK}{_INSERT_MODIFIERS})into{_STARTS_NAME}"
    rf"(?P<name>{NAME})",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"{NO_WORD_BEFORE}insert{_STARTS_NAME}{_INSERT_MODIFIERS}{_TOP}(?P<name>{NAME}){_GOES_ON}",
    re.IGNORECASE,
)


class SqlInsert:
    """Finds the statements in SQL files, in the strings of Python modules and, without SQL's rules, in other files."""

    def __init__(self, schemas: tuple[str, ...] = (), tables: tuple[str, ...] = ()) -> None:
        self.schemas = NameFilter(schemas)
        self.tables = NameFilter(tables)

    def prefilter(self, content: Content) -> bool:
        """Test whether a verb is in the bytes."""
        return any(verb.encode() in content.lower for verb in INSERT_VERBS)

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the statements; the match reaches from the verb to the end of the table's name."""
        for sql in sql_texts(content):
            for start, end, match, _ in self.inserts(sql):
                yield Hit(*sql.span(start, end), match)

    def inserts(self, sql: SqlText) -> Iterator[tuple[int, int, str, Name]]:
        """Yield start and end in the text, the statement up to the table's name, and the table."""
        end = 0
        for position in statement_positions(sql, INSERT_VERBS):
            if position.start < end:  # the REPLACE of an INSERT OR REPLACE
                continue
            match = _INTO.match(position.text, position.offset) or _BARE.match(position.text, position.offset)
            name = parse_name(match["name"]) if match else None
            if match and name and name.is_object and self._wants(name):
                end = position.shift + match.end()
                yield position.start, end, match[0], name

    def _wants(self, name: Name) -> bool:
        return self.schemas.accepts(name.schema) and self.tables.accepts(name.name)
