"""When two values are the same, although one comes from a database and the other from a file."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ahjo_tasks.export.text import text

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBERS = frozenset({bool, int, float, Decimal})
_PLAIN = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NUMERAL = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)


class Numeric:
    """Which columns of one side hold nothing but numbers, or numerals without leading zeros."""

    def __init__(self, width: int) -> None:
        self._still = set(range(width))

    def see(self, columns: Sequence[Sequence[Any]]) -> None:
        """Take note of some rows, column by column."""
        self._still -= {number for number in self._still if not all(map(_is_number, columns[number]))}

    def __contains__(self, column: int) -> bool:
        return column in self._still


def same(one: Any, other: Any, *, numeric: bool) -> bool:
    """Whether two values are equal: as numbers where the column is one of numbers and both are, else as texts.

    NULL equals nothing but NULL.
    """
    if one is None or other is None:
        return one is other
    if text(one) == text(other):
        return True
    return numeric and _same_number(_number(one), _number(other))


def _is_number(value: Any) -> bool:
    if value is None or type(value) in NUMBERS:
        return True
    return type(value) is str and _PLAIN.fullmatch(value) is not None


def _number(value: Any) -> Any:
    """The value as a number, None when it is none."""
    if type(value) is str:
        return Decimal(value.strip()) if _NUMERAL.fullmatch(value) else None
    return value if type(value) in NUMBERS else None


def _same_number(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    if float in {type(one), type(other)}:
        return float(one) == float(other)
    return bool(one == other)
