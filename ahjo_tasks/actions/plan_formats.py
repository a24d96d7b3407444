"""Forms of a plan: a tree for a terminal, JSON, Markdown for a pull request, annotations of GitHub."""

from __future__ import annotations

import json
import posixpath
import textwrap
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.console.console import one_line
from ahjo_tasks.console.markdown import folded, plain, table
from ahjo_tasks.errors import UsageError
from ahjo_tasks.project.kinds import KINDS, plural
from ahjo_tasks.utils import annotation, pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.plan_report import Entry, ObjectState, PlanReport, Revision
    from ahjo_tasks.runtime.context import ActionContext

    Line = tuple[str, str | None]
    """A line, and the style in which a terminal shows it."""

COLORS = {"+": "ok", "~": "warn", ">": "dim", "!": "fail", "-": "warn", "*": "dim", "=": "dim", "?": "warn"}
LONGEST_NAME = 60
"""Characters of a name up to which the reasons beside it stand in one column."""
SHORT_TEXT = 12
"""Lines of a revision that a tree shows without --diff."""
SHORT_GROUP = 10
"""Files of one kind that run only because others do, before a tree says how many more there are."""
INDENT = "        "


def tree_lines(report: PlanReport, *, whole: bool = False) -> Iterator[Line]:
    """Yield a tree: a branch for each kind, a line for each file in the order of execution, and the counts last.

    With `whole` the texts of revisions and the differences of files are not cut.
    """
    groups: dict[str, list[Entry]] = {}
    for entry in report.changes:
        groups.setdefault(entry.kind, []).append(entry)
    for kind, entries in groups.items():
        folder = _common_folder([entry.file for entry in entries]) if kind in KINDS else ""
        yield f"  {plural(kind) if kind in KINDS else kind}  {folder}".rstrip(), "head"
        yield from _group_lines(entries, folder, whole=whole)
    losses = report.losses
    if losses:
        yield f"  destroys {pluralize(len(losses), 'thing')}; only a backup can restore rows and columns", "fail"
    for file, loss in losses:
        yield f"    x {one_line(loss)}  ({one_line(file)})", "fail"
    yield f"  Plan: {report.summary}" if report.summary else f"  {summary_line(report)}", None
    if report.summary and report.counts:
        yield f"    {report.counts}", None
    if report.on_failure:
        yield f"  If it fails, {report.on_failure}.", "dim"


def summary_line(report: PlanReport) -> str:
    """Return `Plan: 1 migration, 3 views (1 new, 2 changed, 290 unchanged)`, or that nothing differs."""
    counts = report.counts
    if not report.summary:
        return counts or "No differences."
    return f"Plan: {report.summary}{f' ({counts})' if counts else ''}"


def _common_folder(files: Sequence[str]) -> str:
    """Return the folder that all files are in, directly or not; empty for names of objects."""
    folders = [file.rpartition("/")[0] for file in files]
    return posixpath.commonpath(folders) if all(folders) else ""


def _group_lines(entries: Sequence[Entry], folder: str, *, whole: bool) -> Iterator[Line]:
    """Yield the files of one kind, named from their folder; of many that only follow others, the first ones."""
    top = f"{folder}/" if folder else ""
    width = min(LONGEST_NAME, max(len(entry.file) - len(top) for entry in entries))
    following = [entry for entry in entries if entry.sign in ">*=" and not (entry.revisions or entry.destroys)]
    left_out = set() if whole else {entry.file for entry in following[SHORT_GROUP:]}
    for entry in entries:
        if entry.file in left_out:
            continue
        name, state = one_line(entry.file.removeprefix(top)), _state(entry).replace(top, "") if top else _state(entry)
        yield f"    {entry.sign} {name:<{width}}  {state}".rstrip(), COLORS[entry.sign]
        if entry.transaction:
            yield f"      {entry.transaction}", "dim"
        for revision in entry.revisions:
            yield from revision_lines(revision, alone=len(entry.revisions) == 1, whole=whole)
        for line in entry.diff.splitlines():
            yield f"{INDENT}{line}", {"+": "ok", "-": "fail"}.get(line[:1])
    if left_out:
        signs = "".join(sorted({entry.sign for entry in following[SHORT_GROUP:]}))
        which = "that are unchanged" if signs == "=" else "that did not change themselves (inv plan --diff lists them)"
        yield f"    {signs} and {len(left_out)} more {which}", "dim"


def _state(entry: Entry) -> str:
    """Return the state of a file in words, with its reason."""
    from ahjo_tasks.engine.changes import Status
    from ahjo_tasks.engine.plan_report import RUNS

    reason = "" if entry.revisions else " ".join(entry.reason.split())
    if entry.status in {RUNS, Status.DRIFTED, Status.UNOWNED}:
        return reason or (entry.status if entry.status != RUNS else "")
    return f"{entry.status}: {reason}" if reason else entry.status


