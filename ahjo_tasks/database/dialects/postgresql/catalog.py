"""Queries of PostgreSQL's catalog: the definitions of objects, and a version that changes with any of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.database.dialects.attributes import CatalogQuery

if TYPE_CHECKING:
    from collections.abc import Sequence

SETTINGS = (
    "SET LOCAL search_path = pg_catalog; SET LOCAL DateStyle = 'ISO, YMD'; SET LOCAL IntervalStyle = postgres;"
    " SET LOCAL TimeZone = 'UTC'; SET LOCAL extra_float_digits = 1; SET LOCAL quote_all_identifiers = off;"
    " SET LOCAL bytea_output = hex; SET LOCAL jit = off"
)
"""Settings that the texts of pg_get_viewdef and its kind depend on; to compile such queries takes longer than they."""

COMBINED = "left(encode(sha256(convert_to(string_agg({}, E'\\n' ORDER BY definition, rights), 'UTF8')), 'hex'), 32)"
"""Expression of one hash of those of several rows."""

OF_TABLE = frozenset({"'trigger'", "'rule'", "'policy'"})
"""Kinds whose names are their own in one table alone, called c."""
USUAL = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"


def _own(catalog: str, number: str) -> str:
    """Return a condition that leaves out what extensions brought."""
    return (
        f"NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.{catalog}'::regclass"
        f" AND e.objid = {number} AND e.deptype = 'e')"
    )


def _query(kind: str, name: str, values: tuple[str, str], source: str, owned: tuple[str, str]) -> CatalogQuery:
    """Return the query of one kind; `source` is its FROM clause and the beginning of its WHERE clause."""
    table = "c.relname" if kind in OF_TABLE else "''"
    definition, rights = values
    columns = f"{kind} AS kind, n.nspname::text AS schema_name, {name}::text AS name, {table}::text AS table_name"
    return CatalogQuery(
        f"SELECT {columns}, {definition} AS definition, {rights} AS rights FROM {source}"
        f" AND {USUAL} AND {_own(*owned)}",
        name,
    )


def _server_wide(kind: str, name: str, values: tuple[str, str], catalog: tuple[str, str]) -> CatalogQuery:
    """Return the query of one kind whose objects are in no schema, with its catalog and what that is called in it."""
    definition, rights = values
    table, alias = catalog
    return CatalogQuery(
        f"SELECT {kind} AS kind, '' AS schema_name, {name}::text AS name, '' AS table_name, {definition} AS definition,"
        f" {rights} AS rights FROM pg_catalog.{table} {alias} WHERE {alias}.oid >= 16384"
        f" AND {_own(table, f'{alias}.oid')}",
        name,
    )


COLUMN_RIGHTS = (
    "(SELECT string_agg(a.attname || a.attacl::text, ',' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a"
    " WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL)"
)
COLUMN_DEFAULTS = (
    "(SELECT string_agg(d.adnum || ' ' || pg_get_expr(d.adbin, d.adrelid), ',' ORDER BY d.adnum)"
    " FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid)"
)
INDEXES = (
    "(SELECT string_agg(pg_get_indexdef(i.indexrelid), chr(10) ORDER BY i.indexrelid::regclass::text)"
    " FROM pg_catalog.pg_index i WHERE c.relhasindex AND i.indrelid = c.oid)"
)
"""The indexes of a materialized view: as with rights, drift shows them, and no deploy builds the view again for one.

