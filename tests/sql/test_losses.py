from __future__ import annotations

import pytest

from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE
from ahjo_tasks.sql.losses import find_losses

DESTROYS = [
    ("DROP TABLE IF EXISTS shop, sales.item CASCADE", ["DROP TABLE shop", "DROP TABLE sales.item"]),
    ("drop /* old */ materialized view v", ["DROP MATERIALIZED VIEW v"]),
    ("TRUNCATE TABLE shop", ["TRUNCATE shop"]),
    ("TRUNCATE ONLY shop, item", ["TRUNCATE shop", "TRUNCATE item"]),
    ("DELETE FROM shop", ["DELETE FROM shop without WHERE"]),
    ("DELETE FROM shop WHERE id = 1", []),
    ("DELETE FROM shop -- WHERE id = 1", ["DELETE FROM shop without WHERE"]),
    ("WITH d AS (DELETE FROM shop RETURNING id) SELECT id FROM d WHERE id > 1", ["DELETE FROM shop without WHERE"]),
    ("WITH d AS (SELECT 1 WHERE 1 = 1) DELETE FROM shop", ["DELETE FROM shop without WHERE"]),
    ("ALTER TABLE shop DROP COLUMN IF EXISTS name", ["DROP COLUMN shop.name"]),
    ("ALTER TABLE shop DROP name, DROP COLUMN price", ["DROP COLUMN shop.name", "DROP COLUMN shop.price"]),
    ("ALTER TABLE shop DROP CONSTRAINT fk, ALTER COLUMN name DROP NOT NULL", []),
    ("ALTER TABLE item ADD FOREIGN KEY (shop) REFERENCES shop (id) ON DELETE CASCADE", []),
    ("GRANT DELETE, TRUNCATE ON shop TO clerk", []),
    ("SELECT 'DROP TABLE shop'", []),
    ("CREATE TRIGGER t AFTER DELETE ON shop BEGIN DELETE FROM item; END", []),
]


@pytest.mark.parametrize("syntax", [POSTGRESQL, SQLITE, MYSQL], ids=["postgresql", "sqlite", "mysql"])
@pytest.mark.parametrize(("text", "losses"), DESTROYS)
def test_what_a_statement_destroys(syntax: object, text: str, losses: list[str]) -> None:
    assert find_losses([text], syntax) == losses  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "losses"),
    [
        ("IF 1 = 1 DELETE [dbo].[shop] SELECT 1 WHERE 1 = 1", ["DELETE FROM [dbo].[shop] without WHERE"]),
        ("DELETE shop\nINSERT INTO shop SELECT 1 WHERE 1 = 1", ["DELETE FROM shop without WHERE"]),
        ("DELETE TOP (5) FROM shop WHERE id = 1", []),
        ("DROP TABLE #work DROP TABLE shop", ["DROP TABLE shop"]),
        ("ALTER TABLE shop DROP COLUMN name, price", ["DROP COLUMN shop.name", "DROP COLUMN shop.price"]),
        ("ALTER TABLE shop DROP CONSTRAINT fk", []),
        ("CREATE OR ALTER PROCEDURE p AS DELETE FROM shop", []),
        ("CREATE TABLE item (shop int REFERENCES shop ON DELETE CASCADE)", []),
    ],
)
def test_what_a_batch_of_sql_server_destroys(text: str, losses: list[str]) -> None:
    assert find_losses([text], MSSQL) == losses


def test_a_table_that_alembic_copies_is_not_destroyed() -> None:
    copy = [
        "CREATE TABLE _alembic_tmp_shop (id INT)",
        "DROP TABLE shop",
        "ALTER TABLE _alembic_tmp_shop RENAME TO shop",
    ]
    assert find_losses(copy, SQLITE) == []
