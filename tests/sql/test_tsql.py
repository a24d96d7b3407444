from __future__ import annotations

from pathlib import Path

import pytest

from ahjo_tasks.errors import SourceError
from ahjo_tasks.sql.splitters.mssql import SPLITTER
from ahjo_tasks.sql.tsql import (
    check_first_in_batch,
    is_module,
    is_one_statement,
    non_transactional_statement,
    statement_starts,
)

QUOTE = "'"
ROOT = Path(__file__).resolve().parents[2]

FINE = [
    "CREATE VIEW v AS SELECT 1",
    "-- about it\n/* and more */\nCREATE OR ALTER PROCEDURE p AS SELECT 1",
    ";CREATE FUNCTION f () RETURNS int AS BEGIN RETURN 1 END",
    "PRINT 'x'\nGO\nALTER TRIGGER t ON x AFTER INSERT AS PRINT 'y'",
    "GRANT CREATE VIEW TO somebody; DENY CREATE PROCEDURE, CREATE FUNCTION TO other",
    "GRANT CREATE SCHEMA ON DATABASE::d TO somebody",
    "CREATE SCHEMA s CREATE VIEW v AS SELECT 1 AS x",
    "CREATE SCHEMA s CREATE TABLE t (i int) create /* a */ view v AS SELECT 1 AS x GRANT SELECT ON t TO r",
    "EXEC('CREATE VIEW v AS SELECT 1')",
    "SELECT 1 -- CREATE VIEW v\n/* CREATE PROC p */",
    "SELECT [CREATE VIEW x] FROM t",
    "CREATE TABLE t (i int); CREATE INDEX i ON t (i); ALTER TABLE t ADD j int",
    "CREATE TRIGGER t ON DATABASE FOR CREATE_VIEW AS PRINT 'x'",
]


@pytest.mark.parametrize("text", FINE)
def test_what_the_server_takes_is_taken(text: str) -> None:
    check_first_in_batch(SPLITTER.split(text), None)


@pytest.mark.parametrize(
    ("text", "statement", "line", "column"),
    [
        ("PRINT 'x'\nCREATE VIEW v AS SELECT 1", "CREATE VIEW", 2, 1),
        ("SELECT 1\nGO\n  SET NOCOUNT ON create  or\talter proc p AS SELECT 1", "CREATE OR ALTER PROC", 3, 18),
        ("CREATE VIEW a AS SELECT 1\n\nCREATE VIEW b AS SELECT 2", "CREATE VIEW", 3, 1),
        ("DROP PROCEDURE p; ALTER PROCEDURE q AS SELECT 1", "ALTER PROCEDURE", 1, 19),
        ("USE other\nCREATE SCHEMA s", "CREATE SCHEMA", 2, 1),
        ("CREATE SCHEMA s;\nCREATE VIEW v AS SELECT 1 AS x", "CREATE VIEW", 2, 1),
        ("CREATE SCHEMA s CREATE VIEW v AS SELECT 1 AS x CREATE FUNCTION f ()", "CREATE FUNCTION", 1, 48),
        ("CREATE SCHEMA s\nCREATE SCHEMA u", "CREATE SCHEMA", 2, 1),
        ("CREATE SCHEMA s CREATE TABLE t (i int)\nALTER VIEW v AS SELECT 1 AS x", "ALTER VIEW", 2, 1),
        ("PRINT 1\ncreate/* a */or -- b\nalter view v AS SELECT 1 AS x", "CREATE OR ALTER VIEW", 2, 1),
        ("PRINT 'x'\r\nCREATE TRIGGER t ON x AFTER INSERT AS PRINT 'y'", "CREATE TRIGGER", 2, 1),
    ],
)
def test_what_the_server_would_refuse_is_found_before(text: str, statement: str, line: int, column: int) -> None:
    with pytest.raises(SourceError) as caught:
        check_first_in_batch(SPLITTER.split(text), Path("x.sql"))
    assert caught.value.message == f"{statement} must be the first statement of its batch"
    assert (caught.value.line, caught.value.column) == (line, column)
    assert "GO" in str(caught.value.hint)


