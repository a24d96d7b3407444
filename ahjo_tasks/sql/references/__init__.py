"""What SQL files create and what they need: by statements, clauses and scopes, not by words alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.references.changes import ACTIONS
from ahjo_tasks.sql.references.model import Collector, FileReferences
from ahjo_tasks.sql.references.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ahjo_tasks.sql.lexer import Syntax


def read_references(batches: Iterable[str], syntax: Syntax) -> FileReferences:
    """Read the batches of a file: what they create, and what they name.

    A batch is what the database's tool sends in one call: of PostgreSQL all of the file, of MySQL and SQLite a
    statement, of SQL Server what stands between two lines of GO.
    """
    collector = Collector(syntax)
    for number, text in enumerate(batches):
        Reader(text, collector, ACTIONS, (number,)).read()
    return collector.result()
