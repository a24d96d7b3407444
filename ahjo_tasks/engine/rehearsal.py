"""Run a plan, and something after it, in a transaction that is rolled back."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ahjo_tasks.engine.executor import PlanExecutor, check_before_commit
from ahjo_tasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.events import StepEvent


class _DoneError(Exception):
    """The end of a rehearsal, which rolls back what it did."""


def refuse_rehearsal(plan: Plan, connection: Connection) -> None:
    """Raise UsageError where a step of the plan could not be rolled back."""
    if not connection.dialect.transactional_ddl:
        raise UsageError(f"{connection.product} cannot roll CREATE, ALTER and DROP back: there is no rehearsal on it.")
    steps = _without_upkeep(plan).steps
    outside = [f"{step.kind} {step.label} ({step.alone})" for step in steps if step.alone]
    if outside:
        raise UsageError(
            f"A rehearsal is one transaction, and these run outside of it: {', '.join(outside)}.",
            hint="Nothing was run. Deploy them first, or rehearse on a copy of the database.",
        )


def rehearse(
    plan: Plan, connection: Connection, observer: Callable[[StepEvent], None], afterwards: Callable[[], object]
) -> None:
    """Run the plan, and `afterwards` in the same transaction, and roll it back. Raises what either raises."""
    refuse_rehearsal(plan, connection)
    plan = _without_upkeep(plan)
    with suppress(_DoneError), ExitStack() as around:
        checks = [around.enter_context(step.around_transaction(connection)) for step in plan.steps]
        with connection.one_transaction():
            PlanExecutor(connection, observer).run(plan)
            check_before_commit(checks)
            afterwards()
            _roll_back()


def _without_upkeep(plan: Plan) -> Plan:
    """Leave out what only brings the server up to date with what was committed: nothing is here."""
    return replace(plan, steps=tuple(step for step in plan.steps if not step.upkeep))


def _roll_back() -> None:
    raise _DoneError