@pytest.mark.parametrize(
    "text",
    [
        "IF OBJECT_ID('f') IS NULL CREATE FUNCTION f () RETURNS int AS BEGIN RETURN 1 END",
        "IF NOT EXISTS (SELECT 1 FROM x)\nBEGIN\n CREATE PROCEDURE p AS SELECT 1\nEND;",
        "BEGIN TRY\nCREATE VIEW v AS SELECT 1\nEND TRY BEGIN CATCH END CATCH",
        "IF 1 = 1 PRINT 1 ELSE\nCREATE VIEW v AS SELECT 1",
    ],
)
def test_a_statement_within_another_is_not_told_to_take_a_separator(text: str) -> None:
    with pytest.raises(SourceError, match="must be the first") as caught:
        check_first_in_batch(SPLITTER.split(text), None)
    assert "EXEC(N'...')" in str(caught.value.hint)


@pytest.mark.parametrize(
    "before", ["IF 1 = 1 DROP PROC p", "IF 1 = 1 PRINT 1;", "BEGIN TRAN", "SELECT CASE WHEN 1 = 1 THEN 1 END"]
)
def test_a_statement_after_another_is_told_to_take_a_separator(before: str) -> None:
    with pytest.raises(SourceError, match="must be the first") as caught:
        check_first_in_batch(SPLITTER.split(f"{before}\nCREATE VIEW v AS SELECT 1"), None)
    assert caught.value.hint == "Put GO on a line of its own before it."


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (" go;", "go; in line 4 is not a separator: write GO without the semicolon."),
        ("\tGO; -- next", "GO; in line 4 is not a separator: write GO without the semicolon."),
        (";GO", "GO in line 4 is not a separator: it needs a line of its own."),
        ("PRINT 3; go -- next", "go in line 4 is not a separator: it needs a line of its own."),
        ("/* next */ GO", "GO in line 4 is not a separator: it needs a line of its own."),
        ("-- and GO", "Put GO on a line of its own before it."),
    ],
)
def test_a_line_that_looks_like_a_separator_is_named(line: str, hint: str) -> None:
    with pytest.raises(SourceError, match="must be the first") as caught:
        check_first_in_batch(SPLITTER.split(f"PRINT 1\nGO\nPRINT 2\n{line}\nCREATE VIEW v AS SELECT 1"), None)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("GO ;", "Write GO without the semicolon."),
        ("GO 5 ; -- five times", "Write GO without the semicolon."),
        ("GO /* next */", "Write the comment with --, or on a line of its own."),
        ("GO 5/* next", "Write the comment with --, or on a line of its own."),
        ("GO PRINT 2", "Write it on the next line."),
        ("GO -5", "Write it on the next line."),
    ],
)
def test_what_may_not_follow_a_separator_is_refused_with_advice(line: str, hint: str) -> None:
    with pytest.raises(SourceError, match="may follow GO on its line") as caught:
        SPLITTER.split(f"PRINT 1\n{line}\nPRINT 3")
    assert (caught.value.line, caught.value.hint) == (2, hint)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "project_template" / "mssql").rglob("*.sql")), ids=lambda path: path.name
)
def test_the_template_is_fine(path: Path) -> None:
    check_first_in_batch(SPLITTER.split(path.read_text("utf-8")), path)


@pytest.mark.parametrize(
    "text",
    [
        "CREATE VIEW v AS SELECT 1",
        ";; alter  function f () RETURNS int AS BEGIN RETURN 1 END",
        "/* a /* b */ c */ CREATE PROCEDURE dbo.p AS BACKUP DATABASE x TO DISK='y'",
        "/* 1 /* 2 /* 3 /* 4 */ */ */ */ ; CREATE /* or */ OR ALTER -- it\nTRIGGER t ON x AFTER INSERT AS PRINT 1",
    ],
)
def test_a_module_is_recognised_by_its_first_words(text: str) -> None:
    assert is_module(text)
    assert non_transactional_statement(text) == ""


