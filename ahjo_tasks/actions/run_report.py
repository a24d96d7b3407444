"""Reports of what a deploy has done, for programs and for pull requests."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ahjo_tasks.console.console import add_to_step_summary, escaped
from ahjo_tasks.console.markdown import fenced, plain, table
from ahjo_tasks.errors import AhjoError, SourceError, UsageError
from ahjo_tasks.utils import annotation, map_texts, pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ahjo_tasks.api.session import Session
    from ahjo_tasks.events import StepEvent
    from ahjo_tasks.runtime.context import ActionContext

TEXT = "text"
FORMAT_VERSION = 1
"""Version of the JSON; a later one may have more keys."""
TITLE = "ahjo deploy"


@dataclass(frozen=True)
class RunReport:
    """Report of a deploy.

    `status` is succeeded, failed, interrupted, or nothing to do; `error` is what ended a failed one.
    """

    action: str
    status: str
    target: str
    environment: str
    run_id: str
    seconds: float
    steps: tuple[StepEvent, ...]
    error: Mapping[str, Any]
    folder: str
    """The project's folder, from the top of the repository."""

    @property
    def summary(self) -> str:
        """Return `succeeded: 3 steps in 0.4 s`."""
        done = sum(step.status == "ok" for step in self.steps)
        return f"{self.status}: {pluralize(done, 'step')} in {self.seconds:.1f} s" if self.steps else self.status

    def path(self, file: str) -> str:
        """Return the path of a file of the project from the top of the repository."""
        return f"{self.folder}/{file}" if self.folder else file


def json_text(report: RunReport) -> str:
    """Return the report as JSON, as `Result.as_dict` of a call from a program has it."""
    steps = [{name: value for name, value in asdict(step).items() if name != "batch_size"} for step in report.steps]
    values = {**asdict(replace(report, steps=())), "steps": steps, "error": report.error or None}
    return json.dumps({"format_version": FORMAT_VERSION, **values}, indent=2, default=str)


def summary_markdown(report: RunReport) -> str:
    """Return what ran as a table, without the error, which the summary of a job has already."""
    separator = " " if report.steps else ": "
    lines = [f"### {plain(report.target)}", "", f"{report.action}{separator}{plain(report.summary)}"]
    if report.steps:
        rows = [(step.status, step.kind, step.label, f"{step.seconds:.2f} s") for step in report.steps]
        lines += ["", *table(("result", "kind", "step", "time"), rows)]
    return "\n".join(lines)


def markdown_text(report: RunReport) -> str:
    """Return the report as a comment of a pull request."""
    lines = [summary_markdown(report)]
    if report.error:
        lines += ["", "> [!CAUTION]", f"> {plain(str(report.error['message']))}"]
        details = [str(each) for each in report.error.get("details") or ()]
        lines += ["", *fenced("\n".join(details))] if details else []
    return "\n".join(lines)


def github_text(report: RunReport) -> str:
    """Return annotations of GitHub Actions: each file that ran, and an error at its line."""
    lines = [
        annotation("notice", {"file": report.path(step.label), "title": TITLE}, f"deployed in {step.seconds:.2f} s")
        for step in report.steps
        if step.status == "ok" and step.label.endswith(".sql")
    ]
    if report.error:
        place = {name: report.error[name] for name in ("line", "column") if report.error.get(name)}
        file = {"file": report.path(str(report.error["path"]))} if report.error.get("path") else {}
        lines.append(annotation("error", {**file, **place, "title": TITLE}, str(report.error["message"])))
    return "\n".join([*lines, annotation("notice", {"title": TITLE}, report.summary)])


def junit_text(report: RunReport) -> str:
    """Return a test case for each step; the one that failed has the error."""
    from ahjo_tasks.testing.junit import Suite, to_xml
    from ahjo_tasks.testing.sql_tests import Case

    message = str(report.error.get("message", "")) or "failed"
    cases = [
        Case(
            *(report.path(step.label), f"{step.kind} {step.label}", step.seconds),
            error=message if step.status == "FAIL" else "",
            failure="rolled back" if step.status == "rolled back" else "",
        )
        for step in report.steps
    ]
    if not any(step.status == "FAIL" for step in report.steps):
        cases.append(Case("", report.status, 0.0, error=message if report.error else ""))
    return to_xml(TITLE, [Suite(report.action, report.action, cases, report.seconds)])


TEXTS: dict[str, Callable[[RunReport], str]] = {
    "json": json_text,
    "markdown": markdown_text,
    "github": github_text,
    "junit": junit_text,
}
FORMAT_HELP = f"{TEXT}, {', '.join([*TEXTS][:-1])} or {[*TEXTS][-1]}."


@contextmanager
def reporting(ctx: ActionContext, session: Session, form: str, output: str) -> Iterator[None]:
    """Write a report of what ran in the block, also where it fails, and add it to the summary of a job."""
    started, error = time.perf_counter(), None
    status = "interrupted"
    try:
        yield
        status = "succeeded" if session.steps else "nothing to do"
    except AhjoError as caught:
        status, error = "failed", caught
        raise
    finally:
        report = _report(ctx, session, status, error, time.perf_counter() - started)
        add_to_step_summary(summary_markdown(report))
        if form != TEXT:
            _write(ctx, TEXTS[form](report), output)


def check_report_flags(ctx: ActionContext, values: Mapping[str, Any]) -> None:
    """Raise UsageError for a format that there is not; standard output belongs to one that no file gets."""
    form, output = values.get("format") or TEXT, values.get("output")
    if form != TEXT and form not in TEXTS:
        raise UsageError(f"There is no format {form!r}.", hint=f"It is one of: {TEXT}, {', '.join(TEXTS)}.")
    if form == TEXT and output:
        raise UsageError("--output needs a --format.", hint="inv deploy --format json --output build/deploy.json")
    if form != TEXT and not output:
        ctx.console.machine()


def _report(ctx: ActionContext, session: Session, status: str, error: AhjoError | None, seconds: float) -> RunReport:
    from ahjo_tasks.api.reports import folder_in_repository

    directory, record = ctx.project.directory, ctx.project.run_record
    failure = error.as_dict() if error is not None else {}
    if isinstance(error, SourceError) and error.path is not None and error.path.is_relative_to(directory):
        failure["path"] = error.path.relative_to(directory).as_posix()
    return map_texts(
        RunReport(
            "deploy",
            status,
            ctx.project.target,
            ctx.settings.environment or "",
            record.run.run_id if record is not None and record.started else "",
            round(seconds, 3),
            tuple(session.steps),
            failure,
            folder_in_repository(directory),
        ),
        ctx.console.masked,
    )


def _write(ctx: ActionContext, text: str, output: str) -> None:
    from ahjo_tasks.actions.plan_formats import write_output

    if output:
        write_output(ctx, output, text.rstrip("\n"))
    else:
        ctx.console.raw(escaped(text.rstrip("\n")))
