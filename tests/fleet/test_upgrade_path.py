from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.errors import AhjoError, ConfigError, UsageError
from ahjo_tasks.fleet.calls import Call
from ahjo_tasks.fleet.repository import TagGraph, read_tag_graph
from ahjo_tasks.fleet.upgrade_path import Version, find_path, parse_upgrade_file

if TYPE_CHECKING:
    from pathlib import Path


LINE = {"a": (), "b": ("a",), "x": ("b",), "c": ("x",), "d": ("c",)}
LINE_TAGS = {"v1": "a", "v2": "b", "v3": "c", "v4": "d"}

#     / b2 - x2 \
#   a            m - d        m is a merge without a tag
#     \ b3 ----- /
DIAMOND = {"a": (), "b2": ("a",), "x2": ("b2",), "b3": ("a",), "m": ("x2", "b3"), "d": ("m",)}
DIAMOND_TAGS = {"v1": "a", "v2": "b2", "v3": "b3", "v4": "d"}


def line() -> TagGraph:
    return TagGraph(LINE, LINE_TAGS)


def diamond() -> TagGraph:
    return TagGraph(DIAMOND, DIAMOND_TAGS)


@pytest.mark.parametrize("listed", [["v2", "v3", "v4"], ["v4", "v2", "v1", "v3"]])
def test_the_way_follows_ancestry(listed: list[str]) -> None:
    assert find_path(line(), listed, "v1") == ["v2", "v3", "v4"]
    assert find_path(line(), listed, "v3") == ["v4"]
    assert find_path(line(), listed, "v4") == []
    assert find_path(line(), listed, "v1", "v3") == ["v2", "v3"]
    assert find_path(line(), listed, "v2", "v2") == []


def test_names_say_nothing_about_the_order() -> None:
    history = TagGraph(LINE, {"v10": "a", "v9": "b", "alpha": "c"})
    assert find_path(history, ["alpha", "v9"], "v10") == ["v9", "alpha"]


def test_every_missing_version_is_named() -> None:
    with pytest.raises(ConfigError, match="Between v1 and v4 the upgrade file leaves out v2, v3"):
        find_path(line(), ["v4"], "v1")


def test_of_two_lines_that_were_merged_the_listed_one_is_taken() -> None:
    assert find_path(diamond(), ["v2", "v4"], "v1") == ["v2", "v4"]
    assert find_path(diamond(), ["v3", "v4"], "v1") == ["v3", "v4"]
    assert find_path(diamond(), ["v3", "v4"], "v2") == ["v4"]


@pytest.mark.parametrize("listed", [["v2", "v3", "v4"], ["v4"]])
def test_two_ways_are_refused(listed: list[str]) -> None:
    with pytest.raises(ConfigError, match="Several paths lead to v4: by v2, v3"):
        find_path(diamond(), listed, "v1")


def test_two_heads_are_refused_until_one_is_chosen() -> None:
    with pytest.raises(ConfigError, match="2 newest versions: v2, v3"):
        find_path(diamond(), ["v2", "v3"], "v1")
    assert find_path(diamond(), ["v2", "v3"], "v1", "v3") == ["v3"]


def test_a_branch_without_tags_below_a_merge_is_no_second_way() -> None:
    commits = {"a": (), "b": ("a",), "x": ("a",), "m": ("b", "x")}
    assert find_path(TagGraph(commits, {"v1": "a", "v2": "b", "v3": "m"}), ["v2", "v3"], "v1") == ["v2", "v3"]


def test_other_tags_of_a_listed_commit_do_not_matter() -> None:
    history = TagGraph(LINE, {**LINE_TAGS, "release": "b", "first": "a"})
    assert find_path(history, ["v2", "v3", "v4"], "first") == ["v2", "v3", "v4"]
    with pytest.raises(ConfigError, match="are tags of one commit"):
        find_path(history, ["v2", "release"], "v1")


def test_what_the_database_holds_must_be_a_tag() -> None:
    with pytest.raises(AhjoError, match="'v1-3-gabc', which is not a tag"):
        find_path(line(), ["v2"], "v1-3-gabc")


@pytest.mark.parametrize(("target", "message"), [("v9", "no tag 'v9'"), ("v1", "does not come after v2")])
def test_a_version_out_of_reach_is_refused(target: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_path(line(), ["v3", "v4"], "v2", target)


def test_a_version_that_is_not_listed_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not list v4"):
        find_path(line(), ["v3"], "v2", "v4")


def test_newer_tags_without_an_entry_are_not_up_to_date() -> None:
    with pytest.raises(ConfigError, match="no version after v2, but there are tags: v3, v4"):
        find_path(line(), ["v1", "v2"], "v2")


def test_gits_words_are_read() -> None:
    history = read_tag_graph("a\nb a\nc b\n", "v1 a \nv2 tagobject c\nof-a-file blob \n")
    assert history.tags == {"v1": "a", "v2": "c"}
    assert find_path(history, ["v2"], "v1") == ["v2"]


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
