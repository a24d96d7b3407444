"""What a file, a test or a migration sets for its session ends with it, and what it does to transactions is said."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.runtime.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from inside import Deployed

    from ahjo_tasks.database.connection import Connection

SETTINGS = {
    "postgresql": {
        "SET search_path TO pg_catalog": "current_setting('search_path')",
        "SELECT set_config('search_path', '', false)": "current_setting('search_path')",
        "SET lock_timeout = '77s'": "current_setting('lock_timeout')",
        "RESET ALL": "current_setting('lock_timeout')",
        "SET DateStyle = 'German'": "current_setting('DateStyle')",
        "SET ahjo.own = 'x'": "coalesce(nullif(current_setting('ahjo.own', true), ''), '-')",
        "DO $$ BEGIN EXECUTE 'SET work_mem = 77777'; END $$": "current_setting('work_mem')",
        "PREPARE ahjo_p AS SELECT 1": "(SELECT count(*) FROM pg_prepared_statements)",
        "SELECT pg_advisory_lock(7777)": "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7777)",
        "CREATE TEMP TABLE ahjo_t (n int)": "(SELECT count(*) FROM pg_class WHERE relname = 'ahjo_t')",
        "SELECT pg_advisory_unlock_all()": "(SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory')",
    },
    "mysql": {
        "SET FOREIGN_KEY_CHECKS = 0": "@@foreign_key_checks",
        "SET UNIQUE_CHECKS = 0": "@@unique_checks",
        "SET SESSION sql_mode = 'ANSI_QUOTES'": "@@sql_mode",
        "SET NAMES latin1": "@@character_set_client",
        "SET AUTOCOMMIT = 0": "@@autocommit",
        "SET time_zone = '+03:00'": "@@time_zone",
        "USE information_schema": "DATABASE()",
        "SELECT GET_LOCK('ahjo mine', 0)": "IS_FREE_LOCK('ahjo mine')",
        "SELECT RELEASE_ALL_LOCKS()": "IS_FREE_LOCK(CONCAT('ahjo deploy:', SHA1(DATABASE())))",
        "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE": "@@tx_isolation",
        "SET sql_safe_updates = 1, sql_select_limit = 3": "@@sql_safe_updates + @@sql_select_limit",
        "SELECT @mine := 7": "@mine IS NULL",
        "SET @mine = 7": "@mine IS NULL",
        "CREATE TEMPORARY TABLE ahjo_t AS SELECT 7 AS n": "(SELECT COUNT(*) FROM ahjo_t)",
        "INSERT INTO ahjo_watched VALUES (1)": "@of_trigger IS NULL",
        "CALL ahjo_p()": "@of_procedure IS NULL",
        "SELECT ahjo_f()": "CONCAT(@of_function IS NULL, @@group_concat_max_len)",
        "BEGIN NOT ATOMIC EXECUTE IMMEDIATE CONCAT('SET @of', '_block = 1'); END": "@of_block IS NULL",
    },
    "sqlite": {
        "PRAGMA foreign_keys = OFF": "(SELECT foreign_keys FROM pragma_foreign_keys)",
        "PRAGMA ignore_check_constraints = ON": "(SELECT * FROM pragma_ignore_check_constraints)",
        "CREATE TEMP TABLE ahjo_t (n)": "(SELECT count(*) FROM sqlite_temp_master)",
        "ATTACH ':memory:' AS other": "(SELECT count(*) FROM pragma_database_list)",
    },
    "mssql": {
        "SET NOCOUNT ON": "@@OPTIONS & 512",
        "SET DATEFIRST 3": "@@DATEFIRST",
        "SET QUOTED_IDENTIFIER OFF": "@@OPTIONS & 256",
        "SET XACT_ABORT OFF": "@@OPTIONS & 16384",
        "USE master": "DB_NAME()",
        "SET DATEFORMAT dmy": "ISDATE('13/01/2020')",
        "SET LOCK_TIMEOUT 77": "@@LOCK_TIMEOUT",
        "SET CONTEXT_INFO 0x1234": "CONTEXT_INFO()",
        "EXEC sp_set_session_context N'ahjo key', N'x'": "CAST(SESSION_CONTEXT(N'ahjo key') AS nvarchar(9))",
        "EXEC sp_getapplock @Resource = 'ahjo mine', @LockMode = 'Exclusive', @LockOwner = 'Session'": (
            "APPLOCK_MODE('public', 'ahjo mine', 'Session')"
        ),
        "CREATE TABLE #ahjo_t (id int)": "OBJECT_ID('tempdb..#ahjo_t')",
        "DECLARE ahjo_c CURSOR FOR SELECT 1": "CURSOR_STATUS('global', 'ahjo_c')",
    },
}


@pytest.fixture
def connection(live: Deployed) -> Iterator[Connection]:
    """A connection with the deploy lock, as actions hold it."""
    project = Project(live.directory, live.directory / "dev.json", {})
    with project.database.locked_connection() as connection:
        yield connection
    project.close(keep=True)


MYSQL_OBJECTS = (
    "CREATE TABLE ahjo_t (n INT)",
    "CREATE TABLE ahjo_watched (n INT)",
    "CREATE TRIGGER ahjo_set BEFORE INSERT ON ahjo_watched FOR EACH ROW SET @of_trigger = 1",
    "CREATE PROCEDURE ahjo_p() SET @of_procedure = 1",
    (
        "CREATE FUNCTION ahjo_f() RETURNS INT DETERMINISTIC BEGIN SET @of_function = 1;"
        " SET SESSION group_concat_max_len = 77777; RETURN 1; END"
    ),
)


def prepare(connection: Connection) -> None:
    """Create the table that a temporary one of the same name hides, and routines that set something."""
    if connection.dialect.name == "mysql":
        for statement in MYSQL_OBJECTS:
            connection.execute(statement)


def run(connection: Connection, *statements: str, transactional: bool = True) -> None:
    """Run statements as those of a file."""
    with connection.preserve_session(statements), connection.transaction(transactional=transactional):
        for statement in statements:
            connection.execute(statement)


def test_what_a_file_sets_ends_with_it(connection: Connection) -> None:
    prepare(connection)
    for statement, value in SETTINGS[connection.dialect.name].items():
        before = connection.query(f"SELECT {value}")
        run(connection, statement, "SELECT 1")
        assert connection.query(f"SELECT {value}") == before, statement


def test_what_a_file_sets_ends_with_it_when_it_fails(connection: Connection) -> None:
    prepare(connection)
    for statement, value in SETTINGS[connection.dialect.name].items():
        before = connection.query(f"SELECT {value}")
        with pytest.raises(StatementError):
            run(connection, statement, "nonsense", transactional=False)
        assert connection.query(f"SELECT {value}") == before, statement


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_a_prepared_statement_a_handler_and_a_quoted_role_end_with_their_file(connection: Connection) -> None:
    role = connection.dialect.quote(f"{connection.database_name}-r")
    connection.execute(f"CREATE ROLE {role}")
    connection.execute(f"SET ROLE {role}")
    connection.execute("CREATE TABLE ahjo_t (n INT)")
    run(
        connection, "PREPARE ahjo_p FROM 'SELECT 1'", "SET ROLE NONE", "HANDLER ahjo_t OPEN", "HANDLER ahjo_t OPEN AS h"
    )
    assert connection.try_execute("EXECUTE ahjo_p")
    assert connection.try_execute("HANDLER ahjo_t READ FIRST")
    assert connection.try_execute("HANDLER h READ FIRST")
    assert connection.query("SELECT CURRENT_ROLE()") == [(f"{connection.database_name}-r",)]
    connection.execute(f"DROP ROLE {role}")


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_rows_that_no_rollback_takes_back_are_said_to_stay(connection: Connection) -> None:
    connection.execute("CREATE TABLE plain (id INT PRIMARY KEY) ENGINE = MyISAM")
    with pytest.raises(StatementError) as caught:
        run(connection, "INSERT INTO plain VALUES (1)", "INSERT INTO plain VALUES (1)")
    assert "stays" in caught.value.outcome
    assert connection.query("SELECT id FROM plain") == [(1,)]


def test_a_transaction_that_is_left_open_is_rolled_back_and_an_error(connection: Connection) -> None:
    connection.execute("CREATE TABLE left_open (id int)")
    begin = connection.dialect.begin
    with pytest.raises(StatementError, match="leaves a transaction open"):
        run(connection, begin, "INSERT INTO left_open VALUES (1)", transactional=False)
    assert connection.query("SELECT id FROM left_open") == []


def test_what_is_lent_within_a_loan_ends_no_transaction(connection: Connection) -> None:
    connection.execute("CREATE TABLE lent (id int)")
    with connection.sqlalchemy_connection() as outer:
        outer.exec_driver_sql("INSERT INTO lent VALUES (1)")
        with connection.sqlalchemy_connection() as inner:
            assert inner is outer
        outer.exec_driver_sql("INSERT INTO lent VALUES (2)")
        outer.rollback()
        outer.exec_driver_sql("INSERT INTO lent VALUES (3)")
        outer.commit()
    assert connection.query("SELECT id FROM lent") == [(3,)]


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_a_prepared_transaction_is_not_said_to_be_rolled_back(connection: Connection) -> None:
    name = f"'{connection.database_name}'"
    connection.execute("CREATE TABLE prepared (id int)")
    steps = (f"XA START {name}", "INSERT INTO prepared VALUES (1)", f"XA END {name}", f"XA PREPARE {name}")
    with pytest.raises(StatementError, match="leaves a transaction open") as caught:
        run(connection, *steps, transactional=False)
    connection.execute(f"XA ROLLBACK {name}")
    assert "neither committed nor rolled back" in caught.value.outcome
    assert "XA COMMIT" in (caught.value.hint or "")


def test_a_transaction_that_is_ended_is_an_error_that_says_what_stays(connection: Connection) -> None:
    if not connection.dialect.transactional_ddl:
        return  # COMMIT and DDL end it, and may
    connection.execute("CREATE TABLE ended_early (id int)")
    with pytest.raises(StatementError, match="ended the transaction") as caught:
        run(connection, "INSERT INTO ended_early VALUES (1)", "COMMIT")
    assert caught.value.outcome == "what it committed stays."
    assert connection.query("SELECT id FROM ended_early") == [(1,)]


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize("mode", ["ISOLATION LEVEL SERIALIZABLE", "NOT DEFERRABLE"])
def test_what_has_to_begin_a_transaction_is_told_to_write_begin(live: Deployed, mode: str) -> None:
    live.write("database/data/a.sql", f"SET TRANSACTION {mode};\nCREATE TABLE made (id int);\n")
    failed = live.fail("data")
    assert "Write BEGIN before it" in failed.err
    assert "transaction: off" not in failed.err
    assert not live.has("made")
    live.write("database/data/a.sql", f"BEGIN;\nSET TRANSACTION {mode};\nCREATE TABLE made (id int);\nCOMMIT;\n")
    live.succeed("data")
    assert live.has("made")


TEMPORARY = {
    "postgresql": "CREATE TEMP TABLE {}",
    "mysql": "CREATE TEMPORARY TABLE {}",
    "sqlite": "CREATE TEMP TABLE {}",
    "mssql": "CREATE TABLE #{}",
}


def test_a_temporary_table_of_a_test_is_gone_behind_it_and_a_real_one_stays(live: Deployed) -> None:
    name = live.target.name
    live.write("database/tests/a.sql", f"{TEMPORARY[name].format('kept')} (id int);\nSELECT 'ok' AS result;\n")
    live.write("database/tests/b.sql", f"{TEMPORARY[name].format('kept')} (id int);\nSELECT 'ok' AS result;\n")
    with live.connection() as connection:
        connection.execute("CREATE TABLE kept (id int)")
    live.succeed("test")
    assert live.has("kept")


MIGRATION = """
from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    op.execute({statement!r})
    op.execute("CREATE TABLE {table} (id int)")


