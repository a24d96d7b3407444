"""What an action runs is one transaction where it can be, and ends a part of it where it cannot."""

from __future__ import annotations

import json
import time
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from revisions import revision
from sqlalchemy import NullPool, create_engine

from ahjo_tasks.engine.executor import PlanExecutor

if TYPE_CHECKING:
    from inside import Deployed

    from ahjo_tasks.engine.plan import Step

POSTGRESQL = pytest.mark.parametrize("target", ["postgresql"], indirect=True)
OWN_CONNECTION = """
from alembic import context
from sqlalchemy import engine_from_config, pool

engine = engine_from_config(context.config.get_section("alembic", {}), prefix="sqlalchemy.", poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_any_number_of_views_is_one_commit(live: Deployed) -> None:
    """SQLite counts in its file what was committed, each time with a wait for the disk."""
    commits = [0]
    for number in (1, 3, 60):
        for view in range(number):
            live.view(f"of_{number}_{view}", f"SELECT {view} AS number")
        live.succeed("deploy")
        commits.append(int.from_bytes(Path(live.database).read_bytes()[24:28], "big"))
    _start, first, second, third = commits
    assert third - second == second - first > 0


@POSTGRESQL
def test_more_objects_than_half_of_the_lock_table_are_several_transactions(live: Deployed) -> None:
    size = "current_setting('max_locks_per_transaction')::int * current_setting('max_connections')::int"
    half = live.rows(f"SELECT {size}")[0][0] // 2
    for file in range(11):
        names = (f"v{file:02}_{number}" for number in range(half // 10))
        text = "".join(f"CREATE OR REPLACE VIEW {name} AS SELECT 1 AS one;\n" for name in names)
        live.write(f"database/views/v{file:02}.sql", text)
    live.write("database/views/w.sql", "CREATE OR REPLACE VIEW w AS SELECT * FROM nowhere;\n")
    limit = f"the server's lock table has room for no more than {half} objects at once"
    assert f"a new transaction begins: {limit}" in live.succeed("plan").text
    assert "the finished ones of its 2 transactions stay" in live.succeed("plan").text
    assert "10 of 12 steps before it are committed" in live.fail("deploy").err
    assert live.rows("SELECT COUNT(*) FROM pg_views WHERE viewname LIKE 'v__\\_%'") == [(10 * (half // 10),)]
    (live.directory / "database/views/w.sql").unlink()
    assert live.succeed("deploy").text.count(" ok ") == 1
    assert "nothing to do" in live.succeed("deploy").text


@POSTGRESQL
def test_more_views_than_the_lock_table_has_room_for_are_read_in_portions(live: Deployed) -> None:
    """To show a view locks the relations that it uses until the transaction ends."""
    size = "current_setting('max_locks_per_transaction')::int * current_setting('max_connections')::int"
    portion = live.rows(f"SELECT {size}")[0][0] // 4
    block = "DO $$ BEGIN FOR i IN 1..{} LOOP EXECUTE format('{} VIEW other_{}_%s{}', i); END LOOP; END $$"
    for number in range(16):
        live.by_hand(block.format(portion, "CREATE", number, " AS SELECT 1 AS one"))
    live.view("own", "SELECT 1 AS one")
    live.succeed("deploy")
    live.by_hand("CREATE OR REPLACE VIEW own AS SELECT 1 AS one, 2 AS two")
    assert "changed by hand" in live.succeed("deploy").text
    assert "nothing to do" in live.succeed("deploy").text
    for number in range(16):
        drop = block.format(portion, "DROP", number, "")
        live.write(f"database/functions/drop_{number}.sql", f"{drop};\n")
    assert "each step is committed by itself now" in live.succeed("deploy").text
    assert live.rows("SELECT viewname FROM pg_views WHERE viewname LIKE 'other%'") == []


@POSTGRESQL
@pytest.mark.parametrize("by", ["a revision", "a file"])
def test_a_new_value_of_an_enumeration_is_committed_before_its_use(live: Deployed, by: str) -> None:
    live.by_hand("CREATE TYPE mood AS ENUM ('sad')")
    add = "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad'"
    live.view("before", "SELECT 1 AS one")
    live.view("happy", "SELECT 'glad'::mood AS mood")
    if by == "a revision":
        revision(live, "a1", None, f'op.execute("{add}")')
    else:
        live.write("database/types/mood.sql", f"{add};\n")
    assert "committed by itself" in live.succeed("plan").text
    live.succeed("deploy")
    assert live.rows("SELECT mood::text FROM happy") == [("glad",)]


def test_foreign_keys_are_off_while_a_table_is_rebuilt_and_checked_before_the_commit(sqlite: Deployed) -> None:
    sqlite.by_hand(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parent (id) ON DELETE CASCADE)",
        "INSERT INTO parent VALUES (1, 'x')",
        "INSERT INTO child VALUES (1, 1)",
    )
    sqlite.view("v", "SELECT id FROM child")
    rebuilt = 'with op.batch_alter_table("parent", recreate="always") as table:\n        table.drop_column("name")'
    revision(sqlite, "a1", None, rebuilt)
    sqlite.succeed("deploy")
    assert sqlite.rows("SELECT id FROM v") == [(1,)]
    revision(
        sqlite, "b2", "a1", 'op.add_column("child", sa.Column("n", sa.Integer))\n    op.execute("DELETE FROM parent")'
    )
    sqlite.view("v", "SELECT id + 1 AS id FROM child")
    assert "rows without their parents in: child" in sqlite.fail("deploy").err
    assert sqlite.rows("SELECT p.id, v.id, version_num FROM parent p, v, alembic_version") == [(1, 1, "a1")]
    assert not sqlite.has("never")


def test_an_env_py_that_connects_by_itself_waits_for_nobody(live: Deployed) -> None:
    if live.target.name == "mssql":
        assert live.target.url
        try:
            create_engine(live.target.url, poolclass=NullPool).connect().close()
        except Exception as error:  # noqa: BLE001 - a driver may raise what it likes
            pytest.skip(f"this server lacks a feature: connections as SQLAlchemy alone makes them ({error})")
    live.reconfigure(lock_timeout=3)
    live.view("first", "SELECT 1 AS one")
    live.succeed("deploy")
    owner = "dbo." if live.target.name == "mssql" else ""
    revision(live, "a1", None, 'op.create_table("item", sa.Column("id", sa.Integer))')
    live.write("alembic/env.py", OWN_CONNECTION)
    live.view("first", f"SELECT id FROM {owner}item")
    live.view("second", f"SELECT id FROM {owner}item")
    if live.target.name != "mysql":
        assert "committed by itself: env.py connects by itself" in live.succeed("plan").text
    live.succeed("deploy")
    revision(live, "b2", "a1", 'op.add_column("item", sa.Column("name", sa.String(10)))')
    live.write("alembic/env.py", OWN_CONNECTION)
    live.view("second", f"SELECT name FROM {owner}item")
    live.succeed("deploy")
    assert live.rows("SELECT name FROM second") == []
    assert "nothing to do" in live.succeed("deploy").text


@POSTGRESQL
@pytest.mark.parametrize("retries", [0, 1])
def test_a_run_that_a_deadlock_has_ended_is_begun_again(live: Deployed, retries: int) -> None:
    for name in "ab":
        live.write(f"database/views/{name}.sql", f"CREATE OR REPLACE VIEW {name} AS SELECT 1 AS n; SELECT 1;\n")
    live.succeed("deploy")
    live.reconfigure(deploy_retries=retries)
    for name in "ab":
        live.write(f"database/views/{name}.sql", f"CREATE OR REPLACE VIEW {name} AS SELECT 2 AS n; SELECT 1;\n")
    threads: list[Thread] = []
    with live.target.connect(live.database) as other:
        other.cursor().execute("SET deadlock_timeout = '1h'; BEGIN; SELECT n FROM b")

        def cross() -> None:
            other.cursor().execute("SELECT n FROM a")
            other.cursor().execute("ROLLBACK")

        notify = PlanExecutor._notify

        def told(executor: PlanExecutor, status: str, step: Step, **values: Any) -> None:
            notify(executor, status, step, **values)
            if status == "ok" and step.label.endswith("a.sql") and not threads:
                threads.append(Thread(target=cross))
                threads[0].start()

        with patch.object(PlanExecutor, "_notify", told):
            done = live.here("deploy")
        threads[0].join()
    assert done.code == (0 if retries else 1), done.text
    assert "deadlock detected" in done.text
    assert ("it was rolled back and starts again" in done.text) == bool(retries)
    assert ("OK=2 FAIL=0" if retries else "OK=0 FAIL=1") in done.out, done.text
    assert live.rows("SELECT a.n, b.n FROM a, b") == [(2, 2) if retries else (1, 1)]


@POSTGRESQL
def test_a_step_that_is_done_again_outside_of_the_transaction_has_not_failed(live: Deployed) -> None:
    live.target.query("CREATE PROCEDURE p() LANGUAGE plpgsql AS 'BEGIN COMMIT; END'", live.database)
    for name in "abc":
        live.view(name, "SELECT 1 AS n")
    live.write("database/views/d.sql", "CALL p();\n")
    done = live.succeed("deploy")
    assert "each step is committed by itself now" in done.out
    assert "FAIL=0" in done.out
    assert "OK=4" in done.out, done.text
    (run,) = live.rows("SELECT run_id FROM ahjo_runs")
    steps = json.loads(live.succeed("history", "--run", run[0], "--format", "json").out)["steps"]
    assert [(step["label"][-5:], step["status"]) for step in steps] == [
        *((f"{name}.sql", "rolled back") for name in "abc"),
        *((f"{name}.sql", "ok") for name in "abcd"),
    ]


WRITERS = {
    "sqlite": "BEGIN IMMEDIATE",
    "postgresql": "BEGIN; LOCK TABLE ahjo_state IN SHARE MODE",
    "mysql": "BEGIN; UPDATE ahjo_state SET run_id = run_id",
}


@pytest.mark.parametrize("target", sorted(WRITERS), indirect=True)
def test_a_run_whose_history_is_locked_does_not_go_on_without_it(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS n")
    live.succeed("deploy")
    live.reconfigure(lock_timeout=1)
    live.view("a", "SELECT 2 AS n")
    with live.target.connect(live.database) as other:
        for statement in WRITERS[live.target.name].split("; "):
            other.cursor().execute(statement)
        failed = live.fail("deploy")
        other.rollback()
    assert "lock" in failed.err
    assert "history cannot be written" not in failed.text
    assert live.rows("SELECT n FROM a") == [(1,)]
    live.succeed("deploy")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_file_that_leaves_a_transaction_open_is_named_with_what_became_of_it(live: Deployed) -> None:
    live.write("database/views/a.sql", "BEGIN; CREATE VIEW a AS SELECT 1 AS one;")
    failed = live.fail("deploy")
    assert "database/views/a.sql: It leaves a transaction open" in failed.err
    assert "\n  What it did not commit was rolled back.\n" in failed.err


def test_a_deploy_waits_for_another_program_that_writes_all_the_time(sqlite: Deployed) -> None:
    """One that reads and then writes in a transaction is refused at once by SQLite while another one commits."""
    sqlite.by_hand("CREATE TABLE busy (x int)")
    ended = Event()

    def write() -> None:
        with sqlite.target.connect(sqlite.database) as connection:
            while not ended.is_set():
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("INSERT INTO busy VALUES (1)")
                time.sleep(0.005)
                connection.execute("COMMIT")
                time.sleep(0.005)

    writer = Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            sqlite.view(f"v{number}", f"SELECT {number} AS x")
            sqlite.succeed("deploy")
    finally:
        ended.set()
        writer.join()
