"""Read from the catalog of SQL Server what is bound to an object, and what would be lost if that were dropped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ahjo_tasks.database.dialects.base import Attachment, Dependent
from ahjo_tasks.errors import StatementError
from ahjo_tasks.sql.definitions import Name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.database.dialects.base import Naming, OpenConnection
    from ahjo_tasks.sql.definitions import Definition

KINDS = {
    "V": "view",
    "P": "procedure",
    "FN": "function",
    "IF": "function",
    "TF": "function",
    "TR": "trigger",
    "U": "table",
}
BOUND = "sys.sql_expression_dependencies d WHERE d.is_schema_bound_reference = 1 AND d.referencing_class = 1"
USERS = f"""
WITH users(object_id, depth) AS (
    SELECT o.object_id, 0 FROM sys.objects o WHERE {{seeds}}
    UNION ALL
    SELECT d.referencing_id, u.depth + 1 FROM users u
    JOIN (SELECT DISTINCT d.referencing_id, d.referenced_id FROM {BOUND}) d ON d.referenced_id = u.object_id
    WHERE d.referencing_id <> u.object_id
)
SELECT o.object_id, MAX(u.depth), RTRIM(o.type), SCHEMA_NAME(o.schema_id), o.name
FROM users u JOIN sys.objects o ON o.object_id = u.object_id
GROUP BY o.object_id, o.type, o.schema_id, o.name ORDER BY 2 DESC, 1 DESC
"""
"""The objects of the seeds and all that is bound to them, at the greatest depth first."""
OBJECTS = "o.object_id IN ({ids})"
NAMED = "o.name = {user} AND OBJECTPROPERTY(o.object_id, 'IsSchemaBound') = 1"
BOUND_TO = (
    f"o.object_id IN (SELECT d.referencing_id FROM {BOUND} AND d.referencing_id <> d.referenced_id AND {{condition}})"
)
SAME_COLUMN = (
    "EXISTS (SELECT 1 FROM sys.sql_expression_dependencies n WHERE n.referenced_id = d.referenced_id"
    " AND n.referenced_minor_id = d.referenced_minor_id AND OBJECT_NAME(n.referencing_id) = {user}"
    " AND COL_NAME(n.referenced_id, n.referenced_minor_id) = {column})"
)
COLUMN_OR_TABLE = (
    "(d.referenced_id = OBJECT_ID({used}) OR d.referenced_id = OBJECT_ID({owner})"
    " AND COL_NAME(d.referenced_id, d.referenced_minor_id) = PARSENAME({column}, 1))"
)
BLOCKERS = {
    r"The \w+ '(?P<user>[^']+)' is dependent on column '(?P<column>[^']+)'": (
        f"{NAMED} OR {BOUND_TO.format(condition=SAME_COLUMN)}"
    ),
    r"'(?P<used>[^']+)' because it is being referenced by object '(?P<user>[^']+)'": (
        f"{NAMED} OR {BOUND_TO.format(condition='d.referenced_id = OBJECT_ID({used})')}"
    ),
    r"'(?P<used>(?:(?P<owner>[^']+)\.)?(?P<column>[^'.]+))' cannot be renamed because": (
        BOUND_TO.format(condition=COLUMN_OR_TABLE)
    ),
}
"""Messages 5074, 3729 and 15336 of a column or table that is in use, and what to drop before it can be changed."""

FULL_NAME = "QUOTENAME(SCHEMA_NAME(o.schema_id)) + N'.' + QUOTENAME(o.name)"
OWNERS = (
    f"SELECT {FULL_NAME}, o.name, USER_NAME(o.principal_id) FROM sys.objects o"
    " WHERE o.principal_id IS NOT NULL AND {o}"
)
INDEXES = (
    f"SELECT {FULL_NAME}, i.name, i.is_unique, i.type, c.name, x.is_descending_key, x.is_included_column"
    " FROM sys.objects o JOIN sys.indexes i ON i.object_id = o.object_id AND i.type IN (1, 2)"
    " JOIN sys.index_columns x ON x.object_id = i.object_id AND x.index_id = i.index_id"
    " JOIN sys.columns c ON c.object_id = x.object_id AND c.column_id = x.column_id"
    " WHERE o.type = 'V' AND {o} ORDER BY i.object_id, i.index_id, x.key_ordinal, x.index_column_id"
)
TRIGGERS = (
    f"SELECT {FULL_NAME}, QUOTENAME(SCHEMA_NAME(o.schema_id)) + N'.' + QUOTENAME(t.name), m.definition, t.is_disabled,"
    " t.name FROM sys.objects o JOIN sys.triggers t ON t.parent_id = o.object_id"
    " JOIN sys.sql_modules m ON m.object_id = t.object_id WHERE o.type = 'V' AND {o} ORDER BY t.object_id"
)
GRANTS = (
    f"SELECT {FULL_NAME}, o.name, p.state, p.permission_name, c.name, USER_NAME(p.grantee_principal_id)"
    " FROM sys.objects o JOIN sys.database_permissions p ON p.class = 1 AND p.major_id = o.object_id"
    " LEFT JOIN sys.columns c ON c.object_id = o.object_id AND c.column_id = p.minor_id AND p.minor_id > 0"
    " WHERE {o} ORDER BY o.object_id, p.minor_id"
)
PROPERTIES = (
    f"SELECT {FULL_NAME}, SCHEMA_NAME(o.schema_id), o.name, RTRIM(o.type), c.name, p.name,"
    " CAST(SQL_VARIANT_PROPERTY(p.value, 'BaseType') AS nvarchar(128)), CAST(p.value AS nvarchar(max))"
    " FROM sys.objects o JOIN sys.extended_properties p ON p.class = 1 AND p.major_id = o.object_id"
    " LEFT JOIN sys.columns c ON c.object_id = o.object_id AND c.column_id = p.minor_id AND p.minor_id > 0"
    " WHERE {o} ORDER BY o.object_id, p.minor_id"
)
VARCHAR = frozenset({"varchar", "char"})
CLUSTERED = 1


def dependents(connection: OpenConnection, definitions: Sequence[Definition], names: Naming) -> list[Dependent] | None:
    """List these objects, as far as they exist, and all that is bound to them; None where the server tells nothing."""
    objects = {_object_id(definition.name, names) for definition in definitions if definition.kind in KINDS.values()}
    users = _users(connection, OBJECTS.format(ids=", ".join(sorted(objects))), names) if objects else []
    return users if any(item.used for item in users) else None


def migration_blockers(connection: OpenConnection, message: str, names: Naming) -> list[Dependent]:
    """List all that is bound to the column or table that the error is about; dependents first."""
    for pattern, seeds in BLOCKERS.items():
        if match := re.search(pattern, message):
            literals = {key: names.quote_literal(value or "") for key, value in match.groupdict().items()}
            return _users(connection, seeds.format(**literals), names)
    return []


def _object_id(name: Name, names: Naming) -> str:
    return f"OBJECT_ID({names.quote_literal(names.quote(*name))})"


def _users(connection: OpenConnection, seeds: str, names: Naming) -> list[Dependent]:
    """Ask the catalog; a server that is not Microsoft's may lack its views."""
    try:
        rows = connection.query(USERS.format(seeds=seeds))
    except StatementError:
        return []
    return [_dependent(row, names) for row in rows]


