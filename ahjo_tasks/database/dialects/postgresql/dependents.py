"""Find the users of an object in PostgreSQL's catalog, and what would be lost if they were dropped."""

from __future__ import annotations

import re
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from ahjo_tasks.database.dialects.base import Attachment, Dependent
from ahjo_tasks.sql.definitions import Name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ahjo_tasks.database.dialects.base import Naming, OpenConnection
    from ahjo_tasks.sql.definitions import Definition

RELATIONS = frozenset({"view"})
ROUTINES = frozenset({"function", "procedure"})
ON_RELATIONS = frozenset({"rule", "trigger"})
SEED_RELATION = (
    "SELECT 'pg_class'::regclass::oid, c.oid, 0 FROM pg_class c WHERE c.relkind IN ('v', 'm') AND c.relname = {name}"
    " AND {schema}"
)
SEED_SEQUENCE = SEED_RELATION.replace("('v', 'm')", "('S')")
SEED_TYPE = "SELECT 'pg_type'::regclass::oid, t.oid, 0 FROM pg_type t WHERE t.typname = {name} AND {schema}"
SEED_ROUTINE = "SELECT 'pg_proc'::regclass::oid, p.oid, 0 FROM pg_proc p WHERE p.proname = {name} AND {schema}"
SEED_OPERATOR = "SELECT 'pg_operator'::regclass::oid, o.oid, 0 FROM pg_operator o WHERE o.oprname = {name} AND {schema}"
_ROUTINE = (SEED_ROUTINE, "pronamespace", "pg_function_is_visible(p.oid)")
_RELATION_OF = ("relnamespace", "pg_table_is_visible(c.oid)")
SEEDS = {
    "view": (SEED_RELATION, *_RELATION_OF),
    "sequence": (SEED_SEQUENCE, *_RELATION_OF),
    "type": (SEED_TYPE, "typnamespace", "pg_type_is_visible(t.oid)"),
    "function": _ROUTINE,
    "procedure": _ROUTINE,
    "operator": (SEED_OPERATOR, "oprnamespace", "pg_operator_is_visible(o.oid)"),
}
"""By the kind of a definition: the query of its numbers, its column for the schema, and the test of visibility."""
PARTS = {
    "trigger": ("pg_trigger", "tgname", "tgrelid"),
    "rule": ("pg_rewrite", "rulename", "ev_class"),
    "policy": ("pg_policy", "polname", "polrelid"),
}
"""By the kind of what belongs to a relation: the catalog, its columns for the name and for the relation."""
SEED_PART = (
    "SELECT '{catalog}'::regclass::oid, x.oid, 0 FROM {catalog} x JOIN pg_class c ON c.oid = x.{relation}"
    " WHERE x.{column} = {name} AND c.relname = {table} AND {schema}"
)
USERS = """
WITH RECURSIVE seed(classid, objid, subid) AS ({seeds}),
used(refclass, refid, classid, objid, subid) AS (
    SELECT 0::oid, 0::oid, classid, objid, subid FROM seed
    UNION
    SELECT used.classid, used.objid, x.classid, x.objid, 0
    FROM used
    JOIN pg_depend d ON d.refclassid = used.classid AND d.refobjid = used.objid
        AND (used.subid = 0 OR d.refobjsubid = used.subid)
    LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND r.rulename = '_RETURN'
    LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
    LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
    LEFT JOIN pg_attrdef a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
    CROSS JOIN LATERAL (
        SELECT CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_class'::regclass::oid END AS classid,
            coalesce(r.ev_class, d.objid) AS objid
    ) x
    WHERE (d.deptype = 'n' OR d.classid = 'pg_type'::regclass AND d.deptype = 'i')
        AND d.classid::regclass::text IN
            ('pg_rewrite', 'pg_class', 'pg_proc', 'pg_type', 'pg_operator', 'pg_trigger', 'pg_policy', 'pg_attrdef')
        AND (c.oid IS NULL OR c.relkind IN ('r', 'p', 'v', 'm', 'f'))
        AND (t.oid IS NULL OR NOT t.tgisinternal)
        AND (a.oid IS NULL OR used.subid <> 0 OR a.adrelid <> used.objid)
        AND (x.classid, x.objid) <> (used.classid, used.objid)
)
SELECT used.refclass, used.refid, used.classid, used.objid, i.type, i.identity,
    pg_describe_object(used.classid, used.objid, 0), a.object_names
FROM used, pg_identify_object(used.classid, used.objid, 0) i,
    pg_identify_object_as_address(used.classid, used.objid, 0) a
"""
"""Each user with what it uses; the type of a view stands between it and what uses that.

The generated columns of a table go with it: they use single columns of it, but not the whole.
"""
OF_SEEDS = "WITH seed(classid, objid, subid) AS ({seeds}) SELECT classid::regclass::text, objid FROM seed"
NAMED_IN_ERROR = """
SELECT DISTINCT d.refclassid, d.refobjid, d.refobjsubid, a.attname, pg_describe_object(d.refclassid, d.refobjid, 0),
    CASE WHEN r.oid IS NULL THEN d.classid ELSE 'pg_class'::regclass::oid END, coalesce(r.ev_class, d.objid)
FROM pg_depend d
LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid AND r.rulename = '_RETURN'
LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
LEFT JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
LEFT JOIN pg_attribute o ON o.attrelid = c.oid AND o.attnum = d.objsubid
LEFT JOIN pg_attribute a ON d.refclassid = 'pg_class'::regclass AND a.attrelid = d.refobjid
    AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
WHERE d.refclassid IN ('pg_class'::regclass, 'pg_type'::regclass, 'pg_constraint'::regclass, 'pg_proc'::regclass)
    AND d.deptype = 'n' AND d.refobjid >= 16384 AND d.objid >= 16384 AND (
        strpos({message}, pg_describe_object(d.classid, d.objid, d.objsubid)) > 0
        OR strpos({message}, pg_describe_object('pg_class'::regclass, r.ev_class, 0)) > 0
        OR strpos({message}, ' ' || quote_ident(p.proname) || '(') > 0
        OR strpos({message}, '"' || c.relname || '.' || o.attname || '"') > 0)
"""
"""Query of the users that an error names, as the server calls them in its own language, and of what they use.

A routine is known by its name alone: a migration may have renamed the types of its parameters before the error. A view
is known by a column, too, whose type is that of the rows of a table.
"""
KINDS = {"materialized view": "view", "aggregate": "function", "procedure": "procedure"}
CATALOGS = {
    **dict.fromkeys(RELATIONS, "pg_class"),
    **dict.fromkeys(ROUTINES, "pg_proc"),
    **{kind: catalog for kind, (catalog, *_) in PARTS.items()},
}
"""By the kind of an object: the catalog that its number is of."""
RELATION_ATTACHMENTS = """
SELECT c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname) AS name, c.relname AS bare, c.oid,
    c.relowner, c.relacl,
    c.relkind, CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'VIEW' END AS kind
FROM pg_class c WHERE c.relkind IN ('v', 'm', 'S') AND c.oid IN ({oids})
"""
ROUTINE_ATTACHMENTS = """
SELECT i.identity AS name, p.proname AS bare, p.oid, p.proowner, p.proacl, p.prokind,
    CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END AS kind
FROM pg_proc p, pg_identify_object('pg_proc'::regclass, p.oid, 0) i WHERE p.oid IN ({oids})
"""
GRANTEE = "CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END"
OPTION = "CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END"
OF_RIGHTS, OF_COMMENTS = ", 'rights', o.bare", ", 'comment', ''"
"""The last columns of an attachment: what it gives, and whose rights these are."""
THERE = "format('SELECT to_regclass(%L) IS NOT NULL', o.name)"
SAME_KIND, OF_KIND = "EXISTS (SELECT FROM pg_class WHERE oid = to_regclass(%L) AND relkind = %L)", "o.name, o.relkind"
"""The condition that a relation is of the kind that it was, and what stands for its blanks."""
ROUTINE_THERE = "format('SELECT to_regprocedure(%L) IS NOT NULL', o.name)"


