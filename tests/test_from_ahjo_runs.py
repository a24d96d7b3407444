"""The programs and actions of docs/from-ahjo.md, each run on a real project, and looked at from outside."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from cli_runner import inv, quietly, sqlite
from projects import RunningProject, make_project
from test_from_ahjo import ROWS

from ahjo_tasks import cli
from ahjo_tasks.project import scaffold

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from projects import Outcome

ANN = {f"GIT_{who}_{what}": "ann@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
TABLE = "CREATE TABLE {name} (x INT);\n"
FILES = {
    "database/tables/s.sql": TABLE.format(name="made_by_structure"),
    "database/drop_obsolete_objects.sql": "DROP TABLE purchase;\n",
    "a.csv": "id;x\n1;2\n",
    "b.csv": "id;x\n1;3\n",
    "private.json": json.dumps({"LOCAL": "mine.json", "BACKEND": {"allowed_actions": "ALL", "username": "$"}}),
    "hidden.txt": "ann.smith@example.org\n",
    "rules.yaml": "- name: email\n",
}


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **ANN}, check=True, capture_output=True)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template's project, with a file for every action, in git with the tag v1, deployed."""
    folder = tmp_path_factory.mktemp("built") / "shop"
    scaffold.write(folder, scaffold.draft("shop", "sqlite", "json", scaffold.ServerAddress(None, None, None, None)))
    project = make_project(folder, sqlite())
    for path, text in FILES.items():
        project.write(path, text)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "one")
    git(folder, "tag", "v1")
    done = inv(project, "complete-build", "--config", "dev.json")
    assert done.code == 0, done.text
    return folder


@pytest.fixture
def shop(built: Path, tmp_path: Path) -> RunningProject:
    shutil.copytree(built, tmp_path / "shop")
    return RunningProject(tmp_path / "shop")


def rows(shop: RunningProject, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(shop.directory / "shop.db")) as connection:
        found = connection.execute(sql).fetchall()
        connection.commit()
    return found


def objects(shop: RunningProject) -> set[str]:
    return {name for (name,) in rows(shop, "SELECT name FROM sqlite_master")}


Check = tuple[str, int, "Callable[[RunningProject, Outcome], bool]"]
"""What stands behind the action's name, the exit code, and what must be true afterwards.

What SQLite has not is proved in tests/live.
"""


def has(*names: str) -> Callable[[RunningProject, Outcome], bool]:
    return lambda shop, _done: {*names} <= objects(shop)


def lacks(*names: str) -> Callable[[RunningProject, Outcome], bool]:
    return lambda shop, _done: not {*names} & objects(shop)


def says(text: str) -> Callable[[RunningProject, Outcome], bool]:
    return lambda _shop, done: text in done.text


def holds(path: str, text: str) -> Callable[[RunningProject, Outcome], bool]:
    return lambda shop, _done: text in (shop.directory / path).read_text(encoding="utf-8-sig")


EMPTIED = {
    "deploy": "DROP VIEW best_seller",
    "deploy-files": "DROP VIEW best_seller",
    "data": "DELETE FROM product",
    "testdata": "DELETE FROM purchase",
    "update-git-version": "DELETE FROM git_version",
    "complete-build": "CREATE TABLE old (x)",
    "init": "CREATE TABLE old (x)",
}
"""What is taken away or added before the action has to bring it back or remove it."""
FILLED = {
    "data": "SELECT 1 FROM product",
    "testdata": "SELECT 1 FROM purchase",
    "update-git-version": "SELECT 1 FROM git_version WHERE [Commit] = 'v1'",
}

ACTIONS: dict[str, Check] = {
    "init": ("", 0, lacks("old", "product")),
    "init-config": ("private", 0, holds("mine.json", '"username": "$"')),
    "create-db-login": ("", 2, says("SQLite")),
    "structure": ("", 0, has("made_by_structure")),
    "deploy": ("", 0, has("best_seller")),
    "deploy-files": ("--files database/views", 0, has("best_seller")),
    "assembly": ("", 2, says("not supported on SQLite")),
    "data": ("", 0, lambda shop, _done: bool(rows(shop, FILLED["data"]))),
    "testdata": ("", 0, lambda shop, _done: bool(rows(shop, FILLED["testdata"]))),
    "update-git-version": ("", 0, lambda shop, _done: bool(rows(shop, FILLED["update-git-version"]))),
    "create-db-permissions": ("", 2, says("create-db-permissions: SQLite has no users, roles and permissions.")),
    "create-db-roles": ("", 2, says("create-db-roles: SQLite has no users, roles and permissions.")),
    "grant-db-permissions": ("", 2, says("grant-db-permissions: SQLite has no users, roles and permissions.")),
    "create-db-users": ("", 2, says("create-db-users: SQLite has no users, roles and permissions.")),
    "add-users-to-roles": ("", 2, says("add-users-to-roles: SQLite has no users, roles and permissions.")),
    "create-users-roles-and-permissions": ("", 2, says("SQLite has no users, roles and permissions.")),
    "drop": ("", 0, lacks("best_seller", "product_sales")),
    "drop-files": (
        "--files database/views/best_seller.sql --object_type view",
        0,
        lambda shop, _done: "best_seller" not in objects(shop) and "product_sales" in objects(shop),
    ),
    "drop-obsolete": ("", 0, lacks("purchase")),
    "downgrade": ("", 0, lacks("product", "best_seller")),
    "test": ("", 0, says("2/2 passed")),
    "create-test-table": ("", 0, has("ahjo_tests")),
    "create-test-view": ("", 0, has("vwAhjoTests")),
    "version": ("", 0, says("5c0d1e7a94b2")),
    "update-file-obj-prop": ("", 2, says("SQLite keeps no descriptions")),
    "update-db-obj-prop": ("", 2, says("SQLite keeps no descriptions")),
    "to-csv": ("--table product --output out.csv", 0, holds("out.csv", ";")),
    "test-connection": ("", 0, says("shop.db")),
    "plot-dependencies": ("--format mermaid --output graph.mmd", 0, holds("graph.mmd", "best_seller")),
    "compare": ("--file-a a.csv --file-b b.csv --keys id", 5, holds("differences.csv", "Different")),
    "complete-build": ("", 0, lambda shop, _done: {"best_seller", "purchase"} <= objects(shop) - {"old"}),
}


