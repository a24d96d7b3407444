from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pymysql
import pytest
import servers
from servers import MariaDBServer, PostgresServer, Server, ServerError, ServerMissingError, missing_packages
from sqlalchemy import make_url
from targets import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = [PostgresServer, MariaDBServer]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.label)
def kind(request: pytest.FixtureRequest) -> type[Server]:
    if request.param.find() is None:
        pytest.skip(f"{request.param.label} is not installed")
    return request.param


@pytest.fixture
def server(kind: type[Server]) -> Iterator[Server]:
    with kind() as started:
        yield started


def listening(server: Server) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((server.host, server.port)) == 0


def wait_until_gone(path: Path, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not path.exists()


def test_postgresql_serves_its_superuser_and_no_one_without_the_password(postgres_server: PostgresServer) -> None:
    login: dict[str, Any] = {
        "host": postgres_server.host,
        "port": postgres_server.port,
        "user": postgres_server.username,
    }
    with psycopg.connect(**login, password=postgres_server.password, dbname="postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE one")
        assert connection.execute("SELECT count(*) FROM pg_database WHERE datname = 'one'").fetchone() == (1,)
        connection.execute("DROP DATABASE one")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**login, password="wrong", dbname="postgres")


def test_mariadb_serves_its_superuser_and_no_one_without_the_password(mariadb_server: MariaDBServer) -> None:
    login: dict[str, Any] = {"host": mariadb_server.host, "port": mariadb_server.port, "user": mariadb_server.username}
    with pymysql.connect(**login, password=mariadb_server.password) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE one")
        assert cursor.execute("SHOW DATABASES LIKE 'one'") == 1
        cursor.execute("DROP DATABASE one")
    with pytest.raises(pymysql.OperationalError, match="Access denied"):
        pymysql.connect(**login, password="wrong")


def test_a_server_listens_on_loopback_only(server: Server) -> None:
    assert server.host == "127.0.0.1"
    assert listening(server)


def test_nothing_is_left_of_a_stopped_server(kind: type[Server]) -> None:
    with kind() as server:
        directory = server.directory
        assert server.data.is_dir()
    assert not directory.exists()
    assert not listening(server)
    assert server.pid is None
    server.stop()


def test_a_stopped_server_starts_again(server: Server) -> None:
    server.stop()
    server.start()
    assert listening(server)


def test_a_server_dies_with_the_process_that_started_it(kind: type[Server]) -> None:
    program = f"""
import sys, time
sys.path.insert(0, {str(Path(servers.__file__).parent)!r})
from servers import {kind.__name__}
server = {kind.__name__}()
server.start()
print(server.directory, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        directory = Path(owner.stdout.readline().strip())
        assert (directory / "data").is_dir()
        owner.send_signal(signal.SIGKILL)
    assert wait_until_gone(directory)


def test_a_port_that_another_program_took_is_given_up(kind: type[Server], monkeypatch: pytest.MonkeyPatch) -> None:
    free = servers._free_port()
    with socket.socket() as other:
        other.bind((servers.LOOPBACK, 0))
        other.listen()
        ports = iter([other.getsockname()[1], free])
        monkeypatch.setattr(servers, "_free_port", lambda: next(ports))
        with kind() as server:
            assert server.port == free


def test_a_server_that_cannot_start_says_why_and_leaves_nothing(
    kind: type[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = kind()
    monkeypatch.setattr(server, "_command", lambda: ["/bin/sh", "-c", "echo no room today; exit 1"])
    with pytest.raises(ServerError, match="no room today"):
        server.start()
    with pytest.raises(ServerError, match="not running"):
        server.directory  # noqa: B018 - the access is the test


def test_a_missing_server_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_first_program", lambda *_, **__: None)
    assert missing_packages() == ["postgresql", "mariadb-server-core", "mariadb-client-core"]
    with pytest.raises(ServerMissingError, match="PostgreSQL is not installed"):
        PostgresServer().start()


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mysql"], indirect=True)
def test_a_target_drops_its_databases_even_with_a_session_open(target: Target) -> None:
    database = target.create_database()
    target.query("CREATE TABLE one (id INTEGER)", database)
    target.query("INSERT INTO one VALUES (1)", database)
    assert target.query("SELECT id FROM one", database) == [(1,)]
    if target.url is None:
        target.drop_all()
        assert not Path(database).exists()
        return
    with target.connect(database):
        target.drop_all()
    names = target.query("SELECT schema_name FROM information_schema.schemata UNION SELECT current_user")
    assert (database,) not in names
    with pytest.raises(Exception, match=database):
        target.query("SELECT 1", database)


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mysql"], indirect=True)
def test_a_target_gives_each_project_a_database_of_its_own(target: Target) -> None:
    first, second = target.backend(), target.backend(skipped_actions=["data"])
    assert first["target_database_name"] != second["target_database_name"]
    assert first["allowed_actions"] == "ALL"
    assert second["skipped_actions"] == ["data"]


def test_a_sql_server_url_becomes_a_config(tmp_path: Path) -> None:
    url = make_url("mssql+pyodbc://sa:p%40ss@db.example:1444/?driver=ODBC+Driver+18+for+SQL+Server&Encrypt=no")
    backend = Target("mssql", url, tmp_path).backend()
    assert backend == {
        "allowed_actions": "ALL",
        "target_database_name": backend["target_database_name"],
        "sql_dialect": "mssql+pyodbc",
        "sql_driver": "ODBC Driver 18 for SQL Server",
        "sqla_url_query_map": {"Encrypt": "no"},
        "target_server_hostname": "db.example",
        "sql_port": 1444,
        "username": "sa",
        "password": "p@ss",
    }
