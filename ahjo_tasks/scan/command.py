"""The actions `scan` and `install-git-hook`, which are programs of their own too, without Invoke."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.utils import atomic_write, pluralize

if TYPE_CHECKING:
    from ahjo_tasks.console import Console
    from ahjo_tasks.scan.engine import ProjectScan, ScanResult

RULES = r"""# What ahjo-scan looks for. `filepath` is a path or a glob, or a list of them, relative to this project;
# without it, a rule is for every file.

- name: hetu                        # Finnish personal identity codes
  filepath:
    - database/
    - alembic/versions/

- name: email
  filepath: database/

# The rules below are about changes that do not belong where they are looked for. `schemas`, `objects`, `tables` and
# `object_types` narrow them down: each entry is a name or a regular expression for one, in any case.

- name: sql_object_modification     # CREATE, ALTER and DROP
  filepath: database/data/
  object_types: [PROCEDURE, FUNCTION, VIEW, TRIGGER, TABLE, TYPE, ASSEMBLY]

# - name: sql_insert
#   filepath: database/
#   schemas: [report]
#   tables: [dim_.*]

# - name: alembic_table_modification
#   filepath: alembic/versions/
#   schemas: [report]

# A rule of your own has any other name, and a regular expression of Python.

# - name: select_star
#   filepath: "database/**/*.sql"
#   pattern: (?i)\bselect\s+\*
"""
IGNORED = """# What ahjo-scan shall not report again: single matches or all of a rule, in a file, a folder or a glob.
# `ahjo-scan --add-results-to-ignore` appends its findings.

# - file_path: database/data/persons.sql
#   matches:
#     - 010594-9032
# - file_path: database/data/addresses.sql
#   rules:
#     - email
"""


def write_samples(rules: Path, ignored: Path) -> tuple[Path, ...]:
    """Write each of the files that does not exist; return those that were written."""
    samples = ((rules, RULES), (ignored, IGNORED))
    written = [(path, text) for path, text in samples if not path.exists()]
    for path, text in written:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return tuple(path for path, _ in written)


RULES_FILE = "ahjo_scan_rules.yaml"
IGNORE_FILE = "ahjo_scan_ignore.yaml"
FORMATS = ("text", "json", "sarif", "github")


class Flag(NamedTuple):
    """One flag of the command line: its help, its short form, and the name of its value; a switch has none."""

    help: str
    short: str = ""
    value: str = ""


FILES = {
    "search-rules": Flag(f"The file of rules; {RULES_FILE} by default.", "-r", "FILE"),
    "ignore-config": Flag(f"File of findings to ignore; {IGNORE_FILE} by default.", "-ig", "FILE"),
    "project-dir": Flag("The project's folder; by default the one of tasks.py.", "-d", "DIR"),
}
SCAN_FLAGS = FILES | {
    "stage": Flag("Scan what is staged, as it will be committed.", "-st"),
    "since": Flag("Scan the files that changed since this revision.", value="REV"),
    "format": Flag("text, json, sarif (2.1.0) or github (annotations).", value="FORMAT"),
    "output": Flag("Write the report into this file.", value="FILE"),
    "mask": Flag("Hide most of each match of personal data."),
    "quiet": Flag("Print findings and nothing else.", "-q"),
    "init": Flag("Write a file of rules and a file of findings to ignore.", "-in"),
    "add-results-to-ignore": Flag("Write the findings into the file of findings to ignore.", "-ai"),
}
HOOK_FLAGS = FILES | {"force": Flag("Replace another hook; it is kept as pre-commit.old.")}


class ScanContext(NamedTuple):
    """The folder of the call, the console, and whether this is a dry run, which changes nothing."""

    directory: Path
    console: Console
    dry_run: bool = False

    def project(self, project_dir: str) -> Path:
        """Give the project's folder. Raises UsageError when it does not exist."""
        directory = Path(project_dir).absolute() if project_dir else self.directory
        if not directory.is_dir():
            raise UsageError(f"--project-dir: there is no folder {directory}.")
        return directory


class ScanOptions(NamedTuple):
    """The flags of a scan."""

    search_rules: str = ""
    ignore_config: str = ""
    project_dir: str = ""
    stage: bool = False
    since: str = ""
    format: str = "text"
    output: str = ""
    mask: bool = False
    quiet: bool = False
    init: bool = False
    add_results_to_ignore: bool = False


class HookOptions(NamedTuple):
    """The flags of a hook's installation."""

    search_rules: str = ""
    ignore_config: str = ""
    project_dir: str = ""
    force: bool = False


