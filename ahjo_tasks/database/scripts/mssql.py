"""Statements of SQL Server's tables and table types, made of its catalog."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.database.scripts import ObjectScript, Permissions, TableScripts
from ahjo_tasks.database.scripts.mssql_objects import (
    FULL,
    SQLServerObjects,
    batches,
    grouped,
    repeatable,
    type_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMAS = """
SELECT s.name FROM sys.schemas s
WHERE s.schema_id > 4 AND s.schema_id NOT BETWEEN 16384 AND 16393 AND s.name NOT IN ('dbo', 'guest') ORDER BY 1
"""
"""Other than those of the server and of its fixed roles."""
TABLES = """
SELECT o.object_id, SCHEMA_NAME(o.schema_id), o.name, o.temporal_type, SCHEMA_NAME(h.schema_id), h.name
FROM sys.tables o LEFT JOIN sys.tables h ON h.object_id = o.history_table_id WHERE o.is_ms_shipped = 0 ORDER BY 2, 3
"""
QUOTED = "QUOTENAME(SCHEMA_NAME(o.schema_id)) + '.' + QUOTENAME(o.name)"
COLUMNS = f"""
SELECT c.object_id, c.column_id, c.name, TYPE_NAME(t.user_type_id), SCHEMA_NAME(t.schema_id), t.is_user_defined,
    c.max_length, c.precision, c.scale, c.is_nullable,
    CASE WHEN c.collation_name <> CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS sysname)
        THEN c.collation_name END,
    c.is_rowguidcol,
    CAST(COALESCE(CAST(i.seed_value AS numeric(38)), IDENT_SEED({QUOTED})) AS nvarchar(40)),
    CAST(COALESCE(CAST(i.increment_value AS numeric(38)), IDENT_INCR({QUOTED})) AS nvarchar(40)),
    i.is_not_for_replication, m.definition, m.is_persisted, CASE WHEN d.is_system_named = 0 THEN d.name END,
    d.definition, c.generated_always_type, c.is_hidden, c.is_sparse
FROM sys.columns c JOIN sys.types t ON t.user_type_id = c.user_type_id
LEFT JOIN sys.identity_columns i ON i.object_id = c.object_id AND i.column_id = c.column_id
LEFT JOIN sys.tables o ON o.object_id = i.object_id
LEFT JOIN sys.computed_columns m ON m.object_id = c.object_id AND m.column_id = c.column_id
LEFT JOIN sys.default_constraints d ON d.object_id = c.default_object_id
ORDER BY c.object_id, c.column_id
"""
CHECKS = """
SELECT k.parent_object_id, k.name, k.definition, k.is_disabled, k.is_not_trusted, k.is_not_for_replication,
    k.is_system_named
FROM sys.check_constraints k ORDER BY k.name
"""
INDEXES = """
SELECT i.object_id, i.index_id, i.name, i.type, i.is_unique, i.is_primary_key, i.is_unique_constraint,
    i.filter_definition, i.fill_factor, i.is_disabled, i.ignore_dup_key
FROM sys.indexes i WHERE i.type > 0 AND i.is_hypothetical = 0
ORDER BY CASE WHEN i.type IN (1, 5) THEN 0 ELSE 1 END, i.name
"""
"""The clustered one first, which the others of a view need."""
INDEX_COLUMNS = """
SELECT x.object_id, x.index_id, c.name, x.is_descending_key, x.is_included_column
FROM sys.index_columns x JOIN sys.columns c ON c.object_id = x.object_id AND c.column_id = x.column_id
ORDER BY x.object_id, x.index_id, x.is_included_column, x.key_ordinal, x.index_column_id
"""
FOREIGN_KEYS = """
SELECT f.object_id, f.parent_object_id, f.name, SCHEMA_NAME(r.schema_id), r.name, f.delete_referential_action_desc,
    f.update_referential_action_desc, f.is_disabled, f.is_not_trusted, f.is_not_for_replication
