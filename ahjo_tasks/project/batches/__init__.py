"""Scripts as batches: what goes to the server in one call, by the habits of each database's own tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.project.batches import delimiter, go, sqlite, whole
from ahjo_tasks.project.batches.batch import Batch, SourceWarning
from ahjo_tasks.project.batches.marks import without_marks
from ahjo_tasks.project.lexis import MSSQL, MYSQL, POSTGRESQL, SQLITE
from ahjo_tasks.project.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ahjo_tasks.project.lexis import Lexis

__all__ = ["STYLES", "Batch", "SourceWarning", "Style", "split", "warnings"]


def _no_warnings(_: Source) -> list[SourceWarning]:
    return []


@dataclass(frozen=True, slots=True)
class Style:
    """A way to split scripts of a dialect, and to warn of what is legal there but probably not meant."""

    lexis: Lexis
    split: Callable[[Source], list[Batch]]
    warnings: Callable[[Source], list[SourceWarning]] = _no_warnings


STYLES = {
    "go": Style(MSSQL, go.split, go.warnings),
    "delimiter": Style(MYSQL, delimiter.split),
    "sqlite": Style(SQLITE, sqlite.split, sqlite.warnings),
    "whole": Style(POSTGRESQL, whole.split),
    "statements": Style(POSTGRESQL, whole.statements),
}


def split(text: str, style: str, *, path: Path | None = None, separator: str = "GO") -> list[Batch]:
    """The batches of a script in the order to run them; `separator` is the word of the style "go".

    Raises SourceError, with the place in the file at `path`, for a text that cannot be split; nothing has run then.
    """
    return STYLES[style].split(_source(text, style, path, separator))


def warnings(text: str, style: str, *, path: Path | None = None, separator: str = "GO") -> list[SourceWarning]:
    """What in a script is probably not meant, in the order of the text. Raises SourceError where `split` does."""
    return STYLES[style].warnings(_source(text, style, path, separator))


def _source(text: str, style: str, path: Path | None, separator: str) -> Source:
    return without_marks(Source(text, path, separator), STYLES[style].lexis)
