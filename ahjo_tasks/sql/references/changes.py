"""Reads ALTER and DROP, and puts together what all words lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.definitions import Definition
from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL
from ahjo_tasks.sql.references.columns import COLUMN_ACTIONS
from ahjo_tasks.sql.references.commands import STATEMENT_ACTIONS
from ahjo_tasks.sql.references.definitions import create, define
from ahjo_tasks.sql.references.expressions import type_name
from ahjo_tasks.sql.references.kinds import MODULES, NO_DEFINITION, ROLES, kind_ahead, kind_at
from ahjo_tasks.sql.references.model import qualified
from ahjo_tasks.sql.references.queries import QUERY_ACTIONS
from ahjo_tasks.sql.references.reader import RELATION, Reader, begin, starts
from ahjo_tasks.sql.references.routines import external_name, handler, of_type, schema_bound
from ahjo_tasks.sql.references.tokens import split_name
from ahjo_tasks.sql.references.triggers import follows, predicate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ahjo_tasks.sql.references.reader import Action


def alter(reader: Reader, index: int) -> int:
    """Read ALTER: of a module a new definition, of anything else a name."""
    words, syntax = reader.words, reader.syntax
    if words[index + 1] == "COLUMN" and reader.context == "alter":
        return type_name(reader, index + 3) if syntax is MSSQL else index + 2
    redefined = syntax is MYSQL and words[index + 1] in {"ALGORITHM", "DEFINER", "SQL"}
    found = kind_ahead(reader, index + 1) if redefined else kind_at(reader, index + 1)
    if not found or not starts(reader, index):
        return index + 1
    place, kind = found
    if (syntax is MSSQL and kind in MODULES) or (syntax is MYSQL and kind == "view"):
        return define(reader, place, kind)
    begin(reader)
    if kind in {"trigger", "rule", "policy", "index"}:
        return _alter_part(reader, place, kind)
    reader.context = "alter"
    place += words[place] == "ONLY"
    reader.table = place
    if reader.is_name(place) and kind not in NO_DEFINITION:
        reader.emit(place, ROLES.get(kind, kind))
    listed = words[place + 1] == "(" and kind in {"function", "procedure"}
    return reader.closing(place + 1) + 1 if listed else place + 1


def _alter_part(reader: Reader, place: int, kind: str) -> int:
    """Read ALTER of what belongs to a table."""
    if reader.words[place + 1] == "ON":
        reader.context = ""
        reader.emit(place + 2, RELATION)
        return place + 3
    reader.context = "security policy" if kind == "policy" else ""
    return place + 1


def drop(reader: Reader, index: int) -> int:
    """Read DROP: what goes is no need."""
    words = reader.words
    found = kind_at(reader, index + 1)
    if not found or not starts(reader, index):
        return index + 1
    begin(reader)
    place, kind = found
    while reader.is_name(place):
        if not reader.body:
            name = qualified(split_name(reader.tokens[place], reader.syntax))
            reader.collector.dropped.setdefault(Definition(kind, name))
        place += 1
        if words[place] == "(":
            place = reader.closing(place) + 1
        if words[place] == "ON":
            return place + 2
        if words[place] != ",":
            return place
        place += 1
    return place


def server(reader: Reader, index: int) -> int:
    """Read SERVER of a foreign table."""
    if reader.context == "table" and reader.is_name(index + 1) and reader.syntax is POSTGRESQL:
        reader.emit(index + 1, "server")
        return index + 2
    return index + 1


ACTIONS: Mapping[str, Action] = {
    **QUERY_ACTIONS,
    **COLUMN_ACTIONS,
    **STATEMENT_ACTIONS,
    "CREATE": create,
    "ALTER": alter,
    "DROP": drop,
    "FOLLOWS": follows,
    "PRECEDES": follows,
    "PREDICATE": predicate,
    "SCHEMABINDING": schema_bound,
    "NATIVE_COMPILATION": schema_bound,
    "EXTERNAL": external_name,
    "FUNCTION": of_type,
    "HANDLER": handler,
    "VALIDATOR": handler,
    "SERVER": server,
}
"""What to do at which word or mark."""
