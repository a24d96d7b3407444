"""The Test Anything Protocol, version 13."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.testing.reports.cases import cases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.testing.sqltests import FileResult

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]+")
DIRECTIVE = re.compile(r"\\#\s*(?=todo|skip)", re.IGNORECASE)
"""What readers that know no escapes take for one, and a failure then for an expected one."""


def tap(results: Sequence[FileResult]) -> str:
    """A line for each case, and what a failed one said as diagnostics below it."""
    found = [case for result in results for case in cases(result)]
    lines = ["TAP version 13", f"1..{len(found)}"]
    for number, case in enumerate(found, 1):
        said = case.failure or case.error
        lines.append(f"{'ok' if case.passed else 'not ok'} {number} - {_escaped(f'{case.file}: {case.name}')}")
        lines += [f"# {CONTROL.sub(' ', line)}" for line in said.splitlines()]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    """`#` would begin a directive, and a line break end the line."""
    escaped = CONTROL.sub(" ", text).replace("\\", "\\\\").replace("#", "\\#")
    return DIRECTIVE.sub(lambda _found: "\\#-", " ".join(escaped.split()))
