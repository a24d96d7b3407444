from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fakes import settings
from projects import ROOT, make_project
from sqlalchemy import create_engine

from ahjo_tasks.config.secret import Secret
from ahjo_tasks.data.writers import Writer
from ahjo_tasks.database.dialects import DIALECTS, attributes, dialect, dialect_for
from ahjo_tasks.descriptions.model import DescriptionStore
from ahjo_tasks.errors import ConfigError
from ahjo_tasks.project.kinds import KINDS
from ahjo_tasks.project.scaffold import template_folder
from ahjo_tasks.utils import load_object

THIRD = '''
from ahjo_tasks.database.dialects.sqlite import SQLite


class Marten(SQLite):
    """A database of somebody else."""

    name = "marten"
    title = "Marten"
    default_driver = "sqlite"
    unsupported_kinds = SQLite.unsupported_kinds | {"view"}
'''


@pytest.mark.parametrize("name", DIALECTS)
def test_each_dialect_of_the_table_is_there_and_whole(name: str) -> None:
    found = dialect(f"{name}+driver")
    assert found.name in DIALECTS
    assert found.unsupported_kinds <= KINDS.keys()
    assert found.late_binding <= KINDS.keys()
    assert found.default_driver.partition("+")[0] == found.name


@pytest.mark.parametrize("name", DIALECTS)
def test_each_dialect_names_classes_of_other_packages_that_are_there(name: str) -> None:
    found = dialect(name)
    assert issubclass(load_object(found.writer), Writer)
    assert found.descriptions is None or issubclass(load_object(found.descriptions), DescriptionStore)
    assert all(callable(load_object(step)) for step in (found.refresh_step, found.login_step) if step)
    assert found.project_template is not None
    assert (template_folder() / found.project_template.folder).is_dir()


