"""SQLite: one file, no server."""

from __future__ import annotations

import math
import re
import sqlite3
import time
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ahjo_tasks.database.dialects import sqlite_session
from ahjo_tasks.database.dialects.attributes import CatalogQuery, ProjectTemplate, ScriptClient
from ahjo_tasks.database.dialects.base import (
    DEPLOY,
    EXISTS,
    LOCK_WAIT,
    READ_ONLY,
    Attachment,
    ConnectFailure,
    Dependent,
    Dialect,
    Holder,
    Identity,
)
from ahjo_tasks.database.drivers import Driver, DriverState
from ahjo_tasks.errors import LockedError, NotPermittedError, ServerError, StatementError, UsageError
from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.sql.lexer import SQLITE
from ahjo_tasks.sql.source import ascii_upper
from ahjo_tasks.sql.splitters.sqlite import SPLITTER as SQLITE_SPLITTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy.engine import URL, Engine
    from sqlalchemy.engine import Connection as SAConnection
    from sqlalchemy.types import TypeEngine

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import OpenConnection, Restore, TransactionState
    from ahjo_tasks.database.dialects.error_positions import Position
    from ahjo_tasks.sql.definitions import Definition

SPLITTER = replace(SQLITE_SPLITTER, check=sqlite_session.check)
POLL_SECONDS = 0.2
SYNTAX_ERROR = r'(?s)near "(.*)": syntax error'
NAMED = (
    r"^no such [a-z ]+: (.+)$",
    r"^ambiguous column name: (.+)$",
    r" has no column named (.+)$",
    r"^(?:table|view|index|trigger) (.+) already exists$",
    r"there is already an? [a-z]+ named (.+)$",
    r"function (.+)\(\)$",
)
"""Error messages with the name that they are about."""
MISSING = r"^no such (?:table|view|index|trigger): (.+)$"
BROKEN = r"^error in (view|trigger) (.+?)(?: after [a-z]+(?: column)?)?: "
"""Error of an ALTER TABLE after which a view or trigger could not be read."""
ORPHANS = 'SELECT "table", rowid, parent, fkid FROM pragma_foreign_key_check'
MEMORY = ":memory:"
CHECK_NAME = "Is target_database_name right?"
MAGIC = b"SQLite format 3\0"
"""First bytes of every database file but an empty one (sqlite.org/fileformat.html)."""


HINTS = {"SQLITE_BUSY": LOCK_WAIT, "SQLITE_READONLY": READ_ONLY}
VIEW_TRIGGERS = (
    "SELECT name, tbl_name, sql FROM main.sqlite_master WHERE type = 'trigger' AND lower(tbl_name) IN ({views})"
)
MISSING_TRIGGER = (
    "SELECT (SELECT COUNT(*) FROM main.sqlite_master WHERE type = 'view' AND name = {view} COLLATE NOCASE)"
    " > (SELECT COUNT(*) FROM main.sqlite_master WHERE type = 'trigger' AND name = {trigger} COLLATE NOCASE)"
)


