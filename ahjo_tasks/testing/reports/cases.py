"""The rows of test files as named cases, which every report lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.testing.sqltests import FileResult

NAMES = ("test_name", "id", "name")
RESULT = "result"


class Case(NamedTuple):
    """One check. `failure` says what the row says, `error` why the file could not be run; both empty when it passed."""

    file: str
    name: str
    seconds: float
    failure: str = ""
    error: str = ""
    line: int = 1

    @property
    def passed(self) -> bool:
        """Whether there is nothing to complain of."""
        return not self.failure and not self.error


def cases(result: FileResult) -> Iterator[Case]:
    """The cases of one file; a file that returned no row to judge, and did not fail, is a case of its own."""
    label = result.file.label
    judged = [check for check in result.checks if check.passed is not None]
    share = result.seconds / max(len(judged), 1)
    if result.error:
        yield Case(label, result.file.name, result.seconds, error=result.error.message, line=result.error.line or 1)
    elif not judged:
        yield Case(label, result.file.name, result.seconds)
    for number, check in enumerate(judged, 1):
        yield Case(label, _name(check.row, number), share, failure="" if check.passed else _said(check.row))


def _name(row: dict[str, Any], number: int) -> str:
    found = {column.lower(): value for column, value in row.items()}
    named = next((str(found[name]) for name in NAMES if found.get(name) not in (None, "")), "")
    return named or f"row {number}"


def _said(row: dict[str, Any]) -> str:
    shown = {column: value for column, value in row.items() if value is not None or column.lower() == RESULT}
    return ", ".join(f"{column}: {'NULL' if value is None else value}" for column, value in shown.items())
