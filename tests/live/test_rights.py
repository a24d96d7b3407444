"""Logins with few rights: without the tables of the history all runs as before, and reading takes no right to write."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from revisions import revision

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inside import Deployed

pytestmark = pytest.mark.parametrize("target", ["postgresql", "mysql"], indirect=True)

DEPLOYERS = {
    "postgresql": (
        "CREATE ROLE {role} LOGIN PASSWORD 'secret'",
        "GRANT CREATE, USAGE ON SCHEMA public TO {role}",
        "CREATE SCHEMA audit",
        "GRANT USAGE ON SCHEMA audit TO {role}",
    ),
    "mysql": ("CREATE USER {role} IDENTIFIED BY 'secret'", "GRANT SELECT, DROP, CREATE VIEW, SHOW VIEW ON * TO {role}"),
}
READERS = {
    "postgresql": (
        "CREATE ROLE {role} LOGIN PASSWORD 'secret'",
        "GRANT pg_read_all_data TO {role}",
        "ALTER ROLE {role} SET default_transaction_read_only = on",
    ),
    "mysql": ("CREATE USER {role} IDENTIFIED BY 'secret'", "GRANT SELECT, SHOW VIEW ON * TO {role}"),
}
GONE = {"postgresql": ("DROP OWNED BY {role} CASCADE", "DROP ROLE {role}"), "mysql": ("DROP USER {role}",)}


@contextmanager
def login(live: Deployed, statements: tuple[str, ...]) -> Iterator[None]:
    """Have the project log in as somebody for whom these statements were run."""
    role = f"{live.database}_r"
    owner = {name: live.backend.get(name) for name in ("username", "password")}
    live.by_hand(*(text.format(role=role) for text in statements))
    try:
        live.reconfigure(username=role, password="secret")
        yield
    finally:
        live.reconfigure(**owner)
        live.by_hand(*(text.format(role=role) for text in GONE[live.target.name]))


def test_without_the_right_to_create_the_tables_all_files_run_with_one_warning(live: Deployed) -> None:
    if live.target.name == "postgresql":
        live.reconfigure(history_schema="audit")
    live.view("a", "SELECT 1 AS one")
    live.view("b", "SELECT one FROM a")
    with login(live, DEPLOYERS[live.target.name]):
        for _ in range(2):
            done = live.succeed("deploy")
            assert done.text.count(" ok ") == 2
            assert done.err.count("The history cannot be written") == 1
            assert done.err.count("CREATE TABLE") == 6
        for command in ("plan", "status", "drift", "history", "lock"):
            live.here(command)
        assert "There is no history" in live.succeed("history").text
        live.view("c", "SELEC")
        assert live.fail("deploy").err.count("The history cannot be written") == 1
        (live.directory / "database/views/c.sql").unlink()
        statements = done.err.split("CREATE TABLE ")[1:]
    for text in statements:
        live.by_hand(f"CREATE TABLE {text.partition(';')[0]}")
    done = live.succeed("deploy")
    assert "cannot be written" not in done.text
    assert "nothing to do" in live.succeed("deploy").text


def test_a_login_that_only_reads_sees_plan_status_drift_and_history(live: Deployed) -> None:
    revision(live, "a1", None, 'op.create_table("item", sa.Column("id", sa.Integer))')
    live.view("a", "SELECT id FROM item")
    live.view("b", "SELECT 1 AS one")
    live.succeed("deploy")
    if live.target.name == "mysql":  # as a replica, which refuses each change
        live.reconfigure(sqla_url_query_map={"init_command": "SET SESSION TRANSACTION READ ONLY"})
    with login(live, READERS[live.target.name]):
        assert "nothing to do" in live.succeed("deploy").text
        assert "nothing to do" in live.succeed("plan", "--check").text
        live.succeed("status")
        live.succeed("drift")
        assert "deploy" in live.succeed("history").text
        live.succeed("history", "--object", "a")
        live.view("b", "SELECT 2 AS one")
        assert "~ b.sql" in live.succeed("plan", "--diff").text
        live.fail("plan", "--check", code=5)
    live.reconfigure(sqla_url_query_map={})
    live.by_hand("DROP VIEW b")
    with login(live, READERS[live.target.name]):
        assert "dropped by hand" in live.fail("drift", code=5).text


READ_ONLY = {
    "mysql": {"init_command": "SET SESSION TRANSACTION READ ONLY"},
    "postgresql": {"options": "-c default_transaction_read_only=on"},
}


def test_a_server_that_takes_no_changes_is_named(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    live.reconfigure(sqla_url_query_map=READ_ONLY[live.target.name])
    assert "deploy to its primary" in live.fail("deploy").text
