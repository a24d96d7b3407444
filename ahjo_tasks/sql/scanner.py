"""Runs over code to what a caller looks for, and past all that strings, quoted names and comments hide."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import DOLLAR_TAG
from ahjo_tasks.sql.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.lexer import Syntax

_COMMENT_EDGE = re.compile(r"/\*|\*/")
_TAG = re.compile(rf"(?=({DOLLAR_TAG}))")
_KINDS = {"/": "comment", "$": "dollar-quoted string"}


class Reader:
    """Finds `stop`, a regular expression that begins with one of the characters `heads`, in code.

    A lenient reader takes what is not closed as closed by the end of the text; a strict one raises SourceError.
    With `comments` off, comments are code, and may be stopped at.
    """

    def __init__(self, syntax: Syntax, stop: str, heads: str, *, lenient: bool = False, comments: bool = True) -> None:
        opaque = _opaque(syntax, lenient=lenient, comments=comments)
        run = _run(syntax, heads)
        self._code = re.compile(rf"{run}(?:(?!{stop})(?:{'|'.join([*opaque, _plain(syntax)])}){run})*+")
        self._stop = re.compile(stop)
        self._lexis = syntax
        self._lenient = lenient

    def advance(self, source: Source, start: int, end: int | None = None) -> int:
        """Offset of the first stop at or after `start`, or else `end`."""
        end = len(source.text) if end is None else end
        while True:
            run = self._code.match(source.text, start, end)
            start = run.end() if run else end
            if start == end or self._stop.match(source.text, start, end):
                return start
            start = _close(self._lexis, source, start, end, lenient=self._lenient)


class Code:
    """Tells code from what strings, quoted names and block comments hide, in leaps from line to line.

    What is not closed ends with the text for a lenient one; a strict one raises SourceError.
    """

    def __init__(self, syntax: Syntax, *, lenient: bool = False) -> None:
        opaque = _opaque(syntax)
        run = _run(syntax)
        self._code = re.compile(rf"{run}(?:(?:{'|'.join([*opaque, _plain(syntax)])}){run})*+")
        self._opaque = re.compile("|".join(opaque))
        self._lexis = syntax
        self._lenient = lenient

    def reach(self, source: Source, start: int, end: int) -> int:
        """`end` if it is in code, or else where that ends which hides it.

        `start` must lie in code, and `end` must be where a line or the text ends, or where a line begins.
        """
        while start < end:
            run = self._code.match(source.text, start, end)
            if run is None or run.end() == end:
                return end
            start = run.end()
            hidden = self._opaque.match(source.text, start)
            if hidden:
                start = hidden.end()
            else:
                start = _close(self._lexis, source, start, len(source.text), lenient=self._lenient)
        return start


def _opaque(syntax: Syntax, *, lenient: bool = False, comments: bool = True) -> list[str]:
    return syntax.literals(lenient=lenient) + (syntax.comments(lenient=lenient) if comments else [])


def _run(syntax: Syntax, heads: str = "") -> str:
    """Characters with which nothing opens."""
    openers = "-/" + "#" * syntax.hash_comments + "$" * syntax.dollar_quotes
    return rf"[^{syntax.quotes}{re.escape(openers + heads)}]*+"


def _plain(syntax: Syntax) -> str:
    """A character that opens something elsewhere."""
    return rf"(?!{syntax.comment_open}|{syntax.dollar})[^{syntax.quotes}]"


def _close(syntax: Syntax, source: Source, start: int, end: int, *, lenient: bool) -> int:
    """Where that ends which opens at `start`: a deeply nested comment, a dollar quote, or nothing that is closed."""
    char = source.text[start]
    close = None
    if char == "/":
        close = comment_end(source.text, start, end)
    elif char == "$":
        close = _dollar_end(source.text, start, end)
    if close is None and not lenient:
        kind = _KINDS.get(char, "string" if char in syntax.strings else "name")
        raise source.error(start, f"this {kind} is never closed")
    return end if close is None else close


def behind(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Where the match of `pattern` at `start` ends; `start` where it does not match."""
    match = pattern.match(text, start)
    return match.end() if match else start


def skip_gap(gap: re.Pattern[str], text: str, start: int) -> int:
    """Where code begins behind a gap of blanks and comments, nested ones too; `gap` is the expression for one."""
    while True:
        start = behind(gap, text, start)
        end = comment_end(text, start) if text.startswith("/*", start) else None
        if end is None:
            return start
        start = end


def comment_end(text: str, start: int, end: int = sys.maxsize) -> int | None:
    """Where the nested block comment ends that opens at `start`; None if it does not."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start, end):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return None


def comment_depth(text: str) -> int:
    """How deep block comments are nested at most, as if there were no strings: never less than they are."""
    depth = deepest = 0
    for part in text.split("/*")[1:]:
        depth += 1
        deepest = max(deepest, depth)
        depth = max(0, depth - part.count("*/"))
    return deepest


def spans(text: str, syntax: Syntax) -> Iterator[tuple[int, int]]:
    """The parts of the text to be read one by one: all of it, or what lies outside and inside dollar quotes.

    PostgreSQL keeps function bodies in dollar quotes, where a lone apostrophe must not reach beyond the end.
    """
    if not syntax.dollar_quotes or "$" not in text:
        yield 0, len(text)
        return
    tags, source, reader = _tags(text), Source(text), _dollar_reader(syntax)
    start, bounds = 0, [(len(text), len(text))]
    while bounds:
        end, behind = bounds[-1]
        opening = reader.advance(source, start, end)
        yield start, opening
        if opening == end:
            start = behind
            bounds.pop()
            continue
        start = text.index("$", opening + 1) + 1
        size = start - opening
        close = _first(tags[text[opening:start]], start)
        if close is not None and close + size <= end:
            bounds.append((close, close + size))


@lru_cache
def _dollar_reader(syntax: Syntax) -> Reader:
    return Reader(syntax, syntax.dollar, "$", lenient=True)


def _dollar_end(text: str, start: int, end: int) -> int | None:
    content = text.index("$", start + 1) + 1
    close = text.find(text[start:content], content, end)
    return None if close < 0 else close + content - start


def _tags(text: str) -> dict[str, list[int]]:
    """Where each dollar tag stands: to look for one closing tag after the other would be quadratic."""
    tags = defaultdict(list)
    for match in _TAG.finditer(text):
        tags[match[1]].append(match.start())
    return tags


def _first(offsets: list[int], start: int) -> int | None:
    index = bisect_left(offsets, start)
    return offsets[index] if index < len(offsets) else None
