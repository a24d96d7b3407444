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
    ("UPDATE shop SET name = ''", ["UPDATE shop without WHERE"]),
    ("UPDATE shop SET name = '' WHERE id = 1", []),
    ("UPDATE shop SET name = (SELECT max(n) FROM item WHERE id = 1)", ["UPDATE shop without WHERE"]),
    ("UPDATE shop SET name = CASE WHEN id = 1 THEN 'a' END WHERE id < 9", []),
    ("WITH d AS (UPDATE shop SET a = 1 RETURNING id) SELECT id FROM d WHERE id > 1", ["UPDATE shop without WHERE"]),
    ("INSERT INTO shop (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = ''", []),
    ("INSERT INTO shop (id) VALUES (1) ON DUPLICATE KEY UPDATE name = ''", []),
    ("ALTER TABLE item ADD FOREIGN KEY (shop) REFERENCES shop (id) ON UPDATE SET NULL ON DELETE SET NULL", []),
    ("SELECT id FROM shop FOR UPDATE", []),
    ("GRANT UPDATE ON shop TO clerk", []),
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
        ("DROP MASTER KEY CREATE MASTER KEY ENCRYPTION BY PASSWORD = 'x'", ["DROP MASTER KEY"]),
        ("USE shop DROP /* its */ DATABASE ENCRYPTION KEY; SELECT 1", ["DROP DATABASE ENCRYPTION KEY"]),
        (
            "DROP COLUMN MASTER KEY k; ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY",
            ["DROP COLUMN MASTER KEY k"],
        ),
        ("ALTER TABLE shop DROP COLUMN name, price", ["DROP COLUMN shop.name", "DROP COLUMN shop.price"]),
        ("ALTER TABLE shop DROP CONSTRAINT fk", []),
        (
            "ALTER TABLE shop DROP fk, CONSTRAINT pk, COLUMN name, price",
            ["DROP COLUMN shop.name", "DROP COLUMN shop.price"],
        ),
        ("ALTER TABLE shop DROP COLUMN IF EXISTS name, CONSTRAINT fk", ["DROP COLUMN shop.name"]),
        ("ALTER TABLE shop ALTER COLUMN name DROP MASKED ALTER TABLE item ALTER COLUMN x DROP SPARSE", []),
        ("ALTER TABLE shop ADD x int; ALTER ROLE r DROP MEMBER u ALTER FULLTEXT INDEX ON shop DROP (name)", []),
        ("ALTER TABLE shop DROP PERIOD FOR SYSTEM_TIME", []),
        ("MERGE shop USING item ON a = b WHEN NOT MATCHED BY SOURCE THEN DELETE;", []),
        ("WITH c AS (SELECT COUNT(*) n FROM shop WHERE x = 1) DELETE c", []),
        ("WITH c AS (SELECT x FROM shop) DELETE c", ["DELETE FROM c without WHERE"]),
        ("WITH c AS (SELECT x FROM shop WHERE x = 1) UPDATE c SET x = 2", []),
        ("DELETE #work UPDATE ##work SET x = 1 DELETE FROM @rows UPDATE @rows SET x = 1", []),
        (
            "DROP EVENT SESSION s ON SERVER DROP SECURITY POLICY dbo.p",
            ["DROP EVENT SESSION s", "DROP SECURITY POLICY dbo.p"],
        ),
        (
            "DROP SYMMETRIC KEY k; DROP CERTIFICATE c DROP QUEUE q",
            ["DROP SYMMETRIC KEY k", "DROP CERTIFICATE c", "DROP QUEUE q"],
        ),
        ("DROP DATABASE SCOPED CREDENTIAL c; DROP STATISTICS dbo.shop.s", ["DROP DATABASE SCOPED CREDENTIAL c"]),
        ("DROP SIGNATURE FROM dbo.p BY CERTIFICATE c", []),
        ("CREATE OR ALTER PROCEDURE p AS DELETE FROM shop", []),
        ("CREATE TABLE item (shop int REFERENCES shop ON DELETE CASCADE)", []),
    ],
)
def test_what_a_batch_of_sql_server_destroys(text: str, losses: list[str]) -> None:
    assert find_losses([text], MSSQL) == losses


