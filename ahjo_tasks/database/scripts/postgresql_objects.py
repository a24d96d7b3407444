"""Statements of PostgreSQL's objects, by the functions that the server has for them and by its catalog."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.database.scripts import ScriptReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Key = tuple[str, int]
"""The catalog of an object, as `pg_class`, and its number there."""

OWN = (
    "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (SELECT FROM pg_depend e"
    " WHERE e.classid = '{}'::regclass AND e.objid = {} AND e.deptype = 'e')"
)
"""Condition that leaves out what the server and its extensions brought."""
OWN_RELATION = OWN.format("pg_class", "c.oid")
IN_SCHEMA = "JOIN pg_namespace n ON n.oid ="
ON_TABLE = f"JOIN pg_class c ON c.oid = {{}} {IN_SCHEMA} c.relnamespace"

RELATION_OPTIONS = (
    "c.reloptions || ARRAY(SELECT 'toast.' || o FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = c.reltoastrelid)"
)
"""The options of a relation, and of the table that keeps its long values."""
VIEWS = f"""
SELECT c.oid::bigint, n.nspname, c.relname, c.relkind = 'm', {RELATION_OPTIONS}, c.relispopulated,
    pg_get_viewdef(c.oid)
FROM pg_class c {IN_SCHEMA} c.relnamespace WHERE c.relkind IN ('v', 'm') AND {OWN_RELATION} ORDER BY 2, 3
"""
VIEW_DEFAULTS = f"""
SELECT c.oid::bigint, a.attname, pg_get_expr(d.adbin, d.adrelid)
FROM pg_attrdef d {ON_TABLE.format("d.adrelid")} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.adnum
WHERE c.relkind = 'v' AND {OWN_RELATION} ORDER BY a.attnum
"""
VIEW_INDEXES = f"""
SELECT c.oid::bigint, i.indexrelid::bigint, i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid),
    CASE WHEN i.indisclustered THEN (SELECT relname FROM pg_class WHERE oid = i.indexrelid) END
FROM pg_index i {ON_TABLE.format("i.indrelid")} WHERE c.relkind = 'm' AND {OWN_RELATION} ORDER BY 4
"""
ROUTINES = f"""
SELECT p.oid::bigint, n.nspname, p.proname, p.prokind, pg_get_function_identity_arguments(p.oid),
    CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END
FROM pg_proc p {IN_SCHEMA} p.pronamespace WHERE {OWN.format("pg_proc", "p.oid")}
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
        AND d.deptype = 'i') ORDER BY 2, 3, 5
"""
"""Routines; the constructors of a range type come with it."""
MODIFIES = "CASE a.{} WHEN 'r' THEN 'READ_ONLY' WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END"
AGGREGATES = f"""
SELECT a.aggfnoid::oid::bigint, pg_get_function_arguments(p.oid), array_remove(ARRAY[
    format('SFUNC = %s', a.aggtransfn::regproc), format('STYPE = %s', format_type(a.aggtranstype, NULL)),
    'SSPACE = ' || NULLIF(a.aggtransspace, 0), 'FINALFUNC = ' || NULLIF(a.aggfinalfn, 0)::regproc,
    CASE WHEN a.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
    CASE WHEN a.aggfinalfn <> 0 THEN 'FINALFUNC_MODIFY = ' || {MODIFIES.format("aggfinalmodify")} END,
    'COMBINEFUNC = ' || NULLIF(a.aggcombinefn, 0)::regproc, 'SERIALFUNC = ' || NULLIF(a.aggserialfn, 0)::regproc,
    'DESERIALFUNC = ' || NULLIF(a.aggdeserialfn, 0)::regproc, 'INITCOND = ' || quote_literal(a.agginitval),
    'MSFUNC = ' || NULLIF(a.aggmtransfn, 0)::regproc, 'MINVFUNC = ' || NULLIF(a.aggminvtransfn, 0)::regproc,
    'MSTYPE = ' || format_type(NULLIF(a.aggmtranstype, 0), NULL), 'MSSPACE = ' || NULLIF(a.aggmtransspace, 0),
    'MFINALFUNC = ' || NULLIF(a.aggmfinalfn, 0)::regproc, CASE WHEN a.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
    CASE WHEN a.aggmfinalfn <> 0 THEN 'MFINALFUNC_MODIFY = ' || {MODIFIES.format("aggmfinalmodify")} END,
    'MINITCOND = ' || quote_literal(a.aggminitval),
    'SORTOP = ' || (SELECT format('OPERATOR(%I.%s)', m.nspname, o.oprname) FROM pg_operator o
        JOIN pg_namespace m ON m.oid = o.oprnamespace WHERE o.oid = a.aggsortop),
    CASE p.proparallel WHEN 's' THEN 'PARALLEL = SAFE' WHEN 'r' THEN 'PARALLEL = RESTRICTED' END,
    CASE a.aggkind WHEN 'h' THEN 'HYPOTHETICAL' END], NULL)
FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid WHERE a.aggfnoid >= 16384
"""
"""The parameters and options of aggregates."""
TYPES = f"""
SELECT t.oid::bigint, n.nspname, t.typname, t.typtype, format_type(NULLIF(t.typbasetype, 0), t.typtypmod),
    t.typdefault, t.typnotnull,
    (SELECT l.oid::regcollation::text FROM pg_collation l, pg_type b
        WHERE l.oid = t.typcollation AND b.oid = t.typbasetype AND l.oid <> b.typcollation),
    ARRAY(SELECT quote_literal(e.enumlabel) FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
    ARRAY(SELECT format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k
        WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.conname),
    ARRAY(SELECT format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)) || coalesce(
            (SELECT ' COLLATE ' || l.oid::regcollation FROM pg_collation l, pg_type b
            WHERE l.oid = a.attcollation AND b.oid = a.atttypid AND l.oid <> b.typcollation), '')
        FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum),
    (SELECT ARRAY[format('SUBTYPE = %s', format_type(g.rngsubtype, NULL)),
        CASE WHEN NOT q.opcdefault THEN format('SUBTYPE_OPCLASS = %I.%I', m.nspname, q.opcname) END,
        'COLLATION = ' || (SELECT l.oid::regcollation FROM pg_collation l, pg_type b
            WHERE l.oid = g.rngcollation AND b.oid = g.rngsubtype AND l.oid <> b.typcollation),
        'SUBTYPE_DIFF = ' || NULLIF(g.rngsubdiff, 0)::regproc, 'CANONICAL = ' || NULLIF(g.rngcanonical, 0)::regproc,
        'MULTIRANGE_TYPE_NAME = ' || format_type((to_jsonb(g) ->> 'rngmultitypid')::oid, NULL)]
        FROM pg_range g JOIN pg_opclass q ON q.oid = g.rngsubopc JOIN pg_namespace m ON m.oid = q.opcnamespace
        WHERE g.rngtypid = t.oid),
    t.typrelid::bigint, ARRAY(SELECT k.oid::bigint FROM pg_constraint k WHERE k.contypid = t.oid ORDER BY k.conname),
    ARRAY(SELECT k.conname FROM pg_constraint k WHERE k.contypid = t.oid ORDER BY k.conname)
