"""The bytes of a project's files, each read once by a command as long as nobody changes it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST_KEPT = 16 * 1024 * 1024
"""Bytes that are kept of all files."""
SETTLED = 2_000_000_000
"""Nanoseconds after which another change of a file surely gives it another time, on any file system."""


class FileContents:
    """Reads files, and keeps their bytes for the next time, if size, times and inode of a file are the same then."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Forget what was read, as nobody is about to read it again."""
        self._kept: dict[str, tuple[tuple[int, ...], bytes]] = {}
        self._room = MOST_KEPT

    def read(self, path: Path | str) -> bytes:
        """Return the bytes of a file. Raises OSError."""
        name = str(path)
        status = os.stat(name)  # noqa: PTH116 - of thousands of files: Path takes longer
        stamp = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
        known, content = self._kept.get(name, (None, b""))
        if known == stamp:
            return content
        with open(name, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            content = file.read()
        if len(content) <= self._room and time.time_ns() - status.st_mtime_ns > SETTLED:
            self._kept[name] = stamp, content
            self._room -= len(content)
        return content
