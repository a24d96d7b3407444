"""Reads GROUP BY of PostgreSQL: columns that are not grouped need the primary key of their table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.sql.references.model import GROUPED, Strength
from ahjo_tasks.sql.references.tokens import STRING, split_name, token_span, word_set

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from ahjo_tasks.sql.references.reader import Reader

AGGREGATES = word_set(
    "COUNT SUM AVG MIN MAX ARRAY_AGG STRING_AGG JSON_AGG JSONB_AGG JSON_OBJECT_AGG JSONB_OBJECT_AGG BOOL_AND BOOL_OR "
    "EVERY BIT_AND BIT_OR BIT_XOR XMLAGG RANGE_AGG STDDEV STDDEV_POP STDDEV_SAMP VARIANCE VAR_POP VAR_SAMP CORR "
    "PERCENTILE_CONT PERCENTILE_DISC MODE GROUP FILTER ANY_VALUE"
)
NO_COLUMN = word_set(
    "ALL DISTINCT CASE WHEN THEN ELSE END AND OR NOT IS NULL TRUE FALSE IN LIKE ILIKE SIMILAR BETWEEN SYMMETRIC ANY "
    "SOME EXISTS FOR OVER PARTITION BY ORDER ASC DESC NULLS FIRST LAST ROWS RANGE GROUPS UNBOUNDED PRECEDING FOLLOWING "
    "CURRENT ROW FILTER WHERE WITHIN GROUP AT TIME ZONE INTERVAL ARRAY COLLATE CURRENT_DATE CURRENT_TIMESTAMP "
    "CURRENT_TIME CURRENT_USER LOCALTIMESTAMP EXTRACT YEAR MONTH DAY HOUR MINUTE SECOND EPOCH ESCAPE TO USING WITH ON "
    "FROM BOTH LEADING TRAILING UNKNOWN ISNULL NOTNULL OPERATOR"
)
TYPES = word_set("DATE TIME TIMESTAMP TIMESTAMPTZ JSON JSONB BOOL POINT UUID NUMERIC")
VALUE_ENDS = frozenset({")", "END", "NULL", "TRUE", "FALSE", STRING})
ENDS = word_set("HAVING ORDER LIMIT OFFSET FETCH WINDOW UNION EXCEPT INTERSECT FOR ) ;") | {""}
SETS = frozenset({"GROUPING", "ROLLUP", "CUBE"})
_NUMBER = re.compile(r"\W*?(\d+)")
Column = tuple[str, str]
"""The relation that qualifies a column, or nothing, and the column."""


def group_by(reader: Reader, index: int) -> None:
    """Note the relations of which columns are read that are not grouped; `index` is that of GROUP."""
    relations = reader.scope.relations
    if not relations or reader.words[index + 1] != "BY" or SETS & set(reader.words[index + 2 : index + 4]):
        return
    end = _list_end(reader, index + 2)
    calls = [reader.tokens[start:stop] for start, stop in _calls(reader, index + 2, end)]
    items = list(_items(reader, reader.scope.selected + 1, {"FROM", ";"}, calls))
    grouped = set(_grouped(reader, index + 2, end, items))
    if reader.words[end : end + 1] == ["HAVING"]:
        items += _items(reader, end + 1, ENDS, calls)
    names = {column for _relation, column in grouped}
    for relation, column in dict.fromkeys(column for item in items for column in item):
        if column in names and ({(relation, column), ("", column)} & grouped or not relation):
            continue
        candidates = [relations.get(relation, 0)] if relation else list(relations.values())
        for place in filter(None, candidates):
            _note(reader, place, grouped, certain=len(candidates) == 1)


def _note(reader: Reader, place: int, grouped: set[Column], *, certain: bool) -> None:
    """Note that the primary key of a relation must be among the columns by which its rows are grouped."""
    parts = split_name(reader.tokens[place], reader.syntax)
    if len(parts) == 1 and reader.hidden(parts[0]):
        return
    names = {name for name, other in reader.scope.relations.items() if other == place} | {""}
    columns = sorted({column.lower() for relation, column in grouped if relation in names})
    reader.note(parts, " ".join((GROUPED, *columns)), reader.strength if certain else Strength.MAYBE, place)


def _list_end(reader: Reader, index: int) -> int:
    """The index of the word behind the list that begins at one."""
    while reader.words[index] not in ENDS:
        index = (reader.closing(index) if reader.words[index] == "(" else index) + 1
    return index


def _calls(reader: Reader, index: int, end: int) -> Iterator[tuple[int, int]]:
    """The spans of the calls in the list: what they read is not grouped by itself."""
    while index < end:
        stop = index + 1
        if reader.is_name(index) and reader.words[stop] == "(":
            stop = reader.closing(stop) + 1
            yield index, stop
        index = stop


def _grouped(reader: Reader, index: int, end: int, items: list[list[Column]]) -> Iterator[Column]:
    """The columns of the list; a number stands for an item of the select list."""
    words, start, calls = reader.words, index, dict(_calls(reader, index, end))
    while True:
        listed = words[index] == "," or index >= end
        if listed and index == start:
            number = _number(reader, index - 1)
            yield from items[number - 1] if 0 < number <= len(items) else []
        if index >= end:
            return
        if listed:
            start = index + 1
        elif reader.is_name(index) and index not in calls:
            yield _column(reader, index)
        index = calls.get(index, index + 1)


def _number(reader: Reader, index: int) -> int:
    """The number after the token at an index."""
    match = _NUMBER.match(reader.text, token_span(reader.text, reader.syntax, index)[1])
    return int(match[1]) if match else 0


def _items(reader: Reader, index: int, ends: Container[str], calls: Sequence[Sequence[str]]) -> Iterator[list[Column]]:
    """The columns that each item of a list reads outside of aggregates and some calls, up to one of the words."""
    words, depth, item = reader.words, 0, list[Column]()
    while index < reader.size and (depth or words[index] not in ends):
        call = next((call for call in calls if reader.tokens[index : index + len(call)] == call), ())
        if call:
            index += len(call)
            continue
        word, before, after = words[index], words[index - 1], words[index + 1]
        if word == "(" and (before in AGGREGATES or after in {"SELECT", "WITH"}):
            index = reader.closing(index)
        elif word in {"(", ")"}:
            depth += 1 if word == "(" else -1
        elif word == "," and not depth:
            yield item
            item = []
        elif word in {"AS", "::"}:
            index += 1
        elif reader.is_name(index) and word not in NO_COLUMN and after != "(" and not _alias(reader, index):
            item.append(_column(reader, index))
        index += 1
    yield item


def _alias(reader: Reader, index: int) -> bool:
    """Tell whether the name at an index is an alias without AS; after an operator a column may look like one."""
    words, before = reader.words, reader.words[index - 1]
    if words[index + 1] not in {",", "FROM"} or "." in reader.tokens[index]:
        return False
    return before in VALUE_ENDS or (reader.is_name(index - 1) and before not in NO_COLUMN | {"SELECT"})


def _column(reader: Reader, index: int) -> Column:
    parts = split_name(reader.tokens[index], reader.syntax)
    return (parts[-2] if len(parts) > 1 else "", parts[-1])
