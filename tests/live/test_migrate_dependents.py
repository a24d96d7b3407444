"""Migrations of columns and tables that objects of the project use: these are dropped and created again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from revisions import revision

from ahjo_tasks.database.catalog import read_catalog

if TYPE_CHECKING:
    from inside import Deployed

PRODUCT = (
    'op.create_table("product", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)),'
    ' sa.Column("price", sa.Integer))'
)
WIDEN = 'op.alter_column("product", "name", type_=sa.Text())'
FILES = {
    "views/shown.sql": "CREATE OR REPLACE VIEW shown AS SELECT id, name FROM product;",
    "views/above.sql": "CREATE OR REPLACE VIEW above AS SELECT name FROM shown;",
    "materialized_views/kept.sql": (
        "DROP MATERIALIZED VIEW IF EXISTS kept; CREATE MATERIALIZED VIEW kept AS SELECT id, name FROM product;"
    ),
    "functions/named.sql": (
        "CREATE OR REPLACE FUNCTION named(wanted integer) RETURNS text LANGUAGE sql"
        " BEGIN ATOMIC SELECT name FROM product WHERE id = wanted; END;"
    ),
    "functions/put.sql": (
        "CREATE OR REPLACE FUNCTION put() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
    ),
    "policies/known.sql": (
        "DROP POLICY IF EXISTS known ON product; CREATE POLICY known ON product USING (name IS NOT NULL);"
    ),
}
BY_HAND = (
    "GRANT SELECT ON shown TO PUBLIC",
    "GRANT SELECT (name) ON above TO {role} WITH GRANT OPTION",
    "GRANT SELECT ON kept TO {role}",
    "REVOKE EXECUTE ON FUNCTION named(integer) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION named(integer) TO {role}",
    "ALTER VIEW shown OWNER TO {role}",
    "COMMENT ON VIEW shown IS 'it''s shown'",
    "COMMENT ON COLUMN shown.name IS 'the name'",
    "COMMENT ON FUNCTION named(integer) IS 'found'",
    "COMMENT ON MATERIALIZED VIEW kept IS 'kept'",
    "CREATE UNIQUE INDEX kept_id ON kept (id)",
    "CREATE TRIGGER written INSTEAD OF INSERT ON shown FOR EACH ROW EXECUTE FUNCTION put()",
    "COMMENT ON INDEX kept_id IS 'of ids'",
    "COMMENT ON TRIGGER written ON shown IS 'by hand'",
    "CREATE RULE ignored AS ON DELETE TO shown DO INSTEAD NOTHING",
    "COMMENT ON RULE ignored ON shown IS 'nothing is lost'",
    "ALTER VIEW shown ALTER COLUMN id SET DEFAULT 7",
)
TYPE_OF_NAME = "SELECT data_type FROM information_schema.columns WHERE table_name = 'product' AND column_name = 'name'"
COMMENTS = (
    "SELECT pg_describe_object(classoid, objoid, objsubid), description FROM pg_description"
    " WHERE objoid >= 16384 ORDER BY 1"
)


@pytest.fixture
def used(live: Deployed) -> Deployed:
    """A table whose columns all kinds of objects use, which have what only the database knows."""
    revision(live, "a1", None, PRODUCT)
    for path, text in FILES.items():
        live.write(f"database/{path}", text)
    live.succeed("deploy")
    role = f"{live.database}_reader"
    live.by_hand(f"CREATE ROLE {role}", f"GRANT CREATE, USAGE ON SCHEMA public TO {role}")
    try:
        live.by_hand(*(statement.format(role=role) for statement in BY_HAND))
        yield live
    finally:
        live.by_hand(f"DROP OWNED BY {role} CASCADE", f"DROP ROLE {role}")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_what_uses_a_column_is_as_it_was_after_its_migration(used: Deployed) -> None:
    def contents() -> object:
        with used.connection() as connection:
            return read_catalog(connection), used.rows(COMMENTS)

    before = contents()
    revision(used, "b2", "a1", WIDEN)
    used.succeed("deploy")
    assert used.rows(TYPE_OF_NAME) == [("text",)]
    catalog, comments = contents()
    assert {key: (before[0][key], catalog.get(key)) for key in before[0] if before[0][key] != catalog.get(key)} == {}
    assert comments == before[1]
    assert "nothing to do" in used.succeed("plan").text


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_step_that_fails_later_takes_the_migration_back_with_all_of_the_run(used: Deployed) -> None:
    before = used.rows(TYPE_OF_NAME)
    revision(used, "b2", "a1", WIDEN)
    used.write("database/views/wrong.sql", "CREATE OR REPLACE VIEW wrong AS SELECT nothing FROM product;")
    failed = used.fail("deploy")
    assert "dropped before it and created again after it" in failed.text
    assert "committed by itself" not in failed.text
    assert used.rows(TYPE_OF_NAME) == before
    assert used.rows("SELECT version_num FROM alembic_version") == [("a1",)]


FUNCTION = "CREATE OR REPLACE FUNCTION f({0}) RETURNS integer LANGUAGE sql AS 'SELECT 1';"
OVERLOADS = "SELECT pg_get_function_identity_arguments(oid) FROM pg_proc WHERE proname = 'f' ORDER BY 1"


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("a integer", "a bigint"),
        ("a integer", "a integer, b integer DEFAULT 2"),
        ("a int4", "a integer"),
        ("a integer DEFAULT 1", "b text[], VARIADIC c numeric(10, 2)[]"),
    ],
)
def test_a_function_with_other_parameters_replaces_the_old_one(live: Deployed, before: str, now: str) -> None:
    live.write("database/functions/f.sql", FUNCTION.format(before))
    live.write("database/functions/other.sql", FUNCTION.format("a date"))
    live.write("database/views/v.sql", "CREATE OR REPLACE VIEW v AS SELECT f(NULL::date) AS one;")
    live.succeed("deploy")
    live.write("database/functions/f.sql", FUNCTION.format(now))
    live.succeed("deploy")
    assert len(live.rows(OVERLOADS)) == 2
    assert ("a date",) in live.rows(OVERLOADS)
    live.succeed("drift")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_what_uses_a_function_with_other_parameters_is_created_again(live: Deployed) -> None:
    live.write("database/functions/f.sql", FUNCTION.format("a integer"))
    live.write("database/views/v.sql", "CREATE OR REPLACE VIEW v AS SELECT f(1) AS one;")
    live.succeed("deploy")
    live.write("database/functions/f.sql", FUNCTION.format("a bigint"))
    assert "DROP ROUTINE IF EXISTS" in live.succeed("deploy", "--dry").text
    live.succeed("deploy")
    assert live.rows(OVERLOADS) == [("a bigint",)]
    assert live.rows("SELECT one FROM v") == [(1,)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_type_or_sequence_in_use_is_replaced_with_what_uses_it(live: Deployed) -> None:
    mood = "DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM ({0});"
    counter = "DROP SEQUENCE IF EXISTS counter; CREATE SEQUENCE counter {0};"
    live.write("database/types/mood.sql", mood.format("'a'"))
    live.write("database/sequences/counter.sql", counter.format(""))
    live.write(
        "database/functions/g.sql", "CREATE OR REPLACE FUNCTION g(m mood[]) RETURNS mood LANGUAGE sql AS 'SELECT m[1]';"
    )
    live.write(
        "database/views/v.sql",
        "CREATE OR REPLACE VIEW v AS SELECT g('{a}'::mood[]) AS one, nextval('counter'::regclass) AS two;",
    )
    live.succeed("deploy")
    live.write("database/types/mood.sql", mood.format("'a', 'b'"))
    live.write("database/sequences/counter.sql", counter.format("START 7"))
    live.succeed("deploy")
    assert live.rows("SELECT one::text, two FROM v") == [("a", 7)]
    assert live.rows("SELECT enum_range(NULL::mood)::text") == [("{a,b}",)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_what_no_file_owns_is_named_before_anything_is_dropped(live: Deployed) -> None:
    live.write("database/types/mood.sql", "DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM ('a');")
    live.write("database/sequences/counter.sql", "DROP SEQUENCE IF EXISTS counter; CREATE SEQUENCE counter;")
    live.write("database/views/v.sql", "CREATE OR REPLACE VIEW v AS SELECT 'a'::mood AS one;")
    live.succeed("deploy")
    live.by_hand("CREATE TABLE t (m mood, n integer DEFAULT nextval('counter'))")
    live.write("database/types/mood.sql", "DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM ('b');")
    failed = live.fail("deploy").err
    assert "Used by table t, which holds rows: nothing was dropped. Change the object by ALTER" in failed
    assert "drop it yourself" not in failed
    live.write("database/types/mood.sql", "DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM ('a');")
    live.write("database/sequences/counter.sql", "DROP SEQUENCE IF EXISTS counter; CREATE SEQUENCE counter START 2;")
    assert "Used by default value for column n of table t" in live.fail("deploy").err
    assert live.has("v")


BOUND = ("CREATE TABLE t (id int, n int)", "CREATE VIEW tv AS SELECT n FROM t", "ALTER TABLE t DROP COLUMN n")


def test_a_renamed_and_a_dropped_column_take_their_views_along(live: Deployed) -> None:
    if live.target.name == "mssql" and live.refusal(*BOUND):
        pytest.skip("this server lacks a feature: views that are not bound to their columns")
    columns = (
        'sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)), sa.Column("old", sa.Integer)'
    )
    revision(live, "a1", None, f'op.create_table("item", {columns})')
    dbo = "dbo." if live.target.name == "mssql" else ""
    live.view("v", f"SELECT id, name, old FROM {dbo}item")
    live.view("w", f"SELECT id FROM {dbo}v")
    live.succeed("deploy")
    change = 't.alter_column("name", existing_type=sa.String(20), new_column_name="title")'
    revision(
        live, "b2", "a1", f'with op.batch_alter_table("item") as t:\n        {change}\n        t.drop_column("old")'
    )
    live.view("v", f"SELECT id, title FROM {dbo}item")
    live.succeed("deploy")
    assert live.rows("SELECT title FROM v") == []
    assert live.rows("SELECT id FROM w") == []
    assert "nothing to do" in live.succeed("plan").text
    live.succeed("drift")


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("change", "query"),
    [
        ("ALTER TABLE product DROP COLUMN name", "SELECT id FROM product"),
        ("ALTER TABLE product RENAME COLUMN name TO title", "SELECT title FROM product"),
        ("ALTER TABLE product RENAME TO item", "SELECT name FROM item"),
    ],
)
def test_views_and_triggers_that_sqlite_finds_broken_after_a_change_are_made_again(
    live: Deployed, change: str, query: str
) -> None:
    views = {"used": "SELECT name FROM product", "above": "SELECT * FROM used"}
    revision(live, "a1", None, PRODUCT)
    for name, text in views.items():
        live.write(f"database/views/{name}.sql", f"DROP VIEW IF EXISTS {name};\nCREATE VIEW {name} AS {text};\n")
    live.write(
        "database/triggers/noted.sql",
        "DROP TRIGGER IF EXISTS noted;\nCREATE TRIGGER noted INSTEAD OF INSERT ON used BEGIN SELECT 1; END;\n",
    )
    live.succeed("deploy")
    live.write("database/views/used.sql", f"DROP VIEW IF EXISTS used;\nCREATE VIEW used AS {query};\n")
    revision(live, "b2", "a1", f'op.execute("{change}")')
    live.succeed("deploy")
    assert live.rows("SELECT COUNT(*) FROM above") == [(0,)]
    assert live.rows("SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger'") == [(1,)]


@pytest.mark.parametrize("target", ["postgresql", "sqlite"], indirect=True)
def test_a_removed_view_goes_with_its_column_where_it_is_to_be_dropped(live: Deployed) -> None:
    revision(live, "a1", None, PRODUCT)
    live.view("gone", "SELECT name FROM product")
    live.view("stays", "SELECT id, name AS x FROM product")
    live.view("above", "SELECT name FROM gone")
    live.succeed("deploy")
    for name in ("gone", "above"):
        (live.directory / "database" / "views" / f"{name}.sql").unlink()
    live.view("stays", "SELECT id FROM product")
    revision(live, "b2", "a1", 'op.drop_column("product", "name")')

    refused = live.fail("deploy")
    done = live.succeed("deploy", "--prune")

    assert "gone, which no file of this run creates" in refused.err
    assert "FAIL=0" in done.out
    assert not live.has("gone")
    assert not live.has("above")
    assert live.has("stays")
    assert "nothing to do" in live.succeed("plan", "--prune").text


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_removed_view_goes_before_what_it_uses_is_replaced(live: Deployed) -> None:
    function = "CREATE OR REPLACE FUNCTION one({}) RETURNS int LANGUAGE sql AS 'SELECT 1';\n"
    live.write("database/functions/one.sql", function.format("a int"))
    live.view("gone", "SELECT one(1) AS x")
    live.view("above", "SELECT x FROM gone")
    live.succeed("deploy")
    (live.directory / "database" / "views" / "gone.sql").unlink()
    live.write("database/functions/one.sql", function.format("a int, b int"))
    live.view("above", "SELECT one(1, 2) AS x")

    live.succeed("deploy", "--prune")

    assert not live.has("gone")
    assert live.rows("SELECT x FROM above") == [(1,)]
    assert "nothing to do" in live.succeed("plan", "--prune").text


READS = "CREATE OR REPLACE FUNCTION {}() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT {}; END;\n"


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_what_uses_a_function_that_the_file_of_a_dependent_needs_is_created_again(live: Deployed) -> None:
    revision(live, "a1", None, PRODUCT)
    live.write("database/functions/one.sql", f"DROP FUNCTION IF EXISTS one();\n{READS.format('one', '1')}")
    live.write("database/functions/other.sql", READS.format("other", "one()"))
    live.view("shown", "SELECT name, one() AS x FROM product")
    live.succeed("deploy")
    live.by_hand("REVOKE EXECUTE ON FUNCTION one() FROM PUBLIC", "REVOKE EXECUTE ON FUNCTION other() FROM PUBLIC")

    revision(live, "b2", "a1", WIDEN)
    live.succeed("deploy")

    assert live.rows(TYPE_OF_NAME) == [("text",)]
    public = "SELECT proname FROM pg_proc WHERE pronargs = 0 AND has_function_privilege('public', oid, 'EXECUTE')"
    assert live.rows(f"{public} AND oid >= 16384") == []
    assert "nothing to do" in live.succeed("plan").text


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize("migrates", [True, False])
def test_what_a_dependent_needs_anew_may_itself_have_other_columns(live: Deployed, *, migrates: bool) -> None:
    revision(live, "a1", None, PRODUCT)
    drops = "DROP VIEW IF EXISTS {0};\nCREATE VIEW {0} AS {1};\n"
    live.write("database/views/first.sql", drops.format("first", "SELECT name FROM product"))
    live.view("second", "SELECT id AS a FROM product")
    live.view("uses", "SELECT name FROM first")
    live.view("last", "SELECT a FROM second")
    live.succeed("deploy")

    if migrates:
        revision(live, "b2", "a1", WIDEN)
    live.write("database/views/first.sql", drops.format("first", "SELECT name, 1 AS one FROM product"))
    live.view("second", "SELECT 2 AS other, id AS a FROM product")
    live.view("uses", "SELECT name, other FROM first, second")
    live.succeed("deploy")

    assert live.rows("SELECT other FROM uses") == []
    assert live.rows("SELECT a FROM last") == []
    assert "nothing to do" in live.succeed("plan").text


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_an_old_overload_goes_also_where_its_file_runs_with_a_migration(live: Deployed) -> None:
    revision(live, "a1", None, PRODUCT)
    live.write("database/functions/f.sql", FUNCTION.format("a integer"))
    live.view("shown", "SELECT name, f(id) AS x FROM product")
    live.succeed("deploy")

    revision(live, "b2", "a1", WIDEN)
    live.write("database/functions/f.sql", FUNCTION.format("a integer, b integer DEFAULT 2"))
    live.succeed("deploy")

    assert live.rows(OVERLOADS) == [("a integer, b integer",)]
    assert "nothing to do" in live.succeed("plan").text


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_table_is_dropped_with_its_generated_columns(live: Deployed) -> None:
    table = "CREATE TABLE t (n int, twice int GENERATED ALWAYS AS (n * 2) STORED)"
    revision(live, "a1", None, f"op.execute({table!r})")
    live.view("shown", "SELECT n FROM t")
    live.succeed("deploy")

    revision(live, "b2", "a1", "op.execute('DROP TABLE t')\n    op.execute('CREATE TABLE t (n text)')")
    live.succeed("deploy")
    assert live.has("shown")

    live.by_hand("ALTER TABLE t ADD COLUMN longer text GENERATED ALWAYS AS (n || 'x') STORED")
    revision(live, "c3", "b2", "op.execute('ALTER TABLE t ALTER COLUMN n TYPE varchar(9)')")
    failed = live.fail("deploy").err
    assert "Used by default value for column longer of table t, which no file of this run creates" in failed


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_sqlite_keeps_the_triggers_of_views_and_tables_in_the_way_of_a_migration(live: Deployed) -> None:
    revision(live, "a1", None, PRODUCT)
    trigger = "DROP TRIGGER IF EXISTS {0};\nCREATE TRIGGER {0} {1} BEGIN DELETE FROM product WHERE id = NEW.id; END;\n"
    live.view("shown", "SELECT id, name FROM product")
    live.view("alone", "SELECT 1 AS id")
    live.write("database/triggers/on_shown.sql", trigger.format("on_shown", "INSTEAD OF INSERT ON shown"))
    live.write("database/triggers/on_alone.sql", trigger.format("on_alone", "INSTEAD OF INSERT ON alone"))
    live.write("database/triggers/on_table.sql", trigger.format("on_table", "AFTER INSERT ON product"))
    live.succeed("deploy")
    live.by_hand("CREATE TRIGGER by_hand INSTEAD OF DELETE ON shown BEGIN SELECT 1; END")

    batch = 'with op.batch_alter_table("product") as t:\n        t.alter_column("name", type_=sa.Text())'
    revision(live, "b2", "a1", batch)
    live.succeed("deploy")

    names = live.rows("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY 1")
    assert names == [("by_hand",), ("on_alone",), ("on_shown",), ("on_table",)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "change",
    [
        "ALTER TYPE mood RENAME TO old; CREATE TYPE mood AS ENUM ('a', 'b'); DROP TYPE old",
        "DROP TYPE mood; CREATE TYPE mood AS ENUM ('a', 'b')",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT m PRIMARY KEY (id)",
    ],
)
def test_what_uses_a_type_or_key_that_a_migration_drops_is_created_again(live: Deployed, change: str) -> None:
    first = "CREATE TYPE mood AS ENUM ('a'); CREATE TABLE t (id int CONSTRAINT k PRIMARY KEY, n int)"
    revision(live, "a1", None, f"op.execute({first!r})")
    function = "CREATE OR REPLACE FUNCTION {}(m mood) RETURNS text LANGUAGE sql AS 'SELECT m::text';\n"
    live.write("database/functions/of_mood.sql", function.format("of_mood"))
    live.view("shown", "SELECT id, n, of_mood(NULL) AS x FROM t GROUP BY id")
    live.succeed("deploy")
    live.by_hand("CREATE VIEW not_in_the_way AS SELECT id, n FROM t")

    revision(live, "b2", "a1", f"op.execute({change!r})")
    live.succeed("deploy")
    assert live.rows("SELECT x FROM shown") == []
    assert "nothing to do" in live.succeed("plan").text

    live.by_hand(function.format("nobodys"), "CREATE VIEW nobodys AS SELECT id, n FROM t GROUP BY id")
    changed = change.replace("'b'", "'b', 'c'").replace(" k,", " m,").replace(" m PRIMARY", " k PRIMARY")
    revision(live, "c3", "b2", f"op.execute({changed!r})")
    assert "nobodys" in live.fail("deploy").err
    assert live.has("shown")


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
def test_a_trigger_of_nobody_that_goes_with_a_rebuilt_table_is_named(live: Deployed) -> None:
    revision(live, "a1", None, PRODUCT)
    trigger = "CREATE TRIGGER {} AFTER INSERT ON product BEGIN SELECT 1; END"
    live.write("database/triggers/own.sql", f"DROP TRIGGER IF EXISTS own;\n{trigger.format('own')};\n")
    live.view("shown", "SELECT name FROM product")
    live.succeed("deploy")
    live.by_hand(trigger.format("by_hand"))

    revision(live, "b2", "a1", 'with op.batch_alter_table("product") as t:\n        t.drop_column("price")')
    done = live.succeed("deploy").text

    lost = "Warning: lost with its table, which was dropped, and created by no file: "
    assert [line.partition(lost)[2] for line in done.splitlines() if lost in line] == [trigger.format("by_hand")]
    assert live.rows("SELECT name FROM sqlite_master WHERE type = 'trigger'") == [("own",)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("query", "change"),
    [
        ("SELECT p AS whole FROM product p", WIDEN),
        ("SELECT ARRAY[p] AS whole FROM product p", WIDEN),
        ("SELECT NULL::pair AS whole", 'op.execute("ALTER TYPE pair ALTER ATTRIBUTE a TYPE text")'),
    ],
)
def test_a_materialized_view_of_whole_rows_is_created_again_after_their_type_has_changed(
    live: Deployed, query: str, change: str
) -> None:
    revision(live, "a1", None, f'op.execute("CREATE TYPE pair AS (a int, b int)")\n    {PRODUCT}')
    text = f"DROP MATERIALIZED VIEW IF EXISTS shown;\nCREATE MATERIALIZED VIEW shown AS {query};\n"
    live.write("database/materialized_views/shown.sql", text)
    live.view("above", "SELECT whole FROM shown")
    live.succeed("deploy")

    revision(live, "b2", "a1", change)
    live.succeed("deploy")

    assert live.has("above")
    assert "nothing to do" in live.succeed("plan").text