@pytest.mark.parametrize("name", ["sqlite", "postgresql", "mysql", "mssql"])
def test_a_dialect_loads_no_module_of_another(name: str) -> None:
    script = f"""
import sys
from ahjo_tasks.database.dialects import dialect
dialect({name!r})
print(*(module for module in sys.modules if module.startswith(("ahjo_tasks.database.dialects.", "ahjo_tasks.sql.sp"))))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    modules = {module.rpartition(".")[2] for module in done.stdout.split()}
    assert not modules & ({"sqlite", "postgresql", "mysql", "mssql"} - {name})
    assert not modules & {"create_database", "error_positions", "databases", "error_lines", "entra", "drop", "cursor"}


def test_every_attribute_of_a_dialect_is_described() -> None:
    (table,) = (
        node
        for node in ast.parse(Path(attributes.__file__).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name == "DialectAttributes"
    )
    plain = {"begin", "commit", "rollback", "savepoint", "rollback_to_savepoint"}
    described = {
        node.target.id
        for node, text in pairwise(table.body)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(text, ast.Expr)
    }
    assert set(attributes.DialectAttributes.__annotations__) - plain == described


def test_an_unknown_dialect_is_answered_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="oracle") as refused:
        dialect("oracle")
    assert "postgresql" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("postgres", "postgresql+psycopg"),
        ("Postgres+psycopg2", "postgresql+psycopg2"),
        ("pgsql", "postgresql+psycopg"),
        ("MySQL+PyMySQL", "mysql+pymysql"),
        ("sqlite3", "sqlite+pysqlite"),
    ],
)
def test_other_names_of_a_database_are_taken_in_the_config_and_in_the_url(written: str, name: str) -> None:
    for values in (
        settings(sql_dialect=written, target_database_name="d"),
        settings(sqlalchemy_url=Secret(f"{written}://h/d")),
    ):
        url = dialect_for(values).url(values, None, None)
        assert f"{url.get_backend_name()}+{url.get_driver_name()}" == name


def test_the_url_names_the_dialect_where_there_is_one() -> None:
    assert dialect_for(settings(sqlalchemy_url=Secret("mariadb+pymysql://h/d"))).name == "mysql"
    assert dialect_for(settings(sql_dialect="PostgreSQL+psycopg")).name == "postgresql"


@pytest.mark.parametrize(
    "values",
    [
        {"sql_dialect": "postgresql", "target_server_hostname": "h", "sql_port": 5433, "connect_timeout": 3},
        {"sql_dialect": "postgresql", "target_server_hostname": "h"},
        {"sql_dialect": "mysql", "target_server_hostname": "h", "sql_port": 3307, "connect_timeout": 3},
        {"sql_dialect": "mariadb", "target_server_hostname": "h", "connect_timeout": 0},
        {"sql_dialect": "sqlite"},
    ],
)
def test_a_driver_gets_the_arguments_that_sqlalchemy_would_give_it(tmp_path: Path, values: dict[str, Any]) -> None:
    config = settings(target_database_name="d", **values)
    spoken, login = dialect_for(config), () if values["sql_dialect"] == "sqlite" else ("me", "s@cret/")
    username, password = login or (None, None)
    call = spoken.driver_call(config, username, password, tmp_path)
    assert call is not None

    url = spoken.url(config, username, password)
    url = url.set(database=spoken.database_path(str(url.database), tmp_path))
    options = spoken.engine_options(config)
    engine = create_engine(url, **options)
    (positional, named), connect = engine.dialect.create_connect_args(url), options["connect_args"]
    expected = {**dict(zip(["database"], positional, strict=False)), **named, **connect}
    expected.pop("context", None)  # psycopg's own types
    if spoken.name == "mysql":
        expected["autocommit"] = True  # SQLAlchemy begins a transaction of its own
    assert import_module(call.module).connect is engine.dialect.loaded_dbapi.connect
    assert call.database == url.database
    assert {name: str(value) for name, value in call.arguments.items()} == {
        name: str(value) for name, value in expected.items()
    }


@pytest.mark.parametrize(
    "values",
    [
        {"sqlalchemy_url": Secret("postgresql://h/d")},
        {"sql_dialect": "postgresql+psycopg2"},
        {"sql_dialect": "postgresql", "sqla_url_query_map": {"sslmode": "require"}},
        {"sql_dialect": "postgresql", "sqlalchemy": {"echo": True}},
        {"sql_dialect": "mssql+pyodbc"},
        {"sql_dialect": "sqlite", "target_database_name": ":memory:"},
    ],
)
def test_anything_but_plain_keys_is_left_to_sqlalchemy(tmp_path: Path, values: dict[str, Any]) -> None:
    config = settings(**{"target_database_name": "d", **values})
    assert dialect_for(config).driver_call(config, "me", "secret", tmp_path) is None


@pytest.fixture
def third_party(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH with a package that brings a dialect."""
    folder = tmp_path / "site"
    (folder / "marten-1.0.dist-info").mkdir(parents=True)
    (folder / "marten_dialect.py").write_text(THIRD, encoding="utf-8")
    (folder / "marten-1.0.dist-info/METADATA").write_text("Name: marten\nVersion: 1.0\n", encoding="utf-8")
    (folder / "marten-1.0.dist-info/entry_points.txt").write_text(
        "[ahjo_tasks.dialects]\nmarten = marten_dialect:Marten\n", encoding="utf-8"
    )
    return folder


def test_a_package_brings_a_dialect_by_its_entry_point(
    third_party: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(third_party)
    assert dialect("marten").title == "Marten"
    with pytest.raises(ConfigError) as refused:
        dialect("oracle")
    assert "marten" in str(refused.value.hint)
    config = {"allowed_actions": "ALL", "sql_dialect": "marten", "target_database_name": "m.db"}
    project = make_project(tmp_path / "project", config)
    project.write("database/data/a.sql", "CREATE TABLE t (id INTEGER);\nINSERT INTO t VALUES (1);\n")
    everywhere = {"PYTHONPATH": f"{third_party}{os.pathsep}{ROOT}"}
    built = project.inv("init", "data", **everywhere)
    assert built.code == 0, built.text
    project.write("database/views/v.sql", "CREATE VIEW v AS SELECT 1;\n")
    assert "Marten has no views: database/views/v.sql" in project.inv("deploy", **everywhere).err
