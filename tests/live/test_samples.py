from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from projects import RunningProject, make_project
from shared import SHARED, needs_shared

if TYPE_CHECKING:
    from targets import Target

pytestmark = needs_shared

TASKS = """
from ahjo_tasks import multiaction, namespace

build = multiaction("complete-build", "init", "structure", "deploy", "data", "testdata", "test", affects_database=True)
ns = namespace(build)
"""
QUOTES = {"mysql": "`{}`", "mssql": "[{}]"}


@pytest.fixture
def chinook(target: Target, tmp_path: Path) -> tuple[RunningProject, dict[str, Any], str]:
    """The sample in a folder of its own, its manifest, and the name of the database it is deployed to."""
    sample = SHARED / "samples" / f"chinook_{target.name}"
    backend = target.backend()
    project = make_project(tmp_path / "chinook", backend, TASKS)
    shutil.copytree(sample / "database", project.directory / "database")
    manifest = json.loads((sample / "manifest.json").read_text(encoding="utf-8"))
    return project, manifest, backend["target_database_name"]


def count_rows(target: Target, database: str, table: str) -> int:
    quoted = ".".join(QUOTES.get(target.name, '"{}"').format(part) for part in table.split("."))
    return int(target.query(f"SELECT COUNT(*) FROM {quoted}", database)[0][0])


def views(target: Target, database: str) -> set[str]:
    listing = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'view'",
        "postgresql": "SELECT viewname FROM pg_views WHERE schemaname = 'report'",
        "mysql": f"SELECT table_name FROM information_schema.views WHERE table_schema = '{database}'",
        "mssql": "SELECT name FROM sys.views WHERE SCHEMA_NAME(schema_id) = 'report'",
    }[target.name]
    return {row[0].lower() for row in target.query(listing, database)}


def test_chinook_is_built_tested_dropped_and_rebuilt(
    chinook: tuple[RunningProject, dict[str, Any], str], target: Target
) -> None:
    project, manifest, database = chinook
    expected = manifest["row_counts_after_testdata"]

    built = project.inv("complete-build")
    assert built.code == 0, built.text
    assert {table: count_rows(target, database, table) for table in expected} == expected
    assert len(views(target, database)) == 6
    assert "FAIL=0" in built.out

    dropped = project.inv("drop")
    assert dropped.code == 0, dropped.text
    assert views(target, database) == set()

    rebuilt = project.inv("complete-build")
    assert rebuilt.code == 0, rebuilt.text
    assert {table: count_rows(target, database, table) for table in expected} == expected


def test_a_plan_shows_every_object_and_makes_no_database(
    chinook: tuple[RunningProject, dict[str, Any], str], target: Target
) -> None:
    project, manifest, database = chinook
    planned = project.inv("deploy", "--dry")
    assert planned.code == 0, planned.text
    folders = [f"database/{folder}/" for folder in ("functions", "views", "procedures", "triggers")]
    objects = [label for label in manifest["load_order"] if label.startswith(tuple(folders))]
    assert [label for label in objects if label not in planned.out] == []
    for view, needed in manifest["view_dependencies"].items():
        for name in needed:
            if f"{name}.sql" in planned.out:
                assert planned.out.index(f"{name}.sql") < planned.out.index(f"{view}.sql")
    if target.url is None:
        assert not Path(database).exists()
    else:
        with pytest.raises(Exception):  # noqa: B017, PT011 - the driver's own, in its own words
            target.query("SELECT 1", database)
