"""Annotations for GitHub Actions: a failed row is shown at its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.testing.reports.cases import cases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.testing.sqltests import FileResult

ESCAPES = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
PROPERTY_ESCAPES = (*ESCAPES, (":", "%3A"), (",", "%2C"))


def github(results: Sequence[FileResult]) -> str:
    """A workflow command for each failure; nothing for what passed."""
    found = [case for result in results for case in cases(result) if not case.passed]
    return "".join(
        f"::error file={_escaped(case.file, PROPERTY_ESCAPES)},line={case.line},"
        f"title={_escaped(case.name, PROPERTY_ESCAPES)}::{_escaped(case.failure or case.error, ESCAPES)}\n"
        for case in found
    )


def _escaped(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    for char, code in escapes:
        text = text.replace(char, code)
    return text
