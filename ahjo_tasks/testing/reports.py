"""Reports of SQL tests for other programs and for pull requests; JUnit is in a module of its own."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any

from ahjo_tasks.console.markdown import table
from ahjo_tasks.data.values import to_text
from ahjo_tasks.testing.sql_tests import cases
from ahjo_tasks.utils import annotation, pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ahjo_tasks.testing.sql_tests import FileResult


def summary(results: Sequence[FileResult]) -> str:
    """Return `10/12 checks passed in 3 files`."""
    passed, failed = (sum(getattr(result, what) for result in results) for what in ("passed", "failed"))
    return f"{passed}/{passed + failed} checks passed in {pluralize(len(results), 'file')}"


def github(results: Sequence[FileResult], folder: str = "") -> str:
    """Return a workflow command for each failure; nothing for what passed."""
    top = f"{folder}/" if folder else ""
    failed = [case for result in results for case in cases(result) if not case.passed]
    return "".join(
        annotation(
            "error", {"file": top + case.file, "line": case.line, "title": case.name}, case.failure or case.error
        )
        + "\n"
        for case in failed
    )


def markdown(results: Sequence[FileResult], _folder: str = "") -> str:
    """Return the number of checks that passed, and a table of those that did not."""
    failed = [case for result in results for case in cases(result) if not case.passed]
    rows = [(case.file, case.name, case.failure or case.error) for case in failed]
    return "\n".join([f"### {summary(results)}", *(["", *table(("file", "check", "failure"), rows)] if rows else [])])


def as_json(results: Sequence[FileResult], _folder: str = "") -> str:
    """Return an object with `passed`, `failed` and `files`: each has its rows, and `error` if it could not be run."""
    document = {
        "format_version": 1,
        "passed": sum(result.passed for result in results),
        "failed": sum(result.failed for result in results),
        "files": [_file_object(result) for result in results],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, default=to_text) + "\n"


def _file_object(result: FileResult) -> dict[str, Any]:
    return {
        "file": result.file.label,
        "seconds": round(result.seconds, 3),
        "passed": result.passed,
        "failed": result.failed,
        "error": str(result.error) if result.error else None,
        "messages": list(result.messages),
        "rows": [{**_plain(row.values), "passed": row.passed} for row in result.rows],
    }


def _plain(value: Any) -> Any:
    """Replace NaN and infinity, which JSON does not have, by text."""
    if isinstance(value, float) and not isfinite(value):
        return to_text(value)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]+")
DIRECTIVE = re.compile(r"\\#\s*(?=todo|skip)", re.IGNORECASE)
"""A directive to readers that know no escapes: they would take the failure for an expected one."""


def tap(results: Sequence[FileResult], _folder: str = "") -> str:
    """Return a line for each case, with the content of a failed one as diagnostics below it."""
    all_cases = [case for result in results for case in cases(result)]
    lines = ["TAP version 13", f"1..{len(all_cases)}"]
    for number, case in enumerate(all_cases, 1):
        lines.append(f"{'ok' if case.passed else 'not ok'} {number} - {_escaped(f'{case.file}: {case.name}')}")
        lines += [f"# {CONTROL.sub(' ', line)}" for line in (case.failure or case.error).splitlines()]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """Escape `#`, which would begin a directive, and replace line breaks."""
    escaped = CONTROL.sub(" ", text).replace("\\", "\\\\").replace("#", "\\#")
    return DIRECTIVE.sub(lambda _match: "\\#-", " ".join(escaped.split()))


def junit(results: Sequence[FileResult], folder: str = "") -> str:
    """Return a JUnit XML document; Python's XML library is imported by this report alone."""
    from ahjo_tasks.testing.junit import of_results

    return of_results(results, folder)


REPORTS: dict[str, Callable[..., str]] = {
    "junit": junit,
    "tap": tap,
    "json": as_json,
    "github": github,
    "markdown": markdown,
}
"""Reports by the name of their format: of results, and of the project's folder from the top of its repository."""
