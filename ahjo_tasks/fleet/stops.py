"""Stops of a run over a fleet: Ctrl-C counts in the coordinator, and a switch in each worker."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from ahjo_tasks.errors import TerminatedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

GRACE = 30.0
"""Seconds that a target has for rolling back after its run was stopped, before its worker is ended."""


class Presses:
    """Counts Ctrl-C, without an exception: the first one ends the handing out, and one more what runs.

    SIGTERM does both at once, and with `impatient` the first Ctrl-C does.
    """

    def __init__(self, tell: Callable[[int], None] = lambda _count: None, *, impatient: bool = False) -> None:
        self.count = 0
        self.terminated = False
        self._tell = tell
        self._impatient = impatient

    @property
    def interrupts(self) -> bool:
        """True if what runs is to end early."""
        return self.terminated or self.count > (0 if self._impatient else 1)

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


class Switch:
    """The stop of runs in this worker: of all that it does, or of some by their ids."""

    def __init__(self) -> None:
        self.stopped_runs: set[str] = set()
        self.active = False
        """True while a call runs."""
        self._on = threading.Event()
        self._tell: Callable[[], None] | None = None

    def turn_on(self) -> None:
        """Stop what runs here."""
        self._on.set()
        if self._tell is not None:
            self._tell()

    def call_when_on(self, tell: Callable[[], None]) -> None:
        """Have a function called, at once if it is on already."""
        self._tell = tell
        if self._on.is_set():
            tell()

    def is_on(self, run: str = "") -> bool:
        """Return whether the run is to stop."""
        return self._on.is_set() or run in self.stopped_runs


@cache
def switch() -> Switch:
    """Return the switch of this process."""
    return Switch()


def stop_run(run: str) -> None:
    """Stop a run in this worker, which others may use, too."""
    switch().stopped_runs.add(run)


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