def _comment_on(kind: str, form: str, names: tuple[str, ...], source: str) -> str:
    """Return the query of the comments on what belongs to a view, which are lost with it."""
    number, catalog = ("i.indexrelid", "pg_class") if kind == "index" else (f"{source[source.index(' ') + 1]}.oid", "")
    catalog = catalog or source.partition(" ")[0]
    listed = ", ".join(names)
    comment = f"obj_description({number}, '{catalog}')"
    return (
        f"SELECT 5, format('comment on {kind} {form}', {listed}), format('SELECT {SAME_KIND}', {OF_KIND}),"
        f" format('COMMENT ON {kind.upper()} {form} IS %L', {listed}, {comment}){OF_COMMENTS}"
        f" FROM o JOIN {source} WHERE {comment} IS NOT NULL"
    )


RELATIONS_LOST = (
    # owner, grants, grants of columns, comments, indexes, triggers, rules: in the order to give them again
    (
        f"SELECT 0, format('owner of %s', o.name), {THERE},"
        f" format('ALTER TABLE %s OWNER TO %I', o.name, pg_get_userbyid(o.relowner)){OF_RIGHTS}"
        " FROM o WHERE o.relowner <> current_user::regrole"
    ),
    (
        f"SELECT 1, format('grant on %s', o.name), {THERE},"
        " format('GRANT %s ON %s%s TO %s%s', a.privilege_type,"
        f" CASE o.kind WHEN 'SEQUENCE' THEN 'SEQUENCE ' ELSE '' END, o.name, {GRANTEE}, {OPTION}){OF_RIGHTS}"
        " FROM o, aclexplode(o.relacl) a WHERE a.grantee <> o.relowner"
    ),
    (
        f"SELECT 1, format('grant on %s', o.name), format('SELECT EXISTS (SELECT FROM pg_attribute"
        " WHERE attrelid = to_regclass(%L) AND attname = %L AND NOT attisdropped)', o.name, c.attname),"
        f" format('GRANT %s (%I) ON %s TO %s%s', a.privilege_type, c.attname, o.name, {GRANTEE}, {OPTION}){OF_RIGHTS}"
        " FROM o JOIN pg_attribute c ON c.attrelid = o.oid, aclexplode(c.attacl) a WHERE a.grantee <> o.relowner"
    ),
    (
        f"SELECT 2, format('comment on %s', o.name), format('SELECT {SAME_KIND}"
        f" AND obj_description(to_regclass(%L), ''pg_class'') IS NULL', {OF_KIND}, o.name),"
        f" format('COMMENT ON %s %s IS %L', o.kind, o.name, obj_description(o.oid, 'pg_class')){OF_COMMENTS}"
        " FROM o WHERE obj_description(o.oid, 'pg_class') IS NOT NULL"
    ),
    (
        "SELECT 2, format('comment on %s.%s', o.name, c.attname), format('SELECT EXISTS (SELECT FROM pg_attribute"
        " WHERE attrelid = to_regclass(%L) AND attname = %L AND col_description(attrelid, attnum) IS NULL)',"
        " o.name, c.attname),"
        f" format('COMMENT ON COLUMN %s.%I IS %L', o.name, c.attname, col_description(o.oid, c.attnum)){OF_COMMENTS}"
        " FROM o JOIN pg_attribute c ON c.attrelid = o.oid WHERE col_description(o.oid, c.attnum) IS NOT NULL"
    ),
    (
        f"SELECT 3, format('index %s', i.indexrelid::regclass), format('SELECT to_regclass(%L) IS NULL"
        f" AND {SAME_KIND}', n.nspname || '.' || quote_ident(x.relname), {OF_KIND}),"
        " pg_get_indexdef(i.indexrelid), 'index', x.relname"
        " FROM o JOIN pg_index i ON i.indrelid = o.oid JOIN pg_class x ON x.oid = i.indexrelid"
        " JOIN pg_namespace n ON n.oid = x.relnamespace"
    ),
    (
        f"SELECT 4, format('trigger %s on %s', t.tgname, o.name), format('SELECT {SAME_KIND}"
        " AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass(%L) AND tgname = %L)',"
        f" {OF_KIND}, o.name, t.tgname), pg_get_triggerdef(t.oid), 'trigger', t.tgname"
        " FROM o JOIN pg_trigger t ON t.tgrelid = o.oid WHERE NOT t.tgisinternal"
    ),
    (
        f"SELECT 4, format('rule %s on %s', r.rulename, o.name), format('SELECT {SAME_KIND}"
        " AND NOT EXISTS (SELECT FROM pg_rewrite WHERE ev_class = to_regclass(%L) AND rulename = %L)',"
        f" {OF_KIND}, o.name, r.rulename), pg_get_ruledef(r.oid), 'rule', r.rulename"
        " FROM o JOIN pg_rewrite r ON r.ev_class = o.oid WHERE r.rulename <> '_RETURN'"
    ),
    (
        f"SELECT 4, format('default of %s.%s', o.name, c.attname), format('SELECT {SAME_KIND} AND EXISTS (SELECT"
        " FROM pg_attribute WHERE attrelid = to_regclass(%L) AND attname = %L AND NOT atthasdef)',"
        f" {OF_KIND}, o.name, c.attname),"
        " format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', o.name, c.attname, pg_get_expr(d.adbin, d.adrelid)),"
        " 'default', ''"
        " FROM o JOIN pg_attrdef d ON d.adrelid = o.oid JOIN pg_attribute c ON c.attrelid = o.oid"
        " AND c.attnum = d.adnum"
    ),
    _comment_on("trigger", "%I ON %s", ("t.tgname", "o.name"), "pg_trigger t ON t.tgrelid = o.oid"),
    _comment_on("rule", "%I ON %s", ("r.rulename", "o.name"), "pg_rewrite r ON r.ev_class = o.oid"),
    _comment_on("index", "%s", ("i.indexrelid::regclass",), "pg_index i ON i.indrelid = o.oid"),
)
ROUTINES_LOST = (
    (
        f"SELECT 0, format('owner of %s', o.name), {ROUTINE_THERE},"
        f" format('ALTER ROUTINE %s OWNER TO %I', o.name, pg_get_userbyid(o.proowner)){OF_RIGHTS}"
        " FROM o WHERE o.proowner <> current_user::regrole"
    ),
    (
        f"SELECT 1, format('revoke on %s', o.name), {ROUTINE_THERE},"
        f" format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', o.name){OF_RIGHTS} FROM o WHERE o.proacl IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM aclexplode(o.proacl) a WHERE a.grantee = 0)"
    ),
    (
        f"SELECT 2, format('grant on %s', o.name), {ROUTINE_THERE},"
        f" format('GRANT %s ON ROUTINE %s TO %s%s', a.privilege_type, o.name, {GRANTEE}, {OPTION}){OF_RIGHTS}"
        " FROM o, aclexplode(coalesce(o.proacl, acldefault('f', o.proowner))) a WHERE a.grantee <> o.proowner"
    ),
    (
        "SELECT 3, format('comment on %s', o.name), format('SELECT EXISTS (SELECT FROM pg_proc"
        " WHERE oid = to_regprocedure(%L) AND prokind = %L) AND obj_description(to_regprocedure(%L), ''pg_proc'')"
        " IS NULL', o.name, o.prokind, o.name),"
        f" format('COMMENT ON %s %s IS %L', o.kind, o.name, obj_description(o.oid, 'pg_proc')){OF_COMMENTS}"
        " FROM o WHERE obj_description(o.oid, 'pg_proc') IS NOT NULL"
    ),
)


