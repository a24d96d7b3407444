"""One open connection: runs SQL batches unchanged, reads every result, and passes on the server's messages."""

from __future__ import annotations

from contextlib import closing, contextmanager, nullcontext, suppress
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.database.dialects.base import ServerMessage
from ahjo_tasks.errors import CALL_KEPT, ServerError, StatementError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.database.dialects.base import Dialect, Restore, TransactionState
    from ahjo_tasks.database.interrupts import CursorRegistry


FETCH_SIZE = 10_000
"""Rows that are fetched from the driver at a time."""

LEFT_OPEN = "It leaves a transaction open: a BEGIN without its COMMIT or ROLLBACK."
LEFT_OPEN_OUTCOME = "what it did not commit was rolled back."
STILL_OPEN_OUTCOME = "what it did not commit is neither committed nor rolled back, and may hold locks: {refusal}"
STILL_OPEN_HINT = "End the transaction: where it was prepared, XA RECOVER names it for XA COMMIT or XA ROLLBACK."
LEFT_OPEN_HINT = "Write COMMIT at its end, or leave BEGIN out: each file is a transaction by itself."
ENDED = "It ended the transaction that it ran in, by a COMMIT or ROLLBACK of its own."
ENDED_OUTCOME = "what it committed stays."
ENDED_HINT = "Leave its COMMIT and ROLLBACK out, or write -- transaction: off at the head of the file."
ENDED_CALLS_HINT = "Leave out what ends it: COMMIT and ROLLBACK, and calls of commit(), rollback() or executescript()."
KEPT_OUTCOME = "what it did in tables without transactions (MyISAM, Aria, MEMORY) stays: no rollback takes it back."
CALL_ROLLED_BACK = "The code that this statement calls rolled back: what the file did before it is lost."
CALL_COMMITTED = (
    "Warning: the code that this statement calls ended the transaction: what was done before it is committed, and stays"
    " if the rest fails"
)
CALL_HINT = "Have it roll back to a savepoint of its own; or write -- transaction: off at the head of the file."
LOST = "The server has ended the transaction of the action behind an error that the driver did not report."
FAILED = "An error inside ended the transaction, and was passed over: it was rolled back."


