"""What every changing action does: announce, plan, show, and apply unless it is a dry run."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.errors import ConnectionFailedError, StatementError
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.executor import Event
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.runtime.context import ActionContext


def run_plan(ctx: ActionContext, build: Callable[[Connection | None], Plan]) -> None:
    """Hold the deploy lock, have the plan built, show it, and apply it.

    `build` gets the open connection, or None in a dry run whose database does not exist yet.
    With `--dry` the plan is printed whole, and nothing is locked or changed.
    """
    from ahjo_tasks.engine.executor import apply

    ctx.announce(ctx.stack[0])
    with _connection(ctx) as connection:
        inform(ctx, connection)
        plan = build(connection)
        for remark in plan.remarks:
            ctx.console.info(remark)
        show(ctx, plan)
        if not ctx.dry_run and connection is not None and plan.steps:
            apply(plan, connection, lambda event: report(ctx, event))


def inform(ctx: ActionContext, connection: Connection | None) -> None:
    """Say once in a run what server and database are like, and where they are not as the config wants them."""
    if connection is None or ctx.project.informed:
        return
    ctx.project.informed = True
    for warning in describe(ctx, connection):
        ctx.console.warning(warning)


def describe(ctx: ActionContext, connection: Connection) -> list[str]:
    """Say what server and database are like, where the config wants it; returns what is not as the config says."""
    if not ctx.settings.display_db_info:
        return []
    try:
        facts, warnings = connection.dialect.server_info(connection, ctx.settings)
    except StatementError as error:
        ctx.console.info(f"  The server does not say what it is: {error.message}")
        return []
    if facts:
        ctx.console.info("  " + "   ".join(f"{name} {value}" for name, value in facts.items()))
    return warnings


def show(ctx: ActionContext, plan: Plan) -> None:
    """The plan in a line; in a dry run every step of it."""
    ctx.console.print(f"  Plan: {plan.summary}{' (dry run: nothing is changed)' if ctx.dry_run else ''}")
    for number, step in enumerate(plan.steps, 1) if ctx.dry_run else ():
        ctx.console.print(f"  {number:>{len(str(len(plan.steps)))}}. {step.kind} {step.label}")
        for line in step.note.splitlines():
            ctx.console.info(f"      {line}")


def report(ctx: ActionContext, event: Event) -> None:
    """One event of applying, as the user sees it."""
    console, step = ctx.console, event.step
    label = f"{step.kind} {step.label}"
    if event.status == "started":
        others = f" and {event.together - 1} more" if event.together > 1 else ""
        console.progress(f"  {event.number}/{event.total} {label}{others} ...")
    elif event.status == "message":
        console.print("      " + "\n      ".join(event.text.splitlines()))
    else:
        rows = f", {pluralize(event.rows, 'row')}" if event.rows else ""
        count = console.count(event.number, event.total)
        console.result(count, label, event.status, f"{event.seconds:.2f}s{rows}")


@contextmanager
def _connection(ctx: ActionContext) -> Iterator[Connection | None]:
    if not ctx.dry_run:
        with ctx.database.locked_connection() as connection:
            yield connection
        return
    yield _existing(ctx)


def _existing(ctx: ActionContext) -> Connection | None:
    """The open connection, or None when the database does not exist yet."""
    try:
        return ctx.database.connection
    except ConnectionFailedError as error:
        if not error.missing_database:
            raise
    if ctx.project.unborn:
        ctx.console.info("init leaves an empty database: the plan is the one for it.")
    else:
        ctx.console.info("The database does not exist yet: the plan is the one for an empty database.")
    return None
