from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from inside import Deployed

only = pytest.mark.parametrize
ONE_TRANSACTION = {"context_connectable_type": "connection", "transaction_mode": "begin_once"}
ROW_BY_ROW = {"context_connectable_type": "connection", "transaction_mode": "commit_as_you_go"}


def table(live: Deployed, name: str = "item") -> None:
    live.write(f"database/tables/{name}.sql", f"CREATE TABLE {name} (id INTEGER);\n")


def two_data_files(live: Deployed) -> None:
    """The second one fails at its second statement."""
    live.target.query("CREATE TABLE item (id INTEGER)", live.database)
    live.write("database/data/a.sql", "INSERT INTO item (id) VALUES (1);\n")
    live.write("database/data/b.sql", "INSERT INTO item (id) VALUES (2);\nINSERT INTO nowhere (id) VALUES (3);\n")


def ids(live: Deployed) -> list[int]:
    return sorted(row[0] for row in live.rows("SELECT id FROM item"))


def test_views_that_sort_against_their_needs_deploy_in_one_pass(live: Deployed) -> None:
    live.write("database/views/a.sql", "CREATE VIEW a AS SELECT id FROM b;\n")
    live.write("database/views/deep/er/b.SQL", "CREATE VIEW b AS SELECT id FROM c;\n")
    live.write("database/views/c.sql", "CREATE VIEW c AS SELECT 1 AS id;\n")
    done = live.succeed("deploy")
    order = [done.out.index(f"view database/views/{name}") for name in ("c.sql", "deep/er/b.SQL", "a.sql")]
    assert order == sorted(order)
    assert live.rows("SELECT id FROM a") == [(1,)]


def test_what_a_changed_file_no_longer_creates_is_named_and_pruned(live: Deployed) -> None:
    both = (
        "DROP VIEW IF EXISTS {0};\n"
        + ("GO\n" if live.target.name == "mssql" else "")
        + "CREATE VIEW {0} AS SELECT 1 AS one;\n"
    )
    for name in ("old", "moved", "dropped"):
        live.write(f"database/views/{name}.sql", both.format(name))
    live.succeed("deploy")
    live.write("database/views/old.sql", both.format("new"))
    live.write("database/views/moved.sql", both.format("other"))
    live.write("database/views/there.sql", both.format("moved"))
    live.write("database/views/dropped.sql", "DROP VIEW IF EXISTS dropped;\n")
    stays = [line for line in live.succeed("plan").err.splitlines() if "no longer creates" in line]
    assert len(stays) == 1
    assert "database/views/old.sql no longer creates view" in stays[0]
    live.succeed("deploy", "--prune")
    assert live.rows("SELECT one FROM new UNION ALL SELECT one FROM moved") == [(1,), (1,)]
    assert "in no file" not in live.succeed("drift").out
    assert not live.has("old")


def test_a_deploy_and_the_status_name_the_object_of_a_file_that_is_gone(live: Deployed) -> None:
    for name in ("old", "kept"):
        live.view(name, "SELECT 1 AS one")
    live.succeed("deploy")
    (live.directory / "database/views/old.sql").unlink()
    live.view("new", "SELECT 1 AS one")
    gone = "database/views/old.sql is no longer in the project: view "
    assert live.succeed("deploy").text.count(gone) == 1
    said = [line for line in live.succeed("status").out.splitlines() if "--prune drops it" in line]
    assert len(said) == 1
    assert "database/views/old.sql: view " in said[0]
    assert gone not in live.succeed("deploy", "--prune").text
    assert not live.has("old")
    assert "--prune" not in live.succeed("status").out


