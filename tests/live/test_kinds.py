"""Kinds of objects that only some databases have are deployed from their folders, and dropped again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from inside import Deployed


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_events_are_deployed_and_dropped(live: Deployed) -> None:
    live.write("database/tables/t.sql", "CREATE TABLE t (id INT);\n")
    event = "CREATE OR REPLACE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t;\n"
    live.write("database/events/e.sql", event)
    live.succeed("structure", "deploy", "deploy")
    count = f"SELECT count(*) FROM information_schema.events WHERE event_schema = '{live.database}'"
    assert live.rows(count) == [(1,)]
    live.succeed("drop", "--non-interactive")
    assert live.rows(count) == [(0,)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_materialized_views_policies_and_aggregates_are_deployed_and_dropped(live: Deployed) -> None:
    live.write("database/extensions/x.sql", "CREATE EXTENSION IF NOT EXISTS plpgsql;\n")
    live.write("database/tables/t.sql", "CREATE TABLE t (id int, owner text);\n")
    live.write("database/domains/even.sql", "CREATE DOMAIN even AS int CHECK (VALUE % 2 = 0);\n")
    live.write("database/materialized_views/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT total(id) FROM t;\n")
    live.write("database/aggregates/total.sql", "CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int);\n")
    live.write("database/policies/p.sql", "CREATE POLICY p ON t USING (owner = current_user);\n")
    live.succeed("structure", "deploy")
    assert live.rows("SELECT matviewname FROM pg_matviews") == [("m",)]
    assert live.rows("SELECT policyname FROM pg_policies") == [("p",)]
    live.target.query("DROP TABLE t CASCADE", live.database)
    live.succeed("drop", "--non-interactive")
    assert live.rows("SELECT count(*) FROM pg_proc WHERE proname = 'total'") == [(0,)]
    assert live.rows("SELECT count(*) FROM pg_type WHERE typname = 'even'") == [(0,)]


OPERATOR = """DROP OPERATOR IF EXISTS public.=== (int, numeric);
CREATE OPERATOR public.=== (LEFTARG = int, -- and
    RIGHTARG = numeric, FUNCTION = same);