PART_LOST = (
    "SELECT 5, format('comment on {kind} %I on %s', x.{column}, o.name), format('SELECT EXISTS (SELECT FROM {catalog}"
    " WHERE {relation} = to_regclass(%L) AND {column} = %L AND obj_description(oid, ''{catalog}'') IS NULL)',"
    " o.name, x.{column}), format('COMMENT ON {kind} %I ON %s IS %L', x.{column}, o.name,"
    " obj_description(x.oid, '{catalog}')), 'comment', '' FROM {catalog} x CROSS JOIN LATERAL"
    " (SELECT c.relnamespace::regnamespace::text || '.' || quote_ident(c.relname) AS name FROM pg_class c"
    " WHERE c.oid = x.{relation}) o WHERE x.oid IN ({oids}) AND obj_description(x.oid, '{catalog}') IS NOT NULL"
)


def dependents(connection: OpenConnection, definitions: Sequence[Definition], names: Naming) -> list[Dependent]:
    """List these views and routines, as far as they exist, and all that uses them; dependents first."""
    seeds = list(_seeds(definitions, names))
    return _users(connection, seeds, with_seeds=True) if seeds else []


def migration_blockers(connection: OpenConnection, message: str, names: Naming) -> list[Dependent]:
    """List all that uses the column that the error is about, or else the table, type or key; dependents first.

    Where these had other names before the migration, list the users that the error names, and all that uses these.
    """
    rows = connection.query(NAMED_IN_ERROR.format(message=names.quote_literal(message)))
    refused = message.partition(". ")[0]  # what comes after it names the users, of which one may use another
    columns = {row[:3] for row in rows if row[3] and _is_word(row[3], message)}
    named = {row[4]: (*row[:2], 0) for row in rows if _is_word(row[4], refused)}
    objects = [found for text, found in named.items() if not any(text in other for other in named.keys() - {text})]
    users = {(*row[-2:], 0) for row in rows}
    seeds = [f"SELECT {catalog}::oid, {number}::oid, {part}" for catalog, number, part in columns or objects or users]
    return _users(connection, seeds, with_seeds=not (columns or objects)) if seeds else []


