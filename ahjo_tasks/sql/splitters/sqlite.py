"""Splitter of SQLite: a statement ends at its semicolon, a trigger at the one after its last END.

Triggers are recognised as `sqlite3_complete` documents it: from CREATE TRIGGER on, only `; END ;` closes one. A literal
that is never closed is the last statement, with a warning: to reject it is left to SQLite.
"""

from __future__ import annotations

import re
from string import digits
from typing import TYPE_CHECKING

from ahjo_tasks.errors import SourceError
from ahjo_tasks.sql.lexer import BLANKS, SQLITE, letters
from ahjo_tasks.sql.scanner import Scanner, end_of_match
from ahjo_tasks.sql.source import with_line_feeds
from ahjo_tasks.sql.splitters import Batches, SourceWarning, Span, Splitter, to_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.source import SourceText

_GAP = SQLITE.gap()
_LEAD = re.compile(_GAP)
_NOTHING = re.compile(rf"[;{BLANKS}]*+")
_WORD_END = rf"(?!{letters(digits + '$')})"
_EXPLAIN = rf"(?:EXPLAIN{_WORD_END}{_GAP}(?:QUERY{_WORD_END}{_GAP}PLAN{_WORD_END}{_GAP}|)?+|)?+"
_CREATE = rf"CREATE{_WORD_END}{_GAP}(?:TEMP(?:ORARY|)?+{_WORD_END}{_GAP}|)*+TRIGGER{_WORD_END}"
_TRIGGER = re.compile(rf"(?ai:{_EXPLAIN}{_CREATE})")
_TRIGGER_HEADS = frozenset("cCeE")
_LAST = re.compile(rf"(?ai:;{_GAP}END{_WORD_END}{_GAP})(?=;|\Z)")
_SCANNER = Scanner(SQLITE, ";", ";", lenient=True)
_STRICT_SCANNER = Scanner(SQLITE, "(?!)", "")


def split(source: SourceText) -> Batches:
    """Split a script into statements, without semicolons; comments alone are none. SQLite reads up to a NUL."""
    readable = source._replace(text=source.text.partition("\0")[0])
    return Batches(readable.text, _spans(readable))


def warnings(source: SourceText) -> list[SourceWarning]:
    """Warn of what SQLite does not read, or not as it was meant."""
    end = source.text.find("\0")
    messages = [] if end < 0 else to_warnings(source, [(end, "a NUL character: SQLite reads no further")])
    try:
        _STRICT_SCANNER.find_next(source, 0, None if end < 0 else end)
    except SourceError as error:
        messages.insert(0, SourceWarning(error.line or 1, error.column or 1, error.message))
    return messages


def _spans(source: SourceText) -> Iterator[Span]:
    text, start = source.text, 0
    while (start := end_of_match(_NOTHING, text, start)) < len(text):
        lead = end_of_match(_LEAD, text, start)
        if text.startswith(".", lead):
            raise source.error(lead, "this is a dot command of the sqlite3 shell, not SQL")
        end = _end(source, lead)
        if end >= len(text):
            _refuse_open_quote(source, lead)
        if lead < end:
            yield start, end, 1, ""
        start = end


def _refuse_open_quote(source: SourceText, start: int) -> None:
    """Raise SourceError for a string or name that is never closed; SQLite takes a comment that is not."""
    try:
        _STRICT_SCANNER.find_next(source, start)
    except SourceError as error:
        line = with_line_feeds(source.text).split("\n")[(error.line or 1) - 1]
        if not line.startswith("/*", (error.column or 1) - 1):
            raise


def _end(source: SourceText, start: int) -> int:
    end = _SCANNER.find_next(source, start)
    if source.text[start : start + 1] not in _TRIGGER_HEADS or not _TRIGGER.match(source.text, start):
        return end
    while end < len(source.text):
        if last := _LAST.match(source.text, end):
            return last.end()
        end = _SCANNER.find_next(source, end + 1)
    return end


SPLITTER = Splitter(SQLITE, split, warnings)
