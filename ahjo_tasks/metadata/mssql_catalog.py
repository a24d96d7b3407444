"""The catalog of SQL Server as rows: kind, schema, object, inner object, target, alias, property, text.

`{schemas}` stands for the condition on the schema s.
"""

from __future__ import annotations

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

TEXT = "e.name, CAST(e.value AS nvarchar(max))"
NAMED_BY_SERVER = " UNION ALL ".join(
    f"SELECT object_id FROM sys.{view} WHERE is_system_named = 1"
    for view in ("key_constraints", "check_constraints", "default_constraints", "foreign_keys")
)


def _codes(*levels: str) -> str:
    return ", ".join(f"'{code}'" for level in levels for code in LEVELS[level][1])


def _case(choose: int) -> str:
    """The kind (0) or the level-1 type (1) of the object o."""
    whens = [
        f"WHEN '{code}' THEN '{(kind, level)[choose]}'" for level, (kind, codes) in LEVELS.items() for code in codes
    ]
    return f"CASE RTRIM(o.type) {' '.join(whens)} END"


def _properties(number: int, major: str, minor: str = "0") -> str:
    """Joins the properties of one class, and of no other."""
    return (
        f"LEFT JOIN sys.extended_properties e ON e.class = {number} AND e.major_id = {major} AND e.minor_id = {minor}"
    )


def _inside(kind: str, view: str, parent: str = "object_id") -> str:
    """Selects what lies in the objects o: the rows i of a catalog view."""
    return f"""
        SELECT '{kind}', s.name, o.name, i.name, {_case(1)}, NULL, {TEXT}
        FROM {view} i
        JOIN sys.objects o ON o.object_id = i.{parent} AND o.is_ms_shipped = 0
        JOIN sys.schemas s ON s.schema_id = o.schema_id"""


QUERIES = {
    "database": f"""
        SELECT 'database', NULL, NULL, NULL, NULL, NULL, {TEXT}
        FROM (SELECT 0 AS id) d {_properties(0, "d.id")}""",
    "schema": f"""
        SELECT 'schema', s.name, NULL, NULL, NULL, NULL, {TEXT}
        FROM sys.schemas s {_properties(3, "s.schema_id")}
        WHERE {{schemas}}""",
    "type": f"""
        SELECT 'type', s.name, t.name, NULL, 'TYPE', NULL, {TEXT}
        FROM sys.types t JOIN sys.schemas s ON s.schema_id = t.schema_id {_properties(6, "t.user_type_id")}
        WHERE t.is_user_defined = 1 AND {{schemas}}""",
    "object": f"""
        SELECT {_case(0)}, s.name, o.name, NULL, {_case(1)}, NULL, {TEXT}
        FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id {_properties(1, "o.object_id")}
        WHERE o.type IN ({_codes(*LEVELS)}) AND o.is_ms_shipped = 0 AND {{schemas}}""",
    "column": f"""{_inside("column", "sys.columns")} {_properties(1, "i.object_id", "i.column_id")}
        WHERE o.type IN ({_codes("TABLE", "VIEW")}) AND {{schemas}}""",
    "trigger": f"""{_inside("trigger", "sys.triggers", "parent_id")} {_properties(1, "i.object_id")}
        WHERE i.parent_class = 1 AND {{schemas}}""",
    # The index of a key is the key's, unless somebody has described it as an index.
    "index": f"""{_inside("index", "sys.indexes")} {_properties(7, "i.object_id", "i.index_id")}
        WHERE i.type > 0 AND i.is_hypothetical = 0 AND o.type IN ({_codes("TABLE", "VIEW")}) AND {{schemas}}
        AND (e.name IS NOT NULL OR i.is_primary_key = 0 AND i.is_unique_constraint = 0)""",
    # A name that the server chose is another one in every database.
    "constraint": f"""{_inside("constraint", "sys.objects", "parent_object_id")} {_properties(1, "i.object_id")}
        WHERE i.type IN ('PK', 'UQ', 'F', 'C', 'D') AND {{schemas}}
        AND (e.name IS NOT NULL OR i.object_id NOT IN ({NAMED_BY_SERVER}))""",
    "parameter": f"""{_inside("parameter", "sys.parameters")} {_properties(2, "i.object_id", "i.parameter_id")}
        WHERE i.parameter_id > 0 AND o.type IN ({_codes("PROCEDURE", "FUNCTION", "AGGREGATE")}) AND {{schemas}}""",
}
