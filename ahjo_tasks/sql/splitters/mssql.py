"""Splitter of T-SQL: a line that begins with GO ends a batch.

The rules are those of Microsoft's own batch parsers (SMO, go-sqlcmd). Two are decisions: `GO 0` runs a batch zero
times, and GO after a block comment on the same line is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.scanner import OpaqueScanner, Scanner
from ahjo_tasks.sql.source import with_line_feeds
from ahjo_tasks.sql.splitters import Batches, SourceWarning, Splitter, to_warnings
from ahjo_tasks.sql.tsql import check_first_in_batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.source import SourceText
    from ahjo_tasks.sql.splitters import Span

MOST = 2_147_483_647
"""The largest count of a batch."""

_TAIL = r"[ \t]*+(?:--[^\r\n]*+)?(?=[\r\n]|\Z)"
_MARK_BEHIND = re.compile(r"[0-9 \t]*+(;|/\*)")
_LOOK_BACK = 200
"""Characters before a separator that are searched for an alias without its name."""


@dataclass(frozen=True, slots=True)
class _Grammar:
    """The expressions for one separator word."""

    first: re.Pattern[str]
    line: re.Pattern[str]
    opaque: OpaqueScanner
    stray: re.Pattern[str]
    stray_scanner: Scanner


def split(source: SourceText) -> Batches:
    """Split a T-SQL script. Comments alone are a batch, blanks alone are not."""
    return Batches(source.text, _spans(source))


def warnings(source: SourceText) -> list[SourceWarning]:
    """Warn of odd separators, and of the separator's word where it separates nothing."""
    if _all_plain(source):
        return []
    grammar = _grammar(source.separator)
    return to_warnings(source, [*_odd_lines(source, grammar), *_stray_words(source, grammar)])


def _spans(source: SourceText) -> Iterator[Span]:
    start = 0
    for line, count in _lines(source, _grammar(source.separator)):
        yield start, line.start(), count, ""
        start = line.end()
    yield start, len(source.text), 1, ""


@lru_cache
def _grammar(separator: str) -> _Grammar:
    word = rf"(?ai:{re.escape(separator)})"
    line = rf"(?P<go>[ \t]*+{word}(?=[ \t\r\n$/\-'\"(\[!]|\Z))[ \t]*+(?:(?P<count>[0-9]*+){_TAIL}|)?+"
    stray = rf"(?<![\w@#$.]){word}[ \t]*+(?:[0-9]++[ \t]*+)?;?{_TAIL}"
    return _Grammar(
        first=re.compile(line),
        line=re.compile(rf"\n{line}"),
        opaque=OpaqueScanner(MSSQL),
        stray=re.compile(stray),
        stray_scanner=Scanner(MSSQL, stray, separator[0].lower() + separator[0].upper()),
    )


def _lines(source: SourceText, grammar: _Grammar) -> Iterator[tuple[re.Match[str], int]]:
    """Yield the separator lines, each with the line feed before it, and the count of the batch before it."""
    source, start = source._replace(text=with_line_feeds(source.text)), 0
    if first := grammar.first.match(source.text):
        yield first, _count(source, first)
        start = first.end()
    for line in grammar.line.finditer(source.text, start):
        end = line.start()
        if start <= end:
            start = grammar.opaque.end_of_opaque(source, start, end)
        if start <= end:  # in no string, name or comment
            yield line, _count(source, line)
            start = line.end()
    grammar.opaque.end_of_opaque(source, start, len(source.text))  # raises for what is never closed


def _count(source: SourceText, line: re.Match[str]) -> int:
    count = line["count"]
    if count == "":
        return 1
    if count is None:
        message = f"only a count or a -- comment may follow {source.separator} on its line"
        raise source.error(line.end(), message, hint=_advice(source, line.end()))
    digits = count.lstrip("0") or "0"
    if len(digits) > len(str(MOST)) or int(digits) > MOST:
        raise source.error(line.start("count"), f"a batch runs at most {MOST} times")
    return int(digits)


def _advice(source: SourceText, offset: int) -> str:
    """Say what to do with what follows the separator at an offset."""
    mark = _MARK_BEHIND.match(source.text, offset)
    if mark is None:
        return "Write it on the next line."
    if mark[1] == ";":
        return f"Write {source.separator} without the semicolon."
    return "Write the comment with --, or on a line of its own."


def _all_plain(source: SourceText) -> bool:
    """Test whether the separator's word is always alone on its line, and no alias ends the line before it."""
    text, word = f"\n{source.text.upper()}\n", source.separator.upper()
    end = 0
    while (start := text.find(word, end)) >= 0:
        end = start + len(word)
        before, after = text[start - 1], text[end]
        if before.isalnum() or after.isalnum():
            continue
        if (
            before not in "\r\n"
            or after not in "\r\n"
            or text[max(0, start - _LOOK_BACK) : start].rstrip().endswith("AS")
        ):
            return False
    return True


def _odd_lines(source: SourceText, grammar: _Grammar) -> Iterator[tuple[int, str]]:
    for line, count in _lines(source, grammar):
        if not count:
            yield line.start("go"), f"{source.separator} 0: the batch before this line does not run"
        if _lacks_alias(source.text[max(0, line.start() - _LOOK_BACK) : line.start()]):
            yield line.start("go"), f"{source.separator} separates, though it looks like an alias here"


def _lacks_alias(before: str) -> bool:
    before = before.rstrip(" \t")
    return before[-3:].lower() in {" as", "\tas", "\nas"} and "--" not in before[before.rfind("\n") + 1 :]


def _stray_words(source: SourceText, grammar: _Grammar) -> Iterator[tuple[int, str]]:
    if not grammar.stray.search(source.text):
        return
    end = grammar.stray_scanner.find_next(source, 0)
    while stray := grammar.stray.match(source.text, end):
        if message := _stray(source, stray):
            yield end, message
        end = grammar.stray_scanner.find_next(source, stray.end())


def _stray(source: SourceText, stray: re.Match[str]) -> str | None:
    text, word = source.text, source.separator
    start = max(text.rfind("\n", 0, stray.start()), text.rfind("\r", 0, stray.start())) + 1
    before = text[start : stray.start()].strip(" \t")
    if before:
        where = "after a comment" if before.endswith("*/") else "at the end of a line"
        return f"{word} {where} is text: a separator needs a line of its own"
    return f"{word} with a semicolon is text, not a separator" if ";" in stray[0].partition("--")[0] else None


SPLITTER = Splitter(MSSQL, split, warnings, check_first_in_batch)
