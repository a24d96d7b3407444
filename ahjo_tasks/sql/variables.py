"""Scripting variables: `$(name)` in a text becomes a value, as in sqlcmd, before the text is split into batches.

They are replaced in code, strings and quoted names, but not in comments, and values are not searched for variables
again. `$$(name)` stands for the text `$(name)`. The predecessor's PostgreSQL form `:name` is not supported: it cannot
be told apart from the casts, slices and labels of that language (`x::date`, `a[1:n]`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.scanner import Scanner, comment_end, regions
from ahjo_tasks.sql.source import SourceText
from ahjo_tasks.utils import closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ahjo_tasks.sql.lexer import Syntax

_NAME = r"[A-Za-z_][A-Za-z0-9_-]*+"
_USE = re.compile(rf"\$\$\((?P<literal>{_NAME})\)|(?<!\$)\$\((?:(?P<name>{_NAME})\)|)?+")

_ESCAPE = "Write $$(name) for the text $(name)."
_UNKNOWN = "Give it a value in the config, or write $$(name) for the text $(name)."


def substitute(
    text: str, variables: Mapping[str, object] | None, *, path: Path | None = None, syntax: Syntax = MSSQL
) -> str:
    """Replace variables by their values; with None, leave the text as it is, for `$(` may be legal SQL.

    Names are compared without case. An unknown name, and `$(` without a name and `)`, raises SourceError.
    """
    if variables is None or "$(" not in text:
        return text
    source, values = SourceText(text, path), {name.casefold(): str(value) for name, value in variables.items()}
    parts, start = [], 0
    for first, end, value in uses(source, values, syntax):
        parts += [text[start:first], value]
        start = end
    return "".join([*parts, text[start:]])


def uses(
    source: SourceText, values: Mapping[str, str], syntax: Syntax, start: int = 0, end: int | None = None
) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and value of each variable outside of comments; `values` has casefolded names.

    `start` must lie in code. Raises SourceError as `substitute` does.
    """
    end = len(source.text) if end is None else end
    if source.text.find("$(", start, end) < 0:
        return
    for comment, close in _comments(source, syntax, start, end):
        yield from _uses(source, start, comment, values)
        start = close
    yield from _uses(source, start, end, values)


def filled(source: SourceText, text: str, offset: int, values: Mapping[str, str]) -> str:
    """Fill in the variables of a short part of the source, which begins at `offset`."""
    return _USE.sub(lambda use: _value(source, offset, use, values), text)


def _uses(source: SourceText, start: int, end: int, values: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    for use in _USE.finditer(source.text, start, end):
        yield use.start(), use.end(), _value(source, use.start(), use, values)


def _value(source: SourceText, offset: int, use: re.Match[str], values: Mapping[str, str]) -> str:
    if use["literal"]:
        return use[0][1:]
    if not use["name"]:
        raise source.error(offset, "`$(` without a variable's name and `)`", hint=_ESCAPE)
    value = values.get(use["name"].casefold())
    if value is None:
        raise source.error(offset, f"the variable {use['name']} has no value", hint=_hint(use, values))
    return value


def _hint(use: re.Match[str], values: Mapping[str, str]) -> str:
    name = closest(use["name"].casefold(), values)
    return f"Did you mean $({name})?" if name else _UNKNOWN


def _comments(source: SourceText, syntax: Syntax, begin: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of each comment."""
    flat, scanner = _comment(syntax)
    for first, last in regions(source.text, syntax):
        start, end = max(first, begin), min(last, stop)
        while (start := scanner.find_next(source, start, end)) < end:
            comment = flat.match(source.text, start, end)
            close = comment.end() if comment else comment_end(source.text, start, end) or end
            yield start, close
            start = close


@lru_cache
def _comment(syntax: Syntax) -> tuple[re.Pattern[str], Scanner]:
    """Compile the expression for a comment without another in it, and a scanner for comments of any kind."""
    forms = syntax.comments(lenient=True)
    scanner = Scanner(syntax, "|".join([*forms, syntax.comment_open]), "", lenient=True, comments=False)
    return re.compile("|".join(forms)), scanner
