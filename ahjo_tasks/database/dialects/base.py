"""What a database must say of itself. Small differences are attributes, large ones methods."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ahjo_tasks.database.drivers import check
from ahjo_tasks.errors import ConfigError, ServerError, StatementError
from ahjo_tasks.sql.definitions import Definition, Name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy.engine import URL, Engine
    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.drivers import Driver, DriverState
    from ahjo_tasks.sql.lexer import Syntax
    from ahjo_tasks.sql.splitters import Splitter


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


DEPLOY = "deploy"
"""What the lock is for that all changes of the database take."""

LOCK_WAIT = "Another session holds a lock that this statement needs; lock_timeout in the config says how long to wait."

INFORMATION = ("server", "login", "database", "collation", "version")
FACTS = ("Login", "Host", "Database", "Version", "Edition")


@dataclass(frozen=True)
class ConnectFailure:
    """Why a connection failed. `wait` is whether trying again later can help."""

    message: str
    hint: str | None = None
    wait: bool = False
    missing_database: bool = False


def lost(reason: str) -> ServerError:
    """The connection broke while a statement ran."""
    return ServerError(f"The connection to the server was lost: {reason}", lost=True)


def named(names: Sequence[str], row: Sequence[object]) -> dict[str, str]:
    """The values of a row by these names, but for NULLs."""
    return {name: str(value) for name, value in zip(names, row, strict=True) if value is not None}


def differing(what: str, found: str | None, key: str, wanted: str | None) -> list[str]:
    """A warning where a database is not as a key of the config says."""
    if not wanted or not found or wanted.lower() == found.lower():
        return []
    return [f"The {what} of the database is {found}; {key} says {wanted}."]


@dataclass(frozen=True)
class ProjectTemplate:
    """The files and the config that `init-project` creates for a database.

    `folder` is one of `project_template`, or an absolute path; `requirement` is what pip installs. `port` is the usual
    one, None for a database that is a file; `query` becomes `sqla_url_query_map` with `note` as its comment.
    """

    folder: str
    requirement: str
    port: int | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


class OpenConnection(Protocol):
    """What dialects use of `ahjo_tasks.database.connection.Connection`, which itself is built on a dialect."""

    on_message: Callable[[ServerMessage], None]

    @property
    def dialect(self) -> Dialect:
        """The dialect of the server."""

    @property
    def database_name(self) -> str:
        """The database that the connection was made to."""

    @property
    def in_shared_transaction(self) -> bool:
        """Whether one transaction lasts until the connection is closed."""

    @property
    def transactional(self) -> bool:
        """Whether what runs now can be rolled back."""

    @property
    def changed(self) -> bool:
        """Whether anything was run that could have changed the database."""

    @property
    def usable(self) -> bool:
        """Whether the connection is still open."""

    def execute(self, text: str) -> int:
        """Run one batch and return how many rows it changed. Raises StatementError."""

    def result_sets(self, text: str) -> list[Any]:
        """Run one batch and return every result set that has columns. Raises StatementError."""

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Run one batch and return the rows of its first result set. Raises StatementError."""

    def try_execute(self, text: str) -> str | None:
        """Run a batch that may fail; return the server's reason when it did."""

    def messages_to(self, listener: Callable[[ServerMessage], None]) -> AbstractContextManager[None]:
        """Send messages to another listener meanwhile."""


