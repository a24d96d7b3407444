from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes import FakeConnection

from ahjo_tasks.database.dialects.mssql import MSSQL
from ahjo_tasks.database.dialects.postgresql import PostgreSQL
from ahjo_tasks.engine.drop import DropStep, plan_drop
from ahjo_tasks.engine.sql_file import FileStep, plan_named, plan_objects, without_deployed
from ahjo_tasks.errors import AhjoError
from ahjo_tasks.project.dependencies import needed_by
from ahjo_tasks.project.files import ProjectFiles
from ahjo_tasks.project.kinds import CLR, OBJECTS

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "assemblies/clr.code.sql": "CREATE ASSEMBLY [clr.code] FROM 0x4D5A WITH PERMISSION_SET = SAFE;",
    "clr-procedures/dbo.run_code.sql": "CREATE PROCEDURE dbo.run_code AS EXTERNAL NAME [clr.code].[Class].[Method];",
    "synonyms/dbo.other.sql": "CREATE SYNONYM dbo.other FOR elsewhere.dbo.t;",
    "triggers/guard.sql": "CREATE TRIGGER guard ON DATABASE FOR DROP_TABLE AS ROLLBACK;",
}


@pytest.fixture
def project(tmp_path: Path) -> ProjectFiles:
    for name, text in FILES.items():
        path = tmp_path / "database" / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
    return ProjectFiles(tmp_path, MSSQL())


def test_assemblies_are_dropped_behind_their_procedures_and_deployed_before_them(project: ProjectFiles) -> None:
    files = project.read(CLR)
    steps = (plan_drop(files) + plan_objects(files)).steps
    assert [step.statement if isinstance(step, DropStep) else step.label for step in steps] == [
        "DROP PROCEDURE IF EXISTS [dbo].[run_code]",
        "DROP ASSEMBLY IF EXISTS [clr.code]",
        "database/assemblies/clr.code.sql",
        "database/clr-procedures/dbo.run_code.sql",
    ]


NEEDED = {
    "assemblies/base.sql": "CREATE ASSEMBLY base FROM 0x4D5A;",
    "assemblies/clr.sql": "CREATE ASSEMBLY clr FROM 0x4D5A;",
    "assemblies/unused.sql": "CREATE ASSEMBLY unused FROM 0x4D5A;",
    "clr-procedures/dbo.area.sql": "CREATE FUNCTION dbo.area (@a dbo.point) RETURNS int AS EXTERNAL NAME clr.c.m;",
    "types/dbo.point.sql": "CREATE TYPE dbo.point EXTERNAL NAME base.[shop.point];",
    "tables/dbo.t.sql": "CREATE TABLE dbo.t (p dbo.point, area AS dbo.area(p))",
}


def test_tables_have_the_assemblies_of_their_types_and_functions_before_them(tmp_path: Path) -> None:
    for name, text in NEEDED.items():
        path = tmp_path / "database" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    files = ProjectFiles(tmp_path, MSSQL())
    tables = files.read(["table"])
    plan = plan_objects([*needed_by(tables, files.read([*OBJECTS, *CLR])), *tables])
    rest = ["database/types/dbo.point.sql", "database/clr-procedures/dbo.area.sql", "database/tables/dbo.t.sql"]
    assert sorted(step.label for step in plan.steps) == sorted(
        ["database/assemblies/base.sql", "database/assemblies/clr.sql", *rest]
    )
    assert [step.label for step in plan.steps if step.kind != "assembly"] == rest
    connection = FakeConnection(
        {r"sys\.assemblies WHERE name = N'base'": [(1,)], "sys.assemblies": [(0,)], "_ID": [(None,)]}
    )
    left = without_deployed(plan, CLR, connection)  # type: ignore[arg-type]
    assert [step.label for step in left.steps if step.kind == "assembly"] == ["database/assemblies/clr.sql"]
    assert left.notes == ("database/assemblies/base.sql: is there",)


@pytest.mark.parametrize(
    ("file", "kind", "expected"),
    [
        ("assemblies/clr.code.sql", "assembly", "DROP ASSEMBLY IF EXISTS [clr.code]"),
        ("clr-procedures/dbo.run_code.sql", "procedure", "DROP PROCEDURE IF EXISTS [dbo].[run_code]"),
        ("synonyms/dbo.other.sql", "synonym", "DROP SYNONYM IF EXISTS [dbo].[other]"),
        ("triggers/guard.sql", "trigger", "DROP TRIGGER IF EXISTS [guard] ON DATABASE"),
    ],
)
def test_each_kind_is_dropped_by_its_file(project: ProjectFiles, file: str, kind: str, expected: str) -> None:
    (step,) = plan_drop(project.read_named([f"database/{file}"]), [kind]).steps
    assert isinstance(step, DropStep)
    assert step.statement == expected


def test_what_a_file_creates_of_another_kind_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "database/types"
    folder.mkdir(parents=True)
    (folder / "doc.sql").write_text("CREATE XML SCHEMA COLLECTION dbo.doc AS N'<a/>'")
    (folder / "dbo.kept.sql").write_text("CREATE TABLE dbo.kept (id int)")
    (folder / "dbo.named.sql").write_text("EXEC dbo.make_type")
    plan = plan_drop(ProjectFiles(tmp_path, MSSQL()).read(["type"]))
    assert [step.label for step in plan.steps] == ["type dbo.named"]


def test_a_file_that_creates_nothing_stops_no_drop(tmp_path: Path) -> None:
    folder = tmp_path / "database/views"
    folder.mkdir(parents=True)
    (folder / "dbo.v.sql").write_text("CREATE VIEW dbo.v AS SELECT 1 AS x")
    (folder / "z_rights.sql").write_text("GRANT SELECT ON dbo.v TO reader; EXEC sp_refreshview 'dbo.v'")
    files = ProjectFiles(tmp_path, MSSQL())
    assert [step.label for step in plan_drop(files.read(["view"])).steps] == ["view dbo.v"]
    (folder / "z_rights.sql").write_text("EXEC ('CREATE VIEW ' + @name + ' AS SELECT 1 AS x')")
    with pytest.raises(AhjoError, match="its name does not say which one to drop"):
        plan_drop(files.read(["view"]))


def test_a_trigger_may_end_a_transaction_in_its_own_text(project: ProjectFiles) -> None:
    (step,) = plan_named(project.read_named(["database/triggers/guard.sql"])).steps
    assert isinstance(step, FileStep)
    assert step.transactional


def test_other_databases_have_no_assemblies(project: ProjectFiles) -> None:
    with pytest.raises(AhjoError, match="PostgreSQL has no assemblies"):
        ProjectFiles(project.directory, PostgreSQL()).read(CLR)
