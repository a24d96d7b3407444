"""Files and migrations that the server refuses for what only it knows: what is missing, what is in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from revisions import revision

if TYPE_CHECKING:
    from inside import Deployed

POSTGRESQL = pytest.mark.parametrize("target", ["postgresql"], indirect=True)
ONE_TRANSACTION = {"context_connectable_type": "connection", "transaction_mode": "begin_once"}
HIDDEN = "-- depends: none\n"
"""A file whose needs only the server knows."""
TABLE = 'op.create_table("t", sa.Column("id", sa.Integer), sa.Column("name", sa.String(20)))'
GRANTS = (
    "SELECT grantee, privilege_type FROM information_schema.role_table_grants WHERE table_name = '{}' ORDER BY 1, 2"
)


def chain(live: Deployed) -> None:
    """Views that need each other against the order of their names, as only the server knows."""
    live.write("database/views/a.sql", f"{HIDDEN}CREATE VIEW a AS SELECT x FROM b;\n")
    live.write("database/views/b.sql", f"{HIDDEN}CREATE VIEW b AS SELECT x FROM c;\n")
    live.write("database/views/c.sql", "CREATE VIEW c AS SELECT 7 AS x;\n")


@pytest.mark.parametrize("target", ["postgresql", "mysql", "mssql"], indirect=True)
def test_what_does_not_exist_yet_goes_first(live: Deployed) -> None:
    chain(live)
    done = live.succeed("deploy")
    assert live.rows("SELECT x FROM a") == [(7,)]
    assert "database/views/b.sql first" in done.out
    assert "database/views/c.sql first" in done.out
    assert "OK=3 FAIL=0" in done.out


@pytest.mark.parametrize("target", ["postgresql", "mysql", "sqlite", "mssql"], indirect=True)
def test_what_does_not_exist_yet_goes_first_in_one_transaction(live: Deployed) -> None:
    live.reconfigure(**ONE_TRANSACTION)
    chain(live)
    live.write("database/views/0.sql", "CREATE VIEW z AS SELECT 1 AS y;\n")
    done = live.succeed("deploy")
    assert live.rows("SELECT x FROM a") == [(7,)]
    assert live.rows("SELECT y FROM z") == [(1,)]
    assert "OK=4 FAIL=0" in done.out


@pytest.mark.parametrize("target", ["mssql"], indirect=True)
def test_a_transaction_that_began_before_the_plan_is_not_begun_again(live: Deployed) -> None:
    live.reconfigure(**ONE_TRANSACTION)
    chain(live)
    live.write("tasks.py", BEFORE_DEPLOYING)
    done = live.inv("before")
    assert done.code == 1, done.text
    assert "starts again" not in done.text
    assert not live.has("kept")


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_statements_that_stay_are_not_run_twice(live: Deployed) -> None:
    live.write("database/tables/log.sql", "CREATE TABLE log (n INT);\n")
    live.succeed("structure")
    live.write("database/views/a.sql", f"{HIDDEN}INSERT INTO log VALUES (1);\nCREATE VIEW a AS SELECT x FROM b;\n")
    live.write("database/views/b.sql", "CREATE VIEW b AS SELECT 7 AS x;\n")
    live.succeed("deploy")
    assert live.rows("SELECT COUNT(*) FROM log") == [(1,)]
    assert live.rows("SELECT x FROM a") == [(7,)]


@pytest.mark.parametrize("target", ["postgresql", "mysql"], indirect=True)
def test_what_no_file_creates_is_an_error(live: Deployed) -> None:
    live.write("database/views/a.sql", "CREATE VIEW a AS SELECT x FROM nowhere;\n")
    live.write("database/views/b.sql", "CREATE VIEW b AS SELECT 7 AS x;\n")
    failed = live.fail("deploy")
    assert "a.sql:1" in failed.err
    assert not live.has("b")


@POSTGRESQL
def test_views_that_need_each_other_end_with_the_error(live: Deployed) -> None:
    live.write("database/views/a.sql", f"{HIDDEN}CREATE VIEW a AS SELECT x FROM b;\n")
    live.write("database/views/b.sql", f"{HIDDEN}CREATE VIEW b AS SELECT x FROM a;\n")
    failed = live.fail("deploy")
    assert '"a" does not exist' in failed.err


def in_use(live: Deployed) -> None:
    """A view, and two above it with what only the database has: grants, a comment, an index."""
    live.write("database/views/v.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS id, 'x'::text AS name;\n")
    live.write("database/views/w.sql", "CREATE OR REPLACE VIEW w AS SELECT id FROM v;\n")
    live.write(
        "database/views/m.sql",
        "DROP MATERIALIZED VIEW IF EXISTS m;\nCREATE MATERIALIZED VIEW m AS SELECT id FROM w;\n",
    )
    live.succeed("deploy")
    live.target.query(
        "GRANT SELECT ON v TO PUBLIC; GRANT SELECT (id) ON w TO PUBLIC; COMMENT ON VIEW w IS 'kept';"
        " CREATE UNIQUE INDEX by_id ON m (id)",
        live.database,
    )


@POSTGRESQL
def test_a_view_whose_columns_change_is_created_again_with_its_dependents(live: Deployed) -> None:
    in_use(live)
    grants = live.rows(GRANTS.format("v"))
    live.write("database/views/v.sql", "CREATE OR REPLACE VIEW v AS SELECT 2 AS id, 'x'::text AS title;\n")
    done = live.succeed("deploy")
    assert live.rows("SELECT title FROM v") == [("x",)]
    assert live.rows("SELECT id FROM m") == [(2,)]
    assert live.rows(GRANTS.format("v")) == grants
    assert live.rows(
        "SELECT attacl IS NOT NULL FROM pg_attribute WHERE attrelid = 'w'::regclass AND attname = 'id'"
    ) == [(True,)]
    assert live.rows("SELECT obj_description('w'::regclass)") == [("kept",)]
    assert live.rows("SELECT to_regclass('by_id') IS NOT NULL") == [(True,)]
    assert "recreated with its dependents" in done.out


@POSTGRESQL
def test_a_view_in_use_by_an_object_of_no_file_stays(live: Deployed) -> None:
    in_use(live)
    live.target.query("CREATE VIEW foreign_view AS SELECT id FROM w", live.database)
    live.write("database/views/v.sql", "CREATE OR REPLACE VIEW v AS SELECT 2 AS id, 'x'::text AS title;\n")
    failed = live.fail("deploy")
    assert "foreign_view" in failed.err
    assert live.rows("SELECT name FROM v") == [("x",)]


@POSTGRESQL
def test_a_function_whose_result_changes_stays_closed(live: Deployed) -> None:
    function = "CREATE OR REPLACE FUNCTION f() RETURNS {} LANGUAGE sql AS 'SELECT 1';\n"
    live.write("database/functions/f.sql", function.format("int"))
    live.write("database/views/v.sql", "CREATE OR REPLACE VIEW v AS SELECT f() AS x;\n")
    live.succeed("deploy")
    live.target.query("REVOKE ALL ON FUNCTION f() FROM PUBLIC", live.database)
    live.write("database/functions/f.sql", function.format("bigint"))
    live.succeed("deploy")
    assert live.rows("SELECT pg_typeof(x)::text FROM v") == [("bigint",)]
    assert live.rows("SELECT has_function_privilege('public', 'f()', 'EXECUTE')") == [(False,)]


BEFORE_DEPLOYING = """
from ahjo_tasks import action, library, namespace


