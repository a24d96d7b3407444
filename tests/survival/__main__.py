"""Tries points for some minutes, then events and loads, and prints how many were survived; exits with 1 if one was not.

A point is an action on a database, ended by a signal at a moment: that of a step, of a statement, or of a call of a
function. All are drawn by the seed. `--point` tries a single one again, as a failure names it.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from servers import ServerMissingError
from sqlalchemy import make_url
from targets import NAMES, Target

from survival.actions import SCENARIOS
from survival.events import EVENTS, OWN_SERVERS, Place
from survival.loads import LOADS, carry
from survival.moments import SIGNALS
from survival.points import Point, Undisturbed, try_point

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers import Server

    from survival.actions import Scenario

WEIGHTS = {"step": 4, "statement": 4, "call": 3}
PARTS = ("points", "events", "loads")
LOADED = ("sqlite", "postgresql", "mysql")


class Survival:
    """The databases, what undisturbed runs leave in them, and what was tried."""

    def __init__(self, targets: dict[str, Target], servers: dict[str, Server], folder: Path) -> None:
        self.targets = targets
        self.tried, self.survived = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        self._servers = servers
        self._folder = folder
        self._undisturbed: dict[tuple[str, str], Undisturbed] = {}

    def try_point(self, point: Point) -> None:
        """End an action at a point."""
        scenario = next(each for each in SCENARIOS if each.name == point.scenario)
        target = self.targets[point.database]
        wanted = self._wanted(point.database, scenario)
        with self._room() as folder:
            wrong = try_point(point, scenario, wanted, target, Path(folder))
        self._note(str(point), scenario.name, point.database, wrong)

    def try_event(self, name: str, database: str, seed: int) -> None:
        """Have something happen to a run."""
        with self._room() as folder:
            place = Place(self.targets[database], self._servers.get(database), Path(folder), random.Random(seed))
            wrong = EVENTS[name].happen(place)
            noted = Path(folder, "point")
            where = noted.read_text(encoding="utf-8") if noted.exists() else ""
        self._note(f"{name} on {database}, seed {seed} {where}", name, database, wrong)

    def carry(self, name: str, database: str) -> None:
        """Have a large project deployed, and say what it took."""
        with self._room() as folder:
            run, wrong = carry(name, self.targets[database], Path(folder))
        print(f"{name:30}{database:12}{run.seconds:8.1f} s {run.peak:8.0f} MiB", flush=True)
        self._note(f"{name} on {database}", name, database, wrong)

    def points(self, seed: int, actions: set[str]) -> Iterator[Point]:
        """Draw points without end: each action on each database in turn, at a moment of the seed's choice."""
        chance = random.Random(seed)
        while True:
            for scenario in SCENARIOS:
                for database in self.targets:
                    if database in scenario.databases and (not actions or scenario.name in actions):
                        yield self._draw(chance, database, scenario)

    def report(self) -> Iterator[str]:
        """List how often each was tried and survived, by database."""
        names = list(dict.fromkeys(name for name, _database in self.tried))
        yield f"{'tried and survived':32}" + "".join(f"{database:>16}" for database in self.targets)
        for name in names:
            cells = ((self.tried[name, database], self.survived[name, database]) for database in self.targets)
            yield f"{name:32}" + "".join(f"{f'{tried}  {well}' if tried else '':>16}" for tried, well in cells)
        yield f"{'in all':32}{f'{self.tried.total()}  {self.survived.total()}':>16}"

    def _note(self, point: str, name: str, database: str, wrong: list[str]) -> None:
        self.targets[database].drop_all()
        self.tried[name, database] += 1
        self.survived[name, database] += not wrong
        for each in wrong:
            print(f"FAILED {point}\n    " + each.replace("\n", "\n    "), flush=True)

    def _wanted(self, database: str, scenario: Scenario) -> Undisturbed:
        key = (database, scenario.name)
        if key not in self._undisturbed:
            with self._room() as folder:
                self._undisturbed[key] = Undisturbed.of(scenario, self.targets[database], Path(folder))
                self.targets[database].drop_all()
        return self._undisturbed[key]

    def _draw(self, chance: random.Random, database: str, scenario: Scenario) -> Point:
        moments = self._wanted(database, scenario).moments
        kinds = [kind for kind in WEIGHTS if moments[kind]]
        kind = chance.choices(kinds, [WEIGHTS[kind] for kind in kinds])[0]
        return Point(database, scenario.name, chance.choice(list(SIGNALS)), kind, chance.randint(1, moments[kind]))

    def _room(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True)


