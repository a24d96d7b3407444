from __future__ import annotations

import hashlib
import os
import signal
import socket
import sqlite3
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from fakes import settings
from odbc import require_driver
from sqlalchemy import create_engine
from tds import FakeServer

from ahjo_tasks.database.dialects.mssql import MSSQL, driver_choice
from ahjo_tasks.database.interrupts import LEFT, WAITING, CursorRegistry, on_interrupt
from ahjo_tasks.database.stalls import Limits, Server, StatementWatch
from ahjo_tasks.errors import TerminatedError

if TYPE_CHECKING:
    from collections.abc import Callable

DRIVERS = ("mssql+pyodbc", "mssql+mssqlpython", "mssql+pymssql")
FOR_EVER = "WAITFOR DELAY '23:59:59'"


@pytest.mark.parametrize("driver", DRIVERS)
def test_ctrl_c_has_each_driver_ask_the_server_to_stop(driver: str) -> None:
    running = CursorRegistry()
    with FakeServer() as server, on_interrupt(lambda: running.interrupt(MSSQL().interrupt), running.mark_interrupted):
        connection = connected(driver, server)
        cursor = connection.cursor()
        threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt), running.track(cursor):
            cursor.execute(FOR_EVER)
        assert server.interrupted == 1
        assert time.monotonic() - began < 10
        connection.close()


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_server_that_does_not_answer_keeps_nobody(driver: str) -> None:
    """The second Ctrl-C leaves: here that hangs up, so that the driver returns; a program ends."""
    running, said = CursorRegistry(), list[str]()
    with FakeServer(acknowledges=False) as server:

        def leave() -> None:
            said.append("left")
            server.hang_up()

        end = lambda: running.interrupt(MSSQL().interrupt)  # noqa: E731 - as above
        with on_interrupt(end, running.mark_interrupted, said.append, leave, patience=0.5):
            cursor = connected(driver, server).cursor()
            for seconds in (0.3, 2):
                threading.Timer(seconds, signal.raise_signal, [signal.SIGINT]).start()
            began = time.monotonic()
            with pytest.raises(KeyboardInterrupt), running.track(cursor):
                cursor.execute(FOR_EVER)
            assert time.monotonic() - began < 10
    assert said == [WAITING, LEFT, "left"]


def press_ctrl_c(after: float) -> None:
    threading.Timer(after, signal.raise_signal, [signal.SIGINT]).start()


def busy_at_ctrl_c(seconds: float) -> None:
    """Keep the main thread in C code, where Python handles no signal, while one arrives."""
    began, rounds = time.monotonic(), 100_000
    hashlib.pbkdf2_hmac("sha256", b"", b"", rounds)
    rounds = max(1, int(rounds * seconds / (time.monotonic() - began)))
    press_ctrl_c(0.1)
    hashlib.pbkdf2_hmac("sha256", b"", b"", rounds)


def test_an_interruption_that_takes_a_while_is_said_once_and_then_done() -> None:
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt), on_interrupt(lambda: None, lambda: None, said.append, said.clear, 0.2):
        busy_at_ctrl_c(3)
    assert said == [WAITING]


def test_ctrl_c_again_leaves_as_it_was_told_though_the_driver_returns_and_waits_while_it_closes() -> None:
    said: list[str] = []
    left = threading.Event()
    with on_interrupt(lambda: None, lambda: None, said.append, left.set, 0.2):
        with suppress(KeyboardInterrupt):
            busy_at_ctrl_c(3)
        with suppress(KeyboardInterrupt):
            press_ctrl_c(0.1)
            time.sleep(10)
        assert left.wait(10)
    assert said == [WAITING, LEFT]


def test_what_python_handles_by_itself_is_no_waiting() -> None:
    """As a program that an action runs, which may take Ctrl-C for its own."""
    said: list[str] = []
    with on_interrupt(lambda: None, lambda: None, said.append, lambda: said.append("left"), 0.2):
        for _ in range(3):
            with suppress(KeyboardInterrupt):
                threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGINT]).start()
                time.sleep(0.8)
            time.sleep(0.4)
    assert said == []


def connected(driver: str, server: FakeServer) -> Any:
    """A connection of the driver's own, without what SQLAlchemy asks at its first one."""
    require_driver(driver)
    config = settings(
        sql_dialect=driver,
        sql_port=server.port,
        target_server_hostname="127.0.0.1",
        sqla_url_query_map={"Encrypt": "no"},
        sql_driver=(driver_choice.bundled() or [None])[-1],
    )
    dialect = MSSQL()
    engine = create_engine(dialect.url(config, "me", "secret"), **dialect.engine_options(config))
    dialect.register_events(engine, config)
    arguments, options = engine.dialect.create_connect_args(engine.url)
    given = {**options, **dialect.engine_options(config)["connect_args"], "autocommit": True}
    return engine.dialect.connect(*arguments, **given)


def interrupted(running: CursorRegistry, cursor: object, work: Callable[[], None]) -> None:
    with running.track(cursor):
        running.interrupt(lambda _cursor: None)
        work()


def fail() -> None:
    raise OSError("cancelled")


@pytest.mark.parametrize("work", [fail, lambda: None], ids=["failed", "done"])
def test_an_interruption_that_a_driver_swallows_is_none_the_less_one(work: Callable[[], None]) -> None:
    running = CursorRegistry()
    with pytest.raises(KeyboardInterrupt):
        interrupted(running, object(), work)
    with running.track(object()):
        """What cleans up afterwards is not interrupted again."""


