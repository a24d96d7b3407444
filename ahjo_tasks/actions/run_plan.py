"""Connect for an action, show its plan, and apply the plan unless it is a dry run."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from ahjo_tasks.api import running
from ahjo_tasks.api.session import Session
from ahjo_tasks.console.console import one_line
from ahjo_tasks.events import Connected, FileTested, Planned, Started, StepEvent
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.deployment import Selection
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.events import Event
    from ahjo_tasks.runtime.context import ActionContext


def run_plan(ctx: ActionContext, plan: Plan) -> None:
    """Connect, show the plan, and apply it unless it is a dry run."""
    with connection_for_plan(ctx) as connection:
        apply_plan(ctx, plan, connection)


def session_of(ctx: ActionContext, observer: Callable[[Event], None] | None = None) -> Session:
    """Return the session of an action, whose events are shown on the console unless there is another observer."""
    hooks = ctx.namespace_info.hooks if ctx.namespace_info is not None else {}
    return Session(
        ctx.project, observer or partial(show_event, ctx), actions=ctx.command_line, hooks=hooks, context=ctx
    )


@contextmanager
def connection_for_plan(ctx: ActionContext) -> Iterator[Connection | None]:
    """Announce the action and lend the connection that its plan is made and applied on, with the deploy lock held.

    In a dry run nothing is locked, and the connection is None if the database does not exist yet.
    """
    session = session_of(ctx)
    if not ctx.dry_run:
        with running.locked_connection(session) as locked:
            yield locked
        return
    running.begin(session)
    connection = running.existing_connection(session)
    running.describe_once(session, connection)
    yield connection


def apply_plan(
    ctx: ActionContext, plan: Plan, connection: Connection | None, selection: Selection | None = None
) -> None:
    """Show the plan, and apply it unless it is a dry run. Raises DeployError when a step fails."""
    session = session_of(ctx)
    if connection is not None and not ctx.dry_run:
        running.apply_plan(session, plan, connection, selection)
        return
    running.tell_plan(session, plan)
    show_plan(ctx, plan, connection, selection)


def show_plan(
    ctx: ActionContext, plan: Plan, connection: Connection | None = None, selection: Selection | None = None
) -> None:
    """Print the plan in a line; in a dry run every step of it, and the state of every file on a terminal."""
    if ctx.dry_run:
        from ahjo_tasks.actions.plan_formats import detail_lines, print_tree, tree_lines
        from ahjo_tasks.api.reports import report_of

    if ctx.dry_run and selection is not None and ctx.console.out.isatty():
        print_tree(ctx, tree_lines(report_of(session_of(ctx), plan, selection.changes, connection)))
        ctx.console.print("  This is a dry run: nothing is changed.")
        return
    ctx.console.print(f"  Plan: {plan.summary}{' (dry run: nothing is changed)' if ctx.dry_run else ''}")
    if not ctx.dry_run:
        return
    report = report_of(session_of(ctx), plan, (), connection)
    for number, (step, entry) in enumerate(zip(plan.steps, report.changes, strict=True), 1):
        ctx.console.print(f"  {number:>{len(str(len(plan.steps)))}}. {step.kind} {one_line(step.label)}")
        for line in (*step.note.splitlines(), *filter(None, [entry.transaction])):
            ctx.console.info(f"      {line}")
        for line in detail_lines(entry):
            ctx.console.info(line)


def show_event(ctx: ActionContext, event: Event) -> None:
    """Print an event."""
    if isinstance(event, StepEvent):
        _show_step(ctx, event)
    elif isinstance(event, Started):
        ctx.print_heading()
    elif isinstance(event, Connected):
        _show_facts(ctx, [f"{name} {value}" for name, value in event.facts.items()])
    elif isinstance(event, FileTested):
        _show_tests(ctx, event)
    elif isinstance(event, Planned):
        ctx.console.print(f"  Plan: {event.summary}")


def _show_facts(ctx: ActionContext, facts: Sequence[str]) -> None:
    """Print facts side by side, as many in a line as a terminal has room for."""
    lines = [""]
    for fact in facts:
        if ctx.console.out.isatty() and lines[-1] and len(lines[-1]) + len(fact) + 5 > ctx.console.width:
            lines.append("")
        lines[-1] += f"{'   ' if lines[-1] else ''}{fact}"
    for line in lines:
        ctx.console.info(f"  {line}")


def _show_tests(ctx: ActionContext, event: FileTested) -> None:
    """Print the result of a file of tests."""
    status, extra = "FAIL" if event.failed else "ok", f"{event.passed}/{event.passed + event.failed} passed"
    ctx.console.result(event.number, event.total, event.label, status, seconds=event.seconds, extra=extra)
    for message in event.messages:
        ctx.console.print(f"      {message}")


def _show_step(ctx: ActionContext, event: StepEvent) -> None:
    """Print progress, message, or result of a step."""
    console, label = ctx.console, f"{event.kind} {event.label}"
    if event.status == "rolled back":
        console.counts.results["OK"] -= 1
    if event.status in {"rolled back", "recorded", "again"} or not event.batch_size:
        return
    if event.status == "started":
        others = f" and {event.batch_size - 1} more" if event.batch_size > 1 else ""
        console.step_started(event.number, event.total, f"{label}{others}")
    elif event.status == "message":
        console.print("      " + "\n      ".join(event.text.splitlines()))
    else:
        rows = pluralize(event.rows, "row") if event.rows else ""
        console.result(event.number, event.total, label, event.status, seconds=event.seconds, extra=rows)