FROM sys.foreign_keys f JOIN sys.tables r ON r.object_id = f.referenced_object_id ORDER BY f.name
"""
FOREIGN_KEY_COLUMNS = """
SELECT k.constraint_object_id, p.name, r.name FROM sys.foreign_key_columns k
JOIN sys.columns p ON p.object_id = k.parent_object_id AND p.column_id = k.parent_column_id
JOIN sys.columns r ON r.object_id = k.referenced_object_id AND r.column_id = k.referenced_column_id
ORDER BY k.constraint_object_id, k.constraint_column_id
"""
NEEDS = """
SELECT DISTINCT d.referenced_id
FROM sys.sql_expression_dependencies d JOIN sys.objects o ON o.object_id = d.referencing_id
WHERE RTRIM(o.type) IN ('U', 'C', 'D') AND d.referenced_id IS NOT NULL AND d.referenced_class = 1
"""
FUNCTIONS = """
SELECT o.object_id, SCHEMA_NAME(o.schema_id), o.name, m.definition FROM sys.sql_modules m
JOIN sys.objects o ON o.object_id = m.object_id WHERE RTRIM(o.type) IN ('FN', 'IF', 'TF') ORDER BY o.object_id
"""
CLUSTERED, NONCLUSTERED, CLUSTERED_COLUMNSTORE, COLUMNSTORE = 1, 2, 5, 6
INDEX_KINDS = {
    CLUSTERED: "CLUSTERED",
    NONCLUSTERED: "NONCLUSTERED",
    CLUSTERED_COLUMNSTORE: "CLUSTERED COLUMNSTORE",
    COLUMNSTORE: "NONCLUSTERED COLUMNSTORE",
}
HISTORY_TABLE, VERSIONED = 1, 2
PERIOD = {1: "ROW START", 2: "ROW END"}
SYNONYMS = f"SELECT {FULL}, o.base_object_name FROM sys.synonyms o ORDER BY 1, 2"
TABLE_TYPES = """
SELECT o.type_table_object_id, SCHEMA_NAME(o.schema_id), o.name FROM sys.table_types o WHERE o.is_user_defined = 1
ORDER BY 2, 3
"""
OTHERS = f"""
SELECT CASE RTRIM(o.type) WHEN 'SP' THEN 'security policy' WHEN 'AF' THEN 'CLR aggregate' WHEN 'SN' THEN 'synonym'
    WHEN 'SQ' THEN 'queue' ELSE 'CLR module' END, {FULL}
FROM sys.objects o WHERE o.is_ms_shipped = 0 AND RTRIM(o.type) IN ('SP', 'PC', 'TA', 'FS', 'FT', 'AF', 'SQ')
ORDER BY 2, 3
"""
"""Objects that are not read."""
GRANTS = """
SELECT p.state_desc, p.permission_name, p.class, SCHEMA_NAME(o.schema_id), o.name,
    COL_NAME(p.major_id, NULLIF(p.minor_id, 0)), SCHEMA_NAME(CASE WHEN p.class = 3 THEN p.major_id END), g.name
FROM sys.database_permissions p JOIN sys.database_principals g ON g.principal_id = p.grantee_principal_id
LEFT JOIN sys.objects o ON p.class = 1 AND o.object_id = p.major_id
WHERE p.class IN (0, 1, 3) AND g.name NOT IN ('dbo', 'guest', 'sys', 'INFORMATION_SCHEMA')
    AND p.permission_name <> 'CONNECT' AND (p.class <> 1 OR o.is_ms_shipped = 0) ORDER BY 8, 3, 4, 5, 6, 2
