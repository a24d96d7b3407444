from __future__ import annotations

import string

import pytest
from fakes import FakeConnection

from ahjo_tasks.engine.login import PUNCTUATION, LoginStep, login_name, new_password
from ahjo_tasks.errors import AhjoError

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
