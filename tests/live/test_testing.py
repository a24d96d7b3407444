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


def test_no_files_are_fine(live: Deployed) -> None:
    live.reconfigure(exit_on_test_failure=True)
    assert "no tests" in live.succeed("test").out
    (live.directory / "database/tests").mkdir(parents=True)
    live.succeed("test")


UNCHECKED = {
    "misspelt": ("SELECT 'FAIL' AS resutl;\n", "returned no column `result`"),
    "one misspelt": ("SELECT 'ok' AS result;\n{go}SELECT 'FAIL' AS results;\n", "it returned results"),
    "other columns": ("SELECT 1 AS a, 2 AS b;\n", "it returned a, b"),
    "no rows": ("SELECT id, 'bad' AS result FROM item;\n", "returned no row"),
    "no query": ("UPDATE item SET id = 1;\n", "returned no rows"),
    "empty": ("", "holds no statement"),
    "comment": ("-- SELECT 'ok' AS result;\n", "so nothing was checked"),
}


@pytest.mark.parametrize("case", UNCHECKED)
def test_a_file_that_checks_nothing_is_an_error(live: Deployed, case: str) -> None:
    sql, words = UNCHECKED[case]
    live.target.query("CREATE TABLE item (id INTEGER)", live.database)
    check(live, "a", sql.format(go="GO\n" if live.target.name == "mssql" else ""))
    text = live.fail("test").text
    assert words in text
    assert "a.sql" in text


@pytest.mark.parametrize("form", ["table", "junit", "tap", "json", "github"])
def test_the_tally_is_the_same_for_every_format(sqlite: Deployed, form: str) -> None:
    sqlite.reconfigure(exit_on_test_failure=True)
    check(sqlite, "a", "SELECT 'ok' AS result;\n")
    check(sqlite, "b", "SELECT 'bad' AS result;\n")
    assert "test: OK=1 FAIL=1 SKIP=0" in sqlite.fail("test", "--format", form).text


def test_failures_are_shown_and_reported_though_the_results_cannot_be_saved(sqlite: Deployed) -> None:
    sqlite.reconfigure(save_test_results_to_db=True, create_test_table_if_not_exists=False)
    check(sqlite, "a", "SELECT 'the bad one' AS test_name, 'bad' AS result;\n")
    check(sqlite, "b", "SELECT 'ok' AS result;\n")
    done = sqlite.fail("test", "--format", "junit", "--output", str(sqlite.directory / "build/t.xml"))
    assert "the bad one" in done.out
    assert "There is no table" in done.err
    assert "1/2 checks passed in 2 files; the results were not saved" in done.err
    assert "the bad one" in (sqlite.directory / "build/t.xml").read_text(encoding="utf-8")


NOW = {
    "sqlite": ("CURRENT_TIMESTAMP", "'20.11.2026'"),
    "postgresql": ("LOCALTIMESTAMP", "TIMESTAMP '2026-01-02 03:04:05.678901'"),
    "mysql": ("CURRENT_TIMESTAMP(6)", "TIMESTAMP '2026-01-02 03:04:05.678901'"),
    "mssql": ("SYSDATETIME()", "CAST('2026-01-02 03:04:05.678901' AS DATETIME2(6))"),
}


def test_saved_rows_equal_the_shown_ones(live: Deployed) -> None:
    live.reconfigure(save_test_results_to_db=True)
    started, ended = NOW[live.target.name]
    check(live, "a", f"SELECT {started} AS start_time, {ended} AS end_time, 42 AS issue, 'ok' AS result;\n")
    live.succeed("test")
    before, after, issue = live.target.query("SELECT start_time, end_time, issue FROM ahjo_tests", live.database)[0]
    assert str(before).startswith("20")
    assert str(after) in {"20.11.2026", "2026-01-02 03:04:05.678901", "2026-01-02 03:04:05.6789010"}
    assert issue == "42"


@pytest.mark.parametrize("target", ["mssql"], indirect=True)
def test_tables_of_older_versions_are_widened_for_letters_beyond_ascii(live: Deployed) -> None:
    live.reconfigure(save_test_results_to_db=True)
    live.target.query(
        "CREATE TABLE ahjo_tests (batch_id INT, start_time DATETIME, end_time DATETIME, test_name VARCHAR(255),"
        " issue VARCHAR(255), result VARCHAR(255), test_file VARCHAR(255), datadate VARCHAR(10))",
        live.database,
    )
    check(live, "a", "SELECT N'漢' AS test_name, 'OK' AS result;\n")
    live.succeed("test")
    assert live.target.query("SELECT test_name FROM ahjo_tests", live.database) == [("漢",)]


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
    assert "b.sql:2:9: the variable wird has no value" in sqlite.fail("test", code=2).err
