"""A project as the predecessor lays it out, adopted and run."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from cli_runner import quietly
from projects import Outcome, RunningProject

from ahjo_tasks.cli import ahjo

if TYPE_CHECKING:
    from pathlib import Path

ACTIONS = '''"""What this shop does beyond the standard."""
from logging import getLogger

import ahjo.database_utilities as du
import ahjo.operations as op
from ahjo.action import action, create_multiaction

logger = getLogger("ahjo")


@action(affects_database=True, dependencies=["deploy"])
def fill_prices(context):
    """Set the price of everything."""
    engine = context.get_engine()
    price = context.get_cli_arg("price") or context.configuration["price"]
    du.execute_query(engine, "UPDATE item SET price = :price", {"price": int(price)})
    op.deploy_sqlfiles(engine, "./database/reports/", "Deploying reports")
    logger.info("prices are set")


@action("test-action-import")
def hello(context):
    """Say that the file was read."""
    print("read")


# the whole thing, with prices
create_multiaction("complete-build", ["init", "deploy", "data", "fill-prices"], description="Build the shop.")
'''
ENV = """from ahjo.context import Context
from alembic import context
config = Context(context.get_x_argument(as_dictionary=True)["main_config"])
"""
INI = """[alembic]
script_location = alembic
prepend_sys_path = .
"""
REVISION = '''"""items"""
import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None


def upgrade():
    op.create_table("item", sa.Column("id", sa.Integer, primary_key=True), sa.Column("price", sa.Integer))


def downgrade():
    op.drop_table("item")
'''
FILES = {
    "ahjo_actions.py": ACTIONS,
    "alembic.ini": INI,
    "alembic/env.py": ENV,
    "alembic/versions/20240101_a1_items.py": REVISION,
    "alembic/versions/alembic_dummy": "placeholder",
    "database/views/dbo.vwItem.sql": "CREATE VIEW vwItem AS SELECT id, price FROM item;\n",
    "database/data/dbo.item.sql": "INSERT INTO item (id, price) VALUES (1, 0);\n",
    "database/reports/report.sql": "CREATE TABLE report AS SELECT price FROM vwItem;\n",
    "helpers.py": "import ahjo.operations\n",
}
BACKEND = {
    "allowed_actions": "ALL",
    "sql_port": 0,
    "target_server_hostname": "",
    "target_database_name": "shop.db",
    "sql_dialect": "sqlite",
    "sql_driver": None,
    "price": 7,
    "ahjo_action_files": [{"source_file": "ahjo_actions.py", "name": "Shop"}],
}


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    created = RunningProject(tmp_path / "shop")
    for path, text in FILES.items():
        created.write(path, text)
    created.configure(BACKEND, "config_development.json")
    return created


def adopt(project: RunningProject, *arguments: str) -> Outcome:
    return quietly(lambda: ahjo(["adopt", "config_development.json", *arguments]), project.directory)


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.suffix not in {".log", ".pyc"}
    }


def rows(project: RunningProject, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(project.directory / "shop.db")) as connection:
        return connection.execute(query).fetchall()


def test_an_adopted_project_runs(project: RunningProject) -> None:
    assert adopt(project).code == 0
    result = project.inv("complete-build", config="config_development.json")
    assert result.code == 0, result.text
    assert rows(project, "SELECT price FROM report") == [(7,)]
    assert "prices are set" in result.out
    assert "fill-prices" in project.inv("--list", config=None).out


def test_the_predecessors_form_of_call_works_on_it_though_the_config_names_the_old_file(
    project: RunningProject,
) -> None:
    adopt(project)
    assert project.ahjo("init", "config_development.json", "-ni").code == 0
    result = project.ahjo("deploy", "config_development.json", "-ni", "-sg")
    assert result.code == 0, result.text
    assert rows(project, "SELECT count(*) FROM vwItem") == [(0,)]
    assert "read" in project.ahjo("test-action-import", "config_development.json").out


def test_a_config_that_names_no_server_is_enough(project: RunningProject) -> None:
    backend = {"allowed_actions": "ALL", "target_server_hostname": None, "sql_port": None}
    project.write("config_development.json", json.dumps({"BACKEND": backend}))
    assert adopt(project).code == 0
    assert (project.directory / "tasks.py").is_file()


def test_a_custom_argument_is_a_flag(project: RunningProject) -> None:
    adopt(project)
    project.inv("init", "deploy", "data", config="config_development.json")
    result = project.ahjo("fill-prices", "config_development.json", "--price", "9", "-ni")
    assert result.code == 0, result.text
    assert rows(project, "SELECT price FROM item") == [(9,)]


def test_alembics_own_program_works_on_it(project: RunningProject) -> None:
    adopt(project)
    project.inv("init", "deploy", config="config_development.json")
    result = project.run(sys.executable, "-m", "alembic", "-x", "main_config=config_development.json", "current")
    assert result.code == 0, result.text
    assert "a1 (head)" in result.out


def test_only_the_new_files_are_written_and_the_old_env_is_kept(project: RunningProject) -> None:
    before = contents(project.directory)
    adopt(project)
    after = contents(project.directory)
    assert sorted(set(after) - set(before)) == ["alembic/env.py.before-adopt", "invoke.yaml", "tasks.py"]
    assert sorted(path for path in before if before[path] != after[path]) == ["alembic/env.py"]
    assert after["alembic/env.py.before-adopt"] == before["alembic/env.py"]


def test_a_dry_run_shows_everything_and_writes_nothing(project: RunningProject) -> None:
    before = contents(project.directory)
    result = adopt(project, "--dry")
    assert result.code == 0, result.text
    assert "ns = namespace(fill_prices, hello, complete_build)" in result.out
    assert contents(project.directory) == before


def test_what_is_left_to_do_is_listed_with_its_line(project: RunningProject) -> None:
    project.write("ahjo_actions.py", ACTIONS + "\n\n@action()\ndef odd(context):\n    op.create_db(1)\n")
    result = adopt(project)
    lines = (project.directory / "tasks.py").read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines, 1) if "# adopt: create_db" in line)
    assert f"tasks.py:{number}: create_db: the action init creates the database." in result.text
    assert "helpers.py imports Ahjo" in result.text


def test_the_history_of_ahjo_is_taken_over_where_that_is_wanted(project: RunningProject) -> None:
    with closing(sqlite3.connect(project.directory / "shop.db")) as connection:
        connection.executescript("CREATE TABLE item (id, price); CREATE VIEW vwItem AS SELECT id, price FROM item")
    result = project.ahjo("adopt", "config_development.json", "--history")
    assert result.code == 0, result.text
    assert "Recorded as deployed: 1 file, 1 revision" in result.text
    assert "nothing to do" in project.inv("plan", "--check", config="config_development.json").text


def test_an_existing_tasks_py_is_never_replaced(project: RunningProject) -> None:
    project.write("tasks.py", "mine = 1\n")
    before = contents(project.directory)
    result = adopt(project)
    assert result.code == 1
    assert "tasks.py exists already" in result.err
    assert contents(project.directory) == before


def test_an_env_py_of_ones_own_and_invoke_settings_stay(project: RunningProject) -> None:
    project.write("alembic/env.py", "from ahjo_tasks.alembic_env import run\n\nrun(None)\n")
    project.write("invoke.yaml", "tasks: {dedupe: false}\nmine: 1\n")
    before = contents(project.directory)
    adopt(project)
    assert before.items() <= contents(project.directory).items()


def test_a_folder_without_action_files_is_told(tmp_path: Path) -> None:
    result = quietly(lambda: ahjo(["adopt"]), tmp_path)
    assert result.code == 2
    assert "ahjo_actions.py" in result.err


def test_it_adopts_from_elsewhere(project: RunningProject) -> None:
    result = quietly(lambda: ahjo(["adopt", "--project-dir", "shop"]), project.directory.parent)
    assert result.code == 0, result.text
    assert json.loads((project.directory / "config_development.json").read_text("utf-8"))["BACKEND"] == BACKEND
    assert (project.directory / "tasks.py").is_file()
