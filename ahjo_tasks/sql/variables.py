"""Scripting variables: `$(name)` in a text becomes a value, as in sqlcmd, before the text is split into batches.

They are replaced in code, strings and quoted names, but not in comments, and what a value brings in is not read
again. `$$(name)` stands for the text `$(name)`. The predecessor's PostgreSQL form `:name` is not supported: it cannot
be told from the casts, slices and labels of that language (`x::date`, `a[1:n]`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.scanner import Reader, comment_end, spans
from ahjo_tasks.sql.source import Source
from ahjo_tasks.utils import closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ahjo_tasks.sql.lexer import Syntax

_NAME = r"[A-Za-z_][A-Za-z0-9_-]*+"
_USE = re.compile(rf"\$\$\((?P<literal>{_NAME})\)|(?<!\$)\$\((?:(?P<name>{_NAME})\))?+")

_ESCAPE = "Write $$(name) for the text $(name)."
_UNKNOWN = "Give it a value in the config, or write $$(name) for the text $(name)."


def substitute(
    text: str, variables: Mapping[str, object] | None, *, path: Path | None = None, syntax: Syntax = MSSQL
) -> str:
    """The text with the values of the variables; with None, the text itself, for `$(` may be legal SQL.

    Names are compared without case. An unknown name, and `$(` without a name and `)`, raises SourceError.
    """
    if variables is None or "$(" not in text:
        return text
    source, values = Source(text, path), {name.casefold(): str(value) for name, value in variables.items()}
    parts, start = [], 0
    for first, end, value in uses(source, values, syntax):
        parts += [text[start:first], value]
        start = end
    return "".join([*parts, text[start:]])


def uses(
    source: Source, values: Mapping[str, str], syntax: Syntax, start: int = 0, end: int | None = None
) -> Iterator[tuple[int, int, str]]:
    """Where variables stand outside of comments, and what to put in their place; `values` has folded names.

    `start` must lie in code. Raises SourceError as `substitute` does.
    """
    end = len(source.text) if end is None else end
    if source.text.find("$(", start, end) < 0:
        return
    for comment, close in _comments(source, syntax, start, end):
        yield from _uses(source, start, comment, values)
        start = close
    yield from _uses(source, start, end, values)


def filled(source: Source, text: str, offset: int, values: Mapping[str, str]) -> str:
    """A short text of the source, which begins at `offset`, with its variables filled in."""
    return _USE.sub(lambda use: _value(source, offset, use, values), text)


def _uses(source: Source, start: int, end: int, values: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    for use in _USE.finditer(source.text, start, end):
        yield use.start(), use.end(), _value(source, use.start(), use, values)


def _value(source: Source, offset: int, use: re.Match[str], values: Mapping[str, str]) -> str:
    if use["literal"]:
        return use[0][1:]
    if not use["name"]:
        raise source.error(offset, "`$(` without a variable's name and `)`", hint=_ESCAPE)
    found = values.get(use["name"].casefold())
    if found is None:
        raise source.error(offset, f"the variable {use['name']} has no value", hint=_hint(use, values))
    return found


def _hint(use: re.Match[str], values: Mapping[str, str]) -> str:
    name = closest(use["name"].casefold(), values)
    return f"Did you mean $({name})?" if name else _UNKNOWN


def _comments(source: Source, syntax: Syntax, begin: int, stop: int) -> Iterator[tuple[int, int]]:
    """Where the comments begin and end."""
    flat, reader = _comment(syntax)
    for first, last in spans(source.text, syntax):
        start, end = max(first, begin), min(last, stop)
        while (start := reader.advance(source, start, end)) < end:
            comment = flat.match(source.text, start, end)
            close = comment.end() if comment else comment_end(source.text, start, end) or end
            yield start, close
            start = close


@lru_cache
def _comment(syntax: Syntax) -> tuple[re.Pattern[str], Reader]:
    """The expression for a comment without another in it, and what finds the comments of any kind."""
    forms = syntax.comments(lenient=True)
    reader = Reader(syntax, "|".join([*forms, syntax.comment_open]), "", lenient=True, comments=False)
    return re.compile("|".join(forms)), reader
