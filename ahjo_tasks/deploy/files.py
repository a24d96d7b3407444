"""Running the SQL files of a project: one step a file."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.deploy.messages import BatchMessages
from ahjo_tasks.deploy.plan import Plan
from ahjo_tasks.deploy.remains import remains
from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.project.batches.whole import leads
from ahjo_tasks.project.dependencies import ordered
from ahjo_tasks.project.excerpt import excerpt
from ahjo_tasks.project.kinds import NOT_OBJECTS, OBJECTS
from ahjo_tasks.project.source import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ahjo_tasks.door import Door
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


@dataclass(frozen=True)
class FileStep:
    """All batches of a file, in order."""

    file: SqlFile

    @property
    def kind(self) -> str:
        """The kind of the file's folder."""
        return self.file.kind

    @property
    def label(self) -> str:
        """The path in the project."""
        return self.file.label

    @property
    def single_call(self) -> bool:
        """Whether the file is one batch that runs once."""
        return self.file.single_call

    @property
    def sociable(self) -> bool:
        """Whether the file may share a call with others: plain definitions, and no control of transactions."""
        file = self.file
        if not (file.dialect.atomic_call and file.kind in OBJECTS and self.single_call and file.transactional):
            return False
        return all(file.dialect.shares_call.match(file.text, lead) for lead in leads(Source(file.text)))

    @property
    def transactional(self) -> bool:
        """Unless the header switches it off, or a statement refuses."""
        return self.file.transactional

    @property
    def note(self) -> str:
        """Why the file runs outside of a transaction."""
        if self.file.refused:
            return f"outside of a transaction: {self.file.refused}"
        return "" if self.file.transactional else "outside of a transaction: its header says so"

    def run(self, door: Door) -> int:
        """Run the batches. Raises DeployError with file, line, column and excerpt."""
        started = time.perf_counter()
        with door.dialect.keeping_settings(door, self.file.texts):
            return sum(self._run(door, number, started) for number in range(len(self.file.batches)))

    def _run(self, door: Door, number: int, started: float) -> int:
        """One batch, as often as it says; its messages come with their place."""
        say, messages = door.on_message, BatchMessages(self.file, self.file.batches[number])
        with door.told_to(lambda message: say(messages.placed(message))):
            return self._repeat(door, number, say, started)

    def _repeat(self, door: Door, number: int, say: Callable[[str], None], started: float) -> int:
        batch, changed = self.file.batches[number], 0
        for times in range(batch.count):
            try:
                changed += door.run(batch.text)
            except StatementError as error:
                attempt = Attempt(times, time.perf_counter() - started)
                failure = misplaced(error, self.file, batch, door, attempt)
                failure.state = remains(self.file, number)
                if not self.file.ignores_errors(batch) or error.server.lost:
                    raise failure from error
                say(f"{self.file.where(failure.line or batch.line)}: {failure.message} (:on error ignore)")
        return changed


def misplaced(
    error: StatementError, file: SqlFile, batch: Batch, door: Door | None = None, attempt: Attempt = FIRST
) -> DeployError:
    """The server's refusal, said of the file: path, line, column and excerpt.

    `door` serves to ask where it was.
    """
    server = error.server
    if door is not None and not server.line and not server.lost:
        server = door.dialect.locate(door, batch.text, server, ran_before(file, batch, attempt))
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


def ran_before(file: SqlFile, batch: Batch, attempt: Attempt) -> list[str] | None:
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


def plan_objects(files: Sequence[SqlFile]) -> Plan:
    """Views, functions and the like, in the order that their SQL asks for."""
    return _plan(ordered(files))


def plan_named(files: Sequence[SqlFile]) -> Plan:
    """Files that the user listed: objects in the order of their SQL, everything else in the order given."""
    objects = [file for file in files if file.kind not in NOT_OBJECTS]
    return _plan([*ordered(objects), *(file for file in files if file.kind in NOT_OBJECTS)])


def _plan(files: Sequence[SqlFile]) -> Plan:
    empty = tuple(f"{file.label}: holds no statement" for file in files if not file.batches)
    odd = tuple(remark for file in files for remark in file.remarks)
    return Plan(tuple(FileStep(file) for file in files if file.batches), empty + odd)
