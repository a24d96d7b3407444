from __future__ import annotations

import socket
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fakes import settings
from sqlalchemy import URL, make_url

from ahjo_tasks.config.secret import Secret
from ahjo_tasks.database.dialects.mssql import MSSQL, driver_choice
from ahjo_tasks.database.dialects.mssql import drivers as odbc
from ahjo_tasks.database.dialects.mssql.driver_choice import MSSQL_PYTHON
from ahjo_tasks.database.drivers import Driver, DriverError, DriverState
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

EIGHTEEN = "ODBC Driver 18 for SQL Server"
SEVENTEEN = "ODBC Driver 17 for SQL Server"


@pytest.fixture
def drivers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`drivers(*installed, bundled)` says which ODBC drivers there are."""

    def there(*installed: str, bundled: str = "") -> None:
        monkeypatch.setattr(driver_choice, "installed", lambda: installed)
        monkeypatch.setattr(driver_choice, "bundled", lambda: [bundled] if bundled else [])
        monkeypatch.setattr(driver_choice, "library_problem", lambda _path: None)
        monkeypatch.setattr(driver_choice, "state", lambda driver: DriverState(driver, "9.9"))

    return there


LIBODBC = "apt-get install libodbc2"
LIBLTDL = "apt-get install libltdl7"


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`loading(*names, version=...)` says which drivers of Python load, as on a bare Debian; pyodbc has FreeTDS."""
    missing = {"pyodbc": ("libodbc.so.2 is missing", LIBODBC), "mssqlpython": ("libltdl.so.7 is missing", LIBLTDL)}

    def load(*names: str, version: str = "9.9") -> None:
        def state(driver: Driver) -> DriverState:
            problem = ("", "") if driver.name in names else missing.get(driver.name, ("not installed", driver.install))
            return DriverState(driver, version, *problem)

        monkeypatch.setattr(driver_choice, "state", state)
        monkeypatch.setattr(driver_choice, "installed", lambda: ("FreeTDS",))
        monkeypatch.setattr(driver_choice, "bundled", list)

    return load


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
    (None, ("FreeTDS", EIGHTEEN), EIGHTEEN, f"No sql_driver is named: {EIGHTEEN} is used."),
    (None, ("FreeTDS", WHEEL), WHEEL, "No sql_driver is named: "),
    (None, ("FreeTDS",), "FreeTDS", "No sql_driver is named: FreeTDS is used. The connection is encrypted, but"),
]


@pytest.mark.parametrize(("named", "there", "expected", "notice"), CHOICES)
def test_the_best_driver_there_is(drivers: Any, named: str, there: tuple[str, ...], expected: str, notice: str) -> None:
    drivers(*(name for name in there if name != WHEEL), bundled=WHEEL if WHEEL in there else "")
    choice = driver_choice.choose_odbc(settings(sql_driver=named), {})
    assert choice.driver == expected
    assert choice.notice.startswith(notice)
    assert bool(choice.notice) == bool(notice)


def test_without_a_driver_one_sentence_says_what_to_do(drivers: Any) -> None:
    drivers()
    with pytest.raises(ConfigError, match="no ODBC driver for SQL Server") as caught:
        driver_choice.choose_odbc(settings(), {})
    assert "pip install 'ahjo-tasks[mssql]'" in str(caught.value.hint)


def test_the_driver_of_the_wheel_that_does_not_load_is_explained(drivers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    drivers(bundled=WHEEL)
    monkeypatch.setattr(driver_choice, "library_problem", lambda _path: ("libltdl.so.7 is missing", LIBLTDL))
    with pytest.raises(DriverError, match=r"that loads: libltdl\.so\.7 is missing") as caught:
        driver_choice.choose_odbc(settings(), {})
    assert caught.value.hint == LIBLTDL


def test_a_driver_may_be_named_by_its_path(drivers: Any, tmp_path: Path) -> None:
    drivers("FreeTDS")
    library = tmp_path / "libmsodbcsql-18.so"
    library.touch()
    assert driver_choice.choose_odbc(settings(sql_driver=str(library)), {}) == (str(library), "")


def test_a_named_driver_is_never_replaced(drivers: Any) -> None:
    drivers("FreeTDS", EIGHTEEN)
    with pytest.raises(DriverError, match="ODBC driver Other of sql_driver is not installed") as caught:
        made(sql_driver="Other")
    assert f"FreeTDS, {EIGHTEEN}" in str(caught.value.hint)


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
        ["Server=db.example;", "PORT=1433", "TDS_Version=7.4", "Encryption=require"],
        ["Encrypt=", "LongAsMax", ",1433"],
    ),
    ("FreeTDS", {}, ["TDS_Version=7.4"], ["Encrypt"]),
    ("FreeTDS", {"Encrypt": "optional"}, ["TDS_Version=7.4"], ["Encrypt"]),
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
        "encryption": "require",
    }
    assert "not verified" in MSSQL().connection_notice(
        url, settings(sql_dialect="mssql+pymssql", sqla_url_query_map=given)
    )


