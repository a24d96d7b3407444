from __future__ import annotations

import socket
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fakes import settings
from sqlalchemy import URL, make_url

from ahjo_tasks.database.dialects.mssql import MSSQL
from ahjo_tasks.database.dialects.mssql import drivers as odbc
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

EIGHTEEN = "ODBC Driver 18 for SQL Server"
SEVENTEEN = "ODBC Driver 17 for SQL Server"


@pytest.fixture
def drivers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`drivers(installed, bundled)` says what there is."""

    def there(*installed: str, bundled: str = "") -> None:
        monkeypatch.setattr(odbc, "installed", lambda: installed)
        monkeypatch.setattr(odbc, "bundled", lambda: [bundled] if bundled else [])
        monkeypatch.setattr(odbc, "has_pyodbc", lambda: True)

    return there


def connection_string(url: URL) -> str:
    (text,), _options = url.get_dialect()().create_connect_args(url)
    return str(text)


def made(**values: Any) -> URL:
    return MSSQL().url(settings(**values), "me", "secret")


WHEEL = "/w/libmsodbcsql-18.so"
CHOICES = [
    (EIGHTEEN, (SEVENTEEN, EIGHTEEN), EIGHTEEN, ""),
    (SEVENTEEN, (SEVENTEEN, EIGHTEEN), SEVENTEEN, ""),
    (None, ("FreeTDS", SEVENTEEN, "ODBC Driver 9 for SQL Server", WHEEL), SEVENTEEN, "No sql_driver is named: "),
    ("Other", ("FreeTDS", EIGHTEEN), EIGHTEEN, f"The driver Other is not installed: {EIGHTEEN} is used."),
    ("Other", ("FreeTDS", WHEEL), WHEEL, "The driver Other is not installed: "),
    (None, ("FreeTDS",), "FreeTDS", "No sql_driver is named: FreeTDS is used."),
]


@pytest.mark.parametrize(("named", "there", "expected", "said"), CHOICES)
def test_the_best_driver_there_is(drivers: Any, named: str, there: tuple[str, ...], expected: str, said: str) -> None:
    drivers(*(one for one in there if one != WHEEL), bundled=WHEEL if WHEEL in there else "")
    choice = odbc.choose(named)
    assert choice.driver == expected
    assert choice.remark.startswith(said)
    assert bool(choice.remark) == bool(said)


def test_without_a_driver_one_sentence_says_what_to_do(drivers: Any) -> None:
    drivers()
    with pytest.raises(ConfigError, match=r"no ODBC driver for SQL Server \(Mine was asked for\)") as caught:
        odbc.choose("Mine")
    assert "pip install 'ahjo-tasks[mssql]'" in str(caught.value.hint)


def test_a_driver_may_be_named_by_its_path(drivers: Any, tmp_path: Path) -> None:
    drivers("FreeTDS")
    library = tmp_path / "libmsodbcsql-18.so"
    library.touch()
    assert odbc.choose(str(library)) == (str(library), "")


def test_the_choice_of_another_driver_is_said(drivers: Any) -> None:
    drivers("FreeTDS", EIGHTEEN)
    dialect, config = MSSQL(), settings(sql_driver="Other")
    url = dialect.url(config, None, None)
    assert dialect.connection_notice(url, config) == f"The driver Other is not installed: {EIGHTEEN} is used."


DEFAULTS = [
    (EIGHTEEN, {}, ["Encrypt=yes", "LongAsMax=Yes"], ["Encrypt=no"]),
    (SEVENTEEN, {}, ["Encrypt=no"], ["LongAsMax"]),
    (
        EIGHTEEN,
        {"encrypt": "no", "TrustServerCertificate": True},
        ["encrypt=no", "TrustServerCertificate=yes"],
        ["Encrypt=yes"],
    ),
    (EIGHTEEN, {"Encrypt": False}, ["Encrypt=no"], ["Encrypt=yes", "False"]),
    (EIGHTEEN, {"ApplicationIntent": "ReadOnly"}, ["ApplicationIntent=ReadOnly", "Server=db.example,1433"], []),
    (
        "FreeTDS",
        {"Encrypt": "yes", "LongAsMax": "Yes"},
        ["Server=db.example;", "PORT=1433", "TDS_Version=7.4"],
        ["Encrypt", "LongAsMax", ",1433"],
    ),
    ("FreeTDS", {"port": "9", "TDS_Version": "7.3"}, ["port=9", "TDS_Version=7.3"], ["1433", "7.4"]),
    (EIGHTEEN, {"PORT": "9", "TDS_Version": "7.3"}, ["Server=db.example,9"], ["TDS", "PORT"]),
]


@pytest.mark.parametrize(("driver", "given", "present", "absent"), DEFAULTS)
def test_each_driver_gets_what_it_wants(
    drivers: Any, driver: str, given: Any, present: list[str], absent: list[str]
) -> None:
    drivers(driver)
    text = connection_string(made(sql_driver=driver, sqla_url_query_map=given))
    assert text.startswith(f"DRIVER={{{driver}}};")
    assert [word for word in present if word not in text] == []
    assert [word for word in absent if word in text] == []


def test_the_deprecated_keys_count_below_the_query_map(drivers: Any) -> None:
    drivers(EIGHTEEN)
    old = {"odbc_encrypt": "no", "odbc_trust_server_certificate": True}
    assert "TrustServerCertificate=yes" in connection_string(made(**old))
    assert "Encrypt=no" in connection_string(made(**old))
    assert "Encrypt=strict" in connection_string(made(**old, sqla_url_query_map={"Encrypt": "strict"}))


def test_a_password_reaches_the_driver_whole(drivers: Any) -> None:
    drivers(EIGHTEEN)
    url = MSSQL().url(settings(), "me", "a;b}c{d")
    assert "PWD={a;b}}c{d}" in connection_string(url)


def test_mssql_python_gets_only_what_it_knows(drivers: Any) -> None:
    drivers()
    given = {"Encrypt": False, "LongAsMax": "Yes", "port": "9"}
    text = connection_string(made(sql_dialect="mssql+mssqlpython", sqla_url_query_map=given))
    assert text == "Server=db.example,9;Database=shop;UID=me;PWD=secret;Encrypt=no"


def test_pymssql_gets_no_words_of_odbc(drivers: Any) -> None:
    drivers()
    given = {"Encrypt": "yes", "TrustServerCertificate": "yes", "charset": "UTF-8"}
    url = made(sql_dialect="mssql+pymssql", sqla_url_query_map=given)
    _arguments, options = url.get_dialect()().create_connect_args(url)
    assert options == {
        "host": "db.example:1433",
        "database": "shop",
        "user": "me",
        "password": "secret",
        "charset": "UTF-8",
    }


@pytest.mark.parametrize(("name", "option"), [("pyodbc", "timeout"), ("pymssql", "login_timeout")])
def test_a_login_does_not_wait_for_ever_and_a_statement_may(drivers: Any, name: str, option: str) -> None:
    drivers(EIGHTEEN)
    config = settings(sql_dialect=f"mssql+{name}", sqlalchemy={"connect_args": {"extra": 1}})
    given = MSSQL().engine_options(config)["connect_args"]
    assert given["extra"] == 1
    assert given[option] == 15
    assert {"timeout", "login_timeout"} & given.keys() == {option}


def test_a_url_is_taken_as_it_is(drivers: Any) -> None:
    from ahjo_tasks.config.secret import Secret

    drivers(EIGHTEEN)
    url = made(sqlalchemy_url=Secret(f"mssql+pyodbc://u:p@h/d?driver={SEVENTEEN.replace(' ', '+')}"))
    assert connection_string(url) == f"DRIVER={{{SEVENTEEN}}};Server=h;Database=d;UID=u;PWD=p;Encrypt=no"
    whole = "mssql+pyodbc:///?odbc_connect=DSN%3Dx"
    assert made(sqlalchemy_url=Secret(whole)) == make_url(whole)


def test_without_pyodbc_mssql_python_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    odbc.has_pyodbc.cache_clear()
    monkeypatch.setitem(sys.modules, "pyodbc", None)
    monkeypatch.setattr(odbc, "find_spec", lambda name: SimpleNamespace() if name == "mssql_python" else None)
    config = settings()
    url = MSSQL().url(config, None, None)
    assert url.drivername == "mssql+mssqlpython"
    assert odbc.remark(url, config) == "pyodbc cannot be loaded: mssql-python is used."
    odbc.has_pyodbc.cache_clear()


def test_without_any_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    odbc.has_pyodbc.cache_clear()
    monkeypatch.setitem(sys.modules, "pyodbc", None)
    monkeypatch.setattr(odbc, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match="pyodbc") as caught:
        made()
    assert "ahjo-tasks[mssql]" in str(caught.value.hint)
    odbc.has_pyodbc.cache_clear()


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("Linux", "x86_64", "linux/debian_ubuntu/x86_64"),
        ("Darwin", "arm64", "macos/arm64"),
        ("Windows", "AMD64", "windows/x64"),
    ],
)
def test_the_wheel_has_a_driver_for_each_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: str, machine: str, expected: str
) -> None:
    names = {"linux": "libmsodbcsql-18.6.so.2.1", "macos": "libmsodbcsql.18.dylib", "windows": "msodbcsql18.dll"}
    for folder in (
        "linux/debian_ubuntu/x86_64",
        "linux/rhel/x86_64",
        "macos/arm64",
        "macos/x86_64",
        "windows/x64",
        "windows/arm64",
    ):
        library = tmp_path / "libs" / folder / names[folder.partition("/")[0]]
        library.parent.mkdir(parents=True)
        library.touch()
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(odbc, "find_spec", lambda _name: spec)
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": "debian"})
    (found,) = odbc.bundled()
    assert expected in found.replace("\\", "/")


# -- reaching the server -----------------------------------------------------------------------------------------------


def test_an_unknown_host_is_told_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: Any, **_options: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    problem = odbc.unreachable(make_url("mssql+pyodbc://nobody.example/x"))
    assert problem is not None
    assert (problem.wait, problem.message) == (False, "The host nobody.example is not known.")
    assert "target_server_hostname" in str(problem.hint)


def test_a_closed_port_is_told_at_once_and_waited_for() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = taken.getsockname()[1]
        problem = odbc.unreachable(make_url(f"mssql+pyodbc://127.0.0.1:{closed}/x"))
    assert problem is not None
    assert problem.wait
    assert "sql_port" in str(problem.hint)


def test_an_open_port_is_no_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        assert odbc.unreachable(make_url(f"mssql+pyodbc://127.0.0.1/x?PORT={number}")) is None


@pytest.mark.parametrize("host", ["", "(local)", r"server\instance", "np:server", "(localdb)\\x"])
def test_what_only_a_driver_understands_is_left_to_it(host: str) -> None:
    assert odbc.unreachable(URL.create("mssql+pyodbc", host=host, database="x")) is None


def test_the_version_is_asked_for_where_the_words_do_not_tell() -> None:
    class Dialect:
        def _get_server_version_info(self, _connection: object) -> None:
            return None

    asked = SimpleNamespace(exec_driver_sql=lambda _sql: SimpleNamespace(scalar=lambda: "16.0.4135.4"))
    engine: Any = SimpleNamespace(dialect=Dialect())
    odbc.tell_version(engine)
    assert engine.dialect._get_server_version_info(asked) == (16, 0, 4135, 4)


def test_a_rollback_without_a_transaction_hides_nothing() -> None:
    def fails(number: int) -> Any:
        def do_rollback(_connection: object) -> None:
            raise RuntimeError((number, b"words"))

        return SimpleNamespace(dialect=SimpleNamespace(do_rollback=do_rollback))

    gone, other = fails(3903), fails(1205)
    odbc.forgive_rollback(gone)
    odbc.forgive_rollback(other)
    gone.dialect.do_rollback(None)
    with pytest.raises(RuntimeError):
        other.dialect.do_rollback(None)


def test_pooling_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("pyodbc")
    module.pooling = True
    monkeypatch.setitem(sys.modules, "pyodbc", module)
    odbc.no_pooling()
    assert module.pooling is False