FROM pg_type t {IN_SCHEMA} t.typnamespace
WHERE (t.typtype IN ('e', 'd', 'r') OR EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
    AND {OWN.format("pg_type", "t.oid")} ORDER BY 2, 3
"""
SEQUENCES = f"""
SELECT c.oid::bigint, n.nspname, c.relname, format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin, s.seqmax,
    s.seqstart, s.seqcache, s.seqcycle, d.refobjid::bigint, a.attname
FROM pg_sequence s {ON_TABLE.format("s.seqrelid")}
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
    AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE {OWN_RELATION} AND d.deptype IS DISTINCT FROM 'i' ORDER BY 2, 3
"""
"""Sequences, with the column that owns each; those of identity columns are part of the table."""
TRIGGERS = f"""
SELECT t.oid::bigint, n.nspname, t.tgname, c.relname, t.tgenabled, pg_get_triggerdef(t.oid)
FROM pg_trigger t {ON_TABLE.format("t.tgrelid")}
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND {OWN_RELATION} ORDER BY 2, 3, 4
"""
RULES = f"""
SELECT r.oid::bigint, n.nspname, r.rulename, c.relname, r.ev_enabled, pg_get_ruledef(r.oid)
FROM pg_rewrite r {ON_TABLE.format("r.ev_class")} WHERE r.rulename <> '_RETURN' AND {OWN_RELATION} ORDER BY 2, 3, 4
"""
POLICIES = f"""
SELECT o.oid::bigint, n.nspname, o.polname, c.relname, o.polpermissive, o.polcmd,
    ARRAY(SELECT coalesce(quote_ident(a.rolname), 'PUBLIC') FROM unnest(o.polroles) m LEFT JOIN pg_roles a ON a.oid = m
        ORDER BY 1), pg_get_expr(o.polqual, o.polrelid), pg_get_expr(o.polwithcheck, o.polrelid)
FROM pg_policy o {ON_TABLE.format("o.polrelid")} WHERE {OWN_RELATION} ORDER BY 2, 3, 4
"""
OPERATORS = f"""
SELECT o.oid::bigint, n.nspname, o.oprname, o.oprcode::regproc::text, format_type(NULLIF(o.oprleft, 0), NULL),
    format_type(NULLIF(o.oprright, 0), NULL),
    (SELECT format('OPERATOR(%I.%s)', m.nspname, k.oprname) FROM pg_operator k JOIN pg_namespace m
        ON m.oid = k.oprnamespace WHERE k.oid = o.oprcom),
    (SELECT format('OPERATOR(%I.%s)', m.nspname, k.oprname) FROM pg_operator k JOIN pg_namespace m
        ON m.oid = k.oprnamespace WHERE k.oid = o.oprnegate),
    NULLIF(o.oprrest, 0)::regproc::text, NULLIF(o.oprjoin, 0)::regproc::text, o.oprcanhash, o.oprcanmerge
FROM pg_operator o {IN_SCHEMA} o.oprnamespace WHERE o.oprcode <> 0 AND {OWN.format("pg_operator", "o.oid")}
ORDER BY 2, 3, 5, 6
"""
COMMENTS = """
SELECT d.classoid::regclass::text, d.objoid::bigint, a.attname, d.description
FROM pg_description d LEFT JOIN pg_attribute a ON d.objsubid > 0 AND d.classoid = 'pg_class'::regclass
    AND a.attrelid = d.objoid AND a.attnum = d.objsubid
WHERE d.objoid >= 16384
ORDER BY d.objoid, d.objsubid
"""
ENABLED = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
ROUTINE_KINDS = {"p": "procedure", "a": "aggregate"}


class Item(NamedTuple):
    """An object with the statements that create it, and its number in the catalog."""

    key: Key
    kind: str
    schema: str
    name: str
    statements: tuple[str, ...]
    full: str
    """The name as a DROP has it, with the types of parameters."""
    table: str = ""
    """The table that a trigger, rule or policy belongs to."""

    @property
    def drop(self) -> str:
        """The statement that drops it where it is there."""
        return f"DROP {self.kind.upper()} IF EXISTS {self.full}"


class PostgreSQLObjects(ScriptReader):
    """Reads the catalog, where the search path is such that every name has its schema."""

    def quote(self, *names: str) -> str:
        """Return names in quotes, joined with dots."""
        return self.dialect.quote(*names)

    @cached_property
    def _comments(self) -> dict[Key, list[tuple[str | None, str]]]:
        comments: dict[Key, list[tuple[str | None, str]]] = defaultdict(list)
        for catalog, oid, column, text in self.connection.query(COMMENTS):
            comments[catalog, oid].append((column, text))
        return comments

    def comments(self, key: Key, what: str, name: str) -> Iterator[str]:
        """Yield the statements that comment on an object and its columns."""
        for column, text in self._comments.get(key, ()):
            target = f"COLUMN {name}.{self.quote(column)}" if column else f"{what} {name}"
            yield f"COMMENT ON {target} IS {self.dialect.quote_literal(text)}"

    def types(self) -> Iterator[Item]:
        """Yield enums, domains, ranges and composite types."""
        for oid, schema, name, form, *parts, relation, checks, check_names in self.connection.query(TYPES):
            word = "DOMAIN" if form == "d" else "TYPE"
            full, key = self.quote(schema, name), ("pg_type", oid)
            create = f"CREATE {word} {full} AS {_type_body(form, *parts)}"
            comments = [*self.comments(key, word, full), *self.comments(("pg_class", relation), word, full)]
            for check, check_name in zip(checks, check_names, strict=True):
                place = f"{self.quote(check_name)} ON DOMAIN {full}"
                comments += self.comments(("pg_constraint", check), "CONSTRAINT", place)
            yield Item(key, word.lower(), schema, name, (create, *comments), full)

    def sequences(self) -> Iterator[Item]:
        """Yield sequences, but for those of identity columns."""
        for oid, schema, name, kind, step, low, high, start, cache, cycle, *_owner in self.connection.query(SEQUENCES):
            full, key = self.quote(schema, name), ("pg_class", oid)
            options = f"INCREMENT BY {step} MINVALUE {low} MAXVALUE {high} START WITH {start} CACHE {cache}"
            create = f"CREATE SEQUENCE IF NOT EXISTS {full} AS {kind} {options}{' CYCLE' if cycle else ''}"
            yield Item(key, "sequence", schema, name, (create, *self.comments(key, "SEQUENCE", full)), full)

    def routines(self) -> Iterator[Item]:
        """Yield functions, procedures and aggregates."""
        aggregates = {oid: parts for oid, *parts in self.connection.query(AGGREGATES)}
        for oid, schema, name, form, arguments, text in self.connection.query(ROUTINES):
            kind, key = ROUTINE_KINDS.get(form, "function"), ("pg_proc", oid)
            full = f"{self.quote(schema, name)}({arguments or '*' * (form == 'a')})"
            create = text or _aggregate(self.quote(schema, name), *aggregates[oid])
            yield Item(key, kind, schema, name, (create, *self.comments(key, kind.upper(), full)), full)

    def views(self) -> Iterator[Item]:
        """Yield views and materialized views, with the indexes of those."""
        defaults = defaultdict[int, list[str]](list)
        for oid, column, value in self.connection.query(VIEW_DEFAULTS):
            defaults[oid].append(f"ALTER COLUMN {self.quote(column)} SET DEFAULT {value}")
        indexes = self._view_indexes()
        for oid, schema, name, is_materialized, options, populated, text in self.connection.query(VIEWS):
            full, key = self.quote(schema, name), ("pg_class", oid)
            kind = "materialized view" if is_materialized else "view"
            query = f"{full}{with_options(options)} AS\n{text.rstrip(';')}"
            statements = [f"DROP {kind.upper()} IF EXISTS {full}"] if is_materialized else []
            statements.append(f"CREATE {'' if is_materialized else 'OR REPLACE '}{kind.upper()} {query}")
            if is_materialized and not populated:
                statements[-1] += "\nWITH NO DATA"
            statements += [f"ALTER VIEW {full} {change}" for change in defaults[oid]]
            for create, clustered, *comments in indexes[oid]:
                cluster = [f"ALTER MATERIALIZED VIEW {full} CLUSTER ON {self.quote(clustered)}"] if clustered else []
                statements += [create, *cluster, *comments]
            statements += self.comments(key, kind.upper(), full)
            yield Item(key, kind, schema, name, tuple(statements), full)

    def _view_indexes(self) -> dict[int, list[tuple[str, ...]]]:
        """Return the indexes of materialized views: text, name where its order is that of the rows, and comments."""
        indexes = defaultdict[int, list[tuple[str, ...]]](list)
        for view, oid, name, text, clustered in self.connection.query(VIEW_INDEXES):
            indexes[view].append((text, clustered or "", *self.comments(("pg_class", oid), "INDEX", name)))
        return indexes

    def on_tables(self, kind: str, query: str) -> Iterator[Item]:
        """Yield triggers or rules, each behind a DROP."""
        for oid, schema, name, table, enabled, text in self.connection.query(query):
            full, key = self.quote(schema, table), ("pg_trigger" if kind == "trigger" else "pg_rewrite", oid)
            place = f"{self.quote(name)} ON {full}"
            statements = [f"DROP {kind.upper()} IF EXISTS {place}", text.rstrip(";")]
            if enabled in ENABLED:
                statements.append(f"ALTER TABLE {full} {ENABLED[enabled]} {kind.upper()} {self.quote(name)}")
            yield Item(key, kind, schema, name, (*statements, *self.comments(key, kind.upper(), place)), place, table)

    def policies(self) -> Iterator[Item]:
        """Yield policies of row-level security, each behind a DROP."""
        for oid, schema, name, table, permissive, command, roles, using, check in self.connection.query(POLICIES):
            place, key = f"{self.quote(name)} ON {self.quote(schema, table)}", ("pg_policy", oid)
            conditions = f"{f' USING ({using})' if using else ''}{f' WITH CHECK ({check})' if check else ''}"
            create = (
                f"CREATE POLICY {place}{'' if permissive else ' AS RESTRICTIVE'} FOR {COMMANDS[command]}"
                f" TO {', '.join(roles)}{conditions}"
            )
            drop = f"DROP POLICY IF EXISTS {place}"
            yield Item(key, "policy", schema, name, (drop, create, *self.comments(key, "POLICY", place)), place, table)

    def operators(self) -> Iterator[Item]:
        """Yield operators, each behind a DROP."""
        rows = self.connection.query(OPERATORS)
        for oid, schema, name, function, left, right, commutator, negator, restrict, join, hashes, merges in rows:
            full, key = f"{self.quote(schema)}.{name}", ("pg_operator", oid)
            parts = {
                "LEFTARG": left,
                "RIGHTARG": right,
                "COMMUTATOR": commutator,
                "NEGATOR": negator,
                "RESTRICT": restrict,
                "JOIN": join,
            }
            options = [f"FUNCTION = {function}", *(f"{word} = {value}" for word, value in parts.items() if value)]
            options += ["HASHES"] * hashes + ["MERGES"] * merges
            signature = f"{full} ({left or 'NONE'}, {right or 'NONE'})"
            drop = f"DROP OPERATOR IF EXISTS {signature}"
            create = f"CREATE OPERATOR {full} ({', '.join(options)})"
            yield Item(key, "operator", schema, name, (drop, create, *self.comments(key, "OPERATOR", signature)), full)


def _type_body(  # noqa: PLR0913, PLR0917 - the columns of the query
    form: str,
    base: str | None,
    default: str | None,
    not_null: bool,
    collation: str | None,
    labels: Sequence[str],
    checks: Sequence[str],
    fields: Sequence[str],
    range_parts: Sequence[str | None] | None,
) -> str:
    if form == "e":
        return f"ENUM ({', '.join(labels)})"
    if form == "r":
        return f"RANGE ({', '.join(filter(None, range_parts or ()))})"
    if form == "c":
        return f"({', '.join(fields)})"
    parts = [
        base,
        f"COLLATE {collation}" if collation else None,
        f"DEFAULT {default}" if default else None,
        "NOT NULL" if not_null else None,
        *checks,
    ]
    return " ".join(filter(None, parts))


def _aggregate(name: str, parameters: str, options: Sequence[str]) -> str:
    return f"CREATE OR REPLACE AGGREGATE {name}({parameters or '*'}) ({', '.join(options)})"


def with_options(options: Sequence[str] | None) -> str:
    """Return the WITH clause of the options of a relation."""
    return f" WITH ({', '.join(options)})" if options else ""
