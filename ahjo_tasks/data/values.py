"""What stands in a file, in the form that a column of a database takes."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Shape = Callable[[Any], Any]

SIXTY = 60


def text(value: Any) -> str:
    """The value as text; not for None.

    True and false are 1 and 0, binary data is hexadecimal behind `0x`, dates and times are ISO 8601 with a space,
    numbers have a point and no exponent but where a float needs one; lists and mappings are JSON.
    """
    kind = type(value)
    known = _BY_TYPE.get(kind)
    if known is None:
        known = _BY_TYPE[kind] = next((write for base, write in _BY_TYPE.items() if isinstance(value, base)), str)
    return known(value)


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
    return json.dumps(value, ensure_ascii=False, default=text)


_BY_TYPE: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "1" if value else "0",
    int: str,
    float: repr,
    Decimal: _decimal,
    datetime: _moment,
    time: lambda value: value.isoformat(),
    timedelta: _duration,
    bytes: _binary,
    bytearray: _binary,
    memoryview: _binary,
    list: _json,
    dict: _json,
}
