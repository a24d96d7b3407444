"""Looking for personal data and unwanted changes, and the git hook that does so before each commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.console import Console
    from ahjo_tasks.running.context import ActionContext
    from ahjo_tasks.scan.project import ProjectScan, Result

RULES_FILE = "ahjo_scan_rules.yaml"
IGNORE_FILE = "ahjo_scan_ignore.yaml"
FORMATS = ("text", "json", "sarif", "github")
FILES_HELP = {
    "search-rules": f"The file of rules; {RULES_FILE} by default.",
    "ignore-config": f"The file of what is not reported; {IGNORE_FILE} by default.",
    "project-dir": "The project's folder; by default the one of tasks.py.",
}


class Form(NamedTuple):
    """How a report is wanted."""

    format: str
    output: str
    mask: bool
    quiet: bool


@action(
    auto_shortflags=False,
    guarded=False,
    help={
        **FILES_HELP,
        "stage": "Scan what is staged, as it will be committed.",
        "since": "Scan the files that changed since this revision.",
        "format": "text, json, sarif (2.1.0) or github (annotations).",
        "output": "Write the report into this file.",
        "mask": "Hide most of each match of personal data.",
        "quiet": "Print findings and nothing else.",
        "init": "Write a file of rules and one of what to ignore.",
        "add-results-to-ignore": "Write the findings into the file of what to ignore.",
    },
)
def scan(  # noqa: PLR0913, PLR0917 - one parameter for each flag
    ctx: ActionContext,
    search_rules: str = "",
    ignore_config: str = "",
    project_dir: str = "",
    stage: bool = False,
    since: str = "",
    format: str = "text",  # noqa: A002 - the flag's name
    output: str = "",
    mask: bool = False,
    quiet: bool = False,
    init: bool = False,
    add_results_to_ignore: bool = False,
) -> None:
    """Look for personal data and unwanted SQL in the project.

    Exits with 1 when anything is found.
    """
    if format not in FORMATS:
        raise UsageError(f"--format is one of {', '.join(FORMATS)}, not {format!r}.")
    directory = _directory(ctx, project_dir)
    rules, ignored = directory / (search_rules or RULES_FILE), directory / (ignore_config or IGNORE_FILE)
    if init:
        _init(ctx, rules, ignored)
        return
    if quiet or (format != "text" and not output):
        ctx.console.machine()
    job = _prepare(directory, rules, ignored, stage=stage, since=since)
    result = job.run()
    _report(ctx.console, job, result, Form(format, output, mask, quiet))
    if result.findings and add_results_to_ignore and not ctx.dry:
        _ignore(ctx.console, ignored, result)
    elif result.findings:
        raise AhjoError(_count(result), hint=f"Remove it, or add it to {ignored.name}: --add-results-to-ignore")


@action(
    auto_shortflags=False,
    guarded=False,
    help={**FILES_HELP, "force": "Replace another hook; it is kept as pre-commit.old."},
)
def install_git_hook(
    ctx: ActionContext, search_rules: str = "", ignore_config: str = "", project_dir: str = "", force: bool = False
) -> None:
    """Have git scan what is staged before each commit."""
    from ahjo_tasks.scan import hook
    from ahjo_tasks.scan.repository import Repository

    def may_replace(path: Path) -> bool:
        question = f"Replace the hook {path}? It is kept as {path.name}.old."
        return force or (ctx.console.interactive and ctx.console.confirm(question))

    repository = Repository(_directory(ctx, project_dir))
    if ctx.dry:
        ctx.console.line(f"  Plan: write {repository.hooks / hook.NAME} (dry run: nothing is written)")
        return
    path = hook.install(repository, search_rules, ignore_config, IGNORE_FILE, may_replace)
    ctx.console.line(f"Installed {path}")


def _directory(ctx: ActionContext, project_dir: str) -> Path:
    directory = Path(project_dir).absolute() if project_dir else ctx.workspace.directory
    if not directory.is_dir():
        raise UsageError(f"--project-dir: there is no folder {directory}.")
    return directory


def _init(ctx: ActionContext, rules: Path, ignored: Path) -> None:
    from ahjo_tasks.scan.samples import write_samples

    if ctx.dry:
        ctx.console.line("  Plan: write what does not exist of the files below (dry run: nothing is written)")
    written = () if ctx.dry else write_samples(rules, ignored)
    for path in (rules, ignored):
        ctx.console.line(f"  {'Written' if path in written else 'Left as it is' if path.exists() else 'New'}: {path}")


def _prepare(directory: Path, rules: Path, ignored: Path, *, stage: bool, since: str) -> ProjectScan:
    from ahjo_tasks.scan.ignore_file import read_ignored
    from ahjo_tasks.scan.project import ProjectScan
    from ahjo_tasks.scan.repository import Repository
    from ahjo_tasks.scan.rules_file import read_rules

    own = {path.relative_to(directory).as_posix() for path in (rules, ignored) if path.is_relative_to(directory)}
    return ProjectScan(
        Repository(directory), read_rules(rules), read_ignored(ignored), own=own, stage=stage, since=since
    )


def _report(console: Console, job: ProjectScan, result: Result, form: Form) -> None:
    if form.output:
        Path(form.output).write_text(_formatted(job, result, form) + "\n", encoding="utf-8")
    elif form.format != "text":
        console.raw(_formatted(job, result, form))
        return
    _tell(console, result, form)


def _formatted(job: ProjectScan, result: Result, form: Form) -> str:
    from ahjo_tasks.scan.report import line, shown, to_github, to_json
    from ahjo_tasks.scan.sarif import to_sarif

    prefix = job.repository.prefix if job.repository.exists else ""
    match form.format:
        case "json":
            return to_json(result, mask=form.mask)
        case "sarif":
            return to_sarif(result, prefix, mask=form.mask)
        case "github":
            return to_github(result, prefix, mask=form.mask)
        case _:
            return "\n".join(line(finding) for finding in shown(result, mask=form.mask))


def _tell(console: Console, result: Result, form: Form) -> None:
    from ahjo_tasks.scan.report import line, shown

    console.tally.counts["FAIL"] += result.files
    console.tally.counts["OK"] += result.tally.files - result.files
    for remark in result.remarks:
        console.warn(str(remark))
    for finding in shown(result, mask=form.mask):
        console.secret(line(finding).removesuffix(finding.match), finding.match)
    if form.quiet:
        return
    binary = f", {result.tally.binary} binary files skipped" if result.tally.binary else ""
    console.note(f"{result.tally.files} files scanned{binary}, {result.ignored} findings ignored")
    if not result.findings:
        console.line("Nothing was found.", "ok")


def _ignore(console: Console, ignored: Path, result: Result) -> None:
    from ahjo_tasks.scan.ignore_file import add_to_ignored

    add_to_ignored(ignored, result.findings)
    console.line(f"{_count(result)} They are now in {ignored}.")


def _count(result: Result) -> str:
    findings, files = len(result.findings), result.files
    return f"{findings} finding{'s' if findings != 1 else ''} in {files} file{'s' if files != 1 else ''}."
