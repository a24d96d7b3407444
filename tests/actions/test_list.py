from __future__ import annotations

import inspect
import re

import pytest
from cli_runner import inv
from projects import RunningProject, make_project

from ahjo_tasks import action, namespace
from ahjo_tasks.runtime.action import Action

ACTIONS = [task for task in namespace().tasks.values() if isinstance(task, Action)]
HELP_WIDTH = 78


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> RunningProject:
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def listed(project: RunningProject) -> str:
    done = project.inv("--list", config=None, COLUMNS="200")
    assert done.code == 0, done.text
    return done.out


@pytest.mark.parametrize("task", ACTIONS, ids=lambda task: task.name)
def test_every_action_has_one_helpful_line(task: Action, project: RunningProject, listed: str) -> None:
    first, *_ = inspect.getdoc(task).splitlines()  # type: ignore[union-attr]
    sentence = re.sub(r" \[[a-z, ]+\]$", "", first)
    assert sentence.endswith(".")
    assert sentence[0].isupper()
    assert len(sentence) <= 60
    assert f"  {task.name} " in listed


@pytest.mark.parametrize("task", ACTIONS, ids=lambda task: task.name)
def test_every_flag_is_explained(task: Action) -> None:
    assert [argument.name for argument in task.get_arguments() if not argument.help] == []


@pytest.mark.parametrize("task", ACTIONS, ids=lambda task: task.name)
def test_no_flag_has_to_be_positional_so_that_none_swallows_a_dry(task: Action) -> None:
    assert [
        argument.name for argument in task.get_arguments() if argument.positional and argument.default is None
    ] == []


@pytest.mark.parametrize("task", ACTIONS, ids=lambda task: task.name)
def test_the_help_fits_a_terminal(task: Action) -> None:
    assert [line for line in (inspect.getdoc(task) or "").splitlines() if len(line) > HELP_WIDTH] == []


def test_an_action_that_is_not_for_every_database_is_marked() -> None:
    @action(dialects=["mssql", "postgresql"])
    def special(_ctx: object) -> None:
        """Do something special.

        And more, in a line of the source that is far too long for the help on a terminal of 80 columns,
        and another one.

            inv special --as-it-is
        """

    assert special.__doc__ is not None
    assert special.__doc__.splitlines()[0] == "Do something special. [mssql, postgresql]"
    assert max(map(len, special.__doc__.splitlines())) < 80
    assert "    inv special --as-it-is" in special.__doc__


def test_the_list_needs_no_config_and_connects_to_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = make_project(tmp_path_factory.mktemp("listed"))
    assert inv(made, "--list").code == 0
    assert sorted(path.name for path in made.directory.iterdir()) == ["invoke.yaml", "tasks.py"]


HEAVY = ("sqlalchemy", "alembic", "msgspec", "yaml", "commentjson", "sqlite3", "keyring", "psycopg", "pyodbc")
LIGHT = """
import sys
from invoke.program import Program
from ahjo_tasks import namespace
try:
    Program(namespace=namespace()).run(["inv", "--list"])
except SystemExit:
    pass
print([name for name in %r if name in sys.modules], file=sys.stderr)
"""


def test_the_list_imports_nothing_heavy(project: RunningProject) -> None:
    import sys

    heavy = tuple(name for name in HEAVY if name != "yaml")  # Invoke brings a copy of its own, and looks for YAML
    done = project.run(sys.executable, "-c", LIGHT % (heavy,))
    assert done.err.splitlines()[-1] == "[]"