def _dependent(row: tuple[Any, ...], names: Naming) -> Dependent:
    number, depth, code, schema, name = row
    kind = KINDS.get(code, "constraint")
    drop = f"DROP {kind.upper()} {names.quote(schema, name)}"
    return Dependent(kind, Name(schema, name), f"{kind} {schema}.{name}", drop, (number,), depth > 0)


def attachments(connection: OpenConnection, objects: Sequence[Dependent], names: Naming) -> list[Attachment]:
    """Read owners, indexes, triggers, permissions and descriptions, in the order to give them again."""
    return _attachments(connection, [str(item.key[0]) for item in objects], names) if objects else []


def own_attachments(
    connection: OpenConnection, definitions: Sequence[Definition], names: Naming
) -> Sequence[Attachment]:
    """Read the same of objects by their names; a server that is not Microsoft's may lack the views that tell it."""
    objects = sorted({_object_id(made.name, names) for made in definitions if made.kind in KINDS.values()})
    try:
        there = objects and connection.query(
            f"SELECT 1 FROM sys.objects o WHERE {OBJECTS.format(ids=', '.join(objects))}"
        )
        return _attachments(connection, objects, names) if there else ()
    except StatementError:
        return ()


def _attachments(connection: OpenConnection, objects: Sequence[str], names: Naming) -> list[Attachment]:
    condition = OBJECTS.format(ids=", ".join(objects))
    found: list[Attachment] = []
    for query, build in (
        (OWNERS, _owners),
        (INDEXES, _indexes),
        (TRIGGERS, _triggers),
        (GRANTS, _grants),
        (PROPERTIES, _properties),
    ):
        found += build(connection.query(query.format(o=condition)), names)
    return found


