"""A text with its place of origin: offsets become lines and columns, and mistakes become errors that name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path


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
        self._text = text
        self._returns = "\r" in text
        self._offset = 0
        self._line = 1
        self._start = 0

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of `offset`, from 1. Offsets must not fall from call to call."""
        span = (self._offset, offset)
        self._line += self._text.count("\n", *span)
        last = self._text.rfind("\n", *span)
        if self._returns:
            self._line += self._text.count("\r", *span) - self._text.count("\r\n", *span)
            last = max(last, self._text.rfind("\r", *span))
        self._start = max(self._start, last + 1)
        self._offset = offset
        return self._line, offset - self._start + 1
