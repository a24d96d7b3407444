"""Applying a plan, step by step, with a full account when a step fails."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ahjo_tasks.engine.diagnostics import placed_among
from ahjo_tasks.engine.recreate_dependents import rebuild
from ahjo_tasks.engine.sql_file import FileStep
from ahjo_tasks.errors import AhjoError, DeployError, SourceError, StatementError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.plan import Plan, Step

MOST_FILES = 100
MOST_CHARACTERS = 256 * 1024


def grouped(steps: Sequence[Step], connection: Connection) -> Iterator[list[Step]]:
    """All steps in their order; in one list those that share a call, which are files."""
    group: list[Step] = []
    size = 0
    for step in steps:
        text = "" if connection.in_shared_transaction else _text(step)
        if group and (not text or len(group) == MOST_FILES or size + len(text) > MOST_CHARACTERS):
            yield group
            group, size = [], 0
        if text:
            group.append(step)
            size += len(text)
        else:
            yield [step]
    if group:
        yield group


def joined(steps: Sequence[Step], connection: Connection) -> str:
    """The text of the call that the files of one list share."""
    return connection.dialect.concatenate_batches(
        [step.file.batches[0].text for step in steps if isinstance(step, FileStep)]
    )


def said_among(steps: Sequence[Step], message: str) -> str:
    """A message of the call that the files of one list share, with its place where the words show it."""
    return placed_among([step.file for step in steps if isinstance(step, FileStep)], message)


def _text(step: Step) -> str:
    """What the step would send, if it may share a call."""
    return step.file.batches[0].text if isinstance(step, FileStep) and step.sociable else ""


COMMITS = "commits at every CREATE, ALTER and DROP"
"""What a database without transactional DDL does."""

LISTED = 10


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened while a plan was applied. `status` is started, message, ok or FAIL.

    `together` is how many steps, this one first, were started by one call. Each gets its own ok, in order; when the
    call fails, nothing of it is left, and they are started again one by one.
    """

    status: str
    step: Step
    number: int
    total: int
    seconds: float = 0.0
    rows: int = 0
    text: str = ""
    together: int = 1


def apply(plan: Plan, connection: Connection, observe: Callable[[Event], None]) -> None:
    """Do the steps in order and stop at the first that fails.

    Raises DeployError that says which steps were applied and in what state the database is.
    """
    refuse_mixed(plan, connection)
    run = _Run(plan, connection, observe)
    for group in grouped(plan.steps, connection):
        if len(group) == 1 or not run.run_batch(group):
            for step in group:
                run.run_step(step)


@dataclass
class _Run:
    plan: Plan
    connection: Connection
    observe: Callable[[Event], None]
    done: int = 0

    def run_step(self, step: Step) -> None:
        """Do one step; raise DeployError when it fails."""
        self._tell("started", step)
        self.connection.on_message = lambda text: self._tell("message", step, text=text)
        started = time.perf_counter()
        try:
            rows = self._run(step)
        except AhjoError as error:
            self._tell("FAIL", step, seconds=time.perf_counter() - started)
            raise _account(error, self.plan, self.done + 1, self.connection) from error
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(*_interrupted(step, self.connection)) from stop
        self._tell("ok", step, seconds=time.perf_counter() - started, rows=rows)
        self.done += 1

    def _run(self, step: Step) -> int:
        """As it is, or else together with the files that use what it drops."""
        try:
            with self.connection.transaction(transactional=step.transactional, single_call=step.single_call):
                return step.run(self.connection)
        except DeployError as error:
            found = rebuild(step, error, self.plan, self.connection)
            if found is None:
                raise
        with self.connection.transaction():
            rows = found.run(self.connection)
        users = ", ".join(file.label for file in found.users)
        self._tell("message", step, text=f"made together with what uses it: {users}")
        return rows

    def run_batch(self, steps: Sequence[Step]) -> bool:
        """Do several steps in one call. False when it failed: then nothing of it is left, and nothing was said.

        The server does not tell which file a message belongs to, so they follow the last one, and their words tell.
        """
        messages: list[str] = []
        self._tell("started", steps[0], together=len(steps))
        self.connection.on_message = messages.append
        started = time.perf_counter()
        try:
            self.connection.execute(joined(steps, self.connection))
        except StatementError as error:
            if self.connection.usable:
                return False
            self._tell("FAIL", steps[0], seconds=time.perf_counter() - started)
            raise _account(error, self.plan, self.done + 1, self.connection) from error
        share = (time.perf_counter() - started) / len(steps)
        for step in steps:
            self._tell("ok", step, seconds=share)
            self.done += 1
        for text in messages:
            placed = said_among(steps, text)
            self.observe(Event("message", steps[-1], self.done, len(self.plan.steps), text=placed))
        return True

    def _tell(self, status: str, step: Step, **what: Any) -> None:
        self.observe(Event(status, step, self.done + 1, len(self.plan.steps), **what))


def refuse_mixed(plan: Plan, connection: Connection) -> None:
    """Raise UsageError when the whole action is one transaction and a step cannot run in it."""
    for step in plan.steps if connection.in_shared_transaction else ():
        if step.note.startswith("outside"):
            raise UsageError(
                f"{step.label} runs {step.note}, but transaction_mode begin_once makes one transaction of the action.",
                hint="Deploy this file with context_connectable_type: engine.",
            )


def _account(error: AhjoError, plan: Plan, number: int, connection: Connection) -> DeployError:
    """The failure with what was done before it, and what is left of it."""
    done, step = plan.steps[: number - 1], plan.steps[number - 1]
    state = _state(step, len(done), len(plan.steps), connection, getattr(error, "state", ""))
    details = (*getattr(error, "details", ()), *_applied(done, connection), state)
    place: dict[str, Any] = {"hint": error.hint}
    if isinstance(error, SourceError):
        place |= {"path": error.path, "line": error.line, "column": error.column}
    said = str(error.server) if isinstance(error, StatementError) else error.message
    message = said if isinstance(error, SourceError) else f"{step.label}: {said}"
    return DeployError(message, details=details, **place)


def _interrupted(step: Step, connection: Connection) -> tuple[str, ...]:
    """What is left of a step that Ctrl-C ended, where that is more than nothing."""
    if step.note.startswith("outside"):
        return (f"{step.label} was not in a transaction: its statements before stay",)
    if connection.dialect.transactional_ddl:
        return ()
    return (f"what was not finished was rolled back as far as {connection.dialect.title} does: it {COMMITS}",)


def _applied(done: tuple[Step, ...], connection: Connection) -> list[str]:
    if not done or connection.in_shared_transaction:
        return []
    names = ", ".join(step.label for step in done[-LISTED:])
    more = f"{len(done) - LISTED} more, then " if len(done) > LISTED else ""
    return [f"Applied before: {more}{names}"]


def _state(step: Step, done: int, total: int, connection: Connection, said: str) -> str:
    if connection.in_shared_transaction and not connection.dialect.transactional_ddl:
        return f"The transaction was rolled back, but {connection.dialect.title} {COMMITS}."
    if connection.in_shared_transaction:
        return "The transaction of the action was rolled back: the database is as before."
    stayed = "was applied and stays" if done == 1 else "were applied and stay"
    stays = f"{done} of {total} steps {stayed}; " if done else ""
    if said:
        return stays + said
    if step.transactional:
        return (
            f"{stays}{step.label} was rolled back." if done else f"{step.label} was rolled back: nothing was changed."
        )
    return f"{stays}{step.label} was not in a transaction: its statements before the failing one stay."
