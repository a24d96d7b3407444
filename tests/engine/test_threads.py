"""Alembic's `op` and `context` are proxies of the whole process: threads that deploy at once must not mix them up."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from cli_runner import sqlite
from invoke.config import Config
from invoke.context import Context
from projects import make_project
from revisions import revision

from ahjo_tasks import namespace

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

DATABASES = 24


def test_threads_deploy_to_databases_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AHJO_NON_INTERACTIVE", "1")
    project = make_project(tmp_path / "project")
    for name, below, table in (("a1", None, "first"), ("b2", "a1", "second")):
        revision(project, name, below, f'op.create_table("{table}", sa.Column("id", sa.Integer))')
    project.write("database/views/v.sql", "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT id FROM second;\n")
    collection = namespace(directory=project.directory)

    def build(number: int) -> None:
        config = project.configure(sqlite(target_database_name=f"{number}.db"), f"{number}.json")
        for action in ("init", "complete-build", "deploy"):
            collection[action](Context(Config(runtime_path=str(config))))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(build, range(DATABASES)))
    for number in range(DATABASES):
        connection = sqlite3.connect(project.directory / f"{number}.db")
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        assert {"first", "second", "v"} <= names, number
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("b2",)]
        connection.close()
