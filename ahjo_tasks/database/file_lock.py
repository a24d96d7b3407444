"""A lock on a file, which the operating system releases when the process that holds it ends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

OFFSET = 1 << 30  # the locked byte is after the text, so that others can read who holds it


class FileLock:
    """A lock file, which is not deleted on release: else two waiters could each lock a file of their own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def acquire(self, owner: str) -> bool:
        """Take the lock and write its owner into the file; return False if another process holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("r+b" if self.path.exists() else "w+b")
        if not _lock(file):
            file.close()
            return False
        file.truncate(0)
        file.write(owner.encode())
        file.flush()
        self._file = file
        return True

    def release(self) -> None:
        """Release the lock."""
        if self._file:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def owner(self) -> str:
        """Read the owner of the lock from the file."""
        try:
            return self.path.read_text(encoding="utf-8", errors="replace") or "another run"
        except OSError:
            return "another run"


def _lock(file: BinaryIO) -> bool:
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
