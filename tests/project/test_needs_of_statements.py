"""Which files need which, by the statements of several files: as the database would refuse one without another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.database.dialects import dialect as dialect_named
from ahjo_tasks.project.dependencies import order_files
from ahjo_tasks.project.object_index import ObjectIndex
from ahjo_tasks.project.sql_file import read

if TYPE_CHECKING:
    from pathlib import Path

CASES = [
    ("sqlite", {"a": "CREATE VIEW a AS SELECT * FROM 'b'", "b": "CREATE TABLE 'b' (x)"}, "a>b"),
    (
        "sqlite",
        {"a": "CREATE VIEW a AS SELECT * FROM c, 'b'", "b": "CREATE TABLE b (x)", "c": 'CREATE TABLE "c" (x)'},
        "a>b a>c",
    ),
    (
        "sqlite",
        {
            "a": "CREATE VIEW a AS SELECT * FROM c JOIN 'b' ON 'b' = c.x",
            "b": "CREATE TABLE b (x)",
            "c": "CREATE VIEW 'c' AS SELECT 1 AS x",
        },
        "a>b a>c",
    ),
    ("sqlite", {"a": "CREATE INDEX 'a' ON 'b' (x)", "b": "CREATE TABLE b (x)"}, "a>b"),
    (
        "sqlite",
        {
            "a": "CREATE TRIGGER 'a' AFTER INSERT ON 'b' BEGIN INSERT INTO 'c' VALUES ('d'); END",
            "b": "CREATE TABLE b (x)",
            "c": "CREATE TABLE c (x)",
            "d": "CREATE TABLE d (x)",
        },
        "a>b a>c",
    ),
    (
        "sqlite",
        {
            "a": "CREATE VIEW a AS SELECT x FROM c WHERE x IS NOT DISTINCT FROM 'b'",
            "b": "CREATE TABLE b (x)",
            "c": "CREATE TABLE c (x)",
        },
        "a>c",
    ),
    ("sqlite", {"a": "CREATE TABLE a (x REFERENCES 'b')", "b": "CREATE TABLE IF NOT EXISTS 'b' (x)"}, "a>b"),
    (
        "sqlite",
        {
            "a": "CREATE VIEW a AS SELECT 'b' FROM c WHERE y = 'b' AND x IN ('b')",
            "b": "CREATE TABLE b (x)",
            "c": "CREATE TABLE c (x)",
        },
        "a>c",
    ),
    (
        "mysql",
        {"a": 'SET sql_mode=\'ANSI_QUOTES\';\nCREATE VIEW "a" AS SELECT * FROM "b"', "b": "CREATE TABLE b (x int)"},
        "a>b",
    ),
    (
        "mysql",
        {
            "a": '/*!40101 SET SQL_MODE=\'ANSI_QUOTES\' */;\nCREATE VIEW a AS SELECT * FROM "s"."b";'
            " SET sql_mode=''; CREATE VIEW z AS SELECT \"FROM c\" FROM b",
            "b": "CREATE TABLE s.b (x int)",
            "c": "CREATE TABLE c (x int)",
        },
        "a>b",
    ),
    (
        "mysql",
        {
            "a": 'CREATE VIEW a AS SELECT "x" FROM c WHERE y = "b"',
            "b": "CREATE TABLE b (x int)",
            "c": "CREATE TABLE c (y int)",
        },
        "a>c",
    ),
    (
        "postgresql",
        {
            "a": "CREATE VIEW a AS SELECT t.c FROM t",
            "t": "CREATE TABLE t (x int)",
            "z": "ALTER TABLE t ADD COLUMN c int",
        },
        "a>t z>t a>z",
    ),
    (
        "postgresql",
        {"a": "CREATE VIEW a AS SELECT x FROM t", "t": "CREATE TABLE t (x int)", "z": "ALTER TABLE t ADD COLUMN c int"},
        "a>t z>t",
    ),
    (
        "postgresql",
        {"a": "CREATE VIEW a AS SELECT * FROM t", "t": "CREATE TABLE t (x int)", "z": "ALTER TABLE t ADD COLUMN c int"},
        "a>t z>t a>z",
    ),
    (
        "postgresql",
        {"a": "CREATE VIEW a AS SELECT c FROM t", "z": "ALTER TABLE IF EXISTS ONLY public.t ADD IF NOT EXISTS c int"},
        "a>z",
    ),
    (
        "sqlite",
        {"a": "CREATE VIEW a AS SELECT c FROM t", "t": "CREATE TABLE t (x int)", "z": "ALTER TABLE t ADD c int"},
        "a>t z>t a>z",
    ),
    (
        "mysql",
        {
            "a": "CREATE VIEW a AS SELECT c FROM t",
            "t": "CREATE TABLE t (x int)",
            "z": "ALTER TABLE t ADD (c int, d int)",
        },
        "a>t z>t a>z",
    ),
    (
        "mysql",
        {
            "a": "CREATE VIEW a AS SELECT d FROM t",
            "t": "CREATE TABLE t (x int)",
            "z": "ALTER TABLE t ADD c int, ADD COLUMN d int AFTER x",
        },
        "a>t z>t a>z",
    ),
    (
        "mssql",
        {"a": "CREATE VIEW a AS SELECT d FROM t", "t": "CREATE TABLE t (x int)", "z": "ALTER TABLE t ADD c int, d int"},
        "a>t z>t a>z",
    ),
    (
        "postgresql",
        {
            "a": "CREATE VIEW a AS SELECT n FROM t",
            "t": "CREATE TABLE t (x int)",
            "z": "ALTER TABLE t RENAME COLUMN x TO n",
        },
        "a>t z>t a>z",
    ),
    (
        "postgresql",
        {"a": "CREATE VIEW a AS SELECT n FROM t", "t": "CREATE TABLE t (x int)", "z": "ALTER TABLE t RENAME x TO n"},
        "a>t z>t a>z",
    ),
    (
        "mysql",
        {
            "a": "CREATE VIEW a AS SELECT n FROM t",
            "t": "CREATE TABLE t (x int)",
            "z": "ALTER TABLE t CHANGE COLUMN x n int",
        },
        "a>t z>t a>z",
    ),
    (
        "postgresql",
        {"a": "CREATE VIEW a AS SELECT * FROM u", "t": "CREATE TABLE t (x int)", "z": "ALTER TABLE t RENAME TO u"},
        "z>t a>z",
    ),
    (
        "postgresql",
        {
            "a": "CREATE VIEW a AS SELECT * FROM s.t",
            "t": "CREATE TABLE t (x int)",
            "z": "ALTER TABLE t SET SCHEMA s",
            "s": "CREATE SCHEMA s",
        },
        "z>t a>z z>s",
    ),
    (
        "sqlite",
        {"a": "CREATE VIEW a AS SELECT * FROM u", "t": "CREATE TABLE t (x int)", "z": "ALTER TABLE t RENAME TO u"},
        "z>t a>z",
    ),
    (
        "postgresql",
        {"a": "CREATE TYPE a AS (m n)", "t": "CREATE TYPE t AS ENUM ('x')", "z": "ALTER TYPE t RENAME TO n"},
        "z>t a>z",
    ),
    (
        "postgresql",
        {
            "a": "CREATE INDEX i ON t (c)",
            "t": "CREATE TABLE t (x int)",
            "z": "ALTER TABLE t ADD c int",
            "b": "COMMENT ON COLUMN t.c IS 'x'",
            "d": "ALTER TABLE t ADD CHECK (c > 1)",
        },
        "a>t z>t a>z b>t b>z d>t d>z",
    ),
    (
        "postgresql",
        {
            "a": "ALTER INDEX p_i ATTACH PARTITION q_i",
            "b": "CREATE INDEX p_i ON ONLY p (x)",
            "c": "CREATE INDEX q_i ON q (x)",
            "p": "CREATE TABLE p (x int) PARTITION BY RANGE (x)",
            "q": "CREATE TABLE q (x int)",
            "z": "ALTER TABLE ONLY p ATTACH PARTITION q FOR VALUES FROM (1) TO (2)",
        },
        "a>b a>c b>p c>q z>p z>q a>z",
    ),
    (
        "postgresql",
        {
            "a": "ALTER INDEX public.p_pkey ATTACH PARTITION public.q_pkey",
            "b": "ALTER TABLE ONLY public.p ADD CONSTRAINT p_pkey PRIMARY KEY (x)",
            "c": "ALTER TABLE ONLY public.q ADD CONSTRAINT q_pkey PRIMARY KEY (x)",
            "p": "CREATE TABLE public.p (x int) PARTITION BY RANGE (x)",
            "q": "CREATE TABLE public.q (x int)",
            "z": "ALTER TABLE ONLY public.p ATTACH PARTITION public.q FOR VALUES FROM (1) TO (2)",
        },
        "a>b a>c b>p c>q z>p z>q a>z",
    ),
]
"""A dialect, the texts of files by their names, and the needs: `a>b` where a needs b."""


@pytest.mark.parametrize(("dialect", "texts", "expected"), CASES)
def test_files_need_what_their_statements_ask_for(
    dialect: str, texts: dict[str, str], expected: str, tmp_path: Path
) -> None:
    spoken, files = dialect_named(dialect), []
    for name, text in texts.items():
        path = tmp_path / f"{name}.sql"
        path.write_text(text, encoding="utf-8")
        files.append(read(path, "view", spoken, label=name))
    needs = ObjectIndex(files).needs()
    found = {f"{files[user].label}>{files[used].label}" for user, others in needs.items() for used in others}
    assert found == set(expected.split())
    assert order_files(files).notes == ()
