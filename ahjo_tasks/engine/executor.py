"""Apply a plan step by step, and report what was done when a step fails."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ahjo_tasks.database.connection import ENDED_OUTCOME
from ahjo_tasks.engine.attachments import keep_attachments
from ahjo_tasks.engine.diagnostics import locate_messages, locating_errors
from ahjo_tasks.engine.sql_file import FileStep
from ahjo_tasks.errors import UNKNOWN_OUTCOME, AhjoError, DeployError, SourceError, StatementError, UsageError
from ahjo_tasks.events import StepEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect, ServerMessage
    from ahjo_tasks.engine.plan import Plan, Step
    from ahjo_tasks.errors import ServerError

BATCH_MAX_FILES = 100
BATCH_MAX_CHARACTERS = 256 * 1024
MAX_LISTED_STEPS = 10
IMPLICIT_COMMITS = "commits at every CREATE, ALTER and DROP"
"""Explanation for a database without transactional DDL."""


MIN_COUNTED_OBJECTS = 500
"""Objects in one transaction from which on the server is asked how many it can lock at once."""
BEGINS_AGAIN = "the server ended the transaction of the action: it starts again"
OUTSIDE_HINT = "Write -- transaction: off at the head of the file: the server takes this outside of transactions only."
OTHERWISE_HINT = "With context_connectable_type: engine it is done in another way, outside of a transaction."
"""Hint at a fallback that the one transaction of an action leaves no room for."""


class Recording(Protocol):
    """Takes note of what the steps of a run do."""

    def observe(self, event: StepEvent, step: Step) -> None:
        """Take note of an event of a step."""

    def looks_at(self, step: Step) -> bool:
        """Return whether it looks at what a step leaves, in the transaction of the step."""

    def look(self, steps: Sequence[Step]) -> None:
        """Look at what steps have left, in their transaction."""

    def pause(self) -> None:
        """Write what was noted if it is time to; called where all that was done has been told."""

    def flush(self, *, last: bool) -> None:
        """Write what was noted; called at the end of each transaction, inside of it.

        After the `last` one nothing is left to do: the run ends with it.
        """


class NotRecording:
    """Takes no note."""

    def observe(self, event: StepEvent, step: Step) -> None:
        """Ignore it."""

    def looks_at(self, step: Step) -> bool:
        """Return False."""
        return False

    def look(self, steps: Sequence[Step]) -> None:
        """Look at nothing."""

    def pause(self) -> None:
        """Write nothing."""

    def flush(self, *, last: bool) -> None:
        """Write nothing."""


class _CommitFirstError(Exception):
    """The server or a step wants what was done before to be committed; all of it was rolled back."""


class _TryAgainError(Exception):
    """Another session was in the way; all of the transaction was rolled back."""


class Part(NamedTuple):
    """Steps that follow each other. `joined` are one transaction; `reason` says why a new one begins with them."""

    joined: bool
    steps: list[Step]
    reason: str = ""


def divide(
    steps: Sequence[Step], dialect: Dialect, connection: Connection | None, *, one_transaction: bool
) -> list[Part]:
    """Divide the steps of a plan into transactions: as few as can be where all that an action runs is to be one.

    Without a connection, as of a database that does not exist yet, what its server limits is not known.
    """
    shared = connection is not None and connection.in_shared_transaction
    one_transaction = one_transaction and dialect.transactional_ddl and not shared
    parts: list[Part] = []
    for joined, group in groupby(steps, lambda step: one_transaction and not step.alone):
        members = list(group)
        sizes = [_object_count(step) for step in members]
        limit = 0
        if connection is not None and joined and sum(sizes) > MIN_COUNTED_OBJECTS:
            limit = dialect.max_locked_objects(connection)
        reason = ""
        for part in _portions(members, sizes, limit):
            parts.append(Part(joined, part, reason))
            reason = f"the server's lock table has room for no more than {limit} objects at once"
    return parts


def _object_count(step: Step) -> int:
    """Return the number of objects that a step may lock until its transaction ends, as far as its file tells."""
    return max(1, len(step.file.definitions)) if isinstance(step, FileStep) else 1


def _portions(steps: Sequence[Step], sizes: Sequence[int], limit: int) -> Iterator[list[Step]]:
    """Divide steps into portions of no more than `limit` objects, but of one step at least; 0 sets no limit."""
    portion: list[Step] = []
    size = 0
    for step, count in zip(steps, sizes, strict=True):
        if limit and portion and size + count > limit:
            yield portion
            portion, size = [], 0
        portion.append(step)
        size += count
    if portion:
        yield portion


def describe_transactions(parts: Sequence[Part]) -> dict[int, str]:
    """Say, by the number of a step from 1, why it does not share the transaction of the steps around it."""
    found, number = {}, 1
    joined = any(part.joined and len(part.steps) > 1 for part in parts)
    for part in parts:
        if part.reason:
            found[number] = f"a new transaction begins: {part.reason}"
        for offset, step in enumerate(part.steps):
            if step.outside_transaction:
                found[number + offset] = f"outside of a transaction: {step.outside_transaction}"
            elif step.alone and joined:
                found[number + offset] = f"committed by itself: {step.alone}"
        number += len(part.steps)
    return found


def describe_failure(parts: Sequence[Part], connection: Connection) -> str:
    """Say what a deploy that fails leaves in the database; empty for a plan without steps."""
    count = sum(1 if part.joined else len(part.steps) for part in parts)
    if not count:
        return ""
    if not connection.dialect.transactional_ddl:
        return f"what ran before stays, as {connection.product} {IMPLICIT_COMMITS}; run it again to go on"
    if count == 1 or connection.in_shared_transaction:
        return "nothing is changed: all of it is one transaction"
    return f"the finished ones of its {count} transactions stay; run it again to go on"


class PlanExecutor:
    """Apply plans on one connection. `observer` gets every event as it happens, and then `recording` with its step.

    With `one_transaction` steps that follow each other are one transaction where they can be; the recording is flushed
    at the end of each of these. One that was rolled back because another session was in the way is begun again, as
    often as `retries` says.
    """

    def __init__(
        self,
        connection: Connection,
        observer: Callable[[StepEvent], None],
        recording: Recording | None = None,
        *,
        one_transaction: bool = False,
        retries: int = 0,
    ) -> None:
        self.connection = connection
        self._observer = observer
        self._recording = recording or NotRecording()
        self._one_transaction = one_transaction
        self._retries = self._tries_left = retries
        self._plan_steps: tuple[Step, ...] = ()
        self._planned: dict[tuple[str, str], Step] = {}
        self._committed = 0
        self._done: list[Step] = []
        self._done_keys: set[tuple[str, str]] = set()
        self._moved: set[tuple[str, str]] = set()
        """The steps that are done before their turn."""
        self._waiting: list[tuple[str, str]] = []
        self._applied: list[Step] = []
        self._may_begin_again = False
        self._outside = False
        self._joined = False
        """True in the transaction of several steps that may be done again."""

    def run(self, plan: Plan) -> None:
        """Do the steps in order and stop at the first that fails.

        Raises DeployError that says which steps were applied and in what state the database is.
        """
        refuse_outside_transaction(plan, self.connection)
        self._planned = {_key(step): step for step in plan.steps}
        self._plan_steps, self._done, self._done_keys, self._moved = plan.steps, [], set(), set()
        self._applied = []
        shared, dialect = self.connection.in_shared_transaction, self.connection.dialect
        self._may_begin_again = shared and not self.connection.changed and dialect.transactional_ddl
        waiting = divide(plan.steps, dialect, self.connection, one_transaction=self._one_transaction)
        self._tries_left = self._retries
        while waiting:
            part = waiting.pop(0)
            try:
                with self._transaction(part.steps, last=not waiting) if part.joined else nullcontext():
                    for planned in batched(part.steps, self.connection):
                        for step in self._run_together(planned):
                            self.run_step(step)
                            self._recording.pause()
            except _CommitFirstError as error:
                self._message(part.steps[0], f"{error}: each step is committed by itself now")
                waiting.insert(0, part._replace(joined=False))
            except _TryAgainError as error:
                self._message(part.steps[0], f"{error}: it was rolled back and starts again")
                waiting.insert(0, part)

    def _run_together(self, planned: Sequence[Step]) -> Sequence[Step]:
        """Do the steps in one call if they can be; return those that are to be done one by one."""
        batch = [step for step in planned if _key(step) not in self._moved]
        if len(batch) <= 1 or not self.run_batch(batch):
            return batch
        self._recording.pause()
        return ()

    @contextmanager
    def _transaction(self, steps: Sequence[Step], *, last: bool) -> Iterator[None]:
        """Make one transaction of the steps, which may be the `last` ones of the plan.

        Raises _CommitFirstError where a part of it is to be committed, and _TryAgainError where another session
        was in the way and it may be tried again.
        """
        done, moved = list(self._done), set(self._moved)
        self._committed = len(done)
        self._applied, self._may_begin_again, self._outside, self._joined = [], True, False, True
        try:
            with ExitStack() as around:
                checks = [around.enter_context(step.around_transaction(self.connection)) for step in steps]
                with self.connection.one_transaction():
                    yield
                    check_before_commit(checks)
                    self._recording.flush(last=last)
        except BaseException as error:
            for number, step in enumerate(self._done[len(done) :], len(done) + 1):
                self._tell("rolled back", step, number)
            self._done, self._moved, self._waiting = done, moved, []
            self._done_keys = {*map(_key, done)}
            if not isinstance(error, DeployError | StatementError):
                raise
            again = self._again(error.server)
            if error.server is None or again is None:
                raise
            self._tries_left -= again is _TryAgainError
            raise again(error.server.message) from error
        finally:
            self._joined = False

    def _again(self, error: ServerError | None) -> type[_CommitFirstError | _TryAgainError] | None:
        """Return how the transaction of several steps is done again after an error; None where it is not."""
        if error is None or not self._joined:
            return None
        if self._outside or self.connection.dialect.needs_commit(error):
            return _CommitFirstError
        return _TryAgainError if self._tries_left and self._was_blocked(error) else None

    def _was_blocked(self, error: ServerError) -> bool:
        return not error.lost and error.number in self.connection.dialect.blocked_by_others

    def run_step(self, step: Step) -> None:
        """Do one step, or its fallback, unless it was done with another. Raises DeployError when both fail.

        Later steps that create what does not exist yet are done before it, each once.
        """
        if _key(step) in self._moved:
            return
        self._waiting.append(_key(step))
        while (first := self._try_step(step)) is not None:
            steps, step = first
            for other in steps:
                self.run_step(other)
                self._moved.add(_key(other))
        self._waiting.pop()

    def _try_step(self, step: Step) -> tuple[list[Step], Step] | None:
        """Do one step; None when it is done, else the steps to do first, and what of this one is left to do then."""
        if _key(step) in self._moved:
            return None
        self.connection.check_interrupted()
        self._notify("started", step)
        self.connection.on_message = lambda message: self._message(step, message.text)
        started = time.perf_counter()
        with self._reporting_failure(step, started):
            refused: DeployError | StatementError | None = None
            try:
                with self._surrounding(step):
                    rows, together = step.run(self.connection), step.included
            except (DeployError, StatementError) as error:
                refused = error
            if refused is not None:  # no longer handled: errors of what runs now have nothing to do with it
                first = self._needed_first(step, refused)
                if first:
                    self._begin_again(step)
                    return first, step.resumed(refused)
                rows, together = self._run_fallback(step, refused)
        self._notify("ok", step, seconds=time.perf_counter() - started, rows=rows, batches=step.batches_done())
        self._tell_together(together)
        return None

    def _tell_together(self, together: tuple[Step, ...]) -> None:
        """Tell of the steps of the plan that were done with the last one, before their turn."""
        for key in map(_key, together):
            if key in self._planned and key not in self._done_keys:
                step = self._planned[key]
                self._notify("started", step)
                self._notify("ok", step)
                self._moved.add(key)

    def _later(self) -> list[Step]:
        """List the steps of the plan that are not done yet."""
        return [other for other in self._plan_steps if _key(other) not in self._done_keys]

    @contextmanager
    def _surrounding(self, step: Step) -> Iterator[None]:
        """Surround a step with its transaction, have what it left looked at there, and note it for `_begin_again`."""
        with (
            step.preserve_session(self.connection),
            self.connection.transaction(
                transactional=step.transactional and not step.commits_itself,
                sent_in_one_call=step.sent_in_one_call and not self._looks_at((step,)),
                savepoint=step.transactional and self.connection.dialect.can_undo_block,
            ),
            locating_errors(self.connection),
        ):
            with keep_attachments(self.connection, (step,), self._later):
                yield
            self._recording.look((step, *step.included))
        self._applied.append(step)

    def _looks_at(self, steps: Sequence[Step]) -> bool:
        """Return whether more than the steps themselves is to be in their transaction."""
        return any(self._recording.looks_at(step) or any(file.replaced for file in step.sql_files) for step in steps)

    def _can_go_on(self, error: DeployError | StatementError) -> bool:
        """Return whether other statements can run after this error of a step."""
        if error.server is None or error.server.lost:
            return False
        shared = self.connection.in_shared_transaction and self.connection.dialect.transactional_ddl
        return not shared or self.connection.dialect.can_undo_block or self._may_begin_again

    def _begin_again(self, step: Step) -> None:
        """Do again what was done in the transaction of the action, where the error of a step has ended it."""
        if (
            not (self._may_begin_again and self.connection.in_shared_transaction)
            or self.connection.dialect.can_undo_block
        ):
            return
        self._message(step, BEGINS_AGAIN)
        self.connection.begin_again()
        applied, self._applied = self._applied, []
        with self.connection.messages_to(lambda _message: None):
            for other in applied:
                with self._surrounding(other):
                    other.run(self.connection)

    def _needed_first(self, step: Step, error: DeployError | StatementError) -> list[Step]:
        """The steps that create what did not exist yet for this one, without those that were tried."""
        if error.server is None or not self._can_go_on(error):
            return []
        tried = {*self._moved, *self._waiting}
        first = [other for other in step.needed_first(error.server) if _key(other) not in tried]
        if first:
            place = f"{step.label}:{error.line}" if isinstance(error, DeployError) and error.line else step.label
            others = ", ".join(other.label for other in first)
            self._message(step, f"{place}: {error.server.message}: {others} first")
        return first

    def run_batch(self, steps: Sequence[Step]) -> bool:
        """Do several steps in one call. False when it failed: then nothing of it is left, and nothing was reported.

        The server does not tell which file a message belongs to, so all of them follow the last step; a message whose
        text occurs in one file only gets that file's position.
        """
        messages: list[ServerMessage] = []
        files = [step.file for step in steps if isinstance(step, FileStep)]
        for offset, step in enumerate(steps):
            self._tell("started", step, len(self._done) + 1 + offset, batch_size=0 if offset else len(steps))
        self.connection.on_message = messages.append
        started = time.perf_counter()
        try:
            in_one_call = not self._looks_at(steps)
            with self.connection.transaction(sent_in_one_call=in_one_call, savepoint=True):
                with keep_attachments(self.connection, steps, self._later):
                    self.connection.execute(
                        self.connection.dialect.concatenate_batches([file.single_text for file in files])
                    )
                self._recording.look(steps)
        except StatementError as error:
            if self.connection.usable:
                return False
            raise self._note_failure(steps[0], started, error) from error
        share = (time.perf_counter() - started) / len(steps)
        for step in steps:
            self._notify("ok", step, seconds=share, batches=step.batches_done())
        for text in locate_messages(files, messages):
            self._tell("message", steps[-1], len(self._done), text=text)
        return True

    def _run_fallback(self, step: Step, error: DeployError | StatementError) -> tuple[int, tuple[Step, ...]]:
        """Do the step that can take the failed one's place, or that one's; raise the error where there is none.

        Return the number of changed rows, and the steps that were done with it.
        """
        fallback, refused = step, error
        while (found := self._fallback(fallback, refused)) is not None:
            fallback = found
            self._begin_again(step)
            try:
                with self._surrounding(fallback):
                    rows = fallback.run(self.connection)
            except (DeployError, StatementError) as again:
                refused = again
                continue
            self._message(step, fallback.note)
            return rows, fallback.included
        if step.transactional and refused.server and self.connection.dialect.refuses_transaction(refused.server):
            refused.hint = OUTSIDE_HINT
        raise refused

    def _fallback(self, step: Step, error: DeployError | StatementError) -> Step | None:
        """The step to do instead; None for one outside of transactions where the action shares one."""
        found = step.fallback(error, self.connection, self._later()) if self._can_go_on(error) else None
        if found is None or not found.outside_transaction or not self.connection.in_shared_transaction:
            return found
        self._outside = True
        error.hint = error.hint or OTHERWISE_HINT
        return None

    @contextmanager
    def _reporting_failure(self, step: Step, started: float) -> Iterator[None]:
        try:
            yield
        except AhjoError as error:
            raise self._note_failure(step, started, error) from error
        except KeyboardInterrupt as stop:
            raise type(stop)(*_interrupted_outcome(step, self.connection)) from stop

    def _note_failure(self, step: Step, started: float, error: AhjoError) -> DeployError:
        """Tell that a step failed, or is tried again, and return the error to raise."""
        failure, seconds = self._failure(step, error), time.perf_counter() - started
        status = "again" if self._again(failure.server) else "FAIL"
        self._notify(status, step, seconds=seconds, text=str(failure), batches=step.batches_done(error))
        return failure

    def _failure(self, step: Step, error: AhjoError) -> DeployError:
        """The error with what was done before it, and what is left of the step."""
        done = self._done
        outcome = _outcome(
            step, len(done), self._total, self.connection, getattr(error, "outcome", ""), self._committed
        )
        details = (*getattr(error, "details", ()), *_steps_before(done, self.connection), outcome)
        position: dict[str, Any] = {"hint": error.hint}
        if isinstance(error, SourceError):
            position |= {"path": error.path, "line": error.line, "column": error.column}
        server = getattr(error, "server", None)
        text = str(server) if isinstance(error, StatementError) else error.message
        message = text if isinstance(error, SourceError) else f"{step.label}: {text}"
        return DeployError(message, details=details, server=server, **position)

    @property
    def _total(self) -> int:
        return len(self._plan_steps)

    def _message(self, step: Step, text: str) -> None:
        self._notify("message", step, text=text)

    def _notify(self, status: str, step: Step, **values: Any) -> None:
        """Tell the status of the next step; one that is done is noted before, for who is told may raise."""
        number = len(self._done) + 1
        if status == "ok":
            self._done.append(step)
            self._done_keys.add(_key(step))
        self._tell(status, step, number, **values)

    def _tell(self, status: str, step: Step, number: int, **values: Any) -> None:
        event = StepEvent(status, step.kind, step.label, number, self._total, **values)
        self._recording.observe(event, step)
        self._observer(event)


def check_before_commit(checks: Sequence[Callable[[], str] | None]) -> None:
    """Raise DeployError where what a transaction did may not be committed."""
    problems = [problem for check in checks if check is not None and (problem := check())]
    if problems:
        raise DeployError(f"The transaction was not committed: {problems[0]}.")


def _key(step: Step) -> tuple[str, str]:
    """Kind and label, by which a plan knows a step."""
    return step.kind, step.label


def batched(steps: Sequence[Step], connection: Connection) -> Iterator[list[Step]]:
    """Divide the steps, in their order, into lists: files that can share a call together, every other step alone."""
    batch: list[Step] = []
    size = 0
    for step in steps:
        text = _batchable_text(step)
        if batch and (not text or len(batch) == BATCH_MAX_FILES or size + len(text) > BATCH_MAX_CHARACTERS):
            yield batch
            batch, size = [], 0
        if text:
            batch.append(step)
            size += len(text)
        else:
            yield [step]
    if batch:
        yield batch


def _batchable_text(step: Step) -> str:
    """The SQL that the step would send, if it can share a call; else an empty text."""
    return step.file.single_text if isinstance(step, FileStep) and step.batchable else ""


def refuse_outside_transaction(plan: Plan, connection: Connection) -> None:
    """Raise UsageError when the action is one transaction and a step cannot run in it."""
    for step in plan.steps if connection.in_shared_transaction else ():
        if step.transaction_control:
            raise UsageError(
                f"{step.label} begins or ends transactions itself, by {step.transaction_control}, but transaction_mode"
                " begin_once makes one transaction of the action.",
                hint=f"Leave {step.transaction_control} out, or deploy with context_connectable_type: engine.",
            )
        if step.outside_transaction:
            raise UsageError(
                f"{step.label} runs outside of a transaction: {step.outside_transaction}, but transaction_mode"
                " begin_once makes one transaction of the action.",
                hint="Deploy this file with context_connectable_type: engine.",
            )


def _interrupted_outcome(step: Step, connection: Connection) -> tuple[str, ...]:
    """Say what is left of a step that Ctrl-C ended, where that is more than nothing."""
    if not connection.usable and connection.dialect.transactional_ddl:
        return (f"the connection was left without the server's answer: {UNKNOWN_OUTCOME.rstrip('.')}",)
    unknown = "" if connection.usable else f"; of the statement that ran {UNKNOWN_OUTCOME.rstrip('.')}"
    if step.outside_transaction:
        return (f"{step.label} was not in a transaction: its statements before stay{unknown}",)
    if connection.dialect.transactional_ddl:
        return ()
    rolled_back = f"what was not finished was rolled back as far as {connection.product} does"
    return (f"{rolled_back}: it {IMPLICIT_COMMITS}{unknown}",)


def _steps_before(done: Sequence[Step], connection: Connection) -> list[str]:
    if not done or connection.in_shared_transaction:
        return []
    names = ", ".join(step.label for step in done[-MAX_LISTED_STEPS:])
    more = f"{len(done) - MAX_LISTED_STEPS} more, then " if len(done) > MAX_LISTED_STEPS else ""
    return [f"Applied before: {more}{names}"]


def _outcome(  # noqa: PLR0911, PLR0913, PLR0917 - all that the sentence says
    step: Step, done: int, total: int, connection: Connection, step_outcome: str, committed: int
) -> str:
    """The state of the database after the step failed, as a sentence."""
    if connection.in_shared_transaction and committed:
        return f"The transaction was rolled back; {committed} of {total} steps before it are committed."
    if connection.in_shared_transaction and not connection.dialect.transactional_ddl:
        return f"The transaction was rolled back, but {connection.product} {IMPLICIT_COMMITS}."
    says_more = isinstance(step, FileStep) or step_outcome == ENDED_OUTCOME
    if connection.in_shared_transaction and step_outcome and says_more:
        return f"The transaction of the action was rolled back; {step_outcome}"
    if connection.in_shared_transaction:
        return "The transaction of the action was rolled back: the database is as before."
    before = f"{done} of {total} steps committed; " if done else ""
    if step_outcome:
        return before + step_outcome if before else step_outcome[0].upper() + step_outcome[1:]
    if step.transactional:
        return f"{before}{step.label} was rolled back{'' if done else ': nothing was changed'}."
    return f"{before}{step.label} was not in a transaction: its statements before the failing one stay."