def scan(context: ScanContext, options: ScanOptions) -> None:
    """Scan and report. Raises AhjoError when anything is found."""
    if options.format not in FORMATS:
        raise UsageError(f"--format is one of {', '.join(FORMATS)}, not {options.format!r}.")
    directory = context.project(options.project_dir)
    rules, ignored = (
        directory / (options.search_rules or RULES_FILE),
        directory / (options.ignore_config or IGNORE_FILE),
    )
    if options.init:
        _init(context, rules, ignored)
        return
    if options.quiet or (options.format != "text" and not options.output):
        context.console.machine()
    job = _prepare(directory, rules, ignored, options)
    result = job.run()
    _write_result(context.console, job, result, options)
    if result.findings and options.add_results_to_ignore and not context.dry_run:
        _ignore(context.console, ignored, result)
    elif result.findings:
        raise AhjoError(_count(result), hint=f"Remove it, or add it to {ignored.name}: --add-results-to-ignore")


def install_hook(context: ScanContext, options: HookOptions) -> None:
    """Write the hook. Raises NotPermittedError when another one stays."""
    from ahjo_tasks.scan.git_files import HOOK, Repository, write_hook

    console = context.console

    def may_replace(path: Path) -> bool:
        question = f"Replace the hook {path}? It is kept as {path.name}.old."
        return options.force or (console.interactive and console.confirm(question))

    repository = Repository(context.project(options.project_dir))
    if context.dry_run:
        console.print(f"  Plan: write {repository.hooks / HOOK} (dry run: nothing is written)")
        return
    path = write_hook(repository, options.search_rules, options.ignore_config, IGNORE_FILE, may_replace)
    console.print(f"Installed {path}")


def _init(context: ScanContext, rules: Path, ignored: Path) -> None:
    if context.dry_run:
        context.console.print("  Plan: write what does not exist of the files below (dry run: nothing is written)")
    written = () if context.dry_run else write_samples(rules, ignored)
    for path in (rules, ignored):
        context.console.print(
            f"  {'Written' if path in written else 'Left as it is' if path.exists() else 'New'}: {path}"
        )


def _prepare(directory: Path, rules: Path, ignored: Path, options: ScanOptions) -> ProjectScan:
    from ahjo_tasks.scan.config_files import read_ignored, read_rules
    from ahjo_tasks.scan.engine import ProjectScan
    from ahjo_tasks.scan.git_files import Repository

    own = {path.relative_to(directory).as_posix() for path in (rules, ignored) if path.is_relative_to(directory)}
    return ProjectScan(
        Repository(directory), read_rules(rules), read_ignored(ignored), own, stage=options.stage, since=options.since
    )


def _write_result(console: Console, job: ProjectScan, result: ScanResult, options: ScanOptions) -> None:
    if options.output:
        with atomic_write(Path(options.output), overwrite=True) as part:
            part.write_text(_format(job, result, options) + "\n", encoding="utf-8")
    elif options.format != "text":
        console.raw(_format(job, result, options))
        return
    _print_result(console, result, options)


def _format(job: ProjectScan, result: ScanResult, options: ScanOptions) -> str:
    from ahjo_tasks.scan.reports import line, shown, to_github, to_json, to_sarif

    prefix = job.repository.prefix if job.repository.exists else ""
    match options.format:
        case "json":
            return to_json(result, mask=options.mask)
        case "sarif":
            return to_sarif(result, prefix, mask=options.mask)
        case "github":
            return to_github(result, prefix, mask=options.mask)
        case _:
            return "\n".join(line(finding) for finding in shown(result, mask=options.mask))


def _print_result(console: Console, result: ScanResult, options: ScanOptions) -> None:
    from ahjo_tasks.scan.reports import line, shown

    console.counts.results["FAIL"] += result.files_with_findings
    console.counts.results["OK"] += result.files - result.files_with_findings
    for warning in result.warnings:
        console.warning(str(warning))
    for finding in shown(result, mask=options.mask):
        console.secret(line(finding).removesuffix(finding.match), finding.match)
    if options.quiet:
        return
    binary = f", {result.binary} binary files skipped" if result.binary else ""
    console.info(f"{result.files} files scanned{binary}, {result.ignored} findings ignored")
    if not result.findings:
        console.print("Nothing was found.", "ok")


def _ignore(console: Console, ignored: Path, result: ScanResult) -> None:
    from ahjo_tasks.scan.config_files import add_to_ignored

    add_to_ignored(ignored, result.findings)
    console.print(f"{_count(result)} They are now in {ignored}.")


def _count(result: ScanResult) -> str:
    return f"{pluralize(len(result.findings), 'finding')} in {pluralize(result.files_with_findings, 'file')}."
