"""A server's refusal of a batch, told as a failure of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import DeployError
from ahjo_tasks.project.excerpt import excerpt

if TYPE_CHECKING:
    from ahjo_tasks.door import Door
    from ahjo_tasks.errors import StatementError
    from ahjo_tasks.project.batches import Batch
    from ahjo_tasks.project.sqlfiles import SqlFile

VAGUE = "somewhere in the batch that begins there; the driver does not say where"
PATIENCE = 30.0
"""Seconds that a file may have taken to be run again for the line of its error."""
MOST_REPEATED = 100
"""How often a batch is run again, at most, to find out where a later one failed."""


class Attempt(NamedTuple):
    """How far a file had come: how often its batch had run, and the seconds that all of it took."""

    times: int = 0
    seconds: float = 0.0


FIRST = Attempt()


def failure(
    error: StatementError, file: SqlFile, batch: Batch, door: Door | None = None, attempt: Attempt = FIRST
) -> DeployError:
    """The server's refusal, said of the file: path, line, column and excerpt.

    `door` serves to ask where it was.
    """
    server = error.server
    if door is not None and not server.line and not server.lost:
        server = door.dialect.locate(door, batch.text, server, _ran_before(file, batch, attempt))
    line = batch.line + (server.line or 1) - 1
    column = server.column + (batch.column - 1 if server.line == 1 else 0) if server.column else None
    place = file.place(line, column)
    severity = f", {server.severity}" if server.severity else ""
    number = f"{server.number}{severity}: " if server.number else ""
    known = server.line or file.dialect.batch_is_statement or "\n" not in batch.text
    vague = () if known else (VAGUE,)
    where = (f"in {server.procedure}",) if server.procedure else ()
    often = (f"at repetition {attempt.times + 1} of {batch.count}",) if batch.count > 1 else ()
    return DeployError(
        f"{number}{server.message}",
        path=place.path,
        line=place.line,
        column=place.column,
        hint=error.hint,
        details=(*excerpt(place.text, place.line, place.column), *vague, *where, *often),
    )


def _ran_before(file: SqlFile, batch: Batch, attempt: Attempt) -> list[str] | None:
    """The batches that the file's transaction held when this one failed; None where they would take too long."""
    if not file.transactional:
        return []
    if attempt.times > MOST_REPEATED or attempt.seconds > PATIENCE:
        return None
    found: list[str] = []
    for other in file.batches:
        if other is batch:
            return [*found, *[batch.text] * attempt.times]
        found += [other.text] * min(other.count, MOST_REPEATED)
    return []
