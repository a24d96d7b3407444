"""The line at the bottom of a terminal that says what is being done; it goes away before anything else is said."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DELAY = 0.15
TICK = 0.1
CLEAR_LINE = "\r\033[K"


class ProgressLine:
    """Drawn by a thread once the work has lasted DELAY seconds, then with the seconds that it takes.

    What is quick is never drawn: thousands of small files do not flicker past.
    """

    def __init__(self, stream: IO[str], shape: Callable[[str, str], str]) -> None:
        self._stream = stream
        self._shape = shape
        self._lock = threading.RLock()
        self._text = ""
        self._since = 0.0
        self._drawn = ""
        self._ticking = False

    def show(self, text: str) -> None:
        """Say what is being done from now on."""
        with self._lock:
            self._erase()
            self._text, self._since = text, time.monotonic()
            if not self._ticking:
                self._ticking = True
                threading.Thread(target=self._tick, name="ahjo live line", daemon=True).start()

    def end(self) -> None:
        """The work is done."""
        with self._lock:
            self._erase()
            self._text = ""

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Room to write a line; what is being done is drawn again below it."""
        with self._lock:
            self._erase()
            yield

    def _tick(self) -> None:
        while True:
            time.sleep(TICK)
            with self._lock:
                if not self._text:
                    self._ticking = False
                    return
                self._draw(time.monotonic() - self._since)

    def _draw(self, seconds: float) -> None:
        shown = self._shape(self._text, f" {seconds:.0f}s" if seconds >= 1 else "")
        if seconds >= DELAY and shown != self._drawn:
            self._stream.write(CLEAR_LINE + shown)
            self._stream.flush()
            self._drawn = shown

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write(CLEAR_LINE)
            self._stream.flush()
            self._drawn = ""
