"""SQL Server: extended properties, of any name, on nearly everything."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from ahjo_tasks.descriptions.model import FILE_NAMES, Catalog, DbObject, DescriptionStore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.descriptions.model import Change, Row
    from ahjo_tasks.errors import ServerError

LEVELS = {
    "TABLE": ("table", ("U",)),
    "VIEW": ("view", ("V",)),
    "PROCEDURE": ("procedure", ("P", "PC")),
    "FUNCTION": ("function", ("FN", "IF", "TF", "FS", "FT")),
    "AGGREGATE": ("function", ("AF",)),
    "SEQUENCE": ("sequence", ("SO",)),
    "SYNONYM": ("synonym", ("SN",)),
}
"""Level-1 types of extended properties, with our kind of object and the types in sys.objects."""

OPTIONAL_VIEWS = {
    "type": "sys.types",
    "trigger": "sys.triggers",
    "index": "sys.indexes",
    "constraint": "sys.key_constraints",
    "parameter": "sys.parameters",
}
"""Catalog views that a server compatible with SQL Server may lack."""

PROPERTIES = "SELECT class, major_id, minor_id, name, CAST(value AS nvarchar(max)) FROM sys.extended_properties"
NAMED_BY_SERVER = " UNION ALL ".join(
    f"SELECT object_id FROM sys.{view} WHERE is_system_named = 1"
    for view in ("key_constraints", "check_constraints", "default_constraints", "foreign_keys")
)
KEY_INDEX = "CASE WHEN i.is_primary_key = 1 OR i.is_unique_constraint = 1 THEN 1 ELSE 0 END"
UNNAMED = f"CASE WHEN i.object_id IN ({NAMED_BY_SERVER}) THEN 1 ELSE 0 END"


def _codes(*levels: str) -> str:
    return ", ".join(f"'{code}'" for level in levels for code in LEVELS[level][1])


def _case(column: int) -> str:
    """Return the SQL of the kind (0) or the level-1 type (1) of the object o."""
    whens = [
        f"WHEN '{code}' THEN '{(kind, level)[column]}'" for level, (kind, codes) in LEVELS.items() for code in codes
    ]
    return f"CASE RTRIM(o.type) {' '.join(whens)} END"


def _select_inner(kind: str, view: str, ids: str, parent: str = "object_id", secondary: str = "0") -> str:
    """Return the SQL that selects what belongs to the objects o: the rows i of a catalog view."""
    return f"""
        SELECT '{kind}', s.name, o.name, i.name, {_case(1)}, {secondary}, {ids}
        FROM {view} i
        JOIN sys.objects o ON o.object_id = i.{parent} AND o.is_ms_shipped = 0
        JOIN sys.schemas s ON s.schema_id = o.schema_id"""


QUERIES = {
    "database": "SELECT 'database', NULL, NULL, NULL, NULL, 0, 0, 0, 0",
    "schema": "SELECT 'schema', s.name, NULL, NULL, NULL, 0, 3, s.schema_id, 0 FROM sys.schemas s WHERE {schemas}",
    "type": """
        SELECT 'type', s.name, t.name, NULL, 'TYPE', 0, 6, t.user_type_id, 0
        FROM sys.types t JOIN sys.schemas s ON s.schema_id = t.schema_id
        WHERE t.is_user_defined = 1 AND {schemas}""",
    "object": f"""
        SELECT {_case(0)}, s.name, o.name, NULL, {_case(1)}, 0, 1, o.object_id, 0
        FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id
        WHERE o.type IN ({_codes(*LEVELS)}) AND o.is_ms_shipped = 0 AND {{schemas}}""",
    "column": f"""{_select_inner("column", "sys.columns", "1, i.object_id, i.column_id")}
        WHERE o.type IN ({_codes("TABLE", "VIEW")}) AND {{schemas}}""",
    "trigger": f"""{_select_inner("trigger", "sys.triggers", "1, i.object_id, 0", "parent_id")}
        WHERE i.parent_class = 1 AND {{schemas}}""",
    # The index of a key is the key's, unless it is described as an index.
    "index": f"""{_select_inner("index", "sys.indexes", "7, i.object_id, i.index_id", secondary=KEY_INDEX)}
        WHERE i.type > 0 AND i.is_hypothetical = 0 AND o.type IN ({_codes("TABLE", "VIEW")}) AND {{schemas}}""",
    # A name chosen by the server differs between databases.
    "constraint": f"""{_select_inner("constraint", "sys.objects", "1, i.object_id, 0", "parent_object_id", UNNAMED)}
        WHERE i.type IN ('PK', 'UQ', 'F', 'C', 'D') AND {{schemas}}""",
    "parameter": f"""{_select_inner("parameter", "sys.parameters", "2, i.object_id, i.parameter_id")}
        WHERE i.parameter_id > 0 AND o.type IN ({_codes("PROCEDURE", "FUNCTION", "AGGREGATE")}) AND {{schemas}}""",
}


# https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-addextendedproperty-transact-sql
MAX_BYTES = 7500
VERBS = {"add": "sp_addextendedproperty", "update": "sp_updateextendedproperty", "drop": "sp_dropextendedproperty"}
ALREADY_THERE = "15233"
"""Number of the error that an object has a property of that name."""
SYSTEM_SCHEMAS = (
    "sys",
    "INFORMATION_SCHEMA",
    "guest",
    "db_owner",
    "db_accessadmin",
    "db_securityadmin",
    "db_ddladmin",
    "db_backupoperator",
    "db_datareader",
    "db_datawriter",
    "db_denydatareader",
    "db_denydatawriter",
)
IGNORES_CASE = "CASE WHEN N'a' = N'A' THEN 1 ELSE 0 END"
"""Query whether names are compared without case: literals are compared with the database's collation, as names are."""
CONTINUATION = re.compile(r"\\(?=\r?\n)")
"""Within a literal, a backslash before a line break is a line continuation: the server removes both."""


