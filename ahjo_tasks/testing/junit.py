"""The JUnit XML report of SQL tests, as build servers read it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ahjo_tasks.testing.sql_tests import cases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.testing.sql_tests import Case, FileResult

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot express."""


def to_xml(results: Sequence[FileResult]) -> str:
    """Return the document, with its declaration."""
    root = ET.Element("testsuites", name="sql tests")
    for result in results:
        _add_suite(root, result, list(cases(result)))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{sum(result.seconds for result in results):.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add_suite(root: ET.Element, result: FileResult, all_cases: list[Case]) -> None:
    suite = ET.SubElement(
        root,
        "testsuite",
        name=_clean(result.file.label),
        file=_clean(result.file.label),
        tests=str(len(all_cases)),
        failures=str(sum(bool(case.failure) for case in all_cases)),
        errors=str(sum(bool(case.error) for case in all_cases)),
        skipped="0",
        time=f"{result.seconds:.3f}",
    )
    for case in all_cases:
        _add_case(suite, result, case)
    if result.messages:
        ET.SubElement(suite, "system-out").text = _clean("\n".join(result.messages))


def _add_case(suite: ET.Element, result: FileResult, case: Case) -> None:
    element = ET.SubElement(
        suite,
        "testcase",
        name=_clean(case.name),
        classname=_clean(result.file.name),
        time=f"{case.seconds:.3f}",
    )
    for tag, message in (("failure", case.failure), ("error", case.error)):
        if message:
            ET.SubElement(element, tag, message=_clean(message), type=tag).text = _clean(message)


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
