from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

import pytest
from projects import RunningProject, make_project

if TYPE_CHECKING:
    from pathlib import Path

    from targets import Target

SECRET = "Hunter2;-)x"
LINE = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] \[ahjo\] (INFO|WARNING|ERROR) .*")

LoggedProject = tuple[RunningProject, str]


@pytest.fixture
def logged(target: Target, tmp_path: Path) -> LoggedProject:
    """A project that logs to the database, with one table file, and the name of its database."""
    backend = target.backend(enable_database_logging=True)
    project = make_project(tmp_path / "logged", backend)
    project.write("database/tables/t.sql", "CREATE TABLE t (id INTEGER);")
    return project, backend["target_database_name"]


@pytest.mark.parametrize("target", ["mssql"], indirect=True)
def test_the_table_of_an_older_version_is_widened_for_letters_beyond_ascii(
    logged: LoggedProject, target: Target
) -> None:
    project, database = logged
    assert project.inv("init", "structure").code == 0
    target.query("ALTER TABLE ahjo_log ALTER COLUMN message VARCHAR(4000)", database)
    project.write("a.sql", "PRINT N'漢字';")
    done = project.inv("deploy-files", "--files", "a.sql")
    assert done.code == 0, done.text
    messages = target.query("SELECT message FROM ahjo_log", database)
    assert any("漢字" in message for (message,) in messages)


def test_what_was_said_is_in_the_table_and_in_the_file(logged: LoggedProject, target: Target) -> None:
    project, database = logged
    done = project.inv("init", "structure")
    assert done.code == 0, done.text
    rows = target.query("SELECT level, message, ahjo_version FROM ahjo_log ORDER BY id", database)
    messages = [row[1] for row in rows]
    assert any("database/tables/t.sql" in message for message in messages)
    assert any(message.startswith("init: OK=") for message in messages)
    assert {row[0] for row in rows} <= {"INFO", "WARNING", "ERROR"}
    lines = (project.directory / "ahjo.log").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert [message for message in messages if not any(message in line for line in lines)] == []


def test_the_table_names_the_module_that_spoke_and_leaves_out_headings_and_rows(
    logged: LoggedProject, target: Target
) -> None:
    project, database = logged
    project.write(
        "tasks.py",
        "from ahjo_tasks import action, namespace\n\n\n@action(affects_database=True)\ndef speak(ctx):\n"
        "    ctx.console.print('a word')\n    ctx.console.table(['head'], [['cell']])\n\n\nns = namespace(speak)\n",
    )
    done = project.inv("init", "structure", "speak")
    assert done.code == 0, done.text
    assert "cell" in done.text
    rows = target.query("SELECT module, message FROM ahjo_log ORDER BY id", database)
    assert ("tasks", "a word") in {(row[0], row[1]) for row in rows}
    assert {row[0] for row in rows if "database/tables/t.sql" in row[1]} == {"run_plan"}
    assert not [row[1] for row in rows if "cell" in row[1] or row[1].startswith(("speak  ", "structure  "))]
    assert "cell" in (project.directory / "ahjo.log").read_text(encoding="utf-8")


def test_a_failure_is_logged_though_the_work_is_rolled_back(logged: LoggedProject, target: Target) -> None:
    project, database = logged
    project.write("database/tables/u.sql", "CREATE TABLE u (id NONSENSE(;")
    done = project.inv("init", "structure", AHJO_CONTEXT_CONNECTABLE_TYPE="connection")
    assert done.code == 1, done.text
    errors = target.query("SELECT message FROM ahjo_log WHERE level = 'ERROR'", database)
    assert any("u.sql" in row[0] for row in errors)


def test_records_that_the_table_does_not_take_are_said_and_in_the_file(logged: LoggedProject, target: Target) -> None:
    project, database = logged
    assert project.inv("init", AHJO_ENABLE_DATABASE_LOGGING="false").code == 0
    target.query("CREATE TABLE ahjo_log (id INTEGER)", database)
    done = project.inv("structure")
    assert done.code == 0, done.text
    assert "not in the table ahjo_log" in done.err
    assert "database/tables/t.sql" in (project.directory / "ahjo.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", ["sqlite", "postgresql"], indirect=True)
def test_no_output_of_a_failing_run_holds_a_secret(logged: LoggedProject, target: Target) -> None:
    project, database = logged
    assert project.inv("init").code == 0
    project.write("database/data/a.sql", "SELECT '$(api_password)' AS a;\nSELECT '$(api_password)' FROM missing;")
    variables = json.dumps({"api_password": SECRET})
    done = project.inv(
        "data", AHJO_SCRIPTING_VARIABLES=variables, AHJO_ENABLE_SQLALCHEMY_LOGGING="true", AHJO_LOG_FORMAT="json"
    )
    assert done.code == 1
    assert "missing" in done.err
    told = [done.out, done.err]
    told += [file.read_text(encoding="utf-8") for file in project.directory.glob("*.log*")]
    told += [str(row) for row in target.query("SELECT message FROM ahjo_log", database)]
    password = target.url.password if target.url else None
    for secret in filter(None, (SECRET, password)):
        assert [text for text in told if secret in text] == []
    assert "***" in done.err, "the excerpt shows the line"


def test_lines_can_be_json(tmp_path: Path) -> None:
    project = make_project(
        tmp_path / "p", {"allowed_actions": "ALL", "sql_dialect": "sqlite", "target_database_name": "x.db"}
    )
    assert project.inv("init", AHJO_LOG_FORMAT="json").code == 0
    lines = (project.directory / "ahjo.log").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert {"time", "logger", "level", "message"} == set(records[-1])
    assert records[-1]["message"].startswith("init: OK=")


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX: elsewhere there is no event log")
def test_an_event_log_that_is_not_there_is_a_config_error(tmp_path: Path) -> None:
    backend = {
        "allowed_actions": "ALL",
        "sql_dialect": "sqlite",
        "target_database_name": "x.db",
        "windows_event_log": True,
    }
    project = make_project(tmp_path / "p", backend)
    done = project.inv("init")
    assert done.code == 2, done.text
    assert "windows_event_log" in done.err
    assert not (project.directory / "x.db").exists()
