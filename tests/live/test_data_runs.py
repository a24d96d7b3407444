"""Data files are run each time, once or on change, and a run that did not end goes on where it stopped."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from inside import deployed
from kills import before_record, before_step, killed

from ahjo_tasks.engine.effect_lookup import was_done

if TYPE_CHECKING:
    from pathlib import Path

    from inside import Deployed
    from targets import Target

INSERT = "INSERT INTO item VALUES ({});\n"


@pytest.fixture
def shop(live: Deployed) -> Deployed:
    """A table, and nothing that fills it yet."""
    live.target.query("CREATE TABLE item (id INTEGER)", live.database)
    return live


def ids(live: Deployed) -> list[int]:
    return sorted(row[0] for row in live.rows("SELECT id FROM item"))


def script(live: Deployed, name: str, *numbers: int, head: str = "") -> None:
    live.write(f"database/data/{name}.sql", head + "".join(map(INSERT.format, numbers)))


def test_a_script_runs_each_time_unless_its_header_says_otherwise(shop: Deployed) -> None:
    script(shop, "a", 1)
    script(shop, "b", 2, head="-- run: once\n")
    script(shop, "c", 3, head="-- run: on change\n")
    shop.succeed("data")
    shop.succeed("data")
    assert ids(shop) == [1, 1, 2, 3]
    script(shop, "b", 20, head="-- run: once\n")
    script(shop, "c", 30, head="-- run: on change\n")
    shop.succeed("data")
    assert ids(shop) == [1, 1, 1, 2, 3, 30]
    shop.succeed("data", "--all")
    assert ids(shop) == [1, 1, 1, 1, 2, 3, 20, 30, 30]


def test_a_table_file_runs_as_its_options_say(shop: Deployed) -> None:
    shop.write("database/data/item.csv", "id\n7\n")
    shop.write("database/data/item.load.yaml", "run: on change\n")
    shop.succeed("data")
    assert "unchanged since it was run" in shop.succeed("data").text
    assert ids(shop) == [7]
    shop.write("database/data/item.csv", "id\n8\n")
    shop.succeed("data")
    assert ids(shop) == [7, 8]


def test_data_that_has_not_changed_is_found_by_one_hash_of_all_its_files(shop: Deployed) -> None:
    script(shop, "a", 1, head="-- run: on change\n")
    script(shop, "b", 2, head="-- run: once\n")
    shop.succeed("data")
    program = (
        "import sys; from invoke.program import Program; from ahjo_tasks import namespace;"
        "Program(namespace=namespace()).run(['inv', 'data', '--config', 'dev.json'], exit=False);"
        "print('modules', *sys.modules)"
    )
    done = shop.run(sys.executable, "-c", program)
    assert "database/data: unchanged since it was run" in done.text
    assert "ahjo_tasks.sql.references" not in done.out.partition("modules ")[2].split()
    assert ids(shop) == [1, 2]


def of_file(shop: Deployed) -> str:
    """The column of a file's name in the history of data, which is a keyword somewhere."""
    with shop.connection() as connection:
        return connection.dialect.quote("file")


HASHED = {
    "a file": lambda shop: script(shop, "a", 1, 3, head="-- run: on change\n"),
    "a new file": lambda shop: script(shop, "c", 3),
    "a variable": lambda shop: shop.reconfigure(scripting_variables={"number": 3}),
    "an option of table files": lambda shop: shop.reconfigure(data_loading={"separator": ","}),
    "an unfinished run": lambda shop: shop.by_hand(f"UPDATE ahjo_data SET unfinished = 1 WHERE {of_file(shop)} <> ''"),
}


@pytest.mark.parametrize("change", HASHED)
def test_whatever_data_depends_on_is_in_the_hash(shop: Deployed, change: str) -> None:
    shop.reconfigure(scripting_variables={"number": 2})
    shop.write("database/data/a.sql", "-- run: on change\nINSERT INTO item VALUES ($(number));\n")
    shop.succeed("data")
    HASHED[change](shop)
    assert "database/data: unchanged" not in shop.succeed("data").text


def test_of_data_that_runs_each_time_and_of_a_secret_no_hash_is_kept(shop: Deployed) -> None:
    script(shop, "a", 1, head="-- run: once\n")
    shop.write("database/data/b.sql", "-- run: on change\nINSERT INTO item SELECT 2 WHERE 'hush-hush' <> '';\n")
    shop.reconfigure(password="hush-hush") if shop.target.name == "sqlite" else script(shop, "b", 2)
    shop.succeed("data")
    assert shop.rows(f"SELECT 1 FROM ahjo_data WHERE {of_file(shop)} = ''") == []


def test_a_rule_with_a_typo_is_named_and_runs_each_time(shop: Deployed) -> None:
    script(shop, "a", 1, head="-- run: onse\n")
    assert "a.sql:1:1: run: expected always, once, on change, got 'onse'" in shop.succeed("data").text


