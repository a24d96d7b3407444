"""Runs programs that do the same work by turns, checks what each did, and compares them with the first, the floor.

Ratios are medians of the pairs of each turn: of wall time, which a user waits and which holds the waiting of a durable
commit, and of processor time, client and server together, which other work on the machine changes less. The memory is
the client's. On Linux.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.databases import BenchmarkError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

REPOSITORY = Path(__file__).resolve().parent.parent
TIMER = Path(__file__).with_name("timer.py")
OURS = "ahjo"
OUR_ENVIRON = {"AHJO_NON_INTERACTIVE": "1", "PYTHONPATH": str(REPOSITORY)}
PATIENCE = 120.0


def tell(text: str) -> None:
    """Say what is going on: what is measured goes to the other stream."""
    print(text, file=sys.stderr, flush=True)


def nothing() -> None:
    """Do nothing."""


def no_seconds() -> float:
    """There is no server."""
    return 0.0


class Sample(NamedTuple):
    """What one run cost: seconds of time, of the client's and of the server's processors; MiB at the client's peak."""

    wall: float
    client: float
    server: float
    peak: float

    @property
    def cpu(self) -> float:
        """The processor seconds of client and server together."""
        return self.client + self.server


class Row(NamedTuple):
    """Medians of one program at one work; without figures where `note` says why there are none."""

    work: str
    database: str
    way: str
    runs: int = 0
    ratio: float = 0
    cpu_ratio: float = 0
    wall: float = 0
    cpu: float = 0
    peak: float = 0
    note: str = ""


@dataclass(frozen=True)
class Contestant:
    """A program that does the work. `before` makes it ready and `check` raises where it did not do it; neither counts.

    `note` tells more about the last run. A peer that fails is said so; a program that is none ends the benchmarks.
    """

    name: str
    command: Sequence[str]
    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], object] = nothing
    check: Callable[[], object] = nothing
    note: Callable[[], str] = str
    server_seconds: Callable[[], float] = no_seconds
    is_peer: bool = False


def compare(
    work: str, database: str, contestants: Sequence[Contestant], runs: int, patience: float = PATIENCE
) -> Iterator[Row]:
    """Run every contestant `runs` times, by turns, so that a slow moment of the machine meets them all; yield rows.

    A peer that takes longer than `patience` seconds is ended and left out.
    """
    samples: dict[str, list[Sample | None]] = {contestant.name: [] for contestant in contestants}
    notes: dict[str, str] = {}
    for turn in range(runs):
        shift = turn % len(contestants)
        for contestant in (*contestants[shift:], *contestants[:shift]):
            known = samples[contestant.name]
            has_failed = known and not known[-1]
            sample = None if has_failed else _sample(contestant, notes, patience)
            known.append(sample)
            took = f"{sample.wall:.2f} s" if sample else "left out"
            tell(f"{work}{database and f', {database}'}: {contestant.name}, {turn + 1}/{runs}: {took}")
    floor = samples[contestants[0].name]
    for contestant in contestants:
        name = contestant.name
        yield medians(Row(work, database, name, note=notes.get(name, "")), floor, samples[name])


def _sample(contestant: Contestant, notes: dict[str, str], patience: float) -> Sample | None:
    try:
        sample = run(contestant, patience if contestant.is_peer else None)
    except BenchmarkError as error:
        if not contestant.is_peer:
            raise
        notes[contestant.name] = " ".join(str(error).split())[-200:]
        return None
    notes[contestant.name] = contestant.note()
    return sample


def medians(row: Row, floor: Sequence[Sample | None], own: Sequence[Sample | None]) -> Row:
    """Return the row with the figures of the turns in which both ran."""
    pairs = [(first, second) for first, second in zip(floor, own, strict=True) if first and second]
    if not pairs:
        return row
    return row._replace(
        runs=len(pairs),
        ratio=statistics.median(second.wall / first.wall for first, second in pairs),
        cpu_ratio=statistics.median(second.cpu / (first.cpu or 0.001) for first, second in pairs),
        wall=statistics.median(second.wall for _, second in pairs),
        cpu=statistics.median(second.cpu for _, second in pairs),
        peak=statistics.median(second.peak for _, second in pairs),
    )


def run(contestant: Contestant, seconds: float | None = None) -> Sample:
    """Run one contestant once; raise BenchmarkError when it fails, takes longer, or leaves out a part of the work."""
    contestant.before()
    before = contestant.server_seconds()
    cost = timed(contestant.name, contestant.command, contestant.folder, contestant.environ, seconds)
    server = contestant.server_seconds() - before
    try:
        contestant.check()
    except BenchmarkError as error:
        raise BenchmarkError(f"{contestant.name}: {error}") from None
    return Sample(cost["wall"], cost["cpu"], server, cost["peak"])


def timed(
    name: str, command: Sequence[str], folder: Path, environ: Mapping[str, str], seconds: float | None = None
) -> dict[str, float]:
    """Return what a command cost, which has to succeed."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(TIMER), *command],
        cwd=folder,
        env=environment(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise BenchmarkError(f"took longer than {seconds:.0f} s") from None
    if process.returncode:
        raise BenchmarkError(f"{name} exited with {process.returncode}:\n{err[-3000:]}")
    cost: dict[str, float] = json.loads(out)
    return cost


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Return our variables without those that lead a tool elsewhere, and with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "AHJO_"))}
    return kept | dict(more)