class ResultSet(NamedTuple):
    """One result set: column names and rows."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class RowStream(NamedTuple):
    """One result set whose rows are read from the server in chunks, as they are asked for."""

    columns: tuple[str, ...]
    chunks: Iterator[list[tuple[Any, ...]]]


class Link(NamedTuple):
    """A connection of the driver, the name of its database, the base class of the driver's errors.

    `adopt` returns SQLAlchemy's connection over it, `close` closes it where that was not asked for.
    """

    raw: Any
    database: str
    error: type[Exception]
    adopt: Callable[[], SAConnection]
    close: Callable[[], object]


class Connection:
    """A connection that runs SQL batches as they are: no character of them is taken for a parameter.

    Where the whole action is one transaction (`in_shared_transaction`), it lasts until `close`; else every call is
    committed by itself, but for those inside of `transaction`. `on_message` is called with each message of the server;
    `locks` are the names of the locks that this run holds by it, as the dialect writes them.
    """

    def __init__(self, link: Link, dialect: Dialect, cursors: CursorRegistry, *, shared: bool = False) -> None:
        self.dialect = dialect
        self.in_shared_transaction = shared
        self.on_message: Callable[[ServerMessage], None] = lambda _message: None
        self.cover: Callable[[str], str] = lambda text: text
        """Covers the secrets in a text that is cut before it is shown."""
        self._cursors = cursors
        self._link = link
        self._dbapi_connection: Any = link.raw
        self._is_lost = False
        self.product = dialect.product(self._dbapi_connection)
        """Name of the product that it was made to: MariaDB, where the dialect is that of MySQL."""
        dialect.on_connect(self._dbapi_connection)
        dialect.subscribe_messages(self._dbapi_connection, self._forward)
        dialect.set_autocommit(self._dbapi_connection, not shared)
        self._is_marked = False
        """True if the shared transaction is marked, so that it is noticed if another one has taken its place."""
        self._is_begun = False
        """True if the shared transaction is neither committed nor rolled back."""
        self._open_transactions = 0
        self._is_lent = False
        """True while SQLAlchemy's connection is lent, or a block is one transaction."""
        self.locks: list[str] = []
        self.check_lock: Callable[[], None] | None = None
        """Raises LockedError before a commit where a pooler has taken this run away from the session with the lock."""
        self._changed = False
        if shared:
            self._begin_shared()

    @cached_property
    def _sa_connection(self) -> SAConnection:
        """SQLAlchemy's connection over the same session, which takes the driver's one over when it is first used."""
        with self._translate_errors(), self._watched():
            return self._link.adopt()

    @property
    def database_name(self) -> str:
        """Name of the database that the connection was made to."""
        return self._link.database

    @property
    def changed(self) -> bool:
        """True if something ran that may have changed the database; queries outside of a transaction do not count."""
        return self._changed

    @property
    def usable(self) -> bool:
        """True if the connection is still open, as far as the driver knows and no error has said that it broke."""
        raw = self._dbapi_connection
        return not self._is_lost and not getattr(raw, "closed", False) and bool(getattr(raw, "open", True))

    @property
    def dbapi_connection(self) -> Any:
        """The driver's connection."""
        return self._dbapi_connection

    def check_interrupted(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed, or StoppedError if the caller has asked the run to stop."""
        self._cursors.check()

    @property
    def transactional(self) -> bool:
        """True if a transaction is open, so that what runs now can be rolled back."""
        return self.in_shared_transaction or self._open_transactions > 0

    def execute(self, text: str) -> int:
        """Run one batch to its end and return how many rows it changed.

        `text` is one batch, without GO or DELIMITER. All its results are read, for an error may follow the first one.
        Raises StatementError with the server's message, number and position in the text.
        """
        changed = 0
        self._note_change()
        with closing(self._results(text)) as results:
            for cursor in results:
                if cursor.description:
                    self._drain(cursor, text)
                elif cursor.rowcount > 0:
                    changed += cursor.rowcount
        return changed

    def result_sets(self, text: str) -> list[ResultSet]:
        """Run one batch to its end and return every result set that has columns, in order. Raises StatementError."""
        result_sets = []
        with closing(self._results(text)) as results:
            for cursor in results:
                if cursor.description:
                    rows = [row for chunk in self._fetch_chunks(cursor, text, FETCH_SIZE) for row in chunk]
                    result_sets.append(ResultSet(_columns(cursor), rows))
        return result_sets

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Run one batch and return the rows of its first result set, none if it has none. Raises StatementError."""
        result_sets = self.result_sets(text)
        return result_sets[0].rows if result_sets else []

    def stream(self, text: str, chunk_size: int) -> Generator[RowStream]:
        """Run one batch and yield each result set that has columns, its rows in lists of `chunk_size`.

        Read a result set to its end before the next one. Raises StatementError, also while rows are read.
        """
        cursor = self.dialect.streaming_cursor(self._dbapi_connection, chunk_size)
        with closing(self._results(text, cursor)) as results:
            for cursor in results:
                if cursor.description:
                    yield RowStream(_columns(cursor), self._fetch_chunks(cursor, text, chunk_size))

    @contextmanager
    def messages_to(self, listener: Callable[[ServerMessage], None]) -> Iterator[None]:
        """Send the server's messages to `listener` instead of `on_message` inside of the block."""
        previous, self.on_message = self.on_message, listener
        try:
            yield
        finally:
            self.on_message = previous

    def report(self, text: str) -> None:
        """Send a message of our own to `on_message`, as if the server had sent it."""
        self.on_message(ServerMessage(text))

    def try_execute(self, text: str) -> str | None:
        """Run a batch that may fail; return the server's message if it did, else None."""
        try:
            self.execute(text)
        except StatementError as error:
            return error.message
        return None

    def try_execute_all(self, texts: Sequence[str]) -> None:
        """Run batches in the open transaction, which goes on without them where one of them fails."""
        with suppress(StatementError), self._savepoint(rollback_only=False):
            for text in texts:
                self.execute(text)

    def execute_aside(self, texts: Sequence[str]) -> None:
        """Run batches in one transaction of another session. Raises StatementError."""
        with self._translate_errors(), self._other_session.begin():
            for text in texts:
                self._other_session.exec_driver_sql(text)

    @cached_property
    def _other_session(self) -> SAConnection:
        return self._sa_connection.engine.connect()

    @contextmanager
    def noticing_rollback(self, text: str) -> Iterator[None]:
        """Say of a call in the block that it ended the transaction. Raises StatementError where it rolled it back."""
        counters = self.dialect.transaction_counters_sql
        if not (counters and self.transactional and self.dialect.may_end_transaction(text)):
            yield
            return
        before = dict(self.query(counters))
        try:
            yield
        except StatementError as error:
            if not error.server.lost and self._ends_since(before) not in (set(), {"com_rollback"}):
                error.outcome = CALL_KEPT
            raise
        ends = self._ends_since(before)
        if ends == {"com_rollback"}:
            raise StatementError(ServerError(CALL_ROLLED_BACK, hint=CALL_HINT))
        if ends:
            self.report(CALL_COMMITTED)

    def _ends_since(self, before: Mapping[str, int]) -> set[str]:
        """Return the counters of transactions that differ, and DDL's mark where only that can have ended one."""
        rows = self.query(self.dialect.transaction_counters_sql)
        ends = {str(name).lower() for name, count in rows if count != before[name]}
        return ends or ({"ddl"} if self.transaction_state == "none" else set())

    @contextmanager
    def cursor(self, text: str) -> Iterator[Any]:
        """Open a cursor of the driver, for `executemany` with parameters. Closed at the end of the block.

        A driver's error inside becomes a StatementError, with its position in `text`.
        """
        cursor = self._dbapi_connection.cursor()
        try:
            with self._cursors.track(cursor):
                yield cursor
        except self.driver_error as error:
            raise StatementError(self._server_error(error, text)) from error
        finally:
            self._close_cursor(cursor)

    @contextmanager
    def transaction(
        self,
        *,
        transactional: bool = True,
        sent_in_one_call: bool = False,
        rollback_only: bool = False,
        savepoint: bool = False,
    ) -> Iterator[None]:
        """Run the block in a transaction: committed at its end, rolled back if it raises.

        Inside of another transaction it joins that one. `transactional=False` runs without. `sent_in_one_call` needs
        none where the server makes a transaction of each call. `rollback_only` rolls back at the end, too.
        `savepoint` lets the block fail without ending the transaction that the whole action shares.
        Raises StatementError when the commit fails.
        """
        if transactional:
            self._note_change()
        if self.in_shared_transaction and savepoint:
            with self._savepoint(rollback_only=rollback_only):
                yield
            return
        implicit = sent_in_one_call and not rollback_only and self.dialect.implicit_transaction_per_call
        if self.transactional:
            with self._keep_shared_transaction():
                yield
        elif not transactional or implicit:
            self._check_lock()
            with self._leave_none_open():
                yield
        else:
            with self._own_transaction(rollback_only=rollback_only):
                yield

    @contextmanager
    def _own_transaction(self, *, rollback_only: bool) -> Iterator[None]:
        self._execute_directly(self.dialect.begin)
        self._open_transactions += 1
        try:
            yield
            self._check_still_open()
            self._check_lock()
        except BaseException as error:
            self._add_outcome(error)
            if self._roll_back() and hasattr(error, "outcome"):
                error.outcome = "; ".join([*([error.outcome.rstrip(".")] if error.outcome else []), KEPT_OUTCOME])
            raise
        else:
            self._execute_directly(self.dialect.rollback) if rollback_only else self._commit()
        finally:
            self._open_transactions -= 1

    @contextmanager
    def _leave_none_open(self) -> Iterator[None]:
        """Run the block without a transaction of ours, and roll back one that it leaves open. Raises StatementError."""
        try:
            yield
        except BaseException:
            if self.transaction_state in {"open", "failed"}:
                self._roll_back()
            raise
        if self.transaction_state in {"open", "failed"}:
            raise self._end_left_open()

    def _end_left_open(self) -> StatementError:
        """Roll back what a file has left open, and return the error that says so, or why it cannot be done."""
        try:
            self._execute_directly(self.dialect.rollback)
        except StatementError as error:
            refusal = STILL_OPEN_OUTCOME.format(refusal=error.message)
            return StatementError(ServerError(LEFT_OPEN, hint=STILL_OPEN_HINT), outcome=refusal)
        return StatementError(ServerError(LEFT_OPEN, hint=LEFT_OPEN_HINT), outcome=LEFT_OPEN_OUTCOME)

    @contextmanager
    def _keep_shared_transaction(self) -> Iterator[None]:
        """Raise StatementError for a block that ends the transaction that the whole action shares."""
        before = self.transaction_state
        yield
        if self.in_shared_transaction and before == "open":
            self._check_still_open()

    def _check_lock(self) -> None:
        if self.check_lock is not None:
            self.check_lock()

    def _check_still_open(self) -> None:
        """Raise StatementError if the block ended the transaction; DDL of some databases does, and may."""
        state = self.transaction_state
        if state == "failed":
            raise StatementError(ServerError(FAILED))
        if state == "none" and self.dialect.transactional_ddl:
            raise StatementError(ServerError(ENDED, hint=ENDED_HINT), outcome=ENDED_OUTCOME)

    def _add_outcome(self, error: BaseException) -> None:
        """Say of an error that the transaction had been committed before it, as by a procedure that was called."""
        known = getattr(error, "outcome", None) != "" or self.dialect.error_may_roll_back
        if not known and self.usable and self.transaction_state == "none":
            error.outcome = ENDED_OUTCOME  # type: ignore[attr-defined]

    @property
    def transaction_state(self) -> TransactionState | None:
        """State of the transaction, as the driver knows it; None where it does not."""
        return self.dialect.transaction_state(self._dbapi_connection) if self.usable else None

    @contextmanager
    def preserve_session(self, texts: Sequence[str]) -> Iterator[None]:
        """Put back, after the block, what the batches in it change in the session: settings, role, schema, locks.

        Surround the transaction with it. It asks the server only where a statement may change something.
        Raises StatementError when something cannot be put back.
        """
        restore = self.dialect.save_session(self, texts)
        reported = self.dialect.reported_settings(self._dbapi_connection)
        try:
            yield
        except Exception:
            with suppress(StatementError):
                self._restore_session(restore, reported, failed=True)
            raise
        self._restore_session(restore, reported, failed=False)

    def _restore_session(self, restore: Restore | None, reported: Mapping[str, str], *, failed: bool) -> None:
        if not self.usable:
            return
        if restore is not None:
            restore(failed)
        now = self.dialect.reported_settings(self._dbapi_connection)
        changed = {name: value for name, value in reported.items() if now.get(name) != value}
        if changed:
            self.dialect.restore_reported(self, changed)

    @contextmanager
    def _savepoint(self, *, rollback_only: bool) -> Iterator[None]:
        self._mark()
        self._execute_directly(self.dialect.savepoint)
        try:
            yield
        except BaseException:
            self._roll_back(self.dialect.rollback_to_savepoint)
            raise
        if rollback_only:
            self._execute_directly(self.dialect.rollback_to_savepoint)
        if self.dialect.release_savepoint:
            self._release_savepoint()

    def _release_savepoint(self) -> None:
        """Release the savepoint. Raises StatementError where it is gone with the transaction that it stood in."""
        try:
            self._execute_directly(self.dialect.release_savepoint)
        except StatementError as error:
            if error.server.lost:
                raise
            raise StatementError(ServerError(ENDED, hint=ENDED_CALLS_HINT), outcome=ENDED_OUTCOME) from error

    @contextmanager
    def one_transaction(self) -> Iterator[None]:
        """Make one transaction of the block, migrations included; in a shared transaction, a savepoint.

        Raises StatementError when the commit fails.
        """
        if self.in_shared_transaction:
            with self._savepoint(rollback_only=False):
                yield
            return
        with self._without_autocommit():
            self._begin_shared(writes=True)
            self.in_shared_transaction, changed, self._changed = True, self._changed, False
            try:
                yield
                self._check_lock()
            except BaseException:
                with suppress(Exception):  # a driver may raise what it likes: the first error is the one to report
                    self._end_shared(keep=False)
                raise
            else:
                self._commit_shared()
            finally:
                self.in_shared_transaction, self._changed = False, changed or self._changed

    def _begin_shared(self, *, writes: bool = False) -> None:
        self._call_driver(partial(self.dialect.begin_transaction, writes=writes), self._dbapi_connection)
        self._is_begun, self._is_marked = True, False

    def _end_shared(self, *, keep: bool) -> None:
        """Commit the shared transaction, or roll it back; by SQLAlchemy where it has joined. Raises StatementError."""
        self._is_begun = False
        sa_connection = self.__dict__.get("_sa_connection")
        joined = sa_connection.get_transaction() if sa_connection is not None else None
        if joined is not None:
            with self._translate_errors():
                joined.commit() if keep else joined.rollback()
        else:
            self._call_driver(self._dbapi_connection.commit if keep else self._dbapi_connection.rollback)

    @contextmanager
    def undone_on_error(self) -> Iterator[None]:
        """Undo the block alone when it fails in an open transaction, where the database can."""
        alone = self.transactional and self.dialect.can_undo_block
        with self._savepoint(rollback_only=False) if alone else nullcontext():
            yield

    @contextmanager
    def sqlalchemy_connection(self) -> Iterator[SAConnection]:
        """Lend SQLAlchemy's connection over the same session, as for Alembic or a `Table`.

        Unless the whole action is one transaction, the caller begins and commits. A block within another one leaves
        the other's transaction alone, and ends its own. Raises StatementError in place of SQLAlchemy's DBAPIError.
        """
        if self.in_shared_transaction or self._is_lent:
            if self.in_shared_transaction and not self._sa_connection.in_transaction():
                with self._translate_errors():
                    self._sa_connection.begin()  # joins the transaction that is open
            found_open = self.in_shared_transaction or self._sa_connection.in_transaction()
            found_open = found_open or self.transaction_state == "open"
            with self._translate_errors():
                yield self._sa_connection
                if not found_open:  # an env.py with a connection of its own would wait for it
                    self._end_reading()
            return
        with self._without_autocommit(), self._translate_errors():
            yield self._sa_connection

    @contextmanager
    def _without_autocommit(self) -> Iterator[None]:
        """Have the driver begin transactions by itself in the block; roll back what the block leaves open."""
        if self._is_lent:
            yield
            return
        self._set_autocommit(False)
        self._open_transactions += 1
        self._is_lent = True
        try:
            yield
        except BaseException:
            # Whatever fails now, a driver may raise it as what it likes: the first error is the one to report.
            with suppress(Exception):
                self._switch_back()
            raise
        finally:
            self._open_transactions -= 1
            self._is_lent = False
        self._switch_back()

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise StatementError in place of SQLAlchemy's DBAPIError."""
        from sqlalchemy.exc import DBAPIError

        try:
            yield
        except DBAPIError as error:
            original = error.orig if isinstance(error.orig, Exception) else error
            raise StatementError(self._server_error(original, str(error.statement or ""))) from error

    @contextmanager
    def sqlalchemy_transaction(self) -> Iterator[SAConnection]:
        """Lend SQLAlchemy's connection in a transaction, which ends with the block unless the action shares it."""
        self._note_change()
        with self.sqlalchemy_connection() as sa_connection:
            if self.in_shared_transaction:
                yield sa_connection
            else:
                with self._commit_or_roll_back(sa_connection):
                    yield sa_connection

    @staticmethod
    @contextmanager
    def _commit_or_roll_back(sa_connection: SAConnection) -> Iterator[None]:
        """Commit at the end; roll back on an error, which a failing rollback does not replace."""
        from sqlalchemy.exc import DBAPIError

        transaction = sa_connection.begin()
        try:
            yield
        except BaseException:
            with suppress(DBAPIError):
                transaction.rollback()
            raise
        transaction.commit()

    def begin_again(self) -> None:
        """Begin the transaction that the whole action shares again, without what was done in it."""
        if self.in_shared_transaction:
            self.dialect.reopen_transaction(self._dbapi_connection)
            self._end_shared(keep=False)
            self._begin_shared(writes=True)

    def close(self, *, keep: bool) -> None:
        """Commit (`keep`) or roll back a transaction that the whole action shares, and close the connection."""
        try:
            if self._is_begun:
                self._commit_shared() if keep else self._end_shared(keep=False)
        finally:
            if "_other_session" in self.__dict__:
                self._other_session.close()
            if "_sa_connection" in self.__dict__:
                self._sa_connection.close()
            else:
                with suppress(self.driver_error):  # it broke, and is closed already
                    self._link.close()

    def _switch_back(self) -> None:
        """Roll back what the caller left open, and switch back to autocommit. Raises StatementError if that fails."""
        self._end_reading()
        if self.usable:
            self._set_autocommit(True)

    def _end_reading(self) -> None:
        """Roll back what SQLAlchemy began, or a query that went past it. Raises StatementError."""
        sa_connection = self.__dict__.get("_sa_connection")
        if sa_connection is not None and sa_connection.in_transaction():
            with self._translate_errors():
                sa_connection.rollback()
        elif self.transaction_state in {"open", "failed"}:
            self._call_driver(self._dbapi_connection.rollback)

    def _watched(self) -> AbstractContextManager[None]:
        """Watch a call of the driver that asks the server something without a cursor: its connection may stall, too."""
        return self._cursors.watch.watch(self._dbapi_connection)

    def _set_autocommit(self, on: bool) -> None:
        self._call_driver(self.dialect.set_autocommit, self._dbapi_connection, on)

    def _call_driver(self, call: Callable[..., object], *arguments: object) -> None:
        """Call what may ask the server something without a cursor. Raises StatementError."""
        try:
            with self._watched():
                call(*arguments)
        except self.driver_error as error:
            raise StatementError(self._server_error(error, "")) from error

    def _results(self, text: str, cursor: Any = None) -> Generator[Any]:
        """Run the batch and yield the cursor at each result. Raises StatementError for an error in any of them."""
        cursor = cursor or self._new_cursor()
        try:
            with self._cursors.track(cursor):
                self.dialect.execute(cursor, text)
                while True:
                    self.forward_messages(cursor)
                    yield cursor
                    if not self.dialect.next_result(cursor):
                        break
                self.forward_messages(cursor)
        except self.driver_error as error:
            self.forward_messages(cursor)
            raise self._statement_error(error, text) from error
        finally:
            self._close_cursor(cursor)

    def _fetch_chunks(self, cursor: Any, text: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        try:
            while rows := cursor.fetchmany(size):
                yield [tuple(row) for row in rows]
                if len(rows) < size:  # pymssql goes on with the next result when it is asked again after the end
                    return
        except self.driver_error as error:
            raise self._statement_error(error, text) from error
        except UnicodeDecodeError as error:
            raise StatementError(_undecodable(error)) from error

    def _drain(self, cursor: Any, text: str) -> None:
        try:
            self.dialect.drain(cursor)
        except self.driver_error as error:
            raise self._statement_error(error, text) from error

    def _server_error(self, error: Exception, text: str) -> ServerError:
        """Convert a driver's error; some drivers call a connection open that broke."""
        found = self.dialect.server_error(error, text)
        self._is_lost = self._is_lost or found.lost
        return found

    def _statement_error(self, error: Exception, text: str) -> StatementError:
        """Convert a driver's error, and pass on the messages that came with it."""
        for message in self.dialect.error_messages(error):
            self._forward(message)
        return StatementError(self._server_error(error, text))

    def forward_messages(self, cursor: Any) -> None:
        """Pass on what the server says of the last statement of a cursor."""
        for message in self.dialect.messages(cursor):
            self._forward(message)

    def _forward(self, message: ServerMessage) -> None:
        """Call the listener of the moment; drivers keep this method while `on_message` changes."""
        self.on_message(message)

    def _close_cursor(self, cursor: Any) -> None:
        try:
            with self._watched():  # some drivers read what is left of the results
                cursor.close()
        except (self.driver_error, StatementError):
            return  # the error that broke the connection is being raised already

    @property
    def driver_error(self) -> type[Exception]:
        """Base class of the driver's errors."""
        return self._link.error

    def _execute_directly(self, statement: str) -> list[ServerMessage]:
        """Run a statement that Ctrl-C does not cancel, and return the server's messages about it."""
        cursor = self._new_cursor()
        try:
            with self._cursors.watch.watch(self._dbapi_connection):
                cursor.execute(statement)
            return self.dialect.messages(cursor)
        except self.driver_error as error:
            raise StatementError(self._server_error(error, statement)) from error
        finally:
            self._close_cursor(cursor)

    def _new_cursor(self) -> Any:
        """Open a cursor. Raises StatementError when the connection is closed."""
        try:
            return self._dbapi_connection.cursor()
        except self.driver_error as error:
            raise StatementError(self._server_error(error, "")) from error

    def _note_change(self) -> None:
        """Note that what runs now may change the database, and mark the shared transaction before that."""
        self._changed = True
        self._mark()

    def _mark(self) -> None:
        if self.in_shared_transaction and not self._is_marked:
            self._is_marked = True
            self.dialect.mark_transaction(self)

    @property
    def lost_transaction(self) -> bool:
        """True if another transaction has taken the place of the shared one since its first change."""
        return self._is_marked and self.in_shared_transaction and not self.dialect.is_marked(self)

    def _refuse_lost(self) -> None:
        if self.lost_transaction:
            self._end_shared(keep=False)
            raise StatementError(ServerError(LOST))

    def _commit_shared(self) -> None:
        try:
            self._refuse_lost()
            self._end_shared(keep=True)
        except StatementError as error:
            outcome = "It is not known whether it was committed." if error.server.lost else "It was rolled back."
            message = f"The transaction of the action could not be committed: {error.message.rstrip('.')}. {outcome}"
            raise StatementError(error.server._replace(message=message)) from error

    def _commit(self) -> None:
        try:
            self._execute_directly(self.dialect.commit)
        except StatementError as error:
            if self.dialect.was_ended(error.server):
                raise StatementError(error.server, outcome=ENDED_OUTCOME) from error
            if not error.server.lost:
                raise
            raise StatementError(error.server, outcome="it is not known whether its end was committed.") from error

    def _roll_back(self, rollback: str | None = None) -> bool:
        """Roll back, and return whether the server says that something stays.

        A rollback that fails must not hide the error that made it necessary.
        """
        try:
            messages = self._execute_directly(rollback or self.dialect.rollback)
        except StatementError:
            return False
        start = self.dialect.incomplete_rollback
        return start is not None and any(message.text.startswith(start) for message in messages)


def _undecodable(error: UnicodeDecodeError) -> ServerError:
    """Describe text that is not in the encoding of the connection, as a database without an encoding may hold."""
    found = bytes(error.object[error.start : error.end]).hex(" ")
    return ServerError(
        f"A text cannot be read: its bytes {found} are not {error.encoding.upper()}.",
        hint="Convert it in the query, as in convert_from(name::bytea, 'LATIN1') on PostgreSQL.",
    )


def _columns(cursor: Any) -> tuple[str, ...]:
    return tuple(column[0] for column in cursor.description)
