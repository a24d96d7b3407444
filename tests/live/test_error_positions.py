"""Where in a file the server stumbled: each text stands below one line that succeeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from inside import Deployed

MISSING_TABLE = "-- é\nSELECT id\n  FROM nowhere;\n"
MISSING_COLUMN = "SELECT id, missing\nFROM item;\n"
NO_SQL = "SELECT id\nFRUM item x;\n"
NO_END = "SELECT (1;\n"
ALREADY_THERE = "SELECT 1;\n  CREATE VIEW item AS SELECT 1 AS id;\n"
NOT_THERE = "SELECT 1;\nDROP TABLE nowhere;\n"
PLACES = {
    "sqlite": [(MISSING_TABLE, "4:8"), (MISSING_COLUMN, "2:12"), (NO_SQL, "3:6"), (NO_END, "2:10")],
    "postgresql": [(MISSING_TABLE, "4:8"), (MISSING_COLUMN, "2:12"), (NO_SQL, "3:6"), (NO_END, "2:10")],
    "mysql": [(MISSING_TABLE, "4:8"), (MISSING_COLUMN, "2:12"), (NO_SQL, "3:6"), (NO_END, "2:10")],
}
OF_NAMES = {"sqlite": ("3:15", "3:12"), "postgresql": ("3:3", "3:1"), "mysql": ("3:15", "3:12")}
CASES = [
    pytest.param(name, text, place, id=f"{name} {place} {text.split()[0]}")
    for name, cases in PLACES.items()
    for text, place in [*cases, *zip((ALREADY_THERE, NOT_THERE), OF_NAMES[name], strict=True)]
]


@pytest.mark.parametrize(("target", "text", "place"), CASES, indirect=["target"])
def test_an_error_names_line_and_column_and_shows_them(live: Deployed, text: str, place: str) -> None:
    live.target.query("CREATE TABLE item (id INTEGER)", live.database)
    live.write("database/data/a.sql", "INSERT INTO item (id) VALUES (1);\n" + text)
    failed = live.fail("data").err
    assert f"database/data/a.sql:{place}: " in failed
    line, column = map(int, place.split(":"))
    shown = failed.splitlines()
    at = next(number for number, one in enumerate(shown) if one.startswith(f"      {line} | "))
    assert shown[at + 1].index("^") == len("      | ") + 1 + column


@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mysql"], indirect=True)
def test_what_exists_already_leads_to_a_hint(live: Deployed) -> None:
    live.target.query("CREATE TABLE item (id INTEGER)", live.database)
    live.write("database/data/a.sql", ALREADY_THERE)
    assert "hint: Every deploy runs the file: write CREATE OR REPLACE" in live.fail("data").err


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("PERFORM 1 / (n - 1);", 'in PL/pgSQL function inline_code_block line 4 at PERFORM: SQL statement "SELECT 1'),
        ("EXECUTE 'SELEC';", "in PL/pgSQL function inline_code_block line 4 at EXECUTE"),
        ("RAISE 'own words';", "in PL/pgSQL function inline_code_block line 4 at RAISE"),
    ],
)
def test_an_error_in_a_body_names_the_line_of_the_body(live: Deployed, body: str, place: str) -> None:
    live.write("database/data/a.sql", f"DO $$\nDECLARE n integer := 1;\nBEGIN\n  {body}\nEND $$;\n")
    assert f"  {place}" in live.fail("data").err


@pytest.mark.parametrize("target", ["sqlite", "mysql"], indirect=True)
def test_an_error_without_a_place_is_at_the_statement_and_not_at_the_comment_above(live: Deployed) -> None:
    live.target.query("CREATE TABLE item (id INTEGER)", live.database)
    live.write("database/data/a.sql", "SELECT 1;\n-- about\n/* this\n */\nINSERT INTO item VALUES (1, 2);\n")
    failed = live.fail("data").err
    assert "database/data/a.sql:5" in failed
    assert "      5 | INSERT INTO item" in failed


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_a_routine_without_delimiter_leads_to_a_hint(live: Deployed) -> None:
    live.write("database/procedures/p.sql", "CREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\n  SELECT 2;\nEND;\n")
    refused = live.fail("deploy", code=2).err
    assert "procedures/p.sql:5:1: no statement begins with END" in refused
    assert "hint: Write DELIMITER // on a line before the statement" in refused


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
@pytest.mark.parametrize("delimiter", ["//", "$$"])
def test_a_body_without_its_end_leads_to_a_hint(live: Deployed, delimiter: str) -> None:
    live.write(
        "database/procedures/p.sql", f"DELIMITER {delimiter}\nCREATE PROCEDURE p()\nBEGIN\n  SELECT 1;\n{delimiter}\n"
    )
    assert "hint: The body ends before its END" in live.fail("deploy").err


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_a_file_that_drops_the_database_leads_to_a_hint(live: Deployed) -> None:
    live.write("database/data/a.sql", f"DROP DATABASE {live.database};\nSELECT 1;\n")
    assert "a statement before has dropped it" in live.fail("data").err
    live.succeed("init", "--confirm-database", live.database)
