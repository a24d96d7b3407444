from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from inside import deployed, until
from revisions import revision
from trails import in_its_slow_file, runs, slow, trail

from ahjo_tasks.database.dialects.sqlite import SQLite
from ahjo_tasks.database.file_lock import FileLock
from ahjo_tasks.errors import LockedError
from ahjo_tasks.runtime.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from subprocess import Popen

    from inside import Deployed
    from targets import Target

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
        busy.succeed("data", "--all", AHJO_LOCK_TIMEOUT="20")
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


def test_data_that_is_loaded_already_does_not_wait(live: Deployed) -> None:
    trail(live)
    live.write("database/data/a.sql", "-- run: on change\nINSERT INTO trail VALUES (1, 1);\n")
    live.succeed("data")
    with live.locked():
        assert "nothing to do" in live.succeed("data", AHJO_LOCK_TIMEOUT="0").text
        live.write("database/data/a.sql", "-- run: on change\nINSERT INTO trail VALUES (2, 2);\n")
        live.fail("data", code=4, AHJO_LOCK_TIMEOUT="0")
    live.succeed("data")
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


def test_lock_shows_who_holds_it_and_the_run(busy: Deployed) -> None:
    assert json.loads(busy.succeed("lock", "--format", "json").out) == {"format_version": 1}
    slow(busy, "b", 60)
    with busy.started("data"):
        in_its_slow_file(busy)
        facts = json.loads(busy.succeed("lock", "--format", "json").out)
        assert f"{facts['since'][:19]} UTC" in busy.succeed("lock").text
        waiting = busy.fail("deploy", code=4, AHJO_LOCK_TIMEOUT="1")
    assert {"user", "host", "pid", "since", "run"} <= facts.keys()
    assert f"Its run {facts['run']} began at" in waiting.err


@pytest.mark.parametrize("mode", MODES)
def test_who_waits_is_in_nobodys_way(postgresql_target: Target, tmp_path: Path, mode: dict[str, str]) -> None:
    live = deployed(postgresql_target, tmp_path / "project")
    live.reconfigure(lock_timeout=30, **mode)
    trail(live, "a")
    with live.target.connect(live.database) as holder:
        holder.autocommit = True
        key = "hashtextextended('ahjo deploy:' || current_database(), 0)"
        holder.cursor().execute(f"SELECT pg_advisory_lock({key})")
        with live.started("data") as waiting:
            assert waiting.stdout
            assert any("is locked by" in line for line in waiting.stdout)
            cursor = holder.cursor()
            cursor.execute("SET statement_timeout = '5s'")
            cursor.execute("CREATE INDEX CONCURRENTLY trail_place ON trail (place)")


PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def pooled(live: Deployed, folder: Path, pool_mode: str) -> Iterator[None]:
    """Have the project connect through PgBouncer."""
    url = live.target.url
    assert url is not None
    assert PGBOUNCER is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = host=127.0.0.1 port={url.port} user={url.username} password={url.password}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\nunix_socket_dir =\n"
        f"pool_mode = {pool_mode}\nignore_startup_parameters = extra_float_digits\n"
    )
    for path in (folder, *list(folder.parents)[:-2]):
        path.chmod(0o755)
    as_user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with subprocess.Popen([PGBOUNCER, "-q", *as_user, str(config)], stderr=subprocess.DEVNULL) as pooler:
        try:
            until(lambda: _answers(port))
            live.reconfigure(sql_port=port)
            yield
        finally:
            pooler.kill()
            live.reconfigure(sql_port=url.port)


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")
@pytest.mark.parametrize("pool_mode", ["session", "transaction"])
def test_a_pooler_that_takes_the_lock_away_is_refused(
    postgresql_target: Target, tmp_path: Path, pool_mode: str
) -> None:
    live = deployed(postgresql_target, tmp_path / "project")
    trail(live)
    with (
        pooled(live, tmp_path, pool_mode),
        live.connection() as own,
        live.connection() as other,
        own.dialect.lock(own, "ann on build-7 (pid 1)", 0),
        other.transaction(),
    ):
        other.execute("SELECT 1")  # takes the server's session that has the lock, where it can be taken
        refused = pytest.raises(LockedError, match="does not hold the deploy lock")
        with refused if pool_mode == "transaction" else nullcontext(), own.transaction():
            own.execute("INSERT INTO trail VALUES (1, 1)")
    assert runs(live) == ([1] if pool_mode == "session" else [])
