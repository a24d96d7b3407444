from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from inside import Deployed, deployed
from projects import make_project
from trails import in_its_slow_file, runs, slow

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.errors import AhjoError

if TYPE_CHECKING:
    from targets import Target

SERVERS = ["postgresql", "mysql", "mssql"]
SYSTEM = [("postgresql", "postgres"), ("mysql", "mysql"), ("mssql", "Master")]


def marked(live: Deployed) -> None:
    live.target.query("CREATE TABLE mark (id INTEGER)", live.database)


def test_a_missing_database_is_created(target: Target, tmp_path: Path) -> None:
    live = deployed(target, tmp_path / "project", create=False)
    assert "database does not exist" in live.fail("test-connection").err.replace("database file", "database")
    live.succeed("init", "test-connection")
    marked(live)


def test_an_old_database_is_dropped_only_when_that_is_confirmed(live: Deployed) -> None:
    live.succeed("init")
    marked(live)
    assert "was not confirmed" in live.fail("init", code=3, AHJO_NON_INTERACTIVE="").err
    live.succeed("init", "--dry")
    assert live.has("mark")
    live.succeed("init")
    assert not live.has("mark")


def test_the_sessions_of_an_old_database_are_closed(live: Deployed) -> None:
    live.succeed("init")
    marked(live)
    with live.target.connect(live.database) as other:
        other.cursor().execute("SELECT 1 FROM mark")
        live.succeed("init")
    assert not live.has("mark")


def test_a_run_that_changes_the_database_is_waited_for(busy: Deployed) -> None:
    slow(busy, "b", 8)
    with busy.started("data") as first:
        in_its_slow_file(busy)
        assert "locked by" in busy.fail("init", code=4, AHJO_LOCK_TIMEOUT="1").err
        assert runs(busy) == [1]
        first.communicate()


def test_a_run_of_another_project_in_the_database_is_waited_for(busy: Deployed, tmp_path: Path) -> None:
    other = Deployed(tmp_path / "other", busy.target, {**busy.backend, "project": "stock"})
    make_project(other.directory, other.backend)
    busy.reconfigure(project="shop")
    slow(busy, "b", 8)
    with busy.started("data") as first:
        in_its_slow_file(busy)
        confirmed = {"AHJO_CONFIRM_DATABASE": busy.database}
        assert "locked by" in other.fail("init", code=4, AHJO_LOCK_TIMEOUT="1", **confirmed).err
        if busy.target.name in {"postgresql", "mysql"}:  # where each project has a lock of its own
            other.succeed("deploy", AHJO_LOCK_TIMEOUT="0")
        assert runs(busy) == [1]
        first.communicate()
    other.succeed("init", **confirmed)
    assert not other.has("trail")


