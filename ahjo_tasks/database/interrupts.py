"""Ctrl-C for a statement that is running: a driver that waits inside C code would not hear of it before the end."""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from sqlalchemy.engine import Engine


class CursorRegistry:
    """The cursors at work on one database. Nobody closes a cursor before its interruption is done."""

    def __init__(self) -> None:
        self._cursors: list[Any] = []
        self._interrupted: list[Any] = []
        self._lock = threading.Lock()

    @contextmanager
    def of(self, cursor: Any) -> Iterator[None]:
        """Surround what the cursor does for as long as it may be interrupted.

        Raises KeyboardInterrupt when it was, for a driver in whose code Python's own is raised may lose it.
        """
        self._cursors.append(cursor)
        try:
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

    def mark_interrupted(self) -> None:
        """Have the cursors that are at work now end in KeyboardInterrupt."""
        self._interrupted = [*self._cursors]

    def interrupt(self, end: Callable[[Any], None]) -> None:
        """Call `end` with each cursor at work; its failure says no more than that the statement was done already."""
        with self._lock:
            self.mark_interrupted()
            for cursor in self._interrupted:
                with suppress(Exception):
                    end(cursor)

    def attend(self, engine: Engine) -> None:
        """Know of the cursors too that SQLAlchemy uses by itself, as in a migration."""
        from sqlalchemy import event

        dialect = engine.dialect

        @event.listens_for(engine, "do_execute")
        def execute(cursor: Any, statement: Any, parameters: Any, context: Any) -> bool:
            with self.of(cursor):
                dialect.do_execute(cursor, statement, parameters, context)
            return True

        @event.listens_for(engine, "do_executemany")
        def execute_many(cursor: Any, statement: Any, parameters: Any, context: Any) -> bool:
            with self.of(cursor):
                dialect.do_executemany(cursor, statement, parameters, context)
            return True

        @event.listens_for(engine, "do_execute_no_params")
        def execute_plain(cursor: Any, statement: Any, context: Any) -> bool:
            with self.of(cursor):
                dialect.do_execute_no_params(cursor, statement, context)
            return True


@contextmanager
def on_interrupt(end: Callable[[], None], mark: Callable[[], None]) -> Iterator[None]:
    """Have Ctrl-C call `end` in a thread, at once; KeyboardInterrupt follows as soon as the driver returns.

    `mark` is called where that is raised, for a driver in whose code it happens may swallow it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _at_once(end), _where_raised(mark):
        yield


@contextmanager
def _at_once(end: Callable[[], None]) -> Iterator[None]:
    """By the socket that Python writes the numbers of signals into, whatever its main thread is doing."""
    numbers, written = socket.socketpair()
    written.setblocking(False)
    listener = threading.Thread(target=_listen, args=(numbers, end), name="ahjo interrupts", daemon=True)
    before = signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        written.close()
        listener.join()
        numbers.close()


def _listen(numbers: socket.socket, end: Callable[[], None]) -> None:
    while number := numbers.recv(1):
        if number[0] == signal.SIGINT:
            end()


@contextmanager
def _where_raised(mark: Callable[[], None]) -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):  # Ctrl-C is ignored, as in a background job of a shell
        yield
        return

    def handler(number: int, frame: FrameType | None) -> None:
        mark()
        before(number, frame)

    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
