from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ahjo_tasks.data.row_matcher import NumericColumns, equal_values


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, None),
        ("a", "a"),
        (1, "1"),
        (1, "1.0"),
        (7, "007"),
        (Decimal("1.50"), 1.5),
        (Decimal("1.50"), "1.5"),
        (0.1, "0.1"),
        (True, "1"),
        (date(2024, 2, 29), "2024-02-29"),
        (float("nan"), float("nan")),
    ],
)
def test_values_that_mean_the_same_are_equal(one: Any, other: Any) -> None:
    assert equal_values(one, other, numeric=True)
    assert equal_values(other, one, numeric=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, ""),
        (None, 0),
        ("a", "A"),
        ("a", "a "),
        (1, "one"),
        (2**53, 2**53 + 1),
        (2**53, str(2**53 + 1)),
        (Decimal("0.1"), "0.10000000000000000001"),
        (1, "1_0"),
    ],
)
def test_values_that_differ_are_not(one: Any, other: Any) -> None:
    assert not equal_values(one, other, numeric=True)
    assert not equal_values(other, one, numeric=True)


def test_texts_are_compared_as_texts_where_the_column_is_no_number() -> None:
    assert not equal_values("1.10", "1.1", numeric=False)
    assert equal_values("1.10", "1.1", numeric=True)


@pytest.mark.parametrize(
    ("values", "numeric"),
    [
        (["1", "-2.50", None, ".5", "1e3"], True),
        ([1, Decimal(1), 1.5, True], True),
        (["1", "007"], False),
        (["1", "1.2.3"], False),
        (["1", ""], False),
        (["1", "1 "], False),
    ],
)
def test_a_column_is_numeric_when_all_of_it_is(values: list[Any], numeric: bool) -> None:
    seen = NumericColumns(1)
    for value in values:
        seen.add([[value]])
    assert (0 in seen) is numeric
