"""The way from a config to a database: engines, connecting with patience, and the deploy lock."""

from __future__ import annotations

import getpass
import itertools
import os
import socket
import time
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from ahjo_tasks.database.connection import Connection
from ahjo_tasks.database.dialects.base import ConnectFailure
from ahjo_tasks.database.drivers import DriverError, refuse
from ahjo_tasks.database.interrupts import CursorRegistry
from ahjo_tasks.errors import ConfigError, ConnectionFailedError, LockedError, StatementError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy.engine import URL, Engine
    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import Dialect


class CredentialProvider(Protocol):
    """Where user names and passwords come from."""

    def password_for_new_login(self, environ: Mapping[str, str]) -> str | None:
        """The password of the login that `create-db-login` makes, None to make one up."""

    def login(self) -> tuple[str | None, str | None]:
        """User name and password, None where there is none."""

    def keep(self) -> None:
        """Keep for the next time what the user was asked for: the login is right."""


class Reporter(Protocol):
    """Who tells the user."""

    def warning(self, text: str) -> None:
        """Say what may need something done."""

    def info(self, text: str) -> None:
        """Say what is worth knowing, once in a run."""


class Database:
    """The database of a config: connects when `connection` is first used, and can connect again after `close`.

    One that is `missing` has a name and a login, and no connection: in a dry run, `init` would create it.
    """

    def __init__(  # noqa: PLR0913 - what a connection is made of
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
        self._cursors = CursorRegistry()
        self.on_connect: Callable[[], None] = lambda: None

    @cached_property
    def url(self) -> URL:
        """The URL of the target database, with the login."""
        username, password = (None, None) if self.settings.sqlalchemy_url else self.credentials.login()
        return self.dialect.resolve_url(self.dialect.url(self.settings, username, password), self.directory)

    @cached_property
    def engine(self) -> Engine:
        """SQLAlchemy's engine for the target database, without a pool."""
        return self._make_engine(self.url)

    @property
    def name(self) -> str:
        """The name of the target database."""
        return str(self.url.database)

    @property
    def login(self) -> str:
        """The user name that connects."""
        return self.url.username or ""

    @property
    def connection(self) -> Connection:
        """The open connection. Raises ConnectionFailedError when none can be made."""
        if self.missing:
            raise ConnectionFailedError(f"{self.name}: the dry run did not create it.", missing_database=True)
        if self._connection is None:
            self._connection = self._open(self.engine, shared=self._shares)
            self.on_connect()
        return self._connection

    @contextmanager
    def server_connection(self) -> Iterator[Connection]:
        """A connection to the server's own database, to create and drop others from; the target's is closed first."""
        self.close(keep=True)
        connection = self._open(self._make_engine(self.dialect.server_url(self.url)), shared=False)
        try:
            yield connection
        finally:
            connection.close(keep=True)

    @contextmanager
    def new_connection(self) -> Iterator[Connection]:
        """One more connection to the target database, for work beside `connection`."""
        connection = self._open(self.engine, shared=False)
        try:
            yield connection
        finally:
            connection.close(keep=True)

    @contextmanager
    def separate_connection(self) -> Iterator[Connection]:
        """A connection whose work is kept, however a transaction that the whole action shares ends."""
        if not self.connection.in_shared_transaction or self.dialect.single_writer:
            yield self.connection
            return
        with self.new_connection() as connection:
            yield connection

    @contextmanager
    def locked_connection(self) -> Iterator[Connection]:
        """The open connection, holding the deploy lock. Raises LockedError when another run holds it.

        A transaction that the whole action shares is committed when the connection closes, and the lock is kept for
        as long.
        """
        connection = self.connection
        if self._lock is not None:
            yield connection
            return
        with ExitStack() as lock:
            lock.enter_context(self._deploying(connection))
            self._lock = lock.pop_all()
        try:
            yield connection
        finally:
            if not connection.in_shared_transaction:
                self._unlock()

    @contextmanager
    def locked(self, of: str) -> Iterator[None]:
        """Hold a lock beside that of deploying, on a connection of its own. Raises LockedError if it is not free."""
        with self.new_connection() as connection, self.dialect.lock(connection, owner(), 0, of):
            yield

    @contextmanager
    def lock_before_drop(self, server: Connection) -> Iterator[Connection | None]:
        """A way into the target database for whoever is about to drop it, and nobody else changes it meanwhile.

        It is the connection to the `server` where that can go there, and None where the database lets nobody in.
        Raises LockedError when another run holds the deploy lock.
        """
        with ExitStack() as stack:
            connection = stack.enter_context(self._inside(server))
            if connection is not None:
                stack.enter_context(self._deploying(connection))
            yield connection

    @contextmanager
    def _deploying(self, connection: Connection) -> Iterator[None]:
        """The deploy lock; who holds it is said before it is waited for."""
        patience = self.settings.lock_timeout
        with ExitStack() as lock:
            try:
                lock.enter_context(self.dialect.lock(connection, owner(), 0))
            except LockedError as error:
                if patience <= 0:
                    raise
                self._reporter.warning(f"{error.message} Waiting {patience} s at most.")
                lock.enter_context(self.dialect.lock(connection, owner(), patience))
            yield

    @contextmanager
    def _inside(self, server: Connection) -> Iterator[Connection | None]:
        quote = self.dialect.quote
        if self.dialect.supports_use_database and server.try_execute(f"USE {quote(self.name)}") is None:
            try:
                yield server
            finally:
                server.try_execute(f"USE {quote(self.dialect.maintenance_database)}")
            return
        try:
            connection = self._try(self.engine, shared=False)
        except ConnectionFailedError:
            yield None
            return
        try:
            yield connection
        finally:
            connection.close(keep=True)

    def interrupt(self) -> None:
        """End the statements that are running, on whichever connection; called from another thread."""
        self._cursors.interrupt(self.dialect.interrupt)

    def mark_interrupted(self) -> None:
        """Have the statements that are running end in KeyboardInterrupt, whatever their driver makes of it."""
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
    def _shares(self) -> bool:
        settings = self.settings
        return settings.context_connectable_type == "connection" and settings.transaction_mode == "begin_once"

    def _make_engine(self, url: URL) -> Engine:
        from sqlalchemy import create_engine
        from sqlalchemy.exc import ArgumentError, NoSuchModuleError
        from sqlalchemy.pool import NullPool

        # A connection is closed after its use, which rolls back what is open; a broken one cannot be reset.
        quiet = {"poolclass": NullPool, "pool_reset_on_return": None, "hide_parameters": True}
        options = {**quiet, **self.dialect.engine_options(self.settings)}
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
                f"SQLAlchemy knows no driver {url.get_driver_name()} for {self.dialect.title}.",
                hint=f"sql_dialect: {self.dialect.name}, or with one of: {known}.",
            ) from None
        except (ArgumentError, TypeError) as error:
            raise ConfigError(f"SQLAlchemy refuses the connection settings: {error}") from None
        self.dialect.register_events(engine, self.settings)
        self._cursors.listen(engine)
        remark = self.dialect.connection_notice(url, self.settings)
        if remark:
            self._reporter.info(remark)
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

    def _open(self, engine: Engine, *, shared: bool) -> Connection:
        """Connect, again and again where waiting can help, at most as often as the config says."""
        tries = max(self.settings.connect_retry_count, 1) if self.settings.connect_resiliently else 1
        pause = self.settings.connect_retry_interval
        for number in itertools.count(1):
            try:
                return self._try(engine, shared=shared)
            except ConnectionFailedError as error:
                if not error.wait or number >= tries:
                    raise
                self._reporter.warning(f"{error.message} Trying again in {pause} s ({number}/{tries}).")
                time.sleep(pause)
        raise AssertionError  # the loop has no end

    def _try(self, engine: Engine, *, shared: bool) -> Connection:
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        problem = self.dialect.precheck_connect(engine.url)
        if problem is None:
            try:
                return self._through(engine.connect(), shared=shared)
            except DBAPIError as error:
                problem = self.dialect.classify_connect_error(
                    error.orig if isinstance(error.orig, Exception) else error
                )
            except SQLAlchemyError as error:
                problem = ConnectFailure(f"The connection broke while it was made: {error}", wait=True)
            except ImportError as error:
                raise DriverError(f"The driver {engine.driver} does not load: {error}") from None
            except engine.dialect.loaded_dbapi.Error as error:
                problem = self.dialect.classify_connect_error(error)
            except StatementError as error:
                problem = ConnectFailure(error.message)
        raise ConnectionFailedError(
            f"{self.dialect.address(engine.url)}: {problem.message}",
            hint=problem.hint,
            wait=problem.wait,
            missing_database=problem.missing_database,
        )

    def _through(self, connection: SAConnection, *, shared: bool) -> Connection:
        try:
            self.dialect.set_lock_timeout(connection.connection.dbapi_connection, self.settings.lock_timeout)
            self.credentials.keep()
            return Connection(connection, self.dialect, self._cursors, shared=shared)
        except BaseException:
            connection.invalidate()
            connection.close()
            raise


def owner() -> str:
    """Who holds a lock: user, machine and process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user} on {socket.gethostname()} (pid {os.getpid()})"
