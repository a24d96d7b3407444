"""Split scripts into batches: what all splitters share; the module of a database is imported by its dialect alone.

A batch goes to the server in one call. The rules are those of each database's own command line tools.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from itertools import islice, repeat
from operator import eq
from typing import TYPE_CHECKING, NamedTuple, overload

from ahjo_tasks.errors import SourceError
from ahjo_tasks.sql.lexer import BLANKS
from ahjo_tasks.sql.scanner import Scanner
from ahjo_tasks.sql.source import LineIndex, SourceText, lines_and_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from ahjo_tasks.sql.lexer import Syntax


BOM = "\ufeff"

Span = tuple[int, int, int, str]
"""Start and end of a part of a text, how often it runs, and the comment after its separator that belongs to it."""


class Batch(NamedTuple):
    """Text to send `count` times; its k-th line is line `line + k - 1` of the file.

    The text stands in the file as it is here, without the blanks around it; `line` and `column` count from 1.
    """

    text: str
    line: int
    column: int = 1
    count: int = 1  # type: ignore[assignment]  # a tuple's own count gives way

    def error(self, message: str, path: Path | None, hint: str) -> SourceError:
        """Return an error at the place of the batch, to be raised."""
        return SourceError(message, path=path, line=self.line, column=self.column, hint=hint)


class Batches(Sequence[Batch]):
    """The batches of a text. Each is made when it is asked for: of a large file the text alone is in memory."""

    def __init__(self, text: str, spans: Iterable[Span]) -> None:
        self._text = text
        self._starts, self._ends = array("Q"), array("Q")
        self._counts: dict[int, int] = {}
        self._tails: dict[int, str] = {}
        for start, end, count, tail in spans:
            if part := text[start:end].strip(BLANKS):
                if count != 1:
                    self._counts[len(self._starts)] = count
                if tail:
                    self._tails[len(self._starts)] = tail
                first = start if text[start] == part[0] else text.index(part[0], start)
                self._starts.append(first)
                self._ends.append(first + len(part))

    def __len__(self) -> int:
        """Return how many batches there are."""
        return len(self._starts)

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches, in order."""
        plain = map(self._text.__getitem__, map(slice, self._starts, self._ends))
        texts = map(self._text_of, range(len(self))) if self._tails else plain
        counts = map(self._counts.get, range(len(self)), repeat(1))
        new = partial(tuple.__new__, Batch)  # many times as fast as Batch()
        return map(new, zip(texts, *lines_and_columns(self._text, self._starts), counts, strict=True))

    @overload
    def __getitem__(self, index: int) -> Batch: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Batch]: ...

    def __getitem__(self, index: int | slice) -> Batch | Sequence[Batch]:
        """Return the batch at an index, or a list of several."""
        if isinstance(index, slice):
            return list(islice(self, *index.indices(len(self))))
        number = range(len(self))[index]
        lines, columns = self._places
        return Batch(self._text_of(number), lines[number], columns[number], self._counts.get(number, 1))

    @cached_property
    def _places(self) -> tuple[array[int], array[int]]:
        """The lines and columns of all batches: to count up to each anew takes the square of the time."""
        lines, columns = lines_and_columns(self._text, self._starts)
        return array("Q", lines), array("Q", columns)

    def __eq__(self, other: object) -> bool:
        """Compare with any sequence of batches."""
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]  # as of a list

    def _text_of(self, number: int) -> str:
        return self._text[self._starts[number] : self._ends[number]] + self._tails.get(number, "")


class SourceWarning(NamedTuple):
    """Something legal that is probably not meant; `line` and `column` count from 1."""

    line: int
    column: int
    message: str


def _no_warnings(_: SourceText) -> list[SourceWarning]:
    return []


def _no_check(_batches: Iterable[Batch], _path: Path | None) -> None:
    """Accept all batches."""


@dataclass(frozen=True)
class Splitter:
    """The splitter of a dialect: splits scripts, warns of them, and checks batches before any of them runs."""

    syntax: Syntax
    splits: Callable[[SourceText], Batches]
    warns: Callable[[SourceText], list[SourceWarning]] = _no_warnings
    check: Callable[[Sequence[Batch], Path | None], None] = _no_check
    """Raises SourceError for a batch that the server would reject."""

    def split(self, text: str, *, path: Path | None = None, separator: str = "GO") -> Batches:
        """Split a script into batches in the order to run them; `separator` is the word that ends a batch of T-SQL.

        Raises SourceError, with the position in the file at `path`, for a text that cannot be split.
        """
        return self.splits(self._source(text, path, separator))

    def warnings(self, text: str, *, path: Path | None = None, separator: str = "GO") -> list[SourceWarning]:
        """List what is probably not meant, in the order of the text. Raises SourceError where `split` does."""
        return self.warns(self._source(text, path, separator))

    def _source(self, text: str, path: Path | None, separator: str) -> SourceText:
        return strip_bom(SourceText(text, path, separator), self.syntax)


def strip_bom(source: SourceText, syntax: Syntax) -> SourceText:
    """Remove byte order marks, except in strings, names and comments."""
    if BOM not in source.text:
        return source
    source = source._replace(text=source.text.removeprefix(BOM))
    return source._replace(text="".join(_parts(source, syntax)))


def _parts(source: SourceText, syntax: Syntax) -> Iterator[str]:
    start = 0
    while start < len(source.text):
        end = _bom_scanner(syntax).find_next(source, start)
        yield source.text[start:end]
        start = end + 1


@lru_cache
def _bom_scanner(syntax: Syntax) -> Scanner:
    return Scanner(syntax, BOM, BOM, lenient=True)


def to_warnings(source: SourceText, messages: Iterable[tuple[int, str]]) -> list[SourceWarning]:
    """Make warnings of offsets and messages, in the order of the text."""
    lines = LineIndex(source.text)
    return [SourceWarning(*lines.position(offset), message) for offset, message in sorted(messages)]
