"""Create engines, connect with retries, and hold the deploy lock."""

from __future__ import annotations

import getpass
import itertools
import os
import socket
import time
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from ahjo_tasks.database.connection import Connection, Link
from ahjo_tasks.database.dialects.base import DATABASE, ConnectFailure, DriverCall
from ahjo_tasks.database.drivers import DriverError, refuse
from ahjo_tasks.database.interrupts import CursorRegistry
from ahjo_tasks.database.stalls import ANSWER_LOST, UNREACHABLE, Limits, Server, StatementWatch
from ahjo_tasks.errors import ConfigError, ConnectionFailedError, LockedError, StatementError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy.engine import URL, Engine
    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import Dialect


RETRIES = 20
"""Number of tries to connect to a server that answers and does not let anybody in yet."""
LOOK = 1.0
"""Seconds between two looks, while a run waits for a lock, whether it is to stop."""
HOW_TO_WAIT = "To wait for a server that is still starting, set connect_retry_count and connect_retry_interval."


class CredentialProvider(Protocol):
    """Source of the user name and the password."""

    def password_for_new_login(self, environ: Mapping[str, str]) -> str | None:
        """Return the password of the login that `create-db-login` creates, None to generate one."""

    def login(self) -> tuple[str | None, str | None]:
        """Return user name and password, None for what there is not."""

    def absent_files(self) -> list[Path]:
        """List the files that should hold the login, and do not exist."""

    def keep(self) -> None:
        """Store what the user typed, for the login worked."""


class Reporter(Protocol):
    """Receiver of warnings and notes for the user."""

    def warning(self, text: str) -> None:
        """Print a warning."""

    def info(self, text: str) -> None:
        """Print an informational note, once per run."""


