"""`inv` on a terminal of its own, as people use it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from projects import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE = 60
"""Seconds without a word after which a program is taken to hang."""


class Pty:
    """`inv ARGUMENTS` on a terminal of its own."""

    def __init__(self, folder: Path, *arguments: str, columns: int = 80, **environ: str) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AHJO_", "COLUMNS"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "invoke", *arguments, "--config", "dev.json"],
            cwd=folder,
            env={**kept, "PYTHONPATH": str(ROOT), "GIT_CEILING_DIRECTORIES": str(folder.parent), **environ},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""

    def read(self) -> bool:
        """Read what is said next; return whether there is more to come."""
        if not select.select([self.ours], [], [], PATIENCE)[0]:
            self.process.kill()
            pytest.fail(f"nothing more was said:\n{self.seen}")
        try:
            more = os.read(self.ours, 4096)
        except OSError:  # what Linux says of a terminal that nobody writes to any more
            return False
        self.seen += more.decode()
        return bool(more)

    def until(self, word: str) -> str:
        """Read up to a word, or to the end."""
        while word not in self.seen and self.read():
            pass
        return self.seen

    def type(self, line: str) -> None:
        os.write(self.ours, f"{line}\n".encode())

    def end(self) -> int:
        self.until("\0")
        os.close(self.ours)
        return self.process.wait(timeout=60)
