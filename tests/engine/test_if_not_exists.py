"""Which statements create an object only where it is missing, by their heads."""

from __future__ import annotations

import pytest

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.engine.if_not_exists import creations


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