def attachments(connection: OpenConnection, objects: Sequence[Dependent]) -> list[Attachment]:
    """Read owners, grants, comments, indexes, triggers and rules of views, and those of routines.

    Of triggers, rules and policies read the comments.
    """
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for item in objects:
        numbers[CATALOGS.get(item.kind, "")].append(item.key[1])
    return _attachments(connection, numbers)


def own_attachments(
    connection: OpenConnection, definitions: Sequence[Definition], names: Naming
) -> Sequence[Attachment]:
    """Read the same of objects by their names, and of sequences."""
    seeds = [*_seeds(definitions, names), *_part_seeds(definitions, names)]
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for catalog, number in connection.query(OF_SEEDS.format(seeds=" UNION ".join(seeds))) if seeds else ():
        numbers[catalog].append(number)
    return _attachments(connection, numbers)


def _attachments(connection: OpenConnection, numbers: Mapping[str, Sequence[int]]) -> list[Attachment]:
    """Read those of the objects with these numbers, by their catalogs."""
    queries = {"pg_class": (RELATION_ATTACHMENTS, RELATIONS_LOST), "pg_proc": (ROUTINE_ATTACHMENTS, ROUTINES_LOST)}
    oids = {catalog: ", ".join(map(str, found)) for catalog, found in numbers.items()}
    found: list[tuple[int, str, str, str, str, str]] = []
    for catalog, (source, lost) in queries.items():
        if catalog in oids:
            query = " UNION ALL ".join(lost)
            found += connection.query(f"WITH o AS ({source.format(oids=oids[catalog])}) {query} ORDER BY 1")
    for kind, (catalog, column, relation) in PARTS.items():
        if catalog in oids:
            parts = {"kind": kind, "catalog": catalog, "column": column, "relation": relation, "oids": oids[catalog]}
            found += connection.query(PART_LOST.format(**parts))
    return [Attachment(*values) for _, *values in found]


