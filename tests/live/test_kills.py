"""Runs that are killed: the next one ends where an undisturbed one does, and the history tells what happened."""

from __future__ import annotations

import json
import os
import random
import signal
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from inside import Deployed, deployed, until
from kills import before_step, killed
from revisions import revision
from trails import in_its_slow_file, slow

from ahjo_tasks.history.store import HistoryStore

if TYPE_CHECKING:
    from pathlib import Path

    from targets import Target

VIEWS = 198
EVERY = os.environ.get("AHJO_TEST_KILLS") == "all"
"""True to kill at each boundary of 200 steps, which takes minutes; else at some of them."""
BOUNDARIES = range(1, VIEWS + 2) if EVERY else (1, 2, 102, VIEWS + 1)
"""Numbers of steps that are done then: the last one is all of the migration and the views, not yet recorded."""
CREATE = {
    "sqlite": "DROP VIEW IF EXISTS {0}; CREATE VIEW {0}",
    "mssql": "DROP VIEW IF EXISTS dbo.{0};\nGO\nCREATE VIEW dbo.{0}",
}
OBJECTS = (
    "SELECT {file}, file_hash, kind, name, definition, rights FROM ahjo_objects WHERE kind = 'view' ORDER BY 1, name"
)
MODES = [pytest.param("run", id="one transaction"), pytest.param("file", id="file by file")]


def fill(live: Deployed) -> Deployed:
    """Write a migration and 198 views that read its table, every second one by the view before it."""
    revision(live, "a1", None, 'op.create_table("item", sa.Column("id", sa.Integer))')
    owner = "dbo." if live.target.name == "mssql" else ""
    head = CREATE.get(live.target.name, "CREATE OR REPLACE VIEW {0}")
    for number in range(VIEWS):
        source = f"v{number - 1:03}" if number % 2 else "item"
        text = f"{head.format(f'v{number:03}')} AS SELECT id FROM {owner}{source};\n"
        live.write(f"database/views/v{number:03}.sql", text)
    return live


@pytest.fixture
def many(target: Target, tmp_path: Path) -> Deployed:
    """A migration and 198 views, not deployed yet."""
    return fill(deployed(target, tmp_path / "project"))


def content(live: Deployed) -> list[tuple[Any, ...]]:
    """What the history knows of each object, and that all are there."""
    assert live.rows("SELECT COUNT(*) FROM v197") == [(0,)]
    return live.rows(OBJECTS.format(file="`file`" if live.target.name == "mysql" else '"file"'))


def statuses(live: Deployed) -> list[str]:
    return [run["status"] for run in json.loads(live.succeed("history", "--format", "json").out)["runs"]]


@pytest.fixture
def undisturbed(target: Target, tmp_path: Path) -> list[tuple[Any, ...]]:
    """What one run leaves that nothing disturbs."""
    live = fill(deployed(target, tmp_path / "undisturbed"))
    live.succeed("deploy")
    rows = content(live)
    assert len(rows) == VIEWS
    return rows


@pytest.mark.parametrize("mode", MODES)
def test_a_run_that_is_killed_between_two_steps_is_continued(
    many: Deployed, undisturbed: list[tuple[Any, ...]], mode: str
) -> None:
    many.reconfigure(deploy_transaction=mode, lock_timeout=20)
    for number in BOUNDARIES:
        killed(many, "deploy", kill=before_step(number))
    many.succeed("deploy")
    assert content(many) == undisturbed
    assert "nothing to do" in many.succeed("deploy").text
    ended = statuses(many)
    assert ended[0] == "succeeded"
    assert set(ended[1:]) == {"interrupted"}


@pytest.mark.parametrize("seed", range(2))
def test_a_run_that_is_killed_at_any_moment_is_continued(
    many: Deployed, undisturbed: list[tuple[Any, ...]], seed: int
) -> None:
    many.reconfigure(lock_timeout=20)
    if many.target.name == "mysql":  # which commits each statement of a migration, and cannot tell where it was ended
        many.succeed("deploy", "--files", "database/views/v000.sql")
    moments = random.Random(seed)
    for _ in range(3):
        killed(many, "deploy", after=moments.uniform(0.05, 1.2))
    many.succeed("deploy")
    assert content(many) == undisturbed
    assert "nothing to do" in many.succeed("deploy").text
    assert set(statuses(many)) <= {"succeeded", "interrupted"}


