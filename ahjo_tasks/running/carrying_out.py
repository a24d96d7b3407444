"""What every changing action does: announce, plan, show, and apply unless it is a dry run."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.errors import ConnectionFailedError, StatementError
from ahjo_tasks.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ahjo_tasks.deploy.apply import Event
    from ahjo_tasks.deploy.plan import Plan
    from ahjo_tasks.door import Door
    from ahjo_tasks.running.context import ActionContext


def carry_out(ctx: ActionContext, build: Callable[[Door | None], Plan]) -> None:
    """Hold the deploy lock, have the plan built, show it, and apply it.

    `build` gets the open connection, or None in a dry run whose database does not exist yet.
    With `--dry` the plan is printed whole, and nothing is locked or changed.
    """
    from ahjo_tasks.deploy.apply import apply

    ctx.announce(ctx.stack[0])
    with _door(ctx) as door:
        inform(ctx, door)
        plan = build(door)
        for remark in plan.remarks:
            ctx.console.note(remark)
        show(ctx, plan)
        if not ctx.dry and door is not None and plan.steps:
            apply(plan, door, lambda event: report(ctx, event))


def inform(ctx: ActionContext, door: Door | None) -> None:
    """Say once in a run what server and database are like, and where they are not as the config wants them."""
    if door is None or ctx.workspace.informed:
        return
    ctx.workspace.informed = True
    for warning in describe(ctx, door):
        ctx.console.warn(warning)


def describe(ctx: ActionContext, door: Door) -> list[str]:
    """Say what server and database are like, where the config wants it; returns what is not as the config says."""
    if not ctx.settings.display_db_info:
        return []
    try:
        facts, warnings = door.dialect.information(door, ctx.settings)
    except StatementError as error:
        ctx.console.note(f"  The server does not say what it is: {error.message}")
        return []
    if facts:
        ctx.console.note("  " + "   ".join(f"{name} {value}" for name, value in facts.items()))
    return warnings


def show(ctx: ActionContext, plan: Plan) -> None:
    """The plan in a line; in a dry run every step of it."""
    ctx.console.line(f"  Plan: {plan.summary}{' (dry run: nothing is changed)' if ctx.dry else ''}")
    for number, step in enumerate(plan.steps, 1) if ctx.dry else ():
        ctx.console.line(f"  {number:>{len(str(len(plan.steps)))}}. {step.kind} {step.label}")
        for line in step.note.splitlines():
            ctx.console.note(f"      {line}")


def report(ctx: ActionContext, event: Event) -> None:
    """One event of applying, as the user sees it."""
    console, step = ctx.console, event.step
    label = f"{step.kind} {step.label}"
    if event.status == "started":
        others = f" and {event.together - 1} more" if event.together > 1 else ""
        console.progress(f"  {event.number}/{event.total} {label}{others} ...")
    elif event.status == "message":
        console.line("      " + "\n      ".join(event.text.splitlines()))
    else:
        rows = f", {counted(event.rows, 'row')}" if event.rows else ""
        count = console.count(event.number, event.total)
        console.result(count, label, event.status, f"{event.seconds:.2f}s{rows}")


@contextmanager
def _door(ctx: ActionContext) -> Iterator[Door | None]:
    if not ctx.dry:
        with ctx.session.exclusive() as door:
            yield door
        return
    yield _existing(ctx)


def _existing(ctx: ActionContext) -> Door | None:
    """The open connection, or None when the database does not exist yet."""
    try:
        return ctx.session.door
    except ConnectionFailedError as error:
        if not error.missing_database:
            raise
    if ctx.workspace.unborn:
        ctx.console.note("init leaves an empty database: the plan is the one for it.")
    else:
        ctx.console.note("The database does not exist yet: the plan is the one for an empty database.")
    return None
