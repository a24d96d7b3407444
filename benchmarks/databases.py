"""The databases that are deployed to: how each is emptied, looked at, and found by a tool."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from abc import ABC, abstractmethod
from contextlib import closing
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from benchmarks.project import TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.project import Project

EXIT_SECONDS = 10


class Server(Protocol):
    """A private server on this machine."""

    host: str
    port: int
    username: str
    password: str


class BenchmarkError(Exception):
    """A program that failed, or that did not do the work."""


class Database(ABC):
    """One database; `named` gives another one beside it."""

    label: str
    dialect: str
    name: str

    @abstractmethod
    def named(self, name: str) -> Database:
        """Return another database of the same server or folder."""

    def renew(self) -> None:
        """Make it empty, and have nothing left to be written."""
        self.make_empty()
        self.settle()

    @abstractmethod
    def make_empty(self) -> None:
        """Make it empty."""

    def settle(self) -> None:  # noqa: B027 - most hold nothing back
        """Have the server write what it holds back, of all its databases."""

    @abstractmethod
    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return rows."""

    @abstractmethod
    def backend(self) -> dict[str, object]:
        """Return what a config names."""

    @abstractmethod
    def client(self, script: Path) -> list[str]:
        """Return the command with which the database's own client runs a script."""

    @abstractmethod
    def url(self, scheme: str = "") -> str:
        """Return the address, in a scheme in place of the usual one."""

    @abstractmethod
    def objects(self) -> set[str]:
        """Return the names of tables, views and routines."""

    @abstractmethod
    def definition(self, view: str) -> str:
        """Return the text of a view."""

    @property
    def environ(self) -> dict[str, str]:
        """The variables in which clients find it."""
        return {}

    def server_seconds(self) -> float:
        """Return the processor seconds that the server has used so far."""
        return 0.0

    def check(self, project: Project) -> None:
        """Raise BenchmarkError where something of the project is not there."""
        missing = {*project.names("views", "functions", "procedures"), *TABLES} - self.objects()
        if missing:
            raise BenchmarkError(f"{len(missing)} objects are missing, {min(missing)} one of them")
        ((rows,),) = self.query("SELECT " + " + ".join(f"(SELECT count(*) FROM {table})" for table in TABLES))
        if rows != project.rows:
            raise BenchmarkError(f"there are {rows} rows, not {project.rows}")


class SqliteDatabase(Database):
    """A file in a folder of its own."""

    label, dialect = "SQLite", "sqlite"

    def __init__(self, folder: Path, name: str = "bench") -> None:
        self._parent, self.name = folder, name
        self.folder = folder / f"sqlite-{name}"
        self.path = self.folder / "bench.db"

    def named(self, name: str) -> SqliteDatabase:
        """Return another file."""
        return SqliteDatabase(self._parent, name)

    def make_empty(self) -> None:
        """Make a file without anything in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.path.touch()

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return rows."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(statement).fetchall()

    def backend(self) -> dict[str, object]:
        """Return what a config names."""
        return {"sql_dialect": "sqlite", "target_database_name": str(self.path)}

    def client(self, script: Path) -> list[str]:
        """Return the command of sqlite3."""
        return ["/usr/bin/env", "sqlite3", "-bail", str(self.path), f".read {script}"]

    def url(self, scheme: str = "") -> str:
        """Return the address."""
        return f"{scheme or 'sqlite:///'}{self.path}"

    def objects(self) -> set[str]:
        """Return the names of tables and views."""
        return {name for (name,) in self.query("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}

    def definition(self, view: str) -> str:
        """Return the text of a view."""
        return str(self.query(f"SELECT sql FROM sqlite_master WHERE name = '{view}'")[0][0])


class ServerDatabase(Database):
    """A database of a server; `port` is where tools connect, which may be a proxy before it."""

    scheme: str

    def __init__(self, server: Server, name: str = "bench") -> None:
        self.server, self.name, self.port = server, name, server.port

    def named(self, name: str) -> ServerDatabase:
        """Return another database of the server."""
        other = copy(self)
        other.name = name
        return other

    def behind(self, port: int) -> ServerDatabase:
        """Return the database as tools see it through a proxy."""
        other = copy(self)
        other.port = port
        return other

    def backend(self) -> dict[str, object]:
        """Return what a config names."""
        return {
            "sql_dialect": self.dialect,
            "target_server_hostname": self.server.host,
            "sql_port": self.port,
            "target_database_name": self.name,
            "username": self.server.username,
            "password": self.server.password,
        }

    def url(self, scheme: str = "") -> str:
        """Return the address."""
        login = f"{self.server.username}:{self.server.password}@{self.server.host}:{self.port}"
        return f"{scheme or self.scheme}://{login}/{self.name}"


class PostgresqlDatabase(ServerDatabase):
    """A database of a PostgreSQL server."""

    label, dialect, scheme = "PostgreSQL", "postgresql", "postgresql"

    def _connect(self, name: str) -> Any:
        import psycopg

        at = self.server
        return psycopg.connect(
            host=at.host, port=at.port, user=at.username, password=at.password, dbname=name, autocommit=True
        )

    def make_empty(self) -> None:
        """Create it anew."""
        with self._connect("postgres") as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
            admin.execute(f'CREATE DATABASE "{self.name}"')

    def settle(self) -> None:
        """Have the server write what it holds back."""
        with self._connect("postgres") as admin:
            admin.execute("CHECKPOINT")

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return rows."""
        with self._connect(self.name) as connection:
            rows: list[tuple[Any, ...]] = connection.execute(statement).fetchall()
        return rows

    def client(self, script: Path) -> list[str]:
        """Return the command of psql."""
        return [str(psql_program()), "-X", "-q", "-o", os.devnull, "-v", "ON_ERROR_STOP=1", "-f", str(script)]

    @property
    def environ(self) -> dict[str, str]:
        """What libpq reads."""
        server = self.server
        address = {"PGHOST": server.host, "PGPORT": str(self.port), "PGDATABASE": self.name}
        return {**address, "PGUSER": server.username, "PGPASSWORD": server.password}

    def objects(self) -> set[str]:
        """Return the names of tables, views and routines."""
        rows = self.query(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace"
            " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        )
        return {name for (name,) in rows}

    def definition(self, view: str) -> str:
        """Return the text of a view."""
        return str(self.query(f"SELECT definition FROM pg_views WHERE viewname = '{view}'")[0][0])

    def server_seconds(self) -> float:
        """Return what the server used, when it has reaped the backends: only then does it know what they used."""
        with self._connect("postgres") as admin:
            _wait_for_backends(admin, self.name)
            postmaster = stat(admin.info.backend_pid)[1]
            ended = stat(postmaster)
            children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="ascii").split()
            ticks = sum(ended[11:15]) + sum(sum(stat(int(child))[11:13]) for child in children)
        return ticks / os.sysconf("SC_CLK_TCK")


