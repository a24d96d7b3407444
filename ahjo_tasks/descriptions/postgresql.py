"""PostgreSQL: one comment an object, set with COMMENT ON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.descriptions.model import FILE_NAMES, Catalog, DescriptionStore, objects_from_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.descriptions.model import Change

QUERY = """
WITH space AS (
    SELECT n.oid, n.nspname FROM pg_namespace n WHERE {schemas}
), relation AS (
    SELECT c.oid, c.relname, c.relkind, s.nspname, format('%I.%I', s.nspname, c.relname) AS named
    FROM pg_class c JOIN space s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND NOT c.relispartition
    AND NOT EXISTS (
        SELECT 1 FROM pg_depend x WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid AND x.deptype = 'e')
), routine AS (
    SELECT p.oid, p.proname, s.nspname, p.proname || '(' || oidvectortypes(p.proargtypes) || ')' AS signature,
        CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind,
        format('%s %I.%I(%s)', CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
            s.nspname, p.proname, CASE WHEN p.prokind = 'a' AND p.pronargs = 0 THEN '*'
            ELSE pg_get_function_identity_arguments(p.oid) END) AS target,
        p.proname LIKE '%(%' OR 1 < count(*) OVER (PARTITION BY p.pronamespace, p.proname, p.prokind = 'p') AS shared
    FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
), object (kind, schema, name, inside, target, alias, class, id, part, secondary) AS (
    SELECT 'schema', s.nspname, NULL, NULL, format('SCHEMA %I', s.nspname), NULL,
        'pg_namespace'::regclass, s.oid, 0, false
    FROM space s
    UNION ALL
    SELECT 'type', s.nspname, t.typname, NULL,
        format('%s %I.%I', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, s.nspname, t.typname), NULL,
        'pg_type'::regclass, t.oid, 0, false
    FROM pg_type t JOIN space s ON s.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typtype IN ('b', 'c', 'd', 'e', 'r') AND coalesce(c.relkind, 'c') = 'c'
    AND NOT EXISTS (SELECT 1 FROM pg_type m WHERE m.typarray = t.oid)
    UNION ALL
    SELECT CASE r.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' ELSE 'table' END,
        r.nspname, r.relname, NULL,
        CASE r.relkind WHEN 'S' THEN 'SEQUENCE ' WHEN 'v' THEN 'VIEW ' WHEN 'm' THEN 'MATERIALIZED VIEW '
            WHEN 'f' THEN 'FOREIGN TABLE ' ELSE 'TABLE ' END || r.named, NULL,
        'pg_class'::regclass, r.oid, 0, r.relkind = 'S' AND EXISTS (
            SELECT 1 FROM pg_depend y WHERE y.classid = 'pg_class'::regclass AND y.objid = r.oid
            AND y.deptype IN ('a', 'i') AND y.refobjsubid > 0)
    FROM relation r
    UNION ALL
    SELECT 'column', r.nspname, r.relname, a.attname, format('COLUMN %s.%I', r.named, a.attname), NULL,
        'pg_class'::regclass, r.oid, a.attnum, false
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE r.relkind <> 'S'
    UNION ALL
    SELECT r.kind, r.nspname, CASE WHEN r.shared THEN r.signature ELSE r.proname END, NULL,
        r.target, r.nspname || '.' || r.signature, 'pg_proc'::regclass, r.oid, 0, EXISTS (
            SELECT 1 FROM pg_depend y WHERE y.classid = 'pg_proc'::regclass AND y.objid = r.oid AND y.deptype = 'i')
    FROM routine r
    UNION ALL
    SELECT 'trigger', r.nspname, r.relname, t.tgname, format('TRIGGER %I ON %s', t.tgname, r.named), NULL,
        'pg_trigger'::regclass, t.oid, 0, false
    FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
    UNION ALL
    SELECT 'index', r.nspname, r.relname, i.relname, format('INDEX %I.%I', r.nspname, i.relname), NULL,
        'pg_class'::regclass, i.oid, 0,
        EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))
    FROM relation r JOIN pg_index x ON x.indrelid = r.oid JOIN pg_class i ON i.oid = x.indexrelid
    UNION ALL
    SELECT 'constraint', r.nspname, r.relname, k.conname, format('CONSTRAINT %I ON %s', k.conname, r.named), NULL,
        'pg_constraint'::regclass, k.oid, 0, false
    FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype IN ('p', 'u', 'x', 'f', 'c')
    UNION ALL
    SELECT 'constraint', s.nspname, t.typname, k.conname, format('CONSTRAINT %I ON DOMAIN %I.%I', k.conname, s.nspname,
        t.typname), NULL, 'pg_constraint'::regclass, k.oid, 0, false
    FROM space s JOIN pg_type t ON t.typnamespace = s.oid
    JOIN pg_constraint k ON k.contypid = t.oid AND k.contype = 'c'
)
SELECT o.kind, o.schema, o.name, o.inside, o.target, o.alias, d.description
FROM object o
LEFT JOIN pg_description d ON d.classoid = o.class AND d.objoid = o.id AND d.objsubid = o.part
WHERE (d.description IS NOT NULL OR NOT o.secondary) AND NOT EXISTS (
    SELECT 1 FROM pg_depend x WHERE x.classid = o.class AND x.objid = o.id AND x.objsubid = 0 AND x.deptype = 'e')
UNION ALL
SELECT 'database', NULL, NULL, NULL, format('DATABASE %I', b.datname), NULL, d.description
FROM pg_database b
LEFT JOIN pg_shdescription d ON d.classoid = 'pg_database'::regclass AND d.objoid = b.oid
WHERE b.datname = current_database()
"""


class ObjectComments(DescriptionStore):
    """Comments set with COMMENT ON; the catalog query names each object as that statement does."""

    kinds = frozenset(FILE_NAMES) - {"parameter", "synonym"}
    single_property = "Description"

    def read(self, connection: Connection, schemas: Sequence[str] | None) -> Catalog:
        """Read all objects in one call."""
        rows = connection.query(QUERY.replace("{schemas}", self._condition(schemas)))
        return Catalog(objects_from_rows(rows, self.single_property))

    def statement(self, change: Change) -> str:
        """Return COMMENT ON; NULL drops a comment."""
        text = "NULL" if change.verb == "drop" else self.dialect.quote_literal(change.text)
        return f"COMMENT ON {change.object.target} IS {text}"

    def _condition(self, schemas: Sequence[str] | None) -> str:
        if schemas is None:
            return "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        return f"n.nspname IN ({', '.join(map(self.dialect.quote_literal, schemas))})"