Of a view without any, they are not looked for: that would take a look at all indexes of the database for each view.
"""
MATERIALIZED = "CASE c.relkind WHEN 'm' THEN 'materialized' END"
QUERIES = (
    _query(
        "'view'",
        "c.relname",
        (
            f"concat_ws(chr(10), pg_get_viewdef(c.oid), {MATERIALIZED}, c.reloptions::text, {COLUMN_DEFAULTS})",
            f"concat_ws('|', pg_get_userbyid(c.relowner), c.relacl::text, {COLUMN_RIGHTS}, {INDEXES})",
        ),
        "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')",
        ("pg_class", "c.oid"),
    ),
    _query(
        "CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END",
        "p.proname",
        (
            (
                "CASE p.prokind WHEN 'a' THEN concat_ws('|', pg_get_function_identity_arguments(p.oid),"
                " (SELECT a::text FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid = p.oid))"
                " ELSE pg_get_functiondef(p.oid) END"
            ),
            "concat_ws('|', pg_get_userbyid(p.proowner), p.proacl::text)",
        ),
        "pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE true",
        ("pg_proc", "p.oid"),
    ),
    _query(
        "'trigger'",
        "t.tgname",
        ("concat_ws(chr(10), pg_get_triggerdef(t.oid), t.tgenabled)", "''"),
        "pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal AND t.tgparentid = 0",
        ("pg_class", "c.oid"),
    ),
    _query(
        "'rule'",
        "r.rulename",
        ("concat_ws(chr(10), pg_get_ruledef(r.oid), r.ev_enabled)", "''"),
        "pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE r.rulename <> '_RETURN'",
        ("pg_class", "c.oid"),
    ),
    _query(
        "'type'",
        "t.typname",
        (
            (
                "concat_ws('|', t.typtype, format_type(NULLIF(t.typbasetype, 0), t.typtypmod), t.typnotnull,"
                " t.typdefault,"
                " (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e"
                " WHERE e.enumtypid = t.oid), (SELECT string_agg(k.conname || ' ' || pg_get_constraintdef(k.oid), ','"
                " ORDER BY k.conname) FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid),"
                " (SELECT format_type(g.rngsubtype, NULL) FROM pg_catalog.pg_range g WHERE g.rngtypid = t.oid),"
                " (SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ',' ORDER BY a.attnum)"
                " FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT"
                " a.attisdropped))"
            ),
            "concat_ws('|', pg_get_userbyid(t.typowner), t.typacl::text)",
        ),
        "pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE (t.typtype IN ('e', 'd',"
        " 'r') OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))",
        ("pg_type", "t.oid"),
    ),
    _query(
        "'sequence'",
        "c.relname",
        (
            (
                "concat_ws('|', format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmax, s.seqmin,"
                " s.seqcache,"
                " s.seqcycle)"
            ),
            "concat_ws('|', pg_get_userbyid(c.relowner), c.relacl::text)",
        ),
        "pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid JOIN pg_catalog.pg_namespace n"
        " ON n.oid = c.relnamespace WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid"
        " AND d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i'))",
        ("pg_class", "c.oid"),
    ),
    _query(
        "'policy'",
        "o.polname",
        (
            (
                "concat_ws('|', c.oid::regclass::text, o.polcmd, o.polpermissive, pg_get_expr(o.polqual, o.polrelid),"
                " pg_get_expr(o.polwithcheck, o.polrelid), ARRAY(SELECT coalesce(a.rolname, 'public') FROM"
                " unnest(o.polroles) m LEFT JOIN pg_catalog.pg_roles a ON a.oid = m ORDER BY 1)::text)"
            ),
            "''",
        ),
        "pg_catalog.pg_policy o JOIN pg_catalog.pg_class c ON c.oid = o.polrelid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE true",
        ("pg_class", "c.oid"),
    ),
    CatalogQuery(
        "SELECT 'extension' AS kind, '' AS schema_name, e.extname::text AS name, '' AS table_name,"
        " concat_ws('|', e.extversion, n.nspname) AS definition, pg_get_userbyid(e.extowner)::text AS rights"
        " FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.oid >= 16384",
        "e.extname",
    ),
    CatalogQuery(
        "SELECT 'trigger' AS kind, '' AS schema_name, t.evtname::text AS name, t.evtevent::text AS table_name,"
        " concat_ws('|', t.evtfoid::regprocedure::text, t.evtenabled, t.evttags::text) AS definition,"
        " pg_get_userbyid(t.evtowner)::text AS rights FROM pg_catalog.pg_event_trigger t WHERE t.oid >= 16384 AND "
        + _own("pg_event_trigger", "t.oid"),
        "t.evtname",
    ),
    _query(
        "'operator'",
        "o.oprname",
        (
            (
                "concat_ws('|', format_type(NULLIF(o.oprleft, 0), NULL), format_type(o.oprright, NULL),"
                " o.oprcode::text,"
                " o.oprrest::text, o.oprjoin::text, o.oprcanmerge, o.oprcanhash)"
            ),
            "pg_get_userbyid(o.oprowner)::text",
        ),
        "pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace WHERE true",
        ("pg_operator", "o.oid"),
    ),
    _query(
        "'collation'",
        "l.collname",
        (
            (
                "concat_ws('|', l.collprovider, l.collisdeterministic, l.collcollate, l.collctype,"
                " to_jsonb(l) ->> 'colliculocale', to_jsonb(l) ->> 'colllocale')"
            ),
            "pg_get_userbyid(l.collowner)::text",
        ),
        "pg_catalog.pg_collation l JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace WHERE true",
        ("pg_collation", "l.oid"),
    ),
    _query(
        "'text search configuration'",
        "s.cfgname",
        (
            (
                "concat_ws('|', s.cfgparser::text, (SELECT string_agg(concat_ws(' ', m.maptokentype, m.mapseqno,"
                " m.mapdict::regdictionary::text), ',' ORDER BY m.maptokentype, m.mapseqno)"
                " FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg = s.oid))"
            ),
            "pg_get_userbyid(s.cfgowner)::text",
        ),
        "pg_catalog.pg_ts_config s JOIN pg_catalog.pg_namespace n ON n.oid = s.cfgnamespace WHERE true",
        ("pg_ts_config", "s.oid"),
    ),
    _query(
        "'text search dictionary'",
        "s.dictname",
        ("concat_ws('|', s.dicttemplate::text, s.dictinitoption)", "pg_get_userbyid(s.dictowner)::text"),
        "pg_catalog.pg_ts_dict s JOIN pg_catalog.pg_namespace n ON n.oid = s.dictnamespace WHERE true",
        ("pg_ts_dict", "s.oid"),
    ),
    _server_wide(
        "'publication'",
        "p.pubname",
        (
            (
                "concat_ws('|', p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot,"
                " (SELECT string_agg(concat_ws(' ', r.prrelid::regclass::text, to_jsonb(r) ->> 'prattrs',"
                " to_jsonb(r) ->> 'prqual'), ',' ORDER BY r.prrelid) FROM pg_catalog.pg_publication_rel r"
                " WHERE r.prpubid = p.oid))"
            ),
            "pg_get_userbyid(p.pubowner)::text",
        ),
        ("pg_publication", "p"),
    ),
    _server_wide(
        "'server'",
        "f.srvname",
        (
            (
                "concat_ws('|', (SELECT w.fdwname FROM pg_catalog.pg_foreign_data_wrapper w WHERE w.oid = f.srvfdw),"
                " f.srvtype, f.srvversion, f.srvoptions::text)"
            ),
            "concat_ws('|', pg_get_userbyid(f.srvowner), f.srvacl::text)",
        ),
        ("pg_foreign_server", "f"),
    ),
)


def _comments(catalog: str, columns: tuple[str, str, str], schema: str, source: str = "", table: str = "''") -> str:
    """Return the query of the comments on the objects of one catalog, called o.

    `columns` are the kind, the name, and what tells several of a name apart; `source` goes on the FROM clause.
    """
    kind, name, part = columns
    return (
        f"SELECT {kind}, n.nspname::text, {name}::text, {table}::text, concat_ws('|', {part}, d.description)"
        f" FROM pg_catalog.pg_description d JOIN pg_catalog.{catalog} o ON o.oid = d.objoid {source}"
        f" JOIN pg_catalog.pg_namespace n ON n.oid = {schema}"
        f" WHERE d.classoid = 'pg_catalog.{catalog}'::regclass AND d.objoid >= 16384"
    )


def _of_table(catalog: str, kind: str, name: str, table: str) -> str:
    """Return the query of the comments on what belongs to a table."""
    source = f"JOIN pg_catalog.pg_class c ON c.oid = {table}"
    return _comments(catalog, (kind, name, "''"), "c.relnamespace", source, "c.relname")


RELATION = "CASE o.relkind WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'type' ELSE 'view' END"
ROUTINE = "CASE o.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END"
COLUMNS = "LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid AND a.attnum = d.objsubid AND d.objsubid > 0"
OF_INDEX = (
    "JOIN pg_catalog.pg_index i ON i.indexrelid = o.oid"
    " JOIN pg_catalog.pg_class c ON c.oid = i.indrelid AND c.relkind = 'm'"
)
COMMENTS = " UNION ALL ".join(
    (
        _comments("pg_class", (RELATION, "o.relname", "a.attname::text"), "o.relnamespace", COLUMNS)
        + " AND o.relkind IN ('v', 'm', 'S', 'c')",
        _comments("pg_class", ("'view'", "c.relname", "o.relname::text"), "c.relnamespace", OF_INDEX),
        _comments("pg_proc", (ROUTINE, "o.proname", "pg_get_function_identity_arguments(o.oid)"), "o.pronamespace"),
        _comments("pg_type", ("'type'", "o.typname", "''"), "o.typnamespace"),
        _comments("pg_operator", ("'operator'", "o.oprname", "o.oprleft::text"), "o.oprnamespace"),
        _of_table("pg_trigger", "'trigger'", "o.tgname", "o.tgrelid"),
        _of_table("pg_rewrite", "'rule'", "o.rulename", "o.ev_class"),
        _of_table("pg_policy", "'policy'", "o.polname", "o.polrelid"),
    )
)
"""Comments on objects of the same name and on their columns, a row each."""


def _part(number: int, place: str, line: Sequence[str], comment: str, source: str) -> str:
    """Return the query of one part of the tables t: the words of a line, those that are NULL left out."""
    words = f"concat_ws(' ', {', '.join(line)})" if line else "NULL"
    return (
        f"SELECT t.nspname, t.relname, {number} AS part, {place} AS place, {words} AS line, {comment} AS comment"
        f" FROM tables t {source}"
    )


COLLATION = (
    "(SELECT 'collate ' || l.collname FROM pg_catalog.pg_type y JOIN pg_catalog.pg_collation l"
    " ON l.oid = a.attcollation WHERE y.oid = a.atttypid AND y.typcollation <> a.attcollation)"
)
COLUMN = (
    "'column'",
    "a.attname",
    "format_type(a.atttypid, a.atttypmod)",
    COLLATION,
    "CASE WHEN a.attnotnull THEN 'not null' END",
    "CASE a.attidentity WHEN 'a' THEN 'generated always as identity' WHEN 'd' THEN 'generated as identity' END",
    "CASE a.attgenerated WHEN '' THEN 'default ' ELSE 'generated as ' END || pg_get_expr(d.adbin, d.adrelid)",
)
TABLES = (
    "WITH tables AS (SELECT c.oid, n.nspname::text, c.relname::text FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    f" WHERE c.relkind IN ('r', 'p') AND c.relname {{names}} AND {USUAL} AND {_own('pg_class', 'c.oid')})"
    " SELECT nspname, relname, line, comment FROM ("
    + " UNION ALL ".join(
        (
            _part(0, "''", (), "obj_description(t.oid, 'pg_class')", ""),
            _part(
                *(1, "to_char(a.attnum, '00000')", COLUMN, "a.attname || ': ' || col_description(t.oid, a.attnum)"),
                "JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped"
                " LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum",
            ),
            _part(
                *(2, "k.conname", ("'constraint'", "k.conname", "pg_get_constraintdef(k.oid)")),
                "k.conname || ': ' || obj_description(k.oid, 'pg_constraint')",
                # without those that PostgreSQL derives: of partitions, and of references to them
                "JOIN pg_catalog.pg_constraint k ON k.conrelid = t.oid AND k.conparentid = 0"
                " AND k.contype IN ('p', 'u', 'f', 'c', 'x')",
            ),
            _part(
                *(3, "x.relname", ("pg_get_indexdef(i.indexrelid)",)),
                "x.relname || ': ' || obj_description(x.oid, 'pg_class')",
                "JOIN pg_catalog.pg_index i ON i.indrelid = t.oid JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid"
                " AND NOT x.relispartition"
                " AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k"
                " WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))",
            ),
        )
    )
    + ') parts ORDER BY nspname, relname, part, place COLLATE "C", line COLLATE "C"'
)
"""A line for each column, constraint and index of the tables whose names are {names}, and its comment."""

PROJECTS_SCHEMAS = "(SELECT oid FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname {schemas})"
"""The schemas that count; {schemas} is IN (...), or IS NOT NULL for all of them."""


def _versions(catalog: str, schema: str = "", table: str = "") -> str:
    """Return a query of the rows of one catalog, by the transaction that wrote each; `schema` is that of a row."""
    own = f" AND {schema} IN {PROJECTS_SCHEMAS}" if schema else ""
    return (
        f"(SELECT md5(string_agg(t.oid || ':' || t.xmin, ',' ORDER BY t.oid)) FROM pg_catalog.{catalog} t {table}"
        f" WHERE t.oid >= 16384{own})"
    )


def _of_class(number: str) -> str:
    return f"JOIN pg_catalog.pg_class c ON c.oid = {number}"


RELATIONS = (
    "(SELECT md5(string_agg(concat_ws(':', c.oid, c.relname, c.relkind, c.relnamespace, c.relowner, c.relacl::text,"
    " c.reloptions::text, c.relrowsecurity), ',' ORDER BY c.oid)) FROM pg_catalog.pg_class c WHERE c.oid >= 16384"
    f" AND c.relnamespace IN {PROJECTS_SCHEMAS})"
)
ATTRIBUTES = (
    "(SELECT md5(string_agg(concat_ws(':', a.attrelid, a.attnum, a.xmin), ',' ORDER BY a.attrelid, a.attnum))"
    " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid WHERE c.oid >= 16384"
    f" AND a.attnum > 0 AND c.relkind <> 'i' AND c.relnamespace IN {PROJECTS_SCHEMAS})"
)
SEQUENCES = (
    "(SELECT md5(string_agg(s::text, ',' ORDER BY s.seqrelid)) FROM pg_catalog.pg_sequence s"
    f" {_of_class('s.seqrelid')} WHERE c.relnamespace IN {PROJECTS_SCHEMAS})"
)
MAPPINGS = (
    "(SELECT md5(string_agg(concat_ws(':', m.mapcfg, m.maptokentype, m.mapseqno, m.xmin), ','"
    " ORDER BY m.mapcfg, m.maptokentype, m.mapseqno)) FROM pg_catalog.pg_ts_config_map m WHERE m.mapcfg >= 16384)"
)
VERSION = "SELECT md5(concat_ws(',', {}))".format(
    ", ".join(
        (
            *(
                _versions(name)
                for name in ("pg_extension", "pg_cast", "pg_event_trigger", "pg_publication", "pg_foreign_server")
            ),
            _versions("pg_publication_rel"),
            _versions("pg_ts_config", "t.cfgnamespace"),
            _versions("pg_ts_dict", "t.dictnamespace"),
            _versions("pg_default_acl"),
            _versions("pg_namespace", "t.oid"),
            _versions("pg_proc", "t.pronamespace"),
            _versions("pg_operator", "t.oprnamespace"),
            _versions("pg_collation", "t.collnamespace"),
            _versions("pg_statistic_ext", "t.stxnamespace"),
            _versions("pg_type", "t.typnamespace"),
            _versions("pg_constraint", "t.connamespace"),
            _versions("pg_enum", "y.typnamespace", "JOIN pg_catalog.pg_type y ON y.oid = t.enumtypid"),
            _versions("pg_trigger", "c.relnamespace", _of_class("t.tgrelid")),
            _versions("pg_policy", "c.relnamespace", _of_class("t.polrelid")),
            _versions("pg_rewrite", "c.relnamespace", _of_class("t.ev_class")),
            _versions("pg_attrdef", "c.relnamespace", _of_class("t.adrelid")),
            RELATIONS,
            ATTRIBUTES,
            SEQUENCES,
            MAPPINGS,
        )
    )
)
"""Rows by the transaction that wrote them; relations by what they are, for TRUNCATE and VACUUM FULL write them anew."""


MARK = "SELECT mod(txid_snapshot_xmin(txid_current_snapshot()), 4294967296)"
"""The oldest transaction that had not ended: what has been written since then is of it, or of a younger one."""
_CHANGED = "age(t.xmin) <= age('{mark}'::xid)"
_NAME_OF_CLASS = (
    "(SELECT COALESCE(o.relname, c.relname)::text FROM pg_catalog.pg_class c"
    " LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_catalog.pg_class o ON o.oid = i.indrelid"
    " WHERE c.oid = {number} AND c.relnamespace <> 'pg_toast'::regnamespace)"
)
"""The name of a relation; of an index that of its table."""
_OF_RELATIONS = {
    "pg_class": "t.oid",
    "pg_attribute": "t.attrelid",
    "pg_attrdef": "t.adrelid",
    "pg_constraint": "NULLIF(t.conrelid, 0)",
    "pg_policy": "t.polrelid",
    "pg_rewrite": "t.ev_class",
    "pg_sequence": "t.seqrelid",
    "pg_trigger": "t.tgrelid",
    "pg_type": "NULLIF(t.typrelid, 0)",
}
"""Catalogs whose rows belong to a relation, and the expression of which; a row without one may be anything's."""
_OTHERS = (
    *("pg_cast", "pg_collation", "pg_default_acl", "pg_enum", "pg_event_trigger", "pg_extension", "pg_foreign_server"),
    *("pg_namespace", "pg_operator", "pg_publication", "pg_publication_rel", "pg_statistic_ext", "pg_ts_config"),
    *("pg_ts_config_map", "pg_ts_dict"),
)
CHANGED_NAMES = " UNION ".join(
    (
        *(
            f"SELECT CASE WHEN {number} IS NULL THEN '' ELSE {_NAME_OF_CLASS.format(number=number)} END AS name"
            f" FROM pg_catalog.{name} t WHERE {_CHANGED}" + (" AND t.typcategory <> 'A'" if name == "pg_type" else "")
            for name, number in _OF_RELATIONS.items()
        ),
        f"SELECT t.proname::text FROM pg_catalog.pg_proc t WHERE {_CHANGED}",
        *(f"SELECT '' FROM pg_catalog.{name} t WHERE {_CHANGED}" for name in _OTHERS),
    )
)
"""An array's type follows that of its elements, and what is in the schema of large values its table: no name for it."""

