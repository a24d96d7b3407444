"""Stops of a run over a fleet: Ctrl-C counts in the coordinator, and a switch in each worker."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import parent_process
from typing import TYPE_CHECKING, Protocol

from ahjo_tasks.errors import TerminatedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

GRACE = 30.0
"""Seconds that a target has for rolling back after its run was stopped, before its worker is ended."""
PAUSE = 0.1


class Presses:
    """Counts Ctrl-C, without an exception: the first one ends the handing out, the second one what runs.

    SIGTERM does both at once.
    """

    def __init__(self, tell: Callable[[int], None] = lambda _count: None) -> None:
        self.count = 0
        self.terminated = False
        self._tell = tell

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count signals in the block; the handlers of before are called, too. Only the main thread gets any."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        handled = {number: handler for number, handler in before.items() if callable(handler)}
        for number, handler in handled.items():
            signal.signal(number, self._counting(handler))
        try:
            yield
        finally:
            for number, handler in handled.items():
                signal.signal(number, handler)

    def press(self) -> None:
        """Count one more. A third one, of somebody who does not want to wait, is an exception again."""
        self.count += 1
        if self.count > 2:  # noqa: PLR2004 - stop handing out, end what runs, and leave
            raise KeyboardInterrupt
        self._tell(self.count)

    def _counting(self, handler: Callable[[int, FrameType | None], object]) -> Callable[[int, FrameType | None], None]:
        def handle(number: int, frame: FrameType | None) -> None:
            try:
                handler(number, frame)
            except TerminatedError:
                self.terminated = True
                self.count = max(self.count, 1)
            except KeyboardInterrupt:
                pass
            self.press()

        return handle


class Flag(Protocol):
    """An event of `multiprocessing`."""

    def is_set(self) -> bool:
        """Return whether somebody has set it."""

    def set(self) -> None:
        """Set it."""


class Switch:
    """The stop of runs in this worker: of a pool's own by its flag, of others by their ids."""

    def __init__(self) -> None:
        self.flag: Flag = threading.Event()
        self.stopped_runs: set[str] = set()
        self.active = 0
        """Number of targets that this worker works on."""

    def is_on(self, run: str) -> bool:
        """Return whether the run is to stop."""
        return run in self.stopped_runs or self.flag.is_set()


@cache
def switch() -> Switch:
    """Return the switch of this process."""
    return Switch()


def stop_run(run: str) -> None:
    """Stop a run in this worker, which others may use, too."""
    switch().stopped_runs.add(run)


def prepare_worker(flag: Flag) -> None:
    """Prepare a process of a pool: the terminal's Ctrl-C is the coordinator's, and the process ends with that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    switch().flag = flag
    threading.Thread(target=_end_with_parent, name="ahjo parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is None:
        return
    parent.join()
    with suppress(OSError):
        switch().flag.set()
    deadline = time.monotonic() + GRACE
    while switch().active and time.monotonic() < deadline:
        time.sleep(PAUSE)
    os._exit(1)


class Deadline:
    """Interrupt of one target: on where its run is stopped, or its time is up."""

    def __init__(self, run: str, seconds: float) -> None:
        self._run = run
        self._end = time.monotonic() + seconds if seconds else None

    @property
    def passed(self) -> bool:
        """True if the time is up."""
        return self._end is not None and time.monotonic() >= self._end

    def is_set(self) -> bool:
        """Return whether the target has to stop."""
        return self.passed or switch().is_on(self._run)