def test_a_failed_run_goes_on_behind_the_files_that_are_done(shop: Deployed) -> None:
    script(shop, "a", 1)
    shop.write("database/data/b.sql", "INSERT INTO nowhere VALUES (1);\n")
    shop.fail("data")
    script(shop, "b", 2)
    assert "a.sql: done by the run before" in shop.succeed("data").text
    assert ids(shop) == [1, 2]
    shop.succeed("data")
    assert ids(shop) == [1, 1, 2, 2]


def test_a_killed_run_goes_on_behind_the_files_that_are_done(shop: Deployed) -> None:
    shop.reconfigure(lock_timeout=20)
    for number, name in enumerate("abcd", 1):
        script(shop, name, number)
    killed(shop, "data", kill=before_step(2))
    assert ids(shop) == [1, 2]
    shop.succeed("data")
    assert ids(shop) == [1, 2, 3, 4]


def test_a_failed_script_goes_on_behind_the_statements_that_were_committed(shop: Deployed) -> None:
    head = "-- transaction: off\n"
    if shop.target.name == "mssql":
        pytest.skip("a file is one batch")
    script(shop, "a", 1, 2, head=head)
    with (shop.directory / "database/data/a.sql").open("a") as file:
        file.write("INSERT INTO nowhere VALUES (3);\n")
    shop.fail("data")
    script(shop, "a", 1, 2, 3, head=head)
    done = shop.succeed("data")
    assert "is not known" not in done.text
    assert ids(shop) == [1, 2, 3]


def test_the_one_statement_that_may_be_done_is_named_after_a_kill(shop: Deployed) -> None:
    if shop.target.name == "mssql":
        pytest.skip("a file is one batch")
    shop.reconfigure(lock_timeout=20)
    script(shop, "a", 1, 2, 3, head="-- transaction: off\n")
    killed(shop, "data", kill=before_record(2))
    assert ids(shop) == [1, 2]
    done = shop.succeed("data")
    assert "a.sql:3: the run before was ended here: whether this statement was done is not known" in done.text
    assert ids(shop) == [1, 2, 2, 3]


SETTINGS = [
    pytest.param("postgresql", "SET search_path TO pg_catalog", id="search_path"),
    pytest.param("postgresql", "CREATE ROLE {0}_role; GRANT INSERT ON item TO {0}_role; SET ROLE {0}_role", id="role"),
    pytest.param("mysql", "USE mysql", id="database"),
    pytest.param("mysql", "LOCK TABLES item WRITE", id="locks"),
    pytest.param("mysql", "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'", id="modes"),
]


@pytest.mark.parametrize("head", ["", "-- transaction: off\n"])
@pytest.mark.parametrize(("target", "setting"), SETTINGS, indirect=["target"])
def test_what_a_script_sets_does_not_hide_the_record_of_it(shop: Deployed, setting: str, head: str) -> None:
    owner = "public" if shop.target.name == "postgresql" else shop.database
    statements = f"{setting.format(shop.database)};\nINSERT INTO {owner}.item VALUES (1);\n"
    shop.write("database/data/a.sql", f"-- run: once\n{head}{statements}")
    try:
        shop.succeed("data")
        assert "unchanged since it was run" in shop.succeed("data").text
        assert ids(shop) == [1]
    finally:
        if "ROLE" in setting:
            shop.by_hand(f"DROP OWNED BY {shop.database}_role; DROP ROLE {shop.database}_role")


def test_a_script_whose_procedure_commits_is_not_done_until_its_end(mysql_target: Target, tmp_path: Path) -> None:
    shop = deployed(mysql_target, tmp_path / "shop")
    shop.by_hand("CREATE TABLE item (id INTEGER)", "CREATE PROCEDURE keep() COMMIT")
    head = "-- run: once\nINSERT INTO item VALUES (1);\nCALL keep();\n"
    shop.write("database/data/a.sql", f"{head}INSERT INTO nowhere VALUES (2);\n")
    shop.fail("data")
    shop.write("database/data/a.sql", f"{head}INSERT INTO item VALUES (2);\n")
    assert "done by an earlier run" not in shop.succeed("data").text
    assert 2 in ids(shop)


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize("rule", ["once", "on change"])
def test_a_script_that_the_server_takes_outside_of_transactions_only_is_recorded(shop: Deployed, rule: str) -> None:
    body = "BEGIN INSERT INTO item VALUES (1); COMMIT; END"
    shop.by_hand(f"CREATE PROCEDURE fill() LANGUAGE plpgsql AS '{body}'")
    shop.write("database/data/a.sql", f"-- run: {rule}\nCALL fill();\n")
    shop.succeed("data")
    shop.succeed("data")
    assert ids(shop) == [1]


OBJECTS = {
    "sqlite": "CREATE TRIGGER t{0} AFTER INSERT ON item BEGIN SELECT 1; END;\n",
    "postgresql": "CREATE VIEW t{0} AS SELECT {0} AS id;\n",
    "mysql": "CREATE VIEW t{0} AS SELECT {0} AS id;\n",
}


