"""Convert values for the types of MySQL and MariaDB that take texts for other values than they say."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from ahjo_tasks.data.column_values import INTEGERS, boolean_or, plain, to_binary, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from ahjo_tasks.data.column_values import Converter
    from ahjo_tasks.data.table import Column

BITS = re.compile(r"(?:b'([01]+)'|([01]+))")
BITS_WIDTH = re.compile(r"bit\((\d+)\)")
MEMBER = re.compile(r"'((?:[^']|'')*)'")


def converter_of(column: Column) -> Converter | None:
    """Return the converter for a boolean, integer, bit, enum or set; None for the other types."""
    if column.declared.startswith("tinyint(1)"):  # as BOOLEAN is stored
        return boolean_or(whole_number)
    make = {"bit": _bits_of, "enum": _member_of, "set": _member_of}.get(column.type)
    if make:
        return make(column)
    return whole_number if re.match(INTEGERS, column.type) else None


def _bits_of(column: Column) -> Callable[[Any], Any]:
    width = BITS_WIDTH.match(column.declared)
    return boolean_or(partial(_to_bits, width=int(width[1]) if width else 1))


def _to_bits(value: Any, width: int) -> Any:
    """Return the number that a text gives as 0x1f, b'101', as many digits 0 and 1 as the column has bits, or digits."""
    value = to_binary(value)
    if type(value) is not str:
        return value
    bits = BITS.fullmatch(value)
    if bits and (bits[1] or len(bits[2]) == width):
        return int(bits[1] or bits[2], 2)
    if not value.isascii() or not value.isdecimal():
        raise ValueError(f"{value!r} is no value of {width} bits")
    return int(value)


def _member_of(column: Column) -> Callable[[Any], Any]:
    """Refuse a number that is no member, for the server takes it for the place of one."""
    members = {member.replace("''", "'") for member in MEMBER.findall(column.declared)}

    def convert(value: Any) -> Any:
        text = plain(value)
        if text is not None and str(text).strip().isdecimal() and str(text) not in members:
            raise ValueError(f"{value!r} is none of {', '.join(sorted(members))}")
        return text if text is None or type(text) is bytes else str(text)

    return convert
