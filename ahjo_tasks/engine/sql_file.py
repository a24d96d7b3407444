"""Running the SQL files of a project: one step a file."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.engine.diagnostics import Attempt, MessageLocator, describe_partial_state, failure
from ahjo_tasks.engine.plan import Plan
from ahjo_tasks.errors import StatementError
from ahjo_tasks.project.dependencies import ordered
from ahjo_tasks.project.kinds import NOT_OBJECTS, OBJECTS
from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.sql.source import Source
from ahjo_tasks.sql.splitters.postgresql import statement_starts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.project.sql_file import SqlFile

CREATED_ONCE = frozenset({"view", "type", "sequence", "synonym"})


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
        if not (
            file.dialect.implicit_transaction_per_call
            and file.kind in OBJECTS
            and self.single_call
            and file.transactional
        ):
            return False
        return all(
            file.dialect.batchable_statement.match(file.text, lead) for lead in statement_starts(Source(file.text))
        )

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

    def run(self, connection: Connection) -> int:
        """Run the batches. Raises DeployError with file, line, column and excerpt."""
        started = time.perf_counter()
        with connection.dialect.preserve_session_settings(connection, self.file.texts):
            return sum(self._run(connection, number, started) for number in range(len(self.file.batches)))

    def _run(self, connection: Connection, number: int, started: float) -> int:
        """One batch, as often as it says; its messages come with their place."""
        say, messages = connection.on_message, MessageLocator(self.file, self.file.batches[number])
        with connection.messages_to(lambda message: say(messages.placed(message))):
            return self._repeat(connection, number, say, started)

    def _repeat(self, connection: Connection, number: int, say: Callable[[str], None], started: float) -> int:
        batch, changed = self.file.batches[number], 0
        for times in range(batch.count):
            try:
                changed += connection.execute(batch.text)
            except StatementError as error:
                attempt = Attempt(times, time.perf_counter() - started)
                failed = failure(error, self.file, batch, connection, attempt)
                failed.state = describe_partial_state(self.file, number)
                if not self.file.ignores_errors(batch) or error.server.lost:
                    raise failed from error
                say(f"{self.file.where(failed.line or batch.line)}: {failed.message} (:on error ignore)")
        return changed


def plan_objects(files: Sequence[SqlFile]) -> Plan:
    """Views, functions and the like, in the order that their SQL asks for."""
    return _plan(ordered(files))


def plan_named(files: Sequence[SqlFile]) -> Plan:
    """Files that the user listed: objects in the order of their SQL, everything else in the order given."""
    objects = [file for file in files if file.kind not in NOT_OBJECTS]
    return _plan([*ordered(objects), *(file for file in files if file.kind in NOT_OBJECTS)])


def _plan(files: Sequence[SqlFile]) -> Plan:
    return Plan(tuple(FileStep(file) for file in files if file.batches), (*remarks(files), *_twice(files)))


def remarks(files: Sequence[SqlFile]) -> Iterator[str]:
    """What is worth knowing of the files, first those without a statement."""
    yield from (f"{file.label}: holds no statement" for file in files if not file.batches)
    yield from (remark for file in files for remark in file.remarks)


def _twice(files: Sequence[SqlFile]) -> Iterator[str]:
    """What two files create: the later one wins. Routines of one name may differ by their parameters."""
    first: dict[tuple[str, Name], str] = {}
    for file in files:
        for made in file.definitions:
            name = Name(made.name.schema or file.dialect.default_schema, made.name.name)
            other = first.setdefault((made.kind, name), file.label) if made.kind in CREATED_ONCE else file.label
            if other != file.label:
                yield f"{file.label}: creates the {made.kind} {made.name}, as {other} does"
