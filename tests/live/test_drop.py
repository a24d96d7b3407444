from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from revisions import revision

if TYPE_CHECKING:
    from collections.abc import Callable

    from inside import Deployed

FUNCTION = {
    "postgresql": "CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS $$ SELECT n * 2 $$;\n",
    "mysql": "CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;\n",
    "mssql": "CREATE FUNCTION dbo.twice(@n int) RETURNS int AS BEGIN RETURN @n * 2 END\n",
}
PROCEDURE = {
    "postgresql": "CREATE PROCEDURE add_item() LANGUAGE sql AS $$ INSERT INTO item (id) SELECT twice(1) $$;\n",
    "mysql": "CREATE PROCEDURE add_item() INSERT INTO item (id) SELECT twice(1);\n",
    "mssql": "CREATE PROCEDURE dbo.add_item AS INSERT INTO item (id) SELECT dbo.twice(1)\n",
}
MISSING = {
    "sqlite": "was not there",
    "postgresql": "does not exist, skipping",
    "mysql": "      Note ",
    "mssql": "was not there",
}
"""What a drop says of an object that is not there; servers that say it themselves have their own words."""
OBJECTS = {
    "sqlite": "SELECT COUNT(*) FROM sqlite_master WHERE type IN ('view', 'trigger')",
    "postgresql": "SELECT (SELECT COUNT(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace)"
    " + (SELECT COUNT(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm', 'S')"
    " AND relname NOT LIKE 'item%')"
    " + (SELECT COUNT(*) FROM pg_trigger WHERE NOT tgisinternal)"
    " + (SELECT COUNT(*) FROM pg_rules WHERE schemaname = 'public')"
    " + (SELECT COUNT(*) FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd'))",
    "mysql": "SELECT (SELECT COUNT(*) FROM information_schema.views WHERE table_schema = DATABASE())"
    " + (SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = DATABASE())",
    "mssql": "SELECT COUNT(*) FROM sys.objects WHERE type IN ('V', 'P', 'FN', 'IF', 'TF')"
    " AND schema_id = SCHEMA_ID('dbo')",
}


def left(live: Deployed) -> int:
    return int(live.rows(OBJECTS[live.target.name])[0][0])


def written(live: Deployed) -> None:
    """A view on a view whose names sort the wrong way, and a function and procedure where there are such."""
    revision(live, "a1", None, 'op.create_table("item", sa.Column("id", sa.Integer))', 'op.drop_table("item")')
    live.write("database/views/a.sql", "CREATE VIEW a AS SELECT id FROM b;\n")
    live.write("database/views/b.sql", "CREATE VIEW b AS SELECT id FROM item;\n")
    if live.target.name in FUNCTION:
        live.write("database/functions/dbo.twice.sql", FUNCTION[live.target.name])
        live.write("database/procedures/dbo.add_item.sql", PROCEDURE[live.target.name])


def test_everything_is_dropped_and_dropping_it_again_is_no_mistake(live: Deployed) -> None:
    written(live)
    live.succeed("deploy")
    made = left(live)
    assert made == (4 if live.target.name in FUNCTION else 2)
    first = live.succeed("drop")
    assert left(live) == 0
    again = live.succeed("drop")
    assert (first.text.count(MISSING[live.target.name]), again.text.count(MISSING[live.target.name])) == (0, made)
    live.succeed("deploy")
    assert left(live) == made


def test_downgrade_drops_and_goes_to_base(live: Deployed) -> None:
    written(live)
    live.succeed("deploy")
    live.succeed("downgrade")
    assert left(live) == 0
    assert not live.has("item")
    assert "none" in live.succeed("version").out
    live.succeed("downgrade")
    live.succeed("deploy")
    assert live.has("a")


