"""Map a server message to the statement that sent it: PRINT and RAISERROR of T-SQL, RAISE of PL/pgSQL."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.source import LineIndex
from ahjo_tasks.sql.tokens import NAMES, tokenize

if TYPE_CHECKING:
    from ahjo_tasks.sql.lexer import Syntax

LITERAL = r"[NE]?'(?P<text>(?:[^']|'')*)'"
STRING = re.compile(LITERAL)
FORMS = {
    "print": re.compile(rf"PRINT\s*\(?\s*(?:{LITERAL})?\s*(?P<more>\+)?", re.IGNORECASE),
    "raiserror": re.compile(rf"RAISERROR\s*\(\s*(?:{LITERAL}|[@\w]+)\s*,\s*(?P<severity>\d*)", re.IGNORECASE),
    "raise": re.compile(rf"RAISE\s+(?P<level>DEBUG|LOG|INFO|NOTICE|WARNING)\s+(?:{LITERAL})?", re.IGNORECASE),
}
"""By the first word of the statement; `text` is the message, where it is a literal."""

HOLES = {
    "print": re.compile(r"(?!)"),
    "raiserror": re.compile(r"%[-+0# ]*[\d*]*(?:\.[\d*]+)?(?:I64)?[diosuxX%]"),
    "raise": re.compile(r"%%?"),
}
OTHERS = frozenset({"exec", "execute", "insert", "update", "delete", "merge", "call", "dbcc"})
"""Words of statements that run modules and triggers, which can send messages, too."""
IF_EXISTS = re.compile(r"EXISTS\s+(?:\S+\s*\.\s*)?\Z", re.IGNORECASE)
NEAR = 200
"""Characters before a name that are searched for IF EXISTS and a schema."""
QUOTED = re.compile(r'"([^"]+)"')
MOST_SEVERE = 10
"""RAISERROR above it is an error."""


class MessageSource(NamedTuple):
    """A statement that sends a message: its offset, and an expression for the message.

    The message of an `exact` one has no computed part; without a `pattern` all of it is computed.
    """

    offset: int
    pattern: re.Pattern[str] | None
    exact: bool


class MessageSources:
    """The statements of a batch that send messages."""

    def __init__(self, text: str, syntax: Syntax) -> None:
        self._text = text
        self._syntax = syntax

    def line(self, message: str, *, plain: bool = True) -> int | None:
        """Give the line, from 1, of the only statement that can have sent the message; None where several can.

        A message that is not `plain` was worded by the server.
        """
        offset = self._by_text(message) if plain else None
        if offset is None:
            offset = self._by_name(message)
        return None if offset is None else LineIndex(self._text).position(offset)[0]

    @cached_property
    def _all(self) -> list[MessageSource]:
        sources = (self._source(offset, word) for word, offset in self._words if word in FORMS)
        return [source for source in sources if source]

    @cached_property
    def _words(self) -> list[tuple[str, int]]:
        tokens = tokenize(self._text, self._syntax)
        return [(token.value.lower(), token.offset) for token in tokens if token.kind in NAMES]

    def _by_text(self, message: str) -> int | None:
        """Find the only source whose pattern matches, an exact one first, or the only one that computes it all."""
        matching = [source for source in self._all if source.pattern and source.pattern.fullmatch(message)]
        matching = [source for source in matching if source.exact] or matching
        if not matching and not any(word in OTHERS for word, _offset in self._words):
            matching = [source for source in self._all if source.pattern is None]
        return matching[0].offset if len(matching) == 1 else None

    def _by_name(self, message: str) -> int | None:
        """Find the only place of a name that the server quotes, or its only place after IF EXISTS."""
        for name in QUOTED.findall(message):
            offsets = [offset for word, offset in self._words if word == name.rpartition(".")[2].lower()]
            after_exists = [offset for offset in offsets if IF_EXISTS.search(self._text, max(0, offset - NEAR), offset)]
            if len(offsets := after_exists or offsets) == 1:
                return offsets[0]
        return None

    def _source(self, offset: int, word: str) -> MessageSource | None:
        form = FORMS[word].match(self._text, offset)
        if form is None:
            return None
        parts = form.groupdict()
        if int(parts.get("severity") or 0) > MOST_SEVERE:
            return None
        if word == "print" and parts["text"] is None:
            return MessageSource(offset, self._literals(form.end()), exact=False)
        level = f"{parts['level'].upper()}: " if "level" in parts else ""
        return _with_holes(offset, level, parts["text"], HOLES[word], open_end=bool(parts.get("more")))

    def _literals(self, start: int) -> re.Pattern[str] | None:
        """Match a text that PRINT computes from the literals of its line, as by CONCAT."""
        line = self._text[start:].splitlines()[0] if start < len(self._text) else ""
        parts = [literal["text"].replace("''", "'") for literal in STRING.finditer(line)]
        if not "".join(parts).strip():
            return None
        return re.compile(".*".join(["", *map(re.escape, parts), ""]), re.DOTALL)


def _with_holes(
    offset: int, level: str, literal: str | None, hole: re.Pattern[str], *, open_end: bool
) -> MessageSource:
    text = (literal or "").replace("''", "'")
    known = hole.sub(lambda match: "%" if match[0] == "%%" else "\0", text) + ("\0" if open_end else "")
    if literal is None or (known and not known.replace("\0", " ").strip()):
        return MessageSource(offset, None, exact=False)
    pattern = ".*".join(re.escape(part) for part in (level + (known or " ")).split("\0"))
    return MessageSource(offset, re.compile(pattern, re.DOTALL), exact="\0" not in known)
