"""A batch: what one call to the server gets, and where in its file it stands."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.lexer import BLANKS
from ahjo_tasks.sql.scanner import Reader
from ahjo_tasks.sql.source import Lines, lines_and_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ahjo_tasks.sql.lexer import Syntax
    from ahjo_tasks.sql.source import Source

MARK = "\ufeff"


def strip_bom(source: Source, syntax: Syntax) -> Source:
    """The source without byte order marks, except in strings, names and comments."""
    if MARK not in source.text:
        return source
    source = replace(source, text=source.text.removeprefix(MARK))
    return replace(source, text="".join(_parts(source, syntax)))


def _parts(source: Source, syntax: Syntax) -> Iterator[str]:
    start = 0
    while start < len(source.text):
        end = _reader(syntax).advance(source, start)
        yield source.text[start:end]
        start = end + 1


@lru_cache
def _reader(syntax: Syntax) -> Reader:
    return Reader(syntax, MARK, MARK, lenient=True)


Piece = tuple[int, int, int, str]
"""Where a part of a text begins and ends, how often it runs, and a comment behind its separator that belongs to it."""


class Batch(NamedTuple):
    """Text to send `count` times; its k-th line is line `line + k - 1` of the file.

    The text stands in the file as it is here, without the blanks around it; `line` and `column` count from 1.
    """

    text: str
    line: int
    column: int = 1
    count: int = 1  # type: ignore[assignment]  # a tuple's own count gives way


class SourceWarning(NamedTuple):
    """Something legal that is probably not meant; `line` and `column` count from 1."""

    line: int
    column: int
    message: str


def cut(source: Source, pieces: Iterable[Piece]) -> list[Batch]:
    """The pieces as batches, without those that hold only blanks."""
    whole, texts, starts, counts = source.text, [], [], []
    for start, end, times, tail in pieces:
        if text := whole[start:end].strip(BLANKS):
            texts.append(text + tail)
            starts.append(whole.index(text[0], start))
            counts.append(times)
    new = partial(tuple.__new__, Batch)  # many times as fast as Batch()
    return list(map(new, zip(texts, *lines_and_columns(whole, starts), counts, strict=True)))


def remarks(source: Source, found: Iterable[tuple[int, str]]) -> list[SourceWarning]:
    """Messages with their offsets as warnings, in the order of the text."""
    lines = Lines(source.text)
    return [SourceWarning(*lines.at(offset), message) for offset, message in sorted(found)]
