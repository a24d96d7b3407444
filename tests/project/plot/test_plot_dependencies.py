from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from projects import Outcome, RunningProject, make_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    project = make_project(tmp_path / "shop")
    project.write("database/tables/dbo.item.sql", "CREATE TABLE dbo.item (id int)")
    project.write("database/views/dbo.stock.sql", "CREATE VIEW dbo.stock AS SELECT id FROM dbo.item")
    project.write("database/views/dbo.low.sql", "CREATE VIEW dbo.low AS SELECT id FROM dbo.stock")
    project.write("database/functions/dbo.alone.sql", "CREATE FUNCTION dbo.alone () RETURNS int AS BEGIN RETURN 1 END")
    project.write("database/procedures/dbo.one.sql", "CREATE PROCEDURE dbo.one AS EXEC dbo.two")
    project.write("database/procedures/dbo.two.sql", "CREATE PROCEDURE dbo.two AS EXEC dbo.one")
    return project


def plot(project: RunningProject, *flags: str) -> Outcome:
    return project.inv("plot-dependencies", "--dialect", "mssql", *flags, config=None, yes=False)


def test_the_list_is_all_that_standard_output_gets(project: RunningProject) -> None:
    outcome = plot(project)
    assert outcome.code == 0, outcome.text
    assert outcome.out.splitlines()[0] == "table dbo.item  (database/tables/dbo.item.sql)"
    assert "dbo.alone" not in outcome.out
    assert "1 of 6" in outcome.err
    assert outcome.out.splitlines()[-1] == "circular dependency: dbo.one, dbo.two"


@pytest.mark.parametrize(
    ("flags", "objects"),
    [
        (("--object", "low", "--direction", "up"), {"dbo.item", "dbo.stock", "dbo.low"}),
        (("--object", "dbo.item", "--direction", "down"), {"dbo.item", "dbo.stock", "dbo.low"}),
        (("--object", "dbo.stock", "--direction", "down"), {"dbo.stock", "dbo.low"}),
        (("--object", "alone"), {"dbo.alone"}),
        (
            ("--object", "low", "--object", "two", "--direction", "up"),
            {"dbo.item", "dbo.stock", "dbo.low", "dbo.one", "dbo.two"},
        ),
        (("--files", "database/views"), {"dbo.stock", "dbo.low"}),
    ],
)
def test_a_part_of_the_graph_is_shown(project: RunningProject, flags: tuple[str, ...], objects: set[str]) -> None:
    outcome = plot(project, *flags)
    assert outcome.code == 0, outcome.text
    assert {
        line.split()[1] for line in outcome.out.splitlines() if line[0] != " " and "circular" not in line
    } == objects


@pytest.mark.parametrize(
    ("output", "beginning"),
    [
        ("g.mmd", "flowchart LR"),
        ("g.dot", "digraph"),
        ("g.svg", "<svg"),
        ("g.html", "<!doctype html>"),
        ("g.txt", "table"),
    ],
)
def test_the_suffix_of_the_output_tells_the_format(project: RunningProject, output: str, beginning: str) -> None:
    outcome = plot(project, "--output", output)
    assert outcome.code == 0, outcome.text
    assert (project.directory / output).read_text(encoding="utf-8").startswith(beginning)
    assert "5 objects" in outcome.out
    assert "1 circular dependency." in outcome.text


@pytest.mark.parametrize("kind", ["svg", "html"])
def test_a_drawing_is_a_file_by_default(project: RunningProject, kind: str) -> None:
    for _ in range(2):
        assert plot(project, "--format", kind).code == 0
    assert "dbo.stock" in (project.directory / f"dependencies.{kind}").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "flags",
    [
        ("--format", "png"),
        ("--direction", "left"),
        ("--object", "nobody"),
        ("--files", "nowhere"),
        ("--output", "no/g.svg"),
        ("--output", "g.png"),
    ],
)
def test_flags_that_make_no_sense_end_with_code_2(project: RunningProject, flags: tuple[str, ...]) -> None:
    outcome = plot(project, *flags)
    assert outcome.code == 2, outcome.text
    assert "Traceback" not in outcome.text


def test_a_plan_writes_nothing(project: RunningProject) -> None:
    assert plot(project, "--format", "svg", "--dry").code == 0
    assert not (project.directory / "dependencies.svg").exists()


def test_the_config_tells_the_dialect(project: RunningProject) -> None:
    project.configure(
        {
            "allowed_actions": "ALL",
            "sql_dialect": "mssql",
            "target_server_hostname": "nowhere.invalid",
            "sql_port": 1433,
        }
        | {"target_database_name": "shop"}
    )
    outcome = project.inv("plot-dependencies", yes=False)
    assert outcome.code == 0, outcome.text
    assert "needs view dbo.stock" in outcome.out


def test_an_output_of_another_format_is_refused_with_the_formats(project: RunningProject) -> None:
    result = plot(project, "--output", "x.png")
    assert result.code == 2
    assert ".txt, .mmd, .dot, .gv, .svg, .html, .htm" in result.err
    assert "dot -Tpng" in result.err
    assert not (project.directory / "x.png").exists()
    assert plot(project, "--output", "x.png", "--format", "text").code == 0
