"""Which statements create an object only where it is missing, by their heads."""

from __future__ import annotations

import pytest

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.project.creations import creations


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sqlite", "-- about\nCREATE VIEW IF NOT EXISTS v AS SELECT 1"),
        ("sqlite", "create trigger if not exists main.tr after insert on t begin select 1; end"),
        ("mysql", "CREATE DEFINER=CURRENT_USER() SQL SECURITY INVOKER VIEW IF NOT EXISTS v AS SELECT 1"),
        ("mysql", "CREATE DEFINER=`a`@`%` PROCEDURE IF NOT EXISTS p() SELECT 1"),
        ("mysql", "CREATE AGGREGATE FUNCTION IF NOT EXISTS f(x int) RETURNS int RETURN 1"),
        ("mysql", "CREATE EVENT IF NOT EXISTS e ON SCHEDULE EVERY 1 DAY DO SELECT 1"),
        ("postgresql", "CREATE MATERIALIZED VIEW IF NOT EXISTS s.v AS SELECT 1"),
        ("postgresql", "CREATE SEQUENCE IF NOT EXISTS s START 5"),
        ("mysql", "CREATE SEQUENCE IF NOT EXISTS s START WITH 5; ALTER SEQUENCE other START WITH 7"),
        ("postgresql", "CREATE SEQUENCE IF NOT EXISTS s START 5; ALTER SEQUENCE s OWNED BY t.id"),
    ],
)
def test_a_head_with_if_not_exists_leaves_what_is_there(name: str, text: str) -> None:
    assert [creation.only_if_missing for creation in creations(text, dialect(name)).values()] == [True]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sqlite", "CREATE VIEW v AS SELECT 'IF NOT EXISTS'"),
        ("mysql", "CREATE PROCEDURE p() IF NOT EXISTS (SELECT 1) THEN SELECT 2; END IF"),
        ("mysql", "CREATE OR REPLACE PROCEDURE p() CREATE VIEW IF NOT EXISTS v AS SELECT 1"),
        ("mysql", "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW IF NOT EXISTS (SELECT 1) THEN SET @a = 1; END IF"),
        ("postgresql", "CREATE OR REPLACE VIEW v AS SELECT 1 WHERE NOT EXISTS (SELECT 1)"),
    ],
)
def test_if_not_exists_in_a_body_is_no_head(name: str, text: str) -> None:
    text = f"DELIMITER //\n{text}//" if name == "mysql" else text
    assert [creation.only_if_missing for creation in creations(text, dialect(name)).values()] == [False]


def test_each_object_of_a_text_has_its_own_statement() -> None:
    found = creations("CREATE VIEW a AS SELECT 1;\n-- b\nCREATE VIEW IF NOT EXISTS b AS SELECT 2;\n", dialect("sqlite"))
    assert {definition.name.name: creation.text for definition, creation in found.items()} == {
        "a": "CREATE VIEW a AS SELECT 1",
        "b": "CREATE VIEW IF NOT EXISTS b AS SELECT 2",
    }


@pytest.mark.parametrize(
    ("name", "text", "runs_again"),
    [
        ("postgresql", "CREATE SEQUENCE IF NOT EXISTS s START 5; ALTER SEQUENCE public.s START 7", "replaces"),
        ("postgresql", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "replaces"),
        (
            "mssql",
            "IF OBJECT_ID('v') IS NULL EXEC('CREATE VIEW v AS SELECT 1 AS x')\nGO\nALTER VIEW v AS SELECT 2 AS x",
            "replaces",
        ),
        ("mssql", "IF NOT EXISTS (SELECT 1 FROM sys.sequences) CREATE SEQUENCE s START WITH 5", "guarded"),
        (
            "postgresql",
            "DO $$ BEGIN CREATE TYPE m AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN END $$",
            "guarded",
        ),
        (
            "postgresql",
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN IF NOT true THEN END IF; END $$",
            "",
        ),
        ("mysql", "CREATE PROCEDURE p() IF NOT EXISTS (SELECT 1) THEN SELECT 2; END IF", ""),
    ],
)
def test_a_statement_runs_again_where_it_leaves_replaces_or_asks_for_the_object(
    name: str, text: str, runs_again: str
) -> None:
    text = f"DELIMITER //\n{text}//" if name == "mysql" else text
    (creation,) = creations(text, dialect(name)).values()
    assert [field for field in ("only_if_missing", "replaces", "guarded") if getattr(creation, field)] == [
        *([runs_again] if runs_again else [])
    ]
    assert creation.runs_again == bool(runs_again)
