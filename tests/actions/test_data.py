from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from projects import RunningProject, make_project

from ahjo_tasks.database.dialects.postgresql.cursor import last_statement

if TYPE_CHECKING:
    from pathlib import Path

    from targets import Target


@pytest.fixture
def project(sqlite_target: Target, tmp_path: Path) -> RunningProject:
    database = sqlite_target.create_database()
    sqlite_target.query("CREATE TABLE t (a, b)", database)
    sqlite_target.query("INSERT INTO t VALUES (1, 'x'), (NULL, 'y')", database)
    return make_project(tmp_path / "project", sqlite_target.backend(target_database_name=database))


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("--query", "SELECT 1", "--table", "t"),
        ("--query", "SELECT 1", "--filepath", "x.sql"),
        ("--schema", "s"),
        ("--query", "SELECT 1", "--schema", "s"),
        ("--filepath", "missing.sql"),
        ("--query", "-- nothing"),
        ("--table", "t", "--format", "xml"),
        ("--table", "t", "--separator", ";;"),
        ("--table", "t", "--output", "no/such/folder.csv"),
        ("--table", "t", "--output", "dev.json"),
    ],
    ids=" ".join,
)
def test_flags_that_make_no_sense_end_with_code_2(project: RunningProject, flags: tuple[str, ...]) -> None:
    before = sorted(project.directory.iterdir())
    done = project.inv("to-csv", *flags)
    assert done.code == 2, done.text
    assert "Traceback" not in done.text
    assert [path for path in sorted(project.directory.iterdir()) if path.name != "ahjo.log"] == before


def test_without_output_the_file_is_named_after_the_moment(project: RunningProject) -> None:
    assert project.inv("to-csv", "--table", "t").code == 0
    (path,) = project.directory.glob("query_result_????????_??????.csv")
    assert path.read_bytes() == b"a;b\r\n1;x\r\n;y\r\n"


def test_separator_and_null_text_are_as_asked(project: RunningProject) -> None:
    flags = ("--separator", ",", "--null-text", "NULL", "--output", "o.csv")
    assert project.inv("to-csv", "--table", "t", *flags).code == 0
    assert (project.directory / "o.csv").read_bytes() == b"a,b\r\n1,x\r\nNULL,y\r\n"


def test_a_file_is_replaced_only_when_asked(project: RunningProject) -> None:
    file = project.write("o.csv", "mine")
    refused = project.inv("to-csv", "--table", "t", "--output", "o.csv")
    assert refused.code == 2
    assert "--overwrite" in refused.err
    assert file.read_text(encoding="utf-8") == "mine"
    assert project.inv("to-csv", "--table", "t", "--output", "o.csv", "--overwrite").code == 0
    assert file.read_bytes().startswith(b"a;b")


def test_a_failing_query_leaves_the_old_file_and_no_part(project: RunningProject) -> None:
    file = project.write("o.csv", "mine")
    done = project.inv("to-csv", "--query", "SELECT * FROM nowhere", "--output", "o.csv", "--overwrite")
    assert done.code == 1
    assert file.read_text(encoding="utf-8") == "mine"
    assert list(project.directory.glob("*.part")) + list(project.directory.glob(".*.part")) == []


def test_a_plan_runs_nothing(project: RunningProject) -> None:
    done = project.inv("to-csv", "--query", "DELETE FROM t", "--output", "o.csv", "--dry")
    assert done.code == 0, done.text
    assert "o.csv" in done.out
    assert project.inv("to-csv", "--table", "t", "--output", "o.csv").code == 0
    assert (project.directory / "o.csv").read_bytes().count(b"\r\n") == 3


def test_the_old_command_line_is_understood(project: RunningProject) -> None:
    done = project.ahjo("to-csv", "dev.json", "--query", "SELECT a FROM t", "--output", "o.csv", "-ni", yes=False)
    assert done.code == 0, done.text
    assert (project.directory / "o.csv").read_bytes() == b"a\r\n1\r\n\r\n"


def test_nobody_is_taken_for_having_agreed(project: RunningProject) -> None:
    assert project.inv("to-csv", "--table", "t", yes=False).code == 3


def test_variables_of_the_config_are_filled_into_a_file(project: RunningProject, sqlite_target: Target) -> None:
    backend = {"allowed_actions": "ALL", "sql_dialect": "sqlite", "scripting_variables": {"who": "me"}}
    project.configure({**backend, "target_database_name": sqlite_target.create_database()})
    project.write("q.sql", "SELECT '$(who)' AS who")
    assert project.inv("to-csv", "--filepath", "q.sql", "--output", "o.csv").code == 0
    assert (project.directory / "o.csv").read_bytes() == b"who\r\nme\r\n"


@pytest.mark.parametrize(
    ("script", "last"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT 1;", "SELECT 1;"),
        ("SET x = 1; SELECT 1; -- end;\n", " SELECT 1; -- end;\n"),
        ("SELECT 'a;b' AS \"c;d\"", "SELECT 'a;b' AS \"c;d\""),
        ("DO $$ BEGIN; END $$; SELECT $x$ ; $x$;", " SELECT $x$ ; $x$;"),
        ("A; B; /* ; */ ;", " B; /* ; */ ;"),
    ],
)
def test_the_last_statement_of_a_postgresql_script_is_found(script: str, last: str) -> None:
    assert script[last_statement(script) :] == last
