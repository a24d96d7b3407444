"""`init` drops what a run of ours made, and nothing else unless the database is named."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from inside import Deployed, deployed
from revisions import revision

if TYPE_CHECKING:
    from pathlib import Path

    from targets import Target

TABLE = "CREATE TABLE keep (id INTEGER)"
MARK = {"postgresql": "public.ahjo_mark", "mssql": "dbo.ahjo_mark"}
GIT = {
    "mssql": "CREATE TABLE dbo.git_version (Repository varchar(255), Branch varchar(255), [Commit] varchar(50))",
    "postgresql": 'CREATE TABLE git_version ("Repository" varchar(255), "Branch" varchar(255), "Commit" varchar(50))',
}
ANY_GIT = "CREATE TABLE git_version (Repository varchar(255), Branch varchar(255), Commit_hash varchar(50))"


def existing(target: Target, directory: Path, *statements: str) -> Deployed:
    """A project whose database somebody else created, with these statements."""
    live = deployed(target, directory / "project")
    for statement in statements:
        target.query(statement, live.database)
    return live


def other(live: Deployed, directory: Path) -> Deployed:
    """A project on the same server, with a database of its own that somebody else created."""
    return deployed(live.target, directory / "other")


@pytest.mark.parametrize("action", ["init", "complete-build"])
@pytest.mark.parametrize("flags", [(), ("--non-interactive",)])
def test_a_database_of_others_is_not_dropped(
    target: Target, tmp_path: Path, action: str, flags: tuple[str, ...]
) -> None:
    live = existing(target, tmp_path, TABLE)
    done = live.fail(action, *flags, code=3)
    assert "No run of init made this database, and it is not empty: 1 table." in done.err
    assert "--confirm-database NAME, or set AHJO_CONFIRM_DATABASE" in done.err
    assert live.has("keep")


@pytest.mark.parametrize("action", ["init", "complete-build"])
def test_its_name_has_it_dropped(target: Target, tmp_path: Path, action: str) -> None:
    live = existing(target, tmp_path, TABLE)
    live.fail(action, "--confirm-database", "another", code=3)
    live.fail(action, code=3, AHJO_CONFIRM_DATABASE="another")
    assert live.has("keep")
    live.succeed(action, "--confirm-database", live.database)
    assert not live.has("keep")


def test_the_environment_names_it(target: Target, tmp_path: Path) -> None:
    live = existing(target, tmp_path, TABLE)
    live.succeed("init", AHJO_CONFIRM_DATABASE=live.database)
    assert not live.has("keep")


def test_a_build_repeats_without_end(target: Target, tmp_path: Path) -> None:
    live = deployed(target, tmp_path / "project", create=False)
    revision(live, "a1", None, 'op.create_table("item", sa.Column("id", sa.Integer))', 'op.drop_table("item")')
    for flags, environ in ((), {}), (("--non-interactive",), {"AHJO_NON_INTERACTIVE": ""}), ((), {}):
        live.succeed("complete-build", *flags, **environ)
        assert live.has("item")


def test_an_empty_database_is_nobodys(live: Deployed) -> None:
    live.succeed("init")


def test_alembics_table_proves_nothing(target: Target, tmp_path: Path) -> None:
    live = existing(target, tmp_path, "CREATE TABLE alembic_version (version_num varchar(32))", TABLE)
    live.fail("init", code=3)
    assert live.has("keep")


def test_the_table_of_the_git_version_proves_that_we_deployed(target: Target, tmp_path: Path) -> None:
    live = existing(target, tmp_path, GIT.get(target.name, ANY_GIT), TABLE)
    live.succeed("init")
    assert not live.has("keep")


def test_a_table_of_its_name_with_other_columns_does_not(target: Target, tmp_path: Path) -> None:
    live = existing(target, tmp_path, "CREATE TABLE git_version (id INTEGER)")
    live.fail("init", code=3)
    assert live.has("git_version")


@pytest.mark.parametrize("with_git", [False, True])
def test_a_copied_mark_does_not_count(target: Target, tmp_path: Path, with_git: bool) -> None:
    ours = deployed(target, tmp_path / "ours", create=False)
    ours.succeed("init")
    mark = MARK.get(target.name, "ahjo_mark")
    server, name, number = ours.rows(f"SELECT server, database_name, mark_id FROM {mark}")[0]
    copy = existing(target, tmp_path, TABLE, *([GIT.get(target.name, ANY_GIT)] if with_git else []))
    copy.target.query(
        f"CREATE TABLE {mark} (server varchar(255), database_name varchar(255), mark_id varchar(255))", copy.database
    )
    copy.target.query(f"INSERT INTO {mark} VALUES ('{server}', '{name}', '{number}')", copy.database)
    assert f"a copy of {name}" in copy.fail("init", code=3).err
    assert copy.has("keep")
    ours.succeed("init")


def test_a_copied_file_is_not_ours(sqlite_target: Target, tmp_path: Path) -> None:
    live = deployed(sqlite_target, tmp_path / "project", create=False)
    live.succeed("init")
    copy = other(live, tmp_path)
    shutil.copy(live.database, copy.database)
    assert f"a copy of {live.database}" in copy.fail("init", code=3).err


def test_a_file_in_the_projects_folder_moves_with_it(sqlite_target: Target, tmp_path: Path) -> None:
    live = deployed(sqlite_target, tmp_path / "project", create=False)
    live.reconfigure(target_database_name="below/shop.db")
    live.succeed("init")
    shutil.copytree(live.directory, tmp_path / "moved")
    moved = Deployed(tmp_path / "moved", live.target, live.backend)
    moved.succeed("init")
    shutil.copy(moved.directory / "below/shop.db", moved.directory / "shop.db")
    moved.configure({**live.backend, "target_database_name": "shop.db"})
    assert "a copy of below/shop.db" in moved.fail("init", code=3).err


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_database_made_from_ours_as_template_is_not_ours(target: Target, tmp_path: Path) -> None:
    live = deployed(target, tmp_path / "project", create=False)
    live.succeed("init")
    copy = deployed(target, tmp_path / "copy", create=False)
    target.query(f'CREATE DATABASE "{copy.database}" TEMPLATE "{live.database}"')
    assert f"a copy of {live.database}" in copy.fail("init", code=3).err


CONTENT = {
    "postgresql": [
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE mood AS ENUM ('ok')",
        "CREATE TYPE pair AS (a int, b int)",
        "CREATE DOMAIN short AS varchar(3)",
        "CREATE SCHEMA archive",
        "CREATE SEQUENCE number",
        "CREATE VIEW v AS SELECT 1 AS a",
        "SELECT lo_create(0)",
    ],
    "mysql": [
        "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
        "CREATE PROCEDURE p() SELECT 1",
        "CREATE VIEW v AS SELECT 1 AS a",
        "CREATE EVENT e ON SCHEDULE EVERY 1 YEAR DO SELECT 1",
    ],
    "sqlite": ["CREATE VIEW v AS SELECT 1 AS a"],
    "mssql": [
        "CREATE VIEW v AS SELECT 1 AS a",
        "CREATE PROCEDURE p AS SELECT 1",
        "CREATE FUNCTION f() RETURNS int AS BEGIN RETURN 1 END",
        "CREATE TYPE short FROM varchar(3)",
    ],
}


@pytest.mark.parametrize(
    ("target", "statement"),
    [(name, statement) for name, statements in CONTENT.items() for statement in statements],
    indirect=["target"],
)
def test_whatever_a_user_made_is_content(target: Target, tmp_path: Path, statement: str) -> None:
    live = existing(target, tmp_path, statement)
    assert "it is not empty: 1 " in live.fail("init", code=3).err


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_what_extensions_own_is_no_content(target: Target, tmp_path: Path) -> None:
    names = [row[0] for row in target.query("SELECT name FROM pg_available_extensions WHERE name <> 'plpgsql'")]
    chosen = [name for name in ("pg_stat_statements", "hstore", "citext", "pgcrypto") if name in names]
    if not chosen:
        pytest.skip("the server has no extension to create")
    live = existing(target, tmp_path, *(f"CREATE EXTENSION {name}" for name in chosen))
    live.succeed("init")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_database_that_lets_nobody_in_is_not_dropped(target: Target, tmp_path: Path) -> None:
    live = deployed(target, tmp_path / "project")
    target.query(f'ALTER DATABASE "{live.database}" ALLOW_CONNECTIONS false')
    assert "it cannot be inspected" in live.fail("init", code=3).err
    live.succeed("init", "--confirm-database", live.database)


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_login_that_may_only_create_databases_leaves_its_mark(target: Target, tmp_path: Path) -> None:
    live = deployed(target, tmp_path / "project", create=False)
    role = f"{live.database}_role"
    target.query(f"CREATE ROLE {role} LOGIN CREATEDB PASSWORD 'secret'")
    try:
        live.reconfigure(username=role, password="secret")
        for _ in range(2):
            assert "could not be marked" not in live.succeed("init").err
            live.target.query(TABLE, live.database)
        live.target.query(f'DROP DATABASE "{live.database}"')
    finally:
        target.query(f"DROP ROLE {role}")


def test_the_dry_run_says_what_is_lost(target: Target, tmp_path: Path) -> None:
    live = existing(target, tmp_path, TABLE)
    assert "No run of init made this database, and it is not empty: 1 table." in live.succeed("init", "--dry").text
    assert live.has("keep")
