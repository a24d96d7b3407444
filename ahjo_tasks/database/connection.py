"""One open connection: the only way that SQL text reaches a driver, untouched."""

from __future__ import annotations

from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from sqlalchemy.engine import Connection as SAConnection
    from sqlalchemy.engine import RootTransaction

    from ahjo_tasks.database.dialects.base import Dialect, Message
    from ahjo_tasks.database.interrupts import CursorRegistry


MANY = 10_000
"""Rows that are taken from the driver at a time."""


class ResultSet(NamedTuple):
    """What one query of a batch returned."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class RowStream(NamedTuple):
    """What one query returns, in lists of rows that come from the server one by one."""

    columns: tuple[str, ...]
    chunks: Iterator[list[tuple[Any, ...]]]


class Connection:
    """Runs batches as they are: no character is a parameter, every result is read, every message handed on.

    In `shared` mode one transaction lasts until `close`; else `unit` gives each piece of work its own.
    """

    def __init__(
        self, sa_connection: SAConnection, dialect: Dialect, running: CursorRegistry, *, shared: bool = False
    ) -> None:
        self.dialect = dialect
        self._running = running
        self.in_shared_transaction = shared
        self.on_message: Callable[[str], None] = lambda _text: None
        self._alchemy = sa_connection
        self._raw: Any = sa_connection.connection.dbapi_connection
        dialect.on_connect(self._raw)
        dialect.subscribe_messages(self._raw, self._say)
        dialect.set_autocommit(self._raw, not shared)
        self._whole = sa_connection.begin() if shared else None
        self._units = 0
        self._changed = False

    @property
    def database_name(self) -> str:
        """The name of the database that the connection was made to."""
        return str(self._alchemy.engine.url.database)

    @property
    def changed(self) -> bool:
        """Whether anything was run that could have changed the database; queries of our own are not counted."""
        return self._changed

    @property
    def usable(self) -> bool:
        """Whether the connection still stands."""
        return not getattr(self._raw, "closed", False)

    @property
    def transactional(self) -> bool:
        """Whether what runs now can be rolled back."""
        return self.in_shared_transaction or self._units > 0

    def execute(self, text: str) -> int:
        """Run one batch to its end. Returns how many rows it changed. Raises StatementError."""
        changed = 0
        self._changed = True
        with closing(self._results(text)) as results:
            for cursor in results:
                if cursor.description:
                    self._pass_over(cursor, text)
                elif cursor.rowcount > 0:
                    changed += cursor.rowcount
        return changed

    def result_sets(self, text: str) -> list[ResultSet]:
        """Run one batch to its end; every result set that has columns, in order. Raises StatementError."""
        found = []
        with closing(self._results(text)) as results:
            for cursor in results:
                if cursor.description:
                    rows = [row for chunk in self._chunks(cursor, text, MANY) for row in chunk]
                    found.append(ResultSet(_columns(cursor), rows))
        return found

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """The rows of a query of our own."""
        found = self.result_sets(text)
        return found[0].rows if found else []

    def stream(self, text: str, size: int) -> Generator[RowStream]:
        """Run one batch; each result set that has columns, its rows `size` at a time as they are asked for.

        A result set is read to its end before the next one is asked for. Raises StatementError, also midway.
        """
        with closing(self._results(text, self.dialect.streaming_cursor(self._raw, size))) as results:
            for cursor in results:
                if cursor.description:
                    yield RowStream(_columns(cursor), self._chunks(cursor, text, size))

    @contextmanager
    def messages_to(self, listener: Callable[[str], None]) -> Iterator[None]:
        """Hand messages to another listener meanwhile."""
        before, self.on_message = self.on_message, listener
        try:
            yield
        finally:
            self.on_message = before

    def try_execute(self, text: str) -> str | None:
        """Run a batch that may fail; returns the server's reason when it did."""
        try:
            self.execute(text)
        except StatementError as error:
            return error.message
        return None

    @contextmanager
    def cursor(self, text: str) -> Iterator[Any]:
        """A driver's cursor for many rows with parameters. Raises StatementError, said of `text`."""
        cursor = self._raw.cursor()
        try:
            with self._running.of(cursor):
                yield cursor
        except self.driver_error as error:
            raise StatementError(self.dialect.server_error(error, text)) from error
        finally:
            self._shut(cursor)

    @contextmanager
    def transaction(
        self, *, transactional: bool = True, single_call: bool = False, keep: bool = True, apart: bool = False
    ) -> Iterator[None]:
        """All or nothing for what is run inside, where the database allows it; without `keep`, nothing.

        A `single_call` needs no transaction of ours where the server makes one of every call. What is run `apart` can
        fail without an end to the transaction that the whole action shares.
        """
        if self.in_shared_transaction and apart:
            with self._savepoint(keep=keep):
                yield
            return
        whole = single_call and keep and self.dialect.implicit_transaction_per_call
        if self.in_shared_transaction or self._units or not transactional or whole:
            yield
            return
        self._plain(self.dialect.begin)
        self._units += 1
        try:
            yield
        except BaseException:
            self._undo()
            raise
        else:
            self._commit() if keep else self._plain(self.dialect.rollback)
        finally:
            self._units -= 1

    @contextmanager
    def _savepoint(self, *, keep: bool) -> Iterator[None]:
        self._plain(self.dialect.savepoint)
        try:
            yield
        except BaseException:
            self._undo(self.dialect.rollback_to_savepoint)
            raise
        if not keep:
            self._plain(self.dialect.rollback_to_savepoint)

    @contextmanager
    def sqlalchemy_connection(self) -> Iterator[SAConnection]:
        """SQLAlchemy's connection over the same session, for Alembic and for tables of our own.

        Outside of `shared` mode, who uses it begins and commits.
        """
        if self.in_shared_transaction:
            with self._translated():
                yield self._alchemy
            return
        self.dialect.set_autocommit(self._raw, False)
        try:
            with self._translated():
                yield self._alchemy
        finally:
            self._leave_alchemy()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """A StatementError in place of SQLAlchemy's."""
        from sqlalchemy.exc import DBAPIError

        try:
            yield
        except DBAPIError as error:
            original = error.orig if isinstance(error.orig, Exception) else error
            raise StatementError(self.dialect.server_error(original, str(error.statement or ""))) from error

    @contextmanager
    def sqlalchemy_transaction(self) -> Iterator[SAConnection]:
        """SQLAlchemy's connection in a transaction: the shared one, or one of its own."""
        with self.sqlalchemy_connection() as sa_connection:
            if self.in_shared_transaction:
                yield sa_connection
            else:
                with self._whole_or_nothing(sa_connection):
                    yield sa_connection

    @staticmethod
    @contextmanager
    def _whole_or_nothing(sa_connection: SAConnection) -> Iterator[None]:
        """A transaction whose failing rollback does not hide why it was needed."""
        from sqlalchemy.exc import DBAPIError

        transaction = sa_connection.begin()
        try:
            yield
        except BaseException:
            with suppress(DBAPIError):
                transaction.rollback()
            raise
        transaction.commit()

    def close(self, *, keep: bool) -> None:
        """Commit (keep) or roll back a shared transaction, and close the connection."""
        try:
            if self._whole is not None and self._whole.is_active:
                self._commit_whole(self._whole) if keep else self._whole.rollback()
        finally:
            self._alchemy.close()

    def _leave_alchemy(self) -> None:
        """What cannot be rolled back is gone with its connection; the statement that found out has said so."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            if self._alchemy.in_transaction():
                self._alchemy.rollback()
            if self.usable:
                self.dialect.set_autocommit(self._raw, True)
        except (SQLAlchemyError, self.driver_error):
            return

    def _results(self, text: str, cursor: Any = None) -> Generator[Any]:
        """The cursor at each result of the batch. A driver's error in any of them is a StatementError."""
        cursor = cursor or self._cursor()
        try:
            with self._running.of(cursor):
                self.dialect.execute(cursor, text)
                while True:
                    self._hand_on(cursor)
                    yield cursor
                    if not self.dialect.next_result(cursor):
                        break
                self._hand_on(cursor)
        except self.driver_error as error:
            self._hand_on(cursor)
            raise self._failure(error, text) from error
        finally:
            self._shut(cursor)

    def _chunks(self, cursor: Any, text: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        try:
            while rows := cursor.fetchmany(size):
                yield [tuple(row) for row in rows]
        except self.driver_error as error:
            raise self._failure(error, text) from error

    def _pass_over(self, cursor: Any, text: str) -> None:
        try:
            self.dialect.drain(cursor)
        except self.driver_error as error:
            raise self._failure(error, text) from error

    def _failure(self, error: Exception, text: str) -> StatementError:
        """The driver's error as ours; what it brought with it is handed on before."""
        for message in self.dialect.error_messages(error):
            self.on_message(message)
        return StatementError(self.dialect.server_error(error, text))

    def _hand_on(self, cursor: Any) -> None:
        for message in self.dialect.messages(cursor):
            self.on_message(message)

    def _say(self, message: Message) -> None:
        """Hand a message to whoever listens at the moment."""
        self.on_message(message)

    def _shut(self, cursor: Any) -> None:
        try:
            cursor.close()
        except self.driver_error:
            return  # the error that broke the connection is on its way already

    @property
    def driver_error(self) -> type[Exception]:
        """The base class of the driver's errors."""
        error: type[Exception] = self._alchemy.dialect.dbapi.Error  # type: ignore[union-attr]
        return error

    def _plain(self, statement: str) -> None:
        cursor = self._cursor()
        try:
            cursor.execute(statement)
        except self.driver_error as error:
            raise StatementError(self.dialect.server_error(error, statement)) from error
        finally:
            self._shut(cursor)

    def _cursor(self) -> Any:
        """A cursor, which a driver refuses where the connection is closed."""
        try:
            return self._raw.cursor()
        except self.driver_error as error:
            raise StatementError(self.dialect.server_error(error, "")) from error

    def _commit_whole(self, whole: RootTransaction) -> None:
        try:
            with self._translated():
                whole.commit()
        except StatementError as error:
            fate = "It is not known whether it was committed." if error.server.lost else "It was rolled back."
            message = f"The transaction of the action could not be committed: {error.message.rstrip('.')}. {fate}"
            raise StatementError(replace(error.server, message=message)) from error

    def _commit(self) -> None:
        try:
            self._plain(self.dialect.commit)
        except StatementError as error:
            if not error.server.lost:
                raise
            raise StatementError(error.server, outcome="it is not known whether its end was committed.") from error

    def _undo(self, rollback: str | None = None) -> None:
        """Roll back; a rollback that fails must not hide why it was needed."""
        try:
            self._plain(rollback or self.dialect.rollback)
        except StatementError:
            return


def _columns(cursor: Any) -> tuple[str, ...]:
    return tuple(column[0] for column in cursor.description)
