"""Reads where SQL Server stores tables and indexes: partition schemes and filegroups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.sql.lexer import MSSQL, POSTGRESQL
from ahjo_tasks.sql.references.reader import STORED, listed
from ahjo_tasks.sql.references.tokens import split_name

if TYPE_CHECKING:
    from ahjo_tasks.sql.references.reader import Action, Reader

FILEGROUP, SCHEME = "filegroup", "partition scheme"
NO_FILEGROUP = frozenset({"DELETE", "UPDATE", "PARTITIONS", "WITH", "DATABASE", "SERVER"})
"""Words behind ON that name no place: actions of foreign keys, of an option, and where an event session is."""

BEFORE_FILEGROUP = frozenset({"ADD", "MODIFY", "REMOVE", "TO", "ON", ","})
"""Words before FILEGROUP where it is no name."""


def _group(reader: Reader, index: int) -> None:
    """Note a filegroup that not every database has."""
    if split_name(reader.tokens[index], MSSQL)[-1].upper() not in {"PRIMARY", "DEFAULT"}:
        reader.emit(index, FILEGROUP)


def storage(reader: Reader, index: int) -> int:
    """Read ON of a table or an index of SQL Server, which names its place, and of CLUSTER ON an index."""
    words = reader.words
    if words[index - 1] == "CLUSTER" and reader.context == "alter" and reader.syntax is POSTGRESQL:
        reader.emit(index + 1, "index")
        return index + 2
    place = index + 1
    if reader.syntax is not MSSQL or reader.context not in STORED or words[index - 1] == "=":
        return place
    if words[place] in NO_FILEGROUP or not reader.is_name(place):
        return place
    if words[place + 1] != "(":
        _group(reader, place)
        return place  # SET NOCOUNT ON may stand behind a table, and a statement behind that
    reader.emit(place, SCHEME)
    return reader.closing(place + 1) + 1


def other_storage(reader: Reader, index: int) -> int:
    """Read FILESTREAM_ON and TEXTIMAGE_ON, which may name a filegroup or a partition scheme."""
    if reader.context not in STORED or not reader.is_name(index + 1):
        return index + 1
    _group(reader, index + 1)
    reader.emit(index + 1, SCHEME)
    return index + 2


def filegroup(reader: Reader, index: int) -> int:
    """Read FILEGROUP: ALTER DATABASE adds one, others use it."""
    column = reader.scope.query or reader.words[index - 1] not in BEFORE_FILEGROUP
    if reader.syntax is not MSSQL or not reader.is_name(index + 1) or column:
        return index + 1
    if reader.words[index - 1] == "ADD":
        reader.bring(FILEGROUP, Name(None, split_name(reader.tokens[index + 1], MSSQL)[-1]))
    elif reader.words[index - 1] != "REMOVE":
        _group(reader, index + 1)
    return index + 2


def filegroups_of_scheme(reader: Reader, index: int) -> int:
    """Read the filegroups of a partition scheme, up to the parentheses."""
    index += reader.words[index] == "ALL"
    for place in listed(reader, index + 1) if reader.words[index] == "TO" else ():
        _group(reader, place)
    return index


def next_used(reader: Reader, index: int) -> int:
    """Read NEXT USED of a partition scheme that is altered."""
    if reader.words[index - 1] == "NEXT" and reader.context == "alter" and reader.syntax is MSSQL:
        _group(reader, index + 1)
    return index + 1


STORAGE_ACTIONS: dict[str, Action] = {
    "ON": storage,
    "FILESTREAM_ON": other_storage,
    "TEXTIMAGE_ON": other_storage,
    "FILEGROUP": filegroup,
    "USED": next_used,
}
