from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fakes import Listener, settings

from ahjo_tasks.database import database as module
from ahjo_tasks.database.database import Database
from ahjo_tasks.database.dialects.base import ConnectFailure
from ahjo_tasks.database.dialects.sqlite import SQLite
from ahjo_tasks.errors import ConfigError, ConnectionFailedError, LockedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import URL


class Moody(SQLite):
    """Says each of its `moods` in turn in place of connecting."""

    def __init__(self, *moods: ConnectFailure | None) -> None:
        self.moods = list(moods)

    def precheck_connect(self, url: URL) -> ConnectFailure | None:
        return self.moods.pop(0) if self.moods else None


class Nobody:
    """No login, and a note of when it was right."""

    kept = 0

    def login(self) -> tuple[None, None]:
        return None, None

    def password_for_new_login(self, _environ: object) -> None:
        return None

    def keep(self) -> None:
        self.kept += 1


AWAY = ConnectFailure("Nobody answers.", wait=True)
REFUSED = ConnectFailure("The server refused the login.")


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, without waiting."""
    times: list[float] = []
    monkeypatch.setattr(module.time, "sleep", times.append)
    return times


@pytest.fixture
def said() -> list[str]:
    return []


def opened(directory: Path, said: list[str], *moods: ConnectFailure | None, **values: Any) -> Database:
    config = settings(sql_dialect="sqlite", target_database_name="x.db", **values)
    SQLite().create_database(None, str(directory / "x.db"), config)  # type: ignore[arg-type]
    return Database(config, Moody(*moods), Nobody(), directory, Listener(said))


def test_waiting_ends_when_the_server_answers(tmp_path: Path, slept: list[float], said: list[str]) -> None:
    session = opened(tmp_path, said, AWAY, AWAY, connect_retry_count=5, connect_retry_interval=7)
    assert session.connection.query("SELECT 1") == [(1,)]
    assert slept == [7, 7]
    assert [line[-6:] for line in said] == ["(1/5).", "(2/5)."]
    assert isinstance(session.credentials, Nobody)
    assert session.credentials.kept == 1
    session.close(keep=True)


def test_waiting_ends_after_as_many_tries_as_the_config_says(
    tmp_path: Path, slept: list[float], said: list[str]
) -> None:
    session = opened(tmp_path, said, *[AWAY] * 9, connect_retry_count=3, connect_retry_interval=1)
    with pytest.raises(ConnectionFailedError, match="Nobody answers"):
        session.connection.query("SELECT 1")
    assert slept == [1, 1]
    assert isinstance(session.credentials, Nobody)
    assert session.credentials.kept == 0


@pytest.mark.parametrize(
    ("mood", "values"),
    [(REFUSED, {}), (AWAY, {"connect_resiliently": False}), (AWAY, {"connect_retry_count": 0})],
    ids=["refused", "not resilient", "no tries"],
)
def test_what_waiting_does_not_help_stops_at_once(
    tmp_path: Path, slept: list[float], said: list[str], mood: ConnectFailure, values: dict[str, Any]
) -> None:
    with pytest.raises(ConnectionFailedError):
        opened(tmp_path, said, *[mood] * 9, **values).connection.query("SELECT 1")
    assert slept == []
    assert said == []


def test_the_lock_is_held_once_by_those_inside_each_other(tmp_path: Path, said: list[str]) -> None:
    session, other = (opened(tmp_path, said, lock_timeout=0) for _ in range(2))
    with session.locked_connection(), session.locked_connection():
        pass
    with session.locked_connection(), pytest.raises(LockedError, match="pid"), other.locked_connection():
        pass
    with other.locked_connection():
        pass
    session.close(keep=True)
    other.close(keep=True)


def test_a_shared_transaction_keeps_the_lock_to_its_end(tmp_path: Path, said: list[str]) -> None:
    session, other = (opened(tmp_path, said, lock_timeout=0, context_connectable_type="connection") for _ in range(2))
    with session.locked_connection():
        pass
    with pytest.raises(LockedError), other.locked_connection():
        pass
    session.close(keep=True)
    with other.locked_connection():
        pass
    other.close(keep=True)


@pytest.fixture
def unlocked(tmp_path: Path, said: list[str]) -> Iterator[Database]:
    session = opened(tmp_path, said)
    yield session
    session.close(keep=True)


def test_work_that_fails_frees_the_lock(unlocked: Database, tmp_path: Path, said: list[str]) -> None:
    with pytest.raises(ZeroDivisionError), unlocked.locked_connection():
        raise ZeroDivisionError
    other = opened(tmp_path, said, lock_timeout=0)
    with other.locked_connection():
        pass
    other.close(keep=True)


def test_a_driver_that_is_not_installed_is_named_with_the_way_to_get_it(tmp_path: Path, said: list[str]) -> None:
    config = settings(sql_dialect="sqlite+aiosqlite", target_database_name="x.db")
    session = Database(config, SQLite(), Nobody(), tmp_path, Listener(said))
    with pytest.raises(ConfigError, match=r"aiosqlite"):
        _ = session.engine


def test_engine_options_of_the_config_reach_the_engine(tmp_path: Path, said: list[str]) -> None:
    session = opened(tmp_path, said, sqlalchemy={"echo": True, "connect_args": {"cached_statements": 7}})
    assert session.engine.echo
    broken = opened(tmp_path, said, sqlalchemy={"no_such_option": 1})
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
def test_rows_of_one_result_do_not_run_into_the_next(tmp_path: Path, said: list[str], count: int) -> None:
    session = opened(tmp_path, said)
    cursor = RestlessCursor([(1,)] * count, [(2,)] * 3, [])
    chunks = list(session.connection._fetch_chunks(cursor, "", 2))
    assert [row for chunk in chunks for row in chunk] == [(1,)] * count
    session.close(keep=True)