@only("target", ["sqlite", "mysql"], indirect=True)
def test_a_change_that_if_not_exists_would_leave_undone_is_refused(live: Deployed) -> None:
    file = "database/views/a.sql"
    live.write(file, "CREATE VIEW IF NOT EXISTS a AS SELECT 1 AS one;\n")
    live.succeed("deploy")
    live.write(file, "-- another comment is no change\nCREATE VIEW IF NOT EXISTS a AS SELECT 1 AS one;\n")
    live.succeed("deploy")
    live.write(file, "CREATE VIEW IF NOT EXISTS a AS SELECT 2 AS one;\n")
    assert f"{file}: the view a is there and its file has changed" in live.fail("deploy", code=2).err
    assert live.rows("SELECT one FROM a") == [(1,)]
    live.by_hand("DROP VIEW a")
    live.succeed("deploy")
    assert live.rows("SELECT one FROM a") == [(2,)]
    live.by_hand("DROP VIEW a", "CREATE VIEW a AS SELECT 3 AS one")
    assert f"{file}: the view a is there and was changed by hand" in live.fail("deploy", code=2).err
    live.write(file, "DROP VIEW IF EXISTS a;\nCREATE VIEW IF NOT EXISTS a AS SELECT 2 AS one;\n")
    live.succeed("deploy")
    assert live.rows("SELECT one FROM a") == [(2,)]


@only("target", ["postgresql", "mysql"], indirect=True)
def test_a_sequence_that_if_not_exists_would_leave_as_it_is_is_refused_or_named(live: Deployed) -> None:
    file = "database/sequences/s.sql"
    live.by_hand("CREATE SEQUENCE s START WITH 3")
    live.write("database/views/v.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one;\n")
    live.succeed("deploy")
    live.write(file, "CREATE SEQUENCE IF NOT EXISTS s START WITH 5;\n")
    assert f"{file}: the sequence s is there: CREATE ... IF NOT EXISTS leaves it" in live.succeed("deploy").err
    assert "leaves it" not in live.succeed("deploy").err
    live.write(file, "CREATE SEQUENCE IF NOT EXISTS s START WITH 7;\n")
    refused = live.fail("deploy", code=2).err
    assert f"{file}: the sequence s is there and its file has changed" in refused
    assert "Write an ALTER of the sequence after it" in refused
    live.write(file, "CREATE SEQUENCE IF NOT EXISTS s;\nALTER SEQUENCE s START WITH 7 RESTART WITH 7;\n")
    live.succeed("deploy")
    assert live.rows("SELECT nextval('s')" if live.target.name == "postgresql" else "SELECT NEXTVAL(s)") == [(7,)]
    assert "nothing to do" in live.succeed("deploy").out


def test_what_a_changed_file_no_longer_uses_is_dropped_after_it(live: Deployed) -> None:
    live.view("old", "SELECT 1 AS one")
    live.view("reader", "SELECT one FROM old")
    live.succeed("deploy")
    if live.target.name == "mssql" and live.refusal("DROP VIEW old"):
        pytest.skip("this server lacks a feature: views that are not bound to their columns")
    (live.directory / "database/views/old.sql").unlink()
    live.view("new", "SELECT 2 AS one")
    live.view("reader", "SELECT one FROM new")
    live.succeed("deploy", "--prune")
    assert live.rows("SELECT one FROM reader") == [(2,)]
    assert not live.has("old")


@only("target", ["postgresql"], indirect=True)
def test_a_trigger_of_the_same_name_on_another_table_is_not_the_old_one(live: Deployed) -> None:
    live.by_hand(
        "CREATE TABLE t (a integer)",
        "CREATE TABLE u (a integer)",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    )
    text = (
        "DROP TRIGGER IF EXISTS tr ON {0};\nCREATE TRIGGER tr BEFORE INSERT ON {0} FOR EACH ROW EXECUTE FUNCTION f();\n"
    )
    live.write("database/triggers/tr.sql", text.format("t"))
    live.succeed("deploy")
    live.write("database/triggers/tr.sql", text.format("u"))
    assert "tr.sql no longer creates trigger tr on public.t" in live.succeed("deploy").err


@only("target", ["postgresql"], indirect=True)
def test_a_name_in_another_case_is_another_object_of_postgresql(live: Deployed) -> None:
    live.write("database/views/v.sql", 'CREATE OR REPLACE VIEW "Vv" AS SELECT 1 AS one;\n')
    live.succeed("deploy")
    live.write("database/views/v.sql", "CREATE OR REPLACE VIEW vv AS SELECT 1 AS one;\n")
    assert "v.sql no longer creates view public.Vv" in live.succeed("plan").err
    live.succeed("deploy", "--prune")
    assert live.rows("SELECT relname FROM pg_class WHERE relname IN ('Vv', 'vv')") == [("vv",)]


