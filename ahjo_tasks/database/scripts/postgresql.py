"""Statements of PostgreSQL's tables, which the server has no function for: made of its catalog."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.database.scripts import ObjectScript, Permissions, TableScripts, script
from ahjo_tasks.database.scripts.postgresql_objects import (
    IN_SCHEMA,
    ON_TABLE,
    OWN,
    OWN_RELATION,
    RELATION_OPTIONS,
    RULES,
    SEQUENCES,
    TRIGGERS,
    PostgreSQLObjects,
    with_options,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.scripts.postgresql_objects import Item, Key

NEEDS = f"""
WITH RECURSIVE edges(user_class, user_id, used_class, used_id) AS (
    SELECT x.classid, x.objid, y.classid, y.objid
    FROM pg_depend d
    LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
    LEFT JOIN pg_constraint k ON d.classid = 'pg_constraint'::regclass AND k.oid = d.objid
    LEFT JOIN pg_index i ON d.classid = 'pg_class'::regclass AND i.indexrelid = d.objid
    LEFT JOIN pg_class s ON d.classid = 'pg_class'::regclass AND s.oid = d.objid
    LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
    LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typelem <> 0 AND t.typlen = -1
    CROSS JOIN LATERAL (
        SELECT CASE WHEN f.oid IS NOT NULL OR k.conrelid <> 0 OR i.indrelid <> 0 THEN 'pg_class'::regclass::oid
            WHEN k.contypid <> 0 THEN 'pg_type'::regclass::oid
            WHEN s.relkind = 'c' THEN 'pg_type'::regclass::oid ELSE d.classid END AS classid,
            coalesce(f.adrelid, NULLIF(k.conrelid, 0), NULLIF(k.contypid, 0), i.indrelid,
                CASE WHEN s.relkind = 'c' THEN s.reltype END, d.objid) AS objid
    ) x
    CROSS JOIN LATERAL (
        SELECT CASE WHEN coalesce(e.typrelid, t.typrelid) <> 0 AND EXISTS (SELECT FROM pg_class c
                WHERE c.oid = coalesce(e.typrelid, t.typrelid) AND c.relkind <> 'c')
            THEN 'pg_class'::regclass::oid ELSE d.refclassid END AS classid,
            CASE WHEN coalesce(e.typrelid, t.typrelid) <> 0 AND EXISTS (SELECT FROM pg_class c
                WHERE c.oid = coalesce(e.typrelid, t.typrelid) AND c.relkind <> 'c')
            THEN coalesce(e.typrelid, t.typrelid) ELSE coalesce(e.oid, d.refobjid) END AS objid
    ) y
    WHERE d.deptype IN ('n', 'i', 'a') AND d.refobjid >= 16384 AND (k.oid IS NULL OR k.contype <> 'f')
        AND NOT (d.deptype = 'a' AND s.relkind = 'S')
),
needed(class, id) AS (
    SELECT 'pg_class'::regclass::oid, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND {OWN_RELATION}
    UNION
    SELECT e.used_class, e.used_id FROM needed u JOIN edges e ON e.user_class = u.class AND e.user_id = u.id
    WHERE e.used_class IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass)
)
SELECT u.class::regclass::text, u.id::bigint, e.used_class::regclass::text, e.used_id::bigint
FROM needed u LEFT JOIN edges e ON e.user_class = u.class AND e.user_id = u.id
    AND (e.used_class, e.used_id) <> (u.class, u.id)
    AND (e.used_class, e.used_id) IN (SELECT class, id FROM needed)
