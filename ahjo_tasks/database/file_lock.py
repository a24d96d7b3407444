"""A lock on a file that dies with the process that holds it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

OFFSET = 1 << 30  # the locked byte lies behind the text, so that others can read who holds it


class FileLock:
    """The file stays when the lock is released: deleting it would let two waiters hold two different files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def acquire(self, owner: str) -> bool:
        """Take the lock and write down who holds it; False when another process has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("r+b" if self.path.exists() else "w+b")
        if not _try(file):
            file.close()
            return False
        file.truncate(0)
        file.write(owner.encode())
        file.flush()
        self._file = file
        return True

    def release(self) -> None:
        """Free the lock."""
        if self._file:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def owner(self) -> str:
        """Who holds the lock, as they said."""
        try:
            return self.path.read_text(encoding="utf-8", errors="replace") or "another run"
        except OSError:
            return "another run"


def _try(file: BinaryIO) -> bool:
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(OFFSET)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
            file.seek(0)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
