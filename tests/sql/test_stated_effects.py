"""Statements state which tables, columns, indexes and objects are there after them."""

from __future__ import annotations

import pytest

from ahjo_tasks.sql.lexer import MYSQL, POSTGRESQL
from ahjo_tasks.sql.stated_effects import stated_effects

STATED = {
    "CREATE TABLE t (id INT)": ["+table t"],
    "\nCREATE TABLE `my t` (\n\tid INTEGER NOT NULL, \n\tPRIMARY KEY (id)\n)\n\n": ["+table my t"],
    "CREATE UNIQUE INDEX ix ON t (a, b)": ["+index t.ix"],
    "ALTER TABLE t ADD COLUMN c VARCHAR(10) DEFAULT 'x, y', ADD d DECIMAL(10, 2)": ["+column t.c", "+column t.d"],
    "ALTER TABLE a.t ADD CONSTRAINT fk FOREIGN KEY(a) REFERENCES x (b)": ["+index a.t.fk"],
    "ALTER TABLE t ADD UNIQUE KEY uq (a)": ["+index t.uq"],
    "ALTER TABLE t DROP COLUMN c": ["-column t.c"],
    "ALTER TABLE t DROP c": ["-column t.c"],
    "ALTER TABLE t DROP FOREIGN KEY fk": ["-index t.fk"],
    "ALTER TABLE t RENAME TO u": ["-table t", "+table u"],
    "RENAME TABLE a TO b": ["-table a", "+table b"],
    "ALTER TABLE t CHANGE a b INT": ["-column t.a", "+column t.b"],
    "ALTER TABLE t RENAME COLUMN a TO b": ["-column t.a", "+column t.b"],
    "DROP TABLE a, b": ["-table a", "-table b"],
    "DROP INDEX ix ON t": ["-index t.ix"],
    "CREATE VIEW v AS SELECT 1": ["+view v"],
    "CREATE DEFINER=`a`@`b` SQL SECURITY INVOKER VIEW v AS SELECT 1": ["+view v"],
    "CREATE DEFINER=`a`@`b` PROCEDURE p() BEGIN SELECT 1; END": ["+procedure p"],
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 1": ["+trigger g on t"],
    "DROP TRIGGER s.g": ["-trigger s.g"],
    "DROP EVENT e": ["-event e"],
}
UNSTATED = [
    "ALTER TABLE t CHANGE a a BIGINT",
    "ALTER TABLE t MODIFY a INT",
    "ALTER TABLE t DROP c, ADD c INT",
    "ALTER TABLE t DROP PRIMARY KEY",
    "ALTER TABLE t ADD PRIMARY KEY (a)",
    "ALTER TABLE t ADD UNIQUE (a)",
    "CREATE TABLE t AS SELECT 1",
    "CREATE TABLE IF NOT EXISTS t (a INT)",
    "CREATE OR REPLACE VIEW v AS SELECT 1",
    "CREATE TEMPORARY TABLE t (a INT)",
    "DROP TABLE IF EXISTS t",
    "INSERT INTO t VALUES (1)",
    "GRANT SELECT ON t TO u",
    "",
]


@pytest.mark.parametrize("statement", STATED)
def test_what_is_there_after_a_statement_is_read(statement: str) -> None:
    effects = stated_effects(statement, MYSQL)
    assert [f"{'+' if effect.present else '-'}{effect.text}" for effect in effects] == STATED[statement]


@pytest.mark.parametrize("statement", UNSTATED)
def test_nothing_is_read_from_what_can_run_twice_or_says_no_name(statement: str) -> None:
    assert stated_effects(statement, MYSQL) == ()


def test_names_are_those_that_the_server_stores() -> None:
    (effect,) = stated_effects('CREATE INDEX CONCURRENTLY Ix ON ONLY A."T" (x)', POSTGRESQL)
    assert effect.text == "index a.T.ix"