"""
"""Tables and all that their columns, defaults, checks and indexes need, each with what it uses of that."""
SCHEMAS = f"""
SELECT n.oid::bigint, n.nspname FROM pg_namespace n
WHERE n.nspname <> 'public' AND {OWN.format("pg_namespace", "n.oid")} ORDER BY 2
"""
EXTENSIONS = """
SELECT e.extname, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname <> 'plpgsql' ORDER BY 1
"""
TABLES = f"""
SELECT c.oid::bigint, n.nspname, c.relname, c.relpersistence = 'u', {RELATION_OPTIONS}, pg_get_partkeydef(c.oid),
    pg_get_expr(c.relpartbound, c.oid), c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
    (SELECT x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisreplident),
    ARRAY(SELECT h.inhparent::bigint FROM pg_inherits h WHERE h.inhrelid = c.oid ORDER BY h.inhseqno), m.amname,
    (SELECT x.relname FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisclustered), NULLIF(c.reloftype, 0)::regtype::text
FROM pg_class c {IN_SCHEMA} c.relnamespace LEFT JOIN pg_am m ON m.oid = c.relam AND m.amname <> 'heap'
WHERE c.relkind IN ('r', 'p') AND {OWN_RELATION} ORDER BY 2, 3
"""
COLUMN_OPTIONS = "(SELECT string_agg(o, ', ') FROM unnest(a.attoptions) o WHERE o LIKE 'n\\_distinct%')"
"""The options that a column can be given: some servers keep others of their own there."""
COLUMNS = f"""
SELECT c.oid::bigint, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated,
    (SELECT l.oid::regcollation::text FROM pg_collation l WHERE l.oid = a.attcollation AND l.oid <> t.typcollation),
    array_remove(ARRAY[
        CASE WHEN a.attstorage <> t.typstorage THEN 'STORAGE ' || CASE a.attstorage WHEN 'p' THEN 'PLAIN'
            WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END,
        CASE to_jsonb(a) ->> 'attcompression' WHEN 'p' THEN 'COMPRESSION pglz' WHEN 'l' THEN 'COMPRESSION lz4' END,
        'STATISTICS ' || NULLIF(a.attstattarget, -1), '(' || {COLUMN_OPTIONS} || ')'], NULL),
    a.attislocal OR c.relispartition,
    (SELECT format('SEQUENCE NAME %s START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s',
        s.seqrelid::regclass, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
        CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END)
        FROM pg_depend e JOIN pg_sequence s ON s.seqrelid = e.objid WHERE e.classid = 'pg_class'::regclass
        AND e.refclassid = 'pg_class'::regclass AND e.refobjid = c.oid AND e.refobjsubid = a.attnum
        AND e.deptype = 'i')
FROM pg_attribute a {ON_TABLE.format("a.attrelid")} JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND {OWN_RELATION}
ORDER BY n.nspname, c.relname, a.attnum
"""
CONSTRAINTS = f"""
SELECT k.oid::bigint, c.oid::bigint, k.conname, k.contype, pg_get_constraintdef(k.oid)
FROM pg_constraint k {ON_TABLE.format("k.conrelid")}
WHERE k.contype IN ('c', 'p', 'u', 'x', 'f') AND (k.conislocal OR c.relispartition AND k.convalidated)
    AND (k.contype <> 'f' OR k.conparentid = 0) AND {OWN_RELATION}
ORDER BY k.contype <> 'p', k.conname, n.nspname, c.relname
"""
"""Constraints; those of a partition are its own until it is attached, but for those that are not valid."""
INDEXES = f"""
SELECT x.oid::bigint, c.oid::bigint, x.oid::regclass::text,
    CASE WHEN k.oid IS NULL THEN pg_get_indexdef(x.oid) WHEN x.reloptions IS NOT NULL
        THEN format('ALTER INDEX %s SET (%s)', x.oid::regclass, array_to_string(x.reloptions, ', ')) END,
    h.inhparent::regclass::text
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid {ON_TABLE.format("i.indrelid")}
LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_inherits h ON h.inhrelid = x.oid
WHERE c.relkind IN ('r', 'p') AND {OWN_RELATION} ORDER BY n.nspname, x.relname
"""
STATISTICS = f"""
SELECT o.oid::bigint, pg_get_statisticsobjdef(o.oid), format('%I.%I', n.nspname, o.stxname),
    NULLIF((to_jsonb(o) ->> 'stxstattarget')::int, -1)