LOCK_TABLE = (
    "(current_setting('max_locks_per_transaction')::int"
    " * (current_setting('max_connections')::int + current_setting('max_prepared_transactions')::int))"
)
"""The number of objects that all sessions together can lock."""
BOUNDS = (
    "SELECT name, schema_name FROM (SELECT name, schema_name, row_number() OVER (ORDER BY name, schema_name) AS number"
    " FROM (SELECT c.relname AS name, n.nspname AS schema_name FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('v', 'm')"
    " UNION ALL SELECT p.proname, n.nspname FROM pg_catalog.pg_proc p"
    " JOIN pg_catalog.pg_language l ON l.oid = p.prolang AND l.lanname = 'sql'"
    " JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE p.oid >= 16384) objects) numbered"
    f" WHERE number % GREATEST({LOCK_TABLE} / 4, 1) = 0 ORDER BY number"
)
"""pg_get_viewdef locks the relations that a view uses until the transaction ends, and others hold locks, too."""

USED_SCHEMAS = """SELECT DISTINCT n.nspname FROM (
SELECT DISTINCT d.refclassid, d.refobjid FROM pg_catalog.pg_depend d
LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND r.oid = d.objid
LEFT JOIN pg_catalog.pg_class v ON v.oid = r.ev_class
LEFT JOIN pg_catalog.pg_proc p ON d.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = d.objid
JOIN pg_catalog.pg_namespace o ON o.oid = COALESCE(v.relnamespace, p.pronamespace)
WHERE o.nspname IN ({schemas})) used
LEFT JOIN pg_catalog.pg_class c ON used.refclassid = 'pg_catalog.pg_class'::regclass AND c.oid = used.refobjid
LEFT JOIN pg_catalog.pg_proc f ON used.refclassid = 'pg_catalog.pg_proc'::regclass AND f.oid = used.refobjid
LEFT JOIN pg_catalog.pg_type t ON used.refclassid = 'pg_catalog.pg_type'::regclass AND t.oid = used.refobjid
JOIN pg_catalog.pg_namespace n ON n.oid = COALESCE(c.relnamespace, f.pronamespace, t.typnamespace)
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND EXISTS (
SELECT FROM pg_catalog.pg_namespace x
WHERE x.nspname !~ '^pg_' AND x.nspname NOT IN ('information_schema', {schemas}))"""
"""Texts of views and of functions with a parsed body follow the names of what they use.

Where there is no other schema, the server looks for nothing.
"""
