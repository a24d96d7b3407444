"""Forms of what became of a fleet, as texts below each other: JSON, Markdown, and JUnit as build servers read it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from ahjo_tasks.console.markdown import plain, table
from ahjo_tasks.fleet.outcome import FAILED, NOT_STARTED, REFUSED, STOPPED, TIMED_OUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ahjo_tasks.fleet.outcome import Outcome
    from ahjo_tasks.fleet.results import Results

    Texts = Iterator[str]

FORMAT_VERSION = 1
"""Version of the JSON; a later one may have more keys."""
LAST = (FAILED, TIMED_OUT, REFUSED, STOPPED, NOT_STARTED)
"""Statuses of targets that are not done, which stand behind the others."""
COLUMNS = ("Target", "Result", "Seconds", "What")


def row(outcome: Outcome) -> tuple[str, str, str, str]:
    """Return the cells of a target."""
    return outcome.name, outcome.status, f"{outcome.seconds:.1f}" if outcome.seconds else "", outcome.text


def counted(counts: Mapping[str, int]) -> str:
    """Return `1 changed, 2 failed, 5 not started`: what went well first, the most of it at the beginning."""
    ranked = sorted(Counter(counts).most_common(), key=lambda pair: LAST.index(pair[0]) if pair[0] in LAST else -1)
    return ", ".join(f"{number} {status}" for status, number in ranked)


def json_text(command: str, results: Results, more: Callable[[str], Mapping[str, str]] = lambda _name: {}) -> Texts:
    """Yield an object with the counts, and an object for each target; `more` gives further keys by its name."""
    head = {
        "format_version": FORMAT_VERSION,
        "command": command,
        "exit_code": results.exit_code,
        "counts": dict(results.counts.most_common()),
    }
    yield f'{_indented(head).removesuffix("}").rstrip()},\n  "targets": ['
    left = len(results)
    for each in results:
        left -= 1
        target = _indented({**each.as_dict(), **more(each.name)})
        yield f"    {target}".replace("\n", "\n    ") + "," * bool(left)
    yield "  ]\n}"


def _indented(values: Mapping[str, Any]) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False, default=str)


def markdown_text(command: str, results: Results) -> Texts:
    """Yield a table with a row for each target."""
    yield f"### {plain(command)}: {counted(results.counts)}\n"
    yield from table(COLUMNS, map(row, results))


def junit_text(command: str, results: Results) -> Texts:
    """Yield a JUnit document with a case for each target."""
    from ahjo_tasks.testing.junit import Suite, to_xml
    from ahjo_tasks.testing.sql_tests import Case

    cases = [
        Case(
            command,
            each.name,
            each.seconds,
            failure=f"{each.status}: {each.text}" if each.code and not each.failed else "",
            error=f"{each.status}: {each.text}" if each.failed else "",
        )
        for each in results
    ]
    yield to_xml(command, [Suite(command, command, cases, sum(case.seconds for case in cases))])


TEXTS: dict[str, Callable[[str, Results], Texts]] = {
    "json": json_text,
    "markdown": markdown_text,
    "junit": junit_text,
}
TABLE = "table"
FORMATS = (TABLE, *TEXTS)
