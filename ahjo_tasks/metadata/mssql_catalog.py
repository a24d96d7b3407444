"""The catalog of SQL Server: all properties in one query, and the objects of each kind in one.

An object is a row of kind, schema, object, inner object, target, secondary, and the class, major and minor number that
its properties have. `secondary` objects are listed only when somebody has described them. `{schemas}` stands for the
condition on the schema s.
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
