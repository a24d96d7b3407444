"""JUnit XML, as build services read it: of SQL tests, and of all else that passes or fails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

from ahjo_tasks.testing.sql_tests import cases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.testing.sql_tests import Case, FileResult

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot express."""


class Suite(NamedTuple):
    """Test cases that belong together, as those of a file."""

    name: str
    classname: str
    cases: Sequence[Case]
    seconds: float = 0.0
    file: str = ""
    messages: Sequence[str] = ()


def of_results(results: Sequence[FileResult], folder: str = "") -> str:
    """Return the document of SQL tests; `folder` is the project's, from the top of the repository."""
    top = f"{folder}/" if folder else ""
    suites = [
        Suite(
            *(result.file.label, result.file.name, list(cases(result)), result.seconds),
            file=top + result.file.label,
            messages=result.messages,
        )
        for result in results
    ]
    return to_xml("sql tests", suites)


def to_xml(name: str, suites: Sequence[Suite]) -> str:
    """Return the document, with its declaration."""
    root = ET.Element("testsuites", name=name)
    for suite in suites:
        _add_suite(root, suite)
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    root.set("time", f"{sum(suite.seconds for suite in suites):.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add_suite(root: ET.Element, suite: Suite) -> None:
    element = ET.SubElement(
        root,
        "testsuite",
        name=_clean(suite.name),
        tests=str(len(suite.cases)),
        failures=str(sum(bool(case.failure) for case in suite.cases)),
        errors=str(sum(bool(case.error) for case in suite.cases)),
        skipped="0",
        time=f"{suite.seconds:.3f}",
    )
    if suite.file:
        element.set("file", _clean(suite.file))
    for case in suite.cases:
        _add_case(element, suite, case)
    if suite.messages:
        ET.SubElement(element, "system-out").text = _clean("\n".join(suite.messages))


def _add_case(parent: ET.Element, suite: Suite, case: Case) -> None:
    element = ET.SubElement(
        parent,
        "testcase",
        name=_clean(case.name),
        classname=_clean(suite.classname),
        time=f"{case.seconds:.3f}",
    )
    for tag, message in (("failure", case.failure), ("error", case.error)):
        if message:
            ET.SubElement(element, tag, message=_clean(message), type=tag).text = _clean(message)


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
