"""The progress line at the bottom of a terminal, which is erased before anything else is printed."""

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
    """A line that a thread draws once the work has lasted DELAY seconds, with the seconds that it has taken.

    Quick work is never drawn: thousands of small files do not flicker. `line_format` joins text and seconds.
    """

    def __init__(self, stream: IO[str], line_format: Callable[[str, str], str]) -> None:
        self._stream = stream
        self._format = line_format
        self._lock = threading.RLock()
        self._text = ""
        self._since = 0.0
        self._drawn = ""
        self._ticking = False

    def update(self, text: str) -> None:
        """Show another text from now on."""
        with self._lock:
            self._erase()
            self._text, self._since = text, time.monotonic()
            if not self._ticking:
                self._ticking = True
                threading.Thread(target=self._tick, name="ahjo progress line", daemon=True).start()

    def clear(self) -> None:
        """Erase the line, for the work is done."""
        with self._lock:
            self._erase()
            self._text = ""

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Erase the line while another one is written; it is drawn again below that."""
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
        line = self._format(self._text, f" {seconds:.0f}s" if seconds >= 1 else "")
        if seconds >= DELAY and line != self._drawn:
            self._stream.write(CLEAR_LINE + line)
            self._stream.flush()
            self._drawn = line

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write(CLEAR_LINE)
            self._stream.flush()
            self._drawn = ""
