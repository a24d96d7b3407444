"""The file `ahjo.log` in the project's folder: all output, with time and level."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import finalize

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZE = 1_000_000
"""Bytes; a larger log becomes `ahjo.log.1`, and replaces the one before."""


class FileLog:
    """A log file, as a function of level and line: `[2024-02-29 12:00:00] [ahjo] INFO line`.

    Nothing is buffered: a text is one write to the operating system, so that not even a kill loses a line. `failure`
    is the reason why the file cannot be written, empty when it can.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.as_json = False
        self.failure = ""
        self._file = -1
        self._close: Callable[[], object] = lambda: None
        self._second = 0
        self._stamp = ""

    def __call__(self, level: str, line: str) -> None:
        """Write each line of the text with its own time and level."""
        text = "".join(f"{self._record(level.upper(), part)}\n" for part in line.splitlines())
        try:
            self._write(text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            self.failure = error.strerror or str(error)

    def _record(self, level: str, line: str) -> str:
        if self.as_json:
            known = {"time": self._now(), "logger": "ahjo", "level": level, "message": line}
            return json.dumps(known, ensure_ascii=False)
        return f"[{self._now()}] [ahjo] {level} {line}"

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        self._close()
        self._file = -1

    def _write(self, data: bytes) -> None:
        if self._file < 0:
            self._open()
        size = os.fstat(self._file).st_size  # other processes write there, too
        if size and size + len(data) > SIZE:
            self._rotate()
        os.write(self._file, data)

    def _open(self) -> None:
        binary = getattr(os, "O_BINARY", 0)  # on Windows
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | binary, 0o666)
        self._close = finalize(self, os.close, self._file)

    def _rotate(self) -> None:
        """Replace the file by a new one, unless another process has done so meanwhile."""
        with suppress(OSError):  # fails on Windows while another process has the file open: then it grows
            _lock(self._file)
            full = os.path.samestat(os.fstat(self._file), self.path.stat())
            if os.name == "nt":
                self.close()
            if full:
                self.path.replace(f"{self.path}.1")
        self.close()
        self._open()

    def _now(self) -> str:
        second = int(time.time())
        if second != self._second:
            self._second, self._stamp = second, time.strftime("%Y-%m-%d %H:%M:%S")
        return self._stamp


def _lock(file: int) -> None:
    """Take an exclusive lock, until the file is closed; on Windows nothing has to be locked."""
    if os.name != "nt":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
