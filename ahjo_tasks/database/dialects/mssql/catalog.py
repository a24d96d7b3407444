"""Queries of SQL Server's catalog: the definitions of objects, and a version that changes with any of them."""

from __future__ import annotations

from ahjo_tasks.database.dialects.attributes import CatalogQuery

OWN = "o.is_ms_shipped = 0"
MODIFIED = "CONVERT(nvarchar(33), o.modify_date, 126)"
"""The definition of what the server gives no text of: encrypted modules, those of assemblies, security policies."""
GRANT = (
    "CONCAT(p.minor_id, ':', USER_NAME(p.grantee_principal_id), ':', p.type COLLATE DATABASE_DEFAULT,"
    " p.state COLLATE DATABASE_DEFAULT)"
)


def _joined(values: str, order: str, source: str) -> str:
    """Return a query of one text of all rows; the server takes a single expression to order by."""
    return f"(SELECT STRING_AGG(CAST({values} AS nvarchar(max)), ',') WITHIN GROUP (ORDER BY {order}) FROM {source})"


def _rights(grants: int, number: str) -> str:
    """Return the owner and the grants of an object; `grants` is their class: 1 of objects and columns, 6 of types."""
    granted = _joined(GRANT, GRANT, f"sys.database_permissions p WHERE p.class = {grants} AND p.major_id = {number}")
    return f"CONCAT(CASE WHEN o.principal_id > 0 THEN USER_NAME(o.principal_id) END, '|', {granted})"


def _query(
    kind: str, definition: str, source: str, rights: str = "''", schema: str = "SCHEMA_NAME(o.schema_id)"
) -> CatalogQuery:
    columns = f"{kind} AS kind, {schema} AS schema_name, o.name AS name, '' AS table_name"
    values = f"CAST({definition} AS nvarchar(max)) AS definition, CAST({rights} AS nvarchar(max)) AS rights"
    return CatalogQuery(f"SELECT {columns}, {values} FROM {source}", "o.name")


OBJECT_RIGHTS, TYPE_RIGHTS = _rights(1, "o.object_id"), _rights(6, "o.user_type_id")
MODULE = (
    f"CONCAT(COALESCE(m.definition, {MODIFIED}), CHAR(10), m.uses_ansi_nulls, m.uses_quoted_identifier,"
    " {}.is_disabled)"
)
TABLE_TYPE = "CONCAT({}, '|', {}, '|', {})".format(
    _joined(
        "CONCAT_WS(' ', c.name, TYPE_NAME(c.user_type_id), c.max_length, c.precision, c.scale, c.is_nullable,"
        " c.is_identity, c.is_computed)",
        "c.column_id",
        "sys.columns c WHERE c.object_id = o.type_table_object_id",
    ),
    _joined("k.definition", "k.object_id", "sys.check_constraints k WHERE k.parent_object_id = o.type_table_object_id"),
    _joined(
        "CONCAT_WS(' ', i.index_id, i.is_unique, i.is_primary_key, k.key_ordinal, k.column_id, k.is_descending_key)",
        "i.index_id * 10000 + k.index_column_id",
        "sys.indexes i JOIN sys.index_columns k ON k.object_id = i.object_id AND k.index_id = i.index_id"
        " WHERE i.object_id = o.type_table_object_id",
    ),
)
QUERIES = (
    _query(
        "CASE RTRIM(o.type) WHEN 'V' THEN 'view' WHEN 'P' THEN 'procedure' WHEN 'TR' THEN 'trigger'"
        " WHEN 'R' THEN 'rule' WHEN 'D' THEN 'default' ELSE 'function' END",
        MODULE.format("t"),
        "sys.sql_modules m JOIN sys.objects o ON o.object_id = m.object_id"
        f" LEFT JOIN sys.triggers t ON t.object_id = o.object_id WHERE {OWN}",
        OBJECT_RIGHTS,
    ),
    _query(
        "'trigger'",
        MODULE.format("o"),
        f"sys.sql_modules m JOIN sys.triggers o ON o.object_id = m.object_id WHERE {OWN} AND o.parent_class = 0",
        schema="''",
    ),
    _query(
        "CASE RTRIM(o.type) WHEN 'SP' THEN 'policy' WHEN 'PC' THEN 'procedure' WHEN 'TA' THEN 'trigger'"
        " ELSE 'function' END",
        MODIFIED,
        f"sys.objects o WHERE {OWN} AND RTRIM(o.type) IN ('SP', 'PC', 'TA', 'FS', 'FT', 'AF')",
        OBJECT_RIGHTS,
    ),
    _query("'synonym'", "o.base_object_name", f"sys.synonyms o WHERE {OWN}", OBJECT_RIGHTS),
    _query(
        "'sequence'",
        "CONCAT_WS('|', TYPE_NAME(o.user_type_id), CAST(o.start_value AS nvarchar(40)),"
        " CAST(o.increment AS nvarchar(40)), CAST(o.minimum_value AS nvarchar(40)),"
        " CAST(o.maximum_value AS nvarchar(40)), o.is_cycling, o.is_cached, o.cache_size)",
        f"sys.sequences o WHERE {OWN}",
        OBJECT_RIGHTS,
    ),
    _query(
        "'type'",
        "CONCAT_WS('|', TYPE_NAME(o.system_type_id), o.max_length, o.precision, o.scale, o.is_nullable)",
        "sys.types o WHERE o.is_user_defined = 1 AND o.is_table_type = 0",
        TYPE_RIGHTS,
    ),
    _query("'type'", TABLE_TYPE, "sys.table_types o WHERE o.is_user_defined = 1", TYPE_RIGHTS),
)

