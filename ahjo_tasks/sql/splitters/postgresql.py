"""Splitter of PostgreSQL: the file is one batch, because the server splits it by itself.

Only COPY ... FROM STDIN with its rows is a batch of its own. Commands of psql, which the server never sees, are dropped
where they change nothing, and rejected otherwise.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import POSTGRESQL
from ahjo_tasks.sql.scanner import end_of_match, skip_gap
from ahjo_tasks.sql.source import SourceText
from ahjo_tasks.sql.splitters import Batches, Span, Splitter
from ahjo_tasks.sql.splitters.psql import (
    GAP,
    LEAD,
    SCANNERS,
    Rows,
    StringSetting,
    copy_rows,
    scanners,
    without_commands,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.scanner import Scanner

_ROUTINE = re.compile(rf"(?ai:CREATE\b{GAP}(?:OR\b{GAP}REPLACE\b{GAP})?(?:FUNCTION|PROCEDURE)\b)")
LONGEST_CALL = 1024 * 1024
"""Number of characters after which the next statement of a large file begins another call."""
_INDIVISIBLE = re.compile(
    rf"(?ai:CREATE\b{GAP}(?:OR\b{GAP}REPLACE\b{GAP})?(?:FUNCTION|PROCEDURE|RULE)"
    r"|BEGIN|START|COMMIT|END|ABORT|ROLLBACK|PREPARE|SAVEPOINT|RELEASE)\b(?!\$)"
)
"""A statement that may hold others, or says itself where transactions begin and end."""
_MARK_SCANNERS = scanners("[;()]", ";()")
_COLUMN = rf"(?ai:(?:\.|\b(?<!\$)AS\b){GAP}(?:CASE|END)\b)"
"""The name of a column, which may be a reserved word after a dot or AS."""
_NAMED_COLUMN = re.compile(_COLUMN)
_WORD_SCANNERS = scanners(
    rf"[;()]|{_COLUMN}|(?ai:\b(?<!\$)(?:BEGIN(?={GAP}ATOMIC\b)|CASE|END)\b(?!\$))", ";().aAbBcCeE"
)
"""`begin` may be the name of a parameter or column."""


def split(source: SourceText) -> Batches:
    """Give one batch, or none where there is nothing but comments: drivers refuse to send that.

    Where there are rows of COPY, they are batches of their own, and so is what is before and after them. Where strings
    are to be read with backslashes, a batch ends with the statement that says so. A large file is sent in parts.
    """
    source = without_commands(source)
    return Batches(source.text, _spans(source, LONGEST_CALL))


def _spans(source: SourceText, most: int) -> list[Span]:
    """List the parts of a text, those of more than `most` characters divided where all statements allow it."""
    spans: list[Span] = []
    start, empty, setting = 0, True, False
    divided = len(source.text) > most
    for lead, rows, sets_strings in _statements(source):
        if divided and _INDIVISIBLE.match(source.text, lead):
            return _spans(source, len(source.text))
        if setting or lead - start >= most:  # the server reads a whole call before it sets anything
            spans.append((start, lead, 1, ""))
            start = lead
        setting = sets_strings
        if rows:
            spans += [(start, lead, 1, "")] * (not empty) + [(lead, rows.after, 1, "")]
            start = rows.after
        empty = rows is not None or (empty and source.text[lead] == ";")
    return spans if empty else [*spans, (start, len(source.text), 1, "")]


def statement_starts(source: SourceText) -> Iterator[int]:
    """Yield the offsets of statements; those inside BEGIN ATOMIC count, too. Raises SourceError at what is no SQL."""
    return (lead for lead, _rows, _sets in _statements(without_commands(source)))


def _statements(source: SourceText) -> Iterator[tuple[int, Rows | None, bool]]:
    """Yield the offset of each statement, the rows below it, and whether it sets how the next ones' strings are read.

    Raises SourceError for a comment without an end.
    """
    text, start, setting = source.text, 0, StringSetting(source.text)
    while (lead := skip_gap(LEAD, text, start)) < len(text):
        end = SCANNERS[setting.escapes].find_next(source, lead)
        rows = copy_rows(source, lead, end)
        yield lead, rows, setting.read(lead)
        start = rows.after if rows else end + 1
    SCANNERS[setting.escapes].find_next(source, min(start, len(text)))


def statements(source: SourceText) -> Batches:
    """Split into statements, without their semicolons, for those that the server takes only alone."""
    source = without_commands(source)
    return Batches(source.text, ((start, end, 1, "") for start, end in statement_spans(source)))


def statement_spans(source: SourceText) -> Iterator[tuple[int, int]]:
    """Yield start and end of each statement, rows of COPY included; a routine with a body is one statement."""
    text, start, setting = source.text, 0, StringSetting(source.text)
    while (lead := skip_gap(LEAD, text, start)) < len(text):
        kind = _WORD_SCANNERS if _ROUTINE.match(text, lead) else _MARK_SCANNERS
        end = _end(source, lead, kind[setting.escapes])
        setting.read(lead)
        rows = copy_rows(source, lead, end)
        yield lead, rows.after if rows else end
        start = rows.after if rows else end + 1
    SCANNERS[setting.escapes].find_next(source, min(start, len(text)))  # raises for a comment that is never closed


def rows_of_batch(text: str) -> Rows | None:
    """Find the rows of a batch that is COPY ... FROM STDIN; None where the batch is another one."""
    if "\n\\." not in text:
        return None
    source = SourceText(text)
    return copy_rows(source, 0, SCANNERS[False].find_next(source, 0))


def copy_parts(text: str) -> tuple[str, str] | None:
    """Return the COPY statement of a batch and the rows below it; None where the batch is another one."""
    rows = rows_of_batch(text)
    return (text[: rows.statement_end], text[rows.start : rows.end]) if rows else None


def _end(source: SourceText, start: int, scanner: Scanner) -> int:
    """Give the end of the statement: semicolons in parentheses and between BEGIN ATOMIC and END are its own."""
    depth = 0
    while (start := scanner.find_next(source, start)) < len(source.text):
        word = source.text[start : start + 5].upper()
        if word[0] == ";" and depth <= 0:
            return start
        if word[0] == "(" or word.startswith(("BEGIN", "CASE")):
            depth += 1
        elif word[0] == ")" or word.startswith("END"):
            depth -= 1
        start = max(start + 1, end_of_match(_NAMED_COLUMN, source.text, start))
    return start


SPLITTER = Splitter(POSTGRESQL, split)
STATEMENT_SPLITTER = Splitter(POSTGRESQL, statements)
