"""SQLite scripts: a statement ends at its semicolon, a trigger at the one behind its last END.

A trigger is told as `sqlite3_complete` documents it: from CREATE TRIGGER on, only `; END ;` closes it. What SQLite
itself refuses is left to it: a literal that is never closed is the last statement, and a warning.
"""

from __future__ import annotations

import re
from dataclasses import replace
from string import digits
from typing import TYPE_CHECKING

from ahjo_tasks.errors import SourceError
from ahjo_tasks.sql.lexer import BLANKS, SQLITE, letters
from ahjo_tasks.sql.scanner import Reader, behind
from ahjo_tasks.sql.splitters.batch import Batch, Piece, SourceWarning, cut, remarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.source import Source

_GAP = SQLITE.gap()
_LEAD = re.compile(_GAP)
_NOTHING = re.compile(rf"[;{BLANKS}]*+")
_WORD_END = rf"(?!{letters(digits + '$')})"
_EXPLAIN = rf"(?:EXPLAIN{_WORD_END}{_GAP}(?:QUERY{_WORD_END}{_GAP}PLAN{_WORD_END}{_GAP})?+)?+"
_CREATE = rf"CREATE{_WORD_END}{_GAP}(?:TEMP(?:ORARY)?+{_WORD_END}{_GAP})*+TRIGGER{_WORD_END}"
_TRIGGER = re.compile(rf"(?ai:{_EXPLAIN}{_CREATE})")
_TRIGGER_HEADS = frozenset("cCeE")
_LAST = re.compile(rf"(?ai:;{_GAP}END{_WORD_END}{_GAP})(?=;|\Z)")
_READER = Reader(SQLITE, ";", ";", lenient=True)
_STRICT = Reader(SQLITE, "(?!)", "")


def split(source: Source) -> list[Batch]:
    """The statements of a script, without their semicolons; comments alone are none. SQLite reads up to a NUL."""
    readable = replace(source, text=source.text.partition("\0")[0])
    return cut(readable, _pieces(readable))


def warnings(source: Source) -> list[SourceWarning]:
    """What SQLite would not read, or not in the way it was meant."""
    end = source.text.find("\0")
    found = [] if end < 0 else remarks(source, [(end, "a NUL character: SQLite reads no further")])
    try:
        _STRICT.advance(source, 0, None if end < 0 else end)
    except SourceError as error:
        found.insert(0, SourceWarning(error.line or 1, error.column or 1, error.message))
    return found


def _pieces(source: Source) -> Iterator[Piece]:
    text, start = source.text, 0
    while (start := behind(_NOTHING, text, start)) < len(text):
        lead = behind(_LEAD, text, start)
        if text.startswith(".", lead):
            raise source.error(lead, "a dot command of the sqlite3 shell is no SQL")
        end = _end(source, lead)
        if lead < end:
            yield start, end, 1, ""
        start = end


def _end(source: Source, start: int) -> int:
    end = _READER.advance(source, start)
    if source.text[start : start + 1] not in _TRIGGER_HEADS or not _TRIGGER.match(source.text, start):
        return end
    while end < len(source.text):
        if last := _LAST.match(source.text, end):
            return last.end()
        end = _READER.advance(source, end + 1)
    return end
