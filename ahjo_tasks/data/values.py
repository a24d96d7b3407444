"""Write values of a database as text, for CSV files and reports."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable

SIXTY = 60


def to_text(value: Any) -> str:
    """Return the value, which is not None, as text.

    True and false are 1 and 0, binary data is hexadecimal after `0x`, dates and times are ISO 8601 with a space,
    numbers have a point and only floats an exponent; lists and mappings are JSON.
    """
    write = _BY_TYPE.get(type(value)) or _write_by_base_class(value)
    return write(value)


def _write_by_base_class(value: Any) -> Callable[[Any], str]:
    """Find the function for a value whose type is not listed; str if no base class is."""
    return next((write for base, write in _BY_TYPE.items() if isinstance(value, base)), str)


def _decimal(value: Decimal) -> str:
    return format(value, "f")


def _binary(value: bytes) -> str:
    return "0x" + bytes(value).hex()


def _moment(value: datetime) -> str:
    return value.isoformat(" ")


def _duration(value: timedelta) -> str:
    """Hours above 24 are legal in MySQL's TIME."""
    seconds, part = divmod(abs(value) // timedelta(microseconds=1), 1_000_000)
    minutes, second = divmod(seconds, SIXTY)
    hour, minute = divmod(minutes, SIXTY)
    sign = "-" if value < timedelta(0) else ""
    return f"{sign}{hour:02}:{minute:02}:{second:02}" + (f".{part:06}" if part else "")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=to_text)


_BY_TYPE: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "1" if value else "0",
    int: str,
    float: repr,
    Decimal: _decimal,
    datetime: _moment,
    date: str,
    time: lambda value: value.isoformat(),
    timedelta: _duration,
    bytes: _binary,
    bytearray: _binary,
    memoryview: _binary,
    UUID: str,
    list: _json,
    dict: _json,
}
