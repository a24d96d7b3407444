"""Search in SQL code that passes over all that strings, quoted names and comments hide."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections import defaultdict
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

from ahjo_tasks.sql.lexer import DOLLAR_TAG
from ahjo_tasks.sql.source import SourceText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.lexer import Syntax

_COMMENT_EDGE = re.compile(r"/\*|\*/")
_TAG = re.compile(rf"(?=({DOLLAR_TAG}))")
Unclosed = Literal["error", "end", "code"]
_KINDS = {"/": "comment", "$": "dollar-quoted string"}


class Scanner:
    """Finds `stop`, a regular expression that begins with one of the characters `heads`, in code.

    A lenient scanner takes what is not closed as closed by the end of the text; a strict one raises SourceError.
    With `comments` off, comments are code, and may be stopped at. Nothing is compiled before the first search.
    """

    def __init__(self, syntax: Syntax, stop: str, heads: str, *, lenient: bool = False, comments: bool = True) -> None:
        self._syntax, self._stops, self._heads = syntax, stop, heads
        self._comments = comments
        self._unclosed: Unclosed = "end" if lenient else "error"

    @cached_property
    def _code(self) -> re.Pattern[str]:
        opaque = _opaque(self._syntax, lenient=self._unclosed == "end", comments=self._comments)
        run, parts = _run(self._syntax, self._heads), "|".join([*opaque, _plain(self._syntax)])
        return re.compile(rf"{run}(?:(?!{self._stops})(?:{parts}){run}|)*+")

    @cached_property
    def _stop(self) -> re.Pattern[str]:
        return re.compile(self._stops)

    def find_next(self, source: SourceText, start: int, end: int | None = None) -> int:
        """Give the offset of the first stop at or after `start`, which is in code, or else `end`."""
        end = len(source.text) if end is None else end
        while True:
            run = self._code.match(source.text, start, end)
            start = run.end() if run else end
            if start == end or self._stop.match(source.text, start, end):
                return start
            start = _close(self._syntax, source, start, end, self._unclosed)


class OpaqueScanner:
    """Finds the string, quoted name or comment that hides an offset, in leaps from offset to offset.

    What is never closed raises SourceError ("error"), lasts to the end ("end"), or hides only its first character
    ("code").
    """

    def __init__(self, syntax: Syntax, *, unclosed: Unclosed = "error") -> None:
        line_comments = syntax.line_comments()
        cut = [*syntax.literals(), *(rf"(?:{form})(?=[{syntax.newline}])" for form in line_comments)]
        plain = rf"(?!{'|'.join([*syntax.line_comment_opens(), syntax.comment_open, syntax.dollar])})[^{syntax.quotes}]"
        run = _run(syntax)
        # A line comment counts only with its end in sight: a match that stops at an offset may be inside of it.
        self._code = re.compile(rf"{run}(?:(?:{'|'.join([*cut, syntax.block_comment(), plain])}){run}|)*+")
        self._opaque = re.compile("|".join([*syntax.literals(), *line_comments, syntax.block_comment()]))
        self._syntax = syntax
        self._unclosed: Unclosed = unclosed

    def end_of_opaque(self, source: SourceText, start: int, offset: int) -> int:
        """Give the end of what hides `offset`, or `offset` itself where it is in code, as `start` must be."""
        while start < offset:
            run = self._code.match(source.text, start, offset)
            if run is None or run.end() == offset:
                return offset
            start = self._end(source, run.end(), len(source.text))
        return start

    def opaque_at(self, source: SourceText, start: int, offset: int, end: int) -> tuple[int, int]:
        """Give start and end of what hides `offset`; both are `offset` where it is in code, as `start` must be.

        `offset` must not stand between two quotes. The text is read up to `end`.
        """
        opening = start
        while start < offset:
            run = self._code.match(source.text, start, offset)
            if run is None or run.end() == offset:
                break
            opening = run.end()
            start = self._end(source, opening, end)
        return (opening, start) if start > offset else (offset, offset)

    def _end(self, source: SourceText, opening: int, end: int) -> int:
        opaque = self._opaque.match(source.text, opening, end)
        return opaque.end() if opaque else _close(self._syntax, source, opening, end, self._unclosed)


def _opaque(syntax: Syntax, *, lenient: bool = False, comments: bool = True) -> list[str]:
    return syntax.literals(lenient=lenient) + (syntax.comments(lenient=lenient) if comments else [])


def _run(syntax: Syntax, heads: str = "") -> str:
    """Give the expression for characters with which nothing opens."""
    openers = "-/" + "#" * syntax.hash_comments + "$" * syntax.dollar_quotes
    return rf"[^{syntax.quotes}{re.escape(openers + heads)}]*+"


def _plain(syntax: Syntax) -> str:
    """Give the expression for a character that opens something only elsewhere."""
    return rf"(?!{syntax.comment_open}|{syntax.dollar})[^{syntax.quotes}]"


def _close(syntax: Syntax, source: SourceText, start: int, end: int, unclosed: Unclosed) -> int:
    """Give the end of what opens at `start`: a deeply nested comment, a dollar quote, or something never closed."""
    char = source.text[start]
    close = None
    if char == "/":
        close = comment_end(source.text, start, end)
    elif char == "$":
        close = _dollar_end(source.text, start, end)
    if close is not None:
        return close
    if unclosed == "code":
        # MySQL and SQLite do not nest comments, so that one with another inside may end at the first chance.
        first = source.text.find("*/", start + 2, end) if char == "/" else -1
        return first + 2 if first >= 0 else start + 1
    if unclosed == "error":
        kind = _KINDS.get(char, "string" if char in syntax.strings else "name")
        raise source.error(start, f"this {kind} is never closed")
    return end


def end_of_match(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Give the end of the match of `pattern` at `start`; `start` where it does not match."""
    match = pattern.match(text, start)
    return match.end() if match else start