def opened(stack: ExitStack, names: list[str], folder: Path) -> tuple[dict[str, Target], dict[str, Server]]:
    """Open the databases that there are here: private servers, and the SQL Server that a variable names."""
    targets, servers = {}, {}
    for name in names:
        (folder / name).mkdir()
        if name in OWN_SERVERS:
            try:
                servers[name] = stack.enter_context(OWN_SERVERS[name]())
            except ServerMissingError as error:
                print(f"{name}: {error}")
                continue
            targets[name] = Target(name, servers[name].url(), folder / name)
        elif name == "sqlite":
            targets[name] = Target(name, None, folder / name)
        elif url := os.environ.get(f"AHJO_TEST_{name.upper()}_URL"):
            targets[name] = Target(name, make_url(url), folder / name)
    return targets, servers


def arguments() -> Any:
    parser = argparse.ArgumentParser(
        prog="survival", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=5, help="how long points and events are drawn, each")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--databases", default=",".join(NAMES))
    parser.add_argument("--parts", default=",".join(PARTS), help=", ".join(PARTS))
    parser.add_argument("--only", default="", help="names of actions, events or loads, separated by semicolons")
    parser.add_argument("--point", action="append", default=[], help="try this one alone")
    return parser.parse_args()


def draw_points(survival: Survival, asked: Any, only: set[str]) -> None:
    deadline = time.monotonic() + asked.minutes * 60
    for point in survival.points(asked.seed, only & {each.name for each in SCENARIOS}):
        if time.monotonic() > deadline:
            return
        survival.try_point(point)


def draw_events(survival: Survival, asked: Any, only: set[str]) -> None:
    deadline, seed = time.monotonic() + asked.minutes * 60, asked.seed
    pairs = [(name, each) for name, event in EVENTS.items() for each in event.databases if each in survival.targets]
    pairs = [pair for pair in pairs if not only or pair[0] in only]
    if not hasattr(os, "geteuid") or os.geteuid():
        print("left out, for only root may mount a small disk: disk full")
        pairs = [pair for pair in pairs if not EVENTS[pair[0]].mounts]
    while pairs:
        for name, database in pairs:
            survival.try_event(name, database, seed)
            seed += 1
        pairs = [pair for pair in pairs if not EVENTS[pair[0]].once]
        if time.monotonic() > deadline:
            return


def carry_loads(survival: Survival, _asked: Any, only: set[str]) -> None:
    for name in LOADS:
        for database in LOADED:
            if database in survival.targets and (not only or name in only):
                survival.carry(name, database)


def main() -> int:
    asked = arguments()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a shell ignores it
    only = {name.strip() for name in asked.only.split(";") if name.strip()}
    parts = {"points": draw_points, "events": draw_events, "loads": carry_loads}
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
    print(f"{datetime.now(UTC):%Y-%m-%d}, seed {asked.seed}", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ahjo-survival-")))
        folder.chmod(0o755)
        survival = Survival(*opened(stack, asked.databases.split(","), folder), folder)
        gc.freeze()
        for point in map(Point.parse, asked.point):
            survival.try_point(point)
        for part in asked.parts.split(",") if not asked.point else ():
            parts[part](survival, asked, only)
        print("\n".join(survival.report()))
    return int(survival.tried != survival.survived)


if __name__ == "__main__":
    sys.exit(main())
