from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.engine.diagnostics import BatchError
from ahjo_tasks.engine.sql_file import FileStep, plan_objects
from ahjo_tasks.errors import ServerError, StatementError
from ahjo_tasks.project.sql_file import SqlFile, read

if TYPE_CHECKING:
    from pathlib import Path


def files(folder: Path, server: str = "postgresql", **texts: str) -> list[SqlFile]:
    for name, text in texts.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return [read(folder / f"{name}.sql", "view", dialect(server), label=f"{name}.sql") for name in texts]


def test_an_object_that_two_files_create_is_told(tmp_path: Path) -> None:
    made = files(
        tmp_path, a="CREATE VIEW v AS SELECT 1", b="CREATE VIEW public.v AS SELECT 2", c='CREATE VIEW "V" AS SELECT 3'
    )
    assert plan_objects(made).warnings == ("view public.v is defined twice: a.sql, b.sql",)


@pytest.mark.parametrize("server", ["mssql", "mysql", "mariadb"])
def test_a_routine_that_two_files_create_is_told_where_none_is_overloaded(tmp_path: Path, server: str) -> None:
    made = files(tmp_path, server, a="CREATE PROCEDURE p AS SELECT 1", b="CREATE PROCEDURE p (x int) AS SELECT 2")
    assert plan_objects(made).warnings == ("procedure p is defined twice: a.sql, b.sql",)


def test_overloads_and_what_one_file_creates_twice_are_none_of_that(tmp_path: Path) -> None:
    made = files(
        tmp_path,
        a="CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
        b="CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql RETURN x",
        c="DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 1; DROP VIEW v; CREATE VIEW v AS SELECT 2",
    )
    assert plan_objects(made).warnings == ()


def test_what_is_resumed_keeps_the_settings_of_the_session_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_text(
        "-- USE nothing\nSELECT 'SET';\n/*!40101 SET NAMES utf8mb4 */;\n# here\nUSE shop;\nSELECT 1;\nSELECT 2;",
        encoding="utf-8",
    )
    file = read(path, "script", dialect("mysql"), label="a.sql")
    error = StatementError(ServerError("no"))
    error.__cause__ = BatchError(error, file, file.batches[3], 0, 0.0)
    step = FileStep(file).resumed(error)
    assert isinstance(step, FileStep)
    texts = [batch.text for batch in step.file.batches]
    assert [text.split("\n")[-1] for text in texts] == [
        "/*!40101 SET NAMES utf8mb4 */",
        "USE shop",
        "SELECT 1",
        "SELECT 2",
    ]
