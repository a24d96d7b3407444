from __future__ import annotations

import os
import string
import sys
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeConnection
from sqlalchemy import URL, make_url

from ahjo_tasks.engine.security import PUNCTUATION, LoginStep, SqlcmdStep, find_sqlcmd, login_name, new_password
from ahjo_tasks.errors import AhjoError, DeployError

HERE = {"EngineEdition": [(3,)]}
STEP = LoginStep("shop_LOGIN", "shop", "it's secret")


def ran(connection: FakeConnection, step: LoginStep = STEP) -> list[str]:
    step.run(connection)  # type: ignore[arg-type]
    return [text for text in connection.ran if not text.startswith("SELECT")]


def test_a_login_has_the_predecessors_name() -> None:
    assert login_name("shop") == "shop_LOGIN"


def test_a_password_is_made_up_as_a_policy_asks() -> None:
    made = {new_password() for _ in range(20)}
    assert len(made) == 20
    for password in made:
        assert len(password) >= 20
        for group in (string.ascii_lowercase, string.ascii_uppercase, string.digits, PUNCTUATION):
            assert set(group) & set(password)


def test_a_login_is_made_with_its_names_and_password_quoted() -> None:
    assert ran(FakeConnection(HERE), LoginStep("a]b", "c]d", "it's")) == [
        "CREATE LOGIN [a]]b] WITH PASSWORD = N'it''s', DEFAULT_DATABASE = [c]]d], DEFAULT_LANGUAGE = [us_english]"
    ]


def test_an_older_login_of_the_database_keeps_its_sid_and_its_users() -> None:
    connection = FakeConnection({**HERE, "server_principals": [("SHOP",)], "dm_exec_sessions": [(51,), (52,)]})
    assert ran(connection, LoginStep("l", "shop", "it's")) == [
        "ALTER LOGIN [l] WITH PASSWORD = N'it''s', DEFAULT_DATABASE = [shop], DEFAULT_LANGUAGE = [us_english]"
    ]


def test_a_login_of_another_database_is_left_alone() -> None:
    connection = FakeConnection({**HERE, "server_principals": [("other",)]})
    with pytest.raises(AhjoError, match="its default database is other"):
        STEP.run(connection)  # type: ignore[arg-type]
    assert not any(text.startswith(("DROP", "CREATE", "ALTER", "KILL")) for text in connection.ran)


def test_azure_knows_no_default_database() -> None:
    connection = FakeConnection({"EngineEdition": [(5,)], "sql_logins": [("master",)]})
    assert ran(connection) == ["ALTER LOGIN [shop_LOGIN] WITH PASSWORD = N'it''s secret'"]


def test_the_password_is_in_nothing_that_is_shown() -> None:
    assert "secret" not in f"{STEP!r} {STEP} {STEP.label} {STEP.note}"


SERVER = URL.create("mssql+pyodbc", "me", "p@ss'; word", "db.example", 1433, "shop")
FILE = Path("database/create_db_permissions.sql")


def command(url: URL = SERVER, **variables: str) -> list[str]:
    return SqlcmdStep(FILE, str(FILE), url, variables).command("sqlcmd")


def test_the_command_names_server_database_login_and_file() -> None:
    made = command()
    assert made[:7] == ["sqlcmd", "-S", "db.example,1433", "-d", "shop", "-U", "me"]
    assert made[-2:] == ["-i", str(FILE)]
    assert {"-b", "-I", "-r0"} < set(made)


def test_the_password_goes_by_the_environment_alone() -> None:
    step = SqlcmdStep(FILE, str(FILE), SERVER, {})
    assert "word" not in " ".join(step.command("sqlcmd"))
    assert step.environment()["SQLCMDPASSWORD"] == "p@ss'; word"
    assert "word" not in repr(step)
    assert "SQLCMDPASSWORD" not in os.environ


def test_variables_are_arguments_of_their_own() -> None:
    made = command(name="two words", quote='"x"')
    assert made[-3:] == ["-v", "name=two words", 'quote="x"']


@pytest.mark.parametrize(
    ("query", "present", "absent"),
    [
        ("?TrustServerCertificate=yes", ["-C"], []),
        ("?trustservercertificate=True", ["-C"], []),
        ("?Encrypt=no", ["-C"], []),
        ("?Encrypt=yes", [], ["-C"]),
        ("?driver=FreeTDS&PORT=99", ["db.example,99"], ["-C"]),
        ("?authentication=ActiveDirectoryPassword", ["-G", "-U"], ["-E"]),
    ],
)
def test_what_the_query_map_says_is_said_to_sqlcmd(query: str, present: list[str], absent: list[str]) -> None:
    made = command(make_url(f"mssql+pyodbc://me:x@db.example/shop{query}"))
    assert set(present) <= set(made)
    assert not set(absent) & set(made)


def test_without_a_login_the_systems_user_logs_in() -> None:
    step = SqlcmdStep(FILE, str(FILE), make_url("mssql+pyodbc://db.example/shop"), {})
    assert "-E" in step.command("sqlcmd")
    assert "SQLCMDPASSWORD" not in step.environment()


def test_without_sqlcmd_the_other_way_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AhjoError, match="sqlcmd is not on PATH") as caught:
        find_sqlcmd()
    assert "db_permission_invoke_method: sqlalchemy" in str(caught.value.hint)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`fake(body)` puts a sqlcmd on PATH that is a Python script."""

    def install(body: str) -> None:
        script = tmp_path / "sqlcmd"
        script.write_text(f"#!{sys.executable}\nimport os, sys\n{body}\n", encoding="utf-8")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return install


pytestmark_posix = pytest.mark.skipif(os.name == "nt", reason="only on POSIX")


@pytestmark_posix
def test_what_sqlcmd_says_is_handed_on(fake: Any) -> None:
    fake("print('grüß'); print('a warning', file=sys.stderr); print(os.environ['SQLCMDPASSWORD'][:2], sys.argv[2])")
    connection = FakeConnection()
    SqlcmdStep(FILE, str(FILE), SERVER, {}).run(connection)  # type: ignore[arg-type]
    assert connection.messages == ["grüß", "p@ db.example,1433", "a warning"]


@pytestmark_posix
def test_what_sqlcmd_fails_with_is_the_error(fake: Any) -> None:
    said = "Msg 208, Level 16, State 1, Server x, Line 2\\nInvalid object name 'y'.\\nand more"
    fake(f"print('before'); print(\"{said}\", file=sys.stderr); sys.exit(1)")
    connection = FakeConnection()
    with pytest.raises(DeployError) as caught:
        SqlcmdStep(FILE, str(FILE), SERVER, {}).run(connection)  # type: ignore[arg-type]
    assert caught.value.message == "Msg 208, Level 16, State 1, Server x, Line 2 Invalid object name 'y'."
    assert caught.value.path == FILE
    assert caught.value.details == ("and more",)
    assert connection.messages == ["before"]


@pytestmark_posix
def test_a_silent_failure_is_a_failure(fake: Any) -> None:
    fake("sys.exit(3)")
    with pytest.raises(DeployError, match="sqlcmd ended with 3"):
        SqlcmdStep(FILE, str(FILE), SERVER, {}).run(FakeConnection())  # type: ignore[arg-type]
