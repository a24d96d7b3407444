"""Byte order marks: one at the start of a file, and more where files were joined."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from ahjo_tasks.project.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.project.lexis import Lexis
    from ahjo_tasks.project.source import Source

MARK = "\ufeff"


def without_marks(source: Source, lexis: Lexis) -> Source:
    """The source without byte order marks, except in strings, names and comments."""
    if MARK not in source.text:
        return source
    source = replace(source, text=source.text.removeprefix(MARK))
    return replace(source, text="".join(_parts(source, lexis)))


def _parts(source: Source, lexis: Lexis) -> Iterator[str]:
    start = 0
    while start < len(source.text):
        end = _reader(lexis).advance(source, start)
        yield source.text[start:end]
        start = end + 1


@lru_cache
def _reader(lexis: Lexis) -> Reader:
    return Reader(lexis, MARK, MARK, lenient=True)
