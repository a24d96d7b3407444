"""The program of `make survival`: a point is survived, and one that is not would be told."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from survival.actions import SCENARIOS
from survival.events import EVENTS, Place
from survival.points import Point, Undisturbed, try_point

if TYPE_CHECKING:
    from pathlib import Path

    from survival.actions import Scenario
    from targets import Target


@cache
def scenario(name: str) -> Scenario:
    return next(each for each in SCENARIOS if each.name == name)


@pytest.mark.parametrize("signal", ["KILL", "TERM", "INT"])
@pytest.mark.parametrize(
    ("name", "kind"), [("deploy, changed", "step"), ("data", "statement"), ("pull, whole", "call")]
)
def test_a_point_is_survived(sqlite_target: Target, tmp_path: Path, name: str, kind: str, signal: str) -> None:
    wanted = Undisturbed.of(scenario(name), sqlite_target, tmp_path)
    assert all(wanted.moments.values()) or name.startswith("pull")
    point = Point("sqlite", name, signal, kind, wanted.moments[kind] // 2)
    assert Point.parse(str(point)) == point
    (tmp_path / "point").mkdir()
    assert try_point(point, scenario(name), wanted, sqlite_target, tmp_path / "point") == []


def test_what_was_not_survived_is_told(sqlite_target: Target, tmp_path: Path) -> None:
    wanted = Undisturbed.of(scenario("deploy"), sqlite_target, tmp_path)
    lost = replace(wanted, content={**wanted.content, "view lost": "SELECT 1"})
    (tmp_path / "point").mkdir()
    found = try_point(
        Point("sqlite", "deploy", "TERM", "step", 3), scenario("deploy"), lost, sqlite_target, tmp_path / "point"
    )
    assert len(found) == 1
    assert found[0].startswith("after the next run view lost: None, not 'SELECT 1'")


class First:
    """Chooses the first, and the middle."""

    def choice(self, among: Any) -> Any:
        return among[0]

    def randint(self, low: int, high: int) -> int:
        return (low + high) // 2


@pytest.mark.parametrize("target", ["postgresql", "mysql"], indirect=True)
def test_a_connection_that_is_cut_between_two_requests_is_survived(target: Target, tmp_path: Path) -> None:
    assert EVENTS["connection cut"].happen(Place(target, None, tmp_path, First())) == []
