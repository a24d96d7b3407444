"""Run the SQL files of a project: one step a file."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from ahjo_tasks.database.dialects.base import ServerMessage
from ahjo_tasks.engine.diagnostics import BatchError, MessageLocator, locate_error
from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.engine.recreate_dependents import DeployedFiles, RecreateWithDependents
from ahjo_tasks.errors import StatementError
from ahjo_tasks.project.dependencies import FileOrder, order_files, ordered
from ahjo_tasks.project.kinds import NOT_OBJECTS, OBJECTS
from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.errors import AhjoError, DeployError, ServerError
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.sql.lexer import Syntax
    from ahjo_tasks.sql.splitters import Batch

SESSION_SETTINGS = frozenset({"SET", "USE", "PRAGMA"})
"""The first words of statements that set something of the session."""
CREATED_ONCE = frozenset({"view", "type", "sequence", "synonym", "function", "procedure"})
"""Kinds of objects of which no two have the same name, unless they are overloaded."""


@dataclass(frozen=True)
class FileStep(Step):
    """All batches of a file, in order. `deployed` are the files of the plan, for those that depend on this one."""

    file: SqlFile
    deployed: DeployedFiles | None = field(default=None, repr=False, compare=False)
    first: tuple[str, ...] = ()
    """Statements to run before it, which drop routines that the file created with other parameters."""
    last_texts: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """The texts by which its objects were last deployed, where it drops them and has changed since."""

    @property
    def kind(self) -> str:
        """The kind of the file's folder."""
        return self.file.kind

    @property
    def label(self) -> str:
        """The path in the project."""
        return self.file.label

    @property
    def text(self) -> str:
        """The file's text, with variables replaced."""
        return self.file.text

    @property
    def sql_files(self) -> tuple[SqlFile, ...]:
        """The file."""
        return (self.file,)

    @property
    def previous(self) -> Sequence[str]:
        """The batches of the last texts."""
        return [batch.text for text in self.last_texts for batch in self.file.dialect.splitter.split(text)]

    @property
    def sent_in_one_call(self) -> bool:
        """True if the file is one batch that runs once."""
        return self.file.sent_in_one_call and not self.first

    @property
    def commits_itself(self) -> bool:
        """True if the file is one statement that commits implicitly."""
        commits = self.sent_in_one_call and self.file.dialect.commits_implicitly(self.file.single_text)
        return commits and not self.transaction_control

    @property
    def note(self) -> str:
        """The statements that run before the file."""
        return "\n".join(" ".join(statement.split()) for statement in self.first)

    @property
    def batchable(self) -> bool:
        """True if the file can share a call with others: plain definitions, and no control of transactions."""
        file = self.file
        if not (
            file.dialect.implicit_transaction_per_call
            and file.kind in OBJECTS
            and self.sent_in_one_call
            and file.transactional
        ):
            return False
        return file.dialect.batchable(file.text)

    @property
    def transactional(self) -> bool:
        """True if neither the header nor a statement forbids a transaction."""
        return self.file.transactional

    @property
    def outside_transaction(self) -> str:
        """The statement or the header that forbids a transaction; empty for none."""
        return self.file.refused or ("" if self.file.transactional else "its header says so")

    @property
    def alone(self) -> str:
        """Nothing for the file of an object in which nothing asks for a transaction of its own."""
        file = self.file
        if file.kind in NOT_OBJECTS:
            return super().alone
        if not file.transactional or file.transaction_control:
            return self.outside_transaction or f"its own {file.transaction_control}"
        return "what it does counts only after its commit" if file.dialect.needs_own_transaction(file.text) else ""

    @property
    def transaction_control(self) -> str:
        """The first statement that begins or ends a transaction."""
        return self.file.transaction_control

    def run(self, connection: Connection) -> int:
        """Run the batches; messages come with their position. Raises BatchError."""
        rows, started, listener = 0, time.perf_counter(), connection.on_message
        for statement in self.first:
            connection.execute(statement)
        for number, batch in enumerate(self.file.batches, 1):
            if self.is_done(number, batch):
                continue
            with connection.messages_to(MessageLocator(self.file, batch).before(listener)):
                for repetition in range(batch.count):
                    connection.check_interrupted()
                    try:
                        with connection.noticing_rollback(batch.text):
                            rows += connection.execute(batch.text)
                    except StatementError as error:
                        seconds = time.perf_counter() - started
                        failure = BatchError(error, self.file, batch, repetition, seconds)
                        if not self.file.ignores_errors(batch) or error.server.lost:
                            raise failure from error
                        listener(ServerMessage(_ignored(failure, connection)))
            self.batch_done(number, connection)
        return rows

    def batches_done(self, error: AhjoError | None = None) -> int:
        """Return how many batches were done, also of those that were rolled back with the one that failed."""
        if error is None:
            return len(self.file.batches)
        failure = error.__cause__
        line = failure.batch.line if isinstance(failure, BatchError) else 0
        return sum(batch.line < line for batch in self.file.batches)

    def is_done(self, number: int, batch: Batch) -> bool:
        """True if an earlier run has done the batch with this number, counted from 1."""
        return False

    def batch_done(self, number: int, connection: Connection) -> None:
        """Take note that so many batches are done."""

    def preserve_session(self, connection: Connection) -> AbstractContextManager[None]:
        """Put back what the batches change."""
        return connection.preserve_session(self.file.texts)

    def fallback(
        self, error: DeployError | StatementError, connection: Connection, later: Sequence[Step] = ()
    ) -> Step | None:
        """Return the step to run instead, if the server refused the file for its transaction or for dependents."""
        server, dialect = error.server, self.file.dialect
        if server is None or not self.transactional:
            return None
        if dialect.refuses_transaction(server):
            outside = replace(self.file, refused="the server asks for it")
            return RunOutsideTransaction(outside) if self.file.is_one_statement else None
        if self.deployed is None:
            return None
        replaced = dialect.refuses_replacing(server)
        if not replaced and not dialect.is_dependency_error(server):
            return None
        return self.recreate(error, connection, later, frozenset({self.label} if replaced else ()))

    def recreate(
        self,
        error: DeployError | StatementError,
        connection: Connection,
        later: Sequence[Step],
        dropped: frozenset[str],
    ) -> RecreateWithDependents | None:
        """Return the step that drops the dependents, and the objects of the files with the labels of `dropped`."""
        group = self.deployed.group(self.file, connection, later, dropped) if self.deployed else None
        if group is None or group.kept:
            error.hint = group.hint if group else error.hint
            return None
        return RecreateWithDependents(self, group, steps_of(group.files, later, self.deployed), dropped)

    def needed_first(self, error: ServerError) -> Sequence[Step]:
        """Return the steps of the later files that create the object which the server did not know."""
        name = self.file.dialect.missing_object(error)
        if name is None or self.deployed is None:
            return ()
        return [FileStep(file, self.deployed) for file in self.deployed.creators(self.file, name)]

    def resumed(self, error: DeployError | StatementError) -> Step:
        """Return the step without the batches that stay done, but for those that set something of the session."""
        failure = error.__cause__
        if (self.transactional and self.file.dialect.transactional_ddl) or not isinstance(failure, BatchError):
            return self
        batches = failure.file.batches
        number = next(index for index, batch in enumerate(batches) if batch == failure.batch)
        settings = [batch for batch in batches[:number] if sets_session(batch.text, self.file.dialect.syntax)]
        first = failure.batch._replace(count=failure.batch.count - failure.repetition)
        return FileStep(replace(self.file, batches=(*settings, first, *batches[number + 1 :])), self.deployed)


