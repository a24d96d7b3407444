"""`ctx.config.BACKEND` holds the effective config before every task: plain, pre, post, called directly, and actions."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from cli_runner import inv, sqlite
from invoke import Collection, task
from projects import RunningProject, make_project

from ahjo_tasks import action, namespace
from ahjo_tasks.actions.config import config as standard_config

if TYPE_CHECKING:
    from pathlib import Path

    from invoke.context import Context

    from ahjo_tasks import ActionContext

SECRET = "hunter2hunter2"
BACKEND = sqlite(password=SECRET, connect_retry_count=3, mine={"token": SECRET, "size": 1})


def look(ctx: Context) -> None:
    backend = ctx.config.BACKEND
    say("plain", backend.target_database_name, backend.connect_retry_count, backend.password, backend.mine.size)
    say(backend, backend.mine.token)


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")


@action
def act(ctx: ActionContext) -> None:
    """Print what an action has."""
    say("act", ctx.config.BACKEND.target_database_name)


@task
def direct(ctx: Context) -> None:
    standard_config(ctx)


plain = task(look, name="plain")
again = task(look, name="again")
before = task(lambda _ctx: say("before"), name="before", pre=[standard_config], post=[act])
action_before = action(lambda _ctx: say("action-before"), name="action-before", pre=[plain])
idle = task(lambda _ctx: say("idle"), name="idle")
ask = task(lambda ctx: say("ask", ctx.config.get("BACKEND")), name="ask")
MEMBERS = (plain, again, act, direct, before, action_before, idle)


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    """A project whose config is not at the place where anything looks for it by itself."""
    return make_project(tmp_path / "shop", BACKEND)


@pytest.fixture(params=["--config", "AHJO_CONFIG_PATH", "namespace"])
def run(request: pytest.FixtureRequest, project: RunningProject) -> Any:
    """`inv` with a config that is named in each of the ways."""

    def run(*words: str, config: str = "dev.json", **environ: str) -> Any:
        if request.param == "--config":
            return inv(project, *words, "--config", config, ns=MEMBERS, **environ)
        if request.param == "AHJO_CONFIG_PATH":
            return inv(project, *words, ns=MEMBERS, AHJO_CONFIG_PATH=config, **environ)
        return inv(project, *words, ns=namespace(*MEMBERS, config=config, directory=project.directory), **environ)

    return run


@pytest.mark.parametrize("section", [True, False], ids=["BACKEND", "no BACKEND"])
def test_a_plain_task_has_the_effective_values_from_the_first_one_on(
    run: Any, project: RunningProject, section: bool
) -> None:
    local = {"connect_retry_count": 4}
    whole = {"BACKEND": BACKEND, "LOCAL": "local.json"} if section else {**BACKEND, "LOCAL": "local.json"}
    project.write("dev.json", json.dumps(whole))
    project.write("local.json", json.dumps({"BACKEND": local} if section else local))
    done = run("plain", "act", "again", AHJO_TARGET_DATABASE_NAME="prod.db")
    assert done.code == 0, done.text
    said = [line for line in done.out.splitlines() if line.startswith(("plain", "act "))]
    assert said == ["plain prod.db 4 *** 1", "act prod.db", "plain prod.db 4 *** 1"]
    assert SECRET not in done.text


def test_variables_have_the_type_that_a_file_gives(run: Any) -> None:
    done = run("plain", AHJO_CONNECT_RETRY_COUNT="7")
    assert "'connect_retry_count': 7" in done.out, done.text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("before",), ["target_database_name", "before", "act shop.db"]),
        (("action-before",), ["plain shop.db 3 *** 1", "action-before"]),
        (("direct",), ["target_database_name"]),
    ],
)
def test_tasks_before_after_and_called_directly_have_it_too(run: Any, words: tuple[str, ...], said: list[str]) -> None:
    done = run(*words)
    assert done.code == 0, done.text
    places = [done.out.index(text) for text in said]
    assert places == sorted(places)


def test_an_invalid_config_stops_only_who_reads_it(run: Any, project: RunningProject) -> None:
    project.write("bad.json", json.dumps({"BACKEND": {**BACKEND, "target_database_name": None}}))
    done = run("idle", "plain", config="bad.json")
    assert done.code == 2
    assert done.out == "idle\n"
    assert done.err.startswith("Error: Invalid config bad.json\n  - bad.json: target_database_name: ")
    assert SECRET not in done.text


def test_a_missing_config_stops_only_who_reads_it(run: Any) -> None:
    done = run("idle", "plain", config="none.json")
    assert (done.code, done.out) == (2, "idle\n")
    assert "none.json: no such file" in done.err


def test_without_a_config_nothing_is_set(project: RunningProject) -> None:
    (project.directory / "dev.json").rename(project.directory / "dev.txt")
    assert inv(project, "ask", ns=(ask,)).out == "ask None\n"


def test_where_nothing_names_a_config_the_only_one_of_the_folder_counts(project: RunningProject) -> None:
    done = inv(project, "ask", "act", ns=(ask, act))
    assert "'target_database_name': 'shop.db'" in done.out.splitlines()[0], done.text
    assert "Config: dev.json, the only one in" in done.err
    project.write("local.json", '{"BACKEND": {"password": "x"}}')  # the file that another one names as LOCAL is none
    project.write(
        "dev.json", (project.directory / "dev.json").read_text("utf-8").replace("{", '{"LOCAL": "local.json", ', 1)
    )
    assert inv(project, "act", ns=(act,)).code == 0
    project.write("prod.yaml", "BACKEND: {}\n")
    done = inv(project, "config")
    assert (done.code, "Name one, as --config dev.json (of dev.json, prod.yaml)" in done.err) == (2, True), done.text


def test_an_empty_variable_of_a_script_reaches_no_database(project: RunningProject) -> None:
    done = inv(project, "config", AHJO_CONFIG_PATH="")
    assert (done.code, "No config file is given" in done.err) == (2, True), done.text


def test_values_of_invoke_are_below_those_of_the_config(project: RunningProject) -> None:
    project.write("invoke.yaml", "BACKEND: {extra: 5, target_database_name: other.db}\n")
    project.write(
        "tasks.py",
        "from invoke import task\nfrom ahjo_tasks import namespace\n\n\n@task\ndef plain(ctx):\n"
        "    print(ctx.config.BACKEND.target_database_name, ctx.config.BACKEND.extra)\n\n\nns = namespace(plain)\n",
    )
    done = project.inv("plain", INVOKE_BACKEND_TARGET_DATABASE_NAME="x", INVOKE_BACKEND_EXTRA="6")
    assert done.out == "shop.db 6\n", done.text


MOUNTED = """from ahjo_tasks import action, namespace


