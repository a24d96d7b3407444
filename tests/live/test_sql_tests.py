from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from projects import RunningProject, make_project
from targets import NAMES

if TYPE_CHECKING:
    from pathlib import Path

    from targets import Target

GOOD = "SELECT 'good' AS test_name, 'A-1' AS issue, 'OK' AS result"
BAD = "SELECT 'bad' AS TEST_NAME, 'A-2' AS ISSUE, 'FAIL' AS RESULT, '20240229' AS DATADATE"
ROLLED_BACK = "-- transaction: rollback\n{};\n{go}" + GOOD

TestedProject = tuple[RunningProject, str]


@pytest.fixture
def tested(target: Target, tmp_path: Path) -> TestedProject:
    """A project with an empty database, and its name."""
    backend = target.backend()
    project = make_project(tmp_path / "tested", backend)
    project.write("database/tests/good.sql", GOOD)
    made = project.inv("init")
    assert made.code == 0, made.text
    return project, backend["target_database_name"]


def test_results_are_saved_under_one_batch_id_a_run(tested: TestedProject, target: Target) -> None:
    project, database = tested
    project.write("database/tests/bad.sql", BAD)
    for _ in range(2):
        done = project.inv("test", "create-test-view", AHJO_SAVE_TEST_RESULTS_TO_DB="true")
        assert done.code == 0, done.text
    rows = target.query(
        "SELECT batch_id, test_name, result, test_file FROM ahjo_tests ORDER BY batch_id, test_name", database
    )
    assert [tuple(row) for row in rows] == [
        (batch, name, result, f"database/tests/{name}.sql")
        for batch in (1, 2)
        for name, result in (("bad", "FAIL"), ("good", "OK"))
    ]
    view = '"vwAhjoTests"' if target.name == "postgresql" else "vwAhjoTests"
    shown = target.query(f"SELECT datadate FROM {view}", database)
    assert sorted({row[0] for row in shown}, key=str) == ["2024-02-29", None]


@pytest.mark.parametrize(
    ("target", "mode"),
    [
        *((name, "engine") for name in NAMES),
        *((name, "connection") for name in NAMES if name != "sqlite"),  # which has one writer
    ],
    indirect=["target"],
)
def test_a_failing_run_keeps_its_saved_results(tested: TestedProject, target: Target, mode: str) -> None:
    project, database = tested
    project.write("database/tests/bad.sql", BAD)
    done = project.inv(
        "test",
        AHJO_SAVE_TEST_RESULTS_TO_DB="true",
        AHJO_EXIT_ON_TEST_FAILURE="true",
        AHJO_CONTEXT_CONNECTABLE_TYPE=mode,
    )
    assert done.code == 1, done.text
    assert target.query("SELECT COUNT(*) FROM ahjo_tests", database) == [(2,)]


def test_a_test_can_leave_no_trace(tested: TestedProject, target: Target) -> None:
    project, database = tested
    target.query("CREATE TABLE trace (id INTEGER)", database)
    go = "GO\n" if target.name == "mssql" else ""
    project.write("database/tests/insert.sql", ROLLED_BACK.format("INSERT INTO trace VALUES (1)", go=go))
    done = project.inv("test")
    assert done.code == 0, done.text
    assert target.query("SELECT COUNT(*) FROM trace", database) == [(0,)]


def test_jobs_run_side_by_side_and_match_chooses(tested: TestedProject) -> None:
    project, _ = tested
    for number in range(6):
        project.write(f"database/tests/more_{number}.sql", GOOD.replace("good", f"more {number}"))
    done = project.inv("test", "--jobs", "3", "--match", "more*", "--format", "json")
    assert done.code == 0, done.text
    document = json.loads(done.out)
    assert [file["file"] for file in document["files"]] == [f"database/tests/more_{number}.sql" for number in range(6)]
    assert document["passed"] == 6


def test_a_report_in_a_file_leaves_the_table_on_the_screen(tested: TestedProject) -> None:
    project, _ = tested
    project.write("database/tests/bad.sql", BAD)
    done = project.inv("test", "--format", "junit", "--output", "build/tests.xml")
    assert done.code == 0, done.text
    assert "A-2" in done.out
    assert "1/2 checks passed" in done.err
    root = ET.fromstring((project.directory / "build" / "tests.xml").read_text(encoding="utf-8"))
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
