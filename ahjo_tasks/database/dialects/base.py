"""The interface of a dialect: attributes for small differences between databases, methods for large ones."""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from ahjo_tasks.database.dialects.attributes import DialectAttributes, canonical
from ahjo_tasks.database.drivers import check
from ahjo_tasks.errors import ConfigError, ServerError, StatementError
from ahjo_tasks.sql.definitions import Definition, Name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Column, Table
    from sqlalchemy.engine import URL, Engine
    from sqlalchemy.engine import Connection as SAConnection
    from sqlalchemy.types import TypeEngine

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.drivers import Driver, DriverState


@dataclass(frozen=True, slots=True)
class ServerMessage:
    """A message that the server sent while a batch ran, as by PRINT or RAISE NOTICE, or as a warning.

    `line` counts from 1 within the batch; None where the driver does not tell. `procedure` is the module that sent it,
    with the line in it. `from_script` is whether a statement of the script may have worded it, and not the server.
    """

    text: str
    line: int | None = None
    procedure: str = ""
    from_script: bool = True


TransactionState = Literal["none", "open", "failed"]
"""State of the transaction by the driver: `failed` is one that an error ended, and that only can be rolled back."""


class Restore(Protocol):
    """Puts a session back to what it was."""

    def __call__(self, failed: bool, /) -> None:
        """Do it; `failed` is whether what ran meanwhile did. Raises StatementError where it cannot be done."""


@dataclass(frozen=True, slots=True)
class Dependent:
    """An object of the database that uses another one. `kind` and `name` are as in `Definition`.

    `text` is how the server calls it, `drop` the statement that drops it, `key` its number in the catalog; `used` is
    false for one that was asked about and that no other uses.
    """

    kind: str
    name: Name
    text: str
    drop: str
    key: tuple[int, ...] = ()
    used: bool = True


@dataclass(frozen=True, slots=True)
class Attachment:
    """A statement that gives a new object what the old one had; `condition` is a query of whether it is missing.

    `part` is what it gives: `rights`, `comment`, or the kind of an object that belongs to the other one. `name` is that
    of such an object; of rights it is the name of the object that has them.
    """

    text: str
    condition: str
    statement: str
    part: str = "rights"
    name: str = ""


class Holder(NamedTuple):
    """The holder of a lock, and the number of its session on the server; of a file, that of its process."""

    name: str
    session: str = ""


class Identity(NamedTuple):
    """The server and the name of a database; a copy elsewhere has others. `release` is the major one of the server."""

    server: str
    database: str
    release: str


RUNNING = "Is the server running, and are target_server_hostname and sql_port right?"
"""Hint where no server answers."""
DEPLOY = "deploy"
"""Purpose of the lock that all changes of the database take."""
DATABASE = "database"
"""Purpose of the lock that deploys share where each project has one of its own, and that `init` has alone."""

EXISTS = (
    "Every deploy runs the file: write CREATE OR REPLACE where the database has it, else DROP ... IF EXISTS before it;"
    " for a table, CREATE ... IF NOT EXISTS."
)
READ_ONLY = "A standby or replica takes no changes: deploy to its primary. Or the database, or its login, is read-only."
LOCK_WAIT = "Another session holds a lock that this statement needs; lock_timeout in the config says how long to wait."

SERVER_INFO = ("server", "host", "login", "database", "collation", "version", "edition")
"""Columns of `server_info_sql`; `host` is the client's machine, where the server knows it."""


@dataclass(frozen=True)
class ConnectFailure:
    """Reason of a failed connection.

    `wait` is whether trying again later can help, `silent` whether no server answered, in time or at all.
    """

    message: str
    hint: str | None = None
    wait: bool = False
    missing_database: bool = False
    silent: bool = False


