"""The logs of a fleet: one file a target, which grows with every run, and an index of the last run."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from typing import TYPE_CHECKING

from ahjo_tasks.console.console import escaped
from ahjo_tasks.utils import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ahjo_tasks.fleet.outcome import Outcome

INDEX = "index.json"
OWNER_ONLY = 0o600
UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
LONGEST = 80


class TargetLogs:
    """A folder with a log of each target, which only its owner may read."""

    def __init__(self, project: Path, given: str, heading: str) -> None:
        """`given` is the path of the folder, from that of the project."""
        self.given = given
        self.folder = project / given
        self._heading = heading
        with make_folder(self.folder):
            pass

    def write(self, outcome: Outcome) -> None:
        """Add to the log of a target what was done, and what became of it."""
        lines = [f"  {escaped(line)}" for entry in outcome.lines for line in entry.splitlines()]
        text = "\n".join((self._heading, *lines, ""))
        path = self.folder / file_name(outcome.name)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)

    def write_index(self, texts: Iterable[str]) -> None:
        """Write what became of all targets of a run: texts below each other."""
        part = self.folder / f".{INDEX}.{os.getpid()}"
        with part.open("w", encoding="utf-8") as file:
            part.chmod(OWNER_ONLY)
            file.writelines(f"{text}\n" for text in texts)
        part.replace(self.folder / INDEX)


def file_name(name: str) -> str:
    """Return the name of a target's log: safe on every system, and another one for every target."""
    safe = UNSAFE.sub("_", name)[:LONGEST]
    same = safe == name and name == name.lower()
    return f"{safe}.log" if same else f"{safe}-{sha256(name.encode()).hexdigest()[:8]}.log"