def _seeds(definitions: Iterable[Definition], names: Naming) -> Iterator[str]:
    for definition in definitions:
        if definition.kind not in SEEDS:
            continue
        query, schema_column, is_visible = SEEDS[definition.kind]
        schema, name = definition.name
        condition = f"{schema_column} = to_regnamespace({names.quote_literal(names.quote(schema))})"
        yield query.format(name=names.quote_literal(name), schema=condition if schema else is_visible)


def _part_seeds(definitions: Iterable[Definition], names: Naming) -> Iterator[str]:
    for definition in definitions:
        if definition.kind in PARTS and definition.table is not None:
            catalog, column, relation = PARTS[definition.kind]
            schema, table = definition.table
            condition = f"c.relnamespace = to_regnamespace({names.quote_literal(names.quote(schema))})"
            yield SEED_PART.format(
                catalog=catalog,
                column=column,
                relation=relation,
                name=names.quote_literal(definition.name.name),
                table=names.quote_literal(table),
                schema=condition if schema else "pg_table_is_visible(c.oid)",
            )


def _users(connection: OpenConnection, seeds: Sequence[str], *, with_seeds: bool) -> list[Dependent]:
    users: dict[tuple[int, int], set[tuple[int, int]]] = {}
    objects: dict[tuple[int, int], Dependent] = {}
    rows = connection.query(USERS.format(seeds=" UNION ".join(seeds)))
    views = {tuple(row[-1]) for row in rows if KINDS.get(row[4], row[4]) in RELATIONS}
    for refclass, refid, classid, objid, kind, identity, text, name in rows:
        key = (classid, objid)
        users.setdefault(key, set())
        if refid:
            users.setdefault((refclass, refid), set()).add(key)
        goes_with_view = kind in ON_RELATIONS and tuple(name[:-1]) in views  # and is given back to it
        if kind != "type" and not goes_with_view and (refid or with_seeds):
            parts = (*([None] if len(name) == 1 else []), *name)
            owner = Name(parts[0], parts[-1])
            drop = f"DROP {kind.upper()} {identity}"
            used = bool(refid) or (key in objects and objects[key].used)
            objects[key] = Dependent(KINDS.get(kind, kind), owner, text, drop, key, used)
    try:
        order = list(TopologicalSorter(users).static_order())
    except CycleError:
        order = list(users)
    return [objects[key] for key in order if key in objects]


def _is_word(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