class ExtendedProperties(DescriptionStore):
    """Extended properties, matched to their objects by class and ids."""

    kinds = frozenset(FILE_NAMES)

    def read(self, connection: Connection, schemas: Sequence[str] | None) -> Catalog:
        """Read in two calls: one for the catalog views that exist, one for their content."""
        views = ", ".join(f"OBJECT_ID(N'{view}')" for view in OPTIONAL_VIEWS.values())
        *view_ids, ignores_case = connection.query(f"SELECT {views}, {IGNORES_CASE}")[0]
        missing = [kind for kind, view_id in zip(OPTIONAL_VIEWS, view_ids, strict=True) if view_id is None]
        queries = [query for kind, query in QUERIES.items() if kind not in missing]
        batch = ";\n".join([PROPERTIES, *queries]).replace("{schemas}", self._condition(schemas))
        properties, *rows = (result.rows for result in connection.result_sets(batch))
        objects = objects_with_properties(chain.from_iterable(rows), properties)
        reasons = {kind: f"the server has no {OPTIONAL_VIEWS[kind]}" for kind in missing}
        return Catalog(tuple(objects), reasons, ignores_case=bool(ignores_case))

    def statement(self, change: Change) -> str:
        """Return the call of the system procedure."""
        arguments = [self.dialect.quote_literal(change.name)]
        before = ""
        if change.verb != "drop":
            before = f"SET @value = {self._value(change.text)}; "
            arguments.append("@value")
        arguments += [self.dialect.quote_literal(word) for level in _levels(change.object) for word in level]
        return f"{before}EXEC sys.{VERBS[change.verb]} {', '.join(arguments)}"

    def batches(self, changes: Sequence[Change]) -> Iterator[str]:
        """Yield batches without row counts, each of which would be a result to read."""
        for batch in super().batches(changes):
            yield f"SET NOCOUNT ON;\nDECLARE @value sql_variant;\n{batch}\nSET NOCOUNT OFF;"

    def is_described(self, error: ServerError) -> bool:
        """Read number or text: a server that is not Microsoft's may keep descriptions of views that were dropped."""
        return error.number == ALREADY_THERE or "Property cannot be added" in error.message

    def rejection_reason(self, kind: str, text: str) -> str | None:
        """Reject a value of more than 7500 bytes: two a character unless all of them are ASCII."""
        if len(text) <= MAX_BYTES if text.isascii() else _size(text) <= MAX_BYTES:
            return None
        return f"SQL Server takes {MAX_BYTES // 2} characters, or {MAX_BYTES} of ASCII"

    def _value(self, text: str) -> str:
        parts = [self.dialect.quote_literal(part) for part in CONTINUATION.sub("\\\\\0", text).split("\0")]
        if _size(text) > MAX_BYTES:
            parts = [part.removeprefix("N") for part in parts]
        return " + ".join(parts)

    def _condition(self, schemas: Sequence[str] | None) -> str:
        names = ", ".join(map(self.dialect.quote_literal, SYSTEM_SCHEMAS if schemas is None else schemas))
        return f"s.name {'NOT IN' if schemas is None else 'IN'} ({names})"


def objects_with_properties(rows: Iterable[Row], properties: Iterable[Row]) -> Iterator[DbObject]:
    """Yield the objects of catalog rows with their properties; a secondary one only if it has any."""
    by_ids: dict[Row, dict[str, str]] = {}
    for *ids, name, text in properties:
        by_ids.setdefault(tuple(ids), {})[name] = text or ""
    for kind, schema, name, inner, target, secondary, *ids in rows:
        own = by_ids.get(tuple(ids), {})
        if own or not secondary:
            parts = tuple(part for part in (schema, name, inner) if part is not None)
            yield DbObject(kind, parts, target or "", own)


def _size(text: str) -> int:
    return len(text.encode("utf-16-le"))


def _levels(obj: DbObject) -> Iterator[tuple[str, str]]:
    """Yield type and name of each level, from the schema inwards."""
    types = ("SCHEMA", obj.target, obj.kind.upper())
    return zip(types, obj.parts, strict=False)
