"""Waves: every target is in exactly one, in the order of the targets, and the limits are kept."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.errors import UsageError
from ahjo_tasks.fleet.coordinator import Turn, Turns
from ahjo_tasks.fleet.targets import Target
from ahjo_tasks.fleet.waves import CANARY, allowed_failures, plan_waves

TEN = [Target(f"t{number}", group="b" if number % 3 else "a") for number in range(10)]


@pytest.mark.parametrize(
    ("canary", "portions", "expected"),
    [
        ([], "", [("a, all", 4), ("b, all", 6)]),
        (["2"], "", [("canary", 2), ("b, all", 5), ("a, all", 3)]),
        (["t9"], "", [("canary", 1), ("a, all", 3), ("b, all", 6)]),
        (["group=a"], "", [("canary", 4), ("b, all", 6)]),
        ([], "50%", [("a, up to 50 %", 2), ("a, the rest", 2), ("b, up to 50 %", 3), ("b, the rest", 3)]),
        (["group=a"], "1%, 50%, 100%", [("canary", 4), ("b, up to 1 %", 1), ("b, up to 50 %", 2), ("b, the rest", 3)]),
    ],
)
def test_waves_follow_canaries_groups_and_portions(
    canary: list[str], portions: str, expected: list[tuple[str, int]]
) -> None:
    assert [(wave.name, len(wave.targets)) for wave in plan_waves(TEN, canary, portions)] == expected


@pytest.mark.parametrize("portions", ["0%", "101%", "50", "50%,10%", "x", ",", "-5%"])
def test_portions_are_growing_percentages(portions: str) -> None:
    with pytest.raises(UsageError, match="growing percentages"):
        plan_waves(TEN, [], portions)


@given(
    st.lists(st.sampled_from("abc"), max_size=40),
    st.integers(0, 5),
    st.lists(st.integers(1, 100), max_size=4).map(sorted),
)
def test_every_target_is_in_one_wave_and_in_order(groups: list[str], canary: int, percentages: list[int]) -> None:
    targets = [Target(f"t{number}", group=group) for number, group in enumerate(groups)]
    waves = plan_waves(targets, [str(canary)], ",".join(f"{each}%" for each in percentages))
    names = [target.name for wave in waves for target in wave.targets]
    assert sorted(names) == sorted(target.name for target in targets)
    assert all(wave.targets for wave in waves)
    assert [target.name for wave in waves if wave.name == CANARY for target in wave.targets] == names[:canary]
    for group in set(groups):
        within = [target.name for wave in waves for target in wave.targets if target.group == group]
        assert within == [target.name for target in targets if target.group == group]
    for wave in waves:
        assert wave.name == CANARY or len({target.group for target in wave.targets}) == 1


@pytest.mark.parametrize(
    ("text", "total", "allowed"), [("0", 10, 0), ("3", 10, 3), ("5%", 100, 5), ("5%", 10, 0), ("100%", 7, 7)]
)
def test_failures_are_allowed_as_a_number_or_a_share(text: str, total: int, allowed: int) -> None:
    assert allowed_failures(text, total) == allowed


@pytest.mark.parametrize("text", ["", "some", "-1", "1.5"])
def test_any_other_allowance_is_a_mistake(text: str) -> None:
    with pytest.raises(UsageError, match="max-failures"):
        allowed_failures(text, 10)


@given(st.lists(st.sampled_from(["x", "y", ""]), max_size=30), st.integers(0, 3), st.data())
def test_no_server_gets_more_than_its_share_and_all_get_their_turn(
    servers: list[str], limit: int, data: st.DataObject
) -> None:
    turns, busy, taken = Turns(limit), [], []
    for number, server in enumerate(servers):
        turns.put(Turn(f"t{number}", server, number=number))
    while turns or busy:
        turn = turns.take(math.inf)
        if turn is not None:
            busy.append(turn)
            taken.append(turn.name)
        for server in ("x", "y"):
            assert not limit or sum(each.server == server for each in busy) <= limit
        if busy and (turn is None or data.draw(st.booleans())):
            turns.end(busy.pop(data.draw(st.integers(0, len(busy) - 1))))
    assert sorted(taken) == sorted(f"t{number}" for number in range(len(servers)))
    if not limit:
        assert taken == [f"t{number}" for number in range(len(servers))]


def test_one_that_is_tried_again_waits_for_its_time_and_goes_first_then() -> None:
    turns = Turns()
    turns.put(Turn("other", number=1))
    turns.put(Turn("again", number=0, not_before=5.0))
    turns.put(Turn("last", number=2))
    first = turns.take(0.0)
    assert first is not None
    assert first.name == "other"
    second = turns.take(5.0)
    assert second is not None
    assert second.name == "again"


def test_those_that_were_not_started_are_told_in_order() -> None:
    turns = Turns()
    for number, (losses, later) in enumerate([(0, 0.0), (1, 0.0), (0, 9.0), (0, 0.0)]):
        turns.put(Turn(f"t{number}", str(number % 2), number=number, losses=losses, not_before=later))
    assert [turn.name for turn in turns.rest()] == ["t0", "t1", "t2", "t3"]
    assert not turns
