"""Statements of T-SQL that must be the first of their batch: found out before anything runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.project.lexis import MSSQL
from ahjo_tasks.project.source import Source
from ahjo_tasks.project.tokens import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from ahjo_tasks.errors import SourceError
    from ahjo_tasks.project.batches import Batch

_MODULE = re.compile(
    r"\b(?:(?:CREATE(?:\s+OR\s+ALTER)?|ALTER)\s+(?:VIEW|PROC(?:EDURE)?|FUNCTION|TRIGGER)|CREATE\s+(?:SCHEMA|DEFAULT|RULE))\b",
    re.IGNORECASE,
)
_PERMISSION = frozenset({"TO", "ON", ",", "ANY", ")"})
"""What follows where the words are a permission: GRANT CREATE VIEW TO somebody."""


def check_firsts(batches: Iterable[Batch], path: Path | None) -> None:
    """Raise SourceError for CREATE VIEW and its like behind another statement of the batch; the server would, too."""
    for batch in batches:
        hits = list(_hits(batch.text))
        if hits and not (len(hits) == 1 and not hits[0].start()):
            _check(batch, hits, path)


def _hits(text: str) -> Iterator[re.Match[str]]:
    """Where such a statement may stand; in capital letters its first word is found many times as fast."""
    upper = text.upper()
    if len(upper) != len(text):  # some letters become two
        yield from _MODULE.finditer(text)
        return
    end = 0
    for start in sorted([*_places(upper, "CREATE"), *_places(upper, "ALTER")]):
        if start >= end and (hit := _MODULE.match(text, start)):
            yield hit
            end = hit.end()


def _places(text: str, word: str) -> Iterator[int]:
    start = text.find(word)
    while start >= 0:
        yield start
        start = text.find(word, start + 1)


def _check(batch: Batch, hits: list[re.Match[str]], path: Path | None) -> None:
    tokens = [token for token in words(batch.text, MSSQL) if token.value != ";" or token.kind != "mark"]
    number = {token.offset: index for index, token in enumerate(tokens) if token.kind == "name"}
    schema = len(tokens) > 1 and [token.value.upper() for token in tokens[:2]] == ["CREATE", "SCHEMA"]
    for hit in hits:
        index = number.get(hit.start())
        if not index or schema:  # text, or the first token
            continue
        behind = next((token.value.upper() for token in tokens[index:] if token.offset >= hit.end()), "")
        if behind not in _PERMISSION:
            raise _error(batch, hit, path)


def _error(batch: Batch, hit: re.Match[str], path: Path | None) -> SourceError:
    statement = " ".join(hit[0].upper().split())
    message = f"{statement} must be the first statement of its batch"
    error = Source(batch.text, path).error(hit.start(), message, hint="Put GO on a line of its own before it.")
    if error.line == 1 and error.column:
        error.column += batch.column - 1
    error.line = batch.line + (error.line or 1) - 1
    return error
