"""Convert the values of a file to what a driver takes for a column's type."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from ahjo_tasks.data.table_file import RowChunk
from ahjo_tasks.data.values import to_text
from ahjo_tasks.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ahjo_tasks.data.table import Column, Table
    from ahjo_tasks.data.table_file import TableFile

    Converter = Callable[[Any], Any]
    """Turn a value of a file into a value for a driver; ValueError for one that the column cannot hold."""

INTEGERS = r"(unsigned )?(tiny|small|medium|big ?)?int(eger|\d)?\b"
NUMBERS = re.compile(rf"{INTEGERS}|dec|numeric|number|real|float|double|(small)?money")
NOT_TEXT = re.compile(rf"{NUMBERS.pattern}|bool|date|time|uniqueidentifier|uuid|year\b")
ARRAY_PREFIX = "_"
"""The first character of PostgreSQL's names of array types."""
JSON_ARRAYS = frozenset({"_json", "_jsonb"})
BOUNDS = re.compile(r"(\[[+-]?\d+:[+-]?\d+\])+=")
"""The beginning of a literal of PostgreSQL for an array that does not count from 1."""
HEXADECIMAL = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
DRIVER_TYPES = frozenset({int, float, bytes, type(None)})
"""Types that every driver takes as they are."""
WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*")
NUMERAL = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on"), 1),
    **dict.fromkeys(("false", "f", "no", "n", "off"), 0),
}
"""The words that PostgreSQL takes for a boolean."""


def convert_chunk(
    chunk: RowChunk, file: TableFile, table: Table, converter_of: Callable[[Column], Converter]
) -> RowChunk:
    """Return the chunk with the values of each column converted. Raises DeployError with line and column of a bad one.

    `converter_of` gives the converter for a column.
    """
    columns: list[Sequence[Any]] = list(zip(*chunk.rows, strict=True))
    for index, column in enumerate(table.columns):
        convert, values = converter_of(column), columns[index]
        try:
            columns[index] = [convert(value) for value in values]
        except ValueError:
            row, reason = _first_error(convert, values)
            raise DeployError(f"column {column.name}: {reason}", path=file.path, line=chunk.lines[row]) from None
    return RowChunk(list(zip(*columns, strict=True)), chunk.lines)


def converter_for(column_type: str, binary_types: Collection[str]) -> Converter:
    """Return the converter for values of a column of that type."""
    base = re.split(r"\W", column_type, maxsplit=1)[0]
    convert = to_binary if base in binary_types else plain
    if base.startswith(ARRAY_PREFIX):
        items = _json_items if base in JSON_ARRAYS else partial(_convert_items, convert=convert)
        return lambda value: _array(value, items)
    if base in binary_types:
        return convert
    return not_text if NOT_TEXT.match(column_type) else plain


def _first_error(convert: Converter, values: Sequence[Any]) -> tuple[int, str]:
    for index, value in enumerate(values):
        try:
            convert(value)
        except ValueError as error:
            return index, str(error)
    raise AssertionError  # the caller saw an error


def plain(value: Any) -> Any:
    """Return what every driver takes: a text, a number, bytes or None."""
    if type(value) is str or type(value) in DRIVER_TYPES:
        return value
    return int(value) if type(value) is bool else to_text(value)


def not_text(value: Any) -> Any:
    """Return a plain value, but for an empty text, which is no number, date or boolean."""
    if value == "":
        raise ValueError("an empty string in quotes is not a value; an empty field without quotes is NULL")
    return plain(value)


def boolean_or(otherwise: Converter) -> Converter:
    """Return a converter that makes the words for true and false 1 and 0, and leaves the rest to `otherwise`."""

    def convert(value: Any) -> Any:
        word = BOOLEANS.get(value.strip().lower()) if type(value) is str else None
        return otherwise(value) if word is None else word

    return convert


def boolean(value: Any) -> Any:
    """Return 1 or 0 for a word or number that says true or false."""
    number = plain(value)
    text = str(number).strip().lower()
    if number is None or text in {"0", "1"}:
        return number if number is None else int(text)
    if text not in BOOLEANS:
        raise ValueError(f"{value!r} is not a boolean")
    return BOOLEANS[text]


def whole_number(value: Any) -> Any:
    """Return a plain value, but for a number with a fraction, which a database would round in a column of integers."""
    if type(value) is int or (type(value) is str and value.isdecimal()):
        return value
    number = not_text(value)
    text = to_text(number) if type(number) is float else number
    if type(text) is str and NUMERAL.fullmatch(text) and not WHOLE.fullmatch(text) and float(text) % 1:
        raise ValueError(f"{value!r} is not an integer")
    return number


def to_binary(value: Any) -> Any:
    """Return the bytes that `to-csv` wrote as 0x...; anything else is left to the server."""
    return bytes.fromhex(value[2:]) if type(value) is str and HEXADECIMAL.fullmatch(value) else plain(value)


def _array(value: Any, convert_items: Converter) -> Any:
    """Return the list that `to-csv` wrote as JSON; a literal of the server's own is left as it is."""
    if type(value) is list:
        return convert_items(value)
    if type(value) is not str or not value.startswith("[") or BOUNDS.match(value):
        return plain(value)
    try:
        return convert_items(json.loads(value))
    except json.JSONDecodeError:
        raise ValueError(f"{value!r} is not a list") from None


def _convert_items(value: Any, convert: Converter) -> Any:
    """Make texts of all items but bytes and NULL: a driver takes no list of mixed types, as of 1 and 2.5."""
    if type(value) is list:
        return [_convert_items(item, convert) for item in value]
    converted = convert(value)
    return converted if converted is None or type(converted) is bytes else to_text(converted)


def _json_items(values: list[Any]) -> list[str | None]:
    """Make a JSON text of each item; null is NULL."""
    return [None if value is None else to_text([value])[1:-1] for value in values]
