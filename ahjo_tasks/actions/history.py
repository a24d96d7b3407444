"""Actions that show the history of a database, and that begin one."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import UsageError
from ahjo_tasks.runtime.action import action
from ahjo_tasks.utils import text_difference

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.history.store import HistoryStore, Run, StepRecord
    from ahjo_tasks.runtime.context import ActionContext

FORMATS = ("table", "json")
FORMAT_VERSION = 1
"""Version of the JSON of history and lock; a later one may have more keys."""


@action(
    reads=True,
    auto_shortflags=False,
    help={
        "run": "Show this run: its id, or the end of it.",
        "object": "Show what happened to this file or object.",
        "diff": "With --object: how its file differs now from the text that was deployed last.",
        "limit": "Number of runs to list.",
        "format": "table or json.",
    },
)
def history(  # noqa: PLR0913, PLR0917 - the flags
    ctx: ActionContext,
    run: str = "",
    object: str = "",  # noqa: A002 - the flag's name
    diff: bool = False,
    limit: int = 20,
    format: str = "table",  # noqa: A002 - the flag's name
) -> None:
    """List the runs that changed the database."""
    from ahjo_tasks.history.store import HistoryStore

    if format not in FORMATS:
        raise UsageError(f"There is no format {format!r}.", hint=f"It is one of: {', '.join(FORMATS)}.")
    if limit < 1:
        raise UsageError("--limit must be at least 1.")
    if format == "json":
        ctx.console.machine()
    ctx.print_heading()
    store = HistoryStore(ctx.database.connection, ctx.settings)
    if not store.exists():
        _show(ctx, format, ("Run",), [], "  There is no history: nothing was deployed yet.")
    elif run:
        _show_run(ctx, store, run, format)
    elif object:
        _show_object(ctx, store, object, format, diff=diff)
    else:
        columns = ("Run", "Actions", "Status", "Seconds", "By", "Commit")
        _show(ctx, format, columns, [(_run_row(each), asdict(each)) for each in store.runs(limit)])


def _run_row(run: Run) -> tuple[str, ...]:
    seconds = f"{(run.ended - run.started).total_seconds():.1f}" if run.ended else ""
    return (run.run_id, run.actions, run.status, seconds, f"{run.login or run.os_user}@{run.host}", run.git_commit)


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


def _show_run(ctx: ActionContext, store: HistoryStore, run_id: str, form: str) -> None:
    run = store.run(run_id)
    if run is None:
        raise UsageError(f"There is no run {run_id!r}, or more than one.", hint="inv history lists the runs.")
    if form == "table":
        facts = {name: value for name, value in asdict(run).items() if value not in {"", None, False}}
        facts |= {name: _moment(facts[name]) for name in ("started", "ended") if name in facts}
        facts |= {"uncommitted": "yes"} if run.uncommitted else {}
        ctx.console.table(
            ["Run", run.run_id], [(name, str(value)) for name, value in facts.items() if name != "run_id"]
        )
    columns = ("Number", "Kind", "Step", "Status", "Seconds", "Reason")
    rows = [
        ((str(step.number), step.kind, step.label, step.status, f"{step.seconds:.2f}", _why(step)), asdict(step))
        for step in store.steps(run.run_id)
    ]
    _show(ctx, form, columns, rows)


def _why(step: StepRecord) -> str:
    """Say why a step failed, else why it ran."""
    return step.error.partition("\n")[0] or step.reason


def _show_object(ctx: ActionContext, store: HistoryStore, label: str, form: str, *, diff: bool) -> None:
    columns = ("Run", "Step", "Status", "Reason", "By")
    story = _of_object(store.story(label), label)
    rows = [(_step_row(run, step), {**asdict(step), "run": run.run_id}) for run, step in story]
    _show(ctx, form, columns, rows, f"  The history has nothing about {label}.")
    if diff:
        deployed = next((step for _run, step in story if step.status == "ok" and step.text_hash), None)
        _show_diff(ctx, store, deployed.text_hash if deployed else "", deployed.label if deployed else label)


def _of_object(story: list[tuple[Run, StepRecord]], name: str) -> list[tuple[Run, StepRecord]]:
    """Return the steps of the object or file of that name; where none has it, of all whose names it is a part of."""
    ends = tuple(f"{sign}{name}{ending}".lower() for sign in "/. " for ending in ("", ".sql"))
    return [pair for pair in story if any(f"/{label}".lower().endswith(ends) for label in _labels(pair[1]))] or story


def _labels(step: StepRecord) -> tuple[str, ...]:
    """Return the label of a step, and that of the file that created what it dropped."""
    return (step.label, step.reason) if step.kind == "drop" else (step.label,)


def _step_row(run: Run, step: StepRecord) -> tuple[str, ...]:
    label = f"{step.kind} {step.label}" if step.kind == "drop" else step.label
    return (run.run_id, label, step.status, _why(step), run.login or run.os_user)


def _show_diff(ctx: ActionContext, store: HistoryStore, text_hash: str, label: str) -> None:
    files, before = ctx.project.files, store.text(text_hash) or ""
    gone = before and not (files.directory / label).exists()
    now = "" if gone else files.read_named([str(files.script_path(label))], ctx.settings.scripting_variables)[0].text
    lines = list(text_difference(before, now, label))
    for line in lines or [f"  {label} is as it was deployed."]:
        ctx.console.print(line)


def _show(
    ctx: ActionContext,
    form: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[tuple[str, ...], dict[str, Any]]],
    empty: str = "  There are no runs.",
) -> None:
    """Print rows as a table, or as a document with an array of objects, named after what they are."""
    if form == "json":
        name = "runs" if columns[:2] in {("Run",), ("Run", "Actions")} else "steps"
        document = {"format_version": FORMAT_VERSION, name: [values for _row, values in rows]}
        ctx.console.raw(json.dumps(document, indent=2, default=str))
    elif rows:
        ctx.console.table(list(columns), [row for row, _values in rows])
    else:
        ctx.console.print(empty)


def _drops(ctx: ActionContext, values: Mapping[str, Any]) -> str:
    """Return what a rollback drops. Nothing is held afterwards, for the user is asked now."""
    from ahjo_tasks.actions.run_plan import session_of
    from ahjo_tasks.api.changing import plan_rollback

    plan = plan_rollback(session_of(ctx), values.get("run", ""), ctx.database.connection)
    ctx.database.close(keep=False)
    dropped = [step.label for step in plan.steps if step.kind == "drop"]
    return f"drops {', '.join(dropped)}" if dropped else ""


@action(
    affects_database=True,
    auto_shortflags=False,
    destroys=_drops,
    help={"run": "The run to undo: its id, or the end of it."},
)
def rollback(ctx: ActionContext, run: str = "") -> None:
    """Put objects back as they were before a run.

    What the run created is dropped. A rollback is a run of its own in the
    history; the project's files stay, and the next deploy runs them again.
    Tables and rows stay as they are: where that run or a later one changed a
    table that a text names, nothing is done.
    """
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan, session_of
    from ahjo_tasks.api.changing import plan_rollback

    with connection_for_plan(ctx) as connection:
        if connection is None:
            raise UsageError("There is no database yet.", hint="inv init deploy creates it.")
        apply_plan(ctx, plan_rollback(session_of(ctx), run, connection), connection)


@action(reads=True, auto_shortflags=False, help={"format": "table or json."})
def lock(ctx: ActionContext, format: str = "table") -> None:  # noqa: A002 - the flag's name
    """Show who holds the deploy lock.

    The user, host and process, since when, and the run in the history. It does
    not wait for the lock.
    """
    if format not in FORMATS:
        raise UsageError(f"There is no format {format!r}.", hint=f"It is one of: {', '.join(FORMATS)}.")
    if format == "json":
        ctx.console.machine()
    ctx.print_heading()
    facts = describe_holder(ctx, ctx.database.connection)
    if format == "json":
        ctx.console.raw(json.dumps({"format_version": FORMAT_VERSION, **facts}, indent=2, default=str))
    elif facts:
        values = [_moment(value) if name == "since" else str(value) for name, value in facts.items()]
        ctx.console.table(list(facts), [values])
    else:
        ctx.console.print("  Nobody holds the deploy lock.")


def describe_holder(ctx: ActionContext, connection: Connection) -> dict[str, Any]:
    """Return who holds the deploy lock, and the run; empty where nobody does."""
    from ahjo_tasks.history.store import run_with_lock

    holder = connection.dialect.lock_holder(connection, ctx.database.lock_purpose)
    if holder is None:
        return {}
    run = run_with_lock(connection, ctx.settings, holder)
    facts: dict[str, Any] = {"holder": holder.name}
    if run is not None:
        facts |= {"user": run.os_user, "host": run.host, "pid": run.pid, "since": run.started, "run": run.run_id}
    return facts


@action(affects_database=True)
def baseline(ctx: ActionContext) -> None:
    """Record what is there as deployed, without running it.

    For a database that has them already: its objects, as they are now, count as
    what the files create, and the next deploy runs only what changes after.
    Files whose objects are not all there are listed; a deploy runs them. Data
    files with `-- run: once` count as run. In a database of Ahjo the files count
    as they were at the git version that it recorded there.
    """
    write_baseline(ctx)


def write_baseline(ctx: ActionContext) -> None:
    """Record what is there as deployed, and print how much it is."""
    from ahjo_tasks.actions.run_plan import connection_for_plan, session_of
    from ahjo_tasks.api.changing import plan_baseline

    session = session_of(ctx)
    with connection_for_plan(ctx) as connection:
        if connection is None:
            raise UsageError("There is no database yet.", hint="inv init deploy creates it.")
        found = plan_baseline(session, connection)
        dry = " (dry run: nothing is recorded)" if ctx.dry_run else ""
        ctx.console.print(f"  Recorded as deployed: {found.summary}{dry}")
        if not ctx.dry_run:
            found.record(session, connection)
