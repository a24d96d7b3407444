"""Modules of SQL Server: batches that create a view, procedure, function or trigger, and run what is in it later."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.scanner import Scanner, skip_gap
from ahjo_tasks.sql.source import SourceText, ascii_upper

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ahjo_tasks.errors import SourceError
    from ahjo_tasks.sql.splitters import Batch

_GAP = MSSQL.gap()
_STATEMENT = (
    r"(?<![\w@#$])(?:(?:CREATE(?:\s+OR\s+ALTER)?|ALTER)\s+(?:VIEW|PROC(?:EDURE)?|FUNCTION|TRIGGER)"
    r"|CREATE\s+(?:SCHEMA|DEFAULT|RULE))\b"
)
_MODULE = re.compile(_STATEMENT)
_SCANNER = Scanner(MSSQL, _STATEMENT, "AC")
_LEAD = re.compile(rf"{_GAP}(?:;{_GAP})*+")
_SCHEMA = re.compile(rf"CREATE{_GAP}SCHEMA\b")
_PERMISSION = re.compile(rf"{_GAP}(?:(?:TO|ON|ANY)\b|[,)])")
"""What follows where the words are a permission: GRANT CREATE VIEW TO somebody."""


def check_first_in_batch(batches: Iterable[Batch], path: Path | None) -> None:
    """Raise SourceError for CREATE VIEW and its like behind another statement of the batch; the server would, too."""
    for batch in batches:
        for hit in _misplaced(batch.text):
            raise _error(batch, hit, path)


def _misplaced(text: str) -> Iterator[re.Match[str]]:
    """The statements in code that are not the first."""
    upper = ascii_upper(text)
    hits = list(_hits(upper))
    first = skip_gap(_LEAD, text, 0) if hits else 0
    if all(hit.start() == first for hit in hits) or _SCHEMA.match(upper, first):
        return
    source, start = SourceText(upper), 0
    while hit := _MODULE.match(upper, _SCANNER.find_next(source, start)):
        if hit.start() != first and not _PERMISSION.match(upper, hit.end()):
            yield hit
        start = hit.end()


def _hits(text: str) -> Iterator[re.Match[str]]:
    """Where such a statement may stand."""
    end = 0
    for start in sorted([*_places(text, "CREATE"), *_places(text, "ALTER")]):
        if start >= end and (hit := _MODULE.match(text, start)):
            yield hit
            end = hit.end()


def _places(text: str, word: str) -> Iterator[int]:
    start = text.find(word)
    while start >= 0:
        yield start
        start = text.find(word, start + 1)


def _error(batch: Batch, hit: re.Match[str], path: Path | None) -> SourceError:
    statement = " ".join(hit[0].split())
    message = f"{statement} must be the first statement of its batch"
    error = SourceText(batch.text, path).error(hit.start(), message, hint="Put GO on a line of its own before it.")
    if error.line == 1 and error.column:
        error.column += batch.column - 1
    error.line = batch.line + (error.line or 1) - 1
    return error


MODULE = re.compile(
    r"\s*(?:CREATE|ALTER)\s+(?:OR\s+ALTER\s+)?(?:VIEW|PROC|PROCEDURE|FUNCTION|TRIGGER)\b", re.IGNORECASE
)
COMMENTS = re.compile(r"\s*(?:--[^\n]*\n|/\*.*?\*/)\s*", re.DOTALL)


def is_module(text: str) -> bool:
    """Whether the batch creates a module: what stands in it is set when the module runs."""
    return MODULE.match(text, _leading_comments(text)) is not None


def _leading_comments(text: str) -> int:
    """Where the comments end that the text begins with."""
    start = 0
    while comment := COMMENTS.match(text, start):
        start = comment.end()
    return start
