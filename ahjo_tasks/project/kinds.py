"""The kinds of files in a project, their folders, and the order in which they are deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container


class Kind(NamedTuple):
    """A kind of file: its folders below `database/`, and the kind of objects that it creates.

    A file of a `common` kind is an error where the database does not have it. Folders of other kinds are ignored there:
    a dialect lists those that it has as `own_kinds`.
    """

    name: str
    folders: tuple[str, ...]
    creates: str
    common: bool = True


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("schema", ("schemas", "schema"), "schema"),
        Kind("extension", ("extensions",), "extension", common=False),
        Kind("partition function", ("partition_functions",), "partition function", common=False),
        Kind("partition scheme", ("partition_schemes",), "partition scheme", common=False),
        Kind("fulltext catalog", ("fulltext_catalogs", "fulltext_stoplists"), "fulltext catalog", common=False),
        Kind("xml schema collection", ("xml_schema_collections",), "xml schema collection", common=False),
        Kind(
            "external source", ("external_data_sources", "external_file_formats"), "external data source", common=False
        ),
        Kind("table", ("tables",), "table"),
        Kind("constraint", ("constraints",), "constraint"),
        Kind("sequence", ("sequences",), "sequence"),
        Kind("type", ("types",), "type"),
        Kind("default", ("defaults",), "default", common=False),
        Kind("domain", ("domains",), "type", common=False),
        Kind("function", ("functions",), "function"),
        Kind("aggregate", ("aggregates",), "function", common=False),
        Kind("operator", ("operators",), "operator", common=False),
        Kind("view", ("views",), "view"),
        Kind("materialized view", ("materialized_views",), "view", common=False),
        Kind("package", ("packages",), "package", common=False),
        Kind("package body", ("package_bodies",), "package body", common=False),
        Kind("procedure", ("procedures",), "procedure"),
        Kind("synonym", ("synonyms",), "synonym"),
        Kind("trigger", ("triggers",), "trigger"),
        Kind("rule", ("rules",), "rule"),
        Kind("policy", ("policies", "security_policies"), "policy", common=False),
        Kind("event", ("events",), "event", common=False),
        Kind("assembly", ("assemblies",), "assembly"),
        Kind("clr-procedure", ("clr-procedures",), "procedure"),
        Kind("data", ("data",), "data"),
        Kind("testdata", ("data/testdata",), "testdata"),
        Kind("test", ("tests",), "test"),
        Kind("permission", ("permissions",), "permission"),
        Kind("script", (), "script"),
    )
}
RANK = {name: rank for rank, name in enumerate(KINDS)}

DESCRIPTIONS = "docs/db_objects"
"""The folder of descriptions of database objects."""
STRUCTURE = (
    "schema",
    "extension",
    "partition function",
    "partition scheme",
    "fulltext catalog",
    "xml schema collection",
    "external source",
    "table",
    "constraint",
)
OBJECTS = (
    "sequence",
    "type",
    "default",
    "domain",
    "function",
    "aggregate",
    "operator",
    "view",
    "materialized view",
    "package",
    "package body",
    "procedure",
    "synonym",
    "trigger",
    "rule",
    "policy",
    "event",
)
CLR = ("assembly", "clr-procedure")
"""The kinds that hold code of .NET for SQL Server."""
DROPPED = (
    "event",
    "policy",
    "rule",
    "trigger",
    "synonym",
    "materialized view",
    "view",
    "operator",
    "procedure",
    "package body",
    "package",
    "aggregate",
    "function",
    "clr-procedure",
    "assembly",
    "default",
    "domain",
    "type",
    "sequence",
)
DROPPED_OBJECTS = tuple(dict.fromkeys(KINDS[kind].creates for kind in DROPPED))
"""The kinds of objects that `drop` drops."""
NOT_OBJECTS = frozenset({"data", "testdata", "test", "permission", "script"})

OTHER_NAMES = {
    "procs": "procedures",
    "sprocs": "procedures",
    "sps": "procedures",
    "stored_procedures": "procedures",
    "storedprocedures": "procedures",
    "stored_procs": "procedures",
    "routines": "functions",
    "udfs": "functions",
    "stored_functions": "functions",
    "user_defined_functions": "functions",
    "matviews": "materialized_views",
    "mviews": "materialized_views",
    "user_defined_types": "types",
    "udts": "types",
    "enums": "types",
    "indexes": "constraints",
    "indices": "constraints",
    "foreign_keys": "constraints",
    "keys": "constraints",
    "seeds": "data",
    "seed": "data",
    "fixtures": "data/testdata",
    "test_data": "data/testdata",
    "testdata": "data/testdata",
    "grants": "permissions",
    "roles": "permissions",
    "users": "permissions",
    "scheduled_events": "events",
    "row_level_security": "policies",
}
"""Folders of other tools and of habit, with the folder of ours for the same files."""


def plural(kind: str) -> str:
    """Return the plural of a kind, as in `SQLite has no procedures`."""
    return KINDS[kind].folders[0].replace("_", " ") if KINDS[kind].folders else f"{kind}s"


def ignored(kind: str, own_kinds: Container[str]) -> bool:
    """Tell whether the folders of a kind are ignored by a dialect with these kinds of its own."""
    return not KINDS[kind].common and kind not in own_kinds
