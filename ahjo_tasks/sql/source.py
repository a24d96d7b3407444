"""The text of a file: offsets become lines and columns, and mistakes become errors with file, line and column."""

from __future__ import annotations

import re
from itertools import accumulate, chain, repeat
from operator import sub
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


_LINE_FEED = re.compile("\n")


class SourceText(NamedTuple):
    """A text and the file it is from; `separator` is the word that ends a batch, in a dialect that has one."""

    text: str
    path: Path | None = None
    separator: str = "GO"

    def error(self, offset: int, message: str, *, hint: str | None = None) -> SourceError:
        """Make the error to raise about the character at `offset`."""
        line, column = LineIndex(self.text).position(offset)
        return SourceError(message, path=self.path, line=line, column=column, hint=hint)


class LineIndex:
    """Converts rising offsets to (line, column), reading each character once; LF, CRLF and CR end a line."""

    def __init__(self, text: str) -> None:
        self._text = with_line_feeds(text)
        self._offset = 0
        self._line = 1
        self._start = 0

    def position(self, offset: int) -> tuple[int, int]:
        """Give line and column of `offset`, from 1. Offsets must not fall from call to call."""
        self._line += self._text.count("\n", self._offset, offset)
        self._start = max(self._start, self._text.rfind("\n", self._offset, offset) + 1)
        self._offset = offset
        return self._line, offset - self._start + 1


def lines_and_columns(text: str, offsets: Sequence[int]) -> tuple[Iterable[int], Iterable[int]]:
    """Give the lines, and the columns, of rising offsets: as `LineIndex` does, much faster where there are many."""
    text = with_line_feeds(text)
    lines = accumulate(map(text.count, repeat("\n"), chain([0], offsets), offsets), initial=1)
    breaks = accumulate(map(text.rfind, repeat("\n"), chain([0], offsets), offsets), max)
    next(lines)
    return lines, map(sub, offsets, breaks)


def line_starts(text: str) -> list[int]:
    """List the offsets at which the lines of the text begin."""
    return [0, *(match.end() for match in _LINE_FEED.finditer(with_line_feeds(text)))]


def ascii_upper(text: str) -> str:
    """Convert a to z to upper case; the length stays. To find words in it is many times as fast as without case."""
    if text.isascii():
        return text.upper()
    return text.encode("utf-8", "surrogatepass").upper().decode("utf-8", "surrogatepass")


def with_line_feeds(text: str) -> str:
    """Give a text of the same length with a line feed at the end of each line break."""
    if text.count("\r") == text.count("\r\n"):
        return text
    return text.replace("\r\n", " \n").replace("\r", "\n")
