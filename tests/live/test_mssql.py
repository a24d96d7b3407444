from __future__ import annotations

import os
import re
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from inside import Deployed, deployed
from revisions import revision
from sqlalchemy import event
from sqlalchemy.pool import Pool

from ahjo_tasks.errors import StatementError
from ahjo_tasks.runtime.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from targets import Target

only = pytest.mark.parametrize


@pytest.fixture
def live(mssql_target: Target, tmp_path: Path) -> Deployed:
    return deployed(mssql_target, tmp_path / "project", display_db_info=False)


@pytest.fixture
def unborn(mssql_target: Target, tmp_path: Path) -> Deployed:
    """A project whose database does not exist yet."""
    return deployed(mssql_target, tmp_path / "project", create=False)


def count(live: Deployed, table: str) -> int:
    return int(live.rows(f"SELECT COUNT(*) FROM {table}")[0][0])


def table(live: Deployed, name: str = "dbo.t") -> None:
    live.target.query(f"CREATE TABLE {name} (id INTEGER NOT NULL PRIMARY KEY)", live.database)


# -- transactions ------------------------------------------------------------------------------------------------------


@only("loses", [None, 0, 1])
def test_a_transaction_that_was_lost_unseen_is_not_called_committed(live: Deployed, loses: int | None) -> None:
    table(live)
    live.reconfigure(context_connectable_type="connection")
    database = Project(live.directory, live.directory / "dev.json", {}).database
    for number in range(2):
        database.connection.execute(f"INSERT INTO dbo.t VALUES ({number})")
        if number == loses:
            database.connection.dbapi_connection.rollback()
            database.connection.query("SELECT COUNT(*) FROM dbo.t")
    refused = pytest.raises(StatementError, match=r"could not be committed.* It was rolled back")
    with nullcontext() if loses is None else refused:
        database.close(keep=True)
    assert count(live, "dbo.t") == (2 if loses is None else 0)


@only("then", ["", "SELECT COUNT(*) FROM dbo.t;", "INSERT INTO dbo.t VALUES (2);"])
@only("end", ["COMMIT", "ROLLBACK"])
def test_a_file_that_ends_the_transaction_of_the_action_is_named_whatever_it_does_then(
    live: Deployed, end: str, then: str
) -> None:
    table(live)
    live.reconfigure(context_connectable_type="connection")
    live.write("database/data/a.sql", f"INSERT INTO dbo.t VALUES (1);\n{end};\n{then}\n")
    failed = live.fail("data")
    assert "a.sql" in failed.err
    assert "ended the transaction of the action" in failed.err
    assert "what was committed stays" in failed.err
    assert (count(live, "dbo.t WHERE id = 1") == 1) == (end == "COMMIT")


def test_modules_are_refreshed_also_where_a_run_was_stopped_behind_its_migrations(live: Deployed) -> None:
    live.reconfigure(deploy_transaction="file")
    revision(live, "a1", None, 'op.create_table("item", sa.Column("id", sa.Integer))')
    live.view("v", "SELECT nothing FROM dbo.item")
    live.fail("deploy")
    live.view("v", "SELECT id FROM dbo.item")
    assert "modules after table changes" in live.succeed("deploy", "--dry").text
    live.succeed("deploy")
    live.view("v", "SELECT id AS number FROM dbo.item")
    assert "modules after table changes" not in live.succeed("deploy", "--dry").text


# -- errors and messages -----------------------------------------------------------------------------------------------

LOST_ERRORS = {
    "behind a result set": "SELECT 1 AS a;\nRAISERROR('too late', 16, 1);\n",
    "behind an update": "UPDATE dbo.t SET id = id;\nRAISERROR('too late', 16, 1);\n",
    "behind many results": "SELECT 1;\nINSERT INTO dbo.t VALUES (7);\nSELECT 3;\nRAISERROR('too late', 16, 1);\n",
    "behind a message": "PRINT 'all is well';\nRAISERROR('too late', 16, 1);\n",
    "without row counts": "SET NOCOUNT ON;\nINSERT INTO dbo.t VALUES (7);\nRAISERROR('too late', 16, 1);\n",
    "before more results": "SELECT 1;\nRAISERROR('too late', 16, 1);\nSELECT 2;\nPRINT 'done';\n",
    "among rows": "SELECT CAST(v AS int) AS i FROM (VALUES ('1'), ('too late')) AS t (v);\n",
    "among later rows": "SELECT 1;\nSELECT CAST(v AS int) FROM (VALUES ('1'), ('too late')) AS t (v);\nPRINT 'done';\n",
}


