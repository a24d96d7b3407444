"""Actions that show what a deploy would do, and how the database differs from what was deployed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import DifferenceError, UsageError
from ahjo_tasks.runtime.action import action
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.changes import FileChange
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.runtime.context import ActionContext

FORMATS = ("tree", "json", "markdown", "github")
FORMAT_VERSION = 1
"""Version of the JSON of plan, status and drift; a later one may have more keys."""
STEP_SIGN = ">"


@action(
    reads=True,
    auto_shortflags=False,
    help={
        "all": "Plan to deploy all files, also those that are unchanged.",
        "check": "Exit with 5 when a deploy would change something.",
        "diff": "Show how each changed file differs from the text that was deployed.",
        "format": f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}.",
    },
)
def plan(ctx: ActionContext, all: bool = False, check: bool = False, diff: bool = False, format: str = "tree") -> None:  # noqa: A002 - the flags
    """Show what a deploy would do.

    Each file of an object is new (+), changed (~), refreshed because something
    that it needs runs again (>), changed by hand in the database (!), run every
    time (*), or removed from the project (-). Nothing is changed or locked.
    """
    from ahjo_tasks.actions.deploy import Skipped, plan_changes, read_objects

    _check_format(ctx, format)
    ctx.print_heading()
    connection = _connection(ctx)
    steps, selection = plan_changes(ctx, read_objects(ctx), connection, Skipped(), everything=all)
    report = _report(ctx, steps, selection.changes if selection else ())
    _SHOW[format](ctx, report)
    if diff and connection is not None and selection is not None:
        _show_diffs(ctx, connection, selection.changes)
    if check and steps.steps:
        raise DifferenceError(f"A deploy would run {pluralize(len(steps.steps), 'step')}.")


@action(
    reads=True,
    auto_shortflags=False,
    help={"format": f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}."},
)
def drift(ctx: ActionContext, format: str = "tree") -> None:  # noqa: A002 - the flag's name
    """Show what was changed by hand.

    Objects that differ from what the last deploy left, that are not deployed
    yet, or that no file of the project creates. Exits with 5 when there is one.
    """
    from ahjo_tasks.actions.deploy import read_objects
    from ahjo_tasks.engine.deployment import Deployment

    _check_format(ctx, format)
    ctx.print_heading()
    connection = ctx.database.connection
    found = Deployment(ctx.settings, connection, ctx.console.masked).drift(read_objects(ctx))
    changes = [
        {"status": str(change.status), "kind": change.kind, "file": change.label, "reason": change.reason}
        for change in found
    ]
    report = {**_head(ctx), "changes": changes}
    _SHOW[format](ctx, report)
    if changes:
        raise DifferenceError(f"{pluralize(len(changes), 'difference')} from what was deployed.")


@action(
    reads=True,
    auto_shortflags=False,
    help={"format": f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}."},
)
def status(ctx: ActionContext, format: str = "tree") -> None:  # noqa: A002 - the flag's name
    """Show the state of objects and revisions, and the last run."""
    from ahjo_tasks.actions.deploy import Skipped, plan_changes, read_objects
    from ahjo_tasks.history.store import HistoryStore

    _check_format(ctx, format)
    ctx.print_heading()
    connection = _connection(ctx)
    steps, selection = plan_changes(ctx, read_objects(ctx), connection, Skipped())
    report = _report(ctx, steps, selection.changes if selection else (), unchanged=True)
    if connection is not None:
        store = HistoryStore(connection, ctx.settings)
        runs = store.runs(1) if store.exists() else []
        report["last_run"] = next((_run_facts(run) for run in runs), None)
    _SHOW[format](ctx, report)


def _run_facts(run: Any) -> dict[str, str]:
    who = run.login or run.os_user
    return {"run": run.run_id, "status": run.status, "ended": str(run.ended or ""), "by": who, "commit": run.git_commit}


def _connection(ctx: ActionContext) -> Connection | None:
    """Return the open connection; None if the database does not exist yet."""
    from ahjo_tasks.actions.run_plan import existing_connection

    return existing_connection(ctx)


def _check_format(ctx: ActionContext, name: str) -> None:
    if name not in FORMATS:
        raise UsageError(f"There is no format {name!r}.", hint=f"It is one of: {', '.join(FORMATS)}.")
    if name != "tree":
        ctx.console.machine()


def _head(ctx: ActionContext) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "project": ctx.settings.project,
        "target": ctx.project.target,
        "environment": ctx.settings.environment,
    }


def _report(
    ctx: ActionContext, plan: Plan, changes: Sequence[FileChange], *, unchanged: bool = False
) -> dict[str, Any]:
    """Return a plan as a document; with `unchanged`, the unchanged files as well."""
    from ahjo_tasks.engine.changes import Status

    shown = [change for change in changes if unchanged or change.status is not Status.UNCHANGED]
    by_label = {change.label: change for change in shown}
    entries = []
    for step in plan.steps:
        change = by_label.pop(step.label, None)
        state = str(change.status) if change else "runs"
        entry = {
            "status": state,
            "kind": step.kind,
            "file": step.label,
            "reason": change.reason if change else step.note,
        }
        entries.append(entry)
    entries += [
        {"status": str(change.status), "kind": change.kind, "file": change.label, "reason": change.reason}
        for change in by_label.values()
    ]
    return {
        **_head(ctx),
        "summary": plan.summary,
        "changes": entries,
        "unchanged": sum(change.status is Status.UNCHANGED for change in changes),
        "warnings": list(plan.warnings),
    }


def _sign(status: str) -> str:
    from ahjo_tasks.engine.changes import SIGNS, Status

    return SIGNS[Status(status)] if status in set(Status) else STEP_SIGN


def _show_tree(ctx: ActionContext, report: dict[str, Any]) -> None:
    for entry in report["changes"]:
        reason = f"  ({entry['status']}{': ' + entry['reason'] if entry['reason'] else ''})"
        ctx.console.print(f"  {_sign(entry['status'])} {entry['kind']} {entry['file']}{reason}")
    if "summary" in report:
        unchanged = f"; {report['unchanged']} unchanged" if report.get("unchanged") else ""
        ctx.console.print(f"  Plan: {report['summary']}{unchanged}")
    for warning in report.get("warnings", ()):
        ctx.console.warning(warning, once=True)
    if report.get("last_run"):
        ctx.console.print("  Last run: {run}  {status}  {ended}  by {by}".format(**report["last_run"]))
    if not report["changes"] and "summary" not in report:
        ctx.console.print("  No differences.")


def _show_json(ctx: ActionContext, report: dict[str, Any]) -> None:
    ctx.console.raw(json.dumps(report, indent=2))


def _show_markdown(ctx: ActionContext, report: dict[str, Any]) -> None:
    lines = [f"### {report['target']}", "", "| | kind | file | state |", "|---|---|---|---|"]
    for entry in report["changes"]:
        state = entry["status"] + (f": {entry['reason']}" if entry["reason"] else "")
        cells = (_sign(entry["status"]), entry["kind"], entry["file"], state)
        lines.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    if "summary" in report:
        lines += ["", f"{report['summary']}; {report['unchanged']} unchanged"]
    ctx.console.raw("\n".join(lines))


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "<br>").replace("<", "&lt;")


def _show_github(ctx: ActionContext, report: dict[str, Any]) -> None:
    for entry in report["changes"]:
        level = "warning" if _sign(entry["status"]) in "!-" else "notice"
        text = f"{entry['status']} {entry['reason']}".strip()
        ctx.console.raw(f"::{level} file={_escaped(entry['file'])}::{_escaped(text)}")


def _escaped(text: str) -> str:
    """Escape a value of a workflow command, as GitHub Actions reads it."""
    for char, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        text = text.replace(char, code)
    return text


_SHOW = {"tree": _show_tree, "json": _show_json, "markdown": _show_markdown, "github": _show_github}


def _show_diffs(ctx: ActionContext, connection: Connection, changes: Sequence[FileChange]) -> None:
    """Print how the text of each changed file differs from the one that was deployed last."""
    from difflib import unified_diff

    from ahjo_tasks.history.store import HistoryStore

    store = HistoryStore(connection, ctx.settings)
    for change in changes:
        if not change.runs or change.file is None:
            continue
        story = store.story(change.label)
        before = next((store.text(step.text_hash) for _run, step in story if step.text_hash), None) or ""
        lines = unified_diff(
            before.splitlines(), change.file.text.splitlines(), f"deployed/{change.label}", change.label, lineterm=""
        )
        for line in lines:
            ctx.console.print(line)