@pytest.mark.parametrize("asked", [{"Encrypt": "strict"}, {"TrustServerCertificate": "no"}])
@pytest.mark.parametrize("driver", [{"sql_driver": "FreeTDS"}, {"sql_dialect": "mssql+pymssql"}])
def test_a_check_that_a_named_driver_does_not_make_is_refused_by_name(
    drivers: Any, asked: dict[str, str], driver: dict[str, str]
) -> None:
    drivers("FreeTDS")
    with pytest.raises(DriverError, match=": ".join(next(iter(asked.items()))) + " needs Microsoft's driver"):
        made(**driver, sqla_url_query_map=asked)


@pytest.mark.parametrize(("name", "option"), [("pyodbc", "timeout"), ("pymssql", "login_timeout")])
def test_a_login_does_not_wait_for_ever_and_a_statement_may(drivers: Any, name: str, option: str) -> None:
    drivers(EIGHTEEN)
    config = settings(sql_dialect=f"mssql+{name}", sqlalchemy={"connect_args": {"extra": 1}})
    given = MSSQL().engine_options(config)["connect_args"]
    assert given["extra"] == 1
    assert given[option] == 15
    assert {"timeout", "login_timeout"} & given.keys() == {option}


def test_a_url_is_taken_as_it_is(drivers: Any) -> None:
    drivers(EIGHTEEN)
    url = made(sqlalchemy_url=Secret(f"mssql+pyodbc://u:p@h/d?driver={SEVENTEEN.replace(' ', '+')}"))
    assert connection_string(url) == f"DRIVER={{{SEVENTEEN}}};Server=h;Database=d;UID=u;PWD=p;Encrypt=no"
    whole = "mssql+pyodbc:///?odbc_connect=DSN%3Dx"
    assert made(sqlalchemy_url=Secret(whole)) == make_url(whole)


# -- the choice where the config names no driver -----------------------------------------------------------------------


TWO_MISSING = (
    f"pyodbc (libodbc.so.2 is missing: {LIBODBC}) and mssql-python (libltdl.so.7 is missing: {LIBLTDL}) cannot be used:"
    " pymssql is used. The connection is encrypted, but the server's certificate is not verified."
)


@pytest.mark.parametrize(
    ("loads", "expected", "notice"),
    [
        (("pyodbc", "mssqlpython", "pymssql"), "pyodbc", "No sql_driver is named: FreeTDS is used. "),
        (
            ("mssqlpython", "pymssql"),
            "mssqlpython",
            f"pyodbc (libodbc.so.2 is missing: {LIBODBC}) cannot be used: mssql-python is used.",
        ),
        (
            ("pymssql",),
            "pymssql",
            TWO_MISSING,
        ),
    ],
)
def test_the_first_driver_that_loads_is_used_and_it_is_said_why(
    loading: Any, loads: tuple[str, ...], expected: str, notice: str
) -> None:
    loading(*loads)
    assert made().get_driver_name() == expected
    assert MSSQL().connection_notice(made(), settings()).startswith(notice)


@pytest.mark.parametrize("trust", [{}, {"TrustServerCertificate": "yes"}, {"trustservercertificate": True}])
def test_what_stands_in_encrypts(loading: Any, trust: dict[str, Any]) -> None:
    loading("pymssql")
    assert dict(made(sqla_url_query_map=trust).query) == {"encryption": "require"}
    loading("pyodbc")
    assert made(sqla_url_query_map=trust).query["Encryption"] == "require"