OF_ANY_KIND = {
    "collation": (
        "DROP COLLATION IF EXISTS {0};\nCREATE COLLATION {0} (locale = '{1}', provider = 'libc');\n",
        ("C", "POSIX"),
        "ALTER COLLATION {0} OWNER TO {role}",
    ),
    "text search configuration": (
        "DROP TEXT SEARCH CONFIGURATION IF EXISTS {0};\nCREATE TEXT SEARCH CONFIGURATION {0} (COPY = {1});\n",
        ("simple", "english"),
        "ALTER TEXT SEARCH CONFIGURATION {0} DROP MAPPING FOR word",
    ),
    "text search dictionary": (
        (
            "DROP TEXT SEARCH DICTIONARY IF EXISTS {0};\n"
            "CREATE TEXT SEARCH DICTIONARY {0} (TEMPLATE = simple, ACCEPT = {1});\n"
        ),
        ("true", "false"),
        "ALTER TEXT SEARCH DICTIONARY {0} (ACCEPT = true)",
    ),
    "publication": (
        "DROP PUBLICATION IF EXISTS {0};\nCREATE PUBLICATION {0} WITH (publish = '{1}');\n",
        ("insert", "update"),
        "ALTER PUBLICATION {0} SET (publish = 'delete')",
    ),
}
"""By a kind of PostgreSQL: its file, two values in it, and a change by hand."""