@pytest.mark.parametrize(
    "text", ["", "CREATE TABLE t (i int)", "PRINT 'CREATE VIEW v'", "CREATE [VIEW] x", "-- CREATE VIEW"]
)
def test_other_batches_are_no_modules(text: str) -> None:
    assert not is_module(text)


@pytest.mark.parametrize(
    "text",
    [
        "GRANT CREATE DATABASE TO x",
        "GRANT VIEW ANY DATABASE, CREATE DATABASE TO x",
        "DENY BACKUP DATABASE TO x; REVOKE GRANT OPTION FOR BACKUP LOG TO y",
        "CREATE TABLE t ([Kill] int, Kill int)",
        "SELECT Kill AS x, t.Backup Log FROM t",
        "SELECT sp_renamedb FROM t; GRANT EXECUTE ON sp_renamedb TO x",
        "EXEC sp_addextendedproperty 'a'; EXEC sp_addrolemember 'a', 'b'; EXEC dbo.sp_addarticletocart 1",
        "CREATE SERVER AUDIT a TO FILE (FILEPATH = 'x'); CREATE DATABASE AUDIT SPECIFICATION s FOR SERVER AUDIT a",
        "CREATE FULLTEXT STOPLIST s; ALTER DATABASE SCOPED CONFIGURATION CLEAR PROCEDURE_CACHE",
        "GRANT CONTROL ON DATABASE::kill TO x",
        "SELECT session, configuration FROM event",
        "PRINT 'KILL 5' -- BACKUP DATABASE x\n/* KILL 5 */",
        "EXEC ('CREATE PROC p AS KILL 5'); EXEC dbo.keep 'KILL 5'; EXEC ('SELECT ''KILL 5''')",
        "DECLARE @a varchar(9) = 'KILL 5', @b varchar(9); PRINT @a EXEC (@b) PRINT 'KILL 5'",
        "EXEC (",
        "EXEC sp_executesql",
    ],
)
def test_a_permission_a_name_and_a_string_keep_the_transaction(text: str) -> None:
    assert non_transactional_statement(text) == ""


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("SET @x = 1 BACKUP /* all */ LOG x TO y", "BACKUP LOG"),
        ("IF EXISTS (SELECT 1) drop database x", "DROP DATABASE"),
        ("SET NOCOUNT ON KILL 51", "KILL 51"),
        ("WHERE id = 5\nKILL 'id'", "KILL"),
        ("EXEC @code = master..sp_renamedb 'a', 'b'", "SP_RENAMEDB"),
        ("EXEC [sp_renamedb] 'a', 'b'", "SP_RENAMEDB"),
        ("DROP EVENT SESSION x ON SERVER", "DROP EVENT SESSION"),
        ("ALTER SERVER CONFIGURATION SET PROCESS AFFINITY CPU = 0", "ALTER SERVER CONFIGURATION"),
        ("EXEC sp_droplinkedsrvlogin 'a', NULL", "SP_DROPLINKEDSRVLOGIN"),
        ("EXEC sys.sp_addumpdevice 'disk', 'a', 'b'", "SP_ADDUMPDEVICE"),
        ("EXEC sp_addsubscription @publication = 'p'", "SP_ADDSUBSCRIPTION"),
        ("EXEC sp_dropmergearticle 'p'", "SP_DROPMERGEARTICLE"),
        ("EXEC sp_addpullsubscription_agent 'p'", "SP_ADDPULLSUBSCRIPTION_AGENT"),
        ("EXEC sp_adddistributiondb 'p'", "SP_ADDDISTRIBUTIONDB"),
        ("EXEC sp_addlogin 'a', 'b'", "SP_ADDLOGIN"),
        ("EXEC sp_revokelogin 'a'", "SP_REVOKELOGIN"),
        ("EXEC sp_password NULL, 'a', 'b'", "SP_PASSWORD"),
        ("EXEC sp_defaultlanguage 'a'", "SP_DEFAULTLANGUAGE"),
        ("EXEC sp_grantdbaccess 'a'", "SP_GRANTDBACCESS"),
        ("EXEC sp_approlepassword 'a', 'b'", "SP_APPROLEPASSWORD"),
        ("EXEC sp_configure 'clr enabled', 1", "SP_CONFIGURE"),
        ("EXEC sp_dbcmptlevel 'a', 90", "SP_DBCMPTLEVEL"),
        ("EXEC sp_articlefilter @publication = 'p'", "SP_ARTICLEFILTER"),
        ("BACKUP SERVER TO DISK = 'a'", "BACKUP SERVER"),
        ("again: ALTER DATABASE x SET READ_ONLY", "ALTER DATABASE"),
    ],
)
def test_a_statement_is_found_after_another_without_a_semicolon(text: str, statement: str) -> None:
    assert non_transactional_statement(text) == statement


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("EXEC('ALTER DATABASE x SET RECOVERY FULL')", "ALTER DATABASE"),
        ("EXECUTE (N'ALTER DATABASE [' + @name + '] SET TRUSTWORTHY ON')", "ALTER DATABASE"),
        ("IF DB_ID('x') IS NULL EXEC sp_executesql N'CREATE DATABASE x'", "CREATE DATABASE"),
        ("EXEC master.sys.sp_executesql @stmt = N'RECONFIGURE'", "RECONFIGURE"),
        ("DECLARE @a int, @b nvarchar(99) = N'BACKUP LOG x TO y'; PRINT @b; EXEC (@b)", "BACKUP LOG"),
        ("SET @b = 'ALTER DATABASE ' + QUOTENAME(DB_NAME()) + ' SET x' EXEC [sp_executesql] @b", "ALTER DATABASE"),
        ("SELECT @a = 1, @b = 'KILL 5' FROM t EXECUTE (@b)", "KILL 5"),
        ("EXEC ('EXEC (''KILL 5'')')", "KILL 5"),
        ("EXEC sp_MSforeachdb 'ALTER DATABASE [?] SET RECOVERY SIMPLE'", "ALTER DATABASE"),
        ("EXEC master..sp_msforeachtable @command1 = N'KILL 5'", "KILL 5"),
    ],
)
def test_a_statement_is_found_in_the_text_that_is_run(text: str, statement: str) -> None:
    assert non_transactional_statement(text) == statement