def detail_lines(entry: Entry) -> Iterator[str]:
    """Yield the SQL of the revisions of a step, and what it destroys, as a dry run shows them below it."""
    for revision in entry.revisions:
        for line, _style in revision_lines(revision, alone=len(entry.revisions) == 1, whole=True):
            yield line
    for loss in (*entry.destroys, *(loss for revision in entry.revisions for loss in revision.destroys)):
        yield f"      destroys: {one_line(loss)}"


def _title(revision: Revision) -> str:
    return f"{revision.revision} {revision.title}".strip()


def revision_lines(revision: Revision, *, alone: bool, whole: bool = False) -> Iterator[Line]:
    """Yield the text of a revision, which is cut unless all of it is wanted."""
    form = "SQL" if revision.is_sql else "source, not rendered as SQL"
    yield f"      {form if alone else f'{_title(revision)}, {form}'}:", "dim"
    lines = revision.text.splitlines()
    for line in lines if whole else lines[:SHORT_TEXT]:
        yield f"{INDENT}{line}".rstrip(), None
    if len(lines) > SHORT_TEXT and not whole:
        yield f"{INDENT}... {pluralize(len(lines) - SHORT_TEXT, 'more line')} (inv plan --diff shows all)", "dim"


def json_text(report: PlanReport, more: Mapping[str, object] | None = None) -> str:
    """Return the report as JSON."""
    return json.dumps({**report.as_dict(), **(more or {})}, indent=2)


def markdown_text(report: PlanReport) -> str:
    """Return the report as a comment of a pull request."""
    lines = [f"### {plain(report.target)}", "", plain(summary_line(report))]
    if report.losses:
        lines += ["", "> [!WARNING]", f"> This destroys {pluralize(len(report.losses), 'thing')}:"]
        lines += [f"> - {plain(loss)} ({plain(file)})" for file, loss in report.losses]
    if report.changes:
        states = (_with_reason(entry.status, entry.reason) for entry in report.changes)
        rows = [(each.sign, each.kind, each.file, state) for each, state in zip(report.changes, states, strict=True)]
        lines += ["", *table(("", "kind", "file", "state"), rows)]
    for entry in report.changes:
        for revision in entry.revisions:
            lines += folded(f"{revision.file} {revision.title}", revision.text, "sql" if revision.is_sql else "python")
        if entry.diff:
            lines += folded(entry.file, entry.diff, "diff")
    lines += ["", *(f"- {plain(warning)}" for warning in report.warnings)]
    return "\n".join(lines).rstrip()


STATUS, DEPLOYED = "ahjo status", "deployed"
LEVELS = {"pending": "notice", "changed": "notice"}
"""Levels of annotations for what the next deploy runs anyway."""
STATUS_COLUMNS = ("State", "Kind", "File", "Last run", "By")


def status_row(state: ObjectState) -> tuple[str, ...]:
    """Return the cells of a file or revision in the table of `status`."""
    return state.state, state.kind, state.file, state.ended[:16], state.by


def leftovers(states: Sequence[ObjectState]) -> list[str]:
    """Return what removed files have left, as `database/views/a.sql: view public.a; --prune drops it`."""
    return [f"{each.file}: {each.reason}" for each in states if each.state == "removed"]


def state_counts(states: Sequence[ObjectState]) -> str:
    """Return `1 changed, 290 deployed`."""
    counted = Counter(each.state for each in states)
    return ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))


def status_markdown(report: PlanReport, states: Sequence[ObjectState], last_run: str) -> str:
    """Return the state of all objects and revisions as a table of Markdown."""
    lines = [f"### {plain(report.target)}", "", plain(last_run)]
    if states:
        lines += ["", *table(STATUS_COLUMNS, map(status_row, states))]
        lines += ["", *(f"- {plain(line)}" for line in leftovers(states)), state_counts(states)]
    return "\n".join(lines)


def _with_reason(state: str, reason: str) -> str:
    return f"{state}: {reason}" if reason else state


def github_text(report: PlanReport, title: str = "ahjo plan") -> str:
    """Return annotations of GitHub Actions, at paths from the top of the repository; the counts are the last one."""
    lines = [*_annotations(report, title), annotation("notice", {"title": title}, summary_line(report))]
    return "\n".join(lines)


def _annotations(report: PlanReport, title: str) -> Iterator[str]:
    from ahjo_tasks.engine.plan_report import RUNS

    for entry in report.changes:
        if entry.status != RUNS and entry.sign in "+~!-?":
            level = "notice" if entry.sign in "+~" else "warning"
            yield _annotation(level, report, entry.file, _with_reason(entry.status, entry.reason), title)
        for revision in entry.revisions:
            yield _annotation("notice", report, revision.file, f"runs revision {_title(revision)}", title)
    for file, loss in report.losses:
        yield _annotation("warning", report, file, f"destroys: {loss}", title)