@pytest.mark.parametrize("target", ["postgresql", "mssql"], indirect=True)
def test_what_cannot_be_dropped_is_a_failure(live: Deployed) -> None:
    written(live)
    live.succeed("deploy")
    live.target.query("CREATE VIEW foreign_one AS SELECT id FROM b", live.database)
    refused = live.fail("drop")
    assert "view b" in refused.err
    assert live.has("foreign_one")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_every_kind_of_postgresql_goes_with_what_it_hangs_on(live: Deployed) -> None:
    live.target.query("CREATE TABLE item (id integer)", live.database)
    live.write(
        "database/functions/f.sql",
        'CREATE FUNCTION "F"(a integer) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;\n'
        'CREATE FUNCTION "F"(a text, VARIADIC b numeric[]) RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;\n',
    )
    live.write("database/functions/g.sql", "CREATE AGGREGATE g(integer) (SFUNC = int4pl, STYPE = integer);\n")
    live.write(
        "database/functions/t.sql",
        "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;\n",
    )
    live.write(
        "database/triggers/t.sql",
        'CREATE TRIGGER "T" BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION t();\n',
    )
    live.write("database/types/mood.sql", "CREATE TYPE mood AS ENUM ('fine', 'bad');\n")
    live.write("database/types/plus.sql", "CREATE DOMAIN plus AS integer CHECK (VALUE > 0);\n")
    live.write("database/sequences/s.sql", "CREATE SEQUENCE s;\n")
    live.write("database/views/m.sql", "CREATE MATERIALIZED VIEW m AS SELECT nextval('s') AS n, 'bad'::mood AS mood;\n")
    live.write("database/rules/r.sql", "CREATE RULE r AS ON DELETE TO item DO INSTEAD NOTHING;\n")
    live.succeed("deploy")
    assert left(live) == 10
    live.succeed("drop")
    assert left(live) == 0
    assert live.has("item")


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_of_a_postgresql_function_the_overloads_of_its_file_are_dropped(live: Deployed) -> None:
    body = "RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$;\n"
    out = "LANGUAGE sql AS $$ SELECT 1 $$;\n"
    live.write("database/functions/f.sql", f"CREATE FUNCTION F(A numeric(10, 2) DEFAULT 1.5, b text = 'x,)') {body}")
    live.write("database/functions/f_date.sql", f"CREATE FUNCTION f(a date -- the day\n) {body}")
    live.write("database/functions/f_out.sql", f"CREATE FUNCTION f(a text, OUT b integer) {out}")
    live.succeed("deploy")
    live.target.query(f"CREATE FUNCTION f() {body}", live.database)
    live.succeed("drop-files", "--files", "database/functions/f.sql", "--object-type", "function")
    assert overloads(live) == {"", "a date", "a text, OUT b integer"}
    live.succeed("drop")
    assert overloads(live) == {""}


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_where_a_file_does_not_tell_what_a_postgresql_function_takes_every_one_of_its_name_is_dropped(
    live: Deployed,
) -> None:
    live.write("database/functions/f.sql", "CREATE AGGREGATE f (BASETYPE = int, SFUNC = int4pl, STYPE = int);\n")
    live.succeed("deploy")
    live.target.query("CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$", live.database)
    assert overloads(live) == {"", "integer"}
    live.succeed("drop")
    assert overloads(live) == set()


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_a_name_without_quotes_is_dropped_as_postgresql_knows_it(live: Deployed) -> None:
    text = (
        "CREATE VIEW Public.TotalÄ AS SELECT 1 AS x;\nCREATE SEQUENCE Numbers;\n"
        "CREATE TYPE \"Mood\" AS ENUM ('fine');\nCREATE FUNCTION Twice() RETURNS int LANGUAGE sql RETURN 2;\n"
    )
    live.write("database/views/all.sql", text)
    live.succeed("deploy")
    assert left(live) == 4
    live.succeed("drop")
    assert left(live) == 0


def overloads(live: Deployed) -> set[str]:
    """What the functions called f take."""
    return {row[0] for row in live.rows("SELECT pg_get_function_arguments(oid) FROM pg_proc WHERE proname = 'f'")}


def test_named_files_are_dropped_by_their_type(live: Deployed) -> None:
    written(live)
    live.succeed("deploy")
    live.succeed("drop-files", "--files", "database/views/a.sql", "--object-type", "view")
    assert not live.has("a")
    assert live.has("b")
    wrong = live.fail("drop-files", "--files", "database/views/b.sql", "--object-type", "trigger", code=2)
    assert "database/views/b.sql" in wrong.err
    assert live.has("b")


def test_obsolete_objects_are_dropped_by_their_script(live: Deployed) -> None:
    live.fail("drop-obsolete", code=2)
    live.target.query("CREATE TABLE old (id INTEGER)", live.database)
    live.write("database/drop_obsolete_objects.sql", "DROP TABLE old;\n")
    live.succeed("drop-obsolete")
    assert not live.has("old")


def by_script(live: Deployed) -> None:
    live.write("database/drop_obsolete_objects.sql", "DROP VIEW old;\n")
    live.succeed("drop-obsolete")


def by_revision(live: Deployed) -> None:
    revision(live, "a1", None, 'op.execute("DROP VIEW old")')
    live.succeed("deploy")


