"""SQL Server and Azure SQL, through pyodbc."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from ahjo_tasks.dialects import entra, mssql_lines, odbc
from ahjo_tasks.dialects.base import LOCK_WAIT, ConnectProblem, Dialect, ServerError
from ahjo_tasks.errors import LockedError, StatementError
from ahjo_tasks.project.lexis import MSSQL as LEXIS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.engine import URL, Engine

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.door import Door

PREFIX = re.compile(r"^(?:\[[^\]]*\])+")
ODBC_ERROR = re.compile(r"\((\d+)\) \(SQL\w+\)$")
LOCK = "ahjo deploy"
OWNED = b"ahjo "
LONGEST_CONTEXT = 128
"""Bytes that a session can say of itself."""
LOCK_WAIT_TIMEOUT = "1222"
WAITS = frozenset({"08001", "HYT00", "HYT01", "08S01"})
PAUSED = frozenset({"40613", "40197", "40501", "49918"})
MISSING_DATABASE = frozenset({"4060", "911"})


class MSSQL(Dialect):
    """Batches are cut at GO; all results of a batch are read, for an error may come after the first one."""

    name = "mssql"
    title = "SQL Server"
    default_driver = "mssql+pyodbc"
    install = "pip install 'ahjo-tasks[mssql]'"
    lexis = LEXIS
    batch_style = "go"
    default_schema = "dbo"
    connect_defaults: ClassVar[Mapping[str, Any]] = {"timeout": 15}
    maintenance_database = "master"
    system_databases = frozenset({"master", "model", "msdb", "tempdb"})
    lacks = frozenset({"rule"})
    begin = "BEGIN TRANSACTION"
    commit = "IF @@TRANCOUNT > 0 COMMIT TRANSACTION"
    rollback = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION"
    refuses_transaction = re.compile(
        r"\b(?:(?:CREATE|ALTER|DROP)\s+DATABASE(?!\s+(?:SCOPED|AUDIT))|BACKUP\s+(?:DATABASE|LOG)|RESTORE\s+\w+|RECONFIGURE"
        r"|(?:CREATE|ALTER|DROP)\s+FULLTEXT\s+\w+)\b",
        re.IGNORECASE,
    )
    facts_sql = (
        "SELECT SUSER_SNAME(), HOST_NAME(), DB_NAME(), CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)),"
        " CAST(SERVERPROPERTY('Edition') AS nvarchar(128))"
    )
    foreign_keys_sql = (
        "SELECT SCHEMA_NAME(c.schema_id), c.name, SCHEMA_NAME(p.schema_id), p.name FROM sys.foreign_keys k"
        " JOIN sys.tables c ON c.object_id = k.parent_object_id"
        " JOIN sys.tables p ON p.object_id = k.referenced_object_id"
    )

    def quote(self, *parts: str | None) -> str:
        """Brackets."""
        return ".".join("[" + part.replace("]", "]]") + "]" for part in parts if part)

    def literal(self, text: str) -> str:
        """A Unicode literal."""
        return "N" + super().literal(text)

    def url(self, settings: Settings, username: str | None, password: str | None) -> URL:
        """With a driver that is there, in the form that it wants."""
        url = odbc.adapted(super().url(settings, username, password), settings)
        return entra.with_authentication(url, settings)

    def attend(self, engine: Engine, settings: Settings) -> None:
        """Fetch a token for each connection, where the config logs in by token."""
        entra.attend(engine, settings)

    def locate(self, door: Door, text: str, error: ServerError) -> ServerError:
        """Ask the server for line and procedure."""
        return mssql_lines.located(door, text, error)

    def engine_options(self, settings: Settings) -> dict[str, Any]:
        """One statement, one round trip: text goes to the server as it is."""
        options = super().engine_options(settings)
        if "pyodbc" in self.drivername(settings):
            odbc.no_pooling()
        return options

    def prepare(self, raw: Any) -> None:
        """A failing statement ends its transaction, and row counts do not come as results."""
        self._set(raw, "XACT_ABORT ON", "NOCOUNT OFF", "ANSI_NULLS ON", "QUOTED_IDENTIFIER ON")

    def limit_waits(self, raw: Any, seconds: int) -> None:
        """By default the server would wait for ever."""
        self._set(raw, f"LOCK_TIMEOUT {seconds * 1000}")

    @staticmethod
    def _set(raw: Any, *settings: str) -> None:
        cursor = raw.cursor()
        cursor.execute("; ".join(f"SET {setting}" for setting in settings))
        cursor.close()

    def messages(self, cursor: Any) -> list[str]:
        """What PRINT and low RAISERROR sent with the current result."""
        return [PREFIX.sub("", text) for _state, text in getattr(cursor, "messages", None) or ()]

    def connect_problem(self, error: Exception) -> ConnectProblem:
        """By SQLSTATE and the server's number."""
        state, text = (str(error.args[0]), str(error.args[-1])) if error.args else ("", str(error))
        numbers = set(re.findall(r"\((\d+)\)", text))
        if state == "28000" or "18456" in numbers:
            if numbers & MISSING_DATABASE:
                return _missing_database()
            return ConnectProblem("The server refused the login.", hint="Check the user name and the password.")
        if numbers & MISSING_DATABASE:
            return _missing_database()
        if state in {"IM002", "01000"} or "Can't open lib" in text:
            return ConnectProblem("The ODBC driver was not found.", hint=self.install)
        if "certificate" in text:
            hint = (
                "Trust it with sqla_url_query_map: {TrustServerCertificate: yes}, or install the server's certificate."
            )
            return ConnectProblem("The server's certificate is not trusted.", hint=hint)
        waits = state in WAITS or bool(numbers & PAUSED)
        return ConnectProblem(_clean(text), hint="Is the server running, and is sql_port right?", wait=waits)

    def server_error(self, error: Exception, text: str) -> ServerError:
        """Number and message; ODBC gives no line, so the caller may ask the server for it."""
        said = str(error.args[-1]) if error.args else str(error)
        found = re.search(r"\((\d+)\)", said)
        number = found[1] if found else ""
        return ServerError(_clean(said), number, hint=LOCK_WAIT if number == LOCK_WAIT_TIMEOUT else None)

    def exists(self, door: Door, database: str) -> bool:
        """Whether the server lists the database."""
        return bool(door.query(f"SELECT 1 FROM sys.databases WHERE name = {self.literal(database)}"))

    def drop_database(self, door: Door, database: str) -> None:
        """End the database's sessions, then drop it."""
        name = self.literal(database)
        sessions = (
            f"SELECT session_id FROM sys.dm_exec_sessions WHERE database_id = DB_ID({name}) AND session_id <> @@SPID"
        )
        for (session,) in door.query(sessions):
            door.attempt(f"KILL {session}")
        door.run(f"DROP DATABASE {self.quote(database)}")

    def create_database(self, door: Door, database: str, settings: Settings) -> list[str]:
        """Create the database with its files and collation, then set what can be set later."""
        door.run(f"CREATE DATABASE {self.quote(database)}{self._files(settings)}{self._collation(settings)}")
        return [
            f"{what}: {problem}"
            for what, statement in self._later(database, settings)
            if (problem := door.attempt(statement))
        ]

    def _files(self, settings: Settings) -> str:
        data, log = settings.database_data_path, settings.database_log_path
        if not (data and log):
            return ""
        sizes = (settings.database_init_size, settings.database_max_size, settings.database_file_growth)
        return f" ON PRIMARY {self._file(data, '_dat', *sizes)} LOG ON {self._file(log, '_log', 50, 5000, 500)}"

    def _file(self, path: str, suffix: str, size: int, limit: int, growth: int) -> str:
        stem = re.split(r"[\\/]", path)[-1].rpartition(".")[0] or path
        name, place = self.literal(stem + suffix), self.literal(path)
        return f"(NAME = {name}, FILENAME = {place}, SIZE = {size}MB, MAXSIZE = {limit}MB, FILEGROWTH = {growth}MB)"

    @staticmethod
    def _collation(settings: Settings) -> str:
        return f" COLLATE {settings.database_collation}" if settings.database_collation else ""

    def _later(self, database: str, settings: Settings) -> Iterator[tuple[str, str]]:
        alter = f"ALTER DATABASE {self.quote(database)} SET"
        if settings.database_compatibility_level:
            yield (
                "database_compatibility_level",
                f"{alter} COMPATIBILITY_LEVEL = {settings.database_compatibility_level}",
            )
        yield "recovery model SIMPLE", f"{alter} RECOVERY SIMPLE"

    @contextmanager
    def lock(self, door: Door, name: str, timeout: float) -> Iterator[None]:
        """An application lock of the session; its return code is read, for a timeout is no SQL error."""
        said = (OWNED + name.encode())[:LONGEST_CONTEXT].hex()
        code = door.query(
            "DECLARE @code int; EXEC @code = sp_getapplock @Resource = N'" + LOCK + "', @LockMode = 'Exclusive',"
            f" @LockOwner = 'Session', @LockTimeout = {int(timeout * 1000)};"
            f" IF @code >= 0 SET CONTEXT_INFO 0x{said}; SELECT @code"
        )[0][0]
        if code < 0:
            raise LockedError(f"The database is locked by {_holder(door)}.", hint="Wait until that run ends.")
        try:
            yield
        finally:
            if door.usable:
                door.attempt(
                    f"SET CONTEXT_INFO 0x; EXEC sp_releaseapplock @Resource = N'{LOCK}', @LockOwner = 'Session'"
                )


def _holder(door: Door) -> str:
    """What the holder says of itself, where the login may see other sessions."""
    sessions = "SELECT context_info FROM sys.dm_exec_sessions WHERE database_id = DB_ID() AND session_id <> @@SPID"
    try:
        said = [bytes(row[0] or b"") for row in door.query(sessions)]
    except StatementError:
        said = []
    holder = next((one for one in said if one.startswith(OWNED)), b"")
    return holder.removeprefix(OWNED).rstrip(b"\0").decode(errors="replace") or "another run"


def _missing_database() -> ConnectProblem:
    return ConnectProblem("The database does not exist.", "Create it with: inv init", missing_database=True)


def _clean(text: str) -> str:
    """The server's words without the driver's prefixes and suffixes."""
    first = text.partition("; [")[0]
    return ODBC_ERROR.sub("", PREFIX.sub("", re.sub(r"^\[\w{5}\] ", "", first))).strip() or text
