"""CREATE, ALTER and DROP of database objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.scan.finding import Hit
from ahjo_tasks.scan.sql_grammar import BLANK, GAPS, NAME, NO_WORD_BEFORE, WORD_END, Name, NameFilter, parse_name
from ahjo_tasks.scan.sql_text import passages, statement_places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.scan.content import Content
    from ahjo_tasks.scan.sql_text import Passage, Place

OBJECT_TYPES = ("PROCEDURE", "FUNCTION", "VIEW", "TRIGGER", "TABLE", "TYPE", "ASSEMBLY")
VERBS = ("create", "alter", "drop")
LONG_TYPES = {"PROC": "PROCEDURE"}

_USER = r"(?:'[^']*+'|`[^`]*+`|\"[^\"]*+\"|[\w.%$]++(?:\(\))?)"
_MODIFIERS = "|".join(
    [
        r"global|local|unlogged|external|foreign|materialized|recursive|virtual|constraint|event|unique|clustered",
        r"nonclustered|columnstore|fulltext|spatial|primary|xml|aggregate|ignore|online|offline|editionable",
        rf"definer{GAPS}={GAPS}{_USER}(?:{GAPS}@{GAPS}{_USER})?+",
        rf"algorithm{GAPS}={GAPS}\w++",
        rf"sql{BLANK}security{BLANK}\w++",
    ]
)
_EXISTS = rf"(?:if{BLANK}(?:not{BLANK})?+exists{WORD_END}{GAPS})?+"
_ARGUMENTS = r"(?:\((?:[^()']++|\([^()']*+\))*+\))?+"
_NEXT = re.compile(rf"{GAPS}{_ARGUMENTS}{GAPS},{GAPS}({NAME})")
_SCHEMA = re.compile(rf"create{BLANK}schema{BLANK}{_EXISTS}({NAME})", re.IGNORECASE)
_STATEMENT_END = re.compile(r";|^[ \t]*GO[ \t]*$", re.IGNORECASE | re.MULTILINE)


class ObjectChange(NamedTuple):
    """One object that a statement creates, alters or drops. `start` and `end` are offsets in the place's text."""

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

    def suspects(self, content: Content) -> bool:
        """Whether a verb is in the bytes."""
        return any(verb.encode() in content.lower for verb in VERBS)

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the statements; the match reaches from the verb to the end of the name."""
        for passage in passages(content):
            for shift, text, change in self.changes(passage):
                start, end = passage.span(shift + change.start, shift + change.end)
                yield Hit(start, end, text[change.start : change.end])

    def changes(self, passage: Passage) -> Iterator[tuple[int, str, ObjectChange]]:
        """Yield what changes, with the text that it is in and that text's place in the passage."""
        schema: tuple[int, str | None] | None = None
        behind = 0
        for place in statement_places(passage, VERBS):
            if place.start < behind:  # the ALTER of a CREATE OR ALTER
                continue
            created = _SCHEMA.match(place.text, place.offset)
            if created:
                name = parse_name(created[1])
                schema = (created.end(), name.name if name else None)
            for change in self._at(place):
                behind = place.shift + change.end
                within = _within_schema(place, change, schema)
                if self._wants(within):
                    yield place.shift, place.text, within

    def _wants(self, change: ObjectChange) -> bool:
        name = change.name
        return name.is_object and self.schemas.takes(name.schema) and self.objects.takes(name.name)

    def _at(self, place: Place) -> Iterator[ObjectChange]:
        match = self._statement.match(place.text, place.offset)
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
            more = _NEXT.match(place.text, end) if verb == "DROP" else None
            named = more[1] if more else None
            start, end = more.span(1) if more else (start, end)


def _statement(types: list[str]) -> re.Pattern[str]:
    kinds = "|".join("proc(?:edure)?" if kind.upper() == "PROCEDURE" else f"(?:{kind})" for kind in types)
    verb = rf"(?P<verb>create(?:{BLANK}or{BLANK}(?:alter|replace){WORD_END})?+|alter|drop)"
    return re.compile(
        rf"{NO_WORD_BEFORE}{verb}{BLANK}(?:(?:{_MODIFIERS}){BLANK})*+(?P<kind>{kinds}){WORD_END}"
        rf"{GAPS}{_EXISTS}(?:(?:only|concurrently){BLANK})?+(?P<name>{NAME})",
        re.IGNORECASE,
    )


def _words(text: str) -> list[str]:
    return [word.upper() for word in re.split(rf"{BLANK}", text) if word]


def _within_schema(place: Place, change: ObjectChange, schema: tuple[int, str | None] | None) -> ObjectChange:
    """The change, in the schema that the same statement creates (`CREATE SCHEMA x CREATE TABLE t ...`)."""
    if schema is None or change.name.schema or _STATEMENT_END.search(place.text, schema[0], change.start):
        return change
    return change._replace(name=Name(schema[1], change.name.name))