def by_data(live: Deployed) -> None:
    live.write("database/data/clean.sql", "DROP VIEW old;\n")
    live.succeed("data")


@pytest.mark.parametrize("drop", [by_script, by_revision, by_data])
def test_what_a_run_drops_with_sql_of_its_own_is_no_drift(live: Deployed, drop: Callable[[Deployed], None]) -> None:
    for name in ("old", "kept"):
        live.view(name, "SELECT 1 AS one")
    live.succeed("deploy")
    (live.directory / "database/views/old.sql").unlink()
    drop(live)
    assert "old" not in live.succeed("drift").text
    assert "old" not in live.succeed("plan").text
    live.by_hand("DROP VIEW kept")
    assert "kept was dropped by hand" in live.fail("drift", code=5).text


def test_a_removed_file_whose_objects_were_dropped_by_hand_is_forgotten_by_a_deploy(live: Deployed) -> None:
    for name in ("old", "kept"):
        live.view(name, "SELECT 1 AS one")
    live.succeed("deploy")
    (live.directory / "database/views/old.sql").unlink()
    live.by_hand("DROP VIEW old")
    assert "old was dropped by hand" in live.fail("drift", code=5).text
    live.view("kept", "SELECT 2 AS one")
    live.succeed("deploy")
    assert "old" not in live.succeed("drift").text


PACKAGE = """\
SET sql_mode = ORACLE;
DELIMITER $$
CREATE OR REPLACE PACKAGE price AS FUNCTION half(n INT) RETURN INT; END;
$$
CREATE OR REPLACE PACKAGE BODY price AS FUNCTION half(n INT) RETURN INT AS BEGIN RETURN n / 2; END; END;
$$
"""


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_packages_sequences_and_events_of_mariadb_are_dropped(live: Deployed) -> None:
    live.write("database/packages/price.sql", PACKAGE)
    live.write("database/sequences/number.sql", "CREATE OR REPLACE SEQUENCE number;\n")
    live.write(
        "database/events/daily.sql", "CREATE OR REPLACE EVENT daily ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1;\n"
    )
    live.succeed("deploy")
    kinds = f"SELECT type FROM mysql.proc WHERE db = '{live.database}' ORDER BY type"
    assert [row[0] for row in live.rows(kinds)] == ["PACKAGE", "PACKAGE BODY"]
    assert "nothing to do" in live.succeed("deploy").text
    live.succeed("drop")
    assert live.rows(kinds) == []
    assert live.rows("SELECT event_name FROM information_schema.events WHERE event_schema = DATABASE()") == []
    assert not live.has("number")


@pytest.mark.parametrize("target", ["sqlite", "mysql"], indirect=True)
def test_what_drop_has_dropped_by_the_name_of_the_database_was_not_dropped_by_hand(live: Deployed) -> None:
    schema = "main" if live.target.name == "sqlite" else f"`{live.database}`"
    live.write("database/views/a.sql", f"CREATE VIEW {schema}.a AS SELECT 1 AS one;\n")
    live.succeed("deploy")
    live.succeed("drop")
    assert "by hand" not in live.succeed("deploy").err


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_files_without_an_object_to_drop_do_not_stop_the_drop_of_others(live: Deployed) -> None:
    live.write("database/views/v.sql", "CREATE VIEW v AS SELECT 1 AS one;\n")
    live.write("database/views/grants.sql", "-- who\nGRANT SELECT ON v TO PUBLIC;\nCOMMENT ON VIEW v IS 'a; b';\n")
    live.write("database/types/pair.sql", "CREATE TYPE pair AS (a integer);\n")
    live.write(
        "database/functions/first.sql",
        "CREATE FUNCTION first(one pair) RETURNS integer LANGUAGE sql IMMUTABLE AS $$ SELECT one.a $$;\n",
    )
    live.write("database/types/casts.sql", "CREATE CAST (pair AS integer) WITH FUNCTION first(pair);\n")
    live.write("database/types/words.sql", "CREATE TEXT SEARCH CONFIGURATION words (COPY = simple);\n")
    live.succeed("deploy")
    dropped = live.succeed("drop")
    assert "database/views/grants.sql creates nothing that is dropped" in dropped.text
    assert left(live) == 0
    assert live.rows("SELECT count(*) FROM pg_ts_config WHERE cfgname = 'words'") == [(0,)]
    live.write("database/types/unseen.sql", "DO $$ BEGIN EXECUTE 'CREATE TYPE ' || 'x AS ENUM ()'; END $$;\n")
    assert "database/types/unseen.sql: creates no object" in live.fail("drop", code=2).err