@pytest.mark.parametrize("name", [row.name for row in ROWS if row.section == "Actions" and row.present])
def test_an_action_does_what_its_predecessor_did(shop: RunningProject, name: str) -> None:
    words, code, check = ACTIONS[name]
    if name == "create-test-view":
        inv(shop, "create-test-table", "--config", "dev.json")
    if name in EMPTIED:
        rows(shop, EMPTIED[name])
    config = "private.json" if name == "init-config" else "dev.json"
    given = [] if name == "init-config" else words.split()
    done = quietly(lambda: cli.ahjo([name, config, *given, "-ni"]), shop.directory)
    assert done.code == code, done.text
    assert check(shop, done), done.text


def program(shop: RunningProject, name: str, *given: str) -> Outcome:
    from test_from_ahjo import SCRIPTS

    function = getattr(cli, SCRIPTS[name].partition(":")[2])
    with patch("sys.argv", [name, *given]):
        return quietly(function, shop.directory, yes=True)


def listing(shop: RunningProject) -> bool:
    said = program(shop, "ahjo", "list")
    return said.code == 0 and "complete-build" in said.out and "ahjo" in program(shop, "ahjo", "--version").out


def new_project(shop: RunningProject) -> bool:
    program(shop, "ahjo-init-project", "--name", "Next one", "--dialect", "sqlite", "-ni", "-d", str(shop.directory))
    return (shop.directory / "next_one" / "tasks.py").is_file()


def several(shop: RunningProject) -> bool:
    projects = {"shop": {"config": "dev.json", "actions": ["data"]}}
    path = shop.directory.parent / "all.json"
    path.write_text(json.dumps({"projects": projects}), encoding="utf-8")
    rows(shop, "DELETE FROM product")
    done = program(shop, "ahjo-multi-project-build", str(path), "-ni")
    return done.code == 0 and bool(rows(shop, FILLED["data"]))


def upgraded(shop: RunningProject) -> bool:
    git(shop.directory, "tag", "-d", "v1")
    git(shop.directory, "tag", "v1")
    shop.write("upgrade_actions.jsonc", '{"v2": ["data"]}')
    git(shop.directory, "add", "upgrade_actions.jsonc")
    git(shop.directory, "commit", "--quiet", "--message", "two")
    git(shop.directory, "tag", "v2")
    done = program(shop, "ahjo-upgrade", "dev.json", "-ni")
    return done.code == 0 and rows(shop, "SELECT [Commit] FROM git_version") == [("v2",)]


def scanned(shop: RunningProject) -> bool:
    return "hidden.txt" in program(shop, "ahjo-scan", "-r", "rules.yaml").text


def hooked(shop: RunningProject) -> bool:
    done = program(shop, "ahjo-install-git-hook", "-r", "rules.yaml", "-ig", "ignore.yaml")
    hook = shop.directory / ".git" / "hooks" / "pre-commit"
    return done.code == 0 and (os.name == "nt" or os.access(hook, os.X_OK)) and "rules.yaml" in hook.read_text("utf-8")


def converted(shop: RunningProject) -> bool:
    done = program(shop, "ahjo-config", "-co", "yaml", "-c", "dev.json", "-o", "dev.yaml")
    text = (shop.directory / "dev.yaml").read_text(encoding="utf-8")
    return (done.code, done.text) == (0, "") and "target_database_name: shop.db" in text


def alembics(shop: RunningProject) -> bool:
    start = "import sys; from ahjo_tasks.cli import alembic_api; sys.exit(alembic_api())"
    return "5c0d1e7a94b2" in shop.run(sys.executable, "-c", start, "-x", "main_config=dev.json", "current").out


PROGRAMS = {
    "ahjo": listing,
    "ahjo-init-project": new_project,
    "ahjo-multi-project-build": several,
    "ahjo-upgrade": upgraded,
    "ahjo-scan": scanned,
    "ahjo-install-git-hook": hooked,
    "ahjo-config": converted,
    "alembic-api": alembics,
}


@pytest.mark.parametrize("name", [row.name for row in ROWS if row.section == "Programs" and row.present])
def test_a_program_does_what_its_predecessor_did(shop: RunningProject, name: str) -> None:
    assert PROGRAMS[name](shop)