class DriverCall(NamedTuple):
    """The call by which a driver connects by itself: its module, the arguments of `connect`, and the database."""

    module: str
    arguments: Mapping[str, Any]
    database: str


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a regular expression when it is first used."""
    return re.compile(pattern)


def connection_lost(reason: str) -> ServerError:
    """Create the error of a connection that broke while a statement ran."""
    return ServerError(f"The connection to the server was lost: {reason}", lost=True)


def without_nulls(names: Sequence[str], row: Sequence[object]) -> dict[str, str]:
    """Pair names with the values of a row, as text; leave NULLs out."""
    return {name: str(value) for name, value in zip(names, row, strict=True) if value is not None}


def setting_mismatch(label: str, actual: str | None, key: str, expected: str | None) -> list[str]:
    """Return a warning if the database differs from what a key of the config says; no value means no opinion."""
    if not expected or not actual or expected.lower() == actual.lower():
        return []
    return [f"The {label} of the database is {actual}; {key} says {expected}."]


class OpenConnection(Protocol):
    """The part of `ahjo_tasks.database.connection.Connection` that dialects use."""

    on_message: Callable[[ServerMessage], None]
    product: str
    locks: list[str]
    check_lock: Callable[[], None] | None

    @property
    def dialect(self) -> Dialect:
        """Dialect of the server."""

    @property
    def database_name(self) -> str:
        """Name of the database that the connection was made to."""

    @property
    def in_shared_transaction(self) -> bool:
        """True if one transaction lasts until the connection is closed."""

    @property
    def transactional(self) -> bool:
        """True if what runs now can be rolled back."""

    @property
    def lost_transaction(self) -> bool:
        """True if another transaction has taken the place of the shared one since its first change."""

    @property
    def changed(self) -> bool:
        """True if `execute` was called, which may have changed the database."""

    @property
    def usable(self) -> bool:
        """True if the connection is still open."""

    @property
    def dbapi_connection(self) -> Any:
        """The driver's connection."""

    def execute(self, text: str) -> int:
        """Run one batch and return how many rows it changed. Raises StatementError."""

    def result_sets(self, text: str) -> list[Any]:
        """Run one batch and return every result set that has columns. Raises StatementError."""

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Run one batch and return the rows of its first result set. Raises StatementError."""

    def try_execute(self, text: str) -> str | None:
        """Run a batch that may fail; return the server's message if it did, else None."""

    def transaction(self, *, rollback_only: bool = False, savepoint: bool = False) -> AbstractContextManager[None]:
        """Run the block in a transaction, or in a savepoint of the one that the whole action shares."""

    def messages_to(self, listener: Callable[[ServerMessage], None]) -> AbstractContextManager[None]:
        """Send the server's messages to `listener` inside of the block."""


