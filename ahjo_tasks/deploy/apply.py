"""Applying a plan, step by step, with a full account when a step fails."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import AhjoError, DeployError, SourceError, StatementError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ahjo_tasks.deploy.plan import Plan, Step
    from ahjo_tasks.door import Door

LISTED = 10


@dataclass(frozen=True)
class Event:
    """Something that happened while a plan was applied. `status` is started, message, ok or FAIL."""

    status: str
    step: Step
    number: int
    total: int
    seconds: float = 0.0
    rows: int = 0
    text: str = ""


def apply(plan: Plan, door: Door, observe: Callable[[Event], None]) -> None:
    """Do the steps in order and stop at the first that fails.

    Raises DeployError that says which steps were applied and in what state the database is.
    """
    refuse_mixed(plan, door)
    total = len(plan.steps)
    for number, step in enumerate(plan.steps, 1):
        observe(Event("started", step, number, total))
        door.on_message = lambda text, step=step, number=number: observe(  # type: ignore[misc]
            Event("message", step, number, total, text=text)
        )
        started = time.perf_counter()
        try:
            with door.unit(transactional=step.transactional, single_call=step.single_call):
                rows = step.run(door)
        except AhjoError as error:
            observe(Event("FAIL", step, number, total, time.perf_counter() - started))
            raise _account(error, plan, number, door) from error
        observe(Event("ok", step, number, total, time.perf_counter() - started, rows))


def refuse_mixed(plan: Plan, door: Door) -> None:
    """Raise UsageError when the whole action is one transaction and a step cannot run in it."""
    for step in plan.steps if door.shared else ():
        if step.note.startswith("outside"):
            raise UsageError(
                f"{step.label} runs {step.note}, but transaction_mode begin_once makes one transaction of the action.",
                hint="Deploy this file with context_connectable_type: engine.",
            )


def _account(error: AhjoError, plan: Plan, number: int, door: Door) -> DeployError:
    """The failure with what was done before it, and what is left of it."""
    done, step = plan.steps[: number - 1], plan.steps[number - 1]
    state = _state(step, len(done), len(plan.steps), door, getattr(error, "state", ""))
    details = (*getattr(error, "details", ()), *_applied(done, door), state)
    place: dict[str, Any] = {"hint": error.hint}
    if isinstance(error, SourceError):
        place |= {"path": error.path, "line": error.line, "column": error.column}
    message = error.message if isinstance(error, SourceError) else f"{step.label}: {error.message}"
    if isinstance(error, StatementError) and error.server.number:
        message = f"{step.label}: {error.server.number}: {error.message}"
    return DeployError(message, details=details, **place)


def _applied(done: tuple[Step, ...], door: Door) -> list[str]:
    if not done or door.shared:
        return []
    names = ", ".join(step.label for step in done[-LISTED:])
    more = f"{len(done) - LISTED} more, then " if len(done) > LISTED else ""
    return [f"Applied before: {more}{names}"]


def _state(step: Step, done: int, total: int, door: Door, said: str) -> str:
    if door.shared and not door.dialect.transactional_ddl:
        return f"The transaction was rolled back, but {door.dialect.title} commits at every CREATE, ALTER and DROP."
    if door.shared:
        return "The transaction of the action was rolled back: the database is as before."
    stays = f"{done} of {total} steps were applied and stay; " if done else ""
    if said:
        return stays + said
    if step.transactional:
        return (
            f"{stays}{step.label} was rolled back." if done else f"{step.label} was rolled back: nothing was changed."
        )
    return f"{stays}{step.label} was not in a transaction: its statements before the failing one stay."