def skip_gap(gap: re.Pattern[str], text: str, start: int) -> int:
    """Give the offset of the first code after blanks and comments, nested ones too; `gap` is `Syntax.gap`."""
    while True:
        start = end_of_match(gap, text, start)
        end = comment_end(text, start) if text.startswith("/*", start) else None
        if end is None:
            return start
        start = end


def comment_end(text: str, start: int, end: int = sys.maxsize) -> int | None:
    """Give the end of the nested block comment that opens at `start`; None if it is never closed."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start, end):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return None


def comment_depth(text: str) -> int:
    """Give the greatest depth of nested block comments, as if there were no strings: at least the real one."""
    depth = deepest = 0
    for part in text.split("/*")[1:]:
        depth += 1
        deepest = max(deepest, depth)
        depth = max(0, depth - part.count("*/"))
    return deepest


def regions(text: str, syntax: Syntax) -> Iterator[tuple[int, int]]:
    """Yield start and end of the parts to read one by one: all of the text, or the outside and inside of dollar quotes.

    PostgreSQL keeps function bodies in dollar quotes, where a lone apostrophe must not reach beyond the end.
    """
    if not syntax.dollar_quotes or "$" not in text:
        yield 0, len(text)
        return
    tags, source, scanner = _tags(text), SourceText(text), _dollar_scanner(syntax)
    start, bounds = 0, [(len(text), len(text))]
    while bounds:
        end, after = bounds[-1]
        opening = scanner.find_next(source, start, end)
        yield start, opening
        if opening == end:
            start = after
            bounds.pop()
            continue
        start = text.index("$", opening + 1) + 1
        size = start - opening
        close = _first(tags[text[opening:start]], start)
        if close is not None and close + size <= end:
            bounds.append((close, close + size))


@lru_cache
def _dollar_scanner(syntax: Syntax) -> Scanner:
    return Scanner(syntax, syntax.dollar, "$", lenient=True)


def _dollar_end(text: str, start: int, end: int) -> int | None:
    content = text.index("$", start + 1) + 1
    close = text.find(text[start:content], content, end)
    return None if close < 0 else close + content - start


def _tags(text: str) -> dict[str, list[int]]:
    """List the offsets of each dollar tag: to search for one closing tag after the other would be quadratic."""
    tags = defaultdict(list)
    for match in _TAG.finditer(text):
        tags[match[1]].append(match.start())
    return tags


def _first(offsets: list[int], start: int) -> int | None:
    index = bisect_left(offsets, start)
    return offsets[index] if index < len(offsets) else None
