"""Interrupt running statements on Ctrl-C: a driver that waits in C code would react only after the statement."""

from __future__ import annotations

import math
import os
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ahjo_tasks.database.stalls import Limits, Server, StatementWatch
from ahjo_tasks.errors import INTERRUPTED, StoppedError, TerminatedError, raise_terminated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from sqlalchemy.engine import Engine

PATIENCE = 2.0
"""Seconds that a driver may take to return after Ctrl-C before anything is said."""
TOLERANCE = 0.2
"""Seconds between a signal's handler and the thread that reads its number, whichever comes first."""
WAITING = (
    "Ctrl-C: the server was asked to stop the statement, and has not answered yet."
    " Press Ctrl-C again to leave without its answer."
)
NOBODY = Server(cancel=lambda _cursor: None, find_stall=lambda _raw: "", report=lambda _text: None)
LEFT = "Interrupted: left without the server's answer, so it is not known whether the statement was stopped or done."


class CursorRegistry:
    """The cursors that run statements on one database; a cursor is not closed before its interruption is done."""

    def __init__(self, watch: StatementWatch | None = None) -> None:
        self.watch = watch or StatementWatch(Limits(), NOBODY)
        self._cursors: list[Any] = []
        self._interrupted: list[Any] = []
        self._ahead = ""
        self.requested = False
        """True if Ctrl-C was pressed."""
        self.is_stopped: Callable[[], bool] = lambda: False
        """Returns whether the caller of a run has asked it to stop."""
        self._lock = threading.Lock()

    @contextmanager
    def track(self, cursor: Any) -> Iterator[None]:
        """Register the cursor while the block runs a statement with it.

        Raises KeyboardInterrupt at the end if it was interrupted: a driver may swallow the one that Python raises.
        """
        self._cursors.append(cursor)
        try:
            with self.watch.watch(getattr(cursor, "connection", None), cursor):
                yield
            self._refuse_interrupted(cursor)
        except Exception:
            self._refuse_interrupted(cursor)
            raise
        finally:
            with self._lock:
                self._cursors.remove(cursor)

    def _refuse_interrupted(self, cursor: Any) -> None:
        if cursor in self._interrupted:
            raise KeyboardInterrupt

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed, which Python may have lost; StoppedError for the caller."""
        if self.is_stopped():
            raise StoppedError
        if self.requested:
            raise KeyboardInterrupt

    def mark_interrupted(self) -> None:
        """Have the cursors that run a statement now raise KeyboardInterrupt at its end: Python's handler is called."""
        self._mark()
        self._ahead = "" if self._ahead == "interrupt" else "handler"

    def _mark(self) -> None:
        self._interrupted = [*self._cursors]
        self.requested = True

    def interrupt(self, end: Callable[[Any], None]) -> None:
        """Call `end` with each cursor that runs a statement; if it fails, the statement was done already.

        Where Python's handler came first, those are meant that it has marked and that still run: what began since then
        rolls back, or writes the history.
        """
        with self._lock:
            if self._ahead != "handler":
                self._mark()
            self._ahead = "" if self._ahead == "handler" else "interrupt"
            for cursor in (each for each in self._interrupted if each in self._cursors):
                with suppress(Exception):
                    end(cursor)

    def _watched(self, function: Callable[[Any], None]) -> Callable[[Any], None]:
        def call(raw: Any) -> None:
            with self.watch.watch(getattr(raw, "dbapi_connection", raw)):
                function(raw)

        return call

    def _watch_cursors(self, dialect: Any) -> None:
        watch = self.watch

        class Context(dialect.execution_ctx_cls):  # type: ignore[misc]
            def create_default_cursor(self) -> Any:
                return _WatchedCursor(super().create_default_cursor(), watch)

        dialect.execution_ctx_cls = Context

    def listen(self, engine: Engine, *, streams_rows: bool = False) -> None:
        """Track the cursors that SQLAlchemy uses by itself, too, as in a migration, and watch its commits.

        Where the driver asks the server behind the execution, for rows or when a cursor is closed, it is watched, too.
        """
        from sqlalchemy import event

        dialect: Any = engine.dialect
        if streams_rows:
            self._watch_cursors(dialect)
        dialect.do_commit, dialect.do_rollback = map(self._watched, (dialect.do_commit, dialect.do_rollback))

        @event.listens_for(engine, "do_execute")
        def execute(cursor: Any, statement: Any, parameters: Any, context: Any) -> bool:
            with self.track(cursor):
                dialect.do_execute(cursor, statement, parameters, context)
            return True

        @event.listens_for(engine, "do_executemany")
        def execute_many(cursor: Any, statement: Any, parameters: Any, context: Any) -> bool:
            with self.track(cursor):
                dialect.do_executemany(cursor, statement, parameters, context)
            return True

        @event.listens_for(engine, "do_execute_no_params")
        def execute_plain(cursor: Any, statement: Any, context: Any) -> bool:
            with self.track(cursor):
                dialect.do_execute_no_params(cursor, statement, context)
            return True