def downgrade():
    pass
"""
LEAKS = {
    "postgresql": ("SET search_path TO other, public", "other.made"),
    "mysql": ("SET FOREIGN_KEY_CHECKS = 0", "made"),
    "sqlite": ("PRAGMA ignore_check_constraints = ON", "made"),
    "mssql": ("SET NOCOUNT ON", "made"),
}


def test_what_a_migration_sets_ends_with_it(live: Deployed) -> None:
    name = live.target.name
    statement, table = LEAKS[name]
    if name == "postgresql":
        with live.connection() as connection:
            connection.execute("CREATE SCHEMA other")
    live.write("alembic.ini", "[alembic]\nscript_location = alembic\n")
    live.write("alembic/env.py", "from ahjo_tasks import alembic_env\n\nalembic_env.run()\n")
    live.write("alembic/versions/a1.py", MIGRATION.format(statement=statement, table=table))
    project = Project(live.directory, live.directory / "dev.json", {})
    value = {**SETTINGS[name], LEAKS["postgresql"][0]: "current_setting('search_path')"}[statement]
    with project.database.locked_connection() as connection:
        before = connection.query(f"SELECT {value}")
        project.migrations.run(connection, "heads")
        assert connection.query(f"SELECT {value}") == before
        assert project.migrations.current(connection) == ("a1",)
    project.close(keep=True)


ENDING = """
from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE made (id int)")
    {ending}
    op.execute("nonsense")


