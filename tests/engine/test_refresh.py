from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fakes import FakeConnection

from ahjo_tasks.database.dialects.mssql import MSSQL
from ahjo_tasks.database.dialects.postgresql import PostgreSQL
from ahjo_tasks.engine.plan import Plan
from ahjo_tasks.engine.refresh import RefreshStep, plan_refresh, referenced_first, refresh_batch
from ahjo_tasks.engine.rehearsal import refuse_rehearsal
from ahjo_tasks.errors import DeployError
from ahjo_tasks.project.sql_file import SqlFile, read
from ahjo_tasks.sql.definitions import Name

if TYPE_CHECKING:
    from pathlib import Path

MODULES = [(1, "dbo", "a_outer"), (2, "dbo", "b_inner"), (3, "sales", "it's")]


def server(failed: str = "", *, needs: list[tuple[int, int]] | None = None) -> FakeConnection:
    return FakeConnection(
        {
            r"OBJECT_ID\(N'sys": [(-1,)],
            r"OBJECT_ID\(N'\[": [(2, 1)],
            "sql_modules": MODULES,
            "sql_expression_dependencies": needs or [(1, 2), (1, 77), (3, 3)],
            "sp_refreshsqlmodule": [(failed,)],
        }
    )


def failure(number: int, reason: str, code: int = 207) -> str:
    return f"{number}\x1f{code}\x1f{reason}\x1e"


def test_a_rehearsal_has_no_modules_to_refresh() -> None:
    connection: Any = SimpleNamespace(dialect=MSSQL())
    refuse_rehearsal(Plan((RefreshStep({}),)), connection)


def test_inner_modules_come_before_those_that_read_them() -> None:
    connection = server()
    RefreshStep({}).run(connection)  # type: ignore[arg-type]
    batch = connection.ran[-1]
    places = [batch.index(name) for name in ("[dbo].[b_inner]", "[dbo].[a_outer]", "[sales].[it''s]")]
    assert places[0] < places[1]
    assert min(places) > 0


def test_a_circle_of_modules_is_refreshed_all_the_same() -> None:
    assert referenced_first({1: "a", 2: "b"}, [(1, 2), (2, 1)]) == [1, 2]
    assert referenced_first({}, []) == []


def test_all_modules_are_one_batch_that_goes_on_behind_a_failure() -> None:
    batch = refresh_batch([Name("dbo", "a]b"), Name("a.b", "c.d")], MSSQL())
    assert batch.count("BEGIN TRY EXEC sys.sp_refreshsqlmodule N'[") == 2
    assert "N'[dbo].[a]]b]'" in batch
    assert "N'[a.b].[c.d]'" in batch
    assert batch.startswith("SET XACT_ABORT OFF")
    assert batch.endswith("SET XACT_ABORT ON;\nSELECT @failed")


def test_a_module_of_the_project_that_does_not_compile_fails_the_deploy_by_its_file() -> None:
    owned = {Name("dbo", "B_inner"): "database/views/b.sql", Name("dbo", "a]outer"): "database/views/a.sql"}
    connection = server(failure(0, "Invalid column name 'x'."))
    with pytest.raises(DeployError, match="modules of the project that do not compile: 1") as caught:
        RefreshStep(owned).run(connection)  # type: ignore[arg-type]
    assert connection.ran[-1] == "SELECT OBJECT_ID(N'[dbo].[B_inner]'), OBJECT_ID(N'[dbo].[a]]outer]')"
    assert caught.value.details == ("database/views/b.sql: 207: Invalid column name 'x'.",)


def test_a_module_of_somebody_else_is_told_and_fails_nothing() -> None:
    connection = server(failure(0, "Invalid object name 'y'.", 208) + failure(1, "also"))
    RefreshStep({}).run(connection)  # type: ignore[arg-type]
    assert connection.messages[0] == "dbo.b_inner does not compile: 208: Invalid object name 'y'."
    assert len(connection.messages) == 2


def test_a_server_that_cannot_refresh_says_so() -> None:
    connection = FakeConnection({"OBJECT_ID": [(None,)]})
    assert RefreshStep({}).run(connection) == 0  # type: ignore[arg-type]
    assert connection.messages == ["This server cannot refresh modules."]
    assert len(connection.ran) == 1


def test_without_modules_nothing_is_sent() -> None:
    connection = FakeConnection({"OBJECT_ID": [(-1,)]})
    RefreshStep({}).run(connection)  # type: ignore[arg-type]
    assert "sp_refreshsqlmodule N" not in connection.said


def files(folder: Path) -> list[SqlFile]:
    texts = {"a.sql": "CREATE VIEW dbo.A AS SELECT 1 AS x", "b.sql": "CREATE OR ALTER PROCEDURE [B] AS SELECT 1"}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [read(folder / name, "view", MSSQL(), label=f"database/{name}") for name in texts]


def test_the_modules_of_the_project_are_those_that_its_files_create(tmp_path: Path) -> None:
    (step,) = plan_refresh(lambda: files(tmp_path), MSSQL()).steps
    assert isinstance(step, RefreshStep)
    assert step.files == {Name("dbo", "A"): "database/a.sql", Name("dbo", "B"): "database/b.sql"}
    assert not step.transactional


def test_other_databases_keep_no_old_picture() -> None:
    def unread() -> Any:
        raise AssertionError

    assert plan_refresh(unread, PostgreSQL()).steps == ()
