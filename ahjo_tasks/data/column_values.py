"""Convert the values of a file to what a driver takes for a column's type."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ahjo_tasks.data.table_file import RowChunk
from ahjo_tasks.data.values import to_text
from ahjo_tasks.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ahjo_tasks.data.table import Table
    from ahjo_tasks.data.table_file import TableFile

    Converter = Callable[[Any], Any]
    """Turn a value of a file into a value for a driver; ValueError for one that the column cannot hold."""

NUMBERS = re.compile(r"(tiny|small|medium|big)?int(eger)?\b|int\d|dec|numeric|number|real|float|double|(small)?money")
NOT_TEXT = re.compile(rf"{NUMBERS.pattern}|bool|date|time|uniqueidentifier|uuid|year\b")
ARRAY_PREFIX = "_"
"""The first character of PostgreSQL's names of array types."""
HEXADECIMAL = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
DRIVER_TYPES = frozenset({int, float, bytes, type(None)})
"""Types that every driver takes as they are."""


def convert_chunk(chunk: RowChunk, file: TableFile, table: Table, converter_of: Callable[[str], Converter]) -> RowChunk:
    """Return the chunk with the values of each column converted. Raises DeployError with line and column of a bad one.

    `converter_of` gives the converter for the name of a column's type.
    """
    columns: list[Sequence[Any]] = list(zip(*chunk.rows, strict=True))
    for index, column in enumerate(table.columns):
        convert, values = converter_of(column.type), columns[index]
        try:
            columns[index] = [convert(value) for value in values]
        except ValueError:
            row, reason = _first_error(convert, values)
            raise DeployError(f"column {column.name}: {reason}", path=file.path, line=chunk.lines[row]) from None
    return RowChunk(list(zip(*columns, strict=True)), chunk.lines)


def converter_for(column_type: str, binary_types: Collection[str]) -> Converter:
    """Return the converter for values of a column of that type."""
    base = re.split(r"\W", column_type, maxsplit=1)[0]
    convert = _to_binary if base in binary_types else _plain
    if base.startswith(ARRAY_PREFIX):
        return lambda value: _array(value, convert)
    if base in binary_types:
        return convert
    return _not_text if NOT_TEXT.match(column_type) else _plain


def strict_number(column_type: str, otherwise: Converter) -> Converter:
    """Return a converter that checks numbers, for a database that stores any text in a column of numbers."""
    return _number if NUMBERS.match(column_type) else otherwise


def _first_error(convert: Converter, values: Sequence[Any]) -> tuple[int, str]:
    for index, value in enumerate(values):
        try:
            convert(value)
        except ValueError as error:
            return index, str(error)
    raise AssertionError  # the caller saw an error


def _plain(value: Any) -> Any:
    if type(value) is str or type(value) in DRIVER_TYPES:
        return value
    return int(value) if type(value) is bool else to_text(value)


def _not_text(value: Any) -> Any:
    if value == "":
        raise ValueError("an empty text stands where a value is needed; a bare empty field is NULL")
    return _plain(value)


def _number(value: Any) -> Any:
    if type(value) is str:
        try:
            float(value)
        except ValueError:
            raise ValueError(f"{value!r} is no number") from None
    return _plain(value)


def _to_binary(value: Any) -> Any:
    """Return the bytes that `to-csv` wrote as 0x...; anything else is left to the server."""
    return bytes.fromhex(value[2:]) if type(value) is str and HEXADECIMAL.fullmatch(value) else _plain(value)


def _array(value: Any, convert: Converter) -> Any:
    """Return the list that `to-csv` wrote as JSON; a literal of the server's own is left as it is."""
    if type(value) is not str or not value.startswith("["):
        return _convert_items(value, convert)
    try:
        return _convert_items(json.loads(value), convert)
    except json.JSONDecodeError:
        raise ValueError(f"{value!r} is no list") from None


def _convert_items(value: Any, convert: Converter) -> Any:
    return [_convert_items(item, convert) for item in value] if type(value) is list else convert(value)
