"""Actions that show what a deploy would do, and how the database differs from what was deployed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from ahjo_tasks.actions import plan_formats
from ahjo_tasks.actions.run_plan import session_of
from ahjo_tasks.api import deploying, reports
from ahjo_tasks.api.running import existing_connection
from ahjo_tasks.console.console import add_to_step_summary, escaped
from ahjo_tasks.errors import DifferenceError, UsageError
from ahjo_tasks.runtime.action import action
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ahjo_tasks.engine.plan_report import ObjectState, PlanReport
    from ahjo_tasks.history.store import Run
    from ahjo_tasks.runtime.context import ActionContext

FORMATS = ("tree", "json", "markdown", "github")
SQL = "sql"
FORMAT_HELP = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}."
OUTPUT_HELP = "Write it to this file in place of the terminal."


@action(
    reads=True,
    auto_shortflags=False,
    iterable=["select"],
    help={
        "all": "Plan to deploy all files, also those that are unchanged.",
        "check": "Exit with 5 when a deploy would change something.",
        "diff": "Show how each changed file differs from the text that was deployed, and all that a tree leaves out.",
        "format": f"{', '.join(FORMATS)}, or sql: one script for the database's own client.",
        "output": OUTPUT_HELP,
        "select": "Plan to deploy these files, objects or folders, as deploy --select.",
        "prune": "Plan to drop the objects whose files were removed from the project.",
        "out": "Save the plan to this file, for inv deploy --plan FILE.",
        "show": "Show a plan that was saved, also one that does not fit any more.",
    },
)
def plan(  # noqa: PLR0913, PLR0917 - the flags
    ctx: ActionContext,
    all: bool = False,  # noqa: A002 - the name of the flag
    check: bool = False,
    diff: bool = False,
    format: str = "tree",  # noqa: A002 - the name of the flag
    output: str = "",
    select: list[str] | None = None,
    prune: bool = False,
    out: str = "",
    show: str = "",
) -> None:
    """Show what a deploy would do.

    Each file of an object is new (+), changed (~), refreshed because something
    that it needs runs again (>), changed by hand in the database (!), run every
    time (*), or removed from the project (-). Revisions are shown as SQL where
    they render without a database, and what is destroyed is listed. Nothing is
    changed or locked.
    """
    from ahjo_tasks.engine.saved_plan import Options, plan_text, read_plan

    _check_format(ctx, format, output, FORMATS if show else (*FORMATS, SQL))
    if show:
        _show(ctx, read_plan(show).report, format, output, whole=diff)
        return
    ctx.print_heading()
    session = session_of(ctx)
    connection = existing_connection(session)
    options = Options(all, tuple(select or ()), prune)
    planned = deploying.plan_with(session, connection, options)
    report = reports.report_of(session, planned.plan, planned.changes, connection, diff=diff)
    if format == SQL:
        plan_formats.write_script(ctx, planned.plan, connection, output)
    else:
        _show(ctx, report, format, output, whole=diff)
    if out:
        plan_formats.write_output(ctx, out, plan_text(planned.basis(session, connection), report, options))
    if check and planned.plan.steps:
        raise DifferenceError(f"A deploy would run {pluralize(len(planned.plan.steps), 'step')}.")


DRIFT_FORMATS = (*FORMATS, "junit")


@action(
    reads=True,
    auto_shortflags=False,
    help={"format": f"{', '.join(DRIFT_FORMATS[:-1])} or {DRIFT_FORMATS[-1]}.", "output": OUTPUT_HELP},
)
def drift(ctx: ActionContext, format: str = "tree", output: str = "") -> None:  # noqa: A002 - the flag's name
    """Show what was changed by hand.

    Lists objects that differ from what the last deploy left, with the
    difference; objects that are not deployed yet, whose files were removed, or
    that no file of the project creates; and tables that differ from what the
    last revision left. Exits with 5 when there are any.
    """
    _check_format(ctx, format, output, DRIFT_FORMATS)
    ctx.print_heading()
    report = reports.find_drift(session_of(ctx))
    _show(ctx, report, format, output, texts=plan_formats.DRIFT_TEXTS)
    if report.changes:
        raise DifferenceError(f"{pluralize(len(report.changes), 'difference')} from what was deployed.")


STATUS_FORMATS = ("table", "json", "markdown", "github", "junit")


@action(
    reads=True,
    auto_shortflags=False,
    help={"format": "table, json, markdown, github or junit.", "output": OUTPUT_HELP},
)
def status(ctx: ActionContext, format: str = "table", output: str = "") -> None:  # noqa: A002 - the flag's name
    """Show the state of each object and revision.

    Each is deployed, changed since (in its file), pending, drifted (changed by
    hand in the database) or removed (from the project), with the run that
    deployed it last, when, and by whom.
    """
    _check_format(ctx, format, output, STATUS_FORMATS)
    ctx.print_heading()
    report, run, states = reports.read_status(session_of(ctx))
    last = _run_facts(run) if run is not None else {}
    markdown = plan_formats.status_markdown(report, states, _last_run(last))
    add_to_step_summary(ctx.console.masked(markdown))
    if format == "json":
        more = {"last_run": last or None, "objects": [asdict(each) for each in states]}
        _write_text(ctx, plan_formats.json_text(report, more), output)
        return
    if format == "table":
        _print_status(ctx, states, _last_run(last))
    if format == "markdown" or (format == "table" and output):
        _write_text(ctx, markdown, output)
    elif format in plan_formats.STATUS_TEXTS:
        _write_text(ctx, plan_formats.STATUS_TEXTS[format](report, states), output)
    for warning in report.warnings:
        ctx.console.warning(warning, once=True)


def _print_status(ctx: ActionContext, states: Sequence[ObjectState], last_run: str) -> None:
    if states:
        ctx.console.table(list(plan_formats.STATUS_COLUMNS), [plan_formats.status_row(each) for each in states])
    for line in filter(None, (*plan_formats.leftovers(states), plan_formats.state_counts(states), last_run)):
        ctx.console.info(f"  {line}")


def _last_run(facts: Mapping[str, str]) -> str:
    if not facts:
        return "Nothing was deployed yet."
    ended = facts["ended"][:16] or "not ended"
    return f"Last run: {ended} UTC by {facts['by']}, {facts['status']} ({facts['run']})"


def _run_facts(run: Run) -> dict[str, str]:
    who = run.login or run.os_user
    return {"run": run.run_id, "status": run.status, "ended": str(run.ended or ""), "by": who, "commit": run.git_commit}


def _check_format(ctx: ActionContext, name: str, output: str, names: Sequence[str] = FORMATS) -> None:
    if name not in names:
        raise UsageError(f"There is no format {name!r}.", hint=f"It is one of: {', '.join(names)}.")
    if name not in {"tree", "table"} and not output:
        ctx.console.machine()


def _show(  # noqa: PLR0913 - a report, and the ways to show it
    ctx: ActionContext,
    report: PlanReport,
    form: str,
    output: str,
    *,
    whole: bool = False,
    texts: Mapping[str, Callable[[PlanReport], str]] = plan_formats.TEXTS,
) -> None:
    """Print the report, or write it to a file."""
    lines = list(plan_formats.tree_lines(report, whole=whole)) if form == "tree" else []
    text = texts[form](report) if form != "tree" else "\n".join(line for line, _style in lines)
    if form == "tree" and not output:
        plan_formats.print_tree(ctx, lines)
    else:
        _write_text(ctx, text, output)
    if form != "github":  # whose annotations are listed in the summary by themselves
        add_to_step_summary(ctx.console.masked(plan_formats.TEXTS["markdown"](report)))
    for warning in report.warnings if form == "tree" else ():
        ctx.console.warning(warning, once=True)


def _write_text(ctx: ActionContext, text: str, output: str) -> None:
    """Write a text to a file, or show it for a program."""
    if output:
        plan_formats.write_output(ctx, output, text)
    else:
        ctx.console.raw(escaped(text))
