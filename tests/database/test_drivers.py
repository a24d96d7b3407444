"""What is said of drivers: in `doctor`, in `test-connection`, and where one cannot be used."""

from __future__ import annotations

import json
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any

import pytest
from projects import RunningProject, make_project

from ahjo_tasks.database import drivers
from ahjo_tasks.database.dialects import all_dialects
from ahjo_tasks.database.dialects.mysql import MySQL
from ahjo_tasks.database.drivers import Driver

if TYPE_CHECKING:
    from pathlib import Path

NONE = Driver("none", "no_such_module_here", "no-such-distribution", "pip install no-such-distribution")
BROKEN = Driver("broken", "broken_driver_module", "broken-distribution", "pip install broken-distribution")
SERVER = {
    "allowed_actions": "ALL",
    "target_server_hostname": "127.0.0.1",
    "sql_port": 1,
    "target_database_name": "shop",
    "username": "me",
    "password": "secret",
}


@pytest.fixture
def debian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": "debian"})


def broken(folder: Path, monkeypatch: pytest.MonkeyPatch, error: str) -> None:
    """Put a driver on the path whose module fails with this error."""
    (folder / f"{BROKEN.module}.py").write_text(f"raise {error}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, BROKEN.module, raising=False)


def test_a_driver_that_is_not_there_is_told_with_what_brings_it() -> None:
    state = drivers.check(NONE)
    assert (state.loads, state.version, state.problem) == (False, "", "not installed")
    assert state.hint == "pip install no-such-distribution"


GLIBC = "libodbc.so.2: cannot open shared object file: No such file or directory"
MUSL = "Error loading shared library libodbc.so.2: No such file or directory (needed by /x/pyodbc.so)"
MACOS = "dlopen(/x/pyodbc.so, 0x0002): Library not loaded: /opt/homebrew/opt/unixodbc/lib/libodbc.2.dylib"


@pytest.mark.usefixtures("debian")
@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        (GLIBC, "libodbc.so.2 is missing", "apt-get install libodbc2"),
        (MUSL, "libodbc.so.2 is missing", "apt-get install libodbc2"),
        (MACOS, "libodbc.2.dylib is missing", "apt-get install libodbc2"),
        (GLIBC.replace("libodbc.so.2", "libltdl.so.7"), "libltdl.so.7 is missing", "apt-get install libltdl7"),
        (GLIBC.replace("libodbc.so.2", "/x/libunknown.so.1"), "libunknown.so.1 is missing", BROKEN.install),
        ("no pq wrapper available.\nAttempts made: ...", "does not load: no pq wrapper available.", BROKEN.install),
    ],
)
def test_a_library_that_is_missing_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, problem: str, hint: str
) -> None:
    broken(tmp_path, monkeypatch, f"ImportError({text!r})")
    state = drivers.check(BROKEN)
    assert (state.problem, state.hint) == (problem, hint)


