"""Action files of the config are read alike by `inv` and `ahjo`; what is not read is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cli_runner import sqlite
from projects import PLAIN_TASKS, Outcome, RunningProject, make_project

from ahjo_tasks.runtime.action_files import named_config

if TYPE_CHECKING:
    from pathlib import Path

EXTRA = """from ahjo_tasks import action


@action
def extra(ctx):
    \"\"\"Print a word.\"\"\"
    print("extra", ctx.config.BACKEND.target_database_name)


@action
def version(ctx):
    \"\"\"Print another one.\"\"\"
    print("my version")
"""
FILES = [{"source_file": "more/extra.py"}]


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    project = make_project(tmp_path / "shop", sqlite(ahjo_action_files=FILES))
    project.write("more/extra.py", EXTRA)
    return project


@pytest.fixture(params=["inv", "ahjo"])
def call(request: pytest.FixtureRequest, project: RunningProject) -> Any:
    def call(name: str, config: str = "dev.json") -> Outcome:
        return project.inv(name, config=config) if request.param == "inv" else project.ahjo(name, config)

    return call


def test_both_commands_have_the_actions_of_the_files(call: Any) -> None:
    assert call("extra").out.startswith("extra shop.db\n")
    assert call("version").out.startswith("my version\n")


@pytest.mark.parametrize("name", ["", "dev.json"])
def test_they_are_in_the_list_however_the_config_is_named(project: RunningProject, name: str) -> None:
    if name:
        project.write("tasks.py", PLAIN_TASKS.replace("namespace()", f"namespace(config={name!r})"))
    done = project.inv("--list", config=None, **({} if name else {"AHJO_CONFIG_PATH": "dev.json"}))
    assert "Print a word." in done.out


def test_a_multi_action_runs_the_replaced_one(project: RunningProject) -> None:
    project.write(
        "tasks.py", "from ahjo_tasks import multiaction, namespace\n\nns = namespace(multiaction('v', 'version'))\n"
    )
    assert "my version\n" in project.inv("v").out


def test_a_missing_file_is_an_error(call: Any, project: RunningProject) -> None:
    project.configure(sqlite(ahjo_action_files=[{"source_file": "nosuch.py"}]))
    done = call("version")
    assert (done.code, "nosuch.py does not exist" in done.err) == (2, True), done.text


def test_an_invalid_config_is_left_to_the_action(call: Any, project: RunningProject) -> None:
    project.write("dev.json", json.dumps({"BACKEND": {"ahjo_action_files": FILES}}))
    done = call("config")
    assert done.code == 2
    assert done.err.startswith("Error: Invalid config dev.json\n")
    assert done.text.count("Error:") == 1


def test_an_ahjo_actions_file_beside_a_tasks_file_is_not_ignored_silently(call: Any, project: RunningProject) -> None:
    project.configure(sqlite())
    project.write("ahjo_actions.py", EXTRA)
    assert "ahjo_actions.py is not read beside tasks.py, which lacks extra, version" in call("config").err
    project.write("tasks.py", f"from ahjo_actions import extra, version\n{PLAIN_TASKS[:-3]}(extra, version)\n")
    assert call("config").err == ""
    project.write("tasks.py", PLAIN_TASKS)
    project.configure(sqlite(ahjo_action_files=[{"source_file": "ahjo_actions.py"}]))
    assert call("config").err == ""


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("inv deploy --config dev.json", "dev.json"),
        ("inv --config=dev.json deploy", "dev.json"),
        ("inv -f dev.json deploy", "dev.json"),
        ("inv alembic -- --config other.json", None),
        ("inv deploy", None),
        ("inv deploy --config", None),
    ],
)
def test_the_config_is_found_in_the_words(words: str, name: str | None) -> None:
    assert named_config(words.split()) == name
