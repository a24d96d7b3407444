from __future__ import annotations

from pathlib import Path

import pytest

from ahjo_tasks.errors import SourceError
from ahjo_tasks.sql.splitters.mssql import SPLITTER
from ahjo_tasks.sql.tsql import check_first_in_batch

ROOT = Path(__file__).resolve().parents[2]

FINE = [
    "CREATE VIEW v AS SELECT 1",
    "-- about it\n/* and more */\nCREATE OR ALTER PROCEDURE p AS SELECT 1",
    ";CREATE FUNCTION f () RETURNS int AS BEGIN RETURN 1 END",
    "PRINT 'x'\nGO\nALTER TRIGGER t ON x AFTER INSERT AS PRINT 'y'",
    "GRANT CREATE VIEW TO somebody; DENY CREATE PROCEDURE, CREATE FUNCTION TO other",
    "GRANT CREATE SCHEMA ON DATABASE::d TO somebody",
    "CREATE SCHEMA s CREATE VIEW v AS SELECT 1 AS x",
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
        ("IF OBJECT_ID('f') IS NULL CREATE FUNCTION f () RETURNS int AS BEGIN RETURN 1 END", "CREATE FUNCTION", 1, 27),
        ("CREATE VIEW a AS SELECT 1\n\nCREATE VIEW b AS SELECT 2", "CREATE VIEW", 3, 1),
        ("DROP PROCEDURE p; ALTER PROCEDURE q AS SELECT 1", "ALTER PROCEDURE", 1, 19),
        ("USE other\nCREATE SCHEMA s", "CREATE SCHEMA", 2, 1),
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
    "path", sorted((ROOT / "project_template" / "mssql").rglob("*.sql")), ids=lambda path: path.name
)
def test_the_template_is_fine(path: Path) -> None:
    check_first_in_batch(SPLITTER.split(path.read_text("utf-8")), path)