@pytest.mark.parametrize(
    ("system", "release", "command"),
    [
        ("Linux", {"ID": "debian"}, "apt-get install libodbc2"),
        ("Linux", {"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "dnf install unixODBC"),
        ("Darwin", {}, "brew install unixodbc"),
    ],
)
def test_each_system_has_its_own_command(
    monkeypatch: pytest.MonkeyPatch, system: str, release: dict[str, str], command: str
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: release)
    assert drivers.install_library("libodbc.so.2") == command


def test_what_a_driver_loads_late_is_loaded_in_the_check() -> None:
    def probe() -> None:
        raise OSError("libltdl.so.7: cannot open shared object file: No such file or directory")

    state = drivers.check(Driver("pysqlite", "sqlite3", "x", "y"), probe)
    assert state.problem == "libltdl.so.7 is missing"


def test_every_database_names_its_drivers() -> None:
    dialects = all_dialects()
    assert {"sqlite", "postgresql", "mysql", "mssql"} <= dialects.keys()
    assert [name for name, dialect in dialects.items() if isinstance(dialect, Exception) or not dialect.drivers] == []


# -- as a user sees it -------------------------------------------------------------------------------------------------

ASYNCHRONOUS = ["postgresql+asyncpg", "mysql+aiomysql", "sqlite+aiosqlite", "mssql+aioodbc"]


@pytest.mark.parametrize("dialect", ASYNCHRONOUS)
def test_an_asynchronous_driver_is_refused_by_name(tmp_path: Path, dialect: str) -> None:
    done = make_project(tmp_path / "p", {**SERVER, "sql_dialect": dialect}).inv("test-connection")
    assert done.code == 2
    assert f"{dialect.partition('+')[2]} is an asynchronous driver; those are not supported." in done.err
    assert f"hint: sql_dialect: {dialect.partition('+')[0]}" in done.err


@pytest.mark.parametrize(
    ("dialect", "package", "hint"),
    [
        ("postgresql+psycopg2", "psycopg2", "pip install psycopg2-binary"),
        ("postgresql+pg8000", "pg8000", "pip install pg8000"),
        ("mysql+mysqldb", "mysqlclient", "pip install mysqlclient"),
        ("mariadb+mariadbconnector", "mariadb", "pip install mariadb"),
    ],
)
def test_a_driver_that_is_not_installed_is_told_with_its_own_package(
    tmp_path: Path, dialect: str, package: str, hint: str
) -> None:
    done = make_project(tmp_path / "p", {**SERVER, "sql_dialect": dialect}).inv("test-connection")
    assert done.code == 2
    assert f"The driver {package} cannot be used: not installed." in done.err
    assert f"hint: {hint}" in done.err
    assert f"{package} " in done.out


def test_a_driver_that_sqlalchemy_does_not_know_is_answered_with_those_there_are(tmp_path: Path) -> None:
    done = make_project(tmp_path / "p", {**SERVER, "sql_dialect": "postgresql+psycopgg"}).inv("test-connection")
    assert done.code == 2
    assert "SQLAlchemy has no driver psycopgg for PostgreSQL." in done.err
    assert "psycopg, psycopg2" in done.err


def doctor(project: RunningProject, *arguments: str, config: str | None = None) -> dict[str, Any]:
    done = project.inv("doctor", "--format", "json", *arguments, config=config)
    assert done.code == 0, done.text
    report: dict[str, Any] = json.loads(done.out)
    return report


def test_doctor_lists_every_database_without_a_config(tmp_path: Path) -> None:
    report = doctor(make_project(tmp_path / "p"))
    assert {"sqlite", "postgresql", "mysql", "mssql"} <= {database["name"] for database in report["databases"]}
    assert report["versions"].keys() == {"Python", "ahjo-tasks", "invoke", "SQLAlchemy", "alembic"}
    assert {"git", "psql", "mysql", "sqlcmd"} <= report["programs"].keys()
    assert report["config"] == {}
    found = {driver["package"]: driver for database in report["databases"] for driver in database["drivers"]}
    assert found["SQLite"]["loads"]
    assert found["psycopg"]["version"]
    assert found["pymssql"]["loads"]
    assert [name for name, driver in found.items() if driver["loads"] is bool(driver["problem"])] == []


def test_doctor_begins_with_the_database_of_the_config_and_names_its_driver(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {**SERVER, "sql_dialect": "postgresql"})
    report = doctor(project, config="dev.json")
    assert report["databases"][0]["name"] == "postgresql"
    assert report["config"]["driver"] == "postgresql+psycopg"
    shown = project.inv("doctor")
    assert "dev.json: postgresql+psycopg" in shown.out
    assert "Database" in shown.out


def test_doctor_works_with_a_config_that_cannot_be_used(tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", {**SERVER, "sql_dialect": "oracle"})
    assert "oracle" in doctor(project, config="dev.json")["config"]["problem"]


def test_doctor_connects_where_it_is_asked_to(tmp_path: Path) -> None:
    project = make_project(
        tmp_path / "p", {"allowed_actions": "ALL", "sql_dialect": "sqlite", "target_database_name": "shop.db"}
    )
    assert project.inv("doctor").code == 0
    refused = project.inv("doctor", "--connect")
    assert refused.code == 1
    assert "does not exist" in refused.err
    assert project.inv("init").code == 0
    shown = project.inv("doctor", "--connect")
    assert shown.code == 0
    assert "shop.db" in shown.out.rpartition("Login")[2]


def test_doctor_refuses_a_format_that_there_is_not(tmp_path: Path) -> None:
    done = make_project(tmp_path / "p").inv("doctor", "--format", "xml", config=None)
    assert done.code == 2
    assert "table, json" in done.err


def test_the_version_of_pymysql_is_its_own() -> None:
    driver = next(driver for driver in MySQL.drivers if driver.module == "pymysql")
    assert drivers.check(driver).version == metadata.version("pymysql")
