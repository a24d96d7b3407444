"""Each kind of file has a rule of its own of when it runs again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from inside import Deployed


def table(live: Deployed, columns: str, head: str = "CREATE TABLE") -> None:
    owner = "dbo." if live.target.name == "mssql" else ""
    live.write("database/tables/item.sql", f"{head} {owner}item ({columns});\n")


def test_a_changed_create_table_is_refused_and_named(live: Deployed) -> None:
    table(live, "id INTEGER")
    live.succeed("structure")
    table(live, "id INTEGER, price INTEGER")
    live.write("database/constraints/x.sql", "CREATE TABLE never (id INTEGER);\n")
    refused = live.fail("structure", code=2).text
    assert "database/tables/item.sql has changed" in refused
    assert "Write a migration" in refused
    assert not live.has("never")
    live.by_hand("DROP TABLE item")
    live.succeed("structure")
    assert live.rows("SELECT price FROM item") == []


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mysql"], indirect=True)
def test_a_changed_file_that_can_run_again_is_run(live: Deployed) -> None:
    table(live, "id INTEGER", "CREATE TABLE IF NOT EXISTS")
    live.succeed("structure")
    table(live, "id INTEGER, price INTEGER", "DROP TABLE IF EXISTS item; CREATE TABLE")
    live.succeed("structure")
    assert live.rows("SELECT price FROM item") == []


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mysql"], indirect=True)
def test_a_changed_create_table_if_not_exists_is_refused(live: Deployed) -> None:
    table(live, "id INTEGER", "CREATE TABLE IF NOT EXISTS")
    live.succeed("structure")
    table(live, "id INTEGER, price INTEGER", "CREATE TABLE IF NOT EXISTS")
    refused = live.fail("structure", code=2).text
    assert "database/tables/item.sql has changed since it created the table" in refused
    table(
        live, "id INTEGER", "-- of the shop\nCREATE TABLE IF NOT EXISTS other (id INTEGER);\nCREATE TABLE IF NOT EXISTS"
    )
    live.succeed("structure")
    assert live.has("other")
    table(live, "id INTEGER, price INTEGER", "ALTER TABLE item ADD COLUMN price INTEGER;\nCREATE TABLE IF NOT EXISTS")
    live.succeed("structure")
    assert live.rows("SELECT price FROM item") == []


@pytest.mark.parametrize("target", ["mssql", "postgresql"], indirect=True)
def test_a_changed_table_under_a_condition_is_told_of(live: Deployed) -> None:
    create = "CREATE TABLE {}item ({{}})".format("dbo." if live.target.name == "mssql" else "")
    under = (
        "IF OBJECT_ID('dbo.item') IS NULL " + create
        if live.target.name == "mssql"
        else f"DO $$ BEGIN IF to_regclass('item') IS NULL THEN {create}; END IF; END $$"
    )
    live.write("database/tables/item.sql", under.format("id INTEGER") + ";\n")
    live.succeed("structure")
    live.write("database/tables/item.sql", under.format("id INTEGER, price INTEGER") + ";\n")
    assert "a condition in the file may leave it as it is" in live.succeed("structure").text


def test_what_is_named_always_runs(live: Deployed) -> None:
    live.by_hand("CREATE TABLE counted (id INTEGER)")
    owner = "dbo." if live.target.name == "mssql" else ""
    insert = f"INSERT INTO {owner}counted VALUES (1);\n"
    live.write("database/create_db_permissions.sql", insert)
    live.write("database/data/d.sql", insert)
    live.write("database/tests/t.sql", "SELECT 'OK' AS result;\n")
    live.view("a", "SELECT 1 AS one")
    for times in (1, 2):
        permissions = [] if live.target.name == "sqlite" else ["create-db-permissions"]
        live.succeed(*permissions, "data", "test")
        assert live.rows("SELECT COUNT(*) FROM counted") == [((1 + len(permissions)) * times,)]
        assert " ok " in live.succeed("deploy", "--files", "database/views/a.sql").text
        assert "passed" in live.succeed("test").text


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
def test_descriptions_run_where_they_differ_and_after_a_drop_and_create(live: Deployed) -> None:
    live.view("a", "SELECT 1 AS one")
    live.write("docs/db_objects/views.json", json.dumps({"public.a": {"Description": "words"}}))
    comment = "SELECT obj_description('a'::regclass)"
    live.succeed("deploy")
    assert live.rows(comment) == [("words",)]
    assert "nothing to do" in live.succeed("plan", "--check").text
    assert "nothing to do" in live.succeed("deploy").text
    live.write("docs/db_objects/views.json", json.dumps({"public.a": {"Description": "other words"}}))
    assert "description update" in live.succeed("deploy").text
    assert live.rows(comment) == [("other words",)]
    live.write("database/views/a.sql", "DROP VIEW IF EXISTS a; CREATE VIEW a AS SELECT 2 AS one;\n")
    live.succeed("deploy")
    assert live.rows(comment) == [("other words",)]
    live.succeed("plan", "--check")
