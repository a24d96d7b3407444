"""What becomes of a run whose connection is cut, or that stands before somebody else's lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from inside import until
from trails import in_its_slow_file, runs

if TYPE_CHECKING:
    from inside import Deployed

SESSIONS = {
    "postgresql": "SELECT pid FROM pg_stat_activity WHERE datname = '{}' AND query LIKE '%pg_sleep%'",
    "mysql": "SELECT id FROM information_schema.processlist WHERE db = '{}' AND info LIKE '%SLEEP%'",
    "mssql": "SELECT session_id FROM sys.dm_exec_sessions WHERE database_id = DB_ID('{}')",
}
END = {"postgresql": "SELECT pg_terminate_backend({})", "mysql": "KILL {}", "mssql": "KILL {}"}
HOLD = {
    "sqlite": ("BEGIN EXCLUSIVE",),
    "postgresql": ("BEGIN", "LOCK TABLE trail IN ACCESS EXCLUSIVE MODE"),
    "mysql": ("LOCK TABLES trail WRITE",),
    "mssql": ("BEGIN TRANSACTION", "ALTER TABLE trail ADD more int"),
}


@pytest.mark.parametrize(
    ("target", "mode"),
    [
        ("postgresql", "engine"),
        ("mysql", "engine"),
        ("mssql", "engine"),
        ("postgresql", "connection"),
        ("mysql", "connection"),
    ],
    indirect=["target"],
)
def test_a_cut_connection_is_said_so_and_told_what_stays(busy: Deployed, mode: str) -> None:
    busy.reconfigure(context_connectable_type=mode)
    with busy.started("data") as process:
        if mode == "engine":
            in_its_slow_file(busy)
        cut(busy)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1, said
    assert "The connection to the server was lost" in said, said
    assert "Traceback" not in said, said
    assert "run again with --debug" not in said
    assert "rolled back" in said or "not known whether" in said
    assert runs(busy) == ([1] if mode == "engine" else [])


def cut(live: Deployed) -> None:
    sessions = SESSIONS[live.target.name].format(live.database)
    until(lambda: live.target.query(sessions))
    for (session,) in live.target.query(sessions):
        if session is not None:  # one that has just ended
            live.target.query(END[live.target.name].format(session))


def test_a_table_lock_of_somebody_else_ends_the_run_with_a_hint(live: Deployed) -> None:
    live.target.query("CREATE TABLE trail (run INTEGER)", live.database)
    live.write("database/data/a.sql", "INSERT INTO trail (run) VALUES (1);\n")
    with live.target.connect(live.database) as other:
        for statement in HOLD[live.target.name]:
            other.cursor().execute(statement)
        refused = live.fail("data", AHJO_LOCK_TIMEOUT="1")
    assert "Another session holds a lock" in refused.err
    live.succeed("data")
