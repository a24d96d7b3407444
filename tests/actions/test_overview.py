from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_runner import inv
from projects import make_project

from ahjo_tasks import namespace
from ahjo_tasks.actions.overview import GROUPS

if TYPE_CHECKING:
    from pathlib import Path

OWN = '''
from ahjo_tasks import action, namespace


@action
def greet(ctx):
    """Say hello."""


@action
def deploy(ctx):
    """Deploy in our own way."""


ns = namespace(greet, deploy)
'''


def test_inv_alone_shows_the_actions_in_groups_and_the_projects_own_first(tmp_path: Path) -> None:
    done = make_project(tmp_path / "shop", tasks=OWN).inv(config=None)
    assert done.code == 0, done.text
    lines = done.out.splitlines()
    assert lines[0] == "Own actions of shop"
    assert [line.split()[0] for line in lines[1:3]] == ["deploy", "greet"]
    assert sum(line.startswith("  deploy ") for line in lines) == 1
    assert "overview:" not in done.out


@pytest.mark.parametrize("action", ["overview", "doctor"])
def test_no_line_is_wider_than_the_terminal(tmp_path: Path, action: str) -> None:
    long = OWN.replace('"""Say hello."""', f'"""Say hello to {"each of the many " * 5}visitors."""')
    project = make_project(tmp_path / "shop", tasks=long)
    done = inv(project, action, typed=(), COLUMNS="80")
    assert done.code == 0, done.text
    assert [line for line in done.out.splitlines() if len(line) >= 80] == []


def test_what_the_database_does_not_have_is_left_out(tmp_path: Path) -> None:
    made = make_project(
        tmp_path / "shop", {"allowed_actions": "ALL", "sql_dialect": "sqlite", "target_database_name": "shop.db"}
    )
    of_users = {"create-db-login", "create-db-permissions", "create-db-roles", "create-users-roles-and-permissions"}
    assert [name for name in of_users if name in made.inv().out] == []
    other = make_project(tmp_path / "other", {"sql_dialect": "mssql"})
    assert [name for name in of_users if name not in other.inv().out] == []


def test_what_is_in_no_group_is_named_after_them(tmp_path: Path) -> None:
    backend = {"allowed_actions": "ALL", "sql_dialect": "sqlite", "target_database_name": "shop.db"}
    made = make_project(tmp_path / "shop", backend)
    more = made.inv().out.partition("\nMore\n")[2].partition("\n\n")[0]
    assert {"alembic", "downgrade", "drop"} <= {name.strip() for name in more.split(",")}
    assert "assembly" not in more


def test_every_action_of_a_group_exists() -> None:
    names = set(namespace().task_names)
    assert {name for group in GROUPS.values() for name in group} <= names


def test_a_default_task_of_the_project_comes_first(tmp_path: Path) -> None:
    tasks = "from invoke import task\nfrom ahjo_tasks import namespace\n\n\n@task(default=True)\ndef mine(c):\n"
    made = make_project(tmp_path / "shop", tasks=f'{tasks}    print("mine")\n\n\nns = namespace(mine)\n')
    assert made.inv(config=None).out == "mine\n"
