from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from ahjo_tasks.dialects import dialect
from ahjo_tasks.errors import DeployError
from ahjo_tasks.project.sqlfiles import read
from ahjo_tasks.testing import Check, FileResult
from ahjo_tasks.testing.reports import REPORTS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def results(tmp_path: Path) -> list[FileResult]:
    """A file with a good, a bad and a nameless bad row, one that could not be run, and one that returned no row."""

    def file(name: str) -> FileResult:
        path = tmp_path / f"{name}.sql"
        path.write_text("SELECT 1;", encoding="utf-8")
        return FileResult(read(path, "test", dialect("sqlite"), label=f"database/tests/{name}.sql"), 0.5)

    rows = (
        Check({"test_name": "totals", "result": "OK"}, passed=True),
        Check({"TEST_NAME": "names #2", "issue": "A-1\n<é\x00>", "RESULT": "FAIL"}, passed=False),
        Check({"result": None}, passed=False),
    )
    checked = FileResult(file("a").file, 0.3, ("test_name", "result"), rows, messages=("NOTICE: hello",))
    broken = FileResult(file("b,c").file, 0.1, error=DeployError("no such table: x", line=7))
    return [checked, broken, file("silent")]


def test_junit_counts_cases_failures_and_errors(results: list[FileResult]) -> None:
    root = ET.fromstring(REPORTS["junit"](results))
    assert {name: root.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "5",
        "failures": "2",
        "errors": "1",
    }
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["database/tests/a.sql", "database/tests/b,c.sql", "database/tests/silent.sql"]
    names = [case.get("name") for case in suites["database/tests/a.sql"].iter("testcase")]
    assert names == ["totals", "names #2", "row 3"]


def test_junit_holds_text_that_xml_cannot_write(results: list[FileResult]) -> None:
    failure = ET.fromstring(REPORTS["junit"](results)).find(".//failure")
    assert failure is not None
    assert failure.text == "TEST_NAME: names #2, issue: A-1\n<é\N{REPLACEMENT CHARACTER}>, RESULT: FAIL"


def test_junit_has_the_structure_that_build_servers_read(results: list[FileResult]) -> None:
    """After the common schema of JUnit reports (testsuites > testsuite > testcase > failure | error)."""
    root = ET.fromstring(REPORTS["junit"](results))
    assert root.tag == "testsuites"
    for suite in root:
        assert {"name", "tests", "failures", "errors", "skipped", "time"} <= set(suite.attrib)
        assert {child.tag for child in suite} <= {"testcase", "system-out"}
        for case in suite.iter("testcase"):
            assert {"name", "classname", "time"} <= set(case.attrib)
            assert {child.tag for child in case} <= {"failure", "error"}
            assert re.fullmatch(r"\d+\.\d{3}", case.get("time", ""))


def test_tap_announces_as_many_lines_as_it_has(results: list[FileResult]) -> None:
    lines = REPORTS["tap"](results).splitlines()
    assert lines[:2] == ["TAP version 13", "1..5"]
    verdicts = [re.match(r"(not )?ok (\d+) - (.+)", line) for line in lines[2:]]
    found = [(bool(match[1]), int(match[2])) for match in verdicts if match]
    assert found == [(False, 1), (True, 2), (True, 3), (True, 4), (False, 5)]
    assert all(match or line.startswith("# ") for match, line in zip(verdicts, lines[2:], strict=True))


def test_tap_escapes_what_would_be_a_directive(results: list[FileResult]) -> None:
    assert r"names \#2" in REPORTS["tap"](results)


def test_json_keeps_every_row_as_it_came(results: list[FileResult]) -> None:
    document = json.loads(REPORTS["json"](results))
    assert (document["passed"], document["failed"]) == (1, 3)
    assert document["files"][0]["rows"][2] == {"passed": False, "result": None}
    assert document["files"][1]["error"] == "7: no such table: x"


def test_github_annotates_failures_alone_at_file_and_line(results: list[FileResult]) -> None:
    lines = REPORTS["github"](results).splitlines()
    assert len(lines) == 3
    assert lines[2] == "::error file=database/tests/b%2Cc.sql,line=7,title=b%2Cc::no such table: x"
    assert "%0A" in lines[0]
