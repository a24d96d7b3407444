"""Interrupt running statements on Ctrl-C: a driver that waits in C code would react only after the statement."""

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
    """The cursors that run statements on one database; a cursor is not closed before its interruption is done."""

    def __init__(self) -> None:
        self._cursors: list[Any] = []
        self._interrupted: list[Any] = []
        self._lock = threading.Lock()

    @contextmanager
    def track(self, cursor: Any) -> Iterator[None]:
        """Register the cursor while the block runs a statement with it.

        Raises KeyboardInterrupt at the end if it was interrupted: a driver may swallow the one that Python raises.
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
        """Have the cursors that run a statement now raise KeyboardInterrupt at its end."""
        self._interrupted = [*self._cursors]

    def interrupt(self, end: Callable[[Any], None]) -> None:
        """Call `end` with each cursor that runs a statement; if it fails, the statement was done already."""
        with self._lock:
            self.mark_interrupted()
            for cursor in self._interrupted:
                with suppress(Exception):
                    end(cursor)

    def listen(self, engine: Engine) -> None:
        """Track the cursors that SQLAlchemy uses by itself, too, as in a migration."""
        from sqlalchemy import event

        dialect = engine.dialect

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


@contextmanager
def on_interrupt(end: Callable[[], None], mark: Callable[[], None]) -> Iterator[None]:
    """Call `end` in a thread as soon as Ctrl-C is pressed; KeyboardInterrupt follows when the driver returns.

    `mark` is called when Python raises it, for a driver may swallow it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _wakeup_thread(end), _signal_handler(mark):
        yield


@contextmanager
def _wakeup_thread(end: Callable[[], None]) -> Iterator[None]:
    """Read signals from the socket that Python writes their numbers into, whatever its main thread is doing."""
    numbers, wakeup = socket.socketpair()
    wakeup.setblocking(False)
    listener = threading.Thread(target=_listen, args=(numbers, end), name="ahjo interrupts", daemon=True)
    previous = signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous)
        wakeup.close()
        listener.join()
        numbers.close()


def _listen(numbers: socket.socket, end: Callable[[], None]) -> None:
    while number := numbers.recv(1):
        if number[0] == signal.SIGINT:
            end()


@contextmanager
def _signal_handler(mark: Callable[[], None]) -> Iterator[None]:
    previous = signal.getsignal(signal.SIGINT)
    if not callable(previous):  # Ctrl-C is ignored, as in a background job of a shell
        yield
        return

    def handler(number: int, frame: FrameType | None) -> None:
        mark()
        previous(number, frame)

    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
