from __future__ import annotations

import sqlite3
import time
from threading import get_ident
from typing import TYPE_CHECKING, Any

import pytest
from fakes import Listener, settings
from sqlalchemy import make_url

from ahjo_tasks.database import database as database_module
from ahjo_tasks.database.database import Database
from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.database.dialects.base import ConnectFailure
from ahjo_tasks.database.dialects.sqlite import SQLite
from ahjo_tasks.errors import ConfigError, ConnectionFailedError, LockedError, StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FailingSQLite(SQLite):
    """Fails to connect with each of its `failures` in turn; None connects."""

    def __init__(self, *failures: ConnectFailure | None) -> None:
        self.failures = list(failures)

    def precheck_file(self, database: str) -> ConnectFailure | None:
        return self.failures.pop(0) if self.failures else None


class NoLogin:
    """Credentials without a login, which count how often they are kept."""

    kept = 0

    def login(self) -> tuple[None, None]:
        return None, None

    def password_for_new_login(self, _environ: object) -> None:
        return None

    def absent_files(self) -> list[Path]:
        return []

    def keep(self) -> None:
        self.kept += 1


AWAY = ConnectFailure("NoLogin answers.", wait=True)
REFUSED = ConnectFailure("The server refused the login.")


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of each sleep of this thread, without sleeping."""
    times: list[float] = []
    sleep, own = time.sleep, get_ident()

    def noted(seconds: float) -> None:
        if get_ident() == own:
            times.append(seconds)
        else:
            sleep(seconds)

    monkeypatch.setattr(database_module.time, "sleep", noted)
    return times


@pytest.fixture
def notes() -> list[str]:
    return []


def make_database(directory: Path, notes: list[str], *failures: ConnectFailure | None, **values: Any) -> Database:
    config = settings(sql_dialect="sqlite", target_database_name="x.db", **values)
    SQLite().create_database(None, str(directory / "x.db"), config)  # type: ignore[arg-type]
    return Database(config, FailingSQLite(*failures), NoLogin(), directory, Listener(notes))


def test_waiting_ends_when_the_server_answers(tmp_path: Path, sleeps: list[float], notes: list[str]) -> None:
    database = make_database(tmp_path, notes, AWAY, AWAY, connect_retry_count=5, connect_retry_interval=7)
    assert database.connection.query("SELECT 1") == [(1,)]
    assert sleeps == [7, 7]
    assert [line[-6:] for line in notes] == ["(1/5).", "(2/5)."]
    assert isinstance(database.credentials, NoLogin)
    assert database.credentials.kept == 1
    database.close(keep=True)


def test_waiting_ends_after_as_many_tries_as_the_config_says(
    tmp_path: Path, sleeps: list[float], notes: list[str]
) -> None:
    database = make_database(tmp_path, notes, *[AWAY] * 9, connect_retry_count=3, connect_retry_interval=1)
    with pytest.raises(ConnectionFailedError, match="NoLogin answers"):
        database.connection.query("SELECT 1")
    assert sleeps == [1, 1]
    assert isinstance(database.credentials, NoLogin)
    assert database.credentials.kept == 0


@pytest.mark.parametrize(
    ("mood", "values"),
    [(REFUSED, {}), (AWAY, {"connect_resiliently": False}), (AWAY, {"connect_retry_count": 0})],
    ids=["refused", "not resilient", "no tries"],
)
def test_what_waiting_does_not_help_stops_at_once(
    tmp_path: Path, sleeps: list[float], notes: list[str], mood: ConnectFailure, values: dict[str, Any]
) -> None:
    with pytest.raises(ConnectionFailedError):
        make_database(tmp_path, notes, *[mood] * 9, **values).connection.query("SELECT 1")
    assert sleeps == []
    assert notes == []


def test_the_lock_is_held_once_by_those_inside_each_other(tmp_path: Path, notes: list[str]) -> None:
    database, other = (make_database(tmp_path, notes, lock_timeout=0) for _ in range(2))
    with database.locked_connection(), database.locked_connection():
        pass
    with database.locked_connection(), pytest.raises(LockedError, match="pid"), other.locked_connection():
        pass
    with other.locked_connection():
        pass
    database.close(keep=True)
    other.close(keep=True)


def test_a_shared_transaction_keeps_the_lock_to_its_end(tmp_path: Path, notes: list[str]) -> None:
    database, other = (
        make_database(tmp_path, notes, lock_timeout=0, context_connectable_type="connection") for _ in range(2)
    )
    with database.locked_connection():
        pass
    with pytest.raises(LockedError), other.locked_connection():
        pass
    database.close(keep=True)
    with other.locked_connection():
        pass
    other.close(keep=True)


@pytest.fixture
def unlocked(tmp_path: Path, notes: list[str]) -> Iterator[Database]:
    database = make_database(tmp_path, notes)
    yield database
    database.close(keep=True)


def test_work_that_fails_frees_the_lock(unlocked: Database, tmp_path: Path, notes: list[str]) -> None:
    with pytest.raises(ZeroDivisionError), unlocked.locked_connection():
        raise ZeroDivisionError
    other = make_database(tmp_path, notes, lock_timeout=0)
    with other.locked_connection():
        pass
    other.close(keep=True)


def test_a_driver_that_is_not_installed_is_named_with_the_way_to_get_it(tmp_path: Path, notes: list[str]) -> None:
    config = settings(sql_dialect="sqlite+aiosqlite", target_database_name="x.db")
    database = Database(config, SQLite(), NoLogin(), tmp_path, Listener(notes))
    with pytest.raises(ConfigError, match=r"aiosqlite"):
        _ = database.engine


def test_engine_options_of_the_config_reach_the_engine(tmp_path: Path, notes: list[str]) -> None:
    database = make_database(tmp_path, notes, sqlalchemy={"echo": True, "connect_args": {"cached_statements": 7}})
    assert database.engine.echo
    broken = make_database(tmp_path, notes, sqlalchemy={"no_such_option": 1})
    with pytest.raises(ConfigError, match="no_such_option"):
        _ = broken.engine


class RestlessCursor:
    """Goes on with the next result when it is asked again after the end of one, as pymssql's does."""

    def __init__(self, *results: list[tuple[int]]) -> None:
        self._results = [list(rows) for rows in results]

    def fetchmany(self, size: int) -> list[tuple[int]]:
        rows, self._results[0][:size] = self._results[0][:size], []
        if len(rows) < size:
            self._results.pop(0)
        return rows


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_rows_of_one_result_do_not_run_into_the_next(tmp_path: Path, notes: list[str], count: int) -> None:
    database = make_database(tmp_path, notes)
    cursor = RestlessCursor([(1,)] * count, [(2,)] * 3, [])
    chunks = list(database.connection._fetch_chunks(cursor, "", 2))
    assert [row for chunk in chunks for row in chunk] == [(1,)] * count
    database.close(keep=True)


