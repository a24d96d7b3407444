from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from inside import Deployed

NULL = "CAST(NULL AS CHAR(10))"
SEVERAL = {
    "postgresql": "SELECT 'ok' AS result; SELECT 'bad' AS result;\n",
    "mysql": "SELECT 'ok' AS result; SELECT 'bad' AS result;\n",
    "sqlite": "SELECT 'ok' AS result; SELECT 'bad' AS result;\n",
    "mssql": "SELECT 'ok' AS result SELECT 'bad' AS result\n",
}
LATE = {
    "sqlite": "SELECT 'ok' AS result UNION ALL SELECT abs(-9223372036854775807 - 1);\n",
    "postgresql": "SELECT 'ok' AS result; SELECT 1 / 0 AS result;\n",
    "mysql": "SELECT 'ok' AS result; SELECT 'x' AS result FROM nowhere;\n",
    "mssql": "SELECT 'ok' AS result; SELECT 1 / n AS result FROM (SELECT 1 AS n UNION ALL SELECT 0) AS numbers\n",
}


def check(live: Deployed, name: str, sql: str) -> None:
    live.write(f"database/tests/{name}.sql", sql)


def test_a_row_passes_by_its_result_in_any_case(live: Deployed) -> None:
    check(live, "a", "SELECT 'OK' AS RESULT, 1 AS n;\n")
    check(live, "b", "SELECT ' Ok ' AS Result;\n")
    assert "2/2 checks passed in 2 files" in live.succeed("test").out


def test_what_is_not_ok_fails_null_and_numbers_too(live: Deployed) -> None:
    check(live, "a", f"SELECT 'a row' AS name, {NULL} AS result;\n")
    check(live, "b", "SELECT 1 AS result;\n")
    check(live, "c", "SELECT 'ok' AS result;\n")
    done = live.succeed("test")
    assert "1/3 checks passed" in done.text
    assert "a row" in done.out
    live.reconfigure(exit_on_test_failure=True)
    live.fail("test")


def test_no_rows_no_result_set_and_no_files_are_fine(live: Deployed) -> None:
    live.reconfigure(exit_on_test_failure=True)
    assert "no tests" in live.succeed("test").out
    (live.directory / "database/tests").mkdir(parents=True)
    live.succeed("test")
    live.target.query("CREATE TABLE item (id INTEGER)", live.database)
    check(live, "a", "SELECT id, 'bad' AS result FROM item;\n")
    check(live, "b", "UPDATE item SET id = 1;\n")
    live.succeed("test")


def test_every_result_set_counts(live: Deployed) -> None:
    check(live, "a", SEVERAL[live.target.name])
    assert "1/2 checks passed" in live.succeed("test").text


@pytest.mark.parametrize("mode", ["engine", "connection"])
def test_a_file_that_the_server_refuses_fails_the_run_and_the_others_run(live: Deployed, mode: str) -> None:
    live.reconfigure(context_connectable_type=mode)
    check(live, "a", "SELECT 'ok' AS result FROM nowhere;\n")
    check(live, "b", "SELECT 'ok' AS result;\n")
    done = live.fail("test")
    assert "could not be run: database/tests/a.sql" in done.err
    assert "nowhere" in done.err
    if (live.target.name, mode) == ("mssql", "connection"):
        assert "b.sql: was not run: the file before it ended the transaction" in done.err
    else:
        assert "1/2 checks passed" in done.err


def test_an_error_behind_the_first_rows_is_an_error(live: Deployed) -> None:
    check(live, "a", LATE[live.target.name])
    done = live.fail("test")
    assert "database/tests/a.sql" in done.err


def test_two_columns_named_result_must_both_be_ok(sqlite: Deployed) -> None:
    check(sqlite, "a", "SELECT 'bad' AS result, 'ok' AS result;\n")
    assert "0/1 checks passed" in sqlite.succeed("test").text


def test_variables_of_tests_are_their_own(sqlite: Deployed) -> None:
    sqlite.reconfigure(test_variables={"word": "ok"})
    check(sqlite, "a", "SELECT '$(word)' AS result;\n")
    assert "1/1" in sqlite.succeed("test").out
    check(sqlite, "b", "SELECT 1;\nSELECT '$(wird)' AS result;\n")
    assert "b.sql:2:9: the variable wird has no value" in sqlite.fail("test").err
