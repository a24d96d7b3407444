"""Tries points for some minutes and prints how many were survived; exits with 1 when one was not."""

from __future__ import annotations

import argparse
import gc
import os
import platform
import random
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from servers import MariaDBServer, PostgresServer, ServerMissingError
from sqlalchemy import make_url
from targets import NAMES, Target

from survival.actions import SCENARIOS
from survival.moments import SIGNALS
from survival.points import Point, Undisturbed, try_point

if TYPE_CHECKING:
    from collections.abc import Iterator

    from survival.actions import Scenario

SERVERS = {"postgresql": PostgresServer, "mysql": MariaDBServer}
WEIGHTS = {"step": 4, "statement": 4, "call": 3}


class Survival:
    """The databases, and what undisturbed runs leave in them."""

    def __init__(self, targets: dict[str, Target], folder: Path) -> None:
        self._targets = targets
        self._folder = folder
        self._undisturbed: dict[tuple[str, str], Undisturbed] = {}

    def undisturbed(self, database: str, scenario: Scenario) -> Undisturbed:
        """Return what an action leaves, and its moments."""
        key = (database, scenario.name)
        if key not in self._undisturbed:
            with self._room() as folder:
                self._undisturbed[key] = Undisturbed.of(scenario, self._targets[database], Path(folder))
                self._targets[database].drop_all()
        return self._undisturbed[key]

    def try_point(self, point: Point) -> list[str]:
        """Return what is wrong after a point."""
        scenario = next(each for each in SCENARIOS if each.name == point.scenario)
        wanted = self.undisturbed(point.database, scenario)
        with self._room() as folder:
            try:
                return try_point(point, scenario, wanted, self._targets[point.database], Path(folder))
            finally:
                self._targets[point.database].drop_all()

    def points(self, seed: int, actions: set[str]) -> Iterator[Point]:
        """Draw points without end: each action on each database in turn, at a moment of the seed's choice."""
        chance = random.Random(seed)
        while True:
            for scenario in SCENARIOS:
                for database in self._targets:
                    if database in scenario.databases and (not actions or scenario.name in actions):
                        yield self._draw(chance, database, scenario)

    def _draw(self, chance: random.Random, database: str, scenario: Scenario) -> Point:
        moments = self.undisturbed(database, scenario).moments
        kinds = [kind for kind in WEIGHTS if moments[kind]]
        kind = chance.choices(kinds, [WEIGHTS[kind] for kind in kinds])[0]
        return Point(database, scenario.name, chance.choice(list(SIGNALS)), kind, chance.randint(1, moments[kind]))

    def _room(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(dir=self._folder)


def opened(stack: ExitStack, names: list[str], folder: Path) -> Iterator[tuple[str, Target]]:
    """Open the databases that there are here: those that a variable names, and private servers."""
    for name in names:
        named = os.environ.get(f"AHJO_TEST_{name.upper()}_URL")
        url = make_url(named) if named else None
        if url is None and name in SERVERS:
            try:
                url = stack.enter_context(SERVERS[name]()).url()
            except ServerMissingError as error:
                print(f"{name}: {error}")
                continue
        if url is not None or name == "sqlite":
            (folder / name).mkdir()
            yield name, Target(name, url, folder / name)


def main() -> int:
    parser = argparse.ArgumentParser(prog="survival", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="how long points are drawn")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--databases", default=",".join(NAMES))
    parser.add_argument("--actions", default="", help="separated by semicolons; by default all")
    parser.add_argument("--point", action="append", default=[], help="try this one only, as a failure names it")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ahjo-survival-")))
        names = asked.databases.split(",")
        survival = Survival(dict(opened(stack, names, folder)), folder)
        tried, survived = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        print(f"{platform.node()}, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}, seed {asked.seed}")
        deadline = time.monotonic() + asked.minutes * 60
        actions = set(filter(None, asked.actions.split(";")))
        gc.freeze()
        points = map(Point.parse, asked.point) if asked.point else survival.points(asked.seed, actions)
        for point in points:
            if time.monotonic() > deadline and not asked.point:
                break
            wrong = survival.try_point(point)
            key = (point.scenario, point.database)
            tried[key] += 1
            survived[key] += not wrong
            for each in wrong:
                print(f"{point}\n    {each}".replace("\n", "\n    "), flush=True)
        for key in sorted(tried):
            print(f"{key[0]:26}{key[1]:12}{tried[key]:6}{survived[key]:6}")
        print(f"{'':38}{tried.total():6}{survived.total():6}")
    return int(tried != survived)


if __name__ == "__main__":
    sys.exit(main())
