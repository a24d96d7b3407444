"""Check and convert values by the declared types of SQLite, which stores any value in any column.

A column is given what the other databases would store for it, or the value is refused: SQLite would keep a word as a
text among numbers, and round or rewrite texts that look like numbers (sqlite.org/datatype3.html).
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from math import isnan
from typing import TYPE_CHECKING, Any

from ahjo_tasks.data.column_values import INTEGERS, NUMERAL, boolean_or, not_text, plain, to_binary
from ahjo_tasks.data.values import to_text

if TYPE_CHECKING:
    from ahjo_tasks.data.column_values import Converter

INT64 = range(-(2**63), 2**63)
INT64_DIGITS = 19
EXACT_DIGITS = 15
"""Digits of a decimal that a float always keeps."""
SHORT = re.compile(r"-?[0-9]+(?:\.[0-9]*)?")
FLOAT_WORDS = frozenset({"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"})
TEXT_AFFINITY = re.compile(r"char|clob|text")
TIME = r"[0-9]{2,3}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?\s*(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
MOMENT = re.compile(rf"\s*(?:(?P<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:(?:T|\s+){TIME})?|-?{TIME})\s*")
BINARY = re.compile(r".*(blob|binary|bytea|image)")
FLOATS = re.compile(r"real|floa|doub")
DECIMALS = re.compile(r"dec|num|(small)?money")


def converter_of(declared: str) -> Converter:
    """Return the converter for a column with that declared type, in lower case."""
    if not declared or TEXT_AFFINITY.search(declared):
        return plain
    choices: tuple[tuple[str | re.Pattern[str], Converter], ...] = (
        (r"bool|bit\b", boolean_or(_integer)),
        (BINARY, to_binary),
        (rf"(?:{INTEGERS}|int\b|year\b)", _integer),
        (FLOATS, _float),
        (DECIMALS, _decimal),
        ("date|time", _moment),
    )
    return next((convert for pattern, convert in choices if re.match(pattern, declared)), _unchanged)


def _integer(value: Any) -> Any:
    if type(value) is str and len(value) < INT64_DIGITS and value.isascii() and value.isdecimal():
        return int(value)  # the usual case, ten times as fast
    number = _numeral(value, "an integer")
    if number is None:
        return None
    whole = _whole(number)
    if whole is None:
        raise ValueError(f"{value!r} is not a 64-bit integer")
    return whole


def _whole(number: Decimal) -> int | None:
    """Return the number where it is an integer of 64 bits."""
    if number.adjusted() > INT64_DIGITS or number != number.to_integral_value():
        return None
    return int(number) if int(number) in INT64 else None


def _float(value: Any) -> Any:
    if type(value) is str and value.strip().lower() in FLOAT_WORDS:
        return float(value)
    if type(value) is float:
        if isnan(value):
            raise ValueError("SQLite stores NULL for a number that is none (NaN)")
        return value
    plain_value = not_text(value)
    if type(plain_value) is str and not NUMERAL.fullmatch(plain_value):
        raise ValueError(f"{value!r} is not a number")
    return None if plain_value is None else float(plain_value)


def _decimal(value: Any) -> Any:
    """Return an integer or a float that stands for all digits of the value."""
    if type(value) is str and len(value) <= EXACT_DIGITS and SHORT.fullmatch(value):
        short = float(value)  # the usual case
        return int(short) if short.is_integer() else short
    number = _numeral(value, "a number")
    if number is None:
        return None
    whole = _whole(number)
    if whole is not None:
        return whole
    if Decimal(repr(float(number))) != number:
        raise ValueError(f"{value!r} has more digits than a number of SQLite keeps; a column of type TEXT keeps them")
    return float(number)


def _numeral(value: Any, kind: str) -> Decimal | None:
    """Return the exact number, None for NULL. Raises ValueError for what is no numeral."""
    plain_value = not_text(value)
    if plain_value is None:
        return None
    text = plain_value if type(plain_value) is str else to_text(plain_value)
    if not NUMERAL.fullmatch(text):
        raise ValueError(f"{value!r} is not {kind}")
    return Decimal(text.strip())


def _moment(value: Any) -> Any:
    """Refuse a text that is no date or time; a number is one, as days or seconds."""
    converted = _unchanged(value)
    if type(converted) is not str or NUMERAL.fullmatch(converted):
        return converted
    match = MOMENT.fullmatch(converted)
    if match and (not match["date"] or _is_date(match["date"])):
        return converted
    raise ValueError(f"{value!r} is not a date or time, as 2024-01-31 or 2024-01-31 13:00:00")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _unchanged(value: Any) -> Any:
    """Refuse a text that SQLite would rewrite as a number, as it does for every type whose name it does not know."""
    converted = plain(value)
    if type(converted) is str and NUMERAL.fullmatch(converted):
        whole = _whole(Decimal(converted.strip()))
        stored = str(whole) if whole is not None else repr(float(converted))
        if stored != converted:
            raise ValueError(f"SQLite would store {converted!r} as the number {stored}; a column of type TEXT keeps it")
    return converted
