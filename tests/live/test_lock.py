from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from revisions import revision
from trails import in_its_slow_file, runs, slow, trail

from ahjo_tasks.database.dialects.sqlite import SQLite
from ahjo_tasks.database.file_lock import FileLock
from ahjo_tasks.errors import LockedError
from ahjo_tasks.runtime.project import Project

if TYPE_CHECKING:
    from subprocess import Popen

    from inside import Deployed

MODES = [
    pytest.param({}, id="file by file"),
    pytest.param({"context_connectable_type": "connection"}, id="one transaction"),
]


def test_a_second_run_waits_and_leaves_with_the_owners_name(busy: Deployed) -> None:
    with busy.started("data") as first:
        in_its_slow_file(busy)
        second = busy.fail("deploy", code=4, AHJO_LOCK_TIMEOUT="1")
        waiting = re.compile("Warning: .* is locked by .*Waiting 1 s at most.\n.*Error: .* is locked by ", re.DOTALL)
        assert waiting.search(second.err)
        assert owner_of(busy, first) in second.err


def owner_of(live: Deployed, process: Popen[str]) -> str:
    return live.target.url.username if live.target.name == "mysql" and live.target.url else f"pid {process.pid}"


def test_a_killed_run_frees_the_lock(busy: Deployed) -> None:
    slow(busy, "b", 60 if busy.target.name == "postgresql" else 4)  # which looks after its clients
    with busy.started("data") as first:
        in_its_slow_file(busy)
        first.kill()
        first.wait()
        slow(busy, "b", 0)
        busy.succeed("data", AHJO_LOCK_TIMEOUT="20")
    assert runs(busy) == [1, 1]


@pytest.mark.parametrize("mode", MODES)
def test_two_runs_at_once_never_interleave(live: Deployed, mode: dict[str, str]) -> None:
    live.reconfigure(lock_timeout=60, scripting_variables={"run": 1}, **mode)
    trail(live, "a", "b", "c", "d")
    slow(live, "bb", 1)
    live.configure({**live.backend, "scripting_variables": {"run": 2}}, "other.json")
    with live.started("data") as first:
        second = live.succeed("data", config="other.json")
        said, _ = first.communicate()
        assert first.returncode == 0, said
    assert second.code == 0
    assert runs(live) in ([1] * 4 + [2] * 4, [2] * 4 + [1] * 4)


@pytest.mark.parametrize("mode", MODES)
def test_every_action_of_a_chain_gets_the_lock(live: Deployed, mode: dict[str, str]) -> None:
    live.reconfigure(lock_timeout=0, scripting_variables={"run": 1}, **mode)
    trail(live, "a")
    live.write("database/data/testdata/b.sql", "INSERT INTO trail SELECT COUNT(*) + 1, 2 FROM trail;\n")
    live.write("database/tests/t.sql", "SELECT 'ok' AS result;\n")
    live.write("tasks.py", "")
    live.succeed("data", "testdata", "test")
    assert runs(live) == [1, 2]


def test_an_upgrade_has_a_lock_of_its_own_that_lets_its_versions_deploy(live: Deployed) -> None:
    project = Project(live.directory, live.directory / "dev.json", {})
    other = Project(live.directory, live.directory / "dev.json", {})
    with project.database.locked("upgrade"):
        live.succeed("data", AHJO_LOCK_TIMEOUT="0")
        with pytest.raises(LockedError, match="locked by"), other.database.locked("upgrade"):
            """It is not free."""
    with other.database.locked("upgrade"):
        """It is free again."""


def test_init_holds_the_lock_of_a_file_until_the_new_one_is_there(
    sqlite: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqlite.succeed("init")
    taken = []
    create = SQLite.create_database

    def look(*arguments: Any) -> list[str]:
        taken.append(FileLock(Path(f"{sqlite.database}.lock")).acquire("eve on build-9 (pid 1)"))
        return create(*arguments)

    monkeypatch.setattr(SQLite, "create_database", look)
    sqlite.succeed("init")
    assert taken == [False]


def test_a_deploy_that_waited_for_init_works_on_the_new_file(sqlite: Deployed) -> None:
    sqlite.succeed("init")
    revision(sqlite, "a1", None, 'op.create_table("item", sa.Column("id", sa.Integer))')
    lock = FileLock(Path(f"{sqlite.database}.lock"))
    assert lock.acquire("ann on build-7 (pid 1)")
    with sqlite.started("deploy", AHJO_LOCK_TIMEOUT="30") as waiting:
        assert waiting.stdout
        assert any("ann on build-7" in line for line in waiting.stdout)
        Path(sqlite.database).unlink()
        sqlite.target.query("VACUUM", sqlite.database)
        lock.release()
        output = waiting.stdout.read()
        assert waiting.wait() == 0, output
    assert sqlite.has("item")
