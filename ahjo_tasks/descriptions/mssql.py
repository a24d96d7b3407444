"""SQL Server: extended properties, of any name, on nearly everything."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from ahjo_tasks.descriptions.base import Metadata
from ahjo_tasks.descriptions.model import FILES, Catalog, DbObject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.descriptions.base import Row
    from ahjo_tasks.descriptions.model import Change

LEVELS = {
    "TABLE": ("table", ("U",)),
    "VIEW": ("view", ("V",)),
    "PROCEDURE": ("procedure", ("P", "PC")),
    "FUNCTION": ("function", ("FN", "IF", "TF", "FS", "FT")),
    "AGGREGATE": ("function", ("AF",)),
    "SEQUENCE": ("sequence", ("SO",)),
    "SYNONYM": ("synonym", ("SN",)),
}
"""The level-1 types, with the kind of object that each is and its types in the catalog."""

LACKING = {
    "type": "sys.types",
    "trigger": "sys.triggers",
    "index": "sys.indexes",
    "constraint": "sys.key_constraints",
    "parameter": "sys.parameters",
}
"""Catalog views that a server which speaks as SQL Server does may lack."""

PROPERTIES = "SELECT class, major_id, minor_id, name, CAST(value AS nvarchar(max)) FROM sys.extended_properties"
NAMED_BY_SERVER = " UNION ALL ".join(
    f"SELECT object_id FROM sys.{view} WHERE is_system_named = 1"
    for view in ("key_constraints", "check_constraints", "default_constraints", "foreign_keys")
)
KEY_INDEX = "CASE WHEN i.is_primary_key = 1 OR i.is_unique_constraint = 1 THEN 1 ELSE 0 END"
UNNAMED = f"CASE WHEN i.object_id IN ({NAMED_BY_SERVER}) THEN 1 ELSE 0 END"


def _codes(*levels: str) -> str:
    return ", ".join(f"'{code}'" for level in levels for code in LEVELS[level][1])


def _case(choose: int) -> str:
    """The kind (0) or the level-1 type (1) of the object o."""
    whens = [
        f"WHEN '{code}' THEN '{(kind, level)[choose]}'" for level, (kind, codes) in LEVELS.items() for code in codes
    ]
    return f"CASE RTRIM(o.type) {' '.join(whens)} END"


def _inside(kind: str, view: str, numbers: str, parent: str = "object_id", secondary: str = "0") -> str:
    """Selects what lies in the objects o: the rows i of a catalog view."""
    return f"""
        SELECT '{kind}', s.name, o.name, i.name, {_case(1)}, {secondary}, {numbers}
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
    "column": f"""{_inside("column", "sys.columns", "1, i.object_id, i.column_id")}
        WHERE o.type IN ({_codes("TABLE", "VIEW")}) AND {{schemas}}""",
    "trigger": f"""{_inside("trigger", "sys.triggers", "1, i.object_id, 0", "parent_id")}
        WHERE i.parent_class = 1 AND {{schemas}}""",
    # The index of a key is the key's, unless somebody has described it as an index.
    "index": f"""{_inside("index", "sys.indexes", "7, i.object_id, i.index_id", secondary=KEY_INDEX)}
        WHERE i.type > 0 AND i.is_hypothetical = 0 AND o.type IN ({_codes("TABLE", "VIEW")}) AND {{schemas}}""",
    # A name that the server chose is another one in every database.
    "constraint": f"""{_inside("constraint", "sys.objects", "1, i.object_id, 0", "parent_object_id", UNNAMED)}
        WHERE i.type IN ('PK', 'UQ', 'F', 'C', 'D') AND {{schemas}}""",
    "parameter": f"""{_inside("parameter", "sys.parameters", "2, i.object_id, i.parameter_id")}
        WHERE i.parameter_id > 0 AND o.type IN ({_codes("PROCEDURE", "FUNCTION", "AGGREGATE")}) AND {{schemas}}""",
}


# https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-addextendedproperty-transact-sql
MAX_BYTES = 7500
VERBS = {"add": "sp_addextendedproperty", "update": "sp_updateextendedproperty", "drop": "sp_dropextendedproperty"}
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
FOLDS = "CASE WHEN N'a' = N'A' THEN 1 ELSE 0 END"
"""Literals are compared with the database's collation, as its names are."""
CONTINUATION = re.compile(r"\\(?=\r?\n)")
"""Within a literal, a backslash takes the line break behind it away, and itself."""


class ExtendedProperties(Metadata):
    """An object's properties are those of its own class and numbers, so that none are mixed into another's."""

    kinds = frozenset(FILES)

    def read(self, connection: Connection, schemas: Sequence[str] | None) -> Catalog:
        """Two calls: one asks which catalog views there are, one reads them."""
        views = ", ".join(f"OBJECT_ID(N'{view}')" for view in LACKING.values())
        *seen, folds = connection.query(f"SELECT {views}, {FOLDS}")[0]
        missing = [kind for kind, number in zip(LACKING, seen, strict=True) if number is None]
        asked = [query for kind, query in QUERIES.items() if kind not in missing]
        batch = ";\n".join([PROPERTIES, *asked]).replace("{schemas}", self._condition(schemas))
        properties, *rows = (result.rows for result in connection.result_sets(batch))
        described = objects(chain.from_iterable(rows), properties)
        lacking = {kind: f"the server has no {LACKING[kind]}" for kind in missing}
        return Catalog(tuple(described), lacking, folds=bool(folds))

    def statement(self, change: Change) -> str:
        """A call of the system's procedure."""
        arguments = [self.dialect.quote_literal(change.name)]
        before = ""
        if change.verb != "drop":
            before = f"SET @value = {self._value(change.text)}; "
            arguments.append("@value")
        arguments += [self.dialect.quote_literal(word) for level in _levels(change.object) for word in level]
        return f"{before}EXEC sys.{VERBS[change.verb]} {', '.join(arguments)}"

    def batches(self, changes: Sequence[Change]) -> Iterator[str]:
        """Without row counts, each of which would be a result to read."""
        for batch in super().batches(changes):
            yield f"SET NOCOUNT ON;\nDECLARE @value sql_variant;\n{batch}\nSET NOCOUNT OFF;"

    def obstacle(self, kind: str, text: str) -> str | None:
        """A value has at most 7500 bytes, two for a character unless all of them are ASCII."""
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


def objects(rows: Iterable[Row], properties: Iterable[Row]) -> Iterator[DbObject]:
    """The objects of catalog rows with their properties; a secondary one only if it has any."""
    found: dict[Row, dict[str, str]] = {}
    for *numbers, name, text in properties:
        found.setdefault(tuple(numbers), {})[name] = text or ""
    for kind, schema, name, inner, target, secondary, *numbers in rows:
        described = found.get(tuple(numbers), {})
        if described or not secondary:
            parts = tuple(part for part in (schema, name, inner) if part is not None)
            yield DbObject(kind, parts, target or "", described)


def _size(text: str) -> int:
    return len(text.encode("utf-16-le"))


def _levels(one: DbObject) -> Iterator[tuple[str, str]]:
    """Type and name of each level, from the schema inwards."""
    types = ("SCHEMA", one.target, one.kind.upper())
    return zip(types, one.parts, strict=False)