@only("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize("kind", sorted(OF_ANY_KIND))
def test_an_object_of_a_rare_kind_is_deployed_once_and_known_where_it_is_changed(live: Deployed, kind: str) -> None:
    text, values, by_hand = OF_ANY_KIND[kind]
    name = "rare_one"
    for value in values:
        live.write("database/types/rare.sql", text.format(name, value))
        assert "OK=1" in live.succeed("deploy").text
        assert "nothing to do" in live.succeed("deploy").out
        assert "No differences" in live.succeed("drift").out
    live.by_hand(by_hand.format(name, role="pg_database_owner"))
    assert f"{kind} " in live.fail("drift", code=5).out
    (live.directory / "database/types/rare.sql").unlink()
    live.succeed("deploy", "--prune")
    assert "No differences" in live.succeed("drift").out


@only("target", ["postgresql"], indirect=True)
def test_a_file_that_creates_a_schema_beside_its_view_need_not_run_again(live: Deployed) -> None:
    live.write("database/views/v.sql", "CREATE SCHEMA IF NOT EXISTS x;\nCREATE OR REPLACE VIEW x.v AS SELECT 1 AS a;\n")
    live.succeed("deploy")
    assert "nothing to do" in live.succeed("deploy").out


@only("target", ["postgresql"], indirect=True)
def test_a_changed_type_that_a_condition_may_leave_as_it_is_is_named(live: Deployed) -> None:
    file = "database/types/mood.sql"
    text = "DO $$ BEGIN CREATE TYPE mood AS ENUM ({}); EXCEPTION WHEN duplicate_object THEN NULL; END $$;\n"
    live.write(file, text.format("'glad'"))
    live.succeed("deploy")
    live.write(file, text.format("'glad', 'sad'"))
    assert f"{file}: the type mood is there and its file has changed: a condition" in live.succeed("deploy").err
    live.write(file, text.format("'glad'") + "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'sad';\n")
    assert "a condition" not in live.succeed("deploy").err
    assert len(live.rows("SELECT unnest(enum_range(NULL::mood))")) == 2


@only("target", ["sqlite"], indirect=True)
def test_a_changed_trigger_of_a_view_that_is_dropped_in_the_same_deploy_is_created(live: Deployed) -> None:
    live.target.query("CREATE TABLE noted (id INTEGER)", live.database)
    for number in (1, 2):
        live.write("database/views/v.sql", f"DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT {number} AS one;\n")
        live.write(
            "database/triggers/t.sql",
            "CREATE TRIGGER IF NOT EXISTS t INSTEAD OF INSERT ON v"
            f" BEGIN INSERT INTO noted (id) VALUES ({number}); END;\n",
        )
        live.succeed("deploy")
    live.by_hand("INSERT INTO v (one) VALUES (0)")
    assert live.rows("SELECT id FROM noted") == [(2,)]


@only("target", ["postgresql", "mssql"], indirect=True)
def test_schemas_lie_in_either_folder(live: Deployed) -> None:
    for folder, name in (("schema", "one"), ("schemas", "two")):
        live.write(f"database/{folder}/{name}.sql", f"CREATE SCHEMA {name};\n")
        live.write(f"database/tables/{name}.t.sql", f"CREATE TABLE {name}.t (id INTEGER);\n")
    live.succeed("structure")
    assert live.has("one.t")
    assert live.has("two.t")


LACKED = {
    "sqlite": ["schemas", "sequences", "types", "functions", "procedures", "synonyms", "rules"],
    "postgresql": ["synonyms"],
    "mysql": ["schemas", "types", "synonyms", "rules"],
}
TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MySQL"}


@pytest.mark.parametrize("target", LACKED, indirect=True)
def test_what_a_database_lacks_is_refused_by_name_before_anything_runs(live: Deployed) -> None:
    live.write("database/views/a.sql", "CREATE VIEW a AS SELECT 1 AS id;\n")
    for folder in LACKED[live.target.name]:
        file = live.write(f"database/{folder}/x.sql", "SELECT 1;\n")
        done = live.fail("structure" if folder == "schemas" else "deploy", code=2)
        assert f"{TITLES[live.target.name]} has no {folder}: database/{folder}/x.sql" in done.err
        file.unlink()
    assert not live.has("a")


def test_data_follows_foreign_keys_and_testdata_is_its_own_action(live: Deployed) -> None:
    live.target.query("CREATE TABLE zone (id INTEGER NOT NULL PRIMARY KEY)", live.database)
    live.target.query(
        "CREATE TABLE area (id INTEGER NOT NULL PRIMARY KEY, zone INTEGER NOT NULL,"
        " FOREIGN KEY (zone) REFERENCES zone (id))",
        live.database,
    )
    live.write("database/data/area.sql", "INSERT INTO area (id, zone) VALUES (1, 1);\n")
    live.write("database/data/zone.sql", "INSERT INTO zone (id) VALUES (1);\n")
    live.write("database/data/testdata/zone.sql", "INSERT INTO zone (id) VALUES (2);\n")
    live.succeed("data")
    assert live.rows("SELECT id FROM zone") == [(1,)]
    live.succeed("testdata")
    assert sorted(live.rows("SELECT id FROM zone")) == [(1,), (2,)]


def test_a_failing_file_leaves_the_files_before_it(live: Deployed) -> None:
    two_data_files(live)
    done = live.fail("data")
    assert "b.sql:" in done.err
    assert "nowhere" in done.err
    assert "Applied before: database/data/a.sql" in done.err
    assert "1 of 2 steps committed; database/data/b.sql was rolled back" in done.err
    assert ids(live) == [1]


@only("target", ["mysql"], indirect=True)
def test_where_statements_commit_by_themselves_the_failing_one_is_counted(live: Deployed) -> None:
    live.write(
        "database/tables/item.sql",
        "CREATE TABLE item (id INTEGER);\nINSERT INTO item (id) VALUES (1);\nINSERT INTO nowhere (id) VALUES (3);\n",
    )
    done = live.fail("structure")
    assert "item.sql:3:13: 1146" in done.err
    assert "Statement 3 of 3 in database/tables/item.sql failed; the 2 before it stay." in done.err
    assert ids(live) == [1]


def test_one_transaction_for_the_action_is_rolled_back_whole(live: Deployed) -> None:
    live.reconfigure(**ONE_TRANSACTION)
    two_data_files(live)
    done = live.fail("data")
    assert "rolled back" in done.err
    assert ids(live) == []
    live.write("database/data/b.sql", "INSERT INTO item (id) VALUES (2);\n")
    live.succeed("data")
    assert ids(live) == [1, 2]


def test_commit_as_you_go_keeps_each_file(live: Deployed) -> None:
    live.reconfigure(**ROW_BY_ROW)
    two_data_files(live)
    live.fail("data")
    assert 1 in ids(live)


@only("target", ["sqlite", "postgresql", "mssql"], indirect=True)
def test_one_transaction_holds_tables_and_views(live: Deployed) -> None:
    live.reconfigure(**ONE_TRANSACTION)
    table(live)
    live.write("database/tables/bad.sql", "CREATE TABLE bad (id NOSUCHTYPE REFERENCES nowhere (id) FOO);\n")
    live.fail("structure")
    assert not live.has("item")


@only("target", ["mysql"], indirect=True)
def test_one_transaction_is_not_promised_where_ddl_commits(live: Deployed) -> None:
    live.reconfigure(**ONE_TRANSACTION)
    table(live)
    live.write("database/tables/other.sql", "CREATE TABLE other (id NOSUCHTYPE);\n")
    done = live.fail("structure")
    assert "as before" not in done.err
    assert live.has("item")


LATE_ERROR = {
    "sqlite": "SELECT abs(n) FROM (SELECT 1 AS n UNION ALL SELECT -9223372036854775807 - 1);\n",
    "postgresql": "SELECT 1; SELECT 1 / n FROM (VALUES (1), (0)) AS v (n);\n",
    "mysql": "SELECT 1; SELECT * FROM nowhere;\n",
    "mssql": "SELECT 1 / n FROM (SELECT 1 AS n UNION ALL SELECT 0) AS v;\n",
}


def test_an_error_behind_the_first_row_fails_the_file(live: Deployed) -> None:
    live.write("database/data/a.sql", LATE_ERROR[live.target.name])
    assert "a.sql" in live.fail("data").err


@only("target", ["mssql"], indirect=True)
def test_an_error_behind_the_first_result_set_fails_the_file(live: Deployed) -> None:
    live.target.query("CREATE TABLE item (id INTEGER)", live.database)
    live.write("database/data/a.sql", "INSERT INTO item VALUES (1);\nSELECT id FROM item;\nRAISERROR('late', 16, 1);\n")
    assert "late" in live.fail("data").err
    assert ids(live) == []


SAID = {
    "postgresql": "DO $$ BEGIN RAISE NOTICE 'one %', 1; RAISE INFO 'two'; RAISE WARNING 'three'; END $$;\n",
    "mssql": "PRINT 'one 1';\nSELECT 1 AS n;\nRAISERROR('two', 10, 1) WITH NOWAIT;\nPRINT 'three';\n",
}


@only("target", list(SAID), indirect=True)
def test_what_the_server_says_is_in_the_output(live: Deployed) -> None:
    live.write("database/data/a.sql", SAID[live.target.name])
    said = live.succeed("data").out
    for word in ("one 1", "two", "three"):
        assert word in said


@only("target", ["mysql"], indirect=True)
def test_warnings_and_signals_of_low_class_are_told_with_their_line(live: Deployed) -> None:
    live.target.query("CREATE TABLE item (id INTEGER, name VARCHAR(20))", live.database)
    live.write(
        "database/procedures/warn.sql",
        "DELIMITER //\nCREATE PROCEDURE warn() BEGIN SELECT 1;\n"
        "SIGNAL SQLSTATE '01000' SET MESSAGE_TEXT = 'mind you'; END//\n",
    )
    live.write(
        "database/data/a.sql",
        "SET sql_mode = '';\nINSERT INTO item (id)\n  VALUES ('1x');\nCALL warn();\nDROP TABLE IF EXISTS nosuch;\n"
        f"INSERT INTO item (id) VALUES {', '.join(['(2)'] * 30)};\n"
        "UPDATE item SET name = CAST(CONCAT(id, 'y') AS SIGNED);\n",
    )
    live.succeed("deploy")
    done = live.succeed("data")
    assert "database/data/a.sql:2: Warning 1265: " in done.out
    assert "database/data/a.sql:4: Warning 1642: mind you" in done.out
    assert "database/data/a.sql:5: Note 1051: " in done.out
    assert done.out.count(": Warning 1292: ") == 10
    assert "database/data/a.sql:7: and 21 more warnings" in done.out


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_the_warnings_of_loaded_rows_are_shown_up_to_a_limit(live: Deployed) -> None:
    live.target.query("CREATE TABLE price (amount DECIMAL(5, 1), note VARCHAR(100))", live.database)
    rows = "".join(f"{number % 1000}.25;{'x' * 90}\n" for number in range(20_000))
    live.write("database/data/price.csv", "amount;note\n" + rows)
    done = live.succeed("data")
    assert done.out.count("Note 1265: Data truncated for column 'amount'") == 10
    assert "more warnings" in done.out


@only("target", ["postgresql"], indirect=True)
def test_a_notice_of_files_that_share_a_call_names_its_file(live: Deployed) -> None:
    for name in ("a", "b", "c"):
        live.write(
            f"database/views/{name}.sql", f"-- {name}\nDROP VIEW IF EXISTS {name};\nCREATE VIEW {name} AS SELECT 1;\n"
        )
    done = live.succeed("deploy")
    for name in ("a", "b", "c"):
        assert re.search(rf'database/views/{name}\.sql:2: NOTICE: .*"{name}"', done.out)


@only("target", ["postgresql"], indirect=True)
def test_a_notice_is_told_with_the_line_of_its_statement(live: Deployed) -> None:
    live.write(
        "database/data/a.sql",
        "SELECT 1;\nDO $$\nBEGIN\n  RAISE NOTICE 'n is %', 5;\nEND $$;\nDROP VIEW IF EXISTS nosuch;\n"
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN\nRAISE WARNING 'inside'; RETURN 1; END $$;\n"
        "SELECT f();\n",
    )
    done = live.succeed("data")
    assert "database/data/a.sql:4: NOTICE: n is 5" in done.out
    assert re.search(r'database/data/a\.sql:6: NOTICE: .*"nosuch"', done.out)
    assert "database/data/a.sql:8 (f(), line 2): WARNING: inside" in done.out


@only("target", ["postgresql"], indirect=True)
def test_what_the_server_says_is_there_before_the_file_ends(live: Deployed) -> None:
    live.write("database/data/a.sql", "DO $$ BEGIN RAISE NOTICE 'begun'; PERFORM pg_sleep(20); END $$;\n")
    with live.started("data", PYTHONUNBUFFERED="1") as process:
        assert process.stdout is not None
        started = time.monotonic()
        assert any("begun" in line for line in process.stdout)
        assert time.monotonic() - started < 15


@only("target", ["postgresql"], indirect=True)
def test_what_refuses_a_transaction_runs_alone_and_says_why(live: Deployed) -> None:
    live.target.query("CREATE TABLE item (id INTEGER)", live.database)
    live.write(
        "database/data/a.sql",
        "INSERT INTO item (id) VALUES (1); -- first\nCREATE INDEX CONCURRENTLY i ON item (id);\nVACUUM item;\n",
    )
    assert "outside of a transaction: CREATE INDEX CONCURRENTLY" in live.succeed("data", "--dry").out
    live.succeed("data")
    live.write("database/data/a.sql", "INSERT INTO item (id) VALUES (2);\nVACUUM item;\nVACUUM nowhere;\n")
    failed = live.fail("data")
    assert "a.sql:3:1: 42P01" in failed.err
    assert "Statement 3 of 3 in database/data/a.sql failed; the 2 before it stay." in failed.err
    assert ids(live) == [1, 2]
    live.reconfigure(**ONE_TRANSACTION)
    assert "begin_once" in live.fail("data", code=2).err


def test_a_header_takes_a_file_out_of_its_transaction(live: Deployed) -> None:
    live.target.query("CREATE TABLE item (id INTEGER)", live.database)
    live.write(
        "database/data/a.sql",
        "-- transaction: off\nINSERT INTO item (id) VALUES (1);\n{}INSERT INTO nowhere (id) VALUES (3);\n".format(
            "GO\n" if live.target.name == "mssql" else ""
        ),
    )
    assert "Statement 2 of 2 in database/data/a.sql failed; the one before it stays." in live.fail("data").err
    assert ids(live) == [1]


@only("target", ["postgresql"], indirect=True)
@only("mode", [{}, ONE_TRANSACTION], ids=["file by file", "one transaction"])
def test_what_fails_only_at_the_commit_is_a_failure(live: Deployed, mode: dict[str, str]) -> None:
    live.reconfigure(**mode)
    live.target.query("CREATE TABLE zone (id integer PRIMARY KEY)", live.database)
    live.target.query(
        "CREATE TABLE item (id integer REFERENCES zone (id) DEFERRABLE INITIALLY DEFERRED)", live.database
    )
    live.write("database/data/a.sql", "INSERT INTO item (id) VALUES (1);\n")
    failed = live.fail("data")
    assert "violates foreign key constraint" in failed.err
    assert "rolled back" in failed.err
    assert ids(live) == []