class Database:
    """The database of a config: connects when `connection` is first used, and can connect again after `close`.

    One that is `missing` has a name and a login, and no connection: in a dry run, `init` would create it.
    """

    def __init__(  # noqa: PLR0913 - the parts of a connection
        self,
        settings: Settings,
        dialect: Dialect,
        credentials: CredentialProvider,
        directory: Path,
        reporter: Reporter,
        *,
        missing: bool = False,
    ) -> None:
        self.settings = settings
        self.dialect = dialect
        self.directory = directory
        self.missing = missing
        self.credentials = credentials
        self._reporter = reporter
        self._connection: Connection | None = None
        self._lock: ExitStack | None = None
        self._file: object = None
        self._cursors = CursorRegistry(self._make_watch())
        self.on_connect: Callable[[], None] = lambda: None
        self.describe_run: Callable[[Connection], str] = lambda _connection: ""
        """Returns a sentence about the run that holds the deploy lock, after a space; empty where it is not known."""
        self.cover: Callable[[str], str] = lambda text: text
        """Covers the secrets in a text that is cut before it is shown."""

    @cached_property
    def url(self) -> URL:
        """URL of the target database, with the login."""
        username, password = (None, None) if self.settings.sqlalchemy_url else self.credentials.login()
        url = self.dialect.url(self.settings, username, password)
        return url.set(database=self.dialect.database_path(url.database, self.directory)) if url.database else url

    @cached_property
    def _driver_call(self) -> DriverCall | None:
        """The call that connects without SQLAlchemy; None where that is needed."""
        if self._shares_transaction or not self.dialect.has_plain_keys(self.settings):
            return None
        return self.dialect.driver_call(self.settings, *self.credentials.login(), self.directory)

    @cached_property
    def engine(self) -> Engine:
        """SQLAlchemy's engine of the target database, without a pool."""
        return self._make_engine(self.url)

    @property
    def _way(self) -> Engine | DriverCall:
        """Driver call or engine that connects to the target database."""
        return self._driver_call or self.engine

    def _way_to_server(self) -> Engine | DriverCall:
        """Return what connects to the database from which others are created and dropped."""
        if self._driver_call:
            return self.dialect.server_call(self._driver_call)
        return self._make_engine(self.dialect.server_url(self.url))

    @property
    def name(self) -> str:
        """Name of the target database."""
        return self._driver_call.database if self._driver_call else str(self.url.database)

    @property
    def login(self) -> str:
        """User name of the login; empty where the operating system's user logs in."""
        return (self.credentials.login()[0] if self._driver_call else self.url.username) or ""

    @property
    def is_connected(self) -> bool:
        """True if `connection` is open."""
        return self._connection is not None

    @property
    def connection(self) -> Connection:
        """The open connection, which the first use opens. Raises ConnectionFailedError."""
        if self.missing:
            raise ConnectionFailedError(f"{self.name}: the dry run did not create it.", missing_database=True)
        if self._connection is None:
            self._file = self.dialect.file_identity(self.name)
            self._connection = self._connect(self._way, shared=self._shares_transaction)
            self.on_connect()
        return self._connection

    @contextmanager
    def server_connection(self) -> Iterator[Connection]:
        """Connect to the maintenance database, to create and drop others; `connection` is closed before."""
        self.close(keep=True)
        connection = self._connect(self._way_to_server(), shared=False)
        try:
            yield connection
        finally:
            connection.close(keep=True)

    @contextmanager
    def new_connection(self) -> Iterator[Connection]:
        """Open a second connection to the target database, closed at the end of the block."""
        connection = self._connect(self.engine, shared=False)
        try:
            yield connection
        finally:
            connection.close(keep=True)

    @contextmanager
    def separate_connection(self) -> Iterator[Connection]:
        """Lend a connection whose work is kept when the transaction that the whole action shares is rolled back."""
        if not self.connection.in_shared_transaction or self.dialect.single_writer:
            yield self.connection
            return
        with self.new_connection() as connection:
            yield connection

    @contextmanager
    def locked_connection(self) -> Iterator[Connection]:
        """Lend `connection` with the deploy lock held. Raises LockedError when another run holds it.

        A transaction that the whole action shares is committed when the connection closes, and the lock is kept for
        as long.
        """
        connection = self.connection
        if self._lock is not None:
            yield connection
            return
        with ExitStack() as lock:
            lock.enter_context(self._deploy_lock(connection))
            connection = self._of_present_file(connection)
            self._lock = lock.pop_all()
        try:
            yield connection
        finally:
            if not connection.in_shared_transaction:
                self._unlock()

    def _of_present_file(self, connection: Connection) -> Connection:
        """Return the connection, or a new one where another run has replaced the file since it was made.

        Raises LockedError where the connection has changed something in the file that is gone.
        """
        if self.dialect.file_identity(self.name) == self._file:
            return connection
        if connection.changed and connection.in_shared_transaction:
            raise LockedError(
                f"{self.name} was recreated by another run in the meantime.", hint="Run the action again."
            )
        self._connection = None
        connection.close(keep=False)
        return self.connection

    @contextmanager
    def locked(self, purpose: str) -> Iterator[None]:
        """Hold a lock other than the deploy lock, on a second connection. Raises LockedError if it is not free."""
        with self.new_connection() as connection, self.dialect.lock(connection, lock_owner(), 0, purpose):
            yield

    def may_exist(self) -> bool:
        """Ask the server once whether the target database exists; True where it does not answer."""
        try:
            connection = self._connect_once(self._way_to_server(), shared=False)
        except ConnectionFailedError:
            return True
        try:
            return self.dialect.exists(connection, self.name)
        except StatementError:
            return True
        finally:
            connection.close(keep=True)

    @contextmanager
    def file_locked(self) -> Iterator[None]:
        """Hold the deploy lock of a database that is a file, while it is dropped and created; see `lock_before_drop`.

        Raises LockedError when another run holds it.
        """
        with self._waiting_lock(lambda timeout: self.dialect.lock_file(self.name, lock_owner(), timeout)):
            yield

    @contextmanager
    def lock_before_drop(self, server: Connection) -> Iterator[Connection | None]:
        """Lend a connection to the target database with the deploy lock held, so that it can be dropped.

        The lock of a database that is a file is left to `file_locked`.

        It is the `server` connection itself where USE takes it there, and None where the database lets nobody in.
        Raises LockedError when another run holds the deploy lock.
        """
        with ExitStack() as stack:
            connection = stack.enter_context(self.enter_target(server))
            if connection is not None and not self.dialect.file_based:
                stack.enter_context(self._deploy_lock(connection, alone=True))
            yield connection

    def _deploy_lock(self, connection: Connection, *, alone: bool = False) -> AbstractContextManager[None]:
        """Hold the deploy lock of the project, or `alone` those of all projects in the database."""

        def describe() -> str:
            text = self.describe_run(connection)
            if connection.in_shared_transaction and not connection.changed:
                connection.begin_again()  # who waits keeps no snapshot of the database
            return text

        @contextmanager
        def lock(timeout: float) -> Iterator[None]:
            with ExitStack() as locks:
                if not alone:
                    locks.enter_context(self.dialect.share_lock(connection, lock_owner(), timeout))
                elif self.dialect.locks_projects:
                    locks.enter_context(self.dialect.lock(connection, lock_owner(), timeout, DATABASE))
                locks.enter_context(self.dialect.lock(connection, lock_owner(), timeout, self.lock_purpose))
                yield

        return self._waiting_lock(lock, describe)

    @property
    def lock_purpose(self) -> str:
        """Purpose of the project's deploy lock."""
        return self.dialect.deploy_lock(self.settings.project)

    @contextmanager
    def _waiting_lock(
        self, lock: Callable[[float], AbstractContextManager[None]], describe: Callable[[], str] = lambda: ""
    ) -> Iterator[None]:
        """Hold a lock; report its owner before waiting for it."""
        timeout = self.settings.lock_timeout
        with ExitStack() as stack:
            try:
                stack.enter_context(lock(0))
            except LockedError as error:
                if timeout <= 0:
                    raise
                self._reporter.warning(f"{error.message}{describe()} Waiting {timeout} s at most.")
                self._wait_for(lock, timeout, stack)
            yield

    def _wait_for(
        self, lock: Callable[[float], AbstractContextManager[None]], timeout: float, stack: ExitStack
    ) -> None:
        """Take a lock as soon as it is free, and look meanwhile if the run is to stop. Raises LockedError."""
        deadline = time.monotonic() + timeout
        while True:
            self._cursors.check()
            left = deadline - time.monotonic()
            with suppress(LockedError) if left > LOOK else nullcontext():
                stack.enter_context(lock(max(0, min(left, LOOK))))
                return

    @contextmanager
    def enter_target(self, server: Connection) -> Iterator[Connection | None]:
        """Lend a connection to the target database: the `server` connection where USE takes it there.

        None where the database lets nobody in.
        """
        quote = self.dialect.quote
        if self.dialect.supports_use_database and server.try_execute(f"USE {quote(self.name)}") is None:
            try:
                yield server
            finally:
                server.try_execute(f"USE {quote(self.dialect.maintenance_database)}")
            return
        try:
            connection = self._connect_once(self._way, shared=False)
        except ConnectionFailedError:
            yield None
            return
        try:
            yield connection
        finally:
            connection.close(keep=True)

    def _make_watch(self) -> StatementWatch:
        settings = self.settings
        asks = not self.dialect.file_based and not settings.azure_authentication  # whose login may ask the user
        limits = Limits(settings.statement_timeout, settings.stall_timeout if asks else 0, settings.connect_timeout)
        return StatementWatch(limits, Server(self._cancel, self._find_stall, self._reporter.warning))

    def _cancel(self, cursor: Any) -> None:
        """Have the server cancel the cursor's statement, by another connection where that takes one."""
        statement = self.dialect.cancel_statement(cursor.connection)
        if not statement:
            self.dialect.interrupt(cursor)
            return
        connection = self._connect_once(self.engine, shared=False)
        try:
            connection.execute(statement)
        finally:
            connection.close(keep=True)

    def _find_stall(self, raw: Any) -> str:
        """Ask by another connection why one does not answer; return an empty text where its statement goes on."""
        try:
            connection = self._connect_once(self.engine, shared=False)
        except ConnectionFailedError as error:
            return UNREACHABLE if error.silent else ""
        try:
            return ANSWER_LOST if self.dialect.is_idle(connection, raw) else ""
        finally:
            connection.close(keep=True)

    def interrupt(self) -> None:
        """Cancel the running statements of all connections; called from another thread."""
        self._cursors.interrupt(self.dialect.interrupt)

    def stop_when(self, is_stopped: Callable[[], bool]) -> None:
        """Have the run end with StoppedError at the next safe boundary once this returns True."""
        self._cursors.is_stopped = is_stopped

    def mark_interrupted(self) -> None:
        """Have the running statements raise KeyboardInterrupt at their end, whatever the driver raises."""
        self._cursors.mark_interrupted()

    def close(self, *, keep: bool) -> None:
        """Close the connection; see `Connection.close`."""
        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close(keep=keep)
        finally:
            self._unlock()

    def _unlock(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()

    @property
    def _shares_transaction(self) -> bool:
        settings = self.settings
        return settings.context_connectable_type == "connection" and settings.transaction_mode == "begin_once"

    def _make_engine(self, url: URL) -> Engine:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError
        from sqlalchemy.pool import NullPool

        # A connection is closed after its use, which rolls back what is open; a broken one cannot be reset.
        defaults = {"poolclass": NullPool, "pool_reset_on_return": None, "hide_parameters": True}
        options = {**defaults, **self.dialect.engine_options(self.settings)}
        try:
            self._check_driver(url)
            engine = create_engine(url, **options)
        except ModuleNotFoundError as error:
            raise DriverError(
                f"The driver {url.get_driver_name()} is not installed.",
                hint=f"Install the package that brings the module {error.name}.",
            ) from None
        except ImportError as error:
            raise DriverError(f"The driver {url.get_driver_name()} does not load: {error}") from None
        except NoSuchModuleError:
            known = ", ".join(driver.name for driver in self.dialect.drivers)
            raise DriverError(
                f"SQLAlchemy has no driver {url.get_driver_name()} for {self.dialect.title}.",
                hint=f"sql_dialect: {self.dialect.name}, or with one of: {known}.",
            ) from None
        except (ArgumentError, TypeError) as error:
            raise ConfigError(f"SQLAlchemy refuses the connection settings: {error}") from None
        self.dialect.register_events(engine, self.settings)
        self._cursors.listen(engine, streams_rows=self.dialect.streams_rows)
        _close_quietly(engine)
        notice = self.dialect.connection_notice(url, self.settings)
        if notice:
            self._reporter.info(notice)
        return engine

    def _check_driver(self, url: URL) -> None:
        """Raise DriverError for a driver that does not load, and for one that is asynchronous."""
        name = url.get_driver_name()
        if url.get_dialect().is_async:
            raise DriverError(
                f"{name} is an asynchronous driver; those are not supported.",
                hint=f"sql_dialect: {self.dialect.default_driver}.",
            )
        driver = next((driver for driver in self.dialect.drivers if driver.name == name), None)
        if driver and (state := self.dialect.check_driver(driver)).problem:
            raise refuse(state)

    def _connect(self, way: Engine | DriverCall, *, shared: bool) -> Connection:
        """Connect, with the retries of the config where waiting can help."""
        settings = self.settings
        count, pause = settings.connect_retry_count, settings.connect_retry_interval
        attempts = max(RETRIES if count is None else count, 1) if settings.connect_resiliently else 1
        for attempt in itertools.count(1):
            try:
                return self._connect_once(way, shared=shared)
            except ConnectionFailedError as error:
                if error.silent and (count is None or not settings.connect_resiliently):
                    error.hint = f"{error.hint or ''} {HOW_TO_WAIT}".strip()
                    raise
                if not error.wait or attempt >= attempts:
                    raise
                self._reporter.warning(
                    f"{error.message.rstrip('.')}. Trying again in {pause} s ({attempt}/{attempts})."
                )
                time.sleep(pause)
        raise AssertionError  # the loop has no end

    def _connect_once(self, way: Engine | DriverCall, *, shared: bool) -> Connection:
        try:
            result = self._open(way, shared=shared)
        except StatementError as error:
            result = ConnectFailure(error.message)
        except OSError as error:  # as of a certificate that is none, which drivers do not translate
            result = ConnectFailure(f"A file of the connection settings cannot be used: {error}")
        if isinstance(result, Connection):
            return result
        known = result.silent or result.missing_database
        absent = [] if known else [f"{path} does not exist." for path in self.credentials.absent_files()]
        url = self.url.set(database=way.database) if isinstance(way, DriverCall) else way.url
        raise ConnectionFailedError(
            f"{self.dialect.address(url)}: {result.message}",
            hint=" ".join([*absent, result.hint or ""]).strip() or None,
            wait=result.wait,
            silent=result.silent,
            missing_database=result.missing_database,
        )

    def _open(self, way: Engine | DriverCall, *, shared: bool) -> Connection | ConnectFailure:
        link = self._call_driver(way) if isinstance(way, DriverCall) else self._connect_engine(way)
        if isinstance(link, ConnectFailure):
            return link
        try:
            return self._set_up(link, shared=shared)
        except link.error as error:
            return self.dialect.classify_connect_error(error)

    def _call_driver(self, call: DriverCall) -> Link | ConnectFailure:
        """Connect without SQLAlchemy, which takes the connection over when something needs it."""
        state = self.dialect.check_driver(self.dialect.drivers[0])
        if state.problem:
            raise refuse(state)
        if (failure := self.dialect.precheck_file(call.database)) is not None:
            return failure
        module = import_module(call.module)
        try:
            raw = module.connect(**call.arguments)
        except module.Error as error:
            return self.dialect.classify_connect_error(error)
        return Link(raw, call.database, module.Error, lambda: self._adopt(raw), raw.close)

    def _adopt(self, raw: Any) -> SAConnection:
        """Have SQLAlchemy use a connection of the driver as if it had made it."""
        from sqlalchemy import event

        waiting = [raw]

        def lend(*_arguments: object) -> Any:
            return waiting.pop() if waiting else None  # a second connection is made by SQLAlchemy

        dialect: Any = self.engine.dialect
        roll_back = dialect.do_rollback
        event.listen(self.engine, "do_connect", lend)
        if self.dialect.transaction_state(raw) == "open":
            dialect.do_rollback = _leave_open  # SQLAlchemy rolls back after its first look, also what was done before
        try:
            return self.engine.connect()
        finally:
            dialect.do_rollback = roll_back
            event.remove(self.engine, "do_connect", lend)

    def _connect_engine(self, engine: Engine) -> Link | ConnectFailure:
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        failure = self.dialect.precheck_file(engine.url.database or "") or self.dialect.precheck_connect(engine.url)
        if failure is not None:
            return failure
        try:
            sa_connection = engine.connect()
        except DBAPIError as error:
            return self.dialect.classify_connect_error(error.orig if isinstance(error.orig, Exception) else error)
        except SQLAlchemyError as error:
            return ConnectFailure(f"The connection broke while it was opened: {error}", wait=True)
        except ImportError as error:
            raise DriverError(f"The driver {engine.driver} does not load: {error}") from None
        except engine.dialect.loaded_dbapi.Error as error:
            return self.dialect.classify_connect_error(error)
        raw, driver_error = sa_connection.connection.dbapi_connection, engine.dialect.loaded_dbapi.Error
        return Link(raw, str(engine.url.database), driver_error, lambda: sa_connection, sa_connection.close)

    def _set_up(self, link: Link, *, shared: bool) -> Connection:
        try:
            self.dialect.set_lock_timeout(link.raw, self.settings.lock_timeout)
            self.credentials.keep()
            opened = Connection(link, self.dialect, self._cursors, shared=shared)
        except BaseException:
            link.raw.close()
            raise
        opened.cover = self.cover
        return opened


def _leave_open(_raw: object) -> None:
    """Leave a transaction of the driver's connection as it is."""


def _close_quietly(engine: Engine) -> None:
    """Have SQLAlchemy's pool say nothing of a connection that is closed already, as one that broke.

    It would log what the driver says, with a traceback.
    """
    close, error = engine.dialect.do_close, engine.dialect.loaded_dbapi.Error

    def close_quietly(dbapi_connection: Any) -> None:
        with suppress(error):
            close(dbapi_connection)

    engine.dialect.do_close = close_quietly  # type: ignore[method-assign]


def lock_owner() -> str:
    """Describe this process to others who want its lock: user, machine and process id."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user} on {socket.gethostname()} (pid {os.getpid()})"
