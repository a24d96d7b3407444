from __future__ import annotations

from typing import Any

import pytest

from ahjo_tasks.data.compare_options import Source, comparisons
from ahjo_tasks.errors import ConfigError, UsageError

FILES = {"file_a": "x/old.csv", "file_b": "new.csv"}


def test_flags_win_over_the_config_side_by_side() -> None:
    block = {"query_a": "SELECT 1", "file_b": "b.csv", "key_cols": ["id"]}
    (asked,) = comparisons(block, {"file_a": "a.csv", "separator": ","}, "")
    assert asked.a == Source(file="a.csv")
    assert asked.b == Source(file="b.csv")
    assert (asked.keys, asked.separator, asked.output) == (("id",), ",", "differences.csv")


def test_named_comparisons_are_run_in_the_order_of_the_config() -> None:
    block = {"z": FILES, "a": {**FILES, "output_file": "own.csv"}}
    assert [(asked.name, asked.output) for asked in comparisons(block, {"file_a": "ignored"}, "")] == [
        ("z", "differences_z.csv"),
        ("a", "own.csv"),
    ]
    (only,) = comparisons(block, {}, "a")
    assert only.a.file == "x/old.csv"


def test_columns_are_a_list_or_have_commas_between_them() -> None:
    (asked,) = comparisons(FILES, {"key_cols": ["a, b", "c"], "compare_cols": "x,y"}, "")
    assert asked.keys == ("a", "b", "c")
    assert asked.columns == ("x", "y")


@pytest.mark.parametrize(
    ("block", "flags", "name"),
    [
        ({}, {}, ""),
        ({"file_a": "a"}, {}, ""),
        ({**FILES, "query_a": "SELECT 1"}, {}, ""),
        (FILES, {"query_a": "SELECT 1", "file_a": "a"}, ""),
        (FILES, {"filter_column": "x"}, ""),
        (FILES, {}, "x"),
        ({"one": FILES}, {}, "two"),
    ],
)
def test_what_names_not_two_sides_is_refused(block: dict[str, Any], flags: dict[str, Any], name: str) -> None:
    with pytest.raises(UsageError):
        comparisons(block, flags, name)


@pytest.mark.parametrize("block", [{**FILES, "keys": ["a"]}, {**FILES, "key_cols": 1}, {**FILES, "file_a": ["a"]}])
def test_a_config_that_says_something_else_is_refused_by_its_key(block: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        comparisons(block, {}, "")
    assert "compare" in " ".join((caught.value.message, *caught.value.problems))


@pytest.mark.parametrize(
    ("source", "label"),
    [
        (Source(file="data/old.v1.csv"), "old.v1"),
        (Source(file=r"C:\data\new.csv"), "new"),
        (Source(query="select * from dbo.[Order Line] where 1 = 1"), "Order Line"),
        (Source(query='SELECT a FROM "s"."t"'), "t"),
        (Source(query="SELECT 1"), "query"),
    ],
)
def test_a_side_is_called_after_its_file_or_table(source: Source, label: str) -> None:
    assert source.label == label


def test_two_sides_are_never_called_the_same() -> None:
    (asked,) = comparisons({"file_a": "a/x.csv", "file_b": "b/x.csv"}, {}, "")
    assert asked.labels == ("x_A", "x_B")