DOCUMENTED = [
    *("CREATE DATABASE x", "ALTER DATABASE x SET READ_ONLY", "ALTER DATABASE CURRENT COLLATE y", "DROP DATABASE x"),
    *("BACKUP DATABASE x TO y", "BACKUP LOG x TO y", "RESTORE DATABASE x FROM y", "RESTORE HEADERONLY FROM y"),
    *("RECONFIGURE", "RECONFIGURE WITH OVERRIDE", "KILL 51", "DBCC SHRINKDATABASE (x)", "DBCC CLONEDATABASE (x, y)"),
    *("CREATE FULLTEXT CATALOG c", "ALTER FULLTEXT CATALOG c REBUILD", "DROP FULLTEXT CATALOG c"),
    *("CREATE FULLTEXT INDEX ON t (a) KEY INDEX i", "ALTER FULLTEXT INDEX ON t ENABLE", "DROP FULLTEXT INDEX ON t"),
    *("CREATE ENDPOINT e STATE = STARTED", "ALTER ENDPOINT e STATE = STOPPED", "DROP ENDPOINT e"),
    *("ALTER RESOURCE GOVERNOR RECONFIGURE", "CREATE AVAILABILITY GROUP g", "DROP AVAILABILITY GROUP g"),
    *("ALTER SERVER AUDIT a WITH (STATE = ON)", "ALTER DATABASE AUDIT SPECIFICATION a WITH (STATE = OFF)"),
    "CREATE TABLE t (i int) WITH (DURABILITY = SCHEMA_ONLY, MEMORY_OPTIMIZED = ON)",
    "CREATE TYPE y AS TABLE (i int NOT NULL INDEX x HASH WITH (BUCKET_COUNT = 8)) WITH (MEMORY_OPTIMIZED = ON)",
    "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a) WITH (ONLINE = ON, RESUMABLE = ON)",
    *("EXEC sp_addrole r", "EXEC sp_droprole r", "EXEC sp_adduser u", "EXEC sp_dropuser u", "EXEC sp_addapprole r, p"),
    *("EXEC sp_fulltext_database enable", "EXEC sp_addserver s", "EXEC sp_requestpeerresponse p, d"),
]
"""What Microsoft's documentation keeps out of user transactions."""
SPELLINGS = {
    "as it is": "{}",
    "small letters": "{}",
    "comments": "{}",
    "after another": "SET NOCOUNT ON {}",
    "condition": "IF DB_ID() = 1 {} ELSE PRINT 1",
    "block": "IF 1 = 1 BEGIN; PRINT 1 {} END",
    "try": "BEGIN TRY {} END TRY BEGIN CATCH THROW END CATCH",
    "loop": "WHILE @n > 0 BEGIN SET @n -= 1 {} END",
    "text": "EXEC ('{}')",
    "text of a procedure": "EXEC sys.sp_executesql N'{}'",
    "text in a variable": "DECLARE @s nvarchar(max) = N'{}' EXEC (@s)",
}