def steps_of(
    files: Iterable[SqlFile], later: Iterable[Step], deployed: DeployedFiles | None = None
) -> tuple[FileStep, ...]:
    """Return the steps of files: those of the plan that are left to do, which may drop old overloads, or new ones."""
    planned = {step.label: step for step in later if isinstance(step, FileStep)}
    return tuple(planned.get(file.label) or FileStep(file, deployed) for file in files)


def sets_session(text: str, syntax: Syntax) -> bool:
    """Test whether a batch begins with a setting of the session."""
    first = next(tokenize(text, syntax), None)
    return first is not None and first.word in SESSION_SETTINGS


class RunOutsideTransaction(FileStep):
    """A file of one statement that the server refused in a transaction, where nothing was done."""

    note = "ran outside of a transaction, as the server asks of this statement"


def _ignored(failure: BatchError, connection: Connection) -> str:
    """The message of an error that `:on error ignore` passes over."""
    error = locate_error(failure, connection)
    return f"{failure.file.location(error.line or failure.batch.line)}: {error.message} (:on error ignore)"


def plan_objects(files: Sequence[SqlFile], read_all: Callable[[], Sequence[SqlFile]] | None = None) -> Plan:
    """Plan views, functions and the like, in the order that their SQL asks for.

    `read_all` reads all files of the project where these are a part of them.
    """
    return _plan(order_files(files), (lambda: ordered(read_all())) if read_all else None)


def plan_named(files: Sequence[SqlFile]) -> Plan:
    """Plan the files that the user listed: objects in the order of their SQL, everything else in the listed order."""
    objects = [file for file in files if file.kind not in NOT_OBJECTS]
    order = order_files(objects)
    return _plan(FileOrder((*order.files, *(file for file in files if file.kind in NOT_OBJECTS)), order.notes))


def without_deployed(plan: Plan, kinds: Collection[str], connection: Connection) -> Plan:
    """Return the plan without the files of some kinds whose objects are all in the database; notes name them."""
    exists = partial(connection.dialect.object_exists, connection)
    there = {
        step.label
        for step in plan.steps
        if step.kind in kinds
        and all(file.definitions and all(map(exists, file.definitions)) for file in step.sql_files)
    }
    steps = tuple(step for step in plan.steps if step.label not in there)
    return Plan(steps, (*plan.notes, *(f"{label}: is there" for label in sorted(there))), plan.warnings)


def _plan(order: FileOrder, read_all: Callable[[], Sequence[SqlFile]] | None = None) -> Plan:
    files = order.files
    deployed = DeployedFiles(read_all or (lambda: files))
    steps = tuple(FileStep(file, deployed) for file in files if file.batches)
    return Plan(steps, (*file_notes(files), *order.notes), tuple(_duplicate_definitions(files)))


def file_notes(files: Sequence[SqlFile]) -> Iterator[str]:
    """Yield the notes about the files, first those without a statement."""
    yield from (f"{file.label}: holds no statement" for file in files if not file.batches)
    yield from (note for file in files for note in file.warnings)


def _duplicate_definitions(files: Sequence[SqlFile]) -> Iterator[str]:
    """Name objects that two files create: the later file wins. Overloaded routines differ by their parameters."""
    first: dict[tuple[str, Name], str] = {}
    for file in files:
        for definition in file.definitions:
            kind, name = definition.kind, definition.name
            key = (kind, Name(name.schema or file.dialect.default_schema, name.name))
            once = kind in CREATED_ONCE - file.dialect.overloaded_kinds
            other = first.setdefault(key, file.label) if once else file.label
            if other != file.label:
                yield f"{kind} {name} is defined twice: {other}, {file.label}"
