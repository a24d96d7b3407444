"""Forms of what became of a fleet: JSON, Markdown, and JUnit as build servers read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ahjo_tasks.console.markdown import plain, table
from ahjo_tasks.fleet.outcome import count, exit_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ahjo_tasks.fleet.outcome import Outcome

FORMAT_VERSION = 1
"""Version of the JSON; a later one may have more keys."""
COLUMNS = ("Target", "Result", "Seconds", "What")


def document(command: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the report as plain values."""
    return {
        "format_version": FORMAT_VERSION,
        "command": command,
        "exit_code": exit_code(outcomes),
        "counts": count(outcomes),
        "targets": [outcome.as_dict() for outcome in outcomes],
    }


def row(outcome: Outcome) -> tuple[str, str, str, str]:
    """Return the cells of a target."""
    return outcome.name, outcome.status, f"{outcome.seconds:.1f}" if outcome.seconds else "", outcome.text


def counted(counts: Mapping[str, int]) -> str:
    """Return `198 changed, 2 failed`."""
    return ", ".join(f"{number} {status}" for status, number in counts.items())


def json_text(report: Mapping[str, Any], _outcomes: Sequence[Outcome]) -> str:
    """Return an object with the counts, and an object for each target."""
    return json.dumps(report, indent=2, ensure_ascii=False, default=str)


def markdown_text(report: Mapping[str, Any], outcomes: Sequence[Outcome]) -> str:
    """Return a table with a row for each target."""
    heading = f"### {plain(report['command'])}: {counted(report['counts'])}"
    return "\n".join([heading, "", *table(COLUMNS, map(row, outcomes))])


def junit_text(report: Mapping[str, Any], outcomes: Sequence[Outcome]) -> str:
    """Return a JUnit document with a case for each target."""
    from ahjo_tasks.testing.junit import Suite, to_xml
    from ahjo_tasks.testing.sql_tests import Case

    name = str(report["command"])
    cases = [
        Case(
            name,
            each.name,
            each.seconds,
            failure=f"{each.status}: {each.text}" if each.code and not each.failed else "",
            error=f"{each.status}: {each.text}" if each.failed else "",
        )
        for each in outcomes
    ]
    return to_xml(name, [Suite(name, name, cases, sum(each.seconds for each in outcomes))])


TEXTS: dict[str, Callable[[Mapping[str, Any], Sequence[Outcome]], str]] = {
    "json": json_text,
    "markdown": markdown_text,
    "junit": junit_text,
}
TABLE = "table"
FORMATS = (TABLE, *TEXTS)