def test_an_interruption_is_known_before_anybody_hears_of_it() -> None:
    """A driver may swallow it and fail before the thread that listens has its turn."""
    running = CursorRegistry()

    def swallow() -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise OSError("did not supply an error")

    def work() -> None:
        with running.track(object()):
            swallow()

    with on_interrupt(lambda: None, running.mark_interrupted), pytest.raises(KeyboardInterrupt):
        work()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_termination_is_one_whatever_the_driver_raises() -> None:
    """A cursor that was cancelled raises KeyboardInterrupt at its end, maybe before the handler of the signal does."""
    running = CursorRegistry()
    cursor = object()
    cancelled = threading.Event()

    def cancel() -> None:
        running.interrupt(lambda _cursor: None)
        cancelled.set()

    def work() -> None:
        with running.track(cursor), suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
            cancelled.wait(5)

    with pytest.raises(TerminatedError), on_interrupt(cancel, running.mark_interrupted):
        work()


def test_a_termination_is_one_where_ctrl_c_is_ignored() -> None:
    """As in a background job of a shell."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(TerminatedError), on_interrupt(lambda: None, lambda: None):
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_failure_without_an_interruption_is_left_alone() -> None:
    with pytest.raises(OSError, match="cancelled"), CursorRegistry().track(object()):
        fail()


def test_an_interruption_that_fails_keeps_none_of_the_others_back() -> None:
    """The statement was done already, or its connection is closed."""
    running, asked = CursorRegistry(), []

    def refuse(cursor: object) -> None:
        asked.append(cursor)
        raise OSError("closed")

    with suppress(KeyboardInterrupt), running.track("one"), running.track("other"):
        running.interrupt(refuse)
    assert asked == ["one", "other"]


def test_no_cursor_is_left_before_its_interruption_is_done() -> None:
    running, ended = CursorRegistry(), []

    def slowly(cursor: object) -> None:
        time.sleep(0.2)
        ended.append(cursor)

    def work() -> None:
        with running.track("cursor"):
            threading.Thread(target=running.interrupt, args=[slowly]).start()
            time.sleep(0.05)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert ended == ["cursor"]


def test_the_cursors_of_sqlalchemy_are_known_too() -> None:
    running, engine = CursorRegistry(), create_engine("sqlite://")
    running.listen(engine)
    seen: list[Any] = []
    with engine.connect() as connection:
        connection.connection.dbapi_connection.create_function(  # type: ignore[union-attr]
            "look", 0, lambda: running.interrupt(seen.append)
        )
        with pytest.raises(KeyboardInterrupt):
            connection.exec_driver_sql("SELECT look()").fetchall()
    assert len(seen) == 1


class Closing(sqlite3.Connection):
    """A driver's connection whose cursors wait for the server when they are closed, which does not answer."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._sock, self._server = socket.socketpair()
        self._sock.settimeout(30)

    def cursor(self, *_arguments: Any) -> Any:
        return super().cursor(ClosingCursor)

    def close(self) -> None:
        self._sock.close()
        self._server.close()
        super().close()


class ClosingCursor(sqlite3.Cursor):
    def close(self) -> None:
        if self.description is None:
            self.connection._sock.recv(1)  # type: ignore[attr-defined]
        super().close()

    def fetchall(self) -> list[Any]:
        self.connection._sock.recv(1)  # type: ignore[attr-defined]
        return super().fetchall()


@pytest.mark.parametrize("statement", ["CREATE TABLE t (a INTEGER)", "SELECT 1"])
def test_a_cursor_of_sqlalchemy_that_waits_for_rows_or_when_it_is_closed_has_stalled(statement: str) -> None:
    asked: list[Any] = []

    def find_stall(raw: Any) -> str:
        asked.append(raw)
        return "gone"

    running = CursorRegistry(StatementWatch(Limits(check=1), Server(lambda _cursor: None, find_stall, print)))
    engine = create_engine("sqlite://", connect_args={"factory": Closing})
    running.listen(engine, streams_rows=True)
    with engine.connect() as connection:
        result = connection.exec_driver_sql(statement)
        if result.returns_rows:
            assert result.fetchall() == [(1,)]
    engine.dispose()
    assert {*map(type, asked)} == {Closing}


def test_what_begins_after_the_handler_is_not_what_was_to_be_stopped() -> None:
    """It rolls back, or writes the history; Ctrl-C once more is for that, too."""
    running, ended = CursorRegistry(), list[str]()
    with pytest.raises(KeyboardInterrupt), running.track("first"):
        running.mark_interrupted()
    with running.track("second"):
        running.interrupt(ended.append)
    assert ended == []
    with pytest.raises(KeyboardInterrupt), running.track("third"):
        running.interrupt(ended.append)
    assert ended == ["third"]


def test_a_handler_that_comes_after_the_interruption_counts_as_the_same() -> None:
    running, ended = CursorRegistry(), list[str]()

    def late() -> None:
        running.interrupt(ended.append)
        running.mark_interrupted()

    with pytest.raises(KeyboardInterrupt), running.track("first"):
        late()
    with pytest.raises(KeyboardInterrupt), running.track("second"):
        running.interrupt(ended.append)
    assert ended == ["first", "second"]


def test_a_statement_that_ends_while_it_is_canceled_waits_for_that() -> None:
    """Some drivers crash where a cursor is closed meanwhile, and others would cancel the next statement."""
    began, said = threading.Event(), list[str]()

    def cancel(_cursor: object) -> None:
        began.set()
        time.sleep(0.3)
        said.append("canceled")

    watch = StatementWatch(Limits(statement=1), Server(cancel, lambda _raw: "", said.append))
    with watch.watch(object(), object()):
        assert began.wait(30)
    assert said == ["canceled"]