class SQLite(Dialect):
    """`target_database_name` is the path of the file, relative to the project's folder."""

    name = "sqlite"
    script_client = ScriptClient(
        "sqlite3 DATABASE < FILE",
        ".bail on",
        begin="BEGIN",
        commit="COMMIT",
        digest="'text:' || {}",
        misread=r"(?im:^[ \t]*(?=(?:/|go)[ \t]*(?:--|/\*|$)))",
        apart="/**/",
    )
    title = "SQLite"
    default_driver = "sqlite"
    drivers = (Driver("pysqlite", "sqlite3", "SQLite", ""),)
    driver_arguments: ClassVar[Mapping[str, str]] = {"database": "database"}
    maintenance_database = MEMORY
    syntax = SQLITE
    splitter = SPLITTER
    batch_is_statement = True
    missing_objects: ClassVar[Mapping[str, str]] = {"": MISSING}
    needs_login = False
    file_based = True
    writer = "ahjo_tasks.data.writers:SQLiteWriter"
    script_reader = "ahjo_tasks.database.scripts.sqlite:SQLiteScripts"
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
    current_schema_sql = "SELECT 'main'"
    late_binding = frozenset({"table", "view", "trigger"})
    begin = "BEGIN IMMEDIATE"
    error_may_roll_back = True
    blocked_by_others = frozenset({"SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT"})
    drop_temporary = "DROP {} IF EXISTS temp.{}"
    server_info_sql = (
        "SELECT NULL, NULL, NULL, file, NULL, sqlite_version(), NULL FROM pragma_database_list WHERE name = 'main'"
    )
    content_sql = (
        "SELECT type, name FROM sqlite_master WHERE type <> 'index' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    catalog_queries = (
        CatalogQuery(
            "SELECT type AS kind, '' AS schema_name, name, '' AS table_name, sql AS definition, '' AS rights"
            " FROM main.sqlite_master WHERE type IN ('view', 'trigger')",
            "name",
        ),
    )
    catalog_version_sql = "SELECT schema_version FROM pragma_schema_version"
    table_exists_sql = "SELECT 1 FROM main.sqlite_master WHERE type = 'table' AND name = {name} COLLATE NOCASE"
    table_triggers_sql = (
        "SELECT t.name, t.tbl_name, t.sql FROM main.sqlite_master t JOIN main.sqlite_master o"
        " ON o.name = t.tbl_name COLLATE NOCASE AND o.type = 'table' WHERE t.type = 'trigger'"
    )
    foreign_keys_sql = (
        'SELECT NULL, m.name, NULL, f."table" FROM sqlite_master m, pragma_foreign_key_list(m.name) f'
        " WHERE m.type = 'table'"
    )

    def check_driver(self, driver: Driver) -> DriverState:
        """The version is that of SQLite's library; the driver is part of Python."""
        return super().check_driver(driver)._replace(version=sqlite3.sqlite_version)

    def display_target(self, settings: Settings) -> str:
        """Return `sqlite` and the path."""
        return f"sqlite {self.database_name(settings)}"

    def url(self, settings: Settings, username: str | None, password: str | None) -> URL:
        """Leave out server and login, which a file does not have."""
        url = super().url(settings, None, None)
        return url if settings.sqlalchemy_url else url._replace(host=None, port=None)

    def has_plain_keys(self, settings: Settings) -> bool:
        """Leave a database in memory to SQLAlchemy."""
        return super().has_plain_keys(settings) and settings.target_database_name != MEMORY

    def driver_options(self, settings: Settings) -> Mapping[str, Any]:
        """Let another thread interrupt a statement."""
        return {"check_same_thread": False}

    def database_path(self, database: str, directory: Path) -> str:
        """Resolve a relative path in the project's folder."""
        return database if database == MEMORY else str(directory / database)

    def register_events(self, engine: Engine, settings: Settings) -> None:
        """Send BEGIN where SQLAlchemy begins a transaction, for the driver leaves it to us, or joins one."""
        from sqlalchemy import event

        @event.listens_for(engine, "begin")
        def begin(connection: SAConnection) -> None:
            raw: Any = connection.connection.dbapi_connection
            if raw.in_transaction:
                return
            raw.isolation_level = None  # SQLAlchemy leaves another one behind a block of AUTOCOMMIT
            if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
                connection.exec_driver_sql("BEGIN")

    def address(self, url: URL) -> str:
        """Return the path."""
        return str(url.database or "")

    def precheck_file(self, database: str) -> ConnectFailure | None:
        """Refuse a file that is missing, which the driver would create, and one of another format."""
        if not database or database == MEMORY:
            return None
        file = Path(database)
        if not file.exists():
            return ConnectFailure(
                "The database file does not exist.", "Create it with: inv init", missing_database=True
            )
        return None if _is_database(file) else ConnectFailure("This is not a SQLite database.", CHECK_NAME)

    def on_connect(self, raw: Any) -> None:
        """Leave transactions to us, have foreign keys checked, and add the functions that SQLAlchemy adds."""
        raw.isolation_level = None
        raw.execute("PRAGMA foreign_keys = ON")
        raw.create_function("regexp", 2, _is_match, deterministic=True)
        raw.create_function("floor", 1, math.floor, deterministic=True)

    def set_lock_timeout(self, raw: Any, seconds: int) -> None:
        """Limit the wait for another process that writes."""
        raw.execute(f"PRAGMA busy_timeout = {max(seconds, 1) * 1000}")

    def set_autocommit(self, raw: Any, on: bool) -> None:
        """Do nothing: transactions begin by BEGIN alone."""

    def begin_transaction(self, raw: Any, *, writes: bool) -> None:
        """Send BEGIN; one that reads first and then writes is not waited for while another program writes."""
        raw.execute(self.begin if writes else "BEGIN")

    def interrupt(self, cursor: Any) -> None:
        """Interrupt the statement, which runs in this process."""
        cursor.connection.interrupt()

    def drain(self, cursor: Any) -> None:
        """Fetch all rows: a query runs only while they are fetched."""
        for _row in cursor:
            pass

    def next_result(self, cursor: Any) -> bool:
        """Return False: a statement has one result."""
        return False

    def classify_connect_error(self, error: Exception) -> ConnectFailure:
        """Add the usual reason, which is the folder."""
        return ConnectFailure(
            f"{error}", hint="Does the folder of target_database_name exist, and may you write to it?"
        )

    def server_error(self, error: Exception, text: str) -> ServerError:
        """Convert the error; its position is found by the word or name in the message."""
        message = str(error)
        number = getattr(error, "sqlite_errorname", "").replace("SQLITE_ERROR", "")
        line, column = _position(message, text)
        hint = EXISTS if message.endswith("already exists") else HINTS.get(number)
        return ServerError(message, number, line, column, hint=hint)

    def sent_type(self, column_type: TypeEngine[Any]) -> TypeEngine[Any]:
        """Return no type at all: SQLAlchemy's refuse what the database would take, as a text for a time."""
        from sqlalchemy.types import NullType

        return NullType()

    def non_transactional_statement(self, text: str) -> str:
        """Read the statements: BEGIN, VACUUM, DETACH, and pragmas that mean nothing in a transaction."""
        if not sqlite_session.MAY_REFUSE.search(ascii_upper(text)):
            return ""
        return sqlite_session.non_transactional(batch.text for batch in SPLITTER.split(text))

    def needs_own_transaction(self, text: str) -> bool:
        """Search for pragmas and attached databases, which a transaction keeps as they are."""
        upper = ascii_upper(text)
        return "PRAGMA" in upper or "TACH" in upper

    def transaction_control(self, text: str) -> str:
        """Read the statements."""
        return sqlite_session.control(batch.text for batch in SPLITTER.split(text))

    def refuses_transaction(self, error: ServerError) -> bool:
        """Search SQLite's message."""
        return any(words in error.message for words in sqlite_session.IN_TRANSACTION)

    def transaction_state(self, raw: Any) -> TransactionState | None:
        """Read the driver's attribute."""
        return "open" if raw.in_transaction else "none"

    def save_session(self, connection: OpenConnection, texts: Sequence[str]) -> Restore | None:
        """Ask for the pragmas that the statements set; those that a transaction ignores are set now."""
        return sqlite_session.save(connection, texts)

    def migration_blockers(self, connection: OpenConnection, error: ServerError) -> list[Dependent]:
        """Return the view or trigger that the error names; the trigger of a dropped view or table is gone with it."""
        match = re.match(BROKEN, error.message)
        if match is None:
            return []
        kind, name = match[1], match[2]
        return [
            Dependent(kind, Name(None, name), f"{kind} {name}", f"DROP {kind.upper()} IF EXISTS {self.quote(name)}")
        ]

    def attachments(self, connection: OpenConnection, dependents: Sequence[Dependent]) -> list[Attachment]:
        """Read the triggers of views."""
        return self._view_triggers(connection, [item.name.name.lower() for item in dependents if item.kind == "view"])

    def own_attachments(self, connection: OpenConnection, definitions: Sequence[Definition]) -> Sequence[Attachment]:
        """Read the triggers of views."""
        return self._view_triggers(connection, [made.name.name.lower() for made in definitions if made.kind == "view"])

    def _view_triggers(self, connection: OpenConnection, names: Sequence[str]) -> list[Attachment]:
        views = ", ".join(self.quote_literal(name) for name in names if self._may_be_there(connection, name))
        rows = connection.query(VIEW_TRIGGERS.format(views=views)) if views else ()
        return [
            Attachment(
                f"trigger {trigger} on {view}",
                MISSING_TRIGGER.format(view=self.quote_literal(view), trigger=self.quote_literal(trigger)),
                text,
                "trigger",
                trigger,
            )
            for trigger, view, text in rows
        ]

    def _may_be_there(self, connection: OpenConnection, view: str) -> bool:
        """Test whether there is a view, without the search through all objects that the schema table wants."""
        try:
            return bool(connection.query(f"PRAGMA main.table_info({self.quote(view)})"))
        except StatementError:  # it reads what is gone
            return True

    def exists(self, connection: OpenConnection, database: str) -> bool:
        """True if the file exists. Raises NotPermittedError for another kind of file, which `init` would delete."""
        file = Path(database)
        if file.exists() and not _is_database(file):
            raise NotPermittedError(f"{database} is not a SQLite database: it is not replaced.", hint=CHECK_NAME)
        return file.exists()

    def drop_database(self, connection: OpenConnection, database: str, leave: Callable[[], None]) -> None:
        """Delete the file and its journals."""
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(database + suffix).unlink(missing_ok=True)

    def create_database(self, connection: OpenConnection, database: str, settings: Settings) -> list[str]:
        """Create an empty database file."""
        from ahjo_tasks.database.dialects import create_database

        Path(database).parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(database)) as raw:
            raw.execute("BEGIN IMMEDIATE")  # makes the file; to write into it is left to the first commit
        return create_database.unsupported_settings(settings, (), self.title)

    def object_exists(self, connection: OpenConnection, definition: Definition) -> bool:
        """Look for the name in the schema table of its database."""
        catalog = self.quote(definition.name.schema or "main", "sqlite_master")
        name = self.quote_literal(definition.name.name)
        try:
            return bool(connection.query(f"SELECT 1 FROM {catalog} WHERE name = {name} COLLATE NOCASE"))
        except StatementError:  # no database is attached by that name, as DROP will say
            return True

    @contextmanager
    def around_migrations(self, connection: OpenConnection) -> Iterator[Callable[[], str]]:
        """Switch foreign keys off, and check them after each migration.

        A table is rebuilt by dropping it, which would delete the rows of its children.
        """
        self._switch_foreign_keys(connection, "OFF")
        known = set(connection.query(ORPHANS))

        def check() -> str:
            tables = sorted({str(row[0]) for row in set(connection.query(ORPHANS)) - known})
            return f"it leaves rows without their parents in: {', '.join(tables)}" if tables else ""

        try:
            yield check
        finally:
            if not connection.in_shared_transaction:
                connection.try_execute("PRAGMA foreign_keys = ON")

    @staticmethod
    def _switch_foreign_keys(connection: OpenConnection, to: str) -> None:
        """Switch outside of a transaction, where alone it works: a shared one that is still empty is restarted."""
        if not connection.in_shared_transaction:
            connection.execute(f"PRAGMA foreign_keys = {to}")
            return
        if not connection.query("PRAGMA foreign_keys")[0][0]:
            return
        if connection.changed:
            raise UsageError(
                "SQLite cannot switch foreign keys off for migrations inside a transaction.",
                hint="Run the migrations first, or with context_connectable_type: engine.",
            )
        for statement in ("COMMIT", f"PRAGMA foreign_keys = {to}", "BEGIN"):
            connection.execute(statement)

    def database_identity(self, connection: OpenConnection) -> Identity:
        """Return the file's path without links; no server. Texts are as they were written, in every release of 3."""
        return Identity("", str(Path(connection.database_name).resolve()), "SQLite 3")

    def file_identity(self, database: str) -> object:
        """Return device and number of the file, which stay with it when it is deleted while it is open."""
        try:
            status = Path(database or MEMORY).stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    @contextmanager
    def lock(self, connection: OpenConnection, owner: str, timeout: float, purpose: str = DEPLOY) -> Iterator[None]:
        """Lock a file next to the database."""
        database = connection.database_name
        with self.lock_file(database if purpose == DEPLOY else f"{database}.{purpose}", owner, timeout):
            yield

    def lock_holder(self, connection: OpenConnection, purpose: str = DEPLOY) -> Holder | None:
        """Read the lock file."""
        from ahjo_tasks.database.file_lock import FileLock

        suffix = "" if purpose == DEPLOY else f".{purpose}"
        lock = FileLock(Path(f"{connection.database_name}{suffix}.lock"))
        if not lock.held():
            return None
        owner = lock.owner()
        match = re.search(r"\(pid (\d+)\)", owner)
        return Holder(owner, match[1] if match else "")

    @contextmanager
    def lock_file(self, database: str, owner: str, timeout: float) -> Iterator[None]:
        """Lock `database.lock`, which the operating system releases when its holder ends."""
        from ahjo_tasks.database.file_lock import FileLock

        if database.startswith(MEMORY):  # no other process can open it
            yield
            return
        lock = FileLock(Path(f"{database}.lock"))
        deadline = time.monotonic() + timeout
        while not lock.acquire(owner):
            if time.monotonic() >= deadline:
                raise LockedError(f"{database} is locked by {lock.owner()}.", hint="Wait until that run ends.")
            time.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            lock.release()


def _is_match(pattern: str, text: str | None) -> bool | None:
    return None if text is None else re.search(pattern, text) is not None


def _is_database(file: Path) -> bool:
    """Return whether the file is a database, or empty; one that cannot be read is left to SQLite's error."""
    if file.is_dir():
        return False
    try:
        with file.open("rb") as stream:
            return stream.read(len(MAGIC)) in (b"", MAGIC)
    except OSError:
        return True


def _position(message: str, text: str) -> Position:
    """Find the word in `near "word": syntax error`, or the name that the message is about."""
    from ahjo_tasks.database.dialects import error_positions

    if message == "incomplete input":
        return error_positions.at_offset(text, len(text))
    near = re.search(SYNTAX_ERROR, message)
    if near is None:
        return error_positions.find_named(text, message, NAMED, SQLITE)
    position = error_positions.find_name(text, near[1], SQLITE)
    return position if position != error_positions.UNKNOWN else error_positions.find_text(text, near[1])
