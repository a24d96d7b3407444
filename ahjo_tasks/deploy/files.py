"""Running the SQL files of a project: one step a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.deploy.plan import Plan
from ahjo_tasks.deploy.remains import remains
from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.project.batches.whole import leads
from ahjo_tasks.project.dependencies import ordered
from ahjo_tasks.project.excerpt import excerpt
from ahjo_tasks.project.kinds import NOT_OBJECTS, OBJECTS
from ahjo_tasks.project.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.door import Door
    from ahjo_tasks.project.batches import Batch
    from ahjo_tasks.project.sqlfiles import SqlFile


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
        return len(self.file.batches) == 1 and self.file.batches[0].count == 1

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
        changed = 0
        for number, batch in enumerate(self.file.batches):
            for _ in range(batch.count):
                changed += self._run(door, number, batch)
        return changed

    def _run(self, door: Door, number: int, batch: Batch) -> int:
        try:
            return door.run(batch.text)
        except StatementError as error:
            raise misplaced(error, self.file, batch, door, state=remains(self.file, number)) from error


def misplaced(
    error: StatementError, file: SqlFile, batch: Batch, door: Door | None = None, *, state: str = ""
) -> DeployError:
    """The server's refusal, said of the file: path, line, column and excerpt. `door` serves to ask where it was."""
    server = error.server
    if door is not None and not server.line and not server.lost:
        server = door.dialect.locate(door, batch.text, server)
    line = batch.line + (server.line or 1) - 1
    column = server.column + (batch.column - 1 if server.line == 1 else 0) if server.column else None
    number = f"{server.number}: " if server.number else ""
    shown = excerpt(file.text, line, column) if server.line else ()
    where = (f"in {server.procedure}",) if server.procedure else ()
    return DeployError(
        f"{number}{server.message}",
        path=file.path,
        line=line,
        column=column,
        hint=error.hint,
        details=(*shown, *where),
        state=state,
    )


def plan_objects(files: Sequence[SqlFile]) -> Plan:
    """Views, functions and the like, in the order that their SQL asks for."""
    return _plan(ordered(files))


def plan_named(files: Sequence[SqlFile]) -> Plan:
    """Files that the user listed: objects in the order of their SQL, everything else in the order given."""
    objects = [file for file in files if file.kind not in NOT_OBJECTS]
    return _plan([*ordered(objects), *(file for file in files if file.kind in NOT_OBJECTS)])


def _plan(files: Sequence[SqlFile]) -> Plan:
    empty = tuple(f"{file.label}: holds no statement" for file in files if not file.batches)
    return Plan(tuple(FileStep(file) for file in files if file.batches), empty)
