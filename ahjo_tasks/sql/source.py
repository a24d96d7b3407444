"""A text with its place of origin: offsets become lines and columns, and mistakes become errors that name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate, repeat
from operator import sub
from typing import TYPE_CHECKING

from ahjo_tasks.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


_LINE_FEED = re.compile("\n")


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a file, and the word that ends a batch in it, where a word does."""

    text: str
    path: Path | None = None
    separator: str = "GO"

    def error(self, offset: int, message: str, *, hint: str | None = None) -> SourceError:
        """The error to raise about the character at `offset`."""
        line, column = Lines(self.text).at(offset)
        return SourceError(message, path=self.path, line=line, column=column, hint=hint)


class Lines:
    """Turns rising offsets into (line, column), looking at each character once; LF, CRLF and CR end a line."""

    def __init__(self, text: str) -> None:
        self._text = with_line_feeds(text)
        self._offset = 0
        self._line = 1
        self._start = 0

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of `offset`, from 1. Offsets must not fall from call to call."""
        self._line += self._text.count("\n", self._offset, offset)
        self._start = max(self._start, self._text.rfind("\n", self._offset, offset) + 1)
        self._offset = offset
        return self._line, offset - self._start + 1


def lines_and_columns(text: str, offsets: Sequence[int]) -> tuple[Iterable[int], Iterable[int]]:
    """The lines, and the columns, of rising offsets: as `Lines` tells them, and much quicker where there are many."""
    text, before = with_line_feeds(text), [0, *offsets]
    lines = accumulate(map(text.count, repeat("\n"), before, offsets), initial=1)
    breaks = accumulate(map(text.rfind, repeat("\n"), before, offsets), max)
    next(lines)
    return lines, map(sub, offsets, breaks)


def line_starts(text: str) -> list[int]:
    """Where each line of the text begins."""
    return [0, *(found.end() for found in _LINE_FEED.finditer(with_line_feeds(text)))]


def ascii_upper(text: str) -> str:
    """The text as long as before, with A to Z for a to z: in it words are found many times as fast as without case."""
    return text.encode("utf-8", "surrogatepass").upper().decode("utf-8", "surrogatepass")


def with_line_feeds(text: str) -> str:
    """The text as long as before, and with a line feed at the end of each line break."""
    if text.count("\r") == text.count("\r\n"):
        return text
    return text.replace("\r\n", " \n").replace("\r", "\n")
