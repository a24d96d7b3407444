"""Which files only define objects, so that they need not run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.project.sql_file import FileText, split

DEFINE = [
    ("postgresql", "CREATE RULE r AS ON INSERT TO t DO INSTEAD INSERT INTO u SELECT NEW.a"),
    (
        "postgresql",
        "CREATE RULE r AS ON DELETE TO t DO ALSO (DELETE FROM u; UPDATE w SET n = 1); COMMENT ON RULE r ON t IS 'x'",
    ),
    (
        "postgresql",
        "CREATE FUNCTION f() RETURNS void BEGIN ATOMIC INSERT INTO t VALUES (CASE WHEN a THEN 1 END); SELECT 1; END",
    ),
    (
        "postgresql",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ INSERT INTO t VALUES (1) $$; GRANT ALL ON FUNCTION f TO x",
    ),
    ("postgresql", "CREATE FUNCTION f() BEGIN ATOMIC SELECT t.end AS end; SELECT 1 AS case; END; DROP VIEW w"),
    ("postgresql", "SET ROLE r; CREATE VIEW v AS SELECT 1 AS a; RESET ROLE"),
    ("postgresql", "SELECT pg_catalog.set_config('search_path', '', false); CREATE VIEW v AS SELECT 1 AS a"),
    ("postgresql", "-- transaction: off\nCREATE VIEW v AS SELECT 1 AS a; COMMENT ON VIEW v IS 'x'"),
    ("postgresql", "START TRANSACTION; CREATE VIEW v AS SELECT 1 AS a; COMMIT"),
    ("sqlite", "BEGIN; CREATE VIEW v AS SELECT 1 AS a; COMMIT"),
    ("postgresql", r"SET standard_conforming_strings = off; CREATE VIEW v AS SELECT 'a\';b' AS a, 'c' AS b"),
    ("postgresql", "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT CASE WHEN a THEN 1 END AS e FROM t"),
    (
        "sqlite",
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM u; UPDATE u SET a = CASE b WHEN 1 THEN 2 END; END",
    ),
    ("mysql", "CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW INSERT INTO u VALUES (1)"),
    ("mysql", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t"),
    ("mssql", "CREATE OR ALTER PROCEDURE dbo.p AS INSERT INTO dbo.t VALUES (1)"),
    ("mssql", "CREATE OR ALTER TRIGGER dbo.g ON dbo.t AFTER INSERT, UPDATE AS DELETE FROM dbo.u"),
]
DO_MORE = [
    ("postgresql", "CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING; INSERT INTO t VALUES (1)"),
    ("postgresql", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; SELECT f()"),
    ("postgresql", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT begin FROM t; END; SELECT f()"),
    ("postgresql", "SELECT set_config('a.b', f(), false); CREATE VIEW v AS SELECT 1 AS a"),
    ("postgresql", "-- transaction: off\nCREATE VIEW v AS SELECT 1 AS a; VACUUM"),
    ("postgresql", "CREATE RULE r AS ON DELETE TO t DO ALSO (DELETE FROM u; DELETE FROM w); DELETE FROM t"),
    ("postgresql", "CREATE VIEW v AS SELECT 1 AS a; REFRESH MATERIALIZED VIEW m"),
    ("sqlite", "CREATE VIEW v AS SELECT 1 AS a; INSERT INTO t VALUES (1)"),
    ("mysql", "CREATE VIEW v AS SELECT 1 AS a; CALL p()"),
    ("mysql", "CREATE VIEW v AS SELECT 1 AS a; RESET MASTER"),
    ("mysql", "CREATE VIEW v AS SELECT 1 AS a; START SLAVE"),
    ("mssql", "CREATE OR ALTER VIEW dbo.v AS SELECT 1 AS a\nGO\nEXEC dbo.p"),
]


def defines_only(name: str, text: str) -> bool:
    return split(FileText(Path("f.sql"), "f.sql", "function", text, dialect(name))).defines_only


@pytest.mark.parametrize(("name", "text"), DEFINE)
def test_a_body_is_no_change_of_rows(name: str, text: str) -> None:
    assert defines_only(name, text)


@pytest.mark.parametrize(("name", "text"), DO_MORE)
def test_what_runs_beside_a_body_is_told(name: str, text: str) -> None:
    assert not defines_only(name, text)


VIEW = "CREATE VIEW dbo.a AS SELECT 1 AS one\nGO\n"
DESCRIBED = "'MS_Description', N'x', 'SCHEMA', 'dbo', 'VIEW', 'a'"
DEFINES = [
    f"EXEC sp_addextendedproperty {DESCRIBED}",
    f"execute [sys].[sp_updateextendedproperty] {DESCRIBED}",
    f"sp_addextendedproperty {DESCRIBED}",
    "EXEC sys . sp_dropextendedproperty 'MS_Description', 'SCHEMA', 'dbo', 'VIEW', 'a'",
    f"IF NOT EXISTS (SELECT 1 FROM sys.extended_properties) EXEC dbo.sp_addextendedproperty {DESCRIBED}",
    "DECLARE @v sql_variant = N'x'; EXEC sys.sp_addextendedproperty @name = N'a', @value = @v; PRINT 'x'",
    "CREATE VIEW a AS SELECT 1 AS one",
    "CREATE PROCEDURE p AS EXEC sp_rename 'a', 'b'",
    "DROP VIEW IF EXISTS a",
    "IF OBJECT_ID('a') IS NOT NULL DROP VIEW a",
    "GRANT EXECUTE, INSERT ON a TO x",
    "ENABLE TRIGGER a ON b",
    "ADD SIGNATURE TO a BY CERTIFICATE c",
    ";ALTER TABLE t ADD c int",
    "",
]
ACTS = [
    "EXEC sp_rename 'a', 'b'",
    "sp_rename 'a', 'b'",
    "[dbo].[fill] 1",
    f"EXEC sp_addextendedproperty {DESCRIBED}; EXEC dbo.fill",
    f"EXEC @code = sp_addextendedproperty {DESCRIBED}",
    "EXEC dbo.my_sp_addextendedproperty 1",
    "EXEC sp_addextendedproperty_too 1",
    "DECLARE @n int = 1; INSERT INTO t VALUES (@n)",
    "SELECT 1 AS one INTO t",
]


@pytest.mark.parametrize("batch", DEFINES)
def test_a_batch_beside_a_module_may_define_and_describe(batch: str) -> None:
    assert defines_only("mssql", VIEW + batch)


@pytest.mark.parametrize("batch", ACTS)
def test_a_batch_beside_a_module_that_does_more_is_told(batch: str) -> None:
    assert not defines_only("mssql", VIEW + batch)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("postgresql", "-- call it\nCREATE VIEW v AS /* do */ SELECT 'exec' AS a", "create view v as select ' as a"),
        ("postgresql", "CREATE FUNCTION f() AS $$ CALL p() $$; DO $b$ x $b$", "create function f ( ) as ' ; do '"),
        ("mysql", "CREATE PROCEDURE p() CALL `q`() # rename", "create procedure p ( ) call `q` ( )"),
        ("mssql", "EXEC('DROP VIEW v') -- alter\nGO\nEXEC dbo.p", "exec ( ' ) exec dbo.p"),
    ],
)
def test_comments_and_strings_are_no_words_of_a_file(name: str, text: str, words: str) -> None:
    assert split(FileText(Path("f.sql"), "f.sql", "function", text, dialect(name))).code == words
