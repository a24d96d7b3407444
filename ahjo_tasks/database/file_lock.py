"""A lock on a file, which the operating system releases when the process that holds it ends."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from ahjo_tasks.errors import NotPermittedError

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

OFFSET = 1 << 30  # the locked byte is after the text, so that others can read who holds it
OWNER = re.compile(rb"[^\n]+ on [^\n]+ \(pid \d+\)\s*")
"""Text of a lock file whose holder was killed, as `lock_owner` writes it; a released one is empty."""
LONGEST_OWNER = 4096
OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Follow no link, and do not wait for the other end of a pipe."""


class FileLock:
    """A lock file, which is not deleted on release: else two waiters could each lock a file of their own.

    A file that no run wrote is never written to, and a link is never followed: both are refused.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def acquire(self, owner: str) -> bool:
        """Take the lock and write its owner into the file; return False if another process holds it.

        Raises NotPermittedError for a file that is none of ours, or that cannot be opened.
        """
        file = self._open()
        if not _lock(file):
            file.close()
            return False
        if not _is_ours(file):
            file.close()
            raise self._refuse("it is not a lock file: it has other content")
        file.seek(0)
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

    def held(self) -> bool:
        """Return whether some process holds the lock; the file is not written."""
        try:
            with self.path.open("rb") as file:
                return not _lock(file)  # closing it gives the lock back
        except OSError:
            return False

    def owner(self) -> str:
        """Read the owner of the lock from the file."""
        with suppress(OSError), self.path.open("rb") as file:
            text = file.read(LONGEST_OWNER)
            if OWNER.fullmatch(text):
                return text.decode(errors="replace").strip()
        return "another run"

    def _open(self) -> BinaryIO:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.path.is_symlink():
                raise self._refuse("it is a symbolic link")
            file = os.fdopen(os.open(self.path, OPEN, 0o666), "r+b")
        except OSError as error:
            raise self._refuse(error.strerror or type(error).__name__) from error
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise self._refuse("it is not a regular file")
        return file

    def _refuse(self, reason: str) -> NotPermittedError:
        return NotPermittedError(
            f"The lock file {self.path} cannot be used: {reason}.",
            hint="It was left as it is. Move it away, or let this user write there.",
        )


def _is_ours(file: BinaryIO) -> bool:
    text = file.read(LONGEST_OWNER)
    return not text or OWNER.fullmatch(text) is not None


def _lock(file: BinaryIO | BufferedReader) -> bool:
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
