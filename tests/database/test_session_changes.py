"""Which statements change a session, control a transaction or refuse one, for each database."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from fakes import FakeConnection

from ahjo_tasks.database.connection import Connection
from ahjo_tasks.database.dialects import dialect, mysql_session, sqlite_session
from ahjo_tasks.database.dialects.mssql import session as mssql_session
from ahjo_tasks.database.dialects.postgresql import session, statements
from ahjo_tasks.errors import SourceError, StatementError
from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL
from ahjo_tasks.sql.splitters.mysql import SPLITTER as MYSQL_SPLITTER
from ahjo_tasks.sql.splitters.sqlite import SPLITTER as SQLITE_SPLITTER
from ahjo_tasks.sql.temporary_tables import temporary_tables
from ahjo_tasks.sql.tsql import commit_offsets, non_transactional_statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.lexer import Syntax


@pytest.mark.parametrize(
    "text",
    [
        "SET search_path TO audit, public",
        "/* a /* nested */ b */ set role admin",
        "SELECT pg_catalog.set_config('search_path', '', false)",
        "WITH a AS (SELECT set_config('role', 'x', false)) SELECT * FROM a",
        "RESET ALL",
        "DISCARD TEMP",
        "SET SESSION AUTHORIZATION somebody",
        "SET LOCAL lock_timeout = 1",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "DO $$ BEGIN EXECUTE 'SET search_path TO x'; END $$",
        "DO $body$ BEGIN PERFORM set_config('a.b', 'c', false); END $body$",
        "CALL change_it()",
        "PREPARE p AS SELECT 1",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "LISTEN channel",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_lock_shared(1, 2)",
        "SELECT use_tenant('a')",
        'SELECT "of tenant" (1)',
        "INSERT INTO t (a) SELECT public.next_tenant(b) FROM u",
        "CREATE TABLE t AS SELECT set_config('search_path', 'x', false)",
        "ALTER TABLE t ALTER a TYPE text USING set_config('search_path', 'x', false)",
        "CREATE TEMP TABLE t (a int)",
        "CREATE OR REPLACE TEMPORARY VIEW v AS SELECT 1",
        "CREATE TABLE pg_temp.t (a int)",
        'CREATE TYPE "pg_temp".t AS (a int)',
        "CREATE OR REPLACE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$",
        "SELECT 1 AS a INTO TEMP t",
        "DO $$ BEGIN EXECUTE 'se' || 't role x'; END $$",
        "DO $$ BEGIN PERFORM use_tenant('a'); END $$",
        "DO $$ BEGIN LISTEN channel; END $$",
    ],
)
def test_postgresql_asks_for_the_session_where_a_statement_may_change_it(text: str) -> None:
    assert session.changing_statements(f"SELECT 1;\n-- about\n{text};\nSELECT 2")


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE t SET a = 1",
        "INSERT INTO t VALUES ('SET search_path TO x; RESET ALL')",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = x AS $$ SELECT set_config('a', 'b', false) $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET search_path TO x; RESET ALL; END $$",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = x, pg_temp AS $$ SELECT a FROM pg_temp.t $$",
        "ALTER ROLE r SET search_path = x",
        "ALTER DATABASE d SET timezone = 'UTC'",
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1) THEN CREATE TYPE t AS ENUM (); END IF; END $$",
        "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SET CONSTRAINTS ALL DEFERRED",
        "PREPARE TRANSACTION 'x'",
        "-- SET search_path TO x;\nSELECT 1",
        "/* RESET ALL; */ SELECT 1",
        "INSERT INTO t (a, b) VALUES (f(1), 'x')",
        "SELECT count(*), coalesce(max(a), 0) FROM t WHERE a IN (1, 2) AND EXISTS (SELECT 1)",
        "SELECT setval('s', 7)",
        "CREATE TABLE t (a numeric(5, 2) CHECK (a > 0), PRIMARY KEY (a))",
    ],
)
def test_postgresql_asks_for_nothing_where_no_statement_changes_the_session(text: str) -> None:
    assert session.changing_statements(f"SELECT 1;\n{text};\nSELECT 2") == []


REFUSED = """
VACUUM / VACUUM (FULL) t / CLUSTER / CLUSTER VERBOSE / CLUSTER (VERBOSE) / REINDEX DATABASE d / REINDEX SYSTEM d
REINDEX SCHEMA s / REINDEX (VERBOSE) DATABASE d / REINDEX TABLE CONCURRENTLY t / REINDEX (CONCURRENTLY) TABLE t
CREATE INDEX CONCURRENTLY i ON t (a) / CREATE UNIQUE INDEX CONCURRENTLY i ON t (a) / DROP INDEX CONCURRENTLY i
CREATE DATABASE d / DROP DATABASE d / ALTER DATABASE "d" SET TABLESPACE x / CREATE TABLESPACE x LOCATION '/x'
DROP TABLESPACE x / ALTER SYSTEM SET a = 1 / DISCARD ALL / CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p
DROP SUBSCRIPTION s / ALTER SUBSCRIPTION s REFRESH PUBLICATION / ALTER SUBSCRIPTION s SET PUBLICATION p
ALTER TABLE t DETACH PARTITION p CONCURRENTLY / ALTER TABLE IF EXISTS a.t DETACH PARTITION "b".p CONCURRENTLY
ALTER TABLE tietueet_ä DETACH PARTITION "a;b"."(c)" CONCURRENTLY
COMMIT PREPARED 'x' / ROLLBACK PREPARED 'x' / ALTER SUBSCRIPTION s REFRESH SEQUENCES
"""
TAKEN = """
ANALYZE / CLUSTER t USING i / CLUSTER t / CLUSTER VERBOSE t / REINDEX TABLE t / REINDEX INDEX database
CREATE INDEX i ON t (a) / REFRESH MATERIALIZED VIEW CONCURRENTLY v / ALTER DATABASE d SET timezone = 'x'
ALTER DATABASE d OWNER TO x / DISCARD TEMP / DISCARD PLANS / ALTER TABLE t DETACH PARTITION p
ALTER SUBSCRIPTION s DISABLE / SELECT vacuum FROM t / COMMENT ON DATABASE d IS 'VACUUM' / CREATE PUBLICATION p
COMMIT / ROLLBACK / PREPARE TRANSACTION 'x' / GRANT CREATE ON DATABASE d TO x / DROP TABLE vacuum
CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'VACUUM' / SELECT 'DISCARD ALL' / ALTER TYPE k ADD VALUE 'x'
"""


def listed(text: str) -> list[str]:
    return [one.strip() for line in text.strip().splitlines() for one in line.split(" / ")]


@pytest.mark.parametrize("statement", listed(REFUSED))
def test_postgresql_statements_that_refuse_a_transaction_are_known(statement: str) -> None:
    assert statements.non_transactional(f"SELECT 1; -- and\n{statement}")
    assert statements.non_transactional(f"{statement};\nSELECT 1")
    assert not statements.non_transactional(f"/* {statement} */ SELECT '{statement.replace(chr(39), '')}'")


@pytest.mark.parametrize("statement", listed(TAKEN))
def test_postgresql_statements_that_take_a_transaction_stay_in_one(statement: str) -> None:
    assert statements.non_transactional(f"SELECT 1;\n{statement};") == ""


@pytest.mark.parametrize(
    ("text", "control", "commits"),
    [
        ("BEGIN; SELECT 1; COMMIT", "BEGIN", 1),
        ("START TRANSACTION; END", "START TRANSACTION", 1),
        ("SAVEPOINT a; ROLLBACK TO a; ROLLBACK TO SAVEPOINT a; ROLLBACK WORK TO a", "", 0),
        ("ROLLBACK; ABORT", "ROLLBACK", 0),
        ("COMMIT PREPARED 'x'", "COMMIT", 0),
        ("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 1", "", 0),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$", "", 0),
        ("DO $$ BEGIN PERFORM 1; END $$", "", 0),
        ("SELECT 'BEGIN; COMMIT' -- ; COMMIT", "", 0),
        ("SELECT 1;\n/* a */ commit\n;", "COMMIT", 1),
    ],
)
def test_postgresql_statements_that_control_transactions_are_known(text: str, control: str, commits: int) -> None:
    assert statements.control(text) == control
    assert len(statements.commit_offsets(text)) == commits


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("INSERT INTO t VALUES (1);\nROLLBACK", 2),
        ("BEGIN; COMMIT;\nSELECT 1;\n\nabort;", 4),
        ("BEGIN; INSERT INTO t VALUES (1); ROLLBACK", None),
        ("ROLLBACK; BEGIN; SELECT 1; COMMIT", None),
        ("SELECT 1; COMMIT", None),
        ("SAVEPOINT a; SELECT 1; ROLLBACK TO a", None),
        ("CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN ROLLBACK; END $$; SELECT 'x; ROLLBACK'", None),
    ],
)
def test_postgresql_rollbacks_of_a_transaction_that_nobody_began_are_refused(text: str, line: int | None) -> None:
    splitter = dialect("postgresql").splitter
    batches = splitter.split(text)
    if line is None:
        splitter.check(batches, None)
        return
    with pytest.raises(SourceError, match="without a BEGIN") as caught:
        splitter.check(batches, None)
    assert caught.value.line == line


@pytest.mark.parametrize(
    "statement",
    [
        *(
            "SET FOREIGN_KEY_CHECKS = 0",
            "/*!40101 SET NAMES latin1 */",
            "/*M!100101 USE x */",
            "SET @a = 1, sql_mode = ''",
            "USE other",
        ),
        *("SET @@session.sql_mode = ''", "CALL p()", "EXECUTE s", "LOCK TABLES t WRITE", "SET ROLE r"),
        *("FLUSH TABLES WITH READ LOCK", "BEGIN NOT ATOMIC SET sql_mode = ''; END", "DROP DATABASE x"),
        *("SELECT GET_LOCK('a', 1)", "DO RELEASE_ALL_LOCKS()", "SET GLOBAL a = 1, SESSION b = 2"),
        *("SELECT use_tenant(1)", "DO `of tenant` (1)", "UPDATE t SET a = next_of(b)", "INSERT INTO t SELECT f(1)"),
    ],
)
def test_mysql_asks_for_the_session_where_a_statement_may_change_it(statement: str) -> None:
    assert mysql_session.may_change(statement)


@pytest.mark.parametrize(
    "statement",
    [
        *("UPDATE t SET a = 1", "SET PASSWORD = 'x'", "SET GLOBAL a = 1", "INSERT INTO t VALUES ('SET NAMES x')"),
        *("CREATE PROCEDURE p() BEGIN SET sql_mode = ''; SELECT GET_LOCK('a', 1); END", "DROP TABLE t", "BEGIN"),
        *("INSERT INTO t SET a = 'USE x'", "# USE x\nSELECT 1", "SET TRANSACTION READ ONLY"),
        *(
            "SELECT COUNT(*), IFNULL(MAX(a), 0) FROM t WHERE a IN (1, 2) AND EXISTS (SELECT 1)",
            "INSERT INTO t (a) VALUES (1)",
        ),
        *("DELETE FROM t WHERE (a) = 1", "CREATE VIEW v AS SELECT f(1) AS a"),
    ],
)
def test_mysql_asks_for_nothing_where_a_statement_changes_nothing(statement: str) -> None:
    assert not mysql_session.may_change(statement)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("SET @@SESSION.SQL_LOG_BIN= 0; SELECT 1", "SET SQL_LOG_BIN"),
        ("SELECT 1; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET TRANSACTION"),
        ("XA START 'a'", "XA START"),
        ("INSERT INTO t VALUES ('SET TRANSACTION')", ""),
        ("SET SESSION TRANSACTION READ WRITE", ""),
        ("START TRANSACTION; COMMIT", ""),
    ],
)
def test_mysql_statements_that_refuse_a_transaction_are_known(text: str, refused: str) -> None:
    assert dialect("mysql").non_transactional_statement(text) == refused


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("SELECT 1; START TRANSACTION", "START"),
        ("BEGIN; COMMIT", "BEGIN"),
        ("BEGIN NOT ATOMIC SELECT 1; END", ""),
        ("SAVEPOINT a; ROLLBACK TO a", ""),
        ("START SLAVE", ""),
        ("DELIMITER //\nCREATE PROCEDURE p() BEGIN COMMIT; END//", ""),
    ],
)
def test_mysql_statements_that_control_transactions_are_known(text: str, control: str) -> None:
    assert dialect("mysql").transaction_control(text) == control


@pytest.mark.parametrize(
    ("statement", "commits"),
    [
        *(("BEGIN", True), ("begin work", True), ("START TRANSACTION", True), ("CREATE TABLE t (a INT)", True)),
        *(("CHECK TABLE t", True), ("cache  index t IN a", True), ("SET PASSWORD = ''", True), ("SET a = 1", False)),
        *(("/*!40000 ALTER TABLE t DISABLE KEYS */", True), ("/* ALTER */ INSERT INTO t VALUES (1)", False)),
        *(("SET DEFAULT ROLE NONE", True), ("SET STATEMENT a = 1 FOR DROP VIEW v", True), ("SET ROLE r", False)),
        *(("CREATE OR REPLACE TEMPORARY TABLE t (a INT)", False), ("CREATE OR REPLACE TABLE t (a INT)", True)),
        *(("SET STATEMENT a = 1 FOR SELECT 1", False), ("/*!99999 DROP TABLE t */ SELECT 1", False)),
        *(("BEGIN NOT ATOMIC SELECT 1; END", False), ("CREATE TEMPORARY TABLE t (a INT)", False), ("CALL p()", False)),
    ],
)
def test_mysql_statements_that_commit_are_known(statement: str, commits: bool) -> None:
    assert dialect("mysql").commits_implicitly(statement) is commits


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("SET @a = 1, @@sql_mode = ''", ["@a"]),
        ("SELECT 7 INTO @A; SELECT @a := @b.c", ["@a", "@b.c"]),
        ("INSERT INTO t VALUES ('me@example.org', 'x')", []),
        ("CREATE DEFINER=`root`@`localhost` VIEW v AS SELECT 1", []),
        ("GRANT SELECT ON t TO 'a'@localhost", []),
        ("SELECT @`odd name`", ["@`odd name`"]),
    ],
)
def test_mysql_user_variables_are_known(text: str, variables: list[str]) -> None:
    assert mysql_session.user_variables([text]) == variables


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("DROP TRIGGER t;\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN\nSET NEW.b = 1;\nEND;", 4),
        ("BEGIN NOT ATOMIC\nSELECT 1;\n/* last */ end", 3),
        ("IF 1 THEN SELECT 1; END IF;", 1),
        ("DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//\nDELIMITER ;\nSELECT `end`", None),
        ("SELECT 1;\n-- END\nendless()", None),
    ],
)
def test_mysql_bodies_that_were_cut_are_refused_before_anything_runs(text: str, line: int | None) -> None:
    batches = MYSQL_SPLITTER.split(text)
    if line is None:
        mysql_session.check(batches, None)
        return
    with pytest.raises(SourceError, match="END") as caught:
        mysql_session.check(batches, None)
    assert caught.value.line == line
    assert "DELIMITER" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("statement", "refused"),
    [
        ("FLUSH TABLES WITH READ LOCK", True),
        ("/* a */ flush local tables /* b */ with read lock", True),
        ("BACKUP STAGE BLOCK_DDL", True),
        ("BACKUP LOCK t", True),
        ("LOCK INSTANCE FOR BACKUP", True),
        ("FLUSH TABLES", False),
        ("FLUSH TABLES t WITH READ LOCK", False),
        ("BACKUP STAGE END", False),
        ("LOCK TABLES t WRITE", False),
        ("INSERT INTO t VALUES ('FLUSH TABLES WITH READ LOCK')", False),
        ("UPDATE t SET a = 'x'; -- BACKUP STAGE START", False),
    ],
)
def test_mysql_locks_of_the_whole_server_are_refused_before_anything_runs(statement: str, refused: bool) -> None:
    batches = MYSQL_SPLITTER.split(f"SELECT 1;\n{statement}")
    if not refused:
        mysql_session.check(batches, None)
        return
    with pytest.raises(SourceError, match="locks the whole server") as caught:
        mysql_session.check(batches, None)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("SET NAMES latin1;\nINSERT INTO t VALUES ('ä')", 2),
        ("/*!40101 SET character_set_client = cp1252 */;\nSELECT 1;\nSELECT 'é'", 3),
        ("SET NAMES latin1;\nSET NAMES utf8mb4;\nSELECT 'ä'", None),
        ("SET NAMES latin1;\nSELECT 'a'", None),
        ("SET @saved = @@character_set_client;\nSET character_set_client = @saved;\nSELECT 'ä'", None),
        ("SET CHARACTER SET 'latin2';\nSELECT 'ä'", 2),
        ("INSERT INTO t SET names = 'latin1';\nSELECT 'ä'", None),
    ],
)
def test_mysql_letters_that_the_server_would_misread_are_refused(text: str, line: int | None) -> None:
    batches = MYSQL_SPLITTER.split(text)
    if line is None:
        mysql_session.check(batches, None)
        return
    with pytest.raises(SourceError, match="UTF-8") as caught:
        mysql_session.check(batches, None)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("BEGIN; SELECT 1; COMMIT", "BEGIN"),
        ("VACUUM", "VACUUM"),
        ("ATTACH 'x' AS x; CREATE TABLE x.t (a); DETACH x", "DETACH"),
        ("PRAGMA journal_mode = WAL", "PRAGMA journal_mode"),
        ("PRAGMA journal_mode", ""),
        ("PRAGMA foreign_keys = OFF; INSERT INTO t VALUES (1); PRAGMA foreign_keys = ON", ""),
        ("INSERT INTO t VALUES (1); PRAGMA foreign_keys = OFF; SELECT 1", "PRAGMA foreign_keys"),
        ("SAVEPOINT a; RELEASE a", ""),
        ("CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END; SELECT 'BEGIN'", ""),
        ("/* BEGIN */ SELECT 1 -- VACUUM", ""),
    ],
)
def test_sqlite_statements_that_refuse_a_transaction_are_known(text: str, refused: str) -> None:
    assert dialect("sqlite").non_transactional_statement(text) == refused


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("SELECT 1;\nCOMMIT", 2),
        ("BEGIN;\nSELECT 1", 1),
        ("BEGIN; COMMIT;\nEND", 2),
        ("BEGIN; ROLLBACK TO a; COMMIT", None),
        ("BEGIN; END; BEGIN; ROLLBACK", None),
        ("SELECT CASE 1 WHEN 1 THEN 2\nEND", None),
    ],
)
def test_sqlite_transactions_without_a_begin_or_an_end_are_refused(text: str, line: int | None) -> None:
    batches = SQLITE_SPLITTER.split(text)
    if line is None:
        sqlite_session.check(batches, None)
        return
    with pytest.raises(SourceError) as caught:
        sqlite_session.check(batches, None)
    assert caught.value.line == line


@pytest.mark.parametrize(
    "pragma", ["hard_heap_limit = 1000", "main.TEMP_STORE_DIRECTORY = '/tmp'", "hard_heap_limit(9)"]
)
def test_sqlite_pragmas_of_the_whole_process_are_refused(pragma: str) -> None:
    batches = SQLITE_SPLITTER.split(f"SELECT 1;\nPRAGMA hard_heap_limit;\nPRAGMA {pragma};")
    with pytest.raises(SourceError, match="for the whole process") as caught:
        sqlite_session.check(batches, None)
    assert caught.value.line == 3


@pytest.mark.parametrize(
    "statement",
    [
        *("EXEC sp_droplinkedsrvlogin 'S', NULL", "EXEC sp_addsubscription @publication = N'p'"),
        *("ALTER EVENT SESSION e ON SERVER STATE = START", "EXEC sp_addumpdevice 'disk', 'd', 'x'"),
        *("EXEC master.dbo.sp_dropdistributor", "ALTER RESOURCE GOVERNOR RECONFIGURE"),
        *("EXEC @r = sp_fulltext_table 't', 'create'", "DROP EVENT SESSION e ON SERVER"),
    ],
)
def test_tsql_statements_that_refuse_a_transaction_are_known(statement: str) -> None:
    assert non_transactional_statement(f"SELECT 1\n{statement}")


@pytest.mark.parametrize(
    "text",
    [
        "/* a /* b */ c */ CREATE PROCEDURE dbo.p AS BACKUP DATABASE x TO DISK='y'",
        ";CREATE PROCEDURE dbo.p AS RECONFIGURE",
        "GRANT CREATE DATABASE TO x",
        "CREATE TABLE t (Kill int, event int)",
        "EXEC usp_addmessage 1",
        "SELECT event, session FROM t",
        "EXEC sp_addrolemember 'db_datareader', 'x'",
    ],
)
def test_tsql_files_are_taken_out_of_their_transaction_by_statements_alone(text: str) -> None:
    assert non_transactional_statement(text) == ""


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("INSERT INTO t VALUES (1); COMMIT; SELECT 1/0", 1),
        ("BEGIN TRAN; INSERT INTO t VALUES (1); COMMIT TRAN; SELECT 1/0", 0),
        ("BEGIN TRANSACTION; ROLLBACK; SELECT 1/0", 1),
        ("SAVE TRAN a; ROLLBACK TRAN a; SELECT 1/0", 0),
        ("ROLLBACK TRANSACTION\nSELECT 1", 1),
        ("CREATE PROCEDURE p AS COMMIT", 0),
        ("SELECT 'COMMIT' -- COMMIT", 0),
    ],
)
def test_tsql_commits_of_the_transaction_that_a_batch_runs_in_are_found(text: str, count: int) -> None:
    assert len(commit_offsets(text)) == count


@pytest.mark.parametrize(
    ("syntax", "text", "names"),
    [
        (POSTGRESQL, "CREATE TEMP TABLE a (i int); SELECT 1 INTO TEMPORARY TABLE b", [("TABLE", "b"), ("TABLE", "a")]),
        (POSTGRESQL, "CREATE LOCAL TEMP VIEW v AS SELECT 1; CREATE TABLE t (temp int)", [("VIEW", "v")]),
        (POSTGRESQL, "SELECT 'CREATE TEMP TABLE a'", []),
        (MYSQL, "CREATE TEMPORARY TABLE IF NOT EXISTS `a b` (i int)", [("TABLE", "a b")]),
        (MSSQL, "CREATE TABLE #a (i int); SELECT 1 AS x INTO [#b]", [("TABLE", "#b"), ("TABLE", "#a")]),
        (MSSQL, "INSERT INTO #a SELECT * FROM #b", [("TABLE", "#a")]),
    ],
)
def test_temporary_tables_are_found(syntax: Syntax, text: str, names: list[tuple[str, str]]) -> None:
    assert temporary_tables([text], syntax) == names


# -- a session of SQLite ----------------------------------------------------------------------------------------------


class Raw:
    """An open connection of `Connection` over sqlite3, without SQLAlchemy."""

    def __init__(self) -> None:
        self.dialect = dialect("sqlite")
        self._dbapi_connection = sqlite3.connect(":memory:", isolation_level=None)
        self.in_shared_transaction = False

    usable = True
    preserve_session = Connection.preserve_session
    _restore_session = Connection._restore_session

    def query(self, text: str) -> list[tuple[Any, ...]]:
        return self._dbapi_connection.execute(text).fetchall()


@pytest.fixture
def raw() -> Iterator[Raw]:
    connection = Raw()
    yield connection
    connection._dbapi_connection.close()


@pytest.mark.parametrize(
    ("texts", "question"),
    [
        (["PRAGMA foreign_keys = ON", "SELECT 1"], "PRAGMA foreign_keys"),
        (["SELECT 1", "PRAGMA ignore_check_constraints(1)"], "PRAGMA ignore_check_constraints"),
        (["PRAGMA main.cache_size = 7"], "PRAGMA main.cache_size"),
        (["PRAGMA recursive_triggers = ON"], "PRAGMA recursive_triggers"),
        (["PRAGMA case_sensitive_like = ON"], "SELECT 'a' LIKE 'A'"),
        (["ATTACH ':memory:' AS other"], "SELECT name FROM pragma_database_list"),
        (["PRAGMA query_only = ON", "SELECT 1"], "PRAGMA query_only"),
        (["PRAGMA max_page_count = 1000"], "PRAGMA max_page_count"),
        (["CREATE TEMP TABLE t (a)", "CREATE TEMPORARY VIEW v AS SELECT 1"], "SELECT count(*) FROM sqlite_temp_master"),
        (["CREATE TABLE temp.t (a)"], "SELECT count(*) FROM sqlite_temp_master"),
    ],
)
@pytest.mark.parametrize("fails", [False, True])
def test_sqlite_pragmas_and_databases_are_as_before(raw: Raw, texts: list[str], question: str, fails: bool) -> None:
    before = raw.query(question)

    def run() -> None:
        with raw.preserve_session(texts):
            for text in texts:
                raw.query(text)
            assert raw.query(question) != before
            if fails:
                raise ValueError

    if fails:
        with pytest.raises(ValueError, match=r"^$"):
            run()
    else:
        run()
    assert raw.query(question) == before


def test_what_a_transaction_ignores_is_set_before_it(raw: Raw) -> None:
    with raw.preserve_session(["PRAGMA foreign_keys = ON", "SELECT 1"]):
        raw.query("BEGIN")
        assert raw.query("PRAGMA foreign_keys") == [(1,)]
        raw.query("COMMIT")
    assert raw.query("PRAGMA foreign_keys") == [(0,)]


def test_a_setting_that_cannot_be_put_back_is_an_error(raw: Raw) -> None:
    def run() -> None:
        with raw.preserve_session(["PRAGMA foreign_keys = ON"]):
            raw.query = refuse  # type: ignore[method-assign]

    def refuse(_text: str) -> list[tuple[Any, ...]]:
        from ahjo_tasks.errors import ServerError

        raise StatementError(ServerError("no"))

    with pytest.raises(StatementError, match="no"):
        run()


@pytest.mark.parametrize(
    ("texts", "calls"),
    [
        (["SET SHOWPLAN_XML ON", "SELECT 1"], ["SET SHOWPLAN_XML OFF"]),
        (["SET NOCOUNT, NOEXEC ON; SET FMTONLY ON"], ["SET NOEXEC OFF", "SET FMTONLY OFF", "SET NOCOUNT OFF"]),
        (
            ["SET STATISTICS IO, /* and */ TIME ON SET REMOTE_PROC_TRANSACTIONS ON", "SET STATISTICS XML OFF"],
            ["SET REMOTE_PROC_TRANSACTIONS OFF; SET STATISTICS IO OFF; SET STATISTICS TIME OFF"],
        ),
        (["SET SHOWPLAN_ALL OFF", "CREATE PROC p AS SET SHOWPLAN_ALL ON"], None),
    ],
)
def test_sql_server_runs_statements_again_before_other_options_are_reset(
    texts: list[str], calls: list[str] | None
) -> None:
    connection = FakeConnection({"SUSER_NAME": [("a", "b", "c")]})
    restore = mssql_session.save(connection, texts)  # type: ignore[arg-type]
    assert (restore is None) == (calls is None)
    if restore:
        restore(False)
        assert connection.ran == calls