FROM pg_statistic_ext o {IN_SCHEMA} o.stxnamespace WHERE {OWN.format("pg_statistic_ext", "o.oid")} ORDER BY 3
"""
COLLATIONS = f"""
SELECT o.oid::bigint, format('%I.%I', n.nspname, o.collname), array_to_string(ARRAY[
    'PROVIDER = ' || CASE o.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
    CASE WHEN o.collprovider = 'c' THEN format('LC_COLLATE = %L, LC_CTYPE = %L', o.collcollate, o.collctype)
        ELSE format('LOCALE = %L', coalesce(x ->> 'colllocale', x ->> 'colliculocale', o.collcollate)) END,
    'RULES = ' || quote_literal(x ->> 'collicurules'),
    CASE WHEN NOT o.collisdeterministic THEN 'DETERMINISTIC = false' END], ', ')
FROM pg_collation o {IN_SCHEMA} o.collnamespace CROSS JOIN LATERAL to_jsonb(o) x
WHERE {OWN.format("pg_collation", "o.oid")} ORDER BY 2
"""
"""Collations; the names of some columns differ between the versions of the server."""
TEXT_SEARCH = f"""
SELECT 'pg_ts_dict', o.oid::bigint, 'DICTIONARY', format('%I.%I', n.nspname, o.dictname),
    format('TEMPLATE = %I.%I%s', m.nspname, t.tmplname, ', ' || o.dictinitoption), ARRAY[]::text[]
FROM pg_ts_dict o {IN_SCHEMA} o.dictnamespace JOIN pg_ts_template t ON t.oid = o.dicttemplate
JOIN pg_namespace m ON m.oid = t.tmplnamespace WHERE {OWN.format("pg_ts_dict", "o.oid")}
UNION ALL
SELECT 'pg_ts_config', o.oid::bigint, 'CONFIGURATION', format('%I.%I', n.nspname, o.cfgname),
    format('PARSER = %I.%I', m.nspname, p.prsname), ARRAY(SELECT format('ADD MAPPING FOR %s WITH %s', k.alias,
        string_agg(d.mapdict::regdictionary::text, ', ' ORDER BY d.mapseqno))
        FROM pg_ts_config_map d JOIN ts_token_type(o.cfgparser) k ON k.tokid = d.maptokentype
        WHERE d.mapcfg = o.oid GROUP BY k.alias ORDER BY k.alias)
FROM pg_ts_config o {IN_SCHEMA} o.cfgnamespace JOIN pg_ts_parser p ON p.oid = o.cfgparser
JOIN pg_namespace m ON m.oid = p.prsnamespace WHERE {OWN.format("pg_ts_config", "o.oid")}
ORDER BY 1 DESC, 4
"""
"""Dictionaries, and the configurations that map words to them."""
GRANTED = f"""
SELECT 'SCHEMA' AS kind, format('%I', n.nspname) AS name, NULL AS columns, n.nspowner AS owner, n.nspacl AS acl,
    acldefault('n', n.nspowner) AS usual
FROM pg_namespace n WHERE n.oid >= 16384 AND n.nspname !~ '^pg_' OR n.nspname = 'public'
UNION ALL SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, format('%I.%I', n.nspname, c.relname), NULL,
    c.relowner, c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, c.relowner)
FROM pg_class c {IN_SCHEMA} c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND {OWN_RELATION}
UNION ALL SELECT 'TABLE', format('%I.%I', n.nspname, c.relname), format(' (%I)', a.attname), c.relowner, a.attacl, NULL
FROM pg_attribute a {ON_TABLE.format("a.attrelid")} WHERE a.attacl IS NOT NULL AND {OWN_RELATION}
UNION ALL SELECT 'ROUTINE', format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), NULL,
    p.proowner, p.proacl, acldefault('f', p.proowner)
