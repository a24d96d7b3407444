"""A database server as a project sees it, and a way to look at what was deployed there."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import URL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NAMES = ("sqlite", "postgresql", "mysql", "mssql")
PAUSES = (0.2, 0.5, 1, 2, 4)
"""Seconds between looks at whether the sessions of a database have ended."""
CONCURRENT = "tuple concurrently"
"""What a server that merely speaks SQL Server's protocol says where databases are created at the same time."""


@dataclass(frozen=True)
class Target:
    """Where a project under test is deployed.

    `name` is one of NAMES. `url` is the server's URL, as a user who may create databases; None for SQLite, whose
    databases are files in `directory`. `drop_all` drops every database that got its name here.
    """

    name: str
    url: URL | None
    directory: Path
    _databases: list[str] = field(default_factory=list, repr=False)

    def backend(self, **extra: object) -> dict[str, Any]:
        """The BACKEND of a dev config for a database that does not exist yet; `extra` is laid over it."""
        found: dict[str, Any] = {"allowed_actions": "ALL", "target_database_name": self.new_database_name()}
        if self.url is None:
            return {**found, "sql_dialect": "sqlite", **extra}
        query = dict(self.url.query)
        given = {
            "sql_dialect": self.url.drivername,
            "sql_driver": query.pop("driver", None),
            "sqla_url_query_map": query or None,
            "target_server_hostname": self.url.host,
            "sql_port": self.url.port,
            "username": self.url.username,
            "password": self.url.password,
        }
        return {**found, **{key: value for key, value in given.items() if value is not None}, **extra}

    def new_database_name(self) -> str:
        """A name that nobody has used; for SQLite the path of its file."""
        name = f"ahjo_{uuid4().hex[:12]}"
        database = str(self.directory / f"{name}.db") if self.url is None else name
        self._databases.append(database)
        return database

    def remember(self, database: str) -> None:
        """Have `drop_all` drop a database of another name, too."""
        self._databases.append(database)

    def database_url(self, database: str) -> URL:
        """The SQLAlchemy URL of one database."""
        if self.url is None:
            return URL.create("sqlite", database=database)
        return self.url.set(database=database)

    @contextmanager
    def connect(self, database: str | None = None) -> Iterator[Any]:
        """A plain DBAPI connection that commits each statement; without a database, to the server's own.

        It goes past the code under test, and past the questions that SQLAlchemy asks a server first.
        """
        url = self.database_url(_SERVER_DATABASE[self.name] if database is None else database)
        dialect = url.get_dialect()()
        driver: Any = dialect.import_dbapi()
        if getattr(driver, "pooling", False) is True:
            driver.pooling = False  # a pooled connection keeps its database from being dropped
        arguments, options = dialect.create_connect_args(url)
        committing = {"isolation_level": None} if self.name == "sqlite" else {"autocommit": True}
        connection = driver.connect(*arguments, **{**options, **committing})
        try:
            yield connection
        finally:
            connection.close()

    def query(self, sql: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """The rows of one statement; [] when it gives none."""
        with self.connect(database) as connection:
            cursor = connection.cursor()
            cursor.execute(sql)
            rows = cursor.fetchall() if cursor.description else []
            cursor.close()
            return [tuple(row) for row in rows]

    def create_database(self) -> str:
        """Create an empty database and return its name."""
        database = self.new_database_name()
        if self.url is None:
            self.query("VACUUM", database)  # writes the file
        else:
            self.query_alone(f"CREATE DATABASE {database}")
        return database

    def query_alone(self, sql: str) -> None:
        """Run a statement that some servers refuse while another session runs such a one."""
        for pause in PAUSES:
            try:
                self.query(sql)
            except Exception as error:  # each driver has errors of its own
                if CONCURRENT not in str(error):
                    raise
                time.sleep(pause)
            else:
                return
        self.query(sql)

    def drop_all(self) -> None:
        """Drop every database that was named here, whoever is still connected."""
        while self._databases:
            _DROP[self.name](self, self._databases.pop())


def _drop_sqlite(_: Target, database: str) -> None:
    path = Path(database)
    for leftover in path.parent.glob(f"{path.name}*"):
        leftover.unlink()


def _drop_postgresql(target: Target, database: str) -> None:
    name = database.replace('"', '""')
    target.query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _drop_mysql(target: Target, database: str) -> None:
    literal = database.replace("\\", "\\\\").replace("'", "''")
    name = database.replace("`", "``")
    for (session,) in target.query(f"SELECT id FROM information_schema.processlist WHERE db = '{literal}'"):
        _attempt(target, f"KILL {session}")
    target.query(f"DROP DATABASE IF EXISTS `{name}`")


def _drop_mssql(target: Target, database: str) -> None:
    # A server that merely speaks SQL Server's protocol may refuse the first way to end the sessions, so try both.
    _attempt(target, f"ALTER DATABASE [{database}] SET SINGLE_USER WITH ROLLBACK IMMEDIATE")
    for (session,) in _attempt(target, f"SELECT spid FROM sys.sysprocesses WHERE dbid = DB_ID('{database}')"):
        _attempt(target, f"KILL {session}")
    for pause in PAUSES:  # a session that was ended, or whose process was, may take a moment to leave
        if not _attempt(target, f"SELECT spid FROM sys.sysprocesses WHERE dbid = DB_ID('{database}')"):
            break
        time.sleep(pause)
    target.query_alone(f"DROP DATABASE IF EXISTS [{database}]")


def _attempt(target: Target, sql: str) -> list[tuple[Any, ...]]:
    with suppress(Exception):  # each driver has errors of its own, and the statement that follows tells
        return target.query(sql)
    return []


_SERVER_DATABASE = {"sqlite": ":memory:", "postgresql": "postgres", "mysql": "", "mssql": "master"}
_DROP: dict[str, Callable[[Target, str], None]] = {
    "sqlite": _drop_sqlite,
    "postgresql": _drop_postgresql,
    "mysql": _drop_mysql,
    "mssql": _drop_mssql,
}
