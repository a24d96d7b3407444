"""What SQL tests found, in the forms that other programs read."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree as ET

from ahjo_tasks.data.values import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ahjo_tasks.testing.sql_tests import FileResult

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


ESCAPES = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
PROPERTY_ESCAPES = (*ESCAPES, (":", "%3A"), (",", "%2C"))


def github(results: Sequence[FileResult]) -> str:
    """A workflow command for each failure; nothing for what passed."""
    found = [case for result in results for case in cases(result) if not case.passed]
    return "".join(
        f"::error file={_escape_data(case.file, PROPERTY_ESCAPES)},line={case.line},"
        f"title={_escape_data(case.name, PROPERTY_ESCAPES)}::{_escape_data(case.failure or case.error, ESCAPES)}\n"
        for case in found
    )


def _escape_data(text: str, escapes: tuple[tuple[str, str], ...]) -> str:
    for char, code in escapes:
        text = text.replace(char, code)
    return text


def as_json(results: Sequence[FileResult]) -> str:
    """An object with `passed`, `failed` and `files`; each file with its rows, and `error` when it could not be run."""
    document = {
        "passed": sum(result.passed for result in results),
        "failed": sum(result.failed for result in results),
        "files": [_file(result) for result in results],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False, default=text) + "\n"


def _file(result: FileResult) -> dict[str, Any]:
    return {
        "file": result.file.label,
        "seconds": round(result.seconds, 3),
        "passed": result.passed,
        "failed": result.failed,
        "error": str(result.error) if result.error else None,
        "messages": list(result.messages),
        "rows": [{**_plain(check.row), "passed": check.passed} for check in result.checks],
    }


def _plain(value: Any) -> Any:
    """JSON knows neither NaN nor infinity."""
    if isinstance(value, float) and not isfinite(value):
        return text(value)
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write."""


def junit(results: Sequence[FileResult]) -> str:
    """The document, with its declaration."""
    root = ET.Element("testsuites", name="sql tests")
    for result in results:
        _suite(root, result, list(cases(result)))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{sum(result.seconds for result in results):.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, result: FileResult, found: list[Case]) -> None:
    suite = ET.SubElement(
        root,
        "testsuite",
        name=_clean(result.file.label),
        file=_clean(result.file.label),
        tests=str(len(found)),
        failures=str(sum(bool(case.failure) for case in found)),
        errors=str(sum(bool(case.error) for case in found)),
        skipped="0",
        time=f"{result.seconds:.3f}",
    )
    for case in found:
        _case(suite, result, case)
    if result.messages:
        ET.SubElement(suite, "system-out").text = _clean("\n".join(result.messages))


def _case(suite: ET.Element, result: FileResult, case: Case) -> None:
    element = ET.SubElement(
        suite,
        "testcase",
        name=_clean(case.name),
        classname=_clean(result.file.name),
        time=f"{case.seconds:.3f}",
    )
    for tag, said in (("failure", case.failure), ("error", case.error)):
        if said:
            ET.SubElement(element, tag, message=_clean(said), type=tag).text = _clean(said)


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


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


REPORTS: dict[str, Callable[[Sequence[FileResult]], str]] = {
    "junit": junit,
    "tap": tap,
    "json": as_json,
    "github": github,
}

__all__ = ["REPORTS"]