def test_the_history_tells_what_was_committed_before_a_kill(many: Deployed) -> None:
    """Of several files in one call, as of most databases, the last of them is the one that is known."""
    killed_at, known = (60, 60) if many.target.name == "mssql" else (150, 100)
    many.reconfigure(deploy_transaction="file", lock_timeout=20)
    with patch.multiple("ahjo_tasks.engine.recorder", GROUP=0.0, WAIT_FACTOR=0):
        killed(many, "deploy", kill=before_step(killed_at))
    run = json.loads(many.succeed("history", "--format", "json").out)["runs"][0]
    steps = json.loads(many.succeed("history", "--run", run["run_id"], "--format", "json").out)["steps"]
    assert run["status"] in {"started", "interrupted"}
    assert {step["status"] for step in steps if step["kind"] != "table"} == {"ok"}
    assert len(steps) >= known
    left = json.loads(many.succeed("plan", "--format", "json").out)["changes"]
    assert len(left) < VIEWS + 10 - known


def before_end() -> None:
    """Have the process killed when all is done but the end of the run is not written."""
    patch.object(HistoryStore, "end", lambda *_: os.kill(os.getpid(), signal.SIGKILL)).start()


def before_invalidation() -> None:
    """Have the process killed when a run has begun, and the state of the last one is not forgotten yet."""
    patch.object(HistoryStore, "invalidate", lambda *_: os.kill(os.getpid(), signal.SIGKILL)).start()


def told(live: Deployed) -> tuple[str, str]:
    """The status of the last run as history and status say it."""
    facts = json.loads(live.succeed("status", "--format", "json").out)
    return statuses(live)[0], facts["last_run"]["status"]


def test_a_killed_run_is_interrupted_where_the_next_one_has_nothing_to_do(live: Deployed) -> None:
    live.reconfigure(lock_timeout=20)
    live.view("a", "SELECT 1 AS one")
    live.succeed("deploy")
    live.view("a", "SELECT 2 AS one")
    killed(live, "deploy", kill=before_step(0))
    live.view("a", "SELECT 1 AS one")  # and somebody takes the change back
    ran = "SELECT status FROM ahjo_runs ORDER BY run_id"
    assert live.rows(ran) == [("succeeded",), ("started",)]
    until(lambda: told(live) == ("interrupted", "interrupted"))  # as soon as the server frees the lock
    assert live.rows(ran) == [("succeeded",), ("started",)]  # who looks does not write
    assert "nothing to do" in live.succeed("deploy").text
    assert live.rows(ran) == [("succeeded",), ("interrupted",)]


def test_a_run_ends_in_the_transaction_of_its_last_steps(live: Deployed) -> None:
    live.reconfigure(lock_timeout=20)
    live.view("a", "SELECT 1 AS one")
    killed(live, "deploy", kill=before_end)
    assert live.rows("SELECT status FROM ahjo_runs") == [("started",)]
    commits_itself = live.target.name == "mysql"
    assert live.has("a") is commits_itself
    assert "nothing to do" not in live.succeed("deploy").text
    assert live.rows("SELECT status FROM ahjo_runs ORDER BY run_id") == [("interrupted",), ("succeeded",)]


def test_a_run_that_holds_the_lock_is_started_in_each_of_its_actions(busy: Deployed) -> None:
    if busy.target.name == "mssql":
        slow(busy, "b", 20)
    with busy.started("deploy", "data") as process:
        in_its_slow_file(busy)
        assert told(busy) == ("started", "started")
        process.kill()
        process.wait()
    until(lambda: told(busy) == ("interrupted", "interrupted"), seconds=60)


def test_a_run_begins_in_the_transaction_that_forgets_the_state(live: Deployed) -> None:
    live.reconfigure(lock_timeout=20)
    live.view("a", "SELECT 1 AS one")
    live.succeed("deploy")
    live.view("a", "SELECT 2 AS one")
    killed(live, "deploy", kill=before_invalidation)
    assert live.rows("SELECT status FROM ahjo_runs") == [("succeeded",)]
    live.succeed("deploy")
    assert statuses(live) == ["succeeded", "succeeded"]
