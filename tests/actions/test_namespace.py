from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from cli_runner import inv, sqlite
from invoke.collection import Collection
from projects import RunningProject, make_project

from ahjo_tasks import action, multiaction, namespace

if TYPE_CHECKING:
    from pathlib import Path

    from ahjo_tasks.runtime.context import ActionContext

SIDE_BY_SIDE = """
from pathlib import Path
from invoke import Collection
from ahjo_tasks import multiaction, namespace

here = Path(__file__).parent
ns = namespace(
    multiaction("everything", "sales.init", "stock.init", "sales.deploy", "stock.deploy"),
    sales=namespace(config="dev.json", directory=here / "sales"),
    stock=namespace(config="dev.json", directory=here / "stock"),
)
"""
PROJECTS = ("sales", "stock")


def views(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")]


@pytest.fixture
def two(tmp_path: Path) -> RunningProject:
    made = make_project(tmp_path, tasks=SIDE_BY_SIDE)
    for name in PROJECTS:
        made.configure(sqlite(target_database_name=f"{name}.db", my_key=name), f"{name}/dev.json")
        made.write(f"{name}/database/views/v_{name}.sql", f"CREATE VIEW v_{name} AS SELECT 1 AS a;")
    return made


def mounted(two: RunningProject, *members: Any, root: tuple[Any, ...] = ()) -> Collection:
    made = {name: namespace(*members, config="dev.json", directory=two.directory / name) for name in PROJECTS}
    return namespace(*root, directory=two.directory, **made)


def assert_both_deployed(two: RunningProject) -> None:
    for name in PROJECTS:
        assert views(two.directory / name / f"{name}.db") == [f"v_{name}"]


def test_two_projects_run_side_by_side_each_with_its_own_config(two: RunningProject) -> None:
    done = two.inv("sales.init", "stock.init", "sales.deploy", "stock.deploy", config=None)
    assert done.code == 0, done.text
    assert_both_deployed(two)


def test_equal_actions_of_two_projects_run_also_where_invoke_drops_repetitions(two: RunningProject) -> None:
    (two.directory / "invoke.yaml").unlink()
    done = two.inv("sales.init", "stock.init", "sales.deploy", "stock.deploy", config=None)
    assert done.code == 0, done.text
    assert_both_deployed(two)


def test_a_multiaction_may_have_steps_of_several_projects(two: RunningProject) -> None:
    done = two.inv("everything", config=None)
    assert done.code == 0, done.text
    assert_both_deployed(two)
    assert "everything: OK=2 FAIL=0 SKIP=0" in done.out


def test_steps_of_several_projects_are_permitted_and_confirmed_by_their_own_configs(two: RunningProject) -> None:
    steps = multiaction("everything", "sales.init", "stock.init")
    two.configure(sqlite(allowed_actions=["deploy"]), "stock/dev.json")
    done = inv(two, "everything", ns=mounted(two, root=(steps,)))
    assert (done.code, "'init' is not allowed" in done.err) == (3, True)
    assert not (two.directory / "sales" / "sales.db").exists()

    two.configure(sqlite(target_database_protected=True), "stock/dev.json")
    refused = inv(two, "everything", ns=mounted(two, root=(steps,)))
    assert (refused.code, "is protected" in refused.err) == (3, True)
    assert not (two.directory / "sales" / "sales.db").exists()


def test_one_confirmation_is_not_taken_for_the_other_database(two: RunningProject) -> None:
    for name in PROJECTS:
        two.configure(sqlite(), f"{name}/dev.json")  # both files are called shop.db
    done = inv(two, "sales.init", "stock.init", ns=mounted(two), yes=False, typed=("y", "n"))
    assert done.code == 3
    assert not any((two.directory / name / "shop.db").exists() for name in PROJECTS)  # asked before anything runs


@action
def show(ctx: ActionContext) -> None:
    """Show where it runs."""
    ctx.console.print(f"<{ctx.backend.my_key} {ctx.config.BACKEND.my_key} {ctx.project.directory.name}>")


def test_every_action_sees_the_config_of_its_own_project(two: RunningProject) -> None:
    ns = mounted(two, show, root=(multiaction("shown", "sales.show", "stock.show", "sales.show"),))
    chain = inv(two, "sales.show", "stock.show", ns=ns).out
    assert [line for line in chain.splitlines() if line.startswith("<")] == [
        "<sales sales sales>",
        "<stock stock stock>",
    ]
    steps = inv(two, "shown", ns=ns).out
    assert steps.count("<sales sales sales>") == 2
    assert steps.count("<stock stock stock>") == 1


def test_a_config_flag_wins_over_that_of_the_namespace(two: RunningProject) -> None:
    two.configure(sqlite(my_key="flag"), "other.json")
    out = inv(two, "sales.show", "--config", "other.json", ns=mounted(two, show)).out
    assert "<flag flag sales>" in out


def test_the_namespaces_config_wins_over_the_environment(two: RunningProject) -> None:
    two.configure(sqlite(my_key="environment"), "other.json")
    out = inv(two, "sales.show", ns=mounted(two, show), AHJO_CONFIG_PATH="other.json").out
    assert "<sales sales sales>" in out


def test_every_call_gives_a_fresh_collection(tmp_path: Path) -> None:
    first = namespace(show, directory=tmp_path)
    assert "show" in first.task_names
    assert "show" not in namespace(directory=tmp_path).task_names


def test_the_last_member_of_a_name_wins(tmp_path: Path) -> None:
    module = ModuleType("more")

    @action(name="show")
    def other(ctx: ActionContext) -> None:
        """Show something else."""
        ctx.console.print("<other>")

    module.other = other  # type: ignore[attr-defined]
    project = make_project(tmp_path, sqlite(my_key="x"))
    assert "<other>" in inv(project, "show", "--config", "dev.json", ns=(show, module)).out
    assert "<x x " in inv(project, "show", "--config", "dev.json", ns=(module, show)).out


def test_a_plain_collection_can_be_mounted(tmp_path: Path) -> None:
    ns = namespace(Collection("tools", show), directory=tmp_path)
    assert "tools.show" in ns.task_names


MAKEFILE = """
release: ; @{inv} deploy data --config dev.json && echo released
build: ; @{inv} init deploy --config dev.json && echo built
"""


@pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX")
def test_a_makefile_goes_by_the_exit_code(tmp_path: Path) -> None:
    project = make_project(tmp_path, sqlite())
    project.write("Makefile", MAKEFILE.format(inv=f"{sys.executable} -m invoke"))
    project.write("database/views/v.sql", "CREATE VIEW v AS SELECT 1 AS a;")
    missing = project.run("make", "release")
    assert (missing.code != 0, "released" in missing.out) == (True, False)
    built = project.run("make", "build")
    assert (built.code, built.out.splitlines()[-1]) == (0, "built")


def test_descriptions_have_shorter_names_for_both_directions() -> None:
    actions = namespace()
    assert actions["descriptions-pull"].name == "update-file-obj-prop"
    assert actions["descriptions-push"].name == "update-db-obj-prop"
