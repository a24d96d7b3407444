"""The SQL in a file: all of it, or the strings of a Python module, or those that a script runs as dynamic SQL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.scan.sql_code import places, readings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.scan.content import Content
    from ahjo_tasks.scan.sql_code import Opaque, Reading

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