def of_objects(live: Deployed, *numbers: int, more: str = "") -> None:
    """Write a file of objects whose statements commit alone, and that cannot run again from its beginning."""
    head = "" if live.target.name == "mysql" else "-- transaction: off\n"
    text = "".join(OBJECTS[live.target.name].format(number) + INSERT.format(number) for number in numbers)
    live.write("database/views/t.sql", f"{head}{text}{more}")


@pytest.mark.parametrize("target", sorted(OBJECTS), indirect=True)
def test_a_failed_file_of_objects_goes_on_behind_the_statements_that_were_committed(shop: Deployed) -> None:
    of_objects(shop, 1, 2, more="INSERT INTO nowhere VALUES (3);\n")
    shop.fail("deploy")
    assert ids(shop) == [1, 2]
    shop.fail("deploy")
    of_objects(shop, 1, 2, 3)
    done = shop.succeed("deploy")
    assert "is not known" not in done.text
    assert ids(shop) == [1, 2, 3]
    assert shop.rows("SELECT file FROM ahjo_data") == []


@pytest.mark.parametrize("statement", [1, 2, 3])
@pytest.mark.parametrize("target", sorted(OBJECTS), indirect=True)
def test_a_killed_file_of_objects_looks_its_last_statement_up_or_names_it(shop: Deployed, statement: int) -> None:
    shop.reconfigure(lock_timeout=20)
    of_objects(shop, 1, 2)
    killed(shop, "deploy", kill=before_record(statement))
    done = shop.succeed("deploy")
    line = statement + (shop.target.name == "postgresql" or (shop.target.name == "sqlite" and statement > 1))
    creates = statement != 2
    known = "this statement was done" if creates else "whether this statement was done is not known. It runs now"
    assert f"t.sql:{line}: the run before was ended here: {known}" in done.text
    assert ids(shop) == ([1, 2] if creates else [1, 1, 2])
    assert shop.rows("SELECT file FROM ahjo_data") == []


@pytest.mark.parametrize("target", sorted(OBJECTS), indirect=True)
def test_a_killed_file_whose_create_was_not_done_runs_it(shop: Deployed) -> None:
    shop.reconfigure(lock_timeout=20)
    of_objects(shop, 1, 2)
    killed(shop, "deploy", kill=before_record(3))
    kind = "TRIGGER" if shop.target.name == "sqlite" else "VIEW"
    shop.by_hand(f"DROP {kind} t2")
    done = shop.succeed("deploy")
    assert "the run before was ended here" not in done.text
    assert ids(shop) == [1, 2]


LOOKED_UP = {
    "postgresql": [
        ("CREATE TRIGGER t BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION f()", False),
        ("CREATE TRIGGER t BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION f()", True),
        ("CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'", None),
        ("CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 1'", False),
        ("CREATE INDEX CONCURRENTLY half ON item (id)", None),
        ("CREATE INDEX CONCURRENTLY i ON item (id)", True),
        ("INSERT INTO item VALUES (1)", None),
        ("CREATE OR REPLACE VIEW v AS SELECT 1 AS one", None),
    ],
    "mysql": [
        ("CREATE DEFINER = CURRENT_USER TRIGGER t BEFORE INSERT ON item FOR EACH ROW SET @a = 1", True),
        ("CREATE TABLE item (id INTEGER)", True),
        ("CREATE VIEW v AS SELECT 1 AS one", False),
        ("ALTER TABLE item ADD COLUMN id INTEGER, ADD COLUMN name INTEGER", None),
    ],
}
MADE = {
    "postgresql": (
        "CREATE TABLE other (id INTEGER)",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER t BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE INDEX i ON item (id)",
        "CREATE INDEX half ON item (id)",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'half'::regclass",
    ),
    "mysql": ("CREATE TRIGGER t BEFORE INSERT ON item FOR EACH ROW SET @a = 1",),
}


@pytest.mark.parametrize("target", sorted(LOOKED_UP), indirect=True)
def test_what_the_catalog_tells_of_a_statement(shop: Deployed) -> None:
    shop.by_hand(*MADE[shop.target.name])
    with shop.connection() as connection:
        found = {text: was_done(connection, text) for text, _expected in LOOKED_UP[shop.target.name]}
    assert found == dict(LOOKED_UP[shop.target.name])


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_a_structure_that_failed_goes_on(live: Deployed) -> None:
    for name in ("a", "b"):
        live.write(f"database/tables/{name}.sql", f"CREATE TABLE {name} (id INTEGER);\n")
    live.write("database/tables/c.sql", "CREATE TABLE c (id INTEGER);\nCREATE TABLE d (id NOTHING);\n")
    live.fail("structure")
    live.fail("structure")
    live.write("database/tables/c.sql", "CREATE TABLE c (id INTEGER);\nCREATE TABLE d (id INTEGER);\n")
    done = live.succeed("structure")
    assert "database/tables/a.sql: done by the run before, which did not come to its end" in done.text
    assert all(map(live.has, "abcd"))