def _exists(name: str, names: Naming, more: str = "") -> str:
    """Build the query of whether the object exists, and more."""
    return f"SELECT COUNT(*) FROM sys.objects o WHERE o.object_id = OBJECT_ID({names.quote_literal(name)}){more}"


def _has_column(column: str | None, names: Naming) -> str:
    return f" AND COLUMNPROPERTY(o.object_id, {names.quote_literal(column)}, 'ColumnId') IS NOT NULL" if column else ""


def _owners(rows: Sequence[tuple[Any, ...]], names: Naming) -> Iterator[Attachment]:
    for name, own, owner in rows:
        statement = f"ALTER AUTHORIZATION ON OBJECT::{name} TO {names.quote(owner)}"
        yield Attachment(f"owner of {name}", _exists(name, names), statement, name=own)


def _indexes(rows: Sequence[tuple[Any, ...]], names: Naming) -> Iterator[Attachment]:
    indexes: dict[tuple[str, str, str], tuple[list[str], list[str]]] = {}
    for name, index, unique, index_type, column, descending, included in rows:
        kind = f"{'UNIQUE ' if unique else ''}{'CLUSTERED' if index_type == CLUSTERED else 'NONCLUSTERED'}"
        keys, others = indexes.setdefault((name, index, kind), ([], []))
        (others if included else keys).append(names.quote(column) + (" DESC" if descending else ""))
    for (name, index, kind), (keys, others) in indexes.items():
        include = f" INCLUDE ({', '.join(others)})" if others else ""
        missing = f" AND INDEXPROPERTY(o.object_id, {names.quote_literal(index)}, 'IndexID') IS NULL"
        statement = f"CREATE {kind} INDEX {names.quote(index)} ON {name} ({', '.join(keys)}){include}"
        yield Attachment(f"index {index} of {name}", _exists(name, names, missing), statement, "index", index)


def _triggers(rows: Sequence[tuple[Any, ...]], names: Naming) -> Iterator[Attachment]:
    for name, trigger, definition, disabled, own in rows:
        missing = f" AND OBJECT_ID({names.quote_literal(trigger)}) IS NULL"
        yield Attachment(f"trigger {trigger}", _exists(name, names, missing), str(definition), "trigger", own)
        if disabled:
            disable = f"DISABLE TRIGGER {trigger} ON {name}"
            yield Attachment(f"trigger {trigger}", _exists(trigger, names), disable, "trigger", own)


def _grants(rows: Sequence[tuple[Any, ...]], names: Naming) -> Iterator[Attachment]:
    for name, own, state, permission, column, grantee in rows:
        verb = "DENY" if state == "D" else "GRANT"
        option = " WITH GRANT OPTION" if state == "W" else ""
        place = f"{name} ({names.quote(column)})" if column else name
        statement = f"{verb} {permission} ON {place} TO {names.quote(grantee)}{option}"
        yield Attachment(f"grant on {name}", _exists(name, names, _has_column(column, names)), statement, name=own)


def _properties(rows: Sequence[tuple[Any, ...]], names: Naming) -> Iterator[Attachment]:
    for name, schema, plain, code, column, label, base, value in rows:
        levels = ["SCHEMA", schema, KINDS.get(code, "view").upper(), plain, *(["COLUMN", column] if column else [])]
        literal = names.quote_literal(str(value or ""))
        typed = literal.removeprefix("N") if base in VARCHAR else f"CAST({literal} AS {base})"
        text = literal if base in {"nvarchar", "nchar", None} else typed
        missing = (
            f"{_has_column(column, names)} AND NOT EXISTS (SELECT 1 FROM sys.extended_properties p WHERE p.class = 1"
            f" AND p.major_id = o.object_id AND p.name = {names.quote_literal(label)} AND p.minor_id = "
            + (f"COLUMNPROPERTY(o.object_id, {names.quote_literal(column)}, 'ColumnId'))" if column else "0)")
        )
        arguments = ", ".join([names.quote_literal(label), "@value", *map(names.quote_literal, levels)])
        statement = f"DECLARE @value sql_variant = {text}; EXEC sys.sp_addextendedproperty {arguments}"
        yield Attachment(f"description of {name}", _exists(name, names, missing), statement, "comment")
