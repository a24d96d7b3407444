"""A batch: what one call to the server gets, and where in its file it stands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.project.lexis import BLANKS
from ahjo_tasks.project.source import Lines, lines_and_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ahjo_tasks.project.source import Source

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