DESCRIPTION = "'', CONCAT(e.class, ':', e.minor_id, '|', CAST(e.value AS nvarchar(max)))"
COMMENTS = (
    "SELECT CASE RTRIM(o.type) WHEN 'V' THEN 'view' WHEN 'P' THEN 'procedure' WHEN 'PC' THEN 'procedure'"
    " WHEN 'TR' THEN 'trigger' WHEN 'TA' THEN 'trigger' WHEN 'SN' THEN 'synonym' WHEN 'SO' THEN 'sequence'"
    f" WHEN 'SP' THEN 'policy' ELSE 'function' END, SCHEMA_NAME(o.schema_id), o.name, {DESCRIPTION}"
    " FROM sys.extended_properties e JOIN sys.objects o ON o.object_id = e.major_id"
    f" WHERE e.class IN (1, 2) AND e.name = 'MS_Description' AND {OWN} AND RTRIM(o.type) <> 'U'"
    f" UNION ALL SELECT 'type', SCHEMA_NAME(o.schema_id), o.name, {DESCRIPTION}"
    " FROM sys.extended_properties e JOIN sys.types o ON o.user_type_id = e.major_id"
    " WHERE e.class = 6 AND e.name = 'MS_Description'"
)
"""Descriptions of objects and types, and of columns and parameters, a row each."""


PROJECTS_SCHEMAS = "(SELECT schema_id FROM sys.schemas WHERE name {schemas})"
"""The schemas that count; {schemas} is IN (...), or IS NOT NULL for all of them."""
OBJECTS_THERE = f"(SELECT object_id FROM sys.objects WHERE schema_id IN {PROJECTS_SCHEMAS})"
TYPES_THERE = f"(SELECT user_type_id FROM sys.types WHERE is_user_defined = 1 AND schema_id IN {PROJECTS_SCHEMAS})"


def _versions(values: str, order: str, source: str) -> str:
    return _joined(f"CONCAT_WS(':', {values})", order, source)


VERSION = "SELECT HASHBYTES('SHA2_256', CONCAT({}))".format(
    ", '|', ".join(
        (
            _versions(
                f"o.object_id, o.name, o.schema_id, o.principal_id, {MODIFIED}",
                "o.object_id",
                f"sys.objects o WHERE {OWN} AND o.schema_id IN {PROJECTS_SCHEMAS}",
            ),
            _versions(
                f"o.object_id, o.is_disabled, {MODIFIED}",
                "o.object_id",
                f"sys.triggers o WHERE {OWN} AND (o.parent_class = 0 OR o.object_id IN {OBJECTS_THERE})",
            ),
            _versions(
                "o.user_type_id, o.name, o.schema_id, o.principal_id",
                "o.user_type_id",
                f"sys.types o WHERE o.user_type_id IN {TYPES_THERE}",
            ),
            _versions(
                f"p.class, p.major_id, {GRANT}",
                f"CONCAT(p.class, ':', p.major_id, ':', {GRANT})",
                f"sys.database_permissions p WHERE p.class = 1 AND p.major_id IN {OBJECTS_THERE}"
                f" OR p.class = 6 AND p.major_id IN {TYPES_THERE}",
            ),
        )
    )
)
"""Objects by when they were modified; rights, types and disabled triggers by what they are, for they leave no date."""

USED_SCHEMAS = (
    "SELECT DISTINCT SCHEMA_NAME(t.schema_id) FROM sys.types t WHERE t.is_user_defined = 1 AND t.user_type_id IN"
    " (SELECT c.user_type_id FROM sys.table_types o JOIN sys.columns c ON c.object_id = o.type_table_object_id"
    " WHERE SCHEMA_NAME(o.schema_id) IN ({schemas})"
    " UNION ALL SELECT o.user_type_id FROM sys.sequences o WHERE SCHEMA_NAME(o.schema_id) IN ({schemas}))"
)
"""Modules keep their texts when what they use is renamed; table types and sequences follow the names of their types."""