def test_a_certificate_that_is_not_there_is_named_by_its_key() -> None:
    url = make_url("mysql+pymysql://u@h/d?ssl_ca=/nowhere/ca.pem")
    failure = dialect("mysql").precheck_connect(url)
    assert failure is not None
    assert failure.message == "There is no file ssl_ca: /nowhere/ca.pem."
    assert dialect("mysql").precheck_connect(make_url("mysql+pymysql://u@h/d")) is None


class LeavingSQLite(SQLite):
    """Cannot switch back to autocommit, and says so by an error of its own, as pymssql does."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def set_autocommit(self, raw: Any, on: bool) -> None:
        if on:
            raise self.error
        super().set_autocommit(raw, on)


@pytest.mark.parametrize("error", [RuntimeError("ROLLBACK"), sqlite3.OperationalError("ROLLBACK")], ids=str)
def test_the_error_of_a_statement_is_not_hidden_by_one_of_cleaning_up(
    tmp_path: Path, notes: list[str], error: Exception
) -> None:
    with make_database(tmp_path, notes).new_connection() as connection:
        connection.dialect = LeavingSQLite(error)
        with pytest.raises(StatementError, match="no such table"), connection.sqlalchemy_transaction() as sa_connection:
            sa_connection.exec_driver_sql("SELECT * FROM missing")


def test_cleaning_up_that_fails_by_itself_is_an_error(tmp_path: Path, notes: list[str]) -> None:
    with make_database(tmp_path, notes).new_connection() as connection:
        connection.dialect = LeavingSQLite(sqlite3.OperationalError("it stays open"))
        with pytest.raises(StatementError, match="it stays open"), connection.sqlalchemy_connection():
            pass
