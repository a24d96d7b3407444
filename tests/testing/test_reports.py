from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tap.parser import Parser
from xmlschema import XMLSchema

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.errors import DeployError
from ahjo_tasks.project.sql_file import read
from ahjo_tasks.testing.reports import REPORTS
from ahjo_tasks.testing.sql_tests import FileResult, ResultRow

HOSTILE = [
    *("a\nb", "a\r\n::error::b", "quo\"te'", "🚢é", "\x00\x01\x1b[31m", "]]>", "<![CDATA[", "&amp;", "::error::x"),
    *(
        "100%0A%",
        "# TODO later",
        "#skip",
        "\\# SKIP",
        "x" * 100_000,
        "\u2028x\x85y",
        "1..9",
        "Bail out!",
        "  ---",
        "ok 5",
    ),
]


@pytest.fixture
def hostile(tmp_path: Path) -> list[FileResult]:
    """A file whose rows, all bad, have names that could break out of a report."""
    path = tmp_path / "a.sql"
    path.write_text("SELECT 1;", encoding="utf-8")
    file = read(path, "test", dialect("sqlite"), label="database/tests/a.sql")
    rows = tuple(ResultRow({"test_name": name, "result": name}, passed=False) for name in HOSTILE)
    return [FileResult(file, 0.3, ("test_name", "result"), rows, messages=tuple(HOSTILE))]


@pytest.fixture
def results(tmp_path: Path) -> list[FileResult]:
    """A file with a good, a bad and a nameless bad row, one that could not be run, and one that checked nothing."""

    def file(name: str) -> FileResult:
        path = tmp_path / f"{name}.sql"
        path.write_text("SELECT 1;", encoding="utf-8")
        return FileResult(read(path, "test", dialect("sqlite"), label=f"database/tests/{name}.sql"), 0.5)

    rows = (
        ResultRow({"test_name": "totals", "result": "OK"}, passed=True),
        ResultRow({"TEST_NAME": "names #2", "issue": "A-1\n<é\x00>", "RESULT": "FAIL"}, passed=False),
        ResultRow({"result": None}, passed=False),
    )
    complete = FileResult(file("a").file, 0.3, ("test_name", "result"), rows, messages=("NOTICE: hello",))
    broken = FileResult(file("b,c").file, 0.1, error=DeployError("cannot be run", line=7))
    return [complete, broken, replace(file("silent"), error=DeployError("returned no row"))]


def test_junit_counts_cases_failures_and_errors(results: list[FileResult]) -> None:
    root = ET.fromstring(REPORTS["junit"](results))
    assert {name: root.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "5",
        "failures": "2",
        "errors": "2",
    }
    suites = {suite.get("name"): suite for suite in root}
    assert list(suites) == ["database/tests/a.sql", "database/tests/b,c.sql", "database/tests/silent.sql"]
    names = [case.get("name") for case in suites["database/tests/a.sql"].iter("testcase")]
    assert names == ["totals", "names #2", "row 3"]


def test_binary_values_are_hexadecimal_in_junit(results: list[FileResult]) -> None:
    row = ResultRow({"test_name": b"ab", "actual": bytearray(b"\xff"), "missing": None, "result": "FAIL"}, passed=False)
    text = REPORTS["junit"]([replace(results[0], rows=(row,))])
    assert 'name="0x6162"' in text
    assert "test_name: 0x6162, actual: 0xff, result: FAIL" in text


def test_junit_holds_text_that_xml_cannot_write(results: list[FileResult]) -> None:
    failure = ET.fromstring(REPORTS["junit"](results)).find(".//failure")
    assert failure is not None
    assert failure.text == "TEST_NAME: names #2, issue: A-1\n<é\N{REPLACEMENT CHARACTER}>, RESULT: FAIL"


def test_junit_is_what_the_schema_of_jenkins_allows(results: list[FileResult], hostile: list[FileResult]) -> None:
    schema = XMLSchema(str(Path(__file__).with_name("junit.xsd")))
    for report in (results, hostile, []):
        assert [error.reason for error in schema.iter_errors(REPORTS["junit"](report))] == []


def test_a_name_of_any_sort_is_one_case_in_every_report(hostile: list[FileResult]) -> None:
    cases = ET.fromstring(REPORTS["junit"](hostile)).findall(".//testcase")
    assert [bool(case.findall("failure")) for case in cases] == [True] * len(HOSTILE)
    read = [line for line in Parser().parse_text(REPORTS["tap"](hostile)) if line.category != "diagnostic"]
    assert [line.category for line in read] == ["version", "plan", *["test"] * len(HOSTILE)]
    assert not any(line.ok or line.skip or line.todo for line in read[2:])
    annotations = REPORTS["github"](hostile).split("\n")[:-1]
    assert len(annotations) == len(HOSTILE)
    assert all(re.match(r"::error file=[^,:]+,line=1,title=[^:,]+::[^\r]+$", line) for line in annotations)
    rows = json.loads(REPORTS["json"](hostile))["files"][0]["rows"]
    assert [row["test_name"] for row in rows] == HOSTILE


def test_tap_and_annotations_keep_a_percent_sign_and_colons(hostile: list[FileResult]) -> None:
    assert "100%25%0A" not in REPORTS["github"](hostile)
    assert "100%250A" in REPORTS["github"](hostile)
    assert "a.sql: ::error::x" in REPORTS["tap"](hostile)


def test_tap_announces_as_many_lines_as_it_has(results: list[FileResult]) -> None:
    lines = REPORTS["tap"](results).splitlines()
    assert lines[:2] == ["TAP version 13", "1..5"]
    verdicts = [re.match(r"(not )?ok (\d+) - (.+)", line) for line in lines[2:]]
    numbers = [(bool(match[1]), int(match[2])) for match in verdicts if match]
    assert numbers == [(False, 1), (True, 2), (True, 3), (True, 4), (True, 5)]
    assert all(match or line.startswith("# ") for match, line in zip(verdicts, lines[2:], strict=True))


def test_tap_escapes_what_would_be_a_directive(results: list[FileResult]) -> None:
    assert r"names \#2" in REPORTS["tap"](results)


def test_json_keeps_every_row_as_it_came(results: list[FileResult]) -> None:
    document = json.loads(REPORTS["json"](results))
    assert (document["passed"], document["failed"]) == (1, 4)
    assert document["files"][0]["rows"][2] == {"passed": False, "result": None}
    assert document["files"][1]["error"] == "7: cannot be run"


def test_json_says_what_it_has_no_form_for_as_text_and_keeps_its_own_verdict(results: list[FileResult]) -> None:
    row = {"passed": True, "n": math.nan, "many": [math.inf], "bytes": b"\xff", "price": Decimal("1.50")}
    document = REPORTS["json"]([replace(results[0], rows=(ResultRow(row, passed=False),))])
    assert json.loads(document, parse_constant=pytest.fail)["files"][0]["rows"] == [
        {"passed": False, "n": "nan", "many": ["inf"], "bytes": "0xff", "price": "1.50"}
    ]


def test_github_annotates_failures_alone_at_file_and_line(results: list[FileResult]) -> None:
    lines = REPORTS["github"](results).splitlines()
    assert len(lines) == 4
    assert lines[2] == "::error file=database/tests/b%2Cc.sql,line=7,title=b%2Cc::cannot be run"
    assert "%0A" in lines[0]