def _annotation(level: str, report: PlanReport, file: str, text: str, title: str) -> str:
    """Return an annotation at a file; an object or revision without one is named in the text."""
    if "/" not in file:
        return annotation(level, {"title": title}, f"{file}: {text}")
    return annotation(level, {"file": _path(report, file), "title": title}, text)


def _path(report: PlanReport, file: str) -> str:
    return f"{report.folder}/{file}" if report.folder else file


def status_github(report: PlanReport, states: Sequence[ObjectState]) -> str:
    """Return an annotation for each file and revision that is not deployed as it is; the counts are the last one."""
    lines = [
        _annotation(LEVELS.get(each.state, "warning"), report, each.file, _with_reason(each.state, each.reason), STATUS)
        for each in states
        if each.state != DEPLOYED
    ]
    return "\n".join([*lines, annotation("notice", {"title": STATUS}, state_counts(states) or "There are no objects.")])


def status_junit(report: PlanReport, states: Sequence[ObjectState]) -> str:
    """Return a test case for each file and revision, which fails where it is not deployed as it is."""
    from ahjo_tasks.testing.junit import Suite, to_xml
    from ahjo_tasks.testing.sql_tests import Case

    kinds: dict[str, list[Case]] = {}
    for each in states:
        failure = "" if each.state == DEPLOYED else _with_reason(each.state, each.reason)
        kinds.setdefault(each.kind, []).append(Case(_path(report, each.file), each.file, 0.0, failure))
    return to_xml(STATUS, [Suite(kind, kind, cases) for kind, cases in kinds.items()])


def junit_text(report: PlanReport) -> str:
    """Return a failed test case for each difference; where there is none, one that passed."""
    from ahjo_tasks.testing.junit import Suite, to_xml
    from ahjo_tasks.testing.sql_tests import Case

    kinds: dict[str, list[Case]] = {}
    for entry in report.changes:
        failure = "\n".join(filter(None, [_with_reason(entry.status, entry.reason), entry.diff]))
        kinds.setdefault(entry.kind, []).append(Case(_path(report, entry.file), entry.file, 0.0, failure))
    suites = [Suite(kind, kind, cases) for kind, cases in kinds.items()]
    return to_xml("ahjo drift", suites or [Suite("drift", "drift", [Case("", "no differences", 0.0)])])


STATUS_TEXTS: dict[str, Callable[[PlanReport, Sequence[ObjectState]], str]] = {
    "github": status_github,
    "junit": status_junit,
}
TEXTS: dict[str, Callable[[PlanReport], str]] = {
    "json": json_text,
    "markdown": markdown_text,
    "github": github_text,
    "junit": junit_text,
}
DRIFT_TEXTS: dict[str, Callable[[PlanReport], str]] = {**TEXTS, "github": partial(github_text, title="ahjo drift")}


def write_script(ctx: ActionContext, plan: Plan, connection: Connection | None, output: str) -> None:
    """Print a plan as one script, or write it to a file. Raises UsageError where a secret would be in it."""
    from ahjo_tasks.engine.recorder import describe_run
    from ahjo_tasks.engine.sql_script import SqlScript

    if connection is None:
        raise UsageError("There is no database yet to make a script for.", hint="inv init creates it.")
    run = describe_run(plan, ctx.settings.project, ctx.project.checkout, ctx.command_line, ctx.project.environ)
    text = SqlScript(ctx.settings, connection, plan, run).text(ctx.project.target)
    if ctx.console.masked(text) != text:
        raise UsageError("A file of the plan has a secret in it, which no script may have.", hint="Use inv deploy.")
    if output:
        write_output(ctx, output, text)
    else:
        ctx.console.raw(text)


def print_tree(ctx: ActionContext, lines: Iterable[tuple[str, str | None]]) -> None:
    """Print the lines of a tree in their styles."""
    for line, style in lines:
        for part in _fitted(ctx, line):
            ctx.console.print(part, style)


def _fitted(ctx: ActionContext, line: str) -> list[str]:
    """Return a line that is too long for the terminal in parts; SQL and differences stay as they are."""
    width = ctx.console.columns
    if not ctx.console.out.isatty() or len(line) <= width or line.startswith(INDENT):
        return [line]
    return textwrap.wrap(line, width, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False)


def write_output(ctx: ActionContext, name: str, text: str | Iterable[str]) -> None:
    """Write a text, or texts below each other, to a file, whole or not at all; secrets are covered."""
    from ahjo_tasks.utils import atomic_write, make_folder

    path = Path(name)
    texts = [text] if isinstance(text, str) else text
    options: dict[str, Any] = {"encoding": "utf-8", "newline": "\n", "errors": "backslashreplace"}
    with make_folder(path.parent), atomic_write(path, overwrite=True) as part, part.open("w", **options) as file:
        file.writelines(f"{ctx.console.masked(each)}\n" for each in texts)
    ctx.console.print(f"  Wrote {name}")