def downgrade():
    pass
"""


@pytest.mark.parametrize("target", ["postgresql", "sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("ending", "message", "outcome", "stays"),
    [
        ('op.execute("ROLLBACK")', "ROLLBACK would take back", "The migration was rolled back.", False),
        ('op.execute("/* a */ ABORT")', "ABORT", "The migration was rolled back.", False),
        ('op.execute("COMMIT")', "nonsense", "what the failing migration did before its own COMMIT stays.", True),
        ("op.get_bind().commit()", "nonsense", "what the failing migration did before its own COMMIT stays.", True),
        ('op.execute("SELECT 1")', "nonsense", "The migration was rolled back.", False),
    ],
)
def test_a_migration_that_ends_its_transaction_is_refused_or_said_to_stay(
    live: Deployed, ending: str, message: str, outcome: str, stays: bool
) -> None:
    live.write("alembic.ini", "[alembic]\nscript_location = alembic\n")
    live.write("alembic/env.py", "from ahjo_tasks import alembic_env\n\nalembic_env.run()\n")
    live.write("alembic/versions/a1.py", ENDING.format(ending=ending))
    project = Project(live.directory, live.directory / "dev.json", {})
    with project.database.locked_connection() as connection:
        with pytest.raises(DeployError, match=message) as caught:
            project.migrations.run(connection, "heads")
        assert caught.value.outcome == outcome
        assert (connection.try_execute("SELECT * FROM made") is None) is stays
    project.close(keep=True)


@pytest.mark.parametrize("statement", ["FLUSH TABLES WITH READ LOCK", "/* a */ backup stage start"])
@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_a_migration_that_locks_the_whole_server_is_refused(live: Deployed, statement: str) -> None:
    live.write("alembic.ini", "[alembic]\nscript_location = alembic\n")
    live.write("alembic/env.py", "from ahjo_tasks import alembic_env\n\nalembic_env.run()\n")
    live.write("alembic/versions/a1.py", ENDING.format(ending=f"op.execute({statement!r})"))
    failed = live.fail("deploy", AHJO_STATEMENT_TIMEOUT="20")
    assert "a1.py" in failed.err
    assert "locks the whole server" in failed.err


OF_FUNCTIONS = "(SELECT count(*) FROM pg_proc WHERE proname = 'ahjo_f')"
OF_OPERATORS = "(SELECT count(*) FROM pg_operator WHERE oprname = '@+@')"
OWN = "coalesce(nullif(current_setting('ahjo.' || 'own', true), ''), '-')"
POSTGRESQL_FILES = {
    "SELECT 'a', go_own()": OWN,
    "INSERT INTO watched VALUES (1)": OWN,
    "-- c\nUPDATE watched SET x = 2": OWN,
    "WITH d AS (DELETE FROM watched RETURNING x) SELECT 1": OWN,
    "COPY watched FROM STDIN;\n1\n\\.\n": "current_setting('search_path')",
    "TRUNCATE watched": "current_setting('search_path')",
    "CALL go_there()": "current_setting('search_path')",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY": "current_setting('default_transaction_read_only')",
    "SET session_replication_role = replica": "current_setting('session_replication_role')",
    "SET TIME ZONE 'Asia/Tokyo'": "current_setting('TimeZone')",
    "SET XML OPTION DOCUMENT": "current_setting('xmloption')",
    "SET SESSION SCHEMA 'pg_catalog'": "current_setting('search_path')",
    "SET ROLE pg_read_all_data": "current_user",
    "SET SESSION AUTHORIZATION pg_monitor": "session_user",
    "LISTEN ahjo_channel": "(SELECT count(*) FROM pg_listening_channels())",
    "DECLARE ahjo_c CURSOR WITH HOLD FOR SELECT 1": "(SELECT count(*) FROM pg_cursors WHERE is_holdable)",
    "SELECT go()": "current_setting('search_path')",
    "CREATE TYPE pg_temp.ahjo_t AS (a int)": "(SELECT count(*) FROM pg_type WHERE typname = 'ahjo_t')",
    'CREATE DOMAIN "pg_temp" . "ahjo T" AS int': "(SELECT count(*) FROM pg_type WHERE typname = 'ahjo T')",
    "CREATE FUNCTION pg_temp.ahjo_f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1'": OF_FUNCTIONS,
    "CREATE PROCEDURE pg_temp.ahjo_f() LANGUAGE sql AS 'SELECT 1'": OF_FUNCTIONS,
    "CREATE AGGREGATE pg_temp.ahjo_f(int) (sfunc = int4pl, stype = int)": OF_FUNCTIONS,
    "CREATE OPERATOR pg_temp.@+@ (leftarg = int, rightarg = int, function = int4pl)": OF_OPERATORS,
    "CREATE COLLATION pg_temp.ahjo_c (locale = 'C')": "(SELECT count(*) FROM pg_collation WHERE collname = 'ahjo_c')",
    "CREATE TEMP TABLE ahjo_t (a serial, b int); CREATE STATISTICS pg_temp.ahjo_s ON a, b FROM ahjo_t": (
        "(SELECT count(*) FROM pg_statistic_ext WHERE stxname = 'ahjo_s')"
    ),
    "SELECT 1 AS n INTO TEMP ahjo_t": "(SELECT count(*) FROM pg_class WHERE relname = 'ahjo_t')",
    "DO $$ BEGIN EXECUTE 'prep' || 'are ahjo_p as select 1'; END $$": "(SELECT count(*) FROM pg_prepared_statements)",
}


GOING = """
CREATE PROCEDURE go_there() LANGUAGE plpgsql AS $$ BEGIN PERFORM go(); END $$;
CREATE FUNCTION go_own() RETURNS text LANGUAGE sql AS $$ SELECT set_config('ahjo.own', 'x', false) $$;
CREATE TABLE watched (x int);
INSERT INTO watched VALUES (0);
CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM go(), go_own(); RETURN NULL; END $$;
CREATE TRIGGER each_statement AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON watched EXECUTE FUNCTION gone();
"""


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize(("statement", "value"), POSTGRESQL_FILES.items())
def test_what_functions_and_blocks_set_ends_with_their_file(connection: Connection, statement: str, value: str) -> None:
    connection.execute(
        "CREATE FUNCTION go() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET search_path TO pg_catalog; END $$"
    )
    connection.execute(GOING)
    before = connection.query(f"SELECT {value}")
    run(connection, statement)
    assert connection.query(f"SELECT {value}") == before


STOCK_ENV = """
from alembic import context
from sqlalchemy import create_engine, engine_from_config, pool

