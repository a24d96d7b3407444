from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cli_runner import quietly, sqlite
from projects import RunningProject, make_project

from ahjo_tasks.cli import ahjo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> RunningProject:
    return make_project(tmp_path_factory.mktemp("project"), sqlite())


@pytest.mark.parametrize(
    ("call", "said", "hint"),
    [
        (("deplyo",), "There is no action 'deplyo'.", "Did you mean deploy?"),
        (("deploy", "xyzzy"), "There is no action 'xyzzy'.", "inv --list shows them all."),
        (("deploy", "dev.json"), "There is no action 'dev.json'.", "Name a config with --config dev.json"),
        (("deploy", "--dri"), "deploy has no option --dri.", "Did you mean --dry?"),
        (("deploy", "--skip-git"), "deploy has no option --skip-git.", "Did you mean --skip-git-update?"),
        (("deploy", "--xyzzy"), "deploy has no option --xyzzy.", "inv --help deploy lists its options."),
        (("deploy", "--yes"), "deploy has no option --yes.", "Did you mean --non-interactive?"),
        (("deploy", "-ni"), "deploy has no option -n.", "Did you mean --non-interactive?"),
        (("deploy", "--verbose"), "deploy has no option --verbose.", "Did you mean --debug?"),
        (("deploy", "--dry-run"), "deploy has no option --dry-run.", "Did you mean --dry?"),
        (("deploy", "-c", "dev.json"), "-c dev.json: -c is Invoke's --collection", "--config dev.json"),
        (("lint",), "There is no action 'lint'.", "inv batches shows"),
        (("migrate",), "There is no action 'migrate'.", "inv deploy runs pending migrations"),
        (("undo",), "There is no action 'undo'.", "inv rollback --run ID puts objects back"),
        (("clean",), "There is no action 'clean'.", "inv init drops the database"),
        (("status", "--json"), "status has no option --json.", "Did you mean --format json?"),
        (("--yes", "deploy"), "inv has no option --yes.", "Did you mean --non-interactive?"),
        (("deploy", "version", "--skip-git-update"), "version has no option", "deploy has it: write it right after"),
        (("deploy-files", "--files", "a.sql", "b.sql"), "no action 'b.sql'", "give --files again."),
        (("--skip-git-update", "deploy"), "inv has no option --skip-git-update.", "come after it"),
    ],
)
def test_what_invoke_does_not_know_is_explained(
    project: RunningProject, call: tuple[str, ...], said: str, hint: str
) -> None:
    done = project.inv(*call, config=None)
    first, second = done.err.splitlines()
    assert (done.code, done.out, first.startswith("Error: "), said in first) == (2, "", True, True), done.text
    assert second.startswith("  hint: ")
    assert hint in second


def test_a_flag_without_its_value_is_named(project: RunningProject) -> None:
    done = project.inv("to-csv", "--query", "--overwrite", config=None)
    assert (done.code, done.err) == (2, "Error: --query needs a value.\n"), done.text


def test_completion_still_knows_the_action(project: RunningProject) -> None:
    done = project.inv("--complete", "--", "inv deploy --skip", config=None)
    assert "--skip-git-update" in done.out.splitlines()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("test", "--jobs", "x"), "--jobs: 'x' is not a number."),
        (("multi-project-build", "--jobs=x"), "--jobs: 'x' is not a number."),
        (("--list-format", "nope", "--list"), "--list-format: there is no format 'nope'."),
    ],
)
def test_a_value_that_the_option_cannot_have_is_named(
    project: RunningProject, call: tuple[str, ...], message: str
) -> None:
    done = project.inv(*call, config=None)
    assert (done.code, done.err.splitlines()[0]) == (2, f"Error: {message}"), done.text


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes of a shell")
@pytest.mark.parametrize("words", ["-m invoke --list", "-m ahjo_tasks list"])
def test_a_list_whose_reader_has_ended_ends_without_a_word(project: RunningProject, words: str) -> None:
    command = f"set -o pipefail; {sys.executable} {words} | true"
    done = subprocess.run(["bash", "-c", command], cwd=project.directory, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_mistake_in_tasks_py_is_one_message_of_ahjo(tmp_path: Path) -> None:
    broken = RunningProject(tmp_path)
    broken.write("tasks.py", "x = 1\ndef f(:\n")
    done = quietly(lambda: ahjo(["list"]), tmp_path)
    assert done.code == 2
    assert "tasks.py:2:7: SyntaxError" in done.err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("import nosuch", "tasks.py:2: ModuleNotFoundError: No module named 'nosuch'"),
        ("import broken", "broken.py:1:5: SyntaxError: '(' was never closed"),
        ("1 / 0", "tasks.py:2: ZeroDivisionError: division by zero"),
        ("namespace(confg='x')", "namespace(confg=...) is a collection, as of another namespace(), not 'x'."),
        ("namespace(config=3)", "namespace(config=...) is a path, not 3."),
        ("namespace('x')", "namespace() takes tasks, collections and modules, not 'x'."),
    ],
)
@pytest.mark.parametrize("program", ["inv", "ahjo"])
def test_tasks_py_that_cannot_be_imported_is_one_message(tmp_path: Path, program: str, line: str, message: str) -> None:
    broken = RunningProject(tmp_path)
    broken.write("broken.py", "x = (\n")
    broken.write("tasks.py", f"from ahjo_tasks import namespace\n{line}\nns = namespace()\n")
    done = broken.inv("--list", config=None) if program == "inv" else broken.ahjo("list")
    assert (done.code, done.err.splitlines()[0]) == (2, f"Error: {message}"), done.text


def test_debug_shows_the_traceback_of_tasks_py(tmp_path: Path) -> None:
    broken = RunningProject(tmp_path)
    broken.write("tasks.py", "from ahjo_tasks import namespace\n1 / 0\n")
    done = broken.inv("--debug", "--list", config=None)
    assert (done.code, "Traceback (most recent call last)" in done.err) == (1, True)
