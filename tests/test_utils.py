"""Helpers that every room uses."""

from __future__ import annotations

import pytest

from ahjo_tasks.utils import pluralize


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (1, "row", "1 row"),
        (0, "row", "0 rows"),
        (1, "dependency", "1 dependency"),
        (2, "dependency", "2 dependencies"),
        (2, "key", "2 keys"),
    ],
)
def test_a_count_has_the_right_form_of_its_noun(count: int, noun: str, text: str) -> None:
    assert pluralize(count, noun) == text
