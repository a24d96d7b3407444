"""Progress line, and tables and text cut to the width of a terminal."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


DELAY = 0.15
TICK = 0.1
CLEAR_LINE = "\r\033[K"
CLEAR_LINE_ABOVE = "\033[A\033[K"


class ProgressLine:
    """A line that a thread draws once the work has lasted DELAY seconds, with the seconds that it has taken.

    Quick work is never drawn: thousands of small files do not flicker. `line_format` joins text and seconds; what it
    returns may have further lines below.
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
            self._stream.write(self._clearing + line)
            self._stream.flush()
            self._drawn = line

    def _erase(self) -> None:
        if self._drawn:
            self._stream.write(self._clearing)
            self._stream.flush()
            self._drawn = ""

    @property
    def _clearing(self) -> str:
        """Codes that clear the lines that are drawn, and leave the cursor where they began."""
        return CLEAR_LINE + CLEAR_LINE_ABOVE * self._drawn.count("\n")


def truncate_middle(text: str, width: int) -> str:
    """Return the text in at most `width` characters, without its middle: the end of a path tells most."""
    if len(text) <= width:
        return text
    head = max(0, width - 1) * 2 // 5
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}" if width > 1 else "…"


def truncate_end(text: str, width: int) -> str:
    """Return the text in at most `width` characters, of a sentence the beginning."""
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…" if width > 1 else ""


EXCERPT = re.compile(r" *\d* \| ?")
CARET = re.compile(r" +\| +\^")


def fit_excerpt(lines: Sequence[str], width: int) -> list[str]:
    """Cut numbered lines of source code to `width` characters, all at the same column, so that the caret is in view."""
    caret = next((len(line) for line in lines if CARET.fullmatch(line)), 0)
    fitted = []
    for line in lines:
        gutter = EXCERPT.match(line)
        start = gutter.end() if gutter else 0
        first = max(0, caret - start - (width - start) // 2) if caret > width else 0
        fitted.append(line[:start] + line[start + first :][: width - start] if gutter else line)
    return fitted


def display_width(text: str) -> int:
    """Return the number of a terminal's columns that a text takes: letters of East Asia take two, accents none."""
    if text.isascii():
        return len(text)
    import unicodedata  # only for such a text

    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in {"W", "F"}) for char in text
    )


def format_table(rows: Sequence[Sequence[Any]], headers: Sequence[str], width: int | None) -> Iterator[str]:
    """Yield the lines of a table: headers, a rule, and each row in as many lines as it needs; None is no limit."""
    cells = [[_cell(value) for value in row] for row in rows]
    right = [bool(rows) and all(isinstance(row[index], int) for row in rows) for index in range(len(headers))]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    if width is not None:
        _narrow(widths, width - 2 * len(widths))
    yield _aligned(headers, widths, right)
    yield "  ".join("─" * column for column in widths)
    for row in cells:
        for part in _wrapped(row, widths):
            yield _aligned(part, widths, right)


def _cell(value: object) -> str:
    return "" if value is None else " ".join(str(value).split("\n"))


def _narrow(widths: list[int], total: int) -> None:
    """Make the widest columns narrower until all fit."""
    while sum(widths) > total and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1


def _wrapped(row: Sequence[str], widths: Sequence[int]) -> list[list[str]]:
    """Return the row in as many lines as its longest cell needs."""
    columns = [_in_lines(cell, width) if len(cell) > width else [cell] for cell, width in zip(row, widths, strict=True)]
    height = max(map(len, columns))
    return [[column[line] if line < len(column) else "" for column in columns] for line in range(height)]


def _in_lines(cell: str, width: int) -> list[str]:
    """Divide a cell between words; a path behind its folders, where each part has room."""
    import re
    import textwrap  # only a terminal needs both

    if " " in cell or "/" not in cell or max(map(len, cell.split("/"))) >= width:
        return textwrap.wrap(cell, width) or [""]
    lines = [""]
    for part in re.findall(r"[^/]*/|[^/]+", cell):
        if len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return lines


def _aligned(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if number else cell.ljust(width)
        for cell, width, number in zip(cells, widths, right, strict=True)
    ]
    return "  ".join(padded).rstrip()