def test_no_run_gets_in_between_the_lock_and_the_drop(busy: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, said = type(dialect(busy.target.name)), []
    drop = kind.drop_database

    def drop_while_another_run_tries(*given: Any) -> None:
        with busy.started("data", AHJO_LOCK_TIMEOUT="0") as other:
            said.append((other.communicate(timeout=60)[0], other.returncode))
        drop(*given)

    monkeypatch.setattr(kind, "drop_database", drop_while_another_run_tries)
    done = busy.succeed("init", AHJO_CONFIRM_DATABASE=busy.database)
    assert [("is locked by" in text, code) for text, code in said] == [(True, 4)], said
    warnings = [line for line in done.text.splitlines() if line.startswith("Warning: ")]
    assert [line for line in warnings if "recovery model" not in line] == []  # which not every server knows
    assert not busy.has("trail")


@pytest.mark.parametrize("target", SERVERS, indirect=True)
def test_a_setting_that_is_not_there_is_a_warning_that_names_it(live: Deployed) -> None:
    live.reconfigure(database_collation="it's none", database_elastic_pool="pool")
    done = live.succeed("init", "deploy", AHJO_DISPLAY_DB_INFO="1")
    assert "Warning: database_collation: " in done.err
    assert "Warning: database_elastic_pool: " in done.err
    assert "database_collation says it's none" in done.err
    assert f"database {live.database}" in done.out


@pytest.mark.parametrize(
    ("failing", "left"),
    [
        ("drop_database", "still exists"),
        ("create_database", "does not exist now: run init again"),
    ],
)
@pytest.mark.parametrize("error", [AhjoError("no more room"), KeyboardInterrupt()], ids=["failed", "interrupted"])
def test_what_is_left_is_told_when_it_ends_midway(
    live: Deployed, monkeypatch: pytest.MonkeyPatch, failing: str, left: str, error: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(type(dialect(live.target.name)), failing, fail)
        done = live.fail("init", code=1 if isinstance(error, AhjoError) else 130)
    assert f"{live.database} {left}" in done.err
    live.succeed("init", "test-connection")


@pytest.mark.parametrize(("target", "name"), SYSTEM, indirect=["target"])
def test_the_servers_own_databases_are_left_alone(live: Deployed, name: str) -> None:
    live.reconfigure(target_database_name=name)
    assert "is a system database" in live.fail("init", code=3).err


def test_a_name_of_any_kind_is_quoted(target: Target, tmp_path: Path) -> None:
    odd = {"sqlite": "o'd \"d;.db", "mssql": "o'd d"}.get(target.name, "o'd \"d` d]ä;")
    live = deployed(target, tmp_path / "project", create=False)
    live.reconfigure(target_database_name=str(tmp_path / odd) if target.url is None else odd)
    target.remember(live.database)
    live.succeed("init")
    marked(live)
    live.write("database/data/a.sql", "INSERT INTO mark (id) VALUES (1);\n")
    live.succeed("data")
    assert live.rows("SELECT id FROM mark") == [(1,)]


@pytest.mark.parametrize(
    ("target", "collation", "question"),
    [
        ("postgresql", "C.UTF-8", "SELECT datcollate FROM pg_database WHERE datname = current_database()"),
        ("mysql", "utf8mb4_bin", "SELECT @@collation_database"),
    ],
    indirect=["target"],
)
def test_the_collation_is_the_configs(live: Deployed, collation: str, question: str) -> None:
    live.reconfigure(database_collation=collation)
    live.succeed("init")
    assert live.rows(question) == [(collation,)]


def test_a_relative_sqlite_file_lies_in_the_projects_folder(sqlite_target: Target, tmp_path: Path) -> None:
    live = deployed(sqlite_target, tmp_path / "project", create=False)
    live.reconfigure(target_database_name="below/shop.db")
    live.succeed("init")
    assert (live.directory / "below/shop.db").is_file()


@pytest.mark.parametrize("content", [b"# Read me\n", b"SQLite"])
def test_a_file_that_is_no_database_is_never_deleted(sqlite_target: Target, tmp_path: Path, content: bytes) -> None:
    live = deployed(sqlite_target, tmp_path / "project", create=False)
    live.reconfigure(target_database_name="README.md")
    readme = live.directory / "README.md"
    readme.write_bytes(content)
    refused = live.inv("init")
    assert (refused.code, f"{readme} is not a SQLite database" in refused.err) == (3, True), refused.text
    assert f"Error: {readme}: This is not a SQLite database." in live.fail("deploy").err
    assert readme.read_bytes() == content


def test_an_empty_file_is_an_empty_database(sqlite_target: Target, tmp_path: Path) -> None:
    live = deployed(sqlite_target, tmp_path / "project", create=False)
    live.reconfigure(target_database_name="empty.db")
    live.write("empty.db", "")
    live.succeed("test-connection", "init")


@pytest.mark.parametrize("url", ["sqlite:///given.db", "sqlite+pysqlite:///given.db"])
def test_a_whole_url_needs_no_other_key(sqlite_target: Target, tmp_path: Path, url: str) -> None:
    live = deployed(sqlite_target, tmp_path / "project", create=False)
    live.configure({"allowed_actions": "ALL", "sqlalchemy.url": url})
    live.succeed("init", "test-connection")
    assert Path(live.directory / "given.db").is_file()