FROM pg_proc p {IN_SCHEMA} p.pronamespace WHERE {OWN.format("pg_proc", "p.oid")}
UNION ALL SELECT 'TYPE', format('%I.%I', n.nspname, t.typname), NULL, t.typowner, t.typacl, acldefault('T', t.typowner)
FROM pg_type t {IN_SCHEMA} t.typnamespace WHERE t.typacl IS NOT NULL AND {OWN.format("pg_type", "t.oid")}
"""
GRANTS = f"""
WITH o AS ({GRANTED}),
role(oid, name) AS (SELECT oid, quote_ident(rolname) FROM pg_roles UNION ALL SELECT 0, 'PUBLIC')
SELECT 0, o.name, format('REVOKE %s ON %s %s FROM %s', u.privilege_type, o.kind, o.name, r.name), NULL
FROM o, aclexplode(o.usual) u JOIN role r ON r.oid = u.grantee
WHERE o.acl IS NOT NULL AND u.grantee <> o.owner AND NOT EXISTS (SELECT FROM aclexplode(o.acl) a
    WHERE a.grantee = u.grantee AND a.privilege_type = u.privilege_type)
UNION ALL SELECT 1, o.name, format('GRANT %s%s ON %s %s TO %s%s', a.privilege_type, o.columns, o.kind, o.name, r.name,
    CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END), NULLIF(r.name, 'PUBLIC')
FROM o, aclexplode(o.acl) a JOIN role r ON r.oid = a.grantee
WHERE a.grantee <> o.owner AND NOT EXISTS (SELECT FROM aclexplode(o.usual) u
    WHERE u.grantee = a.grantee AND u.privilege_type = a.privilege_type)
UNION ALL SELECT 2, '', format('ALTER DEFAULT PRIVILEGES FOR ROLE %s%s GRANT %s ON %s TO %s', w.name,
    ' IN SCHEMA ' || quote_ident(n.nspname), a.privilege_type, CASE d.defaclobjtype WHEN 'r' THEN 'TABLES'
    WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END, r.name),
    NULLIF(r.name, 'PUBLIC')
FROM pg_default_acl d JOIN role w ON w.oid = d.defaclrole LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace,
    aclexplode(d.defaclacl) a JOIN role r ON r.oid = a.grantee WHERE a.grantee <> d.defaclrole
ORDER BY 1, 2, 3
"""
"""Statements of what differs from the rights that every object begins with, and the role of each."""
CREATE_ROLE = "DO $$BEGIN IF to_regrole({}) IS NULL THEN CREATE ROLE {}; END IF; END$$"
OTHERS = f"""
SELECT 'foreign table', format('%I.%I', n.nspname, c.relname) FROM pg_class c {IN_SCHEMA} c.relnamespace
WHERE c.relkind = 'f' AND {OWN_RELATION}
UNION ALL SELECT 'operator class', format('%I.%I', n.nspname, o.opcname) FROM pg_opclass o {IN_SCHEMA} o.opcnamespace
WHERE {OWN.format("pg_opclass", "o.oid")}
UNION ALL SELECT 'base type', format('%I.%I', n.nspname, o.typname) FROM pg_type o {IN_SCHEMA} o.typnamespace
WHERE o.typtype = 'b' AND o.typelem = 0 AND {OWN.format("pg_type", "o.oid")}
UNION ALL SELECT 'event trigger', evtname FROM pg_event_trigger o WHERE o.oid >= 16384
UNION ALL SELECT 'publication', pubname FROM pg_publication
UNION ALL SELECT 'foreign server', srvname FROM pg_foreign_server
UNION ALL SELECT 'cast', format('%s AS %s', castsource::regtype, casttarget::regtype) FROM pg_cast o
WHERE o.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_cast'::regclass AND e.objid = o.oid
    AND e.deptype IN ('e', 'i'))
