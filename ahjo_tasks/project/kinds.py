"""The kinds of files in a project, their folders, and the order in which they are deployed."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of file: its folders below `database/` and the SQL keyword of the objects that it creates."""

    name: str
    folders: tuple[str, ...]
    keyword: str


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("schema", ("schemas", "schema"), "SCHEMA"),
        Kind("table", ("tables",), "TABLE"),
        Kind("constraint", ("constraints",), "CONSTRAINT"),
        Kind("sequence", ("sequences",), "SEQUENCE"),
        Kind("type", ("types",), "TYPE"),
        Kind("function", ("functions",), "FUNCTION"),
        Kind("view", ("views",), "VIEW"),
        Kind("procedure", ("procedures",), "PROCEDURE"),
        Kind("synonym", ("synonyms",), "SYNONYM"),
        Kind("trigger", ("triggers",), "TRIGGER"),
        Kind("rule", ("rules",), "RULE"),
        Kind("assembly", ("assemblies",), "ASSEMBLY"),
        Kind("clr-procedure", ("clr-procedures",), "PROCEDURE"),
        Kind("data", ("data",), "TABLE"),
        Kind("testdata", ("data/testdata",), "TABLE"),
        Kind("test", ("tests",), ""),
        Kind("permission", ("permissions",), ""),
        Kind("script", (), ""),
    )
}
RANK = {name: rank for rank, name in enumerate(KINDS)}

STRUCTURE = ("schema", "table", "constraint")
OBJECTS = ("sequence", "type", "function", "view", "procedure", "synonym", "trigger", "rule")
DROPPED = (
    "rule",
    "trigger",
    "synonym",
    "view",
    "procedure",
    "function",
    "clr-procedure",
    "assembly",
    "type",
    "sequence",
)
NOT_OBJECTS = frozenset({"data", "testdata", "test", "permission", "script"})


def plural(kind: str) -> str:
    """Return the plural of a kind, as in `SQLite has no procedures`."""
    return KINDS[kind].folders[0] if KINDS[kind].folders else f"{kind}s"
