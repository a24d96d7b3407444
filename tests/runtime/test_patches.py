"""Patches of Invoke are installed once, only in the release that they know; the process is tuned only if it is ours."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cli_runner import inv, sqlite
from invoke.parser.parser import ParseMachine
from invoke.program import Program
from projects import RunningProject, make_project

from ahjo_tasks.runtime.patches import calls, config_files, install, parser_errors, positionals, program

if TYPE_CHECKING:
    from pathlib import Path

THRESHOLD = "import gc; print(gc.get_threshold()[0])"
TASKS = """import gc

from ahjo_tasks import action, namespace


@action
def threshold(ctx):
    \"\"\"Print the threshold of the garbage collector.\"\"\"
    print(gc.get_threshold()[0])


ns = namespace(threshold)
"""


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    return make_project(tmp_path, sqlite(), tasks=TASKS)


def test_a_second_install_changes_nothing() -> None:
    install()
    before = ParseMachine.handle, ParseMachine.error, Program.parse_tasks
    install()
    assert before == (ParseMachine.handle, ParseMachine.error, Program.parse_tasks)


@pytest.mark.parametrize(
    ("module", "owner", "method"),
    [
        (parser_errors, ParseMachine, "error"),
        (positionals, ParseMachine, "handle"),
        (program, Program, "parse_tasks"),
        (config_files, config_files.Config, "load_runtime"),
        (calls, calls.Call, "make_context"),
    ],
)
def test_a_method_that_is_not_as_expected_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, module: object, owner: type, method: str
) -> None:
    def other(_self: object, _one: str, _more: str) -> None:
        """Take more than Invoke 3 does."""

    monkeypatch.setattr(owner, method, other)
    assert not module.install()  # type: ignore[attr-defined]
    assert getattr(owner, method) is other


def test_another_release_of_invoke_is_left_alone_with_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def error(_self: object, msg: str) -> None:
        """Stand for Invoke's own."""

    monkeypatch.setattr("invoke.__version__", "4.0.1")
    monkeypatch.setattr(ParseMachine, "error", error)
    with pytest.warns(RuntimeWarning, match=r"Invoke 4\.0\.1 is not supported.*invoke>=3,<4") as caught:
        install()
    assert len(caught) == 1
    assert ParseMachine.error is error


def test_inv_tunes_the_garbage_collector_of_its_process(project: RunningProject) -> None:
    assert project.inv("threshold").out.splitlines()[0] == "100000"


def test_ahjo_tunes_the_garbage_collector_of_its_process(project: RunningProject) -> None:
    done = project.run(sys.executable, "-m", "ahjo_tasks", "threshold", "dev.json")
    assert done.out.splitlines()[0] == "100000", done.text


def test_an_action_called_by_a_host_program_leaves_its_garbage_collector_alone(project: RunningProject) -> None:
    usual = subprocess.run([sys.executable, "-c", THRESHOLD], capture_output=True, text=True, check=True).stdout
    host = (
        "from invoke import Context; from invoke.program import Program; import tasks\n"
        "tasks.ns['threshold'](Context())\n"
        "Program(namespace=tasks.ns).run(['inv', 'threshold'], exit=False)\n"
    )
    done = project.run(sys.executable, "-c", f"{host}{THRESHOLD}", AHJO_CONFIG_PATH="dev.json")
    numbers = [line for line in done.out.splitlines() if line.isdecimal()]
    assert numbers == [usual.strip()] * 3, done.text


def test_a_positional_argument_with_a_default_may_be_left_out(project: RunningProject) -> None:
    assert "alembic needs a command." in inv(project, "alembic", "--config", "dev.json").err
    assert "has no migrations" in inv(project, "alembic", "history", "--config", "dev.json").err


def test_the_help_shows_the_value_of_a_flag_that_may_be_repeated_or_takes_a_fraction(project: RunningProject) -> None:
    assert "--files=STRING " in inv(project, "--help", "deploy-files").out
    help_text = inv(project, "--help", "fleet.deploy").out
    assert "--timeout=NUMBER " in help_text
    assert "--create  " in help_text
