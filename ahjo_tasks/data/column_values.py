"""Convert the values of a file to what a driver takes for a column's type."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ahjo_tasks.data.table_file import Chunk
from ahjo_tasks.data.values import text
from ahjo_tasks.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ahjo_tasks.data.table import Table
    from ahjo_tasks.data.table_file import TableFile

    Shape = Callable[[Any], Any]


NUMBERS = re.compile(r"(tiny|small|medium|big)?int(eger)?\b|int\d|dec|numeric|number|real|float|double|(small)?money")
NO_TEXTS = re.compile(rf"{NUMBERS.pattern}|bool|date|time|uniqueidentifier|uuid|year\b")
ARRAY = "_"
"""How PostgreSQL's names of array types begin."""
HEXADECIMAL = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
NATIVE = frozenset({int, float, bytes, type(None)})
"""What every driver takes as it is."""


def shaped(chunk: Chunk, file: TableFile, table: Table, shape_of: Callable[[str], Shape]) -> Chunk:
    """The chunk with the values of each column in form. Raises DeployError with line and column of a misfit."""
    columns: list[Sequence[Any]] = list(zip(*chunk.rows, strict=True))
    for place, column in enumerate(table.columns):
        shape, values = shape_of(column.type), columns[place]
        try:
            columns[place] = [shape(value) for value in values]
        except ValueError:
            row, reason = _first_misfit(shape, values)
            raise DeployError(f"column {column.name}: {reason}", path=file.path, line=chunk.lines[row]) from None
    return Chunk(list(zip(*columns, strict=True)), chunk.lines)


def shape_for(kind: str, binary: Collection[str]) -> Shape:
    """How a value of a column of that type is handed to a driver; ValueError for one that cannot be meant."""
    base = re.split(r"\W", kind, maxsplit=1)[0]
    shape = _to_binary if base in binary else _plain
    if base.startswith(ARRAY):
        return lambda value: _array(value, shape)
    if base in binary:
        return shape
    return _no_text if NO_TEXTS.match(kind) else _plain


def strict_number(kind: str, otherwise: Shape) -> Shape:
    """For a database that would take any text as a number."""
    return _number if NUMBERS.match(kind) else otherwise


def _first_misfit(shape: Shape, values: Sequence[Any]) -> tuple[int, str]:
    for place, value in enumerate(values):
        try:
            shape(value)
        except ValueError as error:
            return place, str(error)
    raise AssertionError  # one of them did not fit


def _plain(value: Any) -> Any:
    if type(value) is str or type(value) in NATIVE:
        return value
    return int(value) if type(value) is bool else text(value)


def _no_text(value: Any) -> Any:
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
    """Bytes of what `to-csv` writes; anything else is left to the server."""
    return bytes.fromhex(value[2:]) if type(value) is str and HEXADECIMAL.fullmatch(value) else _plain(value)


def _array(value: Any, shape: Shape) -> Any:
    """A list of what `to-csv` writes; a literal of the server's own is left as it is."""
    if type(value) is not str or not value.startswith("["):
        return _each(value, shape)
    try:
        return _each(json.loads(value), shape)
    except json.JSONDecodeError:
        raise ValueError(f"{value!r} is no list") from None


def _each(value: Any, shape: Shape) -> Any:
    return [_each(one, shape) for one in value] if type(value) is list else shape(value)