def spelt(statement: str, spelling: str) -> str:
    text = statement.lower() if spelling == "small letters" else statement
    text = text.replace(" ", " /* a /* b */ */ -- c\n") if spelling == "comments" else text
    return SPELLINGS[spelling].format(text)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("statement", DOCUMENTED)
def test_what_no_transaction_takes_is_found_in_every_spelling(statement: str, spelling: str) -> None:
    text = spelt(statement, spelling)
    assert non_transactional_statement(text)
    assert non_transactional_statement(f"PRINT '{text.replace(QUOTE, QUOTE * 2)}'") == ""
    assert non_transactional_statement(f"/* {text} */") == ""
    assert non_transactional_statement(f"CREATE PROCEDURE p AS {text}") == ""


@pytest.mark.parametrize(
    "text",
    [
        "CREATE PROC p WITH native_compilation, SCHEMABINDING AS BEGIN ATOMIC WITH (LANGUAGE = N'x') SELECT 1 END",
        "CREATE OR /* a */ ALTER FUNCTION f () RETURNS int WITH NATIVE_COMPILATION AS BEGIN RETURN 1 END",
        "ALTER TRIGGER t ON x WITH NATIVE_COMPILATION, SCHEMABINDING AFTER INSERT AS BEGIN ATOMIC SELECT 1 END",
        "IF 1 = 1 EXEC (N'CREATE PROC p WITH NATIVE_COMPILATION AS SELECT 1')",
    ],
)
def test_a_module_that_is_compiled_is_created_outside_of_transactions(text: str) -> None:
    assert non_transactional_statement(text) == "NATIVE_COMPILATION"


def test_statements_begin_where_no_name_can_stand() -> None:
    text = "SET a = 1 SET b = 2; UPDATE t SET c = (SELECT 1) set d -- set\n'set'"
    assert [text[start : start + 5].lower() for start in statement_starts(text, {"SET"})] == [
        "set a",
        "set b",
        "set c",
        "set d",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("EXEC dbo.back_up @to = 'x'", True),
        ("-- first\n;ALTER TABLE t ADD x int -- last", True),
        ("CREATE FULLTEXT STOPLIST s FROM SYSTEM STOPLIST;", True),
        ("CREATE PROCEDURE p AS BEGIN SELECT 1; SELECT 2 END", True),
        ('DROP TABLE a, [drop], "set"', True),
        ("PRINT 'SELECT 1' PRINT 2", False),
        ("EXEC p EXEC q", False),
        ("IF 1 = 1 EXEC p", False),
        ("BEGIN TRY EXEC p END TRY BEGIN CATCH END CATCH", False),
        ("", False),
    ],
)
def test_a_batch_of_one_statement_is_known(text: str, *, expected: bool) -> None:
    assert is_one_statement(text) is expected