engine = {engine}
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""


@pytest.mark.parametrize("action", ["deploy", "alembic"])
def test_an_env_py_of_its_own_url_migrates_the_database_of_the_config_or_fails(sqlite: Deployed, action: str) -> None:
    command = ("deploy",) if action == "deploy" else ("alembic", "upgrade head")
    own = 'engine_from_config(context.config.get_section("alembic", {}), prefix="sqlalchemy.", poolclass=pool.NullPool)'
    sqlite.write("alembic.ini", "[alembic]\nscript_location = alembic\nsqlalchemy.url = sqlite:///elsewhere.db\n")
    sqlite.write("alembic/versions/a1.py", MIGRATION.format(statement="SELECT 1", table="made"))
    other = f'create_engine("sqlite:///{sqlite.directory}/other.db")'
    sqlite.write("alembic/env.py", STOCK_ENV.format(engine=other))
    done = sqlite.fail(*command)
    assert "env.py" in done.err
    assert "alembic_env.run()" in done.err
    assert not sqlite.has("made")
    if action == "deploy":  # it is seen before a migration runs there
        assert f"It connects to sqlite:///{sqlite.directory}/other.db" in " ".join(done.err.split())
        assert tables_of(sqlite.directory / "other.db") <= {"alembic_version"}
    sqlite.write("alembic/env.py", STOCK_ENV.format(engine=own))
    sqlite.succeed(*command)
    assert sqlite.has("made")
    assert not (sqlite.directory / "elsewhere.db").exists()


