"""Projects that stand side by side in one collection: each has a config of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_runner import inv, sqlite
from invoke.collection import Collection
from projects import RunningProject, make_project

from ahjo_tasks import action, multiaction, namespace
from ahjo_tasks.actions.deploy import deploy as standard_deploy

if TYPE_CHECKING:
    from pathlib import Path

    from ahjo_tasks.runtime.context import ActionContext

VIEW = "DROP VIEW IF EXISTS {0};\nCREATE VIEW {0} AS SELECT 1 AS a;\n"


@pytest.fixture
def root(tmp_path: Path) -> RunningProject:
    """A folder with the projects sales and stock; each has a dev.json."""
    root = RunningProject(tmp_path)
    for name in ("sales", "stock"):
        project = make_project(tmp_path / name, sqlite(target_database_name=f"{name}.db"))
        project.write(f"database/views/{name}_view.sql", VIEW.format(f"{name}_view"))
    return root


def mounted(root: RunningProject, config: str | None = None) -> Collection:
    return Collection(
        sales=namespace(directory=root.directory / "sales", config=config),
        stock=namespace(directory=root.directory / "stock", config=config),
    )


def databases(root: RunningProject) -> list[str]:
    return sorted(path.relative_to(root.directory).as_posix() for path in root.directory.rglob("*.db"))


BOTH = ["sales/sales.db", "stock/stock.db"]


def test_a_name_is_looked_up_in_the_folder_of_each_project(root: RunningProject) -> None:
    done = inv(
        root, "sales.init", "stock.init", "sales.deploy", "stock.deploy", "--config", "dev.json", ns=mounted(root)
    )
    assert (done.code, databases(root)) == (0, BOTH), done.text


def test_the_environment_names_it_alike(root: RunningProject) -> None:
    done = inv(root, "sales.init", "stock.init", ns=mounted(root), AHJO_CONFIG_PATH="dev.json")
    assert (done.code, databases(root)) == (0, BOTH), done.text


def test_each_namespace_has_its_own(root: RunningProject) -> None:
    done = inv(root, "sales.init", "stock.init", ns=mounted(root, "dev.json"), AHJO_CONFIG_PATH="sales/dev.json")
    assert (done.code, databases(root)) == (0, BOTH), done.text


@pytest.mark.parametrize("is_absolute", [False, True])
@pytest.mark.parametrize("by", ["flag", "environment"])
@pytest.mark.parametrize(
    "chain", [("sales.init", "stock.init"), ("stock.init",), ("sales.init", "stock.complete-build")]
)
def test_a_project_never_runs_on_the_config_of_another(
    root: RunningProject, chain: tuple[str, ...], by: str, is_absolute: bool
) -> None:
    config = str(root.directory / "sales/dev.json") if is_absolute else "sales/dev.json"
    flags = ("--config", config) if by == "flag" else ()
    environ = {"AHJO_CONFIG_PATH": config} if by == "environment" else {}
    done = inv(root, *chain, *flags, ns=mounted(root), **environ)
    assert (done.code, databases(root)) == (2, []), done.text
    assert f"is the config of the project in {root.directory / 'sales'}" in done.err
    assert "Traceback" not in done.text


def test_its_own_is_named_by_its_path(root: RunningProject) -> None:
    done = inv(root, "sales.init", "sales.deploy", "--config", "sales/dev.json", ns=mounted(root))
    assert (done.code, databases(root)) == (0, BOTH[:1]), done.text


@pytest.mark.parametrize(("chain", "code"), [(("sales.init", "sales.deploy"), 0), (("sales.init", "stock.init"), 2)])
def test_a_config_elsewhere_serves_one_project(root: RunningProject, chain: tuple[str, ...], code: int) -> None:
    root.configure(sqlite(target_database_name=str(root.directory / "shared.db")), "elsewhere.json")
    done = inv(root, *chain, "--config", "elsewhere.json", ns=mounted(root))
    assert (done.code, databases(root)) == (code, [] if code else ["shared.db"]), done.text


def test_a_project_above_the_others_has_its_own_too(root: RunningProject) -> None:
    root.configure(sqlite(target_database_name="root.db"))
    above = namespace(directory=root.directory)
    for name in ("sales", "stock"):
        above.add_collection(namespace(directory=root.directory / name), name)
    done = inv(root, "init", "sales.init", "stock.init", "--config", "dev.json", ns=above)
    assert (done.code, databases(root)) == (0, ["root.db", *BOTH]), done.text
    assert inv(root, "init", "--config", "sales/dev.json", ns=above).code == 2
    for chain in (("init", "sales.deploy"), ("sales.deploy", "init"), ("sales.deploy", "stock.deploy")):
        assert inv(root, *chain, "--config", str(root.directory / "dev.json"), ns=above).code == 2, chain
    assert inv(root, "sales.config", "--config", str(root.directory / "dev.json"), ns=above).code == 0


def test_a_multi_action_over_several_projects_is_refused_before_its_first_step(root: RunningProject) -> None:
    @action(affects_database=True)
    def both(ctx: ActionContext) -> None:
        """Deploy both."""

    above = namespace(multiaction("all", "sales.init", "stock.init"), both, directory=root.directory)
    for name in ("sales", "stock"):
        above.add_collection(namespace(directory=root.directory / name), name)
    done = inv(root, "all", "--config", "sales/dev.json", ns=above)
    assert (done.code, databases(root)) == (2, []), done.text


def test_headings_summaries_and_questions_say_the_project(root: RunningProject) -> None:
    inv(root, "sales.init", "stock.init", "--config", "dev.json", ns=mounted(root))
    done = inv(root, "stock.deploy", "stock.drop", "--config", "dev.json", ns=mounted(root), yes=False, typed=("y",))
    assert done.code == 0, done.text
    assert "stock.deploy  sqlite stock.db" in done.out
    assert "stock.deploy: OK=" in done.out
    assert "Warning: stock.deploy, stock.drop change sqlite stock.db." in done.err
    assert "Warning: stock.drop drops the objects" in done.err


def test_the_question_of_one_project_is_none_of_another(root: RunningProject) -> None:
    inv(root, "sales.init", "stock.init", "--config", "dev.json", ns=mounted(root))
    words = ("sales.deploy", "--non-interactive", "stock.drop", "--config", "dev.json")
    assert inv(root, *words, ns=mounted(root), yes=False).code == 3


def test_two_configs_of_one_folder_are_one_project(root: RunningProject) -> None:
    sales = root.directory / "sales"
    RunningProject(sales).configure(sqlite(target_database_name="test.db"), "test.json")
    both = Collection(
        dev=namespace(directory=sales, config="dev.json"), test=namespace(directory=sales, config="test.json")
    )
    assert inv(root, "dev.init", "test.init", ns=both).code == 0
    assert databases(root) == ["sales/sales.db", "sales/test.db"]
    assert inv(root, "dev.init", "--config", "sales/test.json", "--non-interactive", ns=both).code == 0


@pytest.mark.parametrize(
    ("chain", "refusal"),
    [
        (("sales.deploy", "--non-interactive", "stock.drop"), "stock.drop changes sqlite stock.db"),
        (("sales.version", "stock.deploy"), "stock.deploy changes sqlite stock.db"),
        (("sales.deploy", "--non-interactive", "stock.night"), "stock.night changes sqlite stock.db"),
    ],
)
def test_what_a_later_project_would_refuse_is_found_before_anything_runs(
    root: RunningProject, chain: tuple[str, ...], refusal: str
) -> None:
    night = multiaction("night", "version", "drop")
    ns = Collection(
        sales=namespace(directory=root.directory / "sales"), stock=namespace(night, directory=root.directory / "stock")
    )
    for name in ("sales", "stock"):
        (root.directory / name / f"{name}.db").touch()
    done = inv(root, *chain, "--config", "dev.json", ns=ns, yes=False)
    assert (done.code, refusal in " ".join(done.err.split())) == (3, True), done.text
    assert " ok " not in done.out
    assert "Alembic revision" not in done.out


def test_each_database_has_its_one_question_before_anything_runs(root: RunningProject) -> None:
    for name in ("sales", "stock"):
        (root.directory / name / f"{name}.db").touch()
    chain = ("sales.deploy", "stock.deploy", "sales.drop", "stock.drop", "--config", "dev.json")
    done = inv(root, *chain, ns=mounted(root), yes=False, typed=("y", "n"))
    assert (done.code, done.text.count("Are you sure?")) == (3, 2), done.text
    assert " ok " not in done.out
    done = inv(root, *chain, ns=mounted(root), yes=False, typed=("y", "y"))
    assert (done.code, done.text.count("Are you sure?")) == (0, 2), done.text


def test_a_later_project_that_is_only_read_is_not_asked_for_nor_agreed_to(root: RunningProject) -> None:
    @action
    def sly(ctx: ActionContext) -> None:
        """Deploy without having said so."""
        standard_deploy(ctx)

    ns = Collection(
        sales=namespace(directory=root.directory / "sales"), stock=namespace(sly, directory=root.directory / "stock")
    )
    for name in ("sales", "stock"):
        (root.directory / name / f"{name}.db").touch()
    done = inv(root, "sales.version", "stock.sly", "--config", "dev.json", ns=ns, yes=False)
    assert (done.code, "deploy changes sqlite stock.db" in done.err) == (3, True), done.text
