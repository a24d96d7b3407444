"""T-SQL scripts: a line that begins with GO ends a batch.

The rules are those of Microsoft's own batch parsers (SMO, go-sqlcmd). Two are decisions: `GO 0` runs a batch zero
times, and GO behind a block comment on the same line is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.scanner import Code, Reader
from ahjo_tasks.sql.source import with_line_feeds
from ahjo_tasks.sql.splitters.batch import Batch, SourceWarning, cut, remarks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.source import Source
    from ahjo_tasks.sql.splitters.batch import Piece

MOST = 2_147_483_647
"""How often a batch can run."""

_TAIL = r"[ \t]*+(?:--[^\r\n]*+)?(?=[\r\n]|\Z)"
_REACH = 200
"""How many characters before a separator are looked at for an alias that lacks its name."""


@dataclass(frozen=True, slots=True)
class _Grammar:
    """The expressions for one separator word."""

    first: re.Pattern[str]
    line: re.Pattern[str]
    code: Code
    stray: re.Pattern[str]
    stray_reader: Reader


def split(source: Source) -> list[Batch]:
    """The batches of a T-SQL script. Comments alone are a batch, blanks alone are not."""
    return cut(source, _pieces(source))


def warnings(source: Source) -> list[SourceWarning]:
    """Separators that are odd, and the separator's word where it separates nothing."""
    if _all_plain(source):
        return []
    grammar = _grammar(source.separator)
    return remarks(source, [*_odd_lines(source, grammar), *_stray_words(source, grammar)])


def _pieces(source: Source) -> Iterator[Piece]:
    start = 0
    for line, times in _lines(source, _grammar(source.separator)):
        yield start, line.start(), times, ""
        start = line.end()
    yield start, len(source.text), 1, ""


@lru_cache
def _grammar(separator: str) -> _Grammar:
    word = rf"(?ai:{re.escape(separator)})"
    line = rf"(?P<go>[ \t]*+{word}(?=[ \t\r\n$/\-'\"(\[!]|\Z))[ \t]*+(?:(?P<count>[0-9]*+){_TAIL})?+"
    stray = rf"(?<![\w@#$.]){word}[ \t]*+(?:[0-9]++[ \t]*+)?;?{_TAIL}"
    return _Grammar(
        first=re.compile(line),
        line=re.compile(rf"\n{line}"),
        code=Code(MSSQL),
        stray=re.compile(stray),
        stray_reader=Reader(MSSQL, stray, separator[0].lower() + separator[0].upper()),
    )


def _lines(source: Source, grammar: _Grammar) -> Iterator[tuple[re.Match[str], int]]:
    """The separator lines, each with the line feed before it, and how often the batch before it runs."""
    source, start = replace(source, text=with_line_feeds(source.text)), 0
    if first := grammar.first.match(source.text):
        yield first, _times(source, first)
        start = first.end()
    for line in grammar.line.finditer(source.text, start):
        end = line.start()
        if start <= end:
            start = grammar.code.reach(source, start, end)
        if start <= end:  # it stands in no string, name or comment
            yield line, _times(source, line)
            start = line.end()
    grammar.code.reach(source, start, len(source.text))  # for what is never closed


def _times(source: Source, line: re.Match[str]) -> int:
    count = line["count"]
    if count == "":
        return 1
    if count is None:
        raise source.error(line.end(), f"only a count or a -- comment may follow {source.separator} on its line")
    digits = count.lstrip("0") or "0"
    if len(digits) > len(str(MOST)) or int(digits) > MOST:
        raise source.error(line.start("count"), f"a batch runs at most {MOST} times")
    return int(digits)


def _all_plain(source: Source) -> bool:
    """Whether the separator's word always stands alone on its line, and no alias ends the line before it."""
    text, word = f"\n{source.text.upper()}\n", source.separator.upper()
    end = 0
    while (start := text.find(word, end)) >= 0:
        end = start + len(word)
        before, behind = text[start - 1], text[end]
        if before.isalnum() or behind.isalnum():
            continue
        if before not in "\r\n" or behind not in "\r\n" or text[max(0, start - _REACH) : start].rstrip().endswith("AS"):
            return False
    return True


def _odd_lines(source: Source, grammar: _Grammar) -> Iterator[tuple[int, str]]:
    for line, times in _lines(source, grammar):
        if not times:
            yield line.start("go"), f"{source.separator} 0: the batch before this line does not run"
        if _lacks_alias(source.text[max(0, line.start() - _REACH) : line.start()]):
            yield line.start("go"), f"{source.separator} separates, though it looks like an alias here"


def _lacks_alias(before: str) -> bool:
    before = before.rstrip(" \t")
    return before[-3:].lower() in {" as", "\tas", "\nas"} and "--" not in before[before.rfind("\n") + 1 :]


def _stray_words(source: Source, grammar: _Grammar) -> Iterator[tuple[int, str]]:
    if not grammar.stray.search(source.text):
        return
    end = grammar.stray_reader.advance(source, 0)
    while stray := grammar.stray.match(source.text, end):
        if message := _stray(source, stray):
            yield end, message
        end = grammar.stray_reader.advance(source, stray.end())


def _stray(source: Source, stray: re.Match[str]) -> str | None:
    text, word = source.text, source.separator
    start = max(text.rfind("\n", 0, stray.start()), text.rfind("\r", 0, stray.start())) + 1
    before = text[start : stray.start()].strip(" \t")
    if before:
        place = "behind a comment" if before.endswith("*/") else "at the end of a line"
        return f"{word} {place} is text: a separator needs a line of its own"
    return f"{word} with a semicolon is text, not a separator" if ";" in stray[0].partition("--")[0] else None