class Dialect:
    """One database, with the defaults that most of them share."""

    name: ClassVar[str]
    title: ClassVar[str]
    default_driver: ClassVar[str]
    drivers: ClassVar[tuple[Driver, ...]] = ()
    """Those that are known to work or at least to load, the usual one first."""
    tools: ClassVar[tuple[str, ...]] = ()
    """The server's own programs, as they are called on PATH."""
    syntax: ClassVar[Syntax]
    splitter: ClassVar[Splitter]
    """How scripts are split into batches, each of which is one call."""
    batch_is_statement: ClassVar[bool] = False
    statement_splitter: ClassVar[Splitter | None] = None
    """The splitter of files that cannot run in a transaction, where a batch is one transaction by itself."""
    needs_login: ClassVar[bool] = True
    file_based: ClassVar[bool] = False
    """Whether the database is a file, whose path `target_database_name` is; it has no server and no port then."""
    writer: ClassVar[str] = "ahjo_tasks.data.writers:Writer"
    """`module:class` of the `Writer` that loads data files."""
    descriptions: ClassVar[str | None] = None
    """`module:class` of the `DescriptionStore`; None where objects cannot have descriptions."""
    refresh_step: ClassVar[str | None] = None
    """`module:class` of the step that refreshes modules after changes of tables; None where none need it."""
    login_step: ClassVar[str | None] = None
    """`module:class` of the step of create-db-login; None where logins are not created."""
    supports_sqlcmd: ClassVar[bool] = False
    """Whether Microsoft's sqlcmd can run the permission files, and scripts may have its directives."""
    project_template: ClassVar[ProjectTemplate | None] = None
    render_as_batch: ClassVar[bool] = False
    """Whether autogenerated migrations rebuild tables that ALTER TABLE cannot change (Alembic's `render_as_batch`)."""
    default_schema: ClassVar[str | None] = None
    bookkeeping_schema: ClassVar[str | None] = None
    """Where tables of our own and of Alembic are without a schema in the config; None leaves it to the login."""
    maintenance_database: ClassVar[str | None] = None
    system_databases: ClassVar[frozenset[str]] = frozenset()
    supports_use_database: ClassVar[bool] = False
    """Whether a connection may go from one database to another, by USE."""
    unsupported_kinds: ClassVar[frozenset[str]] = frozenset({"assembly", "clr-procedure"})
    late_binding: ClassVar[frozenset[str]] = frozenset({"procedure"})
    transactional_ddl: ClassVar[bool] = True
    implicit_transaction_per_call: ClassVar[bool] = False
    single_writer: ClassVar[bool] = False
    begin: ClassVar[str] = "BEGIN"
    commit: ClassVar[str] = "COMMIT"
    rollback: ClassVar[str] = "ROLLBACK"
    savepoint: ClassVar[str] = "SAVEPOINT ahjo_apart"
    rollback_to_savepoint: ClassVar[str] = "ROLLBACK TO SAVEPOINT ahjo_apart"
    savepoint_survives_error: ClassVar[bool] = True
    """Whether an error behind a savepoint leaves the transaction as it was there."""
    allows_nul: ClassVar[bool] = False
    implicit_commit_statement: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")
    """What a statement begins with that ends the transaction it is in."""

    # -- names -----------------------------------------------------------------------------------------------------

    def normalize_name(self, name: str) -> str:
        """The name as names are compared."""
        return name.lower()

    def quote(self, *parts: str | None) -> str:
        """A dotted name, each part quoted."""
        return ".".join('"' + part.replace('"', '""') + '"' for part in parts if part)

    def column_names(self, connection: SAConnection, table: str, schema: str | None) -> list[str]:
        """The columns of a table, none where it is missing."""
        from sqlalchemy import inspect

        inspector = inspect(connection)
        found = inspector.get_columns(table, schema=schema) if inspector.has_table(table, schema=schema) else ()
        return [str(column["name"]) for column in found]

    def quote_literal(self, text: str) -> str:
        """A string literal."""
        return "'" + text.replace("'", "''") + "'"

    def drop_statement(self, made: Definition, text: str = "") -> str:
        """The statement that drops what a file of this text created."""
        keyword = made.kind.upper()
        return f"DROP {keyword} IF EXISTS {self.quote(made.name.schema, made.name.name)}"

    # -- connecting ------------------------------------------------------------------------------------------------

    def drivername(self, settings: Settings) -> str:
        """SQLAlchemy's name of dialect and driver; the config's own where it names a driver."""
        return settings.sql_dialect if "+" in settings.sql_dialect else self.default_driver

    def url(self, settings: Settings, username: str | None, password: str | None) -> URL:
        """The URL of the target database."""
        from sqlalchemy.engine import URL, make_url

        if settings.sqlalchemy_url:
            given = make_url(settings.sqlalchemy_url.reveal())
            return given if "+" in given.drivername else given.set(drivername=self.default_driver)
        return URL.create(
            self.drivername(settings),
            username=username or None,
            password=password or None,
            host=settings.target_server_hostname,
            port=settings.sql_port or None,
            database=settings.target_database_name,
            query=self.query(settings),
        )

    def server_url(self, url: URL) -> URL:
        """The URL of the database that others are created from."""
        return url.set(database=self.maintenance_database)

    def check_driver(self, driver: Driver) -> DriverState:
        """Whether the driver is installed and loads."""
        return check(driver)

    def system_drivers(self) -> list[DriverState]:
        """What a driver of Python goes through that is installed apart from it, as ODBC drivers are."""
        return []

    def query(self, settings: Settings) -> Mapping[str, str]:
        """The query items of the URL."""
        return {key: str(value) for key, value in settings.sqla_url_query_map.items()}

    connect_defaults: ClassVar[Mapping[str, Any]] = {}

    def engine_options(self, settings: Settings) -> dict[str, Any]:
        """Options of `create_engine`; the config's own win."""
        given = settings.sqlalchemy
        return {**given, "connect_args": {**self.connect_defaults, **given.get("connect_args", {})}}

    def resolve_url(self, url: URL, directory: Path) -> URL:
        """The URL, with a database that is a file of the project looked for in the project's folder."""
        return url

    def register_events(self, engine: Engine, settings: Settings) -> None:
        """Listen to what the engine does, where the database needs something done at that moment."""

    def database_name(self, settings: Settings) -> str:
        """The name of the target database. Raises ConfigError when the config names none."""
        name = self.url(settings, None, None).database
        if not name:
            raise ConfigError("The config names no database.", hint="Set target_database_name.")
        return name

    def display_target(self, settings: Settings) -> str:
        """Server and database, for people."""
        url = self.url(settings, None, None)
        return self.address(url if url.host else url.set(host="localhost"))

    def address(self, url: URL) -> str:
        """Server, port and database of a URL."""
        port = f":{url.port}" if url.port else ""
        return f"{url.host or ''}{port}/{url.database or ''}"

    def connection_notice(self, url: URL, settings: Settings) -> str:
        """What the user should know about how the connection is made; empty for nothing."""
        return ""

    def precheck_connect(self, url: URL) -> ConnectFailure | None:
        """Why there is no use in trying to connect; None to try."""
        return None

    def on_connect(self, raw: Any) -> None:
        """Set up a new driver connection."""

    def set_lock_timeout(self, raw: Any, seconds: int) -> None:
        """Have the server refuse a statement that waits longer than this for a lock on a table or another object."""

    def set_autocommit(self, raw: Any, on: bool) -> None:
        """Let the driver leave transactions alone (on), or begin them by itself (off)."""
        raw.autocommit = on

    def classify_connect_error(self, error: Exception) -> ConnectFailure:
        """Why the connection failed, in a sentence."""
        return ConnectFailure(_first_line(error))

    # -- running ---------------------------------------------------------------------------------------------------

    def subscribe_messages(self, raw: Any, say: Callable[[ServerMessage], None]) -> None:
        """Have the server's messages (NOTICE, PRINT) handed to `say` as they come."""

    def messages(self, cursor: Any) -> list[ServerMessage]:
        """The messages that came with the cursor's current result."""
        return []

    def error_messages(self, error: Exception) -> list[ServerMessage]:
        """The messages that came with an error and not before it."""
        return []

    def execute(self, cursor: Any, text: str) -> None:
        """Send the text as it is; no character of it is a parameter. A driver would end it silently at a NUL."""
        if "\0" in text and not self.allows_nul:
            raise StatementError(ServerError("The text holds a NUL character, which the driver takes for its end."))
        cursor.execute(text)

    def streaming_cursor(self, raw: Any, size: int) -> Any:
        """A cursor that leaves the rows with the server until `fetchmany` asks for `size` of them."""
        return raw.cursor()

    def concatenate_batches(self, texts: Iterable[str]) -> str:
        """The text of one call that does what each text would do, all or nothing."""
        raise NotImplementedError

    def interrupt(self, cursor: Any) -> None:
        """End the cursor's statement from another thread, where the driver does not hear Ctrl-C while it waits."""

    def drain(self, cursor: Any) -> None:
        """Go to the end of rows that nobody wants, where an error among them is told only to who does so."""

    def next_result(self, cursor: Any) -> bool:
        """Go to the next result of the batch, if there is one."""
        return bool(cursor.nextset())

    def server_error(self, error: Exception, text: str) -> ServerError:
        """What the server said, and where in the text."""
        return ServerError(_first_line(error))

    def is_dependency_error(self, error: ServerError) -> bool:
        """Whether the server keeps an object that was to be dropped, because others use it."""
        return False

    def locate_error(
        self, connection: OpenConnection, text: str, error: ServerError, before: Sequence[str] | None = ()
    ) -> ServerError:
        """The error with its place in the text, where the server must be asked for it; what ran is rolled back.

        `before` are the batches that ran in the same transaction; with None, nothing may be run again to find out.
        """
        return error

    def non_transactional_statement(self, text: str) -> str:
        """Name the first statement of a script that cannot run in a transaction; empty where there is none.

        Raises SourceError where the splitter does.
        """
        return ""

    def batchable(self, text: str) -> bool:
        """Test whether a script may be sent in one call with others, where a call is a transaction."""
        return False

    @contextmanager
    def preserve_session_settings(self, connection: OpenConnection, texts: Sequence[str]) -> Iterator[None]:
        """Run the batches of one file inside; what they set for the session is set back behind them."""
        yield

    # -- the database itself ---------------------------------------------------------------------------------------

    def exists(self, connection: OpenConnection, database: str) -> bool:
        """Whether the server has the database. `connection` leads to the server's own database."""
        raise NotImplementedError

    def drop_database(self, connection: OpenConnection, database: str) -> None:
        """Close the database's sessions and drop it."""
        raise NotImplementedError

    def create_database(self, connection: OpenConnection, database: str, settings: Settings) -> list[str]:
        """Create the database; returns warnings about settings that the server refused."""
        raise NotImplementedError

    def server_info(self, connection: OpenConnection, settings: Settings) -> tuple[dict[str, str], list[str]]:
        """What a user should see before the database is changed: facts by name, and warnings."""
        if not self.information_sql:
            return {}, []
        facts = named(INFORMATION, connection.query(self.information_sql)[0])
        return facts, differing("collation", facts.get("collation"), "database_collation", settings.database_collation)

    information_sql: ClassVar[str] = ""

    @contextmanager
    def around_migrations(self, connection: OpenConnection) -> Iterator[Callable[[], str]]:
        """Surround migrations. Yields a check for the end of each one, which says in a sentence what is wrong."""
        yield lambda: ""

    def lock(
        self, connection: OpenConnection, name: str, timeout: float, of: str = DEPLOY
    ) -> AbstractContextManager[None]:
        """Hold the lock of deploying, or `of` something else. `name` is who holds it, told to others.

        Raises LockedError with the owner when it is not free within `timeout` seconds.
        """
        raise NotImplementedError

    def foreign_keys(self, connection: OpenConnection) -> list[tuple[Name, Name]]:
        """(child, parent) for every foreign key of the database."""
        return [(Name(*row[:2]), Name(*row[2:])) for row in connection.query(self.foreign_keys_sql)]

    foreign_keys_sql: ClassVar[str] = ""
    facts_sql: ClassVar[str] = ""

    def connection_facts(self, connection: OpenConnection) -> dict[str, str]:
        """Login, host, database, version and edition, as the server says."""
        return named(FACTS, connection.query(self.facts_sql)[0])


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
