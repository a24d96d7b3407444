"""Queries of SQL Server's catalog: the definitions of objects, and a version that changes with any of them."""

from __future__ import annotations

from ahjo_tasks.database.dialects.attributes import CatalogQuery

RIGHTS = (
    "(SELECT STRING_AGG(CAST(CONCAT(p.state, p.type, ':', USER_NAME(p.grantee_principal_id), ':', p.minor_id)"
    " AS nvarchar(max)), ',') WITHIN GROUP (ORDER BY p.type, p.grantee_principal_id, p.minor_id)"
    " FROM sys.database_permissions p WHERE p.class = 1 AND p.major_id = o.object_id)"
)


def _query(kind: str, definition: str, source: str, rights: str = "''") -> CatalogQuery:
    columns = f"{kind} AS kind, SCHEMA_NAME(o.schema_id) AS schema_name, o.name AS name"
    values = f"CAST({definition} AS nvarchar(max)) AS definition, CAST({rights} AS nvarchar(max)) AS rights"
    return CatalogQuery(f"SELECT {columns}, {values} FROM {source}", "o.name")


QUERIES = (
    _query(
        "CASE RTRIM(o.type) WHEN 'V' THEN 'view' WHEN 'P' THEN 'procedure' WHEN 'TR' THEN 'trigger'"
        " ELSE 'function' END",
        "CONCAT(m.definition, '|', m.uses_ansi_nulls, m.uses_quoted_identifier, t.is_disabled)",
        "sys.sql_modules m JOIN sys.objects o ON o.object_id = m.object_id"
        " LEFT JOIN sys.triggers t ON t.object_id = o.object_id WHERE o.is_ms_shipped = 0",
        RIGHTS,
    ),
    _query("'synonym'", "o.base_object_name", "sys.synonyms o WHERE o.is_ms_shipped = 0", RIGHTS),
    _query(
        "'sequence'",
        "CONCAT_WS('|', o.user_type_id, CAST(o.start_value AS nvarchar(40)), CAST(o.increment AS nvarchar(40)),"
        " CAST(o.minimum_value AS nvarchar(40)), CAST(o.maximum_value AS nvarchar(40)), o.is_cycling, o.cache_size)",
        "sys.sequences o WHERE o.is_ms_shipped = 0",
        RIGHTS,
    ),
    _query(
        "'type'",
        "CONCAT_WS('|', TYPE_NAME(o.system_type_id), o.max_length, o.precision, o.scale, o.is_nullable)",
        "sys.types o WHERE o.is_user_defined = 1 AND o.is_table_type = 0",
    ),
)
VERSION = (
    "SELECT COUNT(*), HASHBYTES('SHA2_256', STRING_AGG(CAST(CONCAT(o.object_id, ':', o.name, ':',"
    " CONVERT(varchar(33), o.modify_date, 126)) AS nvarchar(max)), ',') WITHIN GROUP (ORDER BY o.object_id))"
    " FROM sys.objects o WHERE o.is_ms_shipped = 0"
)