class MariadbDatabase(ServerDatabase):
    """A database of a MariaDB server."""

    label, dialect, scheme = "MariaDB", "mysql", "mysql"

    def _connect(self, name: str | None) -> Any:
        import pymysql

        at = self.server
        connection = pymysql.connect(
            host=at.host, port=at.port, user=at.username, password=at.password, database=name, autocommit=True
        )
        return closing(connection)

    def make_empty(self) -> None:
        """Create it anew."""
        with self._connect(None) as admin, admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{self.name}`")
            cursor.execute(f"CREATE DATABASE `{self.name}`")

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Return rows."""
        with self._connect(self.name) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def client(self, script: Path) -> list[str]:
        """Return the command of the program mariadb."""
        server = self.server
        login = [f"-u{server.username}", f"-p{server.password}", f"-h{server.host}", f"-P{self.port}"]
        return ["/usr/bin/env", "mariadb", "--no-defaults", *login, self.name, "-e", f"source {script}"]

    def objects(self) -> set[str]:
        """Return the names of tables, views and routines."""
        rows = self.query(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
            " UNION ALL SELECT routine_name FROM information_schema.routines WHERE routine_schema = database()"
        )
        return {name for (name,) in rows}

    def definition(self, view: str) -> str:
        """Return the text of a view."""
        where = f"table_schema = database() AND table_name = '{view}'"
        return str(self.query(f"SELECT view_definition FROM information_schema.views WHERE {where}")[0][0])

    def server_seconds(self) -> float:
        """Return what the server used."""
        ((path,),) = self.query("SELECT @@pid_file")
        numbers = stat(int(Path(path).read_text(encoding="ascii")))
        return sum(numbers[11:13]) / os.sysconf("SC_CLK_TCK")


def psql_program() -> Path:
    """Return the psql program itself, not the Perl wrapper that Debian puts on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"), key=lambda path: int(path.parts[-3]))
    program = found[-1] if found else shutil.which("psql")
    if program is None:
        raise FileNotFoundError("psql is not installed")
    return Path(program)


def stat(pid: int) -> Sequence[int]:
    """Return the numbers of /proc/PID/stat from the state on, proc(5)'s third field; the state itself as 0."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return [0] * 50
    return [0, *(int(number) for number in text.rpartition(")")[2].split()[1:])]


def _wait_for_backends(admin: Any, name: str) -> None:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
    deadline = time.monotonic() + EXIT_SECONDS
    while time.monotonic() < deadline:
        if admin.execute(query, (name,)).fetchone() == (0,):
            time.sleep(0.05)
            return
        time.sleep(0.01)
    raise BenchmarkError("the program ended and its connection did not")
