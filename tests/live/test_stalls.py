from __future__ import annotations

import re
import signal
import subprocess
import time
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import pytest
from inside import until
from proxy import stalling_proxy
from servers import LOOPBACK
from sqlalchemy import text
from trails import in_its_slow_file, runs, slow

from ahjo_tasks.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inside import Deployed
    from proxy import StallingProxy

SERVERS = pytest.mark.parametrize("target", ["postgresql", "mysql", "mssql"], indirect=True)
UNKNOWN = "it is not known whether the server has done it"


@pytest.fixture
def proxied(busy: Deployed) -> Iterator[StallingProxy]:
    """The connection of `busy`, through a proxy."""
    query = dict(busy.backend.get("sqla_url_query_map", {}))
    own = [name for name in query if name.lower() == "port"]
    port = int(str(query[own[0]] if own else busy.backend["sql_port"]))
    with stalling_proxy(str(busy.backend["target_server_hostname"]), port) as proxy:
        through = {"sqla_url_query_map": {**query, own[0]: str(proxy.port)}} if own else {"sql_port": proxy.port}
        busy.reconfigure(target_server_hostname=LOOPBACK, stall_timeout=1, connect_timeout=2, **through)
        if busy.target.name == "mssql":
            slow(busy, "b", 25)
        yield proxy


def waits_for_its_slow_file(live: Deployed, proxied: StallingProxy) -> None:
    """Return when nothing was asked for so long that it is the file, and no query of the catalog between two files."""
    in_its_slow_file(live)
    until(proxied.is_quiet)


@pytest.mark.parametrize(
    ("target", "later"),
    [(name, later) for name in ("postgresql", "mysql", "mssql") for later in (True, False)],
    indirect=["target"],
)
def test_a_stalled_connection_ends_the_run_and_says_that_the_outcome_is_unknown(
    busy: Deployed, proxied: StallingProxy, *, later: bool
) -> None:
    busy.write("database/data/b.sql", "SELECT 1;\n" * 2 + _slow(busy, 20 if busy.target.name == "mssql" else 10))
    with busy.started("data") as process:
        waits_for_its_slow_file(busy, proxied)
        proxied.stall(later=later)
        began = time.monotonic()
        output, _none = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert time.monotonic() - began < 45
    assert "The connection has stalled: no answer for" in output
    assert UNKNOWN in output.lower()
    assert "Traceback" not in output


@SERVERS
def test_ctrl_c_leaves_a_stalled_connection_and_says_that_the_outcome_is_unknown(
    busy: Deployed, proxied: StallingProxy
) -> None:
    busy.reconfigure(stall_timeout=0)
    with busy.started("data") as process:
        waits_for_its_slow_file(busy, proxied)
        proxied.stall(later=True)
        output = _press_ctrl_c_until_it_ends(process)
    assert process.returncode == 130, output
    assert "not known" in output
    assert "Traceback" not in output


def _press_ctrl_c_until_it_ends(process: subprocess.Popen[str]) -> str:
    """As the words say it; some drivers return for the first one, and wait again when they close the connection."""
    for _ in range(4):
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=5)[0]
    pytest.fail("it did not end")


@SERVERS
def test_a_statement_that_works_for_longer_than_a_stall_goes_on(busy: Deployed, proxied: StallingProxy) -> None:
    busy.write("database/data/b.sql", _slow(busy, 5))
    assert proxied.port
    busy.succeed("data", AHJO_STALL_TIMEOUT="1")
    assert runs(busy) == [1]


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mysql", "mssql"], indirect=True)
def test_a_statement_is_canceled_at_its_limit(busy: Deployed) -> None:
    if busy.target.name == "sqlite":
        busy.write("database/data/b.sql", _slow(busy, 60))
    began = time.monotonic()
    refused = busy.fail("data", AHJO_STATEMENT_TIMEOUT="1")
    assert time.monotonic() - began < 30
    assert "It took longer than 1 s and was canceled." in refused.text
    assert "statement_timeout" in refused.text
    until(lambda: runs(busy) == [1])
    busy.write("database/data/b.sql", "SELECT 1;\n")
    busy.succeed("data", AHJO_LOCK_TIMEOUT="10")


@SERVERS
@pytest.mark.parametrize("part", [0.4, 0.75, 0.8, 0.85])
def test_a_run_ends_wherever_its_connection_stalls(busy: Deployed, proxied: StallingProxy, part: float) -> None:
    """Also where a transaction begins or ends, or a lock is asked for."""
    busy.write("database/data/b.sql", "SELECT 1;\n")
    _in_a_process(busy)
    requests: list[None] = []
    proxied.on_request = lambda: requests.append(None)
    _in_a_process(busy)
    stalling, requests = int(len(requests) * part), []

    def stall() -> None:
        requests.append(None)
        if len(requests) == stalling:
            proxied.stall(later=False)

    proxied.on_request = stall
    with busy.started("data") as process:
        output, _none = process.communicate(timeout=60)
    assert process.returncode == 1, output
    # the call that stalls may be one whose own error is passed over, as to close a cursor: the next one tells
    assert re.search("The connection has stalled: no answer for|The connection to the server was lost", output), output
    assert "Traceback" not in output


@pytest.mark.parametrize("target", ["postgresql", "mysql"], indirect=True)
def test_a_connection_that_stalls_between_statements_fails_too(busy: Deployed, proxied: StallingProxy) -> None:
    """Where the driver shows its socket, the process goes on."""
    with busy.connection() as connection:
        connection.execute("SELECT 1")
        proxied.stall(later=False)
        with pytest.raises(StatementError), connection.one_transaction():
            connection.execute("SELECT 2")
        assert not connection.usable


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_pipeline_that_stalls_before_its_end_has_stalled(busy: Deployed, proxied: StallingProxy) -> None:
    """The server has got a part of it, and counts as active while it waits for the rest."""
    rows = [{"place": number, "run": 0} for number in range(20_000)]
    requests = count(1)
    with busy.connection() as connection:
        connection.execute("SELECT 1")
        proxied.on_request = lambda: proxied.stall(later=False) if next(requests) == 4 else None
        with pytest.raises(StatementError, match="has stalled"), connection.sqlalchemy_transaction() as opened:
            opened.execute(text("INSERT INTO trail VALUES (:place, :run)"), rows)


def _in_a_process(live: Deployed) -> None:
    """Run `data` apart from the proxy, which a driver that keeps Python's lock while it waits would stop."""
    with live.started("data") as process:
        output, _none = process.communicate(timeout=60)
    assert process.returncode == 0, output


def _slow(live: Deployed, seconds: int) -> str:
    from trails import SLOW

    return SLOW[live.target.name].format(seconds) + "\n"
