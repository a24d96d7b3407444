from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from projects import Outcome, RunningProject, make_project

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = '{\n    // who may\n    "BACKEND": {"allowed_actions": "ALL"}\n}\n'
AS_YAML = "BACKEND: {allowed_actions: ALL}"


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    project = make_project(tmp_path / "project")
    project.write("dev.jsonc", CONFIG)
    return project


def ahjo_config(project: RunningProject, *arguments: str) -> Outcome:
    program = "import sys; from ahjo_tasks.cli import config; sys.exit(config())"
    return project.run(sys.executable, "-c", program, *arguments)


def test_the_old_command_converts_in_silence(project: RunningProject) -> None:
    project.write("new.yaml", "old")
    done = ahjo_config(project, "-co", "yaml", "-c", "dev.jsonc", "-o", "new.yaml")
    assert (done.code, done.text) == (0, "")
    text = (project.directory / "new.yaml").read_text(encoding="utf-8")
    assert text == f"# who may\n{AS_YAML}\n"
    assert sorted(path.name for path in project.directory.iterdir()) == [
        "dev.jsonc",
        "invoke.yaml",
        "new.yaml",
        "tasks.py",
    ]


def test_comments_that_json_cannot_hold_are_counted(project: RunningProject) -> None:
    done = ahjo_config(project, "--convert-to", "json", "--config", "dev.jsonc", "--output", "new.json")
    assert done.code == 0
    assert "1 of them" in done.err
    assert json.loads((project.directory / "new.json").read_text(encoding="utf-8"))["BACKEND"]


def test_a_value_that_the_versions_of_yaml_read_differently_is_a_warning(project: RunningProject) -> None:
    project.write("old.yaml", "BACKEND:\n  country: NO\n")
    done = ahjo_config(project, "-co", "json", "-c", "old.yaml", "-o", "new.json")
    assert (done.code, done.err[:37]) == (0, "Warning: old.yaml:2: BACKEND.country:")
    done = project.inv("convert-config", "--file", "old.yaml", "--to", "jsonc", config=None)
    assert "BACKEND.country" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("-co", "toml", "-c", "dev.jsonc", "-o", "x.toml"),
        ("-co", "yaml", "-c", "missing.jsonc", "-o", "x.yaml"),
        ("-co", "yaml", "-c", "dev.jsonc", "-o", "x.json"),
        ("-co", "yaml", "-c", "tasks.py", "-o", "x.yaml"),
        ("-co", "yaml", "-c", "dev.jsonc", "-o", "no/folder/x.yaml"),
    ],
    ids=" ".join,
)
def test_a_call_that_makes_no_sense_ends_with_code_2(project: RunningProject, arguments: tuple[str, ...]) -> None:
    done = ahjo_config(project, *arguments)
    assert done.code == 2, done.text
    assert "Traceback" not in done.text
    assert not list(project.directory.glob("x.*"))


def test_the_action_names_the_new_file_after_the_old_one(project: RunningProject) -> None:
    done = project.inv("convert-config", "--file", "dev.jsonc", "--to", "yaml", config=None)
    assert done.code == 0, done.text
    assert AS_YAML in (project.directory / "dev.yaml").read_text(encoding="utf-8")
    again = project.inv("convert-config", "--file", "dev.jsonc", "--to", "yaml", config=None)
    assert again.code == 2
    assert "--overwrite" in again.err
    assert project.inv("convert-config", "--file", "dev.jsonc", "--to", "yaml", "--overwrite", config=None).code == 0


def test_the_action_takes_the_config_in_use(project: RunningProject) -> None:
    project.configure({"allowed_actions": "ALL", "sql_dialect": "sqlite", "target_database_name": "x.db"})
    done = project.inv("convert-config", "--to", "yaml", "--output", "new.yml")
    assert done.code == 0, done.text
    assert "sql_dialect: sqlite" in (project.directory / "new.yml").read_text(encoding="utf-8")


def test_a_plan_writes_nothing(project: RunningProject) -> None:
    done = project.inv("convert-config", "--file", "dev.jsonc", "--to", "yaml", "--dry", config=None)
    assert done.code == 0, done.text
    assert not (project.directory / "dev.yaml").exists()
