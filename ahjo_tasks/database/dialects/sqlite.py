"""SQLite: one file, no server."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.database.dialects import create_database, error_positions
from ahjo_tasks.database.dialects.base import DEPLOY, LOCK_WAIT, ConnectFailure, Dialect, ProjectTemplate
from ahjo_tasks.database.drivers import Driver, DriverState
from ahjo_tasks.database.file_lock import FileLock
from ahjo_tasks.errors import LockedError, NotPermittedError, ServerError, UsageError
from ahjo_tasks.sql.lexer import SQLITE
from ahjo_tasks.sql.splitters.sqlite import SPLITTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import URL, Engine

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import OpenConnection

POLL = 0.2
NEAR = re.compile(r'near "(.*)": syntax error', re.DOTALL)
NAMED = (
    re.compile(r"^no such [a-z ]+: (.+)$"),
    re.compile(r"^ambiguous column name: (.+)$"),
    re.compile(r" has no column named (.+)$"),
    re.compile(r"^(?:table|view|index|trigger) (.+) already exists$"),
    re.compile(r"there is already an? [a-z]+ named (.+)$"),
    re.compile(r"function (.+)\(\)$"),
)
"""Messages of one name."""
ORPHANS = 'SELECT "table", rowid, parent, fkid FROM pragma_foreign_key_check'
MEMORY = ":memory:"
NOT_OURS = "Is target_database_name right?"
MAGIC = b"SQLite format 3\0"
"""What every database file but an empty one begins with (sqlite.org/fileformat.html)."""


class SQLite(Dialect):
    """`target_database_name` is the path of the file, relative to the project's folder."""

    name = "sqlite"
    title = "SQLite"
    default_driver = "sqlite"
    drivers = (Driver("pysqlite", "sqlite3", "SQLite", ""),)
    syntax = SQLITE
    splitter = SPLITTER
    batch_is_statement = True
    needs_login = False
    file_based = True
    writer = "ahjo_tasks.data.writers:SQLiteWriter"
    project_template = ProjectTemplate("sqlite", "ahjo-tasks")
    render_as_batch = True
    single_writer = True
    unsupported_kinds = Dialect.unsupported_kinds | {
        "schema",
        "sequence",
        "type",
        "function",
        "procedure",
        "synonym",
        "rule",
        "permission",
    }
    late_binding = frozenset({"table", "view", "trigger"})
    begin = "BEGIN IMMEDIATE"
    facts_sql = "SELECT NULL, NULL, file, sqlite_version(), NULL FROM pragma_database_list WHERE name = 'main'"
    foreign_keys_sql = (
        'SELECT NULL, m.name, NULL, f."table" FROM sqlite_master m, pragma_foreign_key_list(m.name) f'
        " WHERE m.type = 'table'"
    )

    def check_driver(self, driver: Driver) -> DriverState:
        """The version is that of SQLite's library; the driver is part of Python."""
        return super().check_driver(driver)._replace(version=sqlite3.sqlite_version)

    def display_target(self, settings: Settings) -> str:
        """The file."""
        return f"sqlite {self.database_name(settings)}"

    def url(self, settings: Settings, username: str | None, password: str | None) -> URL:
        """A file has no server and no login, whatever the config says of them."""
        url = super().url(settings, None, None)
        return url if settings.sqlalchemy_url else url._replace(host=None, port=None)

    def resolve_url(self, url: URL, directory: Path) -> URL:
        """A relative path is one in the project's folder."""
        if not url.database or url.database == MEMORY:
            return url
        return url.set(database=str(directory / url.database))

    def server_url(self, url: URL) -> URL:
        """There is no server; `:memory:` serves to ask."""
        return url.set(database=MEMORY)

    def register_events(self, engine: Engine, settings: Settings) -> None:
        """The driver leaves BEGIN to us, also where SQLAlchemy begins."""
        from sqlalchemy import event

        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))

    def address(self, url: URL) -> str:
        """The file."""
        return str(url.database or "")

    def precheck_connect(self, url: URL) -> ConnectFailure | None:
        """Connecting would create the file: that is left to `init`."""
        if not url.database or url.database == MEMORY:
            return None
        file = Path(url.database)
        if not file.exists():
            return ConnectFailure(
                "The database file does not exist.", "Create it with: inv init", missing_database=True
            )
        return None if _is_database(file) else ConnectFailure("This is no SQLite database.", NOT_OURS)

    def on_connect(self, raw: Any) -> None:
        """Let us begin and end transactions ourselves, and have foreign keys checked."""
        raw.isolation_level = None
        raw.execute("PRAGMA foreign_keys = ON")

    def set_lock_timeout(self, raw: Any, seconds: int) -> None:
        """The wait for another process that writes."""
        raw.execute(f"PRAGMA busy_timeout = {max(seconds, 1) * 1000}")

    def set_autocommit(self, raw: Any, on: bool) -> None:
        """Nothing to switch: transactions begin by BEGIN alone."""

    def interrupt(self, cursor: Any) -> None:
        """SQLite works in this process, and does not look up before a statement is done."""
        cursor.connection.interrupt()

    def drain(self, cursor: Any) -> None:
        """A query runs only as its rows are asked for."""
        for _row in cursor:
            pass

    def next_result(self, cursor: Any) -> bool:
        """A statement of SQLite has one result."""
        return False

    def classify_connect_error(self, error: Exception) -> ConnectFailure:
        """SQLite says little; the folder is the usual reason."""
        return ConnectFailure(
            f"{error}", hint="Does the folder of target_database_name exist, and may you write to it?"
        )

    def server_error(self, error: Exception, text: str) -> ServerError:
        """The message; SQLite gives no position but the word it stumbled over."""
        message = str(error)
        number = getattr(error, "sqlite_errorname", "").replace("SQLITE_ERROR", "")
        line, column = _place(message, text)
        return ServerError(message, number, line, column, hint=LOCK_WAIT if number == "SQLITE_BUSY" else None)

    def exists(self, connection: OpenConnection, database: str) -> bool:
        """Whether the file is there. Raises NotPermittedError for another file, which `init` would delete."""
        file = Path(database)
        if file.exists() and not _is_database(file):
            raise NotPermittedError(f"{database} is no SQLite database: it is not replaced.", hint=NOT_OURS)
        return file.exists()

    def drop_database(self, connection: OpenConnection, database: str) -> None:
        """Delete the file and its journals."""
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(database + suffix).unlink(missing_ok=True)

    def create_database(self, connection: OpenConnection, database: str, settings: Settings) -> list[str]:
        """Create an empty file, which is an empty database."""
        Path(database).parent.mkdir(parents=True, exist_ok=True)
        raw = sqlite3.connect(database)
        raw.execute("VACUUM")
        raw.close()
        return create_database.unknown(settings, (), self.title)

    @contextmanager
    def around_migrations(self, connection: OpenConnection) -> Iterator[Callable[[], str]]:
        """Foreign keys are off meanwhile, and checked at the end of each migration.

        A table that is rebuilt is dropped on the way, which would take the rows of its children along.
        """
        self._switch_foreign_keys(connection, "OFF")
        known = set(connection.query(ORPHANS))

        def check() -> str:
            found = sorted({str(row[0]) for row in set(connection.query(ORPHANS)) - known})
            return f"it leaves rows without their parents in: {', '.join(found)}" if found else ""

        try:
            yield check
        finally:
            if not connection.in_shared_transaction:
                connection.try_execute("PRAGMA foreign_keys = ON")

    @staticmethod
    def _switch_foreign_keys(connection: OpenConnection, to: str) -> None:
        """In a transaction the switch has no effect, so a shared one is begun anew, if nothing was done in it yet."""
        if not connection.in_shared_transaction:
            connection.execute(f"PRAGMA foreign_keys = {to}")
            return
        if connection.changed:
            raise UsageError(
                "SQLite cannot switch foreign keys off for migrations amid a transaction.",
                hint="Run the migrations first, or with context_connectable_type: engine.",
            )
        for statement in ("COMMIT", f"PRAGMA foreign_keys = {to}", "BEGIN"):
            connection.execute(statement)

    @contextmanager
    def lock(self, connection: OpenConnection, name: str, timeout: float, of: str = DEPLOY) -> Iterator[None]:
        """A lock file beside the database, which the operating system frees when its holder ends."""
        if connection.database_name == MEMORY:  # nobody else sees it
            yield
            return
        lock = FileLock(Path(f"{connection.database_name}{'' if of == DEPLOY else f'.{of}'}.lock"))
        deadline = time.monotonic() + timeout
        while not lock.acquire(name):
            if time.monotonic() >= deadline:
                raise LockedError(
                    f"{connection.database_name} is locked by {lock.owner()}.", hint="Wait until that run ends."
                )
            time.sleep(POLL)
        try:
            yield
        finally:
            lock.release()


def _is_database(file: Path) -> bool:
    """Whether SQLite made the file; an empty one is an empty database. What cannot be read is SQLite's to explain."""
    if file.is_dir():
        return False
    try:
        with file.open("rb") as stream:
            return stream.read(len(MAGIC)) in (b"", MAGIC)
    except OSError:
        return True


def _place(message: str, text: str) -> error_positions.Place:
    """Line and column of the word in `near "word": syntax error`, or of the name that the message is about."""
    if message == "incomplete input":
        return error_positions.of_offset(text, len(text))
    near = NEAR.search(message)
    if near is None:
        return error_positions.of_message(text, message, NAMED, SQLITE)
    named = error_positions.of_name(text, near[1], SQLITE)
    return named if named != error_positions.NOWHERE else error_positions.of_text(text, near[1])
