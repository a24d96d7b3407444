"""The results of a run over a fleet: in a file as they come, and in memory no more than counts and names."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from ahjo_tasks.errors import AhjoError
from ahjo_tasks.fleet.outcome import DIFFERS, NOT_STARTED, STOPPED, Outcome, not_started

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


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