@only("script", LOST_ERRORS.values(), ids=LOST_ERRORS)
def test_no_error_is_lost(live: Deployed, script: str) -> None:
    table(live)
    live.write("database/data/a.sql", script)
    done = live.fail("data")
    assert "too late" in done.err
    assert "database/data/a.sql" in done.err
    assert count(live, "dbo.t") == 0


def test_an_error_among_rows_fails_a_file_outside_of_a_transaction_too(live: Deployed) -> None:
    """Microsoft's driver says nothing of it to who does not read the rows, and no commit fails behind it."""
    live.write("database/data/a.sql", f"-- transaction: off\n{LOST_ERRORS['among rows']}")
    assert "too late" in live.fail("data").err


def test_no_error_of_a_trigger_or_a_procedure_is_lost(live: Deployed) -> None:
    table(live)
    live.target.query("CREATE PROCEDURE dbo.p AS BEGIN SELECT 1; RAISERROR('from inside', 16, 1) END", live.database)
    live.target.query(
        "CREATE TRIGGER dbo.tr ON dbo.t AFTER INSERT AS BEGIN RAISERROR('from the trigger', 16, 1) END", live.database
    )
    live.write("database/data/a.sql", "EXEC dbo.p;\n")
    assert "from inside" in live.fail("data").err
    live.write("database/data/a.sql", "INSERT INTO dbo.t VALUES (1);\n")
    assert "from the trigger" in live.fail("data").err
    assert count(live, "dbo.t") == 0


LOST_MESSAGES = {
    "between results": "SELECT 1;\nPRINT 'heard';\nSELECT 2;\n",
    "at the end": "SELECT 1;\nINSERT INTO dbo.t VALUES (1);\nPRINT 'heard';\n",
    "without row counts": "SET NOCOUNT ON;\nINSERT INTO dbo.t VALUES (1);\nPRINT 'heard';\n",
    "of low severity": "SELECT 1;\nRAISERROR('heard', 10, 1);\n",
    "before an error": "PRINT 'heard';\nRAISERROR('wrong', 16, 1);\n",
}


@only("script", LOST_MESSAGES.values(), ids=LOST_MESSAGES)
def test_no_message_is_lost(live: Deployed, script: str) -> None:
    table(live)
    live.write("database/data/a.sql", "-- a comment\n" + script)
    done = live.here("data")
    line = script[: script.index("'heard'")].count("\n") + 2
    assert f"database/data/a.sql:{line}: heard" in done.out
    assert done.code == ("wrong" in script)


def test_messages_come_while_the_file_still_runs(live: Deployed) -> None:
    """Each batch's messages are shown before the next batch starts."""
    table(live)
    waits = "DECLARE @n int = 0; WHILE @n < 300000 SET @n += 1;"
    live.write("database/data/a.sql", f"PRINT 'early';\nGO\n{waits}\nGO\nPRINT 'late';\n")
    with live.started("data", PYTHONUNBUFFERED="1") as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert any("early" in line for line in lines)
        assert process.poll() is None
        assert any("late" in line for line in lines)


def test_messages_of_a_batch_come_before_its_end_with_their_lines(live: Deployed) -> None:
    waits = "DECLARE @n int = 0;\nWHILE @n < 300000 SET @n += 1;"
    live.write(
        "database/data/a.sql",
        f"-- slow\nPRINT 'early ' + CAST(@@SPID AS varchar(9));\n{waits}\nRAISERROR('%d done', 0, 1, @n);\n",
    )
    with live.started("data", PYTHONUNBUFFERED="1") as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        assert any("a.sql:2: early" in line for line in lines)
        assert process.poll() is None
        assert any("a.sql:5: 300000 done" in line for line in lines)


def test_an_error_inside_of_a_procedure_names_it_and_the_line_of_its_call(live: Deployed) -> None:
    live.write(
        "database/data/a.sql",
        "CREATE PROCEDURE dbo.p AS\nBEGIN\n  PRINT 'heard';\n  RAISERROR('from inside', 16, 3);\nEND\nGO\n"
        "PRINT 'first';\nEXEC dbo.p;\n",
    )
    done = live.fail("data")
    assert "a.sql:8: 50000, Level 16, State 3: from inside" in done.err
    assert "    8 | EXEC dbo.p;" in done.err
    assert "in p, line 4" in done.err
    assert "a.sql:7 (batch): heard" in done.out


