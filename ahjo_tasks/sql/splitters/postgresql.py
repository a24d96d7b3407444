"""PostgreSQL scripts: the whole file is one batch, for the server itself splits it.

What psql would do before the server sees the text is refused: backslash commands, and data behind COPY ... FROM STDIN.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import POSTGRESQL
from ahjo_tasks.sql.scanner import Reader, skip_gap
from ahjo_tasks.sql.splitters.batch import Batch, Piece, cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.source import Source

_GAP = POSTGRESQL.gap()
_LEAD = re.compile(_GAP)
_READER = Reader(POSTGRESQL, r"[;\\]", ";\\")
_ROUTINE = re.compile(rf"(?ai:CREATE\b{_GAP}(?:OR\b{_GAP}REPLACE\b{_GAP})?(?:FUNCTION|PROCEDURE)\b)")
_MARKS = Reader(POSTGRESQL, "[;()]", ";()")
_WORDS = Reader(POSTGRESQL, r"[;()]|(?ai:\b(?:BEGIN|CASE|END)\b)", ";()bBcCeE")
_NAME = r"(?:\"[^\"]*+\"|[\w$.])++"
_COPY = re.compile(rf"(?ai:COPY\b{_GAP}{_NAME}{_GAP}(?:\([^()]*+\){_GAP})?+FROM\b{_GAP}STDIN\b)")


def split(source: Source) -> list[Batch]:
    """One batch, or none where there is nothing but comments: drivers refuse to send that."""
    found = False
    for lead in statement_starts(source):
        if _COPY.match(source.text, lead):
            raise source.error(
                lead, "data inside a script needs psql", hint="Insert the rows, or load them from a file."
            )
        found = True
    return cut(source, [(0, len(source.text), 1, "")]) if found else []


def statement_starts(source: Source) -> Iterator[int]:
    """Where statements begin; those inside BEGIN ATOMIC count, too. Raises SourceError behind what is no SQL."""
    text, start = source.text, 0
    while (lead := skip_gap(_LEAD, source.text, start)) < len(text):
        yield lead
        start = _READER.advance(source, lead)
        if text.startswith("\\", start):
            raise source.error(start, "a backslash command of psql is no SQL")
        start += 1


def statements(source: Source) -> list[Batch]:
    """The statements one by one, without their semicolons, for those that the server takes only alone."""
    split(source)  # refuses what is no SQL
    start = 0
    pieces: list[Piece] = []
    while (lead := skip_gap(_LEAD, source.text, start)) < len(source.text):
        end = _end(source, lead)
        pieces.append((lead, end, 1, ""))
        start = end + 1
    return cut(source, pieces)


def _end(source: Source, start: int) -> int:
    """Where the statement ends: semicolons in parentheses and between BEGIN ATOMIC and END are its own."""
    open_ = 0
    routine = _ROUTINE.match(source.text, start)
    reader = _WORDS if routine else _MARKS
    while (start := reader.advance(source, start)) < len(source.text):
        word = source.text[start : start + 5].upper()
        if word[0] == ";" and open_ <= 0:
            return start
        if word[0] == "(" or word.startswith(("BEGIN", "CASE")):
            open_ += 1
        elif word[0] == ")" or word.startswith("END"):
            open_ -= 1
        start += 1
    return start