@action
def best_seller(ctx):
    print("best of", ctx.settings.target_database_name)


ns = namespace(best_seller)
"""
ALL = """from invoke import Collection, task
from sales import tasks as sales
from stock import tasks as stock


@task
def report(ctx):
    sales.best_seller(ctx)
    stock.best_seller(ctx)


ns = Collection(report, sales=sales.ns, stock=stock.ns)
"""


@pytest.mark.parametrize(
    "root",
    [
        ALL,
        ALL.replace("Collection(report", "namespace(report")
        .replace("Collection", "Context")
        .replace("from sales", "from ahjo_tasks import namespace\nfrom sales"),
    ],
    ids=["Collection", "namespace"],
)
def test_an_action_that_is_called_by_its_import_has_its_own_projects_config(tmp_path: Path, root: str) -> None:
    project = make_project(tmp_path)
    project.write("tasks.py", root)
    for name in ("sales", "stock"):
        own = make_project(tmp_path / name, {**BACKEND, "target_database_name": f"{name}.db"})
        own.write("tasks.py", MOUNTED)
        own.write("__init__.py", "")
    for config in (None, "dev.json"):
        done = project.inv("report", config=config)
        assert [line for line in done.out.splitlines() if line.startswith("best")] == [
            "best of sales.db",
            "best of stock.db",
        ], done.text


def test_a_task_of_a_mounted_project_has_its_own_projects_config(tmp_path: Path) -> None:
    mounted = {}
    for name in ("sales", "stock"):
        own = make_project(tmp_path / name, {**BACKEND, "target_database_name": f"{name}.db"})
        mounted[name] = namespace(
            task(look, name="plain", pre=[standard_config]), act, config="dev.json", directory=own.directory
        )
    done = inv(make_project(tmp_path), "sales.plain", "stock.plain", "ask", "sales.act", ns=Collection(ask, **mounted))
    assert done.code == 0, done.text
    said = [line for line in done.out.splitlines() if line.startswith(("plain", "ask", "act "))]
    assert said == ["plain sales.db 3 *** 1", "plain stock.db 3 *** 1", "ask None", "act sales.db"]
    assert (done.out.count("sales.db"), done.out.count("stock.db")) == (4, 3)  # each config was shown, too


def test_the_only_mounted_project_is_that_of_the_tasks_above_it(project: RunningProject) -> None:
    mounted = namespace(config="dev.json", directory=project.directory)
    done = inv(project, "plain", ns=Collection(plain, db=mounted))
    assert done.out.startswith("plain shop.db"), done.text


def test_a_tasks_file_that_only_imports_an_action_works(project: RunningProject) -> None:
    project.write("tasks.py", "from ahjo_tasks.actions.config import config\n")
    project.write("dev.jsonc", f"{json.dumps({'BACKEND': BACKEND})} // the development database\n")
    done = project.inv("config", config="dev.jsonc")
    assert done.code == 0, done.text
    assert "shop.db" in done.out


def test_the_list_and_help_read_no_config(project: RunningProject) -> None:
    project.write("dev.json", "{")
    for words in (("--list",), ("--help", "plain")):
        done = inv(project, *words, ns=MEMBERS, AHJO_CONFIG_PATH="dev.json")
        assert (done.code, done.err) == (0, "")