def test_an_old_pymssql_that_would_not_encrypt_does_not_stand_in(loading: Any) -> None:
    loading("pymssql", version="2.4.2")
    with pytest.raises(DriverError, match=r"pymssql: 2\.4\.2 does not encrypt"):
        made()
    loading("pymssql", version="2.4.3")
    assert made().get_driver_name() == "pymssql"


def test_an_old_pymssql_is_not_told_in_vain_to_encrypt(loading: Any) -> None:
    named = {"sql_dialect": "mssql+pymssql"}
    loading("pymssql", version="2.4.2")
    assert made(**named).get_driver_name() == "pymssql"
    with pytest.raises(DriverError, match=r"pymssql cannot be used: 2\.4\.2 does not encrypt"):
        made(**named, sqla_url_query_map={"Encrypt": "yes"})


LOST_WITH_PYMSSQL = [
    ({"sqla_url_query_map": {"Encrypt": "yes"}}, "Encrypt"),
    ({"sqla_url_query_map": {"encrypt": "strict"}}, "encrypt"),
    ({"sqla_url_query_map": {"TrustServerCertificate": "no"}}, "TrustServerCertificate"),
    ({"sqla_url_query_map": {"ApplicationIntent": "ReadOnly"}}, "ApplicationIntent"),
    ({"odbc_encrypt": True}, "Encrypt"),
    ({"odbc_trust_server_certificate": False}, "TrustServerCertificate"),
    ({"azure_authentication": "ActiveDirectoryPassword"}, "azure_authentication"),
    ({"trusted_connection": True}, "trusted_connection"),
    ({"sqlalchemy_url": Secret("mssql://h/d")}, "a login without a user name"),
    ({"sqlalchemy_url": Secret("mssql://u:p@h/d?Encrypt=yes")}, "Encrypt"),
]


@pytest.mark.parametrize(("values", "lost"), LOST_WITH_PYMSSQL)
def test_what_pymssql_would_lose_is_refused_by_name_with_what_to_install(
    loading: Any, values: dict[str, Any], lost: str
) -> None:
    loading("pymssql")
    with pytest.raises(DriverError, match=rf"pymssql: would lose {lost}\.$") as caught:
        made(**values)
    assert caught.value.hint == f"{LIBODBC}, or {LIBLTDL}"
    loading("mssqlpython", "pymssql")
    assert made(**values).get_driver_name() == "mssqlpython"


@pytest.mark.parametrize(
    ("values", "lost"),
    [
        ({"sql_driver": EIGHTEEN}, "sql_driver"),
        ({"sqla_url_query_map": {"driver": EIGHTEEN}}, "driver"),
        ({"sqla_url_query_map": {"TDS_Version": "7.3"}}, "TDS_Version"),
        ({"sqlalchemy": {"fast_executemany": True}}, "fast_executemany"),
        ({"sqlalchemy": {"connect_args": {"timeout": 3}}}, "connect_args"),
        ({"sqlalchemy_url": Secret(f"mssql://u:p@h/d?driver={SEVENTEEN.replace(' ', '+')}")}, "driver"),
    ],
)
def test_what_names_an_odbc_driver_keeps_pyodbc(loading: Any, values: dict[str, Any], lost: str) -> None:
    loading("mssqlpython", "pymssql")
    with pytest.raises(DriverError, match=rf"mssql-python: would lose {lost}; pymssql: would lose {lost}") as caught:
        made(**values)
    assert caught.value.hint == LIBODBC


@pytest.mark.parametrize(
    "values", [{"sql_dialect": "mssql+pyodbc"}, {"sqlalchemy_url": Secret("mssql+pyodbc://u:p@h/d")}]
)
def test_a_driver_in_the_dialect_is_never_replaced(loading: Any, values: dict[str, Any]) -> None:
    loading("mssqlpython", "pymssql")
    with pytest.raises(DriverError, match=r"The driver pyodbc cannot be used: libodbc\.so\.2 is missing\.") as caught:
        made(**values)
    assert caught.value.hint == LIBODBC