@pytest.mark.parametrize(
    ("texts", "losses"),
    [
        (["ALTER TABLE shop ADD COLUMN name text", "UPDATE shop SET name = ''"], []),
        (["ALTER TABLE shop ADD name text, ADD price int", "UPDATE shop SET name = '', price = 1"], []),
        (["ALTER TABLE shop ADD name text", "UPDATE shop SET name = '', old = 1"], ["UPDATE shop without WHERE"]),
        (["UPDATE shop SET name = ''", "ALTER TABLE shop ADD name text"], ["UPDATE shop without WHERE"]),
    ],
)
def test_new_columns_have_nothing_to_lose(texts: list[str], losses: list[str]) -> None:
    assert find_losses(texts, POSTGRESQL) == losses


@pytest.mark.parametrize(
    ("syntax", "text", "losses"),
    [
        (MYSQL, "UPDATE shop JOIN item ON item.shop = shop.id SET shop.name = ''", []),
        (MYSQL, "DROP TABLES IF EXISTS shop, item", ["DROP TABLE shop", "DROP TABLE item"]),
        (MYSQL, "ALTER IGNORE TABLE shop DROP name", ["DROP COLUMN shop.name"]),
        (MYSQL, "ALTER ONLINE TABLE shop DROP COLUMN name, DROP KEY k", ["DROP COLUMN shop.name"]),
        (MYSQL, "ALTER TABLE shop DROP PARTITION p0, p1", ["DROP PARTITION shop.p0", "DROP PARTITION shop.p1"]),
        (MYSQL, "ALTER TABLE shop DROP PARTITION IF EXISTS p0", ["DROP PARTITION shop.p0"]),
        (MYSQL, "ALTER TABLE shop TRUNCATE PARTITION ALL", ["TRUNCATE PARTITION shop.ALL"]),
        (MYSQL, "ALTER TABLE shop DISCARD TABLESPACE", ["DISCARD TABLESPACE of shop"]),
        (MYSQL, "ALTER TABLE shop DROP SYSTEM VERSIONING", ["DROP SYSTEM VERSIONING of shop"]),
        (MYSQL, "ALTER TABLE shop DROP PERIOD FOR SYSTEM_TIME", []),
        (MYSQL, "ALTER TABLE shop REMOVE PARTITIONING", []),
        (MYSQL, "DELETE HISTORY FROM shop", ["DELETE HISTORY FROM shop without BEFORE"]),
        (MYSQL, "DELETE HISTORY FROM shop BEFORE SYSTEM_TIME '2020-01-01'", []),
        (MYSQL, "DELETE FROM shop FOR PORTION OF open FROM '2000-01-01' TO '2001-01-01'", []),
        (MYSQL, "CREATE OR REPLACE TABLE shop (id int)", ["CREATE OR REPLACE TABLE shop"]),
        (MYSQL, "CREATE OR REPLACE DATABASE shop", ["CREATE OR REPLACE DATABASE shop"]),
        (MYSQL, "CREATE OR REPLACE TEMPORARY TABLE shop (id int)", []),
        (MYSQL, "CREATE OR REPLACE VIEW v AS SELECT 1", []),
        (MYSQL, "UPDATE `shop` SET name = IF(id = 1, 'a', 'b') WHERE id < 9", []),
        (MYSQL, "UPDATE LOW_PRIORITY IGNORE shop SET name = '' LIMIT 5", []),
        (SQLITE, "UPDATE OR REPLACE shop SET name = ''", ["UPDATE shop without WHERE"]),
        (MSSQL, "UPDATE dbo.shop SET name = '' SELECT 1 WHERE 1 = 1", ["UPDATE dbo.shop without WHERE"]),
        (MSSQL, "UPDATE s SET name = '' FROM dbo.shop s JOIN item ON item.shop = s.id", []),
        (MSSQL, "UPDATE TOP (5) shop SET name = ''", []),
        (MSSQL, "UPDATE STATISTICS dbo.shop SET NOCOUNT ON", []),
        (MYSQL, "ALTER TABLE shop DROP FOREIGN KEY fk, DROP KEY k, DROP PRIMARY KEY", []),
        (MSSQL, "MERGE shop USING item ON a = b WHEN MATCHED THEN UPDATE SET name = ''", []),
    ],
)
def test_what_each_database_writes_in_an_update(syntax: object, text: str, losses: list[str]) -> None:
    assert find_losses([text], syntax) == losses  # type: ignore[arg-type]


def test_a_table_that_alembic_copies_is_not_destroyed() -> None:
    copy = [
        "CREATE TABLE _alembic_tmp_shop (id INT)",
        "DROP TABLE shop",
        "ALTER TABLE _alembic_tmp_shop RENAME TO shop",
    ]
    assert find_losses(copy, SQLITE) == []
