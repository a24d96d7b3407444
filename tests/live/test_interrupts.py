from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from inside import until
from kills import killed
from survival.moments import Ending
from trails import in_its_slow_file, runs

from ahjo_tasks.history.store import HistoryStore

if TYPE_CHECKING:
    from inside import Deployed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX: signals are not the same on Windows")
SERVERS = pytest.mark.parametrize("target", ["postgresql", "mysql", "mssql"], indirect=True)
WAITING = "WAITFOR DELAY '00:01:00';\n"


@SERVERS
@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Terminated")]
)
def test_a_signal_ends_a_run_and_frees_its_lock(busy: Deployed, number: signal.Signals, code: int, word: str) -> None:
    with busy.started("data") as process:
        in_its_slow_file(busy)
        process.send_signal(number)
        said, _nothing = process.communicate(timeout=30)
    assert process.returncode == code, said
    assert f"{word}: " in said
    assert "Traceback" not in said
    busy.write("database/data/b.sql", "SELECT 1;\n")
    busy.succeed("data", AHJO_LOCK_TIMEOUT="10")  # it goes on with the file that did not end
    assert runs(busy) == [1]


@pytest.mark.parametrize("target", ["mssql"], indirect=True)
def test_ctrl_c_has_sql_server_stop_at_once_and_roll_back(busy: Deployed) -> None:
    try:
        busy.target.query("WAITFOR DELAY '00:00:00'", busy.database)
    except Exception as error:  # noqa: BLE001 - any driver's
        pytest.skip(f"this server cannot wait: {error}")
    busy.write("database/data/b.sql", "INSERT INTO trail SELECT 9, 9;\nGO\n" + WAITING)
    with busy.started("data") as process:
        in_its_slow_file(busy)
        time.sleep(2)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        said, _nothing = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert time.monotonic() - began < 10
    assert runs(busy) == [1]


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_what_mysql_cannot_roll_back_is_not_said_to_be(busy: Deployed) -> None:
    busy.write("database/data/b.sql", "CREATE TABLE stays (a INT);\nSELECT SLEEP(60);\n")
    with busy.started("data") as process:
        until(lambda: bool(busy.rows("SELECT 1 FROM information_schema.tables WHERE table_name = 'stays'")))
        process.send_signal(signal.SIGINT)
        said, _nothing = process.communicate(timeout=30)
    assert process.returncode == 130, said
    rolled_back = f"what was not finished was rolled back as far as {busy.product} does"
    assert f"Interrupted: {rolled_back}: it commits at every CREATE" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_history_knows_what_was_done_before_a_signal(live: Deployed, number: signal.Signals) -> None:
    """It is written although the signal is still being handled."""
    live.reconfigure(deploy_transaction="file")
    for name in "abc":
        live.view(name, "SELECT 1 AS one")
    assert killed(live, "deploy", kill=Ending("step", 5, number)) == 128 + number  # where the second one has ended
    assert live.rows("SELECT status FROM ahjo_runs") == [("interrupted",)]
    recorded = {name for (name,) in live.rows("SELECT name FROM ahjo_objects")}
    assert {name for name in "abc" if live.has(name)} >= recorded >= {"a", "b"}
    live.succeed("deploy")
    assert live.has("c")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", ["write_files", "end"])
def test_a_signal_while_the_history_is_written_loses_nothing_of_it(
    live: Deployed, number: signal.Signals, moment: str
) -> None:
    live.reconfigure(deploy_transaction="file")
    live.view("a", "SELECT 1 AS one")

    def at_its_first_call() -> None:
        original = getattr(HistoryStore, moment)
        calls = iter([True])

        def called(*arguments: Any) -> Any:
            result = original(*arguments)
            if next(calls, False):
                os.kill(os.getpid(), number)
            return result

        patch.object(HistoryStore, moment, called).start()

    assert killed(live, "deploy", kill=at_its_first_call) == 128 + number
    assert live.rows("SELECT status FROM ahjo_runs") == [("interrupted",)]
    assert live.rows("SELECT name FROM ahjo_objects") == [("a",)]
    assert live.rows("SELECT status FROM ahjo_steps") == [("ok",)]
    assert "nothing to do" in live.succeed("deploy").text


def test_a_run_that_is_stopped_before_its_first_step_has_ended(sqlite: Deployed) -> None:
    sqlite.view("a", "SELECT 1 AS one")
    sqlite.view("b", "SELECT 1 AS one")

    def stop(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    assert killed(sqlite, "deploy", kill=lambda: patch.object(HistoryStore, "invalidate", stop).start()) == 130
    assert sqlite.rows("SELECT status FROM ahjo_runs") == [("interrupted",)]
    sqlite.succeed("deploy")
