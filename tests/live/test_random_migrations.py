"""Random revisions below random objects: a deploy ends where a first deploy would, or leaves all as it was.

AHJO_TEST_RANDOM_MIGRATIONS is the number of projects for each database; the suite tries a few.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from inside import Deployed, connection_errors, deployed
from migrated_projects import PROJECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from projects import Outcome
    from targets import Target

SEEDS = range(int(os.environ.get("AHJO_TEST_RANDOM_MIGRATIONS", "8")))
APART, OFTEN = 100_000, 1_000_000
"""What is added to a seed where a database refuses what is written by it, and less than what is added to it."""
OURS = "!~ '^(ahjo|alembic)_'"
"""The test by which the tables of the tool are left out."""
HERE = "'public'::regnamespace"
RIGHTS = (
    "(SELECT string_agg(concat_ws(' ', grantee::regrole::text, privilege_type, is_grantable::text), ',' ORDER BY"
    " grantee::regrole::text, privilege_type, is_grantable) FROM aclexplode({}))"
)
ON_RELATION = RIGHTS.format("coalesce(c.relacl, acldefault('r', c.relowner))")
ON_COLUMN = RIGHTS.format(
    "(SELECT array_agg(a) FROM unnest(a.attacl) a, aclexplode(ARRAY[a]) x WHERE x.grantee <> c.relowner)"
)
ON_ROUTINE = RIGHTS.format("coalesce(p.proacl, acldefault('f', p.proowner))")
POSTGRESQL = (
    f"""
    SELECT 'relation', c.relname, c.relkind::text, c.relowner::regrole::text, {ON_RELATION}, c.reloptions::text,
        obj_description(c.oid, 'pg_class'), CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END,
        CASE WHEN c.relkind = 'i' THEN pg_get_indexdef(c.oid) END
    FROM pg_class c WHERE c.relnamespace = {HERE} AND c.relname {OURS}
    """,
    f"""
    SELECT 'column', c.relname, a.attname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum),
        format_type(a.atttypid, a.atttypmod), a.attnotnull, {ON_COLUMN}, col_description(c.oid, a.attnum),
        pg_get_expr(d.adbin, d.adrelid), a.attgenerated::text
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = {HERE} AND a.attnum > 0 AND NOT a.attisdropped AND c.relname {OURS}
    """,
    f"""
    SELECT 'constraint', conrelid::regclass::text, contypid::regtype::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = {HERE} AND conrelid::regclass::text {OURS}
    """,
    f"""
    SELECT 'routine', p.oid::regprocedure::text, pg_get_functiondef(p.oid), p.proowner::regrole::text, {ON_ROUTINE},
        obj_description(p.oid, 'pg_proc')
    FROM pg_proc p WHERE p.pronamespace = {HERE}
    """,
    f"""
    SELECT 'type', t.typname, t.typtype::text,
        (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)
    FROM pg_type t WHERE t.typnamespace = {HERE} AND t.typtype IN ('e', 'd')
    """,
    """
    SELECT 'trigger', tgname, pg_get_triggerdef(oid), tgenabled::text, obj_description(oid, 'pg_trigger')
    FROM pg_trigger WHERE NOT tgisinternal
    """,
    f"""
    SELECT 'rule', rulename, pg_get_ruledef(r.oid), ev_enabled::text, obj_description(r.oid, 'pg_rewrite')
    FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class WHERE rulename <> '_RETURN' AND c.relnamespace = {HERE}
    """,
    """
    SELECT 'policy', polname, polrelid::regclass::text, pg_get_expr(polqual, polrelid), polcmd::text,
        obj_description(oid, 'pg_policy')
    FROM pg_policy
    """,
)
MYSQL = (
    """
    SELECT 'view', table_name, view_definition, check_option, security_type
    FROM information_schema.views WHERE table_schema = database()
    """,
    """
    SELECT 'column', table_name, column_name, ordinal_position, column_type, is_nullable, column_default, extra
    FROM information_schema.columns
    WHERE table_schema = database() AND table_name NOT LIKE 'ahjo%' AND table_name NOT LIKE 'alembic%'
    """,
    """
    SELECT 'routine', routine_name, routine_type, routine_definition, dtd_identifier
    FROM information_schema.routines WHERE routine_schema = database()
    """,
    """
    SELECT 'trigger', trigger_name, event_object_table, action_statement, action_timing, event_manipulation
    FROM information_schema.triggers WHERE trigger_schema = database()
    """,
    "SELECT 'rights', user, routine_name, routine_type, proc_priv FROM mysql.procs_priv WHERE db = database()",
    """
    SELECT 'rights', p.user, p.table_name, p.column_name, p.column_priv
    FROM mysql.columns_priv p JOIN information_schema.columns c USING (table_name, column_name)
    WHERE p.db = database() AND table_schema = p.db
    """,
)
SQLITE = (
    """
    SELECT type, name, tbl_name, sql FROM sqlite_master
    WHERE tbl_name NOT LIKE 'ahjo%' AND tbl_name NOT LIKE 'alembic%'
    """,
)
CATALOGS = {"postgresql": POSTGRESQL, "mysql": MYSQL, "sqlite": SQLITE}
COMMENTED_LAST = frozenset({"trigger", "rule", "policy"})
"""What belongs to a table of PostgreSQL; the last column is the comment, which goes with the table."""
UNKIND = ("Traceback", "run again with --debug")


@pytest.mark.parametrize("target", ["postgresql", "sqlite", "mysql"], indirect=True)
@pytest.mark.parametrize("seed", SEEDS)
def test_random_revisions_end_where_a_first_deploy_does(target: Target, tmp_path: Path, seed: int) -> None:
    with reader(target) as role:
        tried = (migrate_at_random(target, tmp_path / str(part), seed + part, role) for part in range(0, OFTEN, APART))
        assert any(not said.startswith("unfit") for said in tried)


def migrate_at_random(target: Target, folder: Path, seed: int, role: str) -> str:
    """Deploy a project, then revisions with files that fit, and compare; return what was tried.

    What a first deploy refuses, too, is unfit.
    """
    project = PROJECTS[target.name](seed, role)
    live = deployed(target, folder / "live")
    project.write(live)
    first = live.here("deploy")
    if first.code:
        return f"unfit: {first.err}"
    by_hand = project.by_hand()
    run_possible(live, project.fitting(by_hand))
    before = contents(live)
    done = live.here("deploy", "--all")
    assert done.code == 0, f"{seed}\n{done.text}"
    assert_equal(contents(live), before, f"{seed} --all\n{done.text}")

    mode = project.random.choice(("fit", "fit", "late", "stranger"))
    stale = project.copy()
    said = f"{seed} {mode} " + "; ".join(project.migrate() for _ in range(project.random.choice((1, 1, 2))))
    fresh = deployed(target, folder / "fresh")
    project.write(fresh)
    done = fresh.here("deploy")
    if done.code:
        return f"unfit: {said} {done.err}"
    run_possible(fresh, project.fitting(by_hand))

    if mode == "late":
        stale.revisions = project.revisions
        stale.write(live)
        judge(live, live.here("deploy", "--prune"), before, said, ("r1", "r2", *project.objects, *stale.objects))
    if mode == "stranger":
        live.by_hand(stale.stranger())
        before = contents(live)
        project.write(live)
        judge(live, live.here("deploy", "--prune"), before, said, ("nobodys",))
        run_possible(live, ["DROP VIEW nobodys"])
    project.write(live)
    done = live.here("deploy", "--prune")
    assert done.code == 0, f"{said}\n{done.text}"
    sides = [contents(each, comments=not project.moved) for each in (live, fresh)]
    assert_equal(*sides, f"{said}\n{done.text}")
    assert "nothing to do" in live.here("deploy", "--prune").text, said
    for command in (("plan", "--prune", "--check"), ("drift",)):
        done = live.here(*command)
        assert done.code == 0, f"{said}\n{done.text}"
    return said


def judge(live: Deployed, done: Outcome, before: set[Any], said: str, names: Iterable[str]) -> None:
    """A deploy that may fail: then with words that name something, and where that can be with nothing changed."""
    assert not any(unkind in done.text for unkind in UNKIND), f"{said}\n{done.text}"
    if done.code:
        assert any(name in done.err for name in names), f"{said}\n{done.text}"
        if live.target.name != "mysql" and "ADD VALUE" not in said:  # which is committed by itself
            assert_equal(contents(live), before, f"{said}\n{done.text}")


def run_possible(live: Deployed, statements: Iterable[str]) -> None:
    """Run statements by hand, as far as they can."""
    with live.target.connect(live.database) as connection:
        for statement in statements:
            with suppress(connection_errors(connection)):
                connection.cursor().execute(statement)


def contents(live: Deployed, *, comments: bool = True) -> set[Any]:
    """All that the catalog says of a database, or that without comments on what belongs to a table."""
    rows = (row for query in CATALOGS[live.target.name] for row in live.rows(query))
    rows = (row if comments or row[0] not in COMMENTED_LAST else row[:-1] for row in rows)
    return {tuple(str(part).replace(live.database, "database") for part in row) for row in rows}


def assert_equal(here: set[Any], there: set[Any], said: str) -> None:
    more, less = (map(str, sorted(rows)) for rows in (here - there, there - here))
    assert here == there, "\n".join([said, "MORE", *more, "LESS", *less])


@contextmanager
def reader(target: Target) -> Iterator[str]:
    """A role to give rights and objects to."""
    if target.name == "sqlite":
        yield ""
        return
    role = f"{target.new_database_name()}_r"
    kind, option = ("ROLE", "SUPERUSER") if target.name == "postgresql" else ("USER", "")  # it owns views of tables
    target.query(f"CREATE {kind} {role} {option}")
    try:
        yield role
    finally:
        target.drop_all()
        target.query(f"DROP {kind} {role}")
