"""A batch: what one call to the server gets, and where in its file it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.project.lexis import BLANKS
from ahjo_tasks.project.reader import behind
from ahjo_tasks.project.source import Lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ahjo_tasks.project.source import Source

_BLANK = re.compile(rf"[{BLANKS}]*+")


@dataclass(frozen=True, slots=True)
class Batch:
    """Text to send `count` times; its k-th line is line `line + k - 1` of the file.

    The text stands in the file as it is here, without the blanks around it; `line` and `column` count from 1.
    """

    text: str
    line: int
    column: int = 1
    count: int = 1


class Piece(NamedTuple):
    """A part of a text by its offsets. `tail` is a comment behind the separator that belongs to it."""

    start: int
    end: int
    times: int = 1
    tail: str = ""


class SourceWarning(NamedTuple):
    """Something legal that is probably not meant; `line` and `column` count from 1."""

    line: int
    column: int
    message: str


def cut(source: Source, pieces: Iterable[Piece]) -> list[Batch]:
    """The pieces as batches, without those that hold only blanks."""
    lines = Lines(source.text)
    batches = []
    for start, end, times, tail in pieces:
        text = source.text[start:end].strip(BLANKS)
        if text:
            batches.append(Batch(text + tail, *lines.at(behind(_BLANK, source.text, start)), times))
    return batches


def remarks(source: Source, found: Iterable[tuple[int, str]]) -> list[SourceWarning]:
    """Messages with their offsets as warnings, in the order of the text."""
    lines = Lines(source.text)
    return [SourceWarning(*lines.at(offset), message) for offset, message in sorted(found)]