class Naming(DialectAttributes):
    """Names, literals and definitions of objects."""

    def normalize_name(self, name: str) -> str:
        """Return the form of a name in which names are compared."""
        return name.lower()

    def quote(self, *parts: str | None) -> str:
        """Quote each part and join them with dots; parts that are None are left out."""
        return ".".join('"' + part.replace('"', '""') + '"' for part in parts if part)

    @staticmethod
    def long_text() -> TypeEngine[str]:
        """Return the type of a column for texts of any length."""
        from sqlalchemy import UnicodeText

        return UnicodeText()

    def column_names(self, connection: SAConnection, table: str, schema: str | None) -> list[str]:
        """List the columns of a table; empty if there is no such table."""
        from sqlalchemy import inspect

        inspector = inspect(connection)
        if not inspector.has_table(table, schema=schema):
            return []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the name of a column is known where its type is not
            return [str(column["name"]) for column in inspector.get_columns(table, schema=schema)]

    def ensure_schema(self, connection: SAConnection, schema: str | None) -> None:
        """Create the schema of one of our own tables where the database has schemas and lacks this one."""
        if not schema or "." in schema or self.default_schema is None:
            return
        from sqlalchemy import inspect
        from sqlalchemy.schema import CreateSchema

        if not inspect(connection).has_schema(schema):
            connection.execute(CreateSchema(schema))

    def time_column(self, name: str, *, default_now: bool = False) -> Column[Any]:
        """Return a column of date and time that keeps fractions of a second."""
        from sqlalchemy import Column, DateTime, func

        return Column(name, DateTime, server_default=func.now() if default_now else None)

    def sent_type(self, column_type: TypeEngine[Any]) -> TypeEngine[Any]:
        """Return the type by which SQLAlchemy sends values for a column of that type."""
        return column_type

    def widen_texts(self, connection: SAConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Change columns of our own table, made by an older version, that do not have all letters of the rows."""

    def quote_literal(self, text: str) -> str:
        """Quote a text as a string literal."""
        return "'" + text.replace("'", "''") + "'"

    def literal(self, value: object) -> str:
        """Return a value as SQL has it; a truth value is a text, which every type for it takes."""
        if value is None:
            return "NULL"
        if isinstance(value, int | float) and not isinstance(value, bool):
            return repr(value)
        if isinstance(value, datetime):
            return self.quote_literal(value.isoformat(self.time_separator, "milliseconds"))
        return self.quote_literal(str(int(value)) if isinstance(value, bool) else str(value))

    def casts(self, text: str) -> list[Definition]:
        """Return the casts that a text creates, which have no names."""
        return []

    def drop_statement(self, definition: Definition, text: str = "") -> str:
        """Return the statement that drops an object; `text` is the file that creates it."""
        keyword = definition.kind.upper()
        return f"DROP {keyword} IF EXISTS {self.quote(definition.name.schema, definition.name.name)}"


class Connecting(DialectAttributes):
    """URLs, engines, and connections that have just been made."""

    def drivername(self, settings: Settings) -> str:
        """Return SQLAlchemy's `dialect+driver`: the config's if it names a driver, else the default."""
        return canonical(settings.sql_dialect) if "+" in settings.sql_dialect else self.default_driver

    def url(self, settings: Settings, username: str | None, password: str | None) -> URL:
        """Build the URL of the target database from the config and a login."""
        from sqlalchemy.engine import URL, make_url

        if settings.sqlalchemy_url:
            url = make_url(settings.sqlalchemy_url.reveal())
            name = canonical(url.drivername)
            name = name if "+" in name else self.default_driver
            database = url.database or (settings.target_database_name if url.host else None)
            return url.set(drivername=name, database=database)
        return URL.create(
            self.drivername(settings),
            username=username or None,
            password=password or None,
            host=settings.target_server_hostname,
            port=settings.sql_port or None,
            database=settings.target_database_name,
            query=self.url_query(settings),
        )

    def driver_password(self, environ: Mapping[str, str]) -> bool | None:
        """Tell whether the driver finds a password by itself; None where it never looks for one."""
        return None

    def server_url(self, url: URL) -> URL:
        """Return the URL of the database from which others are created and dropped."""
        return url.set(database=self.maintenance_database)

    def check_driver(self, driver: Driver) -> DriverState:
        """Return whether the driver is installed and loads."""
        return check(driver)

    def system_drivers(self) -> list[DriverState]:
        """List what drivers of Python need and is installed apart from them, as ODBC drivers are."""
        return []

    def url_query(self, settings: Settings) -> Mapping[str, str]:
        """Return the query items of the URL."""
        return {key: str(value) for key, value in settings.sqla_url_query_map.items()}

    def engine_options(self, settings: Settings) -> dict[str, Any]:
        """Return the options of `create_engine`; those of the config win."""
        options = settings.sqlalchemy
        limits = self.connect_limits(settings)
        return {**options, "connect_args": {**self.connect_defaults, **limits, **options.get("connect_args", {})}}

    def connect_limits(self, settings: Settings) -> Mapping[str, Any]:
        """Return the driver's arguments that limit the time to connect; those in the URL win."""
        url = self.url(settings, None, None)
        limits = self._connect_limits(url.get_driver_name(), settings)
        return {argument: seconds for argument, seconds in limits.items() if argument not in url.query}

    def _connect_limits(self, driver: str, settings: Settings) -> Mapping[str, int]:
        argument = self.connect_limit.get(driver)
        return {argument: settings.connect_timeout} if argument and settings.connect_timeout else {}

    def has_plain_keys(self, settings: Settings) -> bool:
        """Return whether the config connects the usual driver by server, port, login and database alone."""
        others = settings.sqlalchemy_url or settings.sqla_url_query_map or settings.sqlalchemy
        usual = self.drivername(settings) == self.default_driver
        return bool(self.driver_arguments and usual and not others and settings.target_database_name)

    def driver_call(
        self, settings: Settings, username: str | None, password: str | None, directory: Path
    ) -> DriverCall | None:
        """Return the call by which the usual driver connects; None where SQLAlchemy is to translate the config."""
        if not self.has_plain_keys(settings):
            return None
        database = self.database_path(self.database_name(settings), directory)
        values = {
            "host": settings.target_server_hostname,
            "port": settings.sql_port,
            "username": username,
            "password": password,
            "database": database,
        }
        arguments = {argument: values[name] for name, argument in self.driver_arguments.items() if values[name]}
        return DriverCall(self.drivers[0].module, {**arguments, **self.driver_options(settings)}, database)

    def server_call(self, call: DriverCall) -> DriverCall:
        """Return the call that connects to the database from which others are created and dropped."""
        database = str(self.maintenance_database)
        arguments = {**call.arguments, self.driver_arguments["database"]: database}
        return call._replace(arguments=arguments, database=database)

    def driver_options(self, settings: Settings) -> Mapping[str, Any]:
        """Return the usual driver's other arguments: those that SQLAlchemy's engine has for the same config."""
        return {**self.connect_defaults, **self._connect_limits(self.drivers[0].name, settings)}

    def database_path(self, database: str, directory: Path) -> str:
        """Make the path of a database that is a file absolute; `directory` is the project's folder."""
        return database

    def register_events(self, engine: Engine, settings: Settings) -> None:
        """Add listeners to SQLAlchemy's events of the engine."""

    def database_name(self, settings: Settings) -> str:
        """Return the name of the target database. Raises ConfigError when the config names none."""
        plain = settings.target_database_name if not settings.sqlalchemy_url else None
        name = plain or self.url(settings, None, None).database
        if not name:
            raise ConfigError("The config names no database.", hint="Set target_database_name.")
        return name

    def file_database(self, settings: Settings) -> str | None:
        """The name by which SQL files may call the target database; None where the config names none."""
        try:
            return self.database_name(settings)
        except ConfigError:
            return None

    def display_target(self, settings: Settings) -> str:
        """Return server and database as they are shown to the user."""
        if self.has_plain_keys(settings):
            host = settings.target_server_hostname or "localhost"
            return _address(host, settings.sql_port, settings.target_database_name)
        url = self.url(settings, None, None)
        return self.address(url if url.host else url.set(host="localhost"))

    def address(self, url: URL) -> str:
        """Return `server:port/database` of a URL."""
        return _address(url.host, url.port, url.database)

    def connection_notice(self, url: URL, settings: Settings) -> str:
        """Return a note on how the connection is made, as on a choice of the driver; empty for none."""
        return ""

    def precheck_connect(self, url: URL) -> ConnectFailure | None:
        """Return the reason why connecting must fail, found without the driver; None to let it try."""
        return None

    def precheck_file(self, database: str) -> ConnectFailure | None:
        """Return the reason why a database that is a file cannot be opened; None to let the driver try."""
        return None

    def on_connect(self, raw: Any) -> None:
        """Set up a new connection of the driver."""

    def product(self, raw: Any) -> str:
        """Return the name of the product that the driver's connection is made to."""
        return self.title

    def set_lock_timeout(self, raw: Any, seconds: int) -> None:
        """Have the server end a statement that waits longer than `seconds` for a lock of another session."""

    def begin_transaction(self, raw: Any, *, writes: bool) -> None:
        """Begin a transaction with autocommit off, for a driver that does not begin it by itself.

        `writes` says that it surely writes, so that a lock may be taken at once.
        """

    def reopen_transaction(self, raw: Any) -> None:
        """Begin a transaction where an error has ended it, for drivers whose rollback fails otherwise."""

    def set_autocommit(self, raw: Any, on: bool) -> None:
        """Switch whether the driver leaves transactions alone (on) or begins them by itself (off)."""
        raw.autocommit = on

    def classify_connect_error(self, error: Exception) -> ConnectFailure:
        """Convert a driver's error of connecting into a reason with a hint."""
        return ConnectFailure(_first_line(error))


class Running(DialectAttributes):
    """Batches: how a driver runs them, and what it says of them."""

    def subscribe_messages(self, raw: Any, listener: Callable[[ServerMessage], None]) -> None:
        """Have the driver call `listener` with each message of the server (NOTICE, PRINT) as it comes."""

    def messages(self, cursor: Any) -> list[ServerMessage]:
        """Return the messages that came with the cursor's current result."""
        return []

    def error_messages(self, error: Exception) -> list[ServerMessage]:
        """Return the messages that the driver delivers with an error, not before it."""
        return []

    def execute(self, cursor: Any, text: str) -> None:
        """Run one batch as it is, without parameters. Raises StatementError for a NUL, where a driver would stop."""
        if "\0" in text and not self.allows_nul:
            raise StatementError(ServerError("The text holds a NUL character, which the driver takes for its end."))
        cursor.execute(text)

    def catalog_version(self, objects: Iterable[tuple[str, str, str, str]]) -> str:
        """Return what `catalog_version_sql` returns of a database with these objects, where `hashes_make_version`.

        They are kinds, names, and the hashes of definitions and of rights.
        """
        raise NotImplementedError

    def executed_sql(self, text: str) -> str:
        """Return the SQL that the server reads in a batch, without rows that may stand below it; offsets stay."""
        return text

    def streaming_cursor(self, raw: Any, chunk_size: int) -> Any:
        """Open a cursor that leaves rows on the server until `fetchmany` asks for `chunk_size` of them."""
        return raw.cursor()

    def concatenate_batches(self, texts: Iterable[str]) -> str:
        """Join batches into the text of one call, which the server runs as one transaction."""
        raise NotImplementedError

    def interrupt(self, cursor: Any) -> None:
        """Cancel the cursor's statement from another thread, for drivers that do not notice Ctrl-C while they wait."""

    def cancel_statement(self, raw: Any) -> str:
        """Return the statement by which another session cancels what the driver's connection runs; empty for none."""
        return ""

    def is_idle(self, connection: OpenConnection, raw: Any) -> bool:
        """Ask the server by `connection` whether it has nothing to do for the driver's connection `raw`."""
        return False

    def drain(self, cursor: Any) -> None:
        """Consume the remaining rows, for drivers that report an error among rows only while they are fetched."""

    def next_result(self, cursor: Any) -> bool:
        """Go to the next result of the batch; return False if there is none."""
        return bool(cursor.nextset())

    def server_error(self, error: Exception, text: str) -> ServerError:
        """Convert a driver's error into the server's message, number and position in `text`."""
        return ServerError(_first_line(error))

    def may_end_transaction(self, statement: str) -> bool:
        """Return whether the statement calls code on the server that may commit or roll back."""
        return compiled(self.call).match(statement) is not None

    def may_commit_alone(self, statement: str) -> bool:
        """Return whether the statement may commit a part of what it does, where it runs outside of transactions."""
        return self.may_end_transaction(statement)

    def commits_implicitly(self, statement: str) -> bool:
        """Return whether the statement commits the transaction it is in."""
        return compiled(self.implicit_commit_statement).match(statement) is not None

    def is_dependency_error(self, error: ServerError) -> bool:
        """Return whether the server refused to drop an object because others use it."""
        return False

    def replaced_overloads(self, before: str, now: str) -> list[str]:
        """Return the statements that drop the routines which a text created and its later text does not any more.

        Empty where the server tells routines apart by their names alone.
        """
        return []

    def refuses_replacing(self, error: ServerError) -> bool:
        """Return whether CREATE OR REPLACE cannot change the object so, which must be dropped first."""
        return False

    def missing_object(self, error: ServerError) -> Name | None:
        """Name the object that the server did not know; None for other errors."""
        pattern = self.missing_objects.get(error.number) or self.missing_objects.get("")
        match = compiled(pattern).search(error.message) if pattern else None
        return Name.parse(match[match.lastindex or 1]) if match else None

    def dependents(self, connection: OpenConnection, definitions: Sequence[Definition]) -> list[Dependent] | None:
        """List what must be dropped before these objects can be, dependents first; None where files alone tell it."""
        return None

    def migration_blockers(self, connection: OpenConnection, error: ServerError) -> list[Dependent]:
        """List what uses the column or table that a migration could not change, dependents first; empty for others."""
        return []

    def attachments(self, connection: OpenConnection, dependents: Sequence[Dependent]) -> list[Attachment]:
        """Read what is lost when objects are dropped and no file may hold: grants, owners, comments, indexes."""
        return []

    def own_attachments(self, connection: OpenConnection, definitions: Sequence[Definition]) -> Sequence[Attachment]:
        """Read the same of objects by their names, as far as they exist."""
        return ()

    def locate_error(
        self, connection: OpenConnection, text: str, error: ServerError, before: Sequence[str] | None = ()
    ) -> ServerError:
        """Ask the server for the position of an error that came without; what runs for that is rolled back.

        `before` are the batches that ran in the same transaction; None forbids to run anything again.
        """
        return error

    def as_text(self, raw: bytes) -> bytes:
        """Return the bytes of a script, with those that are no text written as SQL."""
        return raw

    def encoding_hint(self, raw: bytes) -> str | None:
        """Return what to do about a script that is not UTF-8; None for the usual advice."""
        return None

    def non_transactional_statement(self, text: str) -> str:
        """Name the first statement of a script that cannot run in a transaction; empty where there is none.

        Raises SourceError where the splitter does.
        """
        return ""

    def is_one_statement(self, batch: str) -> bool:
        """Return whether a batch is a single statement, as far as that can be told."""
        if self.statement_splitter is None:
            return self.batch_is_statement
        return len(self.statement_splitter.split(batch)) == 1

    def non_transactional_drop(self, statement: str, text: str) -> str:
        """Name what keeps a statement that drops what a text created out of transactions; empty where nothing does."""
        return self.non_transactional_statement(statement)

    def needs_own_transaction(self, text: str) -> bool:
        """True if what a script does must be committed before it can be used, or is set before a transaction begins."""
        return False

    def max_locked_objects(self, connection: OpenConnection) -> int:
        """Return how many objects one transaction may lock without harm to others; 0 for any number."""
        return 0

    def needs_commit(self, error: ServerError) -> bool:
        """True if the server refused a statement because of what the transaction did before, and did not commit."""
        return False

    def batchable(self, text: str) -> bool:
        """Test whether a script may be sent in one call with others, where a call is a transaction."""
        return False

    def transaction_control(self, text: str) -> str:
        """Name the first statement of a script that begins or ends a transaction; empty for none."""
        return ""

    def commit_offsets(self, text: str) -> list[int]:
        """List the offsets of the statements of a batch that end the transaction before the batch does."""
        return [0] if self.commits_implicitly(text) else []

    def refuses_transaction(self, error: ServerError) -> bool:
        """Return whether the server refused a statement because it stands in a transaction."""
        return False

    def was_ended(self, error: ServerError) -> bool:
        """Return whether `commit` found that the transaction was ended before."""
        return False

    def transaction_state(self, raw: Any) -> TransactionState | None:
        """Ask the driver, not the server, for the state of the transaction; None where it does not know."""
        return None

    def check_statement(self, statement: str) -> None:
        """Raise DeployError for a statement of a migration for which the run would wait for ever."""

    def mark_transaction(self, connection: OpenConnection) -> None:
        """Mark the open transaction, where a driver begins another one unseen after an error has ended it."""

    def is_marked(self, connection: OpenConnection) -> bool:
        """Return whether the open transaction is the one that was marked."""
        return True

    def reported_settings(self, raw: Any) -> dict[str, str]:
        """Return the settings of the session that the driver knows without asking the server."""
        return {}

    def restore_reported(self, connection: OpenConnection, before: Mapping[str, str]) -> None:
        """Set such settings to what they were before."""

    def save_session(self, connection: OpenConnection, texts: Sequence[str]) -> Restore | None:
        """Return what puts the session back behind these batches; None, and no question, if they change nothing."""
        return None

    def drop_temporary_tables(self, connection: OpenConnection, texts: Sequence[str]) -> None:
        """Drop the temporary tables that the batches of a test created."""
        from ahjo_tasks.sql.temporary_tables import temporary_tables

        with connection.messages_to(lambda _message: None):
            for kind, name in temporary_tables(texts, self.syntax):
                connection.try_execute(self.drop_temporary.format(kind, connection.dialect.quote(name)))


class Administration(DialectAttributes):
    """The database as a whole: create, drop, lock and describe it."""

    def exists(self, connection: OpenConnection, database: str) -> bool:
        """Return whether the server has the database. `connection` is to the maintenance database, here and below."""
        raise NotImplementedError

    def drop_database(self, connection: OpenConnection, database: str, leave: Callable[[], None]) -> None:
        """End the database's sessions and drop it; `leave` ends our own one with the lock, where that is in the way."""
        raise NotImplementedError

    def create_database(self, connection: OpenConnection, database: str, settings: Settings) -> list[str]:
        """Create the database as the config says. Returns a warning for each setting that the server refused."""
        raise NotImplementedError

    def server_info(self, connection: OpenConnection, settings: Settings) -> tuple[dict[str, str], list[str]]:
        """Ask the server what it is. Returns values by the names of `SERVER_INFO`, and warnings of other settings."""
        if not self.server_info_sql:
            return {}, []
        info = without_nulls(SERVER_INFO, connection.query(self.server_info_sql)[0])
        return info, setting_mismatch(
            "collation", info.get("collation"), "database_collation", settings.database_collation
        )

    @contextmanager
    def around_migrations(self, connection: OpenConnection) -> Iterator[Callable[[], str]]:
        """Surround migrations. Yields a check to call after each: it returns what is wrong, or an empty text."""
        yield lambda: ""

    def lock(
        self, connection: OpenConnection, owner: str, timeout: float, purpose: str = DEPLOY
    ) -> AbstractContextManager[None]:
        """Hold the database's lock for a purpose; `owner` is shown to others who want it.

        Raises LockedError with the owner if it is not free within `timeout` seconds.
        """
        raise NotImplementedError

    def share_lock(self, connection: OpenConnection, owner: str, timeout: float) -> AbstractContextManager[None]:
        """Hold the lock for the purpose DATABASE with others, where each project has a deploy lock of its own.

        Raises LockedError as `lock` does, which takes it for one alone.
        """
        return nullcontext()

    def deploy_lock(self, project: str) -> str:
        """Return the purpose of a project's deploy lock, where the database has one for each."""
        return f"{DEPLOY} {project}" if project and self.locks_projects else DEPLOY

    def lock_holder(self, connection: OpenConnection, purpose: str = DEPLOY) -> Holder | None:
        """Return who holds the database's lock for a purpose, without taking it; None where nobody does."""
        raise NotImplementedError

    def database_identity(self, connection: OpenConnection) -> Identity:
        """Return what the server says of itself and the database; a copy elsewhere has another server or name."""
        server, name, release = connection.query(self.identity_sql)[0]
        return Identity(str(server or ""), str(name or ""), f"{self.title} {release}")

    def lock_file(self, database: str, owner: str, timeout: float) -> AbstractContextManager[None]:
        """Hold the deploy lock of a database that is a file, also while there is none; others are locked inside."""
        return nullcontext()

    def file_identity(self, database: str) -> object:
        """Return what tells the file of a database from one that has taken its place; None for no file."""
        return None

    def object_exists(self, connection: OpenConnection, definition: Definition) -> bool:
        """Return whether an object exists; True where the server says so by itself when a missing one is dropped."""
        return True

    def query_catalog(self, connection: OpenConnection, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query of the catalog, with these settings, in as few round trips as the server lets."""
        with self.reading_catalog(connection):
            return connection.query(sql)

    def reading_catalog(self, connection: OpenConnection) -> AbstractContextManager[None]:
        """Surround a query of the catalog with the settings of the session that its texts depend on."""
        return nullcontext()

    def foreign_keys(self, connection: OpenConnection) -> list[tuple[Name, Name]]:
        """List (child, parent) for every foreign key of the database."""
        rows = connection.query(self.foreign_keys_sql) if self.foreign_keys_sql else []
        return [(Name(*row[:2]), Name(*row[2:])) for row in rows]


class Dialect(Naming, Connecting, Running, Administration):
    """One database, with the defaults that most of them share. Subclass it and announce it by an entry point."""


def _address(host: str | None, port: int | None, database: str | None) -> str:
    return f"{host or ''}{f':{port}' if port else ''}/{database or ''}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
