"""Telling the code of a SQL text from its comments, strings and quoted names, at the places that matter only.

What is never closed hides nothing: a scan would rather report too much than miss what comes behind it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.project.lexis import POSTGRESQL
from ahjo_tasks.project.reader import comment_end, spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_QUOTES = {"'": r"'(?:[^']++|'')*+'", '"': r"\"(?:[^\"]++|\"\")*+\"", "`": r"`(?:[^`]++|``)*+`"}
_BACKSLASH_QUOTES = {
    **_QUOTES,
    "'": r"'(?:[^'\\]++|''|\\[\s\S])*+'",
    '"': r"\"(?:[^\"\\]++|\"\"|\\[\s\S])*+\"",
}
# A name in brackets holds an apostrophe only where it cannot be PostgreSQL's ARRAY['a'].
_BRACKETS = r"\[(?:[^\]'\r\n]++|\]\])*+\]|\[(?<![\w\[\]]\[)(?:[^\]\r\n]++|\]\])*+\]"
# MySQL's comment, and neither a temporary table (#t, ##t) nor an operator (#>, #-).
_HASH_OPEN = r"(?<!\S)\#(?=[ \t=*]|\#\#|--)"
_HASH = rf"{_HASH_OPEN}[^\r\n]*+"
_DASHES = r"--[^\r\n]*+"
_BLOCK = r"/\*(?!M?!)[^*/]*+(?:(?:\*(?!/)|/(?!\*))[^*/]*+)*+\*/"
_BLOCK_OPEN = re.compile(r"/\*(?!M?!)")
_DOLLARS = re.compile(r"\$(?:[^\W\d]\w*)?\$")


class Opaque(NamedTuple):
    """A comment, string or quoted name, quotes included."""

    start: int
    end: int


class Reading:
    """A way to read quotes; MySQL and PostgreSQL's E'' take a backslash for an escape, the others do not."""

    def __init__(self, quotes: dict[str, str]) -> None:
        closed = "|".join([*quotes.values(), _BRACKETS])
        # A line's comment counts only with its end in sight: the match may be cut off before it.
        cut = "|".join([closed, rf"(?:{_DASHES}|{_HASH})(?=[\r\n])", _BLOCK])
        plain = rf"[^'\"`\[\-/#]++|-(?!-)|/(?!\*(?!M?!))|(?!{_HASH_OPEN})\#"
        self.code = re.compile(rf"(?:{plain}|{cut})*+")
        self.opaque = re.compile(rf"{closed}|{_DASHES}|{_HASH}")


PLAIN = Reading(_QUOTES)
BACKSLASH = Reading(_BACKSLASH_QUOTES)


def readings(text: str) -> tuple[Reading, ...]:
    r"""The ways to read a text: two where `\'` may or may not end a string."""
    return (PLAIN, BACKSLASH) if "\\'" in text or '\\"' in text else (PLAIN,)


def places(text: str, offsets: Iterable[int], reading: Reading) -> Iterator[tuple[int, Opaque | None]]:
    """For each of the rising offsets, what hides it; None where it is code. What dollar quotes hold is code, too."""
    parts = _parts(text)
    code = Code(text, *next(parts), reading)
    for offset in offsets:
        while offset >= code.end:
            code = Code(text, *next(parts), reading)
        yield offset, code.hiding(offset)


class Code:
    """Reads a part of a text once, from offset to rising offset."""

    def __init__(self, text: str, start: int, end: int, reading: Reading) -> None:
        self.text = text
        self.end = end
        self._reading = reading
        self._position = start
        self._last = Opaque(start, start)

    def hiding(self, offset: int) -> Opaque | None:
        """What the offset lies inside of, or None."""
        while self._position < offset:
            run = self._reading.code.match(self.text, self._position, offset)
            self._position = run.end() if run else offset
            if self._position < offset:
                self._last = Opaque(self._position, self._closing(self._position) or self._position + 1)
                self._position = self._last.end
        return self._last if self._last.start <= offset < self._last.end else None

    def _closing(self, start: int) -> int | None:
        """Where that ends which opens at `start`."""
        if _BLOCK_OPEN.match(self.text, start, self.end):
            # MySQL and SQLite do not nest comments, so that one with another inside may end at the first chance.
            close = self.text.find("*/", start + 2, self.end)
            return comment_end(self.text, start, self.end) or (close + 2 if close > 0 else None)
        match = self._reading.opaque.match(self.text, start, self.end)
        return match.end() if match else None


def _parts(text: str) -> Iterator[tuple[int, int]]:
    """The text, or what lies outside and inside its dollar quotes."""
    if "$" in text and _DOLLARS.search(text):
        yield from spans(text, POSTGRESQL)
    else:
        yield 0, len(text)
