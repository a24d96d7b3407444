"""Scripts as batches: what goes to the server in one call, by the habits of each database's own tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE
from ahjo_tasks.sql.source import Source
from ahjo_tasks.sql.splitters import mssql, mysql, postgresql, sqlite
from ahjo_tasks.sql.splitters.batch import Batch, SourceWarning, strip_bom

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ahjo_tasks.sql.lexer import Syntax

__all__ = ["STYLES", "Batch", "SourceWarning", "Style", "split", "warnings"]


def _no_warnings(_: Source) -> list[SourceWarning]:
    return []


@dataclass(frozen=True, slots=True)
class Style:
    """A way to split scripts of a dialect, and to warn of what is legal there but probably not meant."""

    syntax: Syntax
    split: Callable[[Source], list[Batch]]
    warnings: Callable[[Source], list[SourceWarning]] = _no_warnings


STYLES = {
    "go": Style(MSSQL, mssql.split, mssql.warnings),
    "delimiter": Style(MYSQL, mysql.split),
    "sqlite": Style(SQLITE, sqlite.split, sqlite.warnings),
    "whole": Style(POSTGRESQL, postgresql.split),
    "statements": Style(POSTGRESQL, postgresql.statements),
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
    return strip_bom(Source(text, path, separator), STYLES[style].syntax)
