"""JUnit's XML, as build servers read it: a suite for each file, a case for each row.

No more than what the schema of Jenkins' xUnit plugin allows, which refuses a report with any other attribute.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ahjo_tasks.testing.reports.cases import Case, cases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.testing.sqltests import FileResult

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
