"""PostgreSQL scripts: the whole file is one batch, for the server itself splits it.

What psql would do before the server sees the text is refused: backslash commands, and data behind COPY ... FROM STDIN.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.project.batches.batch import Batch, Piece, cut
from ahjo_tasks.project.lexis import POSTGRESQL
from ahjo_tasks.project.reader import Reader, behind, comment_end

if TYPE_CHECKING:
    from ahjo_tasks.project.source import Source

_GAP = POSTGRESQL.gap()
_LEAD = re.compile(_GAP)
_READER = Reader(POSTGRESQL, r"[;\\]", ";\\")
_NAME = r"(?:\"[^\"]*+\"|[\w$.])++"
_COPY = re.compile(rf"(?ai:COPY\b{_GAP}{_NAME}{_GAP}(?:\([^()]*+\){_GAP})?+FROM\b{_GAP}STDIN\b)")


def split(source: Source) -> list[Batch]:
    """One batch, or none where there is nothing but comments: drivers refuse to send that."""
    text, start = source.text, 0
    while start < len(text):
        lead = _statement(source, start)
        if _COPY.match(text, lead):
            raise source.error(
                lead, "data inside a script needs psql", hint="Insert the rows, or load them from a file."
            )
        start = _READER.advance(source, lead)
        if text.startswith("\\", start):
            raise source.error(start, "a backslash command of psql is no SQL")
        start += 1
    return cut(source, [Piece(0, len(text))]) if _statement(source, 0) < len(text) else []


def _statement(source: Source, start: int) -> int:
    """Where the next statement begins behind blanks and comments, nested ones too."""
    while True:
        start = behind(_LEAD, source.text, start)
        end = comment_end(source.text, start) if source.text.startswith("/*", start) else None
        if end is None:
            return start
        start = end