def tables_of(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


OUR_ENV = "from ahjo_tasks import alembic_env\n\nalembic_env.run({options})\n"


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mysql"], indirect=True)
@pytest.mark.parametrize("stock", [False, True])
def test_an_env_py_with_a_version_table_of_its_own_is_told_before_a_migration_runs(live: Deployed, stock: bool) -> None:
    own = 'engine_from_config(context.config.get_section("alembic", {}), prefix="sqlalchemy.", poolclass=pool.NullPool)'
    env = STOCK_ENV.format(engine=own) if stock else OUR_ENV
    env = env.replace("target_metadata=None", "target_metadata=None, {options}")
    live.write("alembic.ini", "[alembic]\nscript_location = alembic\n")
    live.write("alembic/versions/a1.py", MIGRATION.format(statement="SELECT 1", table="made"))
    live.write("alembic/env.py", env.replace("{options}", 'version_table="mine"'))
    done = live.fail("deploy")
    assert "env.py" in done.err
    assert "It records revisions in the table mine, and the config has alembic_version." in " ".join(done.err.split())
    assert not live.has("made")
    live.reconfigure(alembic_version_table="mine")
    live.succeed("deploy")
    assert live.rows("SELECT version_num FROM mine") == [("a1",)]
    assert "nothing to do" in live.succeed("deploy").text


def written(live: Deployed, name: str, text: str) -> str:
    live.write(name, text)
    return name


@pytest.mark.parametrize("target", ["mssql"], indirect=True)
def test_a_temporary_procedure_ends_with_its_file(connection: Connection) -> None:
    for _ in range(2):
        run(connection, "CREATE PROCEDURE #ahjo_p AS SELECT 1 AS a", "EXEC #ahjo_p")


@pytest.mark.parametrize("target", ["mssql"], indirect=True)
@pytest.mark.parametrize("shared", [False, True])
def test_tsql_that_commits_and_then_fails_does_not_say_that_nothing_was_changed(live: Deployed, shared: bool) -> None:
    live.succeed("deploy-files", "--files", written(live, "t.sql", "CREATE TABLE dbo.t (id int PRIMARY KEY)"))
    live.reconfigure(context_connectable_type="connection" if shared else "engine")
    text = "INSERT INTO dbo.t VALUES (1); COMMIT;\nGO\nINSERT INTO dbo.t VALUES (1);"
    done = live.fail("deploy-files", "--files", written(live, "c.sql", text))
    assert "hat was committed before stays: see COMMIT or ROLLBACK at c.sql:1" in done.text
    assert "nothing was changed" not in done.text
    assert "as before" not in done.text
    assert live.rows("SELECT id FROM dbo.t") == [(1,)]


def test_tsql_that_leaves_a_transaction_open_in_that_of_the_action_fails_by_file(live: Deployed) -> None:
    if live.target.name != "mssql":
        return  # refused by name before anything runs
    live.succeed("deploy-files", "--files", written(live, "t.sql", "CREATE TABLE dbo.t (id int PRIMARY KEY)"))
    live.reconfigure(context_connectable_type="connection")
    done = live.fail(
        "deploy-files", "--files", written(live, "c.sql", "BEGIN TRANSACTION; INSERT INTO dbo.t VALUES (1);")
    )
    assert "c.sql: The file leaves a transaction" in done.err
    assert live.rows("SELECT id FROM dbo.t") == []


CALLED = {
    "ROLLBACK": "rolled back: what the file did before it is lost",
    "COMMIT": "ended the transaction: what was done before it is committed",
    "CREATE TABLE made (id INT)": "ended the transaction: what was done before it is committed",
}


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
@pytest.mark.parametrize("called", CALLED)
def test_a_procedure_that_ends_the_transaction_of_a_file_is_named(live: Deployed, called: str) -> None:
    live.by_hand("CREATE TABLE item (id INT)", f"CREATE PROCEDURE ends() {called}")
    live.write("database/data/a.sql", "INSERT INTO item VALUES (1);\nCALL ends();\n")
    done = live.here("data")
    assert done.code == int(called == "ROLLBACK")
    assert f"a.sql:2: {'' if done.code else 'Warning: '}" in done.text
    assert CALLED[called] in done.text


COMMITS = "INSERT INTO item VALUES (2); COMMIT; INSERT INTO item VALUES (3), (3);"
BODIES = {
    "mysql": ("DELIMITER //\nCREATE PROCEDURE ends() BEGIN {} END//", "DELIMITER //\nBEGIN NOT ATOMIC {} END//"),
    "postgresql": (
        "CREATE PROCEDURE ends() LANGUAGE plpgsql AS $$ BEGIN {} END $$",
        "DO $$ BEGIN {} END $$",
    ),
}


@pytest.mark.parametrize("target", ["mysql", "postgresql"], indirect=True)
@pytest.mark.parametrize("head", ["", "-- transaction: off\n", "-- transaction: off\nSELECT 1;\n"])
@pytest.mark.parametrize("called", [True, False])
def test_what_called_code_commits_before_it_fails_is_said_to_stay(live: Deployed, head: str, called: bool) -> None:
    procedure, block = (body.format(COMMITS) for body in BODIES[live.target.name])
    live.by_hand("CREATE TABLE item (id INT PRIMARY KEY)")
    live.succeed("deploy-files", "--files", written(live, "p.sql", procedure))
    live.write("database/data/a.sql", head + ("CALL ends();" if called else block))
    failed = live.fail("data")
    assert "hat the code that it calls has committed stays" in failed.err
    assert "nothing" not in failed.err
    assert live.rows("SELECT id FROM item") == [(2,)]
