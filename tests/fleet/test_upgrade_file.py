from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.errors import ConfigError
from ahjo_tasks.fleet.protocol import Call
from ahjo_tasks.fleet.upgrade_file import Version, parse_upgrade_file

if TYPE_CHECKING:
    from pathlib import Path


def test_an_action_is_a_name_alone_or_with_its_parameters() -> None:
    text = '{"v2": ["deploy", ["step"], ["step", {"batch": 5, "names": ["a"]}]], // a comment\n}'
    calls = (Call("deploy"), Call("step"), Call("step", {"batch": 5, "names": ["a"]}))
    assert parse_upgrade_file(text.encode(), "up.jsonc") == {"v2": Version("v2", calls, "up.jsonc:1")}
    assert ", ".join(map(str, calls)) == "deploy, step, step(batch=5, names=['a'])"


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ("[]", "up.json:1: v2: expected an array of actions with at least one in it"),
        ('"deploy"', "up.json:1: v2: expected an array of actions"),
        ('["deploy", 5]', "v2: entry 2: expected an action's name or"),
        ('[["note", ["a"]]]', "v2: entry 1: expected an action's name or"),
        ('[["note", {}, 1]]', "v2: entry 1: expected an action's name or"),
        ('[""]', "v2: entry 1: expected an action's name or"),
        ('["a"], "v2": ["b"]', "v2 is given twice"),
    ],
)
def test_a_mistake_is_reported_with_its_line(entries: str, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_upgrade_file(f'{{"v2": {entries}}}'.encode(), "up.json")
    assert problem in " ".join(raised.value.problems)


def test_a_tag_that_yaml_takes_for_a_number_is_reported() -> None:
    with pytest.raises(ConfigError) as raised:
        parse_upgrade_file(b"1.0: [deploy]\n", "up.yaml")
    assert "1.0: write the tag in quotes" in raised.value.problems[0]


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_upgrade_file(b'{"v2": [1, 2],\n "v3": []}', "up.json")
    assert len(raised.value.problems) == 3
    assert raised.value.problems[2].startswith("up.json:2: v3: ")
