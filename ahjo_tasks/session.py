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

from ahjo_tasks.dialects.base import ConnectProblem
from ahjo_tasks.door import Door
from ahjo_tasks.errors import ConfigError, ConnectionFailedError, LockedError, StatementError
from ahjo_tasks.statements import RunningStatements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy.engine import URL, Connection, Engine

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.dialects.base import Dialect


class LoginSource(Protocol):
    """Where user names and passwords come from."""

    def password_for_new_login(self, environ: Mapping[str, str]) -> str | None:
        """The password of the login that `create-db-login` makes, None to make one up."""

    def login(self) -> tuple[str | None, str | None]:
        """User name and password, None where there is none."""

    def keep(self) -> None:
        """Keep for the next time what the user was asked for: the login is right."""


class Reporter(Protocol):
    """Who tells the user."""

    def warn(self, text: str) -> None:
        """Say what may need something done."""

    def note(self, text: str) -> None:
        """Say what is worth knowing, once in a run."""


class Session:
    """One database of one config. Connects when `door` is first used; `close` ends it and it can connect again."""

    def __init__(
        self, settings: Settings, dialect: Dialect, logins: LoginSource, directory: Path, reporter: Reporter
    ) -> None:
        self.settings = settings
        self.dialect = dialect
        self.directory = directory
        self.logins = logins
        self._reporter = reporter
        self._door: Door | None = None
        self._lock: ExitStack | None = None
        self._running = RunningStatements()
        self.on_connect: Callable[[], None] = lambda: None

    @cached_property
    def url(self) -> URL:
        """The URL of the target database, with the login."""
        username, password = (None, None) if self.settings.sqlalchemy_url else self.logins.login()
        return self.dialect.placed(self.dialect.url(self.settings, username, password), self.directory)

    @cached_property
    def engine(self) -> Engine:
        """SQLAlchemy's engine for the target database, without a pool."""
        return self._make_engine(self.url)

    @property
    def database(self) -> str:
        """The name of the target database."""
        return str(self.url.database)

    @property
    def login(self) -> str:
        """The user name that connects."""
        return self.url.username or ""

    @property
    def door(self) -> Door:
        """The open connection. Raises ConnectionFailedError when none can be made."""
        if self._door is None:
            self._door = self._open(self.engine, shared=self._shares)
            self.on_connect()
        return self._door

    @contextmanager
    def server(self) -> Iterator[Door]:
        """A connection to the server's own database, to create and drop others from; the target's is closed first."""
        self.close(keep=True)
        door = self._open(self._make_engine(self.dialect.server_url(self.url)), shared=False)
        try:
            yield door
        finally:
            door.close(keep=True)

    @contextmanager
    def another(self) -> Iterator[Door]:
        """One more connection to the target database, for work beside `door`."""
        door = self._open(self.engine, shared=False)
        try:
            yield door
        finally:
            door.close(keep=True)

    @contextmanager
    def beside(self) -> Iterator[Door]:
        """A connection whose work is kept, however a transaction that the whole action shares ends."""
        if not self.door.shared or self.dialect.one_writer:
            yield self.door
            return
        with self.another() as door:
            yield door

    @contextmanager
    def exclusive(self) -> Iterator[Door]:
        """The open connection, holding the deploy lock. Raises LockedError when another run holds it.

        A transaction that the whole action shares is committed when the connection closes, and the lock is kept for
        as long.
        """
        door = self.door
        if self._lock is not None:
            yield door
            return
        with ExitStack() as lock:
            lock.enter_context(self._deploying(door))
            self._lock = lock.pop_all()
        try:
            yield door
        finally:
            if not door.shared:
                self._unlock()

    @contextmanager
    def locked(self, of: str) -> Iterator[None]:
        """Hold a lock beside that of deploying, on a connection of its own. Raises LockedError if it is not free."""
        with self.another() as door, self.dialect.lock(door, owner(), 0, of):
            yield

    @contextmanager
    def old(self, server: Door) -> Iterator[Door | None]:
        """A way into the target database for whoever is about to drop it, and nobody else changes it meanwhile.

        It is the connection to the `server` where that can go there, and None where the database lets nobody in.
        Raises LockedError when another run holds the deploy lock.
        """
        with ExitStack() as stack:
            door = stack.enter_context(self._inside(server))
            if door is not None:
                stack.enter_context(self._deploying(door))
            yield door

    @contextmanager
    def _deploying(self, door: Door) -> Iterator[None]:
        """The deploy lock; who holds it is said before it is waited for."""
        patience = self.settings.lock_timeout
        with ExitStack() as lock:
            try:
                lock.enter_context(self.dialect.lock(door, owner(), 0))
            except LockedError as error:
                if patience <= 0:
                    raise
                self._reporter.warn(f"{error.message} Waiting {patience} s at most.")
                lock.enter_context(self.dialect.lock(door, owner(), patience))
            yield

    @contextmanager
    def _inside(self, server: Door) -> Iterator[Door | None]:
        quote = self.dialect.quote
        if self.dialect.switches and server.attempt(f"USE {quote(self.database)}") is None:
            try:
                yield server
            finally:
                server.attempt(f"USE {quote(self.dialect.maintenance_database)}")
            return
        try:
            door = self._try(self.engine, shared=False)
        except ConnectionFailedError:
            yield None
            return
        try:
            yield door
        finally:
            door.close(keep=True)

    def interrupt(self) -> None:
        """End the statements that are running, on whichever connection; called from another thread."""
        self._running.interrupt(self.dialect.interrupt)

    def mark_interrupted(self) -> None:
        """Have the statements that are running end in KeyboardInterrupt, whatever their driver makes of it."""
        self._running.mark_interrupted()

    def close(self, *, keep: bool) -> None:
        """Close the connection; see `Door.close`."""
        door, self._door = self._door, None
        try:
            if door is not None:
                door.close(keep=keep)
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
            engine = create_engine(url, **options)
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"The driver {error.name} is not installed.", hint=self.dialect.how_to_install(error.name)
            ) from None
        except (ArgumentError, NoSuchModuleError, TypeError) as error:
            raise ConfigError(f"SQLAlchemy refuses the connection settings: {error}") from None
        self.dialect.attend(engine, self.settings)
        self._running.attend(engine)
        remark = self.dialect.remark(url, self.settings)
        if remark:
            self._reporter.note(remark)
        return engine

    def _open(self, engine: Engine, *, shared: bool) -> Door:
        """Connect, again and again where waiting can help, at most as often as the config says."""
        tries = max(self.settings.connect_retry_count, 1) if self.settings.connect_resiliently else 1
        pause = self.settings.connect_retry_interval
        for number in itertools.count(1):
            try:
                return self._try(engine, shared=shared)
            except ConnectionFailedError as error:
                if not error.wait or number >= tries:
                    raise
                self._reporter.warn(f"{error.message} Trying again in {pause} s ({number}/{tries}).")
                time.sleep(pause)
        raise AssertionError  # the loop has no end

    def _try(self, engine: Engine, *, shared: bool) -> Door:
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        problem = self.dialect.obstacle(engine.url)
        if problem is None:
            try:
                return self._through(engine.connect(), shared=shared)
            except DBAPIError as error:
                problem = self.dialect.connect_problem(error.orig if isinstance(error.orig, Exception) else error)
            except SQLAlchemyError as error:
                problem = ConnectProblem(f"The connection broke while it was made: {error}", wait=True)
            except ImportError as error:
                raise ConfigError(f"The driver cannot be loaded: {error}", hint=self.dialect.install) from None
            except engine.dialect.loaded_dbapi.Error as error:
                problem = self.dialect.connect_problem(error)
            except StatementError as error:
                problem = ConnectProblem(error.message)
        raise ConnectionFailedError(
            f"{self.dialect.place(engine.url)}: {problem.message}",
            hint=problem.hint,
            wait=problem.wait,
            missing_database=problem.missing_database,
        )

    def _through(self, connection: Connection, *, shared: bool) -> Door:
        try:
            self.dialect.limit_waits(connection.connection.dbapi_connection, self.settings.lock_timeout)
            self.logins.keep()
            return Door(connection, self.dialect, self._running, shared=shared)
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