"""
ROLES = """
SELECT r.name FROM sys.database_principals r WHERE r.type = 'R' AND r.is_fixed_role = 0 AND r.name <> 'public'
ORDER BY 1
"""
MEMBERS = """
SELECT r.name, u.name FROM sys.database_role_members m
JOIN sys.database_principals r ON r.principal_id = m.role_principal_id
JOIN sys.database_principals u ON u.principal_id = m.member_principal_id WHERE u.name <> 'dbo' ORDER BY 1, 2
"""
ON_DATABASE, ON_OBJECT, ON_SCHEMA = 0, 1, 3


class Table(NamedTuple):
    """A row of TABLES; `history` are schema and name of the table of the old versions of its rows."""

    number: int
    schema: str
    name: str
    temporal: int
    history_schema: str | None
    history: str | None


class Column(NamedTuple):
    """A row of COLUMNS, but for the table."""

    number: int
    name: str
    kind: str
    kind_schema: str
    has_own_kind: bool
    length: int
    precision: int
    scale: int
    nullable: bool
    collation: str | None
    is_guid: bool
    seed: str | None
    step: str | None
    not_replicated: bool | None
    computed: str | None
    persisted: bool | None
    default_name: str | None
    default: str | None
    period: int
    hidden: bool
    sparse: bool


class Index(NamedTuple):
    """A row of INDEXES, but for the table."""

    number: int
    name: str
    kind: int
    unique: bool
    is_primary: bool
    is_constraint: bool
    condition: str | None
    fill_factor: int
    disabled: bool
    ignores_duplicates: bool

    @property
    def options(self) -> str:
        """The WITH clause."""
        fill = [f"FILLFACTOR = {self.fill_factor}"] if self.fill_factor else []
        options = fill + ["IGNORE_DUP_KEY = ON"] * self.ignores_duplicates
        return f" WITH ({', '.join(options)})" if options else ""


class ForeignKey(NamedTuple):
    """A row of FOREIGN_KEYS."""

    number: int
    table: int
    name: str
    parent_schema: str
    parent: str
    on_delete: str
    on_update: str
    disabled: bool
    untrusted: bool
    not_replicated: bool

    @property
    def actions(self) -> str:
        """The ON clauses."""
        events = (("DELETE", self.on_delete), ("UPDATE", self.on_update))
        return "".join(f" ON {event} {action.replace('_', ' ')}" for event, action in events if action != "NO_ACTION")


class SQLServerScripts(SQLServerObjects):
    """Reads the catalog views of sys."""

    def objects(self) -> Iterator[ObjectScript]:
        """Yield modules, synonyms, sequences and types; what tables need is part of the revision, and left out."""
        tables = SQLServerTables(self)
        for schema, name, base in self.connection.query(SYNONYMS):
            full = self.dialect.quote(schema, name)
            yield ObjectScript(
                "synonym", schema, name, batches(f"DROP SYNONYM IF EXISTS {full}", f"CREATE SYNONYM {full} FOR {base}")
            )
        for number, schema, name, create in self.sequences():
            if number not in tables.needed:
                missing = f"IF OBJECT_ID({self.dialect.quote_literal(self.dialect.quote(schema, name))}, 'SO') IS NULL"
                yield ObjectScript("sequence", schema, name, batches(f"{missing}\n{create}"))
        for schema, name, create in [*self.alias_types(), *tables.table_types()]:
            if (schema, name) not in tables.needed_types:
                drop = f"DROP TYPE IF EXISTS {self.dialect.quote(schema, name)}"
                yield ObjectScript("type", schema, name, batches(drop, create))
        yield from self.modules(tables.indexes_of)
        self.missing += [f"{kind} {schema}.{name}" for kind, schema, name in self.connection.query(OTHERS)]

    def tables(self) -> TableScripts:
        """Return the statements of schemas, tables, and what those need."""
        return SQLServerTables(self).scripts()

    def permissions(self) -> Permissions:
        """Return roles, grants and members; users belong to logins of the server and have to be there."""
        quote = self.dialect.quote
        roles = [
            f"IF DATABASE_PRINCIPAL_ID({self.dialect.quote_literal(name)}) IS NULL CREATE ROLE {quote(name)}"
            for (name,) in self.connection.query(ROLES)
        ]
        members = [
            f"ALTER ROLE {quote(role)} ADD MEMBER {quote(member)}" for role, member in self.connection.query(MEMBERS)
        ]
        grants = []
        for state, permission, kind, schema, name, column, on_schema, grantee in self.connection.query(GRANTS):
            place = {
                ON_OBJECT: f" ON OBJECT::{quote(schema, name)}{f' ({quote(column)})' if column else ''}",
                ON_SCHEMA: f" ON SCHEMA::{quote(on_schema)}",
            }.get(kind, "")
            verb, _space, option = state.replace("_", " ").partition(" WITH ")
            grants.append(f"{verb} {permission}{place} TO {quote(grantee)}{' WITH GRANT OPTION' if option else ''}")
        return Permissions(roles, grants, members)


class SQLServerTables:
    """Makes the statements of all tables, in an order in which they run."""

    def __init__(self, reader: SQLServerObjects) -> None:
        self._reader = reader
        self._quote = reader.dialect.quote
        self._literal = reader.dialect.quote_literal
        self._query = reader.connection.query
        tables = (Table(*row) for row in self._query(TABLES))
        self._tables = [
            table for table in tables if table.name.lower() not in reader.hidden and table.temporal != HISTORY_TABLE
        ]
        self._names = {table.number: self._quote(table.schema, table.name) for table in self._tables}
        self._checks = grouped(self._query(CHECKS))
        self._index_columns = grouped([((table, index), *rest) for table, index, *rest in self._query(INDEX_COLUMNS)])

    @cached_property
    def _columns(self) -> dict[int, list[Column]]:
        return {table: [Column(*row) for row in rows] for table, rows in grouped(self._query(COLUMNS)).items()}

    @cached_property
    def _indexes(self) -> dict[int, list[Index]]:
        return {table: [Index(*row) for row in rows] for table, rows in grouped(self._query(INDEXES)).items()}

    @cached_property
    def _foreign_keys(self) -> list[ForeignKey]:
        keys = (ForeignKey(*row) for row in self._query(FOREIGN_KEYS))
        return [key for key in keys if key.table in self._names]

    @cached_property
    def needed(self) -> set[int]:
        """The functions and sequences that defaults, checks and computed columns use."""
        return {number for (number,) in self._query(NEEDS)}

    @cached_property
    def needed_types(self) -> set[tuple[str, str]]:
        """Schema and name of the types of columns."""
        columns = (column for table in self._names for column in self._columns[table])
        return {(column.kind_schema, column.kind) for column in columns if column.has_own_kind}

    def scripts(self) -> TableScripts:
        """Return schemas, what tables need, tables, indexes, foreign keys."""
        types = [row for row in self._reader.alias_types() if row[:2] in self.needed_types]
        sequences = [row[1:] for row in self._reader.sequences() if row[0] in self.needed]
        functions = [row[1:] for row in self._query(FUNCTIONS) if row[0] in self.needed and row[3]]
        create = [
            *self._schemas(),
            *(statement for _schema, _name, statement in (*types, *sequences)),
            *(repeatable(text, self._quote(schema, name), name) for schema, name, text in functions),
            *(f"CREATE TABLE {name} ({self._body(number)}\n)" for number, name in self._names.items()),
            *(statement for number, name in self._names.items() for statement in self.indexes_of(number, name)),
            *(statement for key in self._foreign_keys for statement in self._foreign_key(key)),
            *self._versioning(on=True),
        ]
        drop = [
            *self._versioning(on=False),
            *(
                f"ALTER TABLE {self._names[key.table]} DROP CONSTRAINT {self._quote(key.name)}"
                for key in self._foreign_keys
            ),
            *(f"DROP TABLE {table}" for table in self._names.values()),
            *(f"DROP FUNCTION {self._quote(schema, name)}" for schema, name, _text in reversed(functions)),
            *(f"DROP SEQUENCE {self._quote(schema, name)}" for schema, name, _statement in sequences),
            *(f"DROP TYPE {self._quote(schema, name)}" for schema, name, _statement in types),
        ]
        return TableScripts([f"{table.schema}.{table.name}" for table in self._tables], create, drop)

    def table_types(self) -> Iterator[tuple[str, str, str]]:
        """Yield schema and name of each table type, and the statement that creates it."""
        for number, schema, name in self._query(TABLE_TYPES):
            body = self._body(number, named=False)
            yield schema, name, f"CREATE TYPE {self._quote(schema, name)} AS TABLE ({body}\n)"

    def _schemas(self) -> Iterator[str]:
        for (name,) in self._query(SCHEMAS):
            create = self._literal(f"CREATE SCHEMA {self._quote(name)}")  # it has to be alone in its batch
            yield f"IF SCHEMA_ID({self._literal(name)}) IS NULL EXEC ({create})"

    def _body(self, number: int, *, named: bool = True) -> str:
        """Return columns, keys and checks; those of a table type have no names."""
        columns = self._columns[number]
        lines = [self._column(column, named=named) for column in columns]
        periods = {column.period: self._quote(column.name) for column in columns if column.period in PERIOD}
        if len(periods) == len(PERIOD):
            lines.append(f"PERIOD FOR SYSTEM_TIME ({', '.join(periods[code] for code in PERIOD)})")
        lines += [self._key(number, index, named=named) for index in self._indexes.get(number, ()) if _is_key(index)]
        for name, definition, _disabled, _untrusted, not_replicated, system_named in self._checks.get(number, ()):
            constraint = f"CONSTRAINT {self._quote(name)} " if named and not system_named else ""
            lines.append(f"{constraint}CHECK {'NOT FOR REPLICATION ' if not_replicated else ''}{definition}")
        return "".join(f"\n    {line}," for line in lines).removesuffix(",")

    def _column(self, column: Column, *, named: bool) -> str:
        if column.computed is not None:
            stored = f" PERSISTED{'' if column.nullable else ' NOT NULL'}" if column.persisted else ""
            return f"{self._quote(column.name)} AS {column.computed}{stored}"
        kind = type_text(column.kind, column.length, column.precision, column.scale)
        identity = f"IDENTITY({column.seed}, {column.step})" if column.seed else ""
        parts = [
            self._quote(column.name),
            self._quote(column.kind_schema, column.kind) if column.has_own_kind else kind,
            f"COLLATE {column.collation}" if column.collation and not column.has_own_kind else "",
            "SPARSE" if column.sparse else "",
            f"GENERATED ALWAYS AS {PERIOD[column.period]}" if column.period in PERIOD else "",
            "HIDDEN" if column.hidden else "",
            f"{identity}{' NOT FOR REPLICATION' if column.not_replicated else ''}",
            "ROWGUIDCOL" if column.is_guid else "",
            "NULL" if column.nullable else "NOT NULL",
            f"CONSTRAINT {self._quote(column.default_name)}" if column.default_name and named else "",
            f"DEFAULT {column.default}" if column.default else "",
        ]
        return " ".join(filter(None, parts))

    def _key(self, number: int, index: Index, *, named: bool) -> str:
        keys, _included = self._columns_of(number, index)
        constraint = f"CONSTRAINT {self._quote(index.name)} " if named else ""
        kind = "PRIMARY KEY" if index.is_primary else "UNIQUE"
        return f"{constraint}{kind} {INDEX_KINDS[index.kind]} ({keys}){index.options}"

    def _columns_of(self, number: int, index: Index) -> tuple[str, str]:
        """Return the key columns of an index, and those that it includes."""
        rows = self._index_columns.get((number, index.number), [])
        keys = [self._quote(name) + " DESC" * descending for name, descending, included in rows if not included]
        return ", ".join(keys), ", ".join(self._quote(name) for name, _descending, included in rows if included)

    def indexes_of(self, number: int, table: str) -> Iterator[str]:
        """Yield the indexes of a table or view that are no constraints, and what is switched off."""
        for index in self._indexes.get(number, ()):
            if index.kind not in INDEX_KINDS:
                self._reader.missing.append(f"index {index.name} of {table}: it is of XML, spatial or in memory")
            elif not _is_key(index):
                yield self._index(number, table, index)
            if index.disabled:
                yield f"ALTER INDEX {self._quote(index.name)} ON {table} DISABLE"
        for name, _definition, disabled, *_rest in self._checks.get(number, ()):
            if disabled:
                yield f"ALTER TABLE {table} NOCHECK CONSTRAINT {self._quote(name)}"

    def _index(self, number: int, table: str, index: Index) -> str:
        keys, included = self._columns_of(number, index)
        columns = "" if index.kind == CLUSTERED_COLUMNSTORE else f" ({keys or included})"
        include = f" INCLUDE ({included})" if keys and included else ""
        where = f" WHERE {index.condition}" if index.condition else ""
        head = f"CREATE {'UNIQUE ' * index.unique}{INDEX_KINDS[index.kind]} INDEX {self._quote(index.name)} ON {table}"
        return f"{head}{columns}{include}{where}{index.options}"

    @cached_property
    def _foreign_key_columns(self) -> dict[int, list[tuple[str, str]]]:
        return grouped(self._query(FOREIGN_KEY_COLUMNS))

    def _foreign_key(self, key: ForeignKey) -> Iterator[str]:
        sides = zip(*self._foreign_key_columns[key.number], strict=True)
        own, other = (", ".join(map(self._quote, side)) for side in sides)
        table, name = self._names[key.table], self._quote(key.name)
        yield (
            f"ALTER TABLE {table} {'WITH NOCHECK ' * key.untrusted}ADD CONSTRAINT {name} FOREIGN KEY ({own})"
            f" REFERENCES {self._quote(key.parent_schema, key.parent)} ({other}){key.actions}"
            f"{' NOT FOR REPLICATION' if key.not_replicated else ''}"
        )
        if key.disabled:
            yield f"ALTER TABLE {table} NOCHECK CONSTRAINT {name}"

    def _versioning(self, *, on: bool) -> Iterator[str]:
        for table in self._tables:
            if table.temporal == VERSIONED:
                history = f"ON (HISTORY_TABLE = {self._quote(table.history_schema, table.history)})"
                yield f"ALTER TABLE {self._names[table.number]} SET (SYSTEM_VERSIONING = {history if on else 'OFF'})"


def _is_key(index: Index) -> bool:
    return index.is_primary or index.is_constraint
