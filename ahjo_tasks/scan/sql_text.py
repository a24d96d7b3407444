"""The SQL in a file: all of it, or the strings of a Python module, or those that a script runs as dynamic SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.lexer import POSTGRESQL
from ahjo_tasks.sql.scanner import comment_end, regions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.scan.content import Content

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
        yield from regions(text, POSTGRESQL)
    else:
        yield 0, len(text)


_DYNAMIC = re.compile(
    r"(?:\b(?:exec|execute)(?:\s+immediate)?[\s(]*|\bsp_executesql\s+(?:@\w+\s*=\s*)?|\bprepare\s+\w+\s+from\s*)N?\Z",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(r"(@\w+)[^;'@]{0,60}=\s*N?\Z", re.IGNORECASE)
_EXECUTED = re.compile(r"\b(?:exec(?:ute)?[\s(]+|sp_executesql\s+(?:@\w+\s*=\s*)?)(@\w+)", re.IGNORECASE)
_LOOK_BACK = 120


@dataclass(frozen=True)
class Passage:
    """A text that may be SQL. `start` is its place in the file; where it is not `exact`, all of it stands there.

    A text that is not `quoted` by SQL's rules has no comments and strings that hide anything.
    """

    text: str
    start: int = 0
    end: int = 0
    exact: bool = True
    quoted: bool = True

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A place in the passage as one in the file."""
        return (self.start + start, self.start + end) if self.exact else (self.start, self.end)


class Place(NamedTuple):
    """Where a statement may begin: the text to read it from, and how far that text is shifted."""

    text: str
    offset: int
    shift: int = 0

    @property
    def start(self) -> int:
        """The place in the passage."""
        return self.shift + self.offset


def passages(content: Content) -> Iterator[Passage]:
    """The SQL of a file. Raises UnreadableError for a Python module with mistakes."""
    if not content.is_python:
        yield Passage(content.text, quoted=content.is_sql)
        return
    for literal in content.python.strings():
        yield Passage(literal.value, literal.inner if literal.exact else literal.start, literal.end, literal.exact)


def statement_places(passage: Passage, verbs: Sequence[str]) -> Iterator[Place]:
    """Where the verbs stand in code, also in the code of dynamic SQL, in the order of the text."""
    offsets = _occurrences(passage.text, verbs)
    if not passage.quoted or not offsets:
        yield from (Place(passage.text, offset) for offset in offsets)
        return
    found: dict[int, Place] = {}
    for reading in readings(passage.text):
        for place in _in_code(passage.text, offsets, reading):
            found.setdefault(place.start, place)
    yield from (found[start] for start in sorted(found))


def _in_code(text: str, offsets: Sequence[int], reading: Reading) -> Iterator[Place]:
    inner: str | None = None
    last: Opaque | None = None
    for offset, hiding in places(text, offsets, reading):
        if hiding is None:
            yield Place(text, offset)
            continue
        if hiding != last:
            last, inner = hiding, _dynamic(text, hiding)
        if inner is not None:
            start = hiding.start + 1
            yield from (
                Place(place.text, place.offset, start + place.shift)
                for place in _in_code(inner, [offset - start], reading)
            )


def _dynamic(text: str, hiding: Opaque) -> str | None:
    """The code in a string that is executed, as long as it was; None for any other string.

    Two apostrophes in it become an apostrophe and a blank, so that offsets stay.
    """
    if text[hiding.start] != "'":
        return None
    before = text[max(0, hiding.start - _LOOK_BACK) : hiding.start]
    if not _DYNAMIC.search(before):
        variable = _ASSIGNED.search(before)
        if not variable or variable[1].lower() not in _executed(text):
            return None
    return text[hiding.start + 1 : hiding.end - 1].replace("''", "' ")


@lru_cache(maxsize=2)
def _executed(text: str) -> frozenset[str]:
    """The variables whose value a script executes."""
    return frozenset(match[1].lower() for match in _EXECUTED.finditer(text))


def _occurrences(text: str, words: Sequence[str]) -> list[int]:
    """Where the words stand, whatever their case. Looking for each is quicker than an expression for all."""
    lower = text.lower()
    if len(lower) != len(text):  # a few letters have two in lower case
        return [match.start() for match in re.finditer("|".join(words), text, re.IGNORECASE)]
    found = []
    for word in words:
        start = lower.find(word)
        while start >= 0:
            found.append(start)
            start = lower.find(word, start + 1)
    return sorted(found)