COMMENT ON OPERATOR public.=== (int, numeric) IS '{}';
"""
FUNCTION = "DROP FUNCTION IF EXISTS same(int, numeric);\nCREATE FUNCTION same(a int, {} numeric) RETURNS {}\n"
FUNCTION += "LANGUAGE sql AS 'SELECT $1 = $2';\n"


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_an_operator_is_an_object_as_others_are(live: Deployed) -> None:
    live.write("database/functions/same.sql", FUNCTION.format("b", "boolean"))
    live.write("database/operators/same.sql", OPERATOR.format("first"))
    live.write("database/views/v.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 === 1.0 AS same;\n")
    live.succeed("deploy")
    assert live.rows("SELECT same FROM v") == [(True,)]
    assert "nothing to do" in (done := live.succeed("deploy")).out, done.text

    live.write("database/operators/same.sql", OPERATOR.format("second"))
    live.write("database/functions/same.sql", FUNCTION.format("c", "boolean"))
    live.succeed("deploy")
    comment = "SELECT obj_description('public.===(int,numeric)'::regoperator, 'pg_operator')"
    assert (live.rows(comment), live.rows("SELECT same FROM v")) == ([("second",)], [(True,)])

    live.target.query("DROP VIEW v; DROP OPERATOR public.=== (int, numeric)", live.database)
    assert "operator public.=== was dropped by hand" in live.fail("drift", code=5).text
    live.succeed("deploy")
    live.target.query("CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)", live.database)
    live.succeed("drop", "--non-interactive")
    assert live.rows("SELECT oprright::regtype::text FROM pg_operator WHERE oprname = '==='") == [("integer",)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_hidden_files_are_said_to_be_ignored_once(live: Deployed) -> None:
    live.write("database/tables/t.sql", "CREATE TABLE t (id int);\n")
    live.write("database/tables/._t.sql", "no SQL\n")
    done = live.succeed("structure", "deploy")
    assert done.out.count("Hidden files are ignored: database/tables/._t.sql.") == 1


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_an_operator_runs_once_and_goes_with_its_file(live: Deployed) -> None:
    live.write(
        "database/functions/near.sql",
        "CREATE OR REPLACE FUNCTION near(a int, b int) RETURNS boolean LANGUAGE sql AS 'SELECT abs(a - b) < 2';\n",
    )
    operator = live.write(
        "database/operators/near.sql",
        "DROP OPERATOR IF EXISTS =~ (int, int);\n"
        "CREATE OPERATOR =~ (FUNCTION = near, LEFTARG = int, RIGHTARG = int);\n",
    )
    live.succeed("deploy")
    assert live.rows("SELECT 1 =~ 2") == [(True,)]
    live.succeed("plan", "--check")
    operator.unlink()
    live.succeed("deploy", "--prune")
    assert live.rows("SELECT count(*) FROM pg_operator WHERE oprname = '=~'") == [(0,)]


OF_TABLES = {
    "triggers": "CREATE OR REPLACE TRIGGER same BEFORE UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION f();\n",
    "rules": "CREATE OR REPLACE RULE same AS ON DELETE TO {} DO INSTEAD NOTHING;\n",
    "policies": "DROP POLICY IF EXISTS same ON {0};\nCREATE POLICY same ON {0} USING (true);\n",
}
"""By folder, what may have one name on every table of a schema."""
COUNTED = {
    "triggers": "SELECT FROM pg_trigger WHERE tgname = 'same'",
    "rules": "SELECT FROM pg_rewrite WHERE rulename = 'same'",
    "policies": "SELECT FROM pg_policy WHERE polname = 'same'",
}
ON_ITEMS = {
    "triggers": "DROP TRIGGER same ON sales.items",
    "rules": "DROP RULE same ON sales.items",
    "policies": "ALTER POLICY same ON sales.items USING (false)",
}


@pytest.mark.parametrize("folder", OF_TABLES)
@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_each_table_has_its_own_object_of_one_name(live: Deployed, folder: str) -> None:
    live.target.query(
        "CREATE SCHEMA sales; CREATE TABLE sales.items (id int); CREATE TABLE notes (id int)", live.database
    )
    live.write(
        "database/functions/f.sql",
        "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;\n",
    )
    kind = folder.removesuffix("s").replace("policie", "policy")
    items = live.write(f"database/{folder}/items.sql", OF_TABLES[folder].format("sales.items"))
    live.write(f"database/{folder}/notes.sql", OF_TABLES[folder].format("notes"))
    live.succeed("deploy")
    assert "nothing to do" in live.succeed("plan", "--check").text

    live.target.query(ON_ITEMS[folder], live.database)
    report = json.loads(live.fail("drift", "--format", "json", code=5).out)
    assert [entry["file"] for entry in report["changes"]] == [f"database/{folder}/items.sql"]
    assert f"{kind} same on sales.items" in report["changes"][0]["reason"]
    live.succeed("deploy")
    live.succeed("drift")

    live.target.query("CREATE TABLE hand_made (id int)", live.database)
    live.target.query(OF_TABLES[folder].format("hand_made"), live.database)
    assert "same on public.hand_made" in live.fail("drift", code=5).text
    items.unlink()
    live.succeed("deploy", "--prune", "--non-interactive")
    left = f"SELECT count(*) FROM ({COUNTED[folder]}) found"
    assert live.rows(left) == [(2,)]


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_a_folder_that_no_action_reads_is_named_also_where_there_is_nothing_to_do(live: Deployed) -> None:
    live.write("database/views/v.sql", "CREATE VIEW v AS SELECT 1 AS x;\n")
    live.succeed("deploy")
    live.write("database/procs/p.sql", "SELECT 1;\n")
    live.write("database/events/e.sql", "SELECT 1;\n")
    done = live.succeed("deploy")
    assert "nothing to do" in done.out
    assert "database/events is ignored: SQLite has no events." in done.out
    assert "database/procs is ignored. Did you mean database/procedures?" in done.err


@pytest.mark.parametrize("create", ["CREATE MATERIALIZED VIEW", "CREATE MATERIALIZED VIEW IF NOT EXISTS"])
@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_materialized_view_is_created_again_with_its_indexes(live: Deployed, create: str) -> None:
    live.write("database/views/base.sql", "CREATE OR REPLACE VIEW base AS SELECT 1 AS id;\n")
    text = f"{create} m AS SELECT id FROM base;\nCREATE UNIQUE INDEX m_id ON m (id);\n"
    live.write("database/materialized_views/m.sql", text.replace("INDEX", "INDEX IF NOT EXISTS"))
    live.succeed("deploy")
    live.by_hand("CREATE INDEX by_hand ON m (id)")
    live.write("database/views/base.sql", "CREATE OR REPLACE VIEW base AS SELECT 7::bigint AS id;\n")
    assert "recreated with its dependents: database/materialized_views/m.sql" in live.succeed("deploy").text
    assert live.rows("SELECT id, pg_typeof(id)::text FROM m") == [(7, "bigint")]
    assert live.rows("SELECT count(*) FROM pg_indexes WHERE tablename = 'm'") == [(2,)]
    assert "nothing to do" in live.succeed("deploy").text


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_names_that_the_server_cuts_are_known_again(live: Deployed) -> None:
    name = "view_of_ä" + "n" * 60
    live.write("database/views/b.sql", f"CREATE OR REPLACE VIEW {name}_b AS SELECT 1 AS id;\n")
    live.write("database/views/a.sql", f'CREATE OR REPLACE VIEW a AS SELECT id FROM "{name}";\n')
    live.succeed("deploy")
    assert "nothing to do" in live.succeed("deploy").text
    for view in "ab":
        (live.directory / f"database/views/{view}.sql").unlink()
    live.succeed("deploy", "--prune")
    assert live.rows("SELECT count(*) FROM pg_views WHERE schemaname = 'public'") == [(0,)]
