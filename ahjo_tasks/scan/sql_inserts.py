"""INSERT of rows into tables."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.scan.finding import Hit
from ahjo_tasks.scan.sql_grammar import BLANK, GAPS, NAME, NO_WORD_BEFORE, QUOTED, WORD_END, NameFilter, parse_name
from ahjo_tasks.scan.sql_text import passages, statement_places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.scan.content import Content
    from ahjo_tasks.scan.sql_grammar import Name
    from ahjo_tasks.scan.sql_text import Passage

VERBS = ("insert", "replace")

_MODIFIERS = rf"(?:(?:low_priority|delayed|high_priority|ignore|overwrite|or{BLANK}\w++){BLANK})*+"
_TOP = rf"(?:top{GAPS}(?:\([^()]*+\)|\d++){GAPS}(?:percent{BLANK})?+)?+"
_STARTS_NAME = rf"(?:{BLANK}|(?={QUOTED}))"
# Without INTO, only what follows the name tells an INSERT from the event of a trigger or a permission.
_FOLLOWERS = r"values?|select|exec|execute|default|with|output|set|from|table|overriding|returning"
_GOES_ON = rf"(?={GAPS}(?:\(|(?:{_FOLLOWERS}){WORD_END}))"
_INTO = re.compile(
    rf"{NO_WORD_BEFORE}(?:insert{BLANK}{_MODIFIERS}{_TOP}|replace{BLANK}{_MODIFIERS})into{_STARTS_NAME}"
    rf"(?P<name>{NAME})",
    re.IGNORECASE,
)
_BARE = re.compile(
    rf"{NO_WORD_BEFORE}insert{_STARTS_NAME}{_MODIFIERS}{_TOP}(?P<name>{NAME}){_GOES_ON}",
    re.IGNORECASE,
)


class SqlInsert:
    """Finds the statements in SQL files, in the strings of Python modules and, without SQL's rules, in other files."""

    def __init__(self, schemas: tuple[str, ...] = (), tables: tuple[str, ...] = ()) -> None:
        self.schemas = NameFilter(schemas)
        self.tables = NameFilter(tables)

    def suspects(self, content: Content) -> bool:
        """Whether a verb is in the bytes."""
        return any(verb.encode() in content.lower for verb in VERBS)

    def find(self, content: Content) -> Iterator[Hit]:
        """Yield the statements; the match reaches from the verb to the end of the table's name."""
        for passage in passages(content):
            for start, end, match, _ in self.inserts(passage):
                yield Hit(*passage.span(start, end), match)

    def inserts(self, passage: Passage) -> Iterator[tuple[int, int, str, Name]]:
        """Yield start and end in the passage, the words, and the table."""
        behind = 0
        for place in statement_places(passage, VERBS):
            if place.start < behind:  # the REPLACE of an INSERT OR REPLACE
                continue
            match = _INTO.match(place.text, place.offset) or _BARE.match(place.text, place.offset)
            name = parse_name(match["name"]) if match else None
            if match and name and name.is_object and self._wants(name):
                behind = place.shift + match.end()
                yield place.start, behind, match[0], name

    def _wants(self, name: Name) -> bool:
        return self.schemas.takes(name.schema) and self.tables.takes(name.name)
