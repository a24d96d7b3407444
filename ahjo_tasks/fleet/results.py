"""The results of a run over a fleet: in files as they come, and in memory no more than counts and names."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from contextlib import contextmanager
from hashlib import sha256
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from ahjo_tasks.console.console import escaped
from ahjo_tasks.errors import AhjoError
from ahjo_tasks.fleet.outcome import DIFFERS, NOT_STARTED, STOPPED, Outcome, not_started
from ahjo_tasks.utils import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

INDEX = "index.json"
OWNER_ONLY = 0o600
UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
LONGEST = 80
"""Characters of a target's name in that of its log."""


class Results:
    """Results of the targets with these names; iterating gives them in that order, those that are there."""

    def __init__(self, names: Sequence[str], file: IO[bytes]) -> None:
        self.counts: Counter[str] = Counter()
        self.failed: list[str] = []
        self.differing: list[str] = []
        self.interrupted: list[str] = []
        self.not_started: list[str] = []
        self._names = names
        self._file = file
        self._places: dict[str, int] = {}

    @classmethod
    @contextmanager
    def of(cls, names: Sequence[str]) -> Iterator[Results]:
        """Lend empty ones; their file has no name, and ends with the block."""
        with TemporaryFile() as file:
            yield cls(names, file)

    def __len__(self) -> int:
        return len(self._places)

    def add(self, outcome: Outcome) -> None:
        """Keep what became of a target; its log is another file."""
        self._places[outcome.name] = self._file.seek(0, 2)
        self._file.write(f"{json.dumps(outcome.as_dict(), default=str)}\n".encode())
        self.counts[outcome.status] += 1
        names = {NOT_STARTED: self.not_started, STOPPED: self.interrupted}.get(outcome.status)
        if names is None and outcome.code:
            names = self.failed if outcome.failed else self.differing
        if names is not None:
            names.append(outcome.name)

    def complete(self) -> None:
        """Add that nothing was done on the targets that are not there, and bring the names into the order of all."""
        places = {name: place for place, name in enumerate(self._names)}
        for name in self._names:
            if name not in self._places:
                self.add(not_started(name))
        for names in (self.failed, self.differing, self.interrupted, self.not_started):
            names.sort(key=places.__getitem__)

    @property
    def exit_code(self) -> int:
        """The exit code of the whole: 1 where a target failed, else 5 where one differs."""
        if self.failed or self.interrupted or self.not_started:
            return AhjoError.exit_code
        return DIFFERS if self.differing else 0

    def __iter__(self) -> Iterator[Outcome]:
        for name in self._names:
            if name in self._places:
                self._file.seek(self._places[name])
                yield Outcome(**json.loads(self._file.readline()))


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
