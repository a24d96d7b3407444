from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cli_runner import inv, sqlite
from projects import RunningProject, make_project

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "a.sql": "SELECT 'å'\nGO 3\n\nSELECT 2\nGO 0\nSELECT 3\n",
    "open.sql": "SELECT 1\nGO\nSELECT 'never closed",
    "empty.sql": "",
}


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    made = make_project(tmp_path)
    for name, text in FILES.items():
        made.write(name, text)
    return made


def batches(project: RunningProject, file: str, *flags: str) -> tuple[int, str, str]:
    done = inv(project, "batches", "--file", file, *flags)
    return done.code, done.out, done.err


def test_json_alone_is_on_standard_output(project: RunningProject) -> None:
    code, out, err = batches(project, "a.sql", "--dialect", "mssql", "--format", "json")
    assert code == 0
    assert json.loads(out) == [
        {"text": "SELECT 'å'", "count": 3, "line": 1},
        {"text": "SELECT 2", "count": 0, "line": 4},
        {"text": "SELECT 3", "count": 1, "line": 6},
    ]
    assert err == "Warning: a.sql:5:1: GO 0: the batch before this line does not run\n"


def test_an_empty_file_is_an_empty_array(project: RunningProject) -> None:
    assert batches(project, "empty.sql", "--dialect", "mssql", "--format", "json")[:2] == (0, "[]\n")


def test_no_remark_on_a_config_gets_into_the_json(project: RunningProject) -> None:
    project.configure(sqlite(lock_timeout="5", exit_on_test_failur=True))
    code, out, err = batches(project, "a.sql", "--format", "json", "--config", "dev.json")
    assert (code, len(json.loads(out))) == (0, 1)
    assert "did you mean exit_on_test_failure?" in err


def test_a_table_shows_line_and_count(project: RunningProject) -> None:
    code, out, _ = batches(project, "a.sql", "--dialect", "mssql")
    assert code == 0
    assert "    1     1      3  SELECT 'å'\n" in out
    assert "    2     4      0  SELECT 2\n" in out


@pytest.mark.parametrize("style", ["json", "table"])
def test_a_file_that_cannot_be_split_ends_with_1_and_names_the_place(project: RunningProject, style: str) -> None:
    code, out, err = batches(project, "open.sql", "--dialect", "mssql", "--format", style)
    assert code == 1
    assert "Error: open.sql:3:8: this string is never closed" in err
    assert "[" not in out


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--file", "nosuch.sql", "--dialect", "mssql"), "nosuch.sql does not exist"),
        (("--file", ".", "--dialect", "mssql"), "is a folder"),
        (("--file", "a.sql", "--dialect", "mssl"), "There is no dialect 'mssl'"),
        (("--file", "a.sql"), "needs --dialect"),
        (("--file", "a.sql", "--dialect", "mssql", "--format", "xml"), "It is one of: table, json."),
        ((), "needs --file"),
    ],
)
def test_a_call_that_makes_no_sense_ends_with_2(project: RunningProject, flags: tuple[str, ...], words: str) -> None:
    done = inv(project, "batches", *flags)
    assert (done.code, words in done.err) == (2, True), done.text


def test_it_needs_neither_a_config_nor_a_project(project: RunningProject) -> None:
    done = project.ahjo("batches", "--file", "a.sql", "--dialect", "mssql", "--format", "json", PYTHONUTF8="0")
    assert (done.code, len(json.loads(done.out))) == (0, 3), done.text


def configured(project: RunningProject, **more: object) -> None:
    server = {"sql_dialect": "mssql", "target_server_hostname": "h", "sql_port": 1433, "target_database_name": "d"}
    project.configure({"allowed_actions": "ALL", **server, **more})


def test_directives_and_variables_are_carried_out_where_the_config_asks_for_them(project: RunningProject) -> None:
    configured(project, sqlcmd_directives=True, scripting_variables={"who": "me"})
    project.write("main.sql", "-- about it\n:r more.sql\nPRINT '$(who)'\nGO 2\n")
    project.write("more.sql", "\nPRINT 1\nGO\n")
    code, out, err = batches(project, "main.sql", "--format", "json", "--config", "dev.json")
    assert code == 0, err
    more = str(project.directory / "more.sql")
    assert json.loads(out) == [
        {"text": "-- about it\n\nPRINT 1", "count": 1, "line": 1},
        {"text": "PRINT 'me'", "count": 2, "line": 3},
    ]
    project.write("main.sql", ":r more.sql\nPRINT 2\n")
    code, out, err = batches(project, "main.sql", "--format", "json", "--config", "dev.json")
    assert [(one["line"], one.get("file")) for one in json.loads(out)] == [(2, more), (2, None)]
    assert f"{more}:2" in batches(project, "main.sql", "--config", "dev.json")[1]


def test_directives_are_refused_where_the_config_does_not_ask_for_them(project: RunningProject) -> None:
    configured(project)
    project.write("main.sql", "PRINT 1\n  :setvar x 1\n")
    code, out, err = batches(project, "main.sql", "--config", "dev.json")
    assert (code, "main.sql:2:3: :setvar is a directive of sqlcmd, not SQL" in err) == (1, True), out + err
