"""One point: an action that is ended at a moment, and the run after it, which ends where an undisturbed one does."""

from __future__ import annotations

import json
import math
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kills import HUNG, killed

from survival.content import content
from survival.moments import SIGNALS, Counting, Ending

if TYPE_CHECKING:
    from pathlib import Path

    from inside import Deployed
    from targets import Target

    from survival.actions import Scenario

CODES = {"KILL": {-signal.SIGKILL, 0}, "TERM": {143, -signal.SIGTERM, 0}, "INT": {130, -signal.SIGINT, 0}}
STATUSES = "SELECT status FROM ahjo_runs ORDER BY run_id"
KNOWN = "SELECT kind, name FROM ahjo_objects WHERE kind IN ('view', 'function')"


@dataclass(frozen=True)
class Point:
    """A moment of a kind, by its number, at which an action on a database gets a signal."""

    database: str
    scenario: str
    signal: str
    kind: str
    number: int

    def __str__(self) -> str:
        return f"{self.database}/{self.scenario}/{self.signal}/{self.kind}/{self.number}"

    @classmethod
    def parse(cls, text: str) -> Point:
        """Read what `str` has written."""
        database, scenario, name, kind, number = text.split("/")
        return cls(database, scenario, name, kind, int(number))


@dataclass(frozen=True)
class Undisturbed:
    """What an action leaves that nothing disturbs, and how many moments of each kind it has."""

    content: dict[str, Any]
    moments: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, scenario: Scenario, target: Target, folder: Path) -> Undisturbed:
        """Run it. Raises AssertionError where it does not end well."""
        live = scenario.project(target, folder / "project")
        counts, said = folder / "counts", folder / "said"
        code = killed(live, *scenario.command(live), kill=Counting(counts), said=said)
        assert code == 0, f"{scenario.name} on {target.name}: {said.read_text(encoding='utf-8')}"
        return cls(content(live), json.loads(counts.read_text(encoding="ascii")))


def difference(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Say what is not as it is to be; empty where nothing is."""
    keys = [key for key in sorted(found.keys() | wanted.keys()) if found.get(key) != wanted.get(key)]
    return "; ".join(f"{key}: {found.get(key)!r}, not {wanted.get(key)!r}" for key in keys)


def try_point(point: Point, scenario: Scenario, wanted: Undisturbed, target: Target, folder: Path) -> list[str]:
    """Disturb the action, run it again, and return all that is wrong then."""
    live = scenario.project(target, folder / "project")
    command, said = scenario.command(live), folder / "said"
    code = killed(live, *command, kill=Ending(point.kind, point.number, SIGNALS[point.signal]), said=said)
    text = said.read_text(encoding="utf-8") if said.exists() else ""
    wrong = _wrong_end(point, code, text)
    left = content(live)
    done = left == wanted.content
    untrue, runs = _untrue(live, left), 0 if "missing" in left else _runs(live)
    wrong += untrue if len(untrue) > _unknown(point, scenario) else []
    if code == 0 and not done:
        wrong.append(f"exit code 0, and not done: {difference(left, wanted.content)}")
    if done and scenario.repeats:
        return wrong
    again = live.here(*command)
    wrong += [f"the next run ends with {again.code}: {again.text}"] if again.code else []
    unlike = difference(content(live), wanted.content)
    wrong += [f"after the next run {unlike}\n{again.text}"] if unlike else []
    return wrong + (_unfinished(live) if _runs(live) != runs else [])


def _unknown(point: Point, scenario: Scenario) -> float:
    """How many objects the history may not know of yet: what was committed, and not recorded."""
    if scenario.is_one_transaction(point.database):
        return 0
    return math.inf if point.signal == "KILL" or scenario.committed_alone else 1


def _runs(live: Deployed) -> int:
    return len(live.rows(STATUSES)) if live.has("ahjo_runs") else 0


def _wrong_end(point: Point, code: int, text: str) -> list[str]:
    wrong = ["it hung"] if code == HUNG else []
    before_any_action = code == 1 and not text  # `inv` itself says so; here Invoke alone is run
    if code not in CODES[point.signal] and not (point.signal == "INT" and before_any_action):
        wrong.append(f"{point.signal} ends it with {code}: {text}")
    return wrong + ([f"a traceback: {text}"] if "Traceback" in text else [])


def _untrue(live: Deployed, left: dict[str, Any]) -> list[str]:
    """What the history says that is not so."""
    if "known" not in left:
        return []
    names = {key.partition(" ")[2].lower() for key in left if key.startswith(("view ", "routine "))}
    return [f"recorded, and not there: {kind} {name}" for kind, name in live.rows(KNOWN) if name.lower() not in names]


def _unfinished(live: Deployed) -> list[str]:
    """What the history says of the runs, now that all is done."""
    if not live.has("ahjo_runs"):
        return []
    statuses = [row[0] for row in live.rows(STATUSES)]
    odd = sorted(set(statuses) - {"succeeded", "failed", "interrupted"})
    last = [f"the last run is recorded as {statuses[-1]}"] if statuses[-1:] != ["succeeded"] else []
    return last + [f"a run is recorded as {status}" for status in odd]
