"""Notice statements that take too long, and connections that stall, which no driver reports by itself."""

from __future__ import annotations

import atexit
import os
import socket
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.errors import UNKNOWN_OUTCOME, ServerError, StatementError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TICK = 0.5
"""Seconds between two looks at what runs."""
MISSES = 3
"""Number of looks in a row, each with a new connection, after which a connection counts as stalled."""
PAUSE = 2
"""Seconds between those looks."""
PATIENCE = 10
"""Seconds that a driver may take to return, once its statement was canceled or its socket closed."""
LAST_PAUSE = 2
"""Seconds that the end of the process waits for a connection that is being made beside it."""
ASKING = "ahjo statement"
"""The name of a thread that makes one."""
UNREACHABLE = "the server cannot be reached any more"
ANSWER_LOST = "the server has nothing to do for it, so that its answer was lost"
NO_ANSWER = "the server does not answer another connection either"


class Limits(NamedTuple):
    """Seconds: of a statement, until a stall is looked for, and of a try to connect; 0 sets no limit."""

    statement: int = 0
    check: int = 0
    connect: int = 0


class Server(NamedTuple):
    """The functions by which a statement is canceled, another connection asked for it, and the user told."""

    cancel: Callable[[Any], None]
    find_stall: Callable[[Any], str]
    """Returns why the connection has stalled, as another one sees it; empty where it has not."""
    report: Callable[[str], None]


class _Running:
    """A call of a driver that has not returned yet."""

    def __init__(self, raw: Any, cursor: Any) -> None:
        self.raw = raw
        self.cursor = cursor
        self.thread = threading.get_ident()
        self.started = time.monotonic()
        self.failure: StatementError | None = None
        self.position: object = None
        self.misses = 0
        self.next_check = 0.0
        self.leave_at = 0.0
        self.severed = False
        self.canceling: threading.Thread | None = None

    def has_moved(self) -> bool:
        """Return whether its thread is elsewhere than at the last look, and so waits for no server."""
        frame = sys._current_frames().get(self.thread)  # noqa: SLF001 - there is no other way to see another thread
        before, self.position = self.position, frame and (frame.f_code, frame.f_lasti)
        return before != self.position


class StatementWatch:
    """Looks at the running calls from a thread, which lives as long as there are any."""

    def __init__(self, limits: Limits, server: Server) -> None:
        self._limits = limits
        self._server = server
        self._running: list[_Running] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self, raw: Any, cursor: Any = None) -> Iterator[None]:
        """Watch the block, which runs a statement on the driver's connection; without a cursor it is not canceled.

        Raises StatementError in place of what the driver raises when the statement was ended from here.
        """
        if not self._limits.statement and not self._limits.check:
            yield
            return
        running = _Running(raw, cursor)
        self._add(running)
        try:
            yield
        except Exception as error:
            if running.failure is not None:
                raise running.failure from error
            raise
        finally:
            with self._lock:
                self._running.remove(running)
            if running.canceling is not None:  # to close a cursor meanwhile crashes some drivers
                running.canceling.join(PATIENCE)

    def _add(self, running: _Running) -> None:
        with self._lock:
            self._running.append(running)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="ahjo statements", daemon=True)
                self._thread.start()

    def _look(self) -> None:
        while True:
            time.sleep(TICK)
            with self._lock:
                running = list(self._running)
                if not running:
                    self._thread = None
                    return
            for each in running:
                self._examine(each, time.monotonic() - each.started)

    def _examine(self, running: _Running, seconds: float) -> None:
        """End what runs for too long, or has stalled; leave where the driver does not even return then."""
        if running.failure is not None:
            if seconds > running.leave_at:
                self._sever(running, seconds)
        elif self._limits.statement and running.cursor is not None and seconds > self._limits.statement:
            self._fail(running, seconds, _too_long(self._limits.statement))
            self._cancel(running)
        elif self._limits.check and seconds > max(running.next_check, self._limits.check):
            self._check(running, seconds)

    def _cancel(self, running: _Running) -> None:
        with self._lock:
            if running in self._running:
                running.canceling = _in_thread(self._server.cancel, running.cursor)

    def _check(self, running: _Running, seconds: float) -> None:
        reason = "" if running.has_moved() and running.misses else self._ask(running.raw)
        running.misses = running.misses + 1 if reason else 0
        running.next_check = seconds + (PAUSE if reason else self._limits.check)
        if running.misses >= MISSES and running in self._running:
            self._fail(running, seconds, _stalled(round(seconds), reason))
            self._sever(running, seconds)

    def _ask(self, raw: Any) -> str:
        """Ask by another connection, which may stall, too."""
        answers: list[str] = []
        asking = _in_thread(lambda: answers.append(self._server.find_stall(raw)))
        asking.join((self._limits.connect or PATIENCE) + PAUSE)
        return answers[0] if answers else NO_ANSWER if asking.is_alive() else ""

    @staticmethod
    def _fail(running: _Running, seconds: float, error: StatementError) -> None:
        running.failure, running.leave_at = error, seconds + PATIENCE

    def _sever(self, running: _Running, seconds: float) -> None:
        """Close the connection's socket; where a driver has none, or goes on waiting, end the process."""
        severed, running.severed, running.leave_at = running.severed, True, seconds + PATIENCE
        if not severed and shut_down(running.raw):
            return
        if running in self._running and running.failure is not None:
            self._server.report(f"{running.failure.message} {UNKNOWN_OUTCOME.capitalize()}")
            os._exit(StatementError.exit_code)


def _in_thread(function: Callable[..., object], *arguments: object) -> threading.Thread:
    def run() -> None:
        with suppress(Exception):
            function(*arguments)

    thread = threading.Thread(target=run, name=ASKING, daemon=True)
    thread.start()
    return thread


@atexit.register
def _wait_for_others() -> None:
    """Wait for threads that connect: OpenSSL crashes where one reads certificates while the process ends."""
    end = time.monotonic() + LAST_PAUSE
    for thread in threading.enumerate():
        if thread.name == ASKING:
            thread.join(max(0, end - time.monotonic()))


def _too_long(limit: int) -> StatementError:
    hint = "statement_timeout in the config says how long a statement may take; 0 sets no limit."
    return StatementError(ServerError(f"It took longer than {limit} s and was canceled.", hint=hint))


def _stalled(seconds: int, reason: str) -> StatementError:
    message = f"The connection has stalled: no answer for {seconds} s, and {reason}."
    hint = "See whether it was done, then run again. stall_timeout in the config says how long to wait before asking."
    return StatementError(ServerError(message, hint=hint, lost=True), outcome=UNKNOWN_OUTCOME)


def shut_down(raw: Any) -> bool:
    """Shut the socket of a driver's connection down, so that its waiting ends; return False where it shows none."""
    owner = next((part for part in (getattr(raw, name, None) for name in ("_sock", "_usock")) if part), raw)
    try:
        with socket.socket(fileno=os.dup(owner.fileno())) as twin:
            twin.shutdown(socket.SHUT_RDWR)
    except Exception:  # noqa: BLE001 - any driver's
        return False
    return True
