from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest
import servers
from servers import MariaDBServer, PostgresServer, Server, ServerError, ServerMissingError, missing_packages

KINDS = [PostgresServer, MariaDBServer]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.label)
def kind(request: pytest.FixtureRequest) -> type[Server]:
    if request.param.find() is None:
        pytest.skip(f"{request.param.label} is not installed")
    return request.param


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
    with pytest.raises(pymysql.OperationalError) as refused:
        pymysql.connect(**login, password="wrong")
    assert refused.value.args[0] == pymysql.constants.ER.ACCESS_DENIED_ERROR


def test_a_server_stops_without_a_trace_and_starts_again(kind: type[Server]) -> None:
    with kind() as server:
        directory = server.directory
        assert server.host == "127.0.0.1"
        assert listening(server)
        server.stop()
        assert not listening(server)
        assert not directory.exists()
        assert server.pid is None
        server.start()
        assert listening(server)
    assert not listening(server)


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


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_first_program", lambda *_, **__: None)
    monkeypatch.setattr(servers, "_has_library", lambda _name: False)
    monkeypatch.setenv("PATH", "")
    assert missing_packages() == list(servers.DEBIAN_PACKAGES)
    with pytest.raises(ServerMissingError, match="PostgreSQL is not installed"):
        PostgresServer().start()