def test_freetds_does_not_stand_in_where_a_certificate_is_to_be_verified(loading: Any) -> None:
    loading("pyodbc")
    with pytest.raises(DriverError, match="pyodbc: There is no ODBC driver for SQL Server"):
        made(sqla_url_query_map={"Encrypt": "yes"})
    assert made(sqla_url_query_map={"Encrypt": "yes", "TrustServerCertificate": "yes"}).query["driver"] == "FreeTDS"


def test_without_any_driver_the_extra_is_named(loading: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(driver: Driver) -> DriverState:
        return DriverState(driver, "", "not installed", driver.install)

    loading()
    monkeypatch.setattr(driver_choice, "state", nothing)
    with pytest.raises(ConfigError, match="pyodbc: not installed; mssql-python: not installed") as caught:
        made()
    assert caught.value.hint == "pip install 'ahjo-tasks[mssql]'"


def test_mssql_python_needs_the_library_that_it_loads_when_it_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: str) -> None:
        raise OSError("libltdl.so.7: cannot open shared object file: No such file or directory")

    driver_choice.state.cache_clear()
    monkeypatch.setattr(driver_choice, "bundled", lambda: [WHEEL])
    monkeypatch.setattr(driver_choice, "_load", fail)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": "debian"})
    state = driver_choice.state(MSSQL_PYTHON)
    assert (state.problem, state.hint) == ("libltdl.so.7 is missing", LIBLTDL)
    driver_choice.state.cache_clear()


def test_a_driver_that_is_chosen_is_one_of_the_extra() -> None:
    import tomllib

    from projects import ROOT

    extra = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    requirements = {text.partition(">")[0]: text for text in extra["mssql"]}
    assert {driver.distribution for driver in driver_choice.DRIVERS} <= requirements.keys()
    assert requirements["pymssql"] == f"pymssql>={'.'.join(map(str, driver_choice.HEEDS_ENCRYPTION))}"


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
    monkeypatch.setattr(driver_choice, "find_spec", lambda _name: spec)
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": "debian"})
    (found,) = driver_choice.bundled()
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
    odbc.ask_for_version(engine)
    assert engine.dialect._get_server_version_info(asked) == (16, 0, 4135, 4)


def test_a_rollback_without_a_transaction_hides_nothing() -> None:
    def fails(number: int) -> Any:
        def do_rollback(_connection: object) -> None:
            raise RuntimeError((number, b"words"))

        return SimpleNamespace(dialect=SimpleNamespace(do_rollback=do_rollback))

    gone, other = fails(3903), fails(1205)
    odbc.ignore_ended_transaction(gone)
    odbc.ignore_ended_transaction(other)
    gone.dialect.do_rollback(None)
    with pytest.raises(RuntimeError):
        other.dialect.do_rollback(None)


class EndedByServer:
    """A connection of FreeTDS, which stays out of autocommit where its ROLLBACK finds no transaction."""

    def __init__(self, error: str) -> None:
        self.error, self.is_on, self.is_open = error, False, False

    @property
    def autocommit(self) -> bool:
        return self.is_on

    @autocommit.setter
    def autocommit(self, on: bool) -> None:
        if not self.is_open:
            raise RuntimeError("HY000", self.error)
        self.is_on = on

    def cursor(self) -> SimpleNamespace:
        return SimpleNamespace(execute=self.begin, close=lambda: None)

    def begin(self, text: str) -> None:
        self.is_open = "BEGIN TRANSACTION" in text


def test_autocommit_comes_back_where_the_server_has_ended_the_transaction() -> None:
    raw = EndedByServer("[HY000] [FreeTDS][SQL Server]The ROLLBACK has no BEGIN (3903) (SQLSetConnectAttr)")
    MSSQL().set_autocommit(raw, on=True)
    assert raw.autocommit
    with pytest.raises(RuntimeError, match="broken"):
        MSSQL().set_autocommit(
            EndedByServer("[08S01] [FreeTDS][SQL Server]broken (20006) (SQLSetConnectAttr)"), on=True
        )


def test_pooling_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("pyodbc")
    module.pooling = True
    monkeypatch.setitem(sys.modules, "pyodbc", module)
    odbc.disable_pooling()
    assert module.pooling is False
