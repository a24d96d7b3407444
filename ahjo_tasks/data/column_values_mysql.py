"""Convert values for the types of MySQL and MariaDB that take texts for other values than they say."""

from __future__ import annotations

import re
import struct
from functools import partial
from typing import TYPE_CHECKING, Any

from ahjo_tasks.data.column_values import INTEGERS, boolean_or, plain, to_binary, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ahjo_tasks.data.column_values import Converter
    from ahjo_tasks.data.table import Column

BITS = re.compile(r"(?:b'([01]+)'|([01]+))")
BITS_WIDTH = re.compile(r"bit\((\d+)\)")
SHAPES = ("point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection")
"""Geometries in well-known text; the number of a shape in well-known binary is its place here, from 1."""
GEOMETRIES = frozenset({"geometry", "geomcollection", *SHAPES})
"""Geometry types of MySQL, whose bytes are a reference system and well-known binary, as they are read."""
REFERENCE_SYSTEM = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;", re.IGNORECASE)
WELL_KNOWN_TEXT = re.compile(r"\s*(?:([A-Za-z]+)|([(),])|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])))")
MEMBER = re.compile(r"'((?:[^']|'')*)'")


def converter_of(column: Column) -> Converter | None:
    """Return the converter for a boolean, integer, bit, enum, set or geometry; None for the other types."""
    if column.declared.startswith("tinyint(1)"):  # as BOOLEAN is stored
        return boolean_or(whole_number)
    if column.type in GEOMETRIES:
        return geometry
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
        raise ValueError(f"{value!r} is not a value of {width} bits")
    return int(value)


def _member_of(column: Column) -> Callable[[Any], Any]:
    """Refuse a number that is no member, for the server takes it for the place of one."""
    members = {member.replace("''", "'") for member in MEMBER.findall(column.declared)}

    def convert(value: Any) -> Any:
        text = plain(value)
        if text is not None and str(text).strip().isdecimal() and str(text) not in members:
            raise ValueError(f"{value!r} is not one of {', '.join(sorted(members))}")
        return text if text is None or type(text) is bytes else str(text)

    return convert


def geometry(value: Any) -> Any:
    """Return the bytes that MySQL stores for a well-known text, as `SRID=3067;POINT(1 2)`, or that 0x... gives."""
    value = to_binary(value)
    if type(value) is not str:
        return value
    system = REFERENCE_SYSTEM.match(value)
    text = value[system.end() :] if system else value
    tokens = list(_tokens(text))[::-1]
    try:
        content = _shape(tokens)
        if not tokens:
            return struct.pack("<I", int(system[1]) if system else 0) + content
    except (IndexError, ValueError, TypeError, struct.error):
        pass
    raise ValueError(f"{value!r} is not a geometry: write it as POINT(1 2), or its bytes as 0x...")


def _tokens(text: str) -> Iterator[str]:
    """Yield words in lower case, numbers and marks. Raises ValueError for anything else."""
    start, end = 0, len(text.rstrip())
    while start < end:
        match = WELL_KNOWN_TEXT.match(text, start)
        if match is None:
            raise ValueError(text)
        yield match[match.lastindex or 0].lower()
        start = match.end()


def _shape(tokens: list[str]) -> bytes:
    """Read a shape from the end of the tokens, which stand in reverse."""
    word = tokens.pop()
    kind = SHAPES.index({"geomcollection": SHAPES[-1]}.get(word, word)) + 1
    if tokens[-1] == "empty" and word.startswith("geom"):
        tokens.pop()
        return struct.pack("<BII", 1, kind, 0)
    return _binary(kind, _items(tokens))


def _items(tokens: list[str]) -> list[Any]:
    """Read a list in parentheses: shapes as bytes, points as tuples, and lists of them."""
    if tokens.pop() != "(":
        raise ValueError
    items: list[Any] = []
    while True:
        if tokens[-1] == "(":
            items.append(_items(tokens))
        elif tokens[-1].isalpha():
            items.append(_shape(tokens))
        else:
            items.append((float(tokens.pop()), float(tokens.pop())))
        mark = tokens.pop()
        if mark == ")":
            return items
        if mark != ",":
            raise ValueError


def _binary(kind: int, items: list[Any]) -> bytes:
    """Write a shape in well-known binary. Raises ValueError for items that are none of its own."""
    head = struct.pack("<BI", 1, kind)
    if kind == 1:
        (point,) = items
        return head + struct.pack("<dd", *point)
    writers: dict[int, Callable[[Any], bytes]]
    writers = {2: _point, 3: _points, 4: _lone_point, 5: partial(_binary, 2), 6: partial(_binary, 3), 7: bytes}
    return head + struct.pack("<I", len(items)) + b"".join(map(writers[kind], items))


def _point(item: tuple[float, float]) -> bytes:
    return struct.pack("<dd", *item)


def _points(items: list[tuple[float, float]]) -> bytes:
    return struct.pack("<I", len(items)) + b"".join(map(_point, items))


def _lone_point(item: Any) -> bytes:
    """Write a point of a MULTIPOINT, which may stand in parentheses."""
    return _binary(1, item if type(item) is list else [item])