@only("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_an_error_names_its_line_in_the_file(live: Deployed, end: str) -> None:
    table(live)
    lines = [
        "PRINT 'one'",
        "GO",
        "-- about",
        "INSERT INTO dbo.t VALUES (1);",
        "",
        "INSERT INTO dbo.t VALUES (1);",
        "GO",
        "",
    ]
    (live.directory / "database/data").mkdir(parents=True)
    (live.directory / "database/data/a.sql").write_bytes(end.join(lines).encode())
    done = live.fail("data")
    assert "a.sql:6: 2627" in done.err
    assert "Level 14" in done.err
    assert "    6 | INSERT INTO dbo.t VALUES (1);" in done.err


def test_the_line_is_found_though_earlier_batches_of_the_file_are_gone(live: Deployed) -> None:
    live.write(
        "database/data/a.sql",
        "CREATE TABLE dbo.made (id int PRIMARY KEY);\nGO\nSELECT 1;\nINSERT INTO dbo.made VALUES (1), (1);\n",
    )
    assert "a.sql:4: 2627" in live.fail("data").err
    assert not live.has("dbo.made")


def test_an_error_about_a_name_has_its_column(live: Deployed) -> None:
    table(live)
    live.write("database/views/dbo.v.sql", "CREATE VIEW dbo.v AS\nSELECT id,\n       nosuchcolumn\n  FROM dbo.t;\n")
    done = live.fail("deploy")
    assert "database/views/dbo.v.sql:3:8: " in done.err
    assert "        | " + " " * 7 + "^" in done.err


def test_a_repetition_that_fails_is_counted(live: Deployed) -> None:
    table(live)
    live.write("database/data/a.sql", "INSERT INTO dbo.t SELECT ISNULL(MAX(id), 7) FROM dbo.t;\nGO 3\n")
    assert "at repetition 2 of 3" in live.fail("data").err
    assert count(live, "dbo.t") == 0


def test_a_syntax_error_undoes_the_whole_file_and_is_the_error_that_is_told(live: Deployed) -> None:
    """The server has ended the transaction by then, and the rollback that follows must not hide why."""
    table(live)
    live.write("database/data/a.sql", "INSERT INTO dbo.t VALUES (1);\nGO\nSELEC 1;\n")
    done = live.fail("data")
    assert "a.sql:3:" in done.err
    assert "3903" not in done.text
    assert count(live, "dbo.t") == 0


def test_a_lock_that_is_not_released_is_waited_for_once(live: Deployed) -> None:
    """The batch is not run again to find the line of its error: that would wait as long once more."""
    table(live)
    live.reconfigure(lock_timeout=4)
    live.write("database/data/a.sql", "SELECT 1;\nINSERT INTO dbo.t VALUES (1);\n")
    with live.target.connect(live.database) as other:
        other.cursor().execute("BEGIN TRANSACTION; INSERT INTO dbo.t VALUES (1)")
        done = live.fail("data")
    assert "a.sql" in done.err
    assert "lock_timeout in the config says how long to wait" in done.err
    seconds = re.search(r" FAIL +([0-9.]+)s", done.out)
    assert seconds is not None, done.out
    assert 3 < float(seconds[1]) < 7


# -- transactions ------------------------------------------------------------------------------------------------------


def test_a_doomed_transaction_is_not_taken_for_a_good_one(live: Deployed) -> None:
    table(live)
    caught = "BEGIN TRY INSERT INTO dbo.t VALUES (1), (1) END TRY BEGIN CATCH PRINT 'caught' END CATCH"
    live.write("database/data/a.sql", f"INSERT INTO dbo.t VALUES (5);\nGO\n{caught};\n")
    done = live.fail("data")
    assert "rolled back" in done.text
    assert "SET XACT_ABORT OFF" in done.err
    assert count(live, "dbo.t") == 0
    live.write("database/data/a.sql", f"SET XACT_ABORT OFF;\nINSERT INTO dbo.t VALUES (5);\nGO\n{caught};\n")
    live.succeed("data")
    assert count(live, "dbo.t") == 1


UNMATCHED = {
    "ended": "INSERT INTO dbo.t VALUES (1);\nROLLBACK;\n",
    "committed": "INSERT INTO dbo.t VALUES (1);\nCOMMIT;\n",
    "left open": "BEGIN TRANSACTION;\nINSERT INTO dbo.t VALUES (1);\n",
}


@only("script", UNMATCHED.values(), ids=UNMATCHED)
def test_a_file_that_does_not_match_its_transactions_fails(live: Deployed, script: str) -> None:
    table(live)
    live.write("database/data/a.sql", script)
    assert "BEGIN TRANSACTION does not match" in live.fail("data").err
    assert count(live, "dbo.t") == int("COMMIT" in script)


def test_a_file_may_have_transactions_of_its_own(live: Deployed) -> None:
    table(live)
    live.write("database/data/a.sql", "BEGIN TRANSACTION;\nINSERT INTO dbo.t VALUES (1);\nCOMMIT;\n")
    live.succeed("data")
    assert count(live, "dbo.t") == 1


def test_a_transaction_that_stays_open_outside_of_ours_is_told(live: Deployed) -> None:
    table(live)
    live.write("database/data/a.sql", "-- transaction: off\nBEGIN TRANSACTION;\nINSERT INTO dbo.t VALUES (1);\n")
    assert "leaves a transaction open" in live.fail("data").err
    assert count(live, "dbo.t") == 0


def test_by_its_header_a_file_runs_outside_of_a_transaction(live: Deployed) -> None:
    table(live)
    live.write("database/data/a.sql", "-- transaction: off\nINSERT INTO dbo.t VALUES (1);\nGO\nSELECT 1/0;\n")
    assert "outside of a transaction: its header says so" in live.here("data", "--dry").out
    done = live.fail("data")
    assert "Statement 2 of 2" in done.err
    assert count(live, "dbo.t") == 1


def test_a_statement_that_refuses_a_transaction_runs_outside_of_one(live: Deployed) -> None:
    other = live.target.new_database_name()
    live.write(
        "database/data/a.sql",
        f"-- CREATE DATABASE in a comment does not count\nCREATE DATABASE [{other}];\nGO\nPRINT 'made';\n",
    )
    assert "outside of a transaction: CREATE DATABASE" in live.here("data", "--dry").out
    assert ":4: made" in live.succeed("data").out
    assert live.target.query(f"SELECT COUNT(*) FROM sys.databases WHERE name = '{other}'") == [(1,)]


@pytest.fixture
def renaming(live: Deployed) -> str:
    """A statement that renames another database, which the server refuses in a transaction."""
    other, renamed = live.target.new_database_name(), live.target.new_database_name()
    live.target.query(f"CREATE DATABASE [{other}]")
    return f"ALTER DATABASE [{other}] MODIFY NAME = [{renamed}]"


def test_a_deploy_is_cut_in_parts_at_what_refuses_a_transaction(live: Deployed, renaming: str) -> None:
    view = "CREATE VIEW dbo.{} AS SELECT {} AS n FROM {};\n"
    live.write("database/views/a.sql", view.format("a", 1, "(SELECT 1 AS x) AS t"))
    block = f"IF 1 = 1\nBEGIN\n  EXEC (N'{renaming.replace(' ', ' /* to */ ')}')\nEND\nGO\n"
    live.write("database/views/b.sql", block + view.format("b", "n", "dbo.a"))
    live.write("database/views/c.sql", view.format("c", "n", "dbo.b"))
    live.write("database/views/d.sql", view.format("d", "lacking", "dbo.c"))
    planned = live.succeed("plan").out
    assert "outside of a transaction: ALTER DATABASE" in planned
    assert "the finished ones of its 3 transactions stay" in planned
    assert "c.sql" in live.fail("deploy").out
    assert [live.has(name) for name in "abc"] == [True, True, False]


def test_a_statement_that_only_the_server_knows_to_refuse_a_transaction_runs_outside_of_one(
    live: Deployed, renaming: str
) -> None:
    live.write("database/views/a.sql", "CREATE VIEW dbo.a AS SELECT 1 AS n;\n")
    live.write("database/views/b.sql", f"EXEC ('{renaming[:7]}' + '{renaming[7:]}');\n")
    live.write("database/views/c.sql", "CREATE VIEW dbo.c AS SELECT 1 AS n;\n")
    assert "outside of" not in live.succeed("plan").out
    done = live.succeed("deploy").out
    assert "each step is committed by itself now" in done
    assert "ran outside of a transaction, as the server asks of this statement" in done
    assert "OK=3 FAIL=0" in done
    live.write("database/views/b.sql", f"PRINT 'two'; EXEC ('{renaming[:7]}' + '{renaming[7:]}');\n")
    assert "Write -- transaction: off at the head of the file" in live.fail("deploy").err


def test_a_table_in_memory_is_created_outside_of_a_transaction(live: Deployed) -> None:
    options = "DURABILITY = SCHEMA_ONLY, MEMORY_OPTIMIZED /* not on disk */ = ON"
    live.write(
        "database/tables/t.sql", f"CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY NONCLUSTERED) WITH ({options});"
    )
    assert "outside of a transaction: MEMORY_OPTIMIZED = ON" in live.here("structure", "--dry").out
    live.succeed("structure")
    assert count(live, "dbo.t") == 0


def test_a_revision_is_told_how_to_leave_its_transaction(live: Deployed, renaming: str) -> None:
    revision(live, "a1", None, f'op.execute("{renaming}")')
    assert "with op.get_context().autocommit_block()" in live.fail("deploy").err


def test_one_transaction_for_the_action_refuses_what_cannot_be_in_it(live: Deployed) -> None:
    live.reconfigure(context_connectable_type="connection")
    live.write("database/data/a.sql", "CREATE DATABASE nobody_makes_it;\n")
    assert "CREATE DATABASE" in live.fail("data", code=2).err


# -- the session -------------------------------------------------------------------------------------------------------


def test_what_a_file_sets_ends_with_it(live: Deployed) -> None:
    table(live)
    live.write("database/data/a.sql", "SET NOCOUNT ON;\nSET QUOTED_IDENTIFIER OFF;\nSET XACT_ABORT OFF;\nUSE master;\n")
    live.write("database/data/b.sql", 'INSERT INTO "dbo"."t" VALUES (1);\n')
    done = live.succeed("data")
    assert "1 row" in done.out.partition("b.sql")[2]
    assert count(live, "dbo.t") == 1


def test_a_test_file_leaves_the_session_as_it_was(live: Deployed) -> None:
    table(live)
    live.write("database/tests/a.sql", "USE master;\nSELECT 'a' AS test_name, 'OK' AS result;\n")
    live.write(
        "database/tests/b.sql", "SELECT 'b' AS test_name, CASE COUNT(*) WHEN 0 THEN 'OK' END AS result FROM dbo.t;\n"
    )
    assert "2/2 checks passed" in live.succeed("test").out


def test_temporary_tables_and_options_live_through_the_batches_of_a_file(live: Deployed) -> None:
    table(live)
    live.write(
        "database/data/a.sql",
        "CREATE TABLE #some (id int);\nGO\nINSERT INTO #some VALUES (3);\nGO\nINSERT dbo.t SELECT id FROM #some;\n",
    )
    live.succeed("data")
    assert live.rows("SELECT id FROM dbo.t") == [(3,)]


def test_a_session_that_is_killed_fails_the_file_and_gives_the_lock_back(live: Deployed) -> None:
    table(live)
    live.write(
        "database/data/a.sql",
        "INSERT INTO dbo.t VALUES (1);\nPRINT CONCAT('session ', @@SPID);\nGO\nWHILE 1 = 1 SELECT 1;\n",
    )
    with live.started("data", PYTHONUNBUFFERED="1") as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        said = next(line for line in lines if "session " in line)
        live.target.query(f"KILL {said.rpartition(' ')[2].strip()}")
        rest = "".join(lines)
        assert process.wait(60) == 1, rest
    assert "Traceback" not in rest
    assert "database/data/a.sql" in rest
    assert count(live, "dbo.t") == 0
    live.write("database/data/a.sql", "INSERT INTO dbo.t VALUES (2);\n")
    live.succeed("data")


# -- directives --------------------------------------------------------------------------------------------------------


def test_directives_are_obeyed_where_the_config_says_so(live: Deployed) -> None:
    table(live)
    live.reconfigure(sqlcmd_directives=["data"])
    live.write("database/parts/rows.inc", "INSERT INTO $(table) VALUES (1);\nPRINT 'included';\n")
    live.write("database/data/a.sql", ":setvar table dbo.t\n:r ../parts/rows.inc\nGO\n")
    done = live.succeed("data")
    assert f"{Path('parts', 'rows.inc')}:2: included" in done.out
    assert count(live, "dbo.t") == 1


def test_an_error_in_an_included_file_names_that_file(live: Deployed) -> None:
    table(live)
    live.reconfigure(sqlcmd_directives=True)
    live.write("database/parts/rows.inc", "SELECT 1;\nINSERT INTO dbo.t VALUES (1), (1);\n")
    live.write("database/data/a.sql", "PRINT 'one';\n:r ../parts/rows.inc\nPRINT 'two';\n")
    done = live.fail("data")
    assert f"{Path('parts', 'rows.inc')}:2: 2627" in done.err
    assert "    2 | INSERT INTO dbo.t VALUES (1), (1);" in done.err


def test_ignored_errors_are_told_and_the_next_batch_runs(live: Deployed) -> None:
    table(live)
    live.reconfigure(sqlcmd_directives=True)
    live.write(
        "database/data/a.sql",
        ":on error ignore\nDROP TABLE dbo.nosuch;\nGO\n:on error exit\nINSERT INTO dbo.t VALUES (1);\nGO\n",
    )
    assert "outside of a transaction: :on error ignore" in live.here("data", "--dry").out
    done = live.succeed("data")
    assert "a.sql:2: " in done.out
    assert "(:on error ignore)" in done.out
    assert count(live, "dbo.t") == 1


def test_a_directive_is_refused_before_anything_runs(live: Deployed) -> None:
    table(live)
    live.write("database/data/a.sql", "INSERT INTO dbo.t VALUES (1);\n")
    live.write("database/data/b.sql", "PRINT 'x';\nGO\n:setvar x y\n")
    done = live.fail("data", code=2)
    assert "b.sql:3:1: :setvar is a directive of sqlcmd" in done.err
    assert "sqlcmd_directives" in done.err
    assert count(live, "dbo.t") == 0


def test_a_module_behind_other_statements_is_refused_before_anything_runs(live: Deployed) -> None:
    live.write("database/views/dbo.a.sql", "CREATE VIEW dbo.a AS SELECT 1 AS x;\n")
    live.write("database/views/dbo.b.sql", "PRINT 'x';\nCREATE VIEW dbo.b AS SELECT 1 AS x;\n")
    assert "dbo.b.sql:2:1: CREATE VIEW must be the first statement of its batch" in live.fail("deploy", code=2).err
    assert not live.has("dbo.a")


def test_odd_separators_are_remarks_of_the_plan(live: Deployed) -> None:
    table(live)
    live.write("database/data/a.sql", "INSERT INTO dbo.t VALUES (1);\nGO 0\n")
    assert "database/data/a.sql:2:1: GO 0: the batch before this line does not run" in live.succeed("data").out
    assert count(live, "dbo.t") == 0


# -- the database and its logins ---------------------------------------------------------------------------------------


def test_init_closes_sessions_and_creates_the_database_anew(live: Deployed) -> None:
    table(live)
    with live.target.connect(live.database):
        live.succeed("init", "--confirm-database", live.database)
    assert not live.has("dbo.t")


def test_init_names_the_settings_that_the_server_refuses(unborn: Deployed) -> None:
    unborn.reconfigure(database_collation="No_Such_Collation", database_edition="Basic")
    done = unborn.succeed("init")
    assert "database_collation: " in done.text
    assert "database_edition: only Azure SQL Database has it" in done.text
    assert unborn.target.query(f"SELECT COUNT(*) FROM sys.databases WHERE name = '{unborn.database}'") == [(1,)]
    unborn.write("database/data/a.sql", "PRINT 'x';\n")
    changed = unborn.succeed("data")
    assert f"database {unborn.database}" in changed.out
    assert "database_collation says No_Such_Collation" in changed.text


def test_a_chain_says_once_what_the_server_is(live: Deployed) -> None:
    live.reconfigure(display_db_info=True)
    table(live)
    live.write("database/data/a.sql", "INSERT INTO dbo.t VALUES (1);\n")
    live.write("database/data/testdata/b.sql", "INSERT INTO dbo.t VALUES (2);\n")
    done = live.succeed("data", "testdata")
    assert done.out.count("collation ") == 1


@pytest.fixture
def login(live: Deployed) -> Iterator[str]:
    name = f"{live.database}_LOGIN"
    yield name
    live.target.query(f"IF SUSER_ID('{name}') IS NOT NULL DROP LOGIN [{name}]")


def test_a_login_gets_a_password_that_is_shown_once(live: Deployed, login: str) -> None:
    done = live.succeed("create-db-login")
    password = done.out.partition("shown this once: ")[2].splitlines()[0]
    assert len(password) >= 20
    assert password not in (live.directory / "ahjo.log").read_text("utf-8")
    sids = f"SELECT sid FROM sys.server_principals WHERE name = '{login}'"
    first = live.target.query(sids)
    live.target.query(f"CREATE USER [u] FOR LOGIN [{login}]", live.database)
    live.succeed("create-db-login", AHJO_LOGIN_PASSWORD="Given-By-1-Variable")  # a new password for the old login
    assert (len(first), live.target.query(sids)) == (1, first)
    live.reconfigure(username=login, password="Given-By-1-Variable")
    assert login.lower() in live.succeed("test-connection").out.lower()


def test_a_login_gets_the_password_of_the_environment(live: Deployed, login: str) -> None:
    done = live.succeed("create-db-login", AHJO_LOGIN_PASSWORD="Given-By-1-Variable")
    assert "Given-By-1-Variable" not in done.text
    assert "shown this once" not in done.text
    live.target.query(f"CREATE USER [u] FOR LOGIN [{login}]", live.database)
    live.reconfigure(username=login, password="Given-By-1-Variable")
    assert login.lower() in live.succeed("test-connection").out.lower()


def test_a_login_of_another_database_is_left_alone(live: Deployed, login: str) -> None:
    live.target.query(f"CREATE LOGIN [{login}] WITH PASSWORD = 'Its-Own-9-Password', DEFAULT_DATABASE = [master]")
    assert "its default database is master" in live.fail("create-db-login").err


def test_roles_users_and_permissions_are_created(live: Deployed) -> None:
    table(live)
    live.reconfigure(db_permissions_variables={"role": "readers", "schema": "dbo"})
    folder = "database/permissions"
    live.write(f"{folder}/create_db_roles.sql", "CREATE ROLE [$(role)];\n")
    live.write(f"{folder}/grant_db_permissions.sql", "GRANT SELECT ON SCHEMA::$(schema) TO [$(role)];\n")
    live.write(f"{folder}/create_db_users.sql", "PRINT 'users';\n")
    live.write(f"{folder}/add_users_to_db_roles.sql", "PRINT 'members of $(role)';\n")
    done = live.succeed("create-users-roles-and-permissions")
    assert "members of readers" in done.out
    assert live.rows("SELECT COUNT(*) FROM sys.database_principals WHERE name = 'readers'") == [(1,)]


def test_permission_files_run_through_the_connection(live: Deployed) -> None:
    live.write("database/create_db_permissions.sql", ":setvar role writers\nCREATE ROLE [$(role)];\n")
    live.succeed("create-db-permissions")
    assert live.rows("SELECT COUNT(*) FROM sys.database_principals WHERE name = 'writers'") == [(1,)]


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX")
def test_permission_files_run_through_sqlcmd(live: Deployed, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "sqlcmd"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\nprint(sys.argv[1:])\nprint('length', len(os.environ['SQLCMDPASSWORD']))\n"
        "print('Warning: of no importance', file=sys.stderr)\nsys.exit(int('broken' in ' '.join(sys.argv)))\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    live.write("database/one.sql", "SELECT 1;\n")
    entry = {"source": "database/one.sql", "variables": {"name": "two words"}}
    live.reconfigure(db_permission_invoke_method="sqlcmd", db_permissions=[entry])
    done = live.succeed("create-db-permissions", PATH=path)
    password = str(live.backend["password"])
    assert "'-d', '" + live.database + "'" in done.out
    assert "'-v', 'name=two words'" in done.out
    assert f"length {len(password)}" in done.out
    assert "of no importance" in done.out
    assert password not in done.text
    live.write("database/broken.sql", "SELECT 1;\n")
    live.reconfigure(db_permissions=[{"source": "database/broken.sql"}])
    assert "broken.sql" in live.fail("create-db-permissions", PATH=path).err


def test_a_missing_sqlcmd_is_found_before_anything_runs(live: Deployed) -> None:
    live.write("database/one.sql", "SELECT 1;\n")
    live.reconfigure(db_permission_invoke_method="sqlcmd", db_permissions=[{"source": "database/one.sql"}])
    done = live.fail("create-db-permissions", PATH="")
    assert "sqlcmd is not on PATH" in done.err
    assert "FAIL=0" in done.out


# -- objects -----------------------------------------------------------------------------------------------------------

OBJECTS = {
    "view": ("views", "CREATE VIEW dbo.[it's] AS SELECT 1 AS x;\n"),
    "procedure": ("procedures", "CREATE PROCEDURE dbo.[a b] AS SELECT 1;\n"),
    "function": ("functions", "CREATE FUNCTION dbo.[order] () RETURNS int AS BEGIN RETURN 1 END;\n"),
    "trigger": ("triggers", "CREATE TRIGGER dbo.tr ON dbo.t AFTER INSERT AS PRINT 'x';\n"),
    "type": ("types", "CREATE TYPE dbo.short FROM varchar(5);\n"),
    "sequence": ("sequences", "CREATE SEQUENCE dbo.numbers START WITH 1;\n"),
    "table": ("tables", "CREATE TABLE dbo.[x y] (id int);\n"),
}


@only(("kind", "folder", "script"), [(kind, *rest) for kind, rest in OBJECTS.items()], ids=OBJECTS)
def test_an_object_of_each_type_is_dropped_by_its_file(live: Deployed, kind: str, folder: str, script: str) -> None:
    table(live)
    file = live.write(f"database/{folder}/dbo.made.sql", script)
    live.succeed("deploy-files", "--files", str(file))
    assert live.fail("deploy-files", "--files", str(file)).code == 1  # it is there
    live.succeed("drop-files", "--files", str(file), "--object-type", kind)
    live.succeed("deploy-files", "--files", str(file))


def test_without_structure_folders_the_one_file_is_run(live: Deployed) -> None:
    live.write("database/create_db_structure.sql", ":setvar name t\nCREATE TABLE dbo.$(name) (id int);\nGO\n")
    live.succeed("structure")
    assert live.has("dbo.t")


def test_each_action_takes_one_connection(live: Deployed) -> None:
    connections: list[object] = []

    def note(connection: object, _record: object) -> None:
        connections.append(connection)

    event.listen(Pool, "connect", note)
    try:
        table(live)
        live.write("database/data/a.sql", "INSERT INTO dbo.t VALUES (1);\n")
        live.write("database/views/dbo.v.sql", "CREATE VIEW dbo.v AS SELECT id FROM dbo.t;\n")
        live.succeed("deploy")
        assert len(connections) == 1
        live.succeed("data")
        assert len(connections) == 2
    finally:
        event.remove(Pool, "connect", note)


def test_a_stale_view_is_refreshed(live: Deployed) -> None:
    if live.target.query("SELECT OBJECT_ID(N'sys.sp_refreshsqlmodule')") == [(None,)]:
        pytest.skip("this server cannot refresh modules")
    table(live)
    live.target.query("CREATE VIEW dbo.everything AS SELECT * FROM dbo.t", live.database)
    live.write("database/tables/dbo.more.sql", "ALTER TABLE dbo.t ADD more int;\n")
    live.succeed("structure")
    assert live.rows("SELECT more FROM dbo.everything") == []


def test_a_module_that_a_change_of_tables_broke_fails_the_deploy(live: Deployed) -> None:
    if live.target.query("SELECT OBJECT_ID(N'sys.sp_refreshsqlmodule')") == [(None,)]:
        pytest.skip("this server cannot refresh modules")
    table(live)
    live.target.query("ALTER TABLE dbo.t ADD more int", live.database)
    live.write("database/views/dbo.v.sql", "CREATE VIEW dbo.v AS SELECT more FROM dbo.t;\n")
    live.succeed("deploy")
    live.write("database/tables/dbo.less.sql", "ALTER TABLE dbo.t DROP COLUMN more;\n")
    done = live.fail("structure")
    assert "database/views/dbo.v.sql: 207: " in done.err


# -- connecting --------------------------------------------------------------------------------------------------------


@only(
    ("change", "said"),
    [({"password": "wrong"}, "refused the login"), ({"target_database_name": "nobody_has_it"}, "does not exist")],
)
def test_a_login_that_fails_is_told_at_once(live: Deployed, change: dict[str, str], said: str) -> None:
    live.reconfigure(connect_retry_count=20, connect_retry_interval=10, **change)
    done = live.inv("test-connection")  # in a process of its own: pymssql keeps the number of its first failed login
    assert done.code == 1
    assert said in done.err
    assert "hint: " in done.err
    assert "Trying again" not in done.text


def test_a_named_driver_that_is_missing_is_refused_by_name(live: Deployed) -> None:
    if not str(live.backend.get("sql_dialect")).endswith("pyodbc"):
        pytest.skip("only with pyodbc")
    live.reconfigure(sql_driver="ODBC Driver 99 for SQL Server")
    done = live.fail("test-connection", code=2)
    assert "The ODBC driver ODBC Driver 99 for SQL Server of sql_driver is not installed." in done.err
    assert "SQL Server  pyodbc" in done.out