class _WatchedCursor:
    """A driver's cursor as SQLAlchemy sees it; its fetching and closing are watched."""

    __slots__ = ("_cursor", "_watch")

    def __init__(self, cursor: Any, watch: StatementWatch) -> None:
        object.__setattr__(self, "_cursor", cursor)
        object.__setattr__(self, "_watch", watch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._cursor, name, value)

    def fetchone(self) -> Any:
        return self._call(self._cursor.fetchone)

    def fetchmany(self, *size: int) -> Any:
        return self._call(self._cursor.fetchmany, *size)

    def fetchall(self) -> Any:
        return self._call(self._cursor.fetchall)

    def close(self) -> None:
        self._call(self._cursor.close)

    def _call(self, function: Callable[..., Any], *values: Any) -> Any:
        with self._watch.watch(self._cursor.connection):
            return function(*values)


@contextmanager
def on_interrupt(
    end: Callable[[], None],
    mark: Callable[[], None],
    say: Callable[[str], None] = lambda _text: None,
    leave: Callable[[], None] | None = None,
    patience: float = PATIENCE,
) -> Iterator[None]:
    """Call `end` in a thread as soon as Ctrl-C is pressed; KeyboardInterrupt follows when the driver returns.

    `mark` is called when Python raises it, for a driver may swallow it. As long as the driver does not return, Python
    cannot raise it: after `patience` seconds `say` is called with a sentence, and after another Ctrl-C `leave`, which
    ends the process unless it is given. SIGTERM does the same, and TerminatedError follows.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    watch = _Watch(end, say, leave or _leave, patience)
    with _wakeup_thread(watch), _signal_handler(mark, watch):
        try:
            yield
        except KeyboardInterrupt as stop:
            if watch.terminated and not isinstance(stop, TerminatedError):
                raise TerminatedError(*stop.args) from stop
            raise


def _leave() -> None:
    """End the process whatever its main thread waits for; the server rolls back when the connection closes."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(INTERRUPTED)


class _Watch:
    """Knows which signals Python's main thread has not handled, as long as a driver does not return to it."""

    def __init__(
        self, end: Callable[[], None], say: Callable[[str], None], leave: Callable[[], None], patience: float
    ) -> None:
        self._end = end
        self._say = say
        self._leave = leave
        self._patience = patience
        self._arrived = self._handled = -math.inf
        self._repeated = self._told = False
        self.terminated = False
        """True once SIGTERM has arrived; what was raised for the cancelled statement does not tell."""
        self._ending: threading.Thread | None = None

    def handle(self) -> None:
        """Note that the main thread handles a signal now, and all that came before."""
        self._handled = time.monotonic()

    def listen(self, numbers: socket.socket) -> None:
        """Read the numbers of signals until the socket is closed."""
        while True:
            try:
                number = numbers.recv(1)
            except TimeoutError:
                numbers.settimeout(None)
                self._report()
                continue
            if not number:
                return
            if number[0] in {signal.SIGINT, signal.SIGTERM}:
                self.terminated = self.terminated or number[0] == signal.SIGTERM
                self._arrive()
                numbers.settimeout(self._patience)

    def _arrive(self) -> None:
        self._repeated = self._stuck or self._told
        self._arrived = time.monotonic()
        if self._ending is None or not self._ending.is_alive():  # a driver may wait here, too
            self._ending = threading.Thread(target=self._end, name="ahjo interruption", daemon=True)
            self._ending.start()

    def _report(self) -> None:
        """Say what the next Ctrl-C does, or leave: a driver may return for the second one, and then wait again."""
        if self._repeated and (self._stuck or self._told):
            self._say(LEFT)
            self._leave()
        elif self._stuck:
            self._say(WAITING)
            self._told = True

    @property
    def _stuck(self) -> bool:
        return self._arrived > self._handled + TOLERANCE


@contextmanager
def _wakeup_thread(watch: _Watch) -> Iterator[None]:
    """Read signals from the socket that Python writes their numbers into, whatever its main thread is doing."""
    numbers, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    listener = threading.Thread(target=watch.listen, args=(numbers,), name="ahjo interrupts", daemon=True)
    previous = signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous)
        wakeup.close()
        listener.join()
        numbers.close()


@contextmanager
def _signal_handler(mark: Callable[[], None], watch: _Watch) -> Iterator[None]:
    previous = signal.getsignal(signal.SIGINT)

    def handler(number: int, frame: FrameType | None) -> None:
        watch.handle()
        mark()
        if callable(previous):
            previous(number, frame)

    def terminate(_number: int, _frame: FrameType | None) -> None:
        watch.handle()
        watch.terminated = True
        mark()
        raise TerminatedError

    listens = callable(previous)  # Ctrl-C is ignored in a background job of a shell
    if listens:
        signal.signal(signal.SIGINT, handler)
    terminated = signal.getsignal(signal.SIGTERM)
    ours = terminated in {signal.SIG_DFL, raise_terminated}
    if ours:
        signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        if listens:
            signal.signal(signal.SIGINT, previous)
        if ours:
            signal.signal(signal.SIGTERM, terminated)