"""
"""Objects that are not read."""
IDENTITY = {"a": "ALWAYS", "d": "BY DEFAULT"}
GENERATED = {"s": "STORED", "v": "VIRTUAL"}
REPLICA = {"f": "FULL", "n": "NOTHING"}
CHECK, FOREIGN = "c", "f"


class Table(NamedTuple):
    """A row of TABLES."""

    oid: int
    schema: str
    name: str
    unlogged: bool
    options: Sequence[str] | None
    partition_key: str | None
    bound: str | None
    row_security: bool
    forced_security: bool
    replica: str
    replica_index: str | None
    parents: Sequence[int]
    method: str | None
    clustered: str | None
    row_type: str | None


def needed_by_tables(connection: Connection) -> dict[Key, set[Key]]:
    """Return tables and the types, sequences and functions that they need, with what each uses of those."""
    uses: dict[Key, set[Key]] = {}
    for catalog, oid, used_catalog, used in connection.query(NEEDS):
        uses.setdefault((catalog, oid), set()).update([(used_catalog, used)] if used_catalog else [])
    return uses


class PostgreSQLScripts(PostgreSQLObjects):
    """Reads the catalog in a transaction that is rolled back."""

    def objects(self) -> Iterator[ObjectScript]:
        """Yield all objects of files; those of one name, and of one table, are one file, as overloads are."""
        with self.dialect.reading_catalog(self.connection):
            needed = needed_by_tables(self.connection)
            items = [
                *(_replacing(item) for item in self.types() if item.key not in needed),
                *(item for item in self.sequences() if item.key not in needed),
                *self.routines(),
                *self.operators(),
                *self.views(),
                *self.on_tables("trigger", TRIGGERS),
                *self.on_tables("rule", RULES),
                *self.policies(),
            ]
            self.missing += [f"{kind} {name}" for kind, name in self.connection.query(OTHERS)]
        files: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
        for item in items:
            files[item.kind, item.schema, item.name, item.table] += item.statements
        for (kind, schema, name, table), statements in files.items():
            yield ObjectScript(kind, schema, name, script(*statements), table)

    def tables(self) -> TableScripts:
        """Return the statements of schemas, extensions, tables, and what those need."""
        with self.dialect.reading_catalog(self.connection):
            return PostgreSQLTables(self).scripts()

    def permissions(self) -> Permissions:
        """Return the roles that have rights here, without their right to log in, and all grants."""
        with self.dialect.reading_catalog(self.connection):
            rows = self.connection.query(GRANTS)
        roles = sorted({role for *_row, role in rows if role})
        return Permissions(
            [CREATE_ROLE.format(self.dialect.quote_literal(role), role) for role in roles],
            [statement for _order, _name, statement, _role in rows],
        )


def _replacing(item: Item) -> Item:
    """Return the item with a DROP before it, so that its file can run again."""
    return item._replace(statements=(item.drop, *item.statements))


def _is_inline(kind: str, constraint: str) -> bool:
    """Return whether a constraint stands in CREATE TABLE: a check does, unless it is not valid."""
    return kind == CHECK and not constraint.endswith(" NOT VALID")


class PostgreSQLTables:
    """Makes the statements of all tables, in an order in which they run."""

    def __init__(self, reader: PostgreSQLScripts) -> None:
        self._reader = reader
        self._quote = reader.quote
        self._query = reader.connection.query
        tables = (Table(*row) for row in self._query(TABLES))
        self._tables = {("pg_class", table.oid): table for table in tables if table.name.lower() not in reader.hidden}
        self._names = {key[1]: self._quote(table.schema, table.name) for key, table in self._tables.items()}
        self._constraints = [row for row in self._query(CONSTRAINTS) if row[1] in self._names]

    def scripts(self) -> TableScripts:
        """Return schemas, extensions, tables with what they need, and then all that refers to several tables."""
        create = [
            *self._schemas(),
            *self._extensions(),
            *self._collations(),
            *self._text_search(),
            *(["SET check_function_bodies = off"] if any(key[0] == "pg_proc" for key in self._items) else []),
            *(statement for key in self._order() for statement in self._statements(key)),
            *self._partitions(),
            *self._keys_and_indexes(),
            *self._rest(),
        ]
        drop = [f"DROP TABLE {', '.join(self._names.values())}"] if self._names else []
        drop += [self._items[key].drop for key in reversed(self._order()) if key in self._items]
        text_search = reversed(self._query(TEXT_SEARCH))
        drop += [f"DROP TEXT SEARCH {word} IF EXISTS {name}" for _catalog, _oid, word, name, *_more in text_search]
        drop += [f"DROP COLLATION IF EXISTS {name}" for _oid, name, _options in self._query(COLLATIONS)]
        return TableScripts([f"{table.schema}.{table.name}" for table in self._tables.values()], create, drop)

    @cached_property
    def _uses(self) -> dict[Key, set[Key]]:
        return needed_by_tables(self._reader.connection)

    @cached_property
    def _items(self) -> dict[Key, Item]:
        """The types, sequences and routines that tables need."""
        items = (*self._reader.types(), *self._reader.sequences(), *self._reader.routines())
        return {item.key: item for item in items if item.key in self._uses}

    def _order(self) -> list[Key]:
        """Return tables and what they need, each after what it uses."""
        keys = [*self._items, *self._tables]
        uses = {key: [used for used in keys if used in self._uses.get(key, ()) and used != key] for key in keys}
        for key, table in self._tables.items():
            uses[key] += [("pg_class", parent) for parent in table.parents]
        try:
            return list(TopologicalSorter(uses).static_order())
        except CycleError:  # as of a function over the table that it is a default of; bodies are not checked
            return keys

    def _statements(self, key: Key) -> Sequence[str]:
        return self._items[key].statements if key in self._items else (self._create(self._tables[key]),)

    def _schemas(self) -> Iterator[str]:
        for oid, name in self._query(SCHEMAS):
            yield f"CREATE SCHEMA IF NOT EXISTS {self._quote(name)}"
            yield from self._reader.comments(("pg_namespace", oid), "SCHEMA", self._quote(name))

    def _extensions(self) -> Iterator[str]:
        for name, schema in self._query(EXTENSIONS):
            yield f"CREATE EXTENSION IF NOT EXISTS {self._quote(name)} WITH SCHEMA {self._quote(schema)}"

    def _collations(self) -> Iterator[str]:
        for oid, name, options in self._query(COLLATIONS):
            yield f"CREATE COLLATION IF NOT EXISTS {name} ({options})"
            yield from self._reader.comments(("pg_collation", oid), "COLLATION", name)

    def _text_search(self) -> Iterator[str]:
        for catalog, oid, word, name, options, mappings in self._query(TEXT_SEARCH):
            yield f"CREATE TEXT SEARCH {word} {name} ({options})"
            yield from (f"ALTER TEXT SEARCH {word} {name} {mapping}" for mapping in mappings)
            yield from self._reader.comments((catalog, oid), f"TEXT SEARCH {word}", name)

    def _create(self, table: Table) -> str:
        """Return CREATE TABLE with columns and checks; a partition is attached later, so that its columns stay."""
        lines = [*self._columns[table.oid]]
        lines += [
            constraint
            for _oid, owner, kind, constraint in self._named_constraints()
            if owner == table.oid and _is_inline(kind, constraint)
        ]
        body = "".join(f"\n    {line}," for line in lines).removesuffix(",")
        parents = ", ".join(self._names[parent] for parent in table.parents) if table.bound is None else ""
        return (
            f"CREATE {'UNLOGGED ' if table.unlogged else ''}TABLE {self._names[table.oid]} ({body}\n)"
            f"{f' INHERITS ({parents})' if parents else ''}"
            f"{f' PARTITION BY {table.partition_key}' if table.partition_key else ''}"
            f"{f' USING {table.method}' if table.method else ''}{with_options(table.options)}"
        )

    @cached_property
    def _columns(self) -> dict[int, list[str]]:
        columns = defaultdict[int, list[str]](list)
        for oid, name, kind, not_null, default, identity, generated, collation, *_more, local, sequence in self._query(
            COLUMNS
        ):
            value = f" DEFAULT {default}" if default is not None else ""
            if identity:
                value = f" GENERATED {IDENTITY[identity]} AS IDENTITY ({sequence})"
            elif generated:
                value = f" GENERATED ALWAYS AS ({default}) {GENERATED[generated]}"
            collate = f" COLLATE {collation}" if collation else ""
            if local:
                columns[oid].append(f"{self._quote(name)} {kind}{collate}{value}{' NOT NULL' if not_null else ''}")
        return columns

    def _named_constraints(self) -> Iterator[tuple[int, int, str, str]]:
        for oid, table, name, kind, definition in self._constraints:
            yield oid, table, kind, f"CONSTRAINT {self._quote(name)} {definition}"

    def _partitions(self) -> Iterator[str]:
        for table in self._tables.values():
            if table.bound is not None:
                parent = self._names[table.parents[0]]
                yield f"ALTER TABLE ONLY {parent} ATTACH PARTITION {self._names[table.oid]} {table.bound}"

    def _keys_and_indexes(self) -> Iterator[str]:
        """Yield keys, indexes, and then foreign keys and checks that are not valid.

        Indexes of partitions are attached to those of their parents.
        """
        constraints = list(self._named_constraints())
        indexes = [row for row in self._query(INDEXES) if row[1] in self._names]
        for oid, table, kind, constraint in constraints:
            if kind not in {CHECK, FOREIGN}:
                yield f"ALTER TABLE ONLY {self._names[table]} ADD {constraint}"
                yield from self._comments_on_constraint(oid, table)
        for oid, _table, name, definition, _parent in indexes:
            yield from [definition] if definition else []
            yield from self._reader.comments(("pg_class", oid), "INDEX", name)
        yield from (
            f"ALTER INDEX {parent} ATTACH PARTITION {name}" for *_more, name, _text, parent in indexes if parent
        )
        for oid, table, kind, constraint in constraints:
            if kind in {CHECK, FOREIGN}:
                if not _is_inline(kind, constraint):
                    yield f"ALTER TABLE {self._names[table]} ADD {constraint}"
                yield from self._comments_on_constraint(oid, table)

    def _comments_on_constraint(self, oid: int, table: int) -> Iterator[str]:
        name = next(row[2] for row in self._constraints if row[0] == oid)
        key = ("pg_constraint", oid)
        yield from self._reader.comments(key, "CONSTRAINT", f"{self._quote(name)} ON {self._names[table]}")

    def _rest(self) -> Iterator[str]:
        """Yield owners of sequences, settings of columns and tables, statistics and comments."""
        for row in self._query(SEQUENCES):
            schema, name, owner, column = *row[1:3], *row[-2:]
            if owner in self._names:
                place = f"{self._names[owner]}.{self._quote(column)}"
                yield f"ALTER SEQUENCE {self._quote(schema, name)} OWNED BY {place}"
        for oid, name, *_more, settings, _local, _sequence in self._query(COLUMNS):
            column = f"ALTER COLUMN {self._quote(name)} SET"
            yield from (
                f"ALTER TABLE ONLY {self._names[oid]} {column} {setting}" for setting in settings if oid in self._names
            )
        for table in self._tables.values():
            yield from (f"ALTER TABLE {self._names[table.oid]} {change}" for change in self._settings(table))
        for oid, text, name, target in self._query(STATISTICS):
            yield text
            yield from [f"ALTER STATISTICS {name} SET STATISTICS {target}"] if target is not None else []
            yield from self._reader.comments(("pg_statistic_ext", oid), "STATISTICS", name)
        for table in self._tables.values():
            yield from self._reader.comments(("pg_class", table.oid), "TABLE", self._names[table.oid])

    def _settings(self, table: Table) -> Iterator[str]:
        if table.row_security:
            yield "ENABLE ROW LEVEL SECURITY"
        if table.forced_security:
            yield "FORCE ROW LEVEL SECURITY"
        if table.replica in REPLICA:
            yield f"REPLICA IDENTITY {REPLICA[table.replica]}"
        elif table.replica_index:
            yield f"REPLICA IDENTITY USING INDEX {self._quote(table.replica_index)}"
        if table.clustered:
            yield f"CLUSTER ON {self._quote(table.clustered)}"
        if table.row_type:
            yield f"OF {table.row_type}"