@action(affects_database=True)
def before(ctx):
    library.query(ctx, "CREATE TABLE kept (id int)")
    library.deploy_files(ctx, "database/views")


ns = namespace()
ns.add_task(before)
"""
MIGRATE = """
from ahjo_tasks import action, library, namespace


@action(affects_database=True)
def own_migrate(ctx):
    library.migrate(ctx)


ns = namespace()
ns.add_task(own_migrate)
"""


def used_table(live: Deployed) -> None:
    revision(live, "a1", None, TABLE)
    live.write("database/views/v.sql", "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT id, name FROM t;\n")
    live.write("database/views/a.sql", "DROP VIEW IF EXISTS a;\nCREATE VIEW a AS SELECT name FROM v;\n")
    if live.target.name == "postgresql":  # which replaces
        live.write("database/views/v.sql", "CREATE OR REPLACE VIEW v AS SELECT id, name FROM t;\n")
        live.write("database/views/a.sql", "CREATE OR REPLACE VIEW a AS SELECT name FROM v;\n")
    live.succeed("deploy")


CHANGES = {
    "type": 'op.alter_column("t", "name", type_=sa.Text(), existing_type=sa.String(20))',
    "drop and add": 'op.drop_column("t", "name"); op.add_column("t", sa.Column("name", sa.Text()))',
}


@POSTGRESQL
@pytest.mark.parametrize("shared", [False, True], ids=["", "in one transaction"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_migration_goes_through_views(live: Deployed, change: str, shared: bool) -> None:
    live.reconfigure(**(ONE_TRANSACTION if shared else {}))
    used_table(live)
    live.target.query("GRANT SELECT ON a TO PUBLIC", live.database)
    grants = live.rows(GRANTS.format("a"))
    revision(live, "b2", "a1", change)
    done = live.succeed("deploy")
    assert live.rows("SELECT COUNT(name) FROM a") == [(0,)]
    assert live.rows("SELECT pg_typeof(name)::text FROM (SELECT 1) x LEFT JOIN a ON true") == [("text",)]
    assert live.rows(GRANTS.format("a")) == grants
    assert "created again after it: view a, view v" in done.out
    assert live.rows("SELECT version_num FROM alembic_version") == [("b2",)]


@POSTGRESQL
def test_a_migration_of_an_action_of_ones_own_goes_through_views(live: Deployed) -> None:
    used_table(live)
    revision(live, "b2", "a1", CHANGES["type"])
    live.write("tasks.py", MIGRATE)
    done = live.inv("own-migrate")
    assert done.code == 0, done.text
    assert live.rows("SELECT COUNT(name) FROM a") == [(0,)]


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_a_migration_that_rebuilds_a_table_goes_through_views(live: Deployed) -> None:
    used_table(live)
    rebuild = 't.alter_column("name", type_=sa.Text(), existing_type=sa.String(20))'
    revision(live, "b2", "a1", f'with op.batch_alter_table("t") as t:\n        {rebuild}')
    live.succeed("deploy")
    assert live.rows("SELECT COUNT(name) FROM a") == [(0,)]


@POSTGRESQL
def test_a_migration_leaves_all_as_it_was_where_a_view_has_no_file(live: Deployed) -> None:
    used_table(live)
    live.target.query("CREATE VIEW foreign_view AS SELECT name FROM a", live.database)
    revision(live, "b2", "a1", CHANGES["type"])
    failed = live.fail("deploy")
    assert "foreign_view" in failed.err
    assert "versions/b2.py:9" in failed.err
    assert live.has("foreign_view")
    assert live.rows("SELECT version_num FROM alembic_version") == [("a1",)]


@POSTGRESQL
def test_a_migration_leaves_all_as_it_was_where_a_view_cannot_be_created_again(live: Deployed) -> None:
    used_table(live)
    revision(live, "b2", "a1", 'op.drop_column("t", "name")')
    failed = live.fail("deploy")
    assert "v.sql:1" in failed.err
    assert live.rows("SELECT COUNT(name) FROM a") == [(0,)]
    assert live.rows("SELECT version_num FROM alembic_version") == [("a1",)]
