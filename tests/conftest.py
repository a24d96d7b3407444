"""Servers and targets for every suite, and an account of what was skipped."""

from __future__ import annotations

import compileall
import os
import signal
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from projects import ROOT
from servers import MariaDBServer, PostgresServer, Server
from skips import SkipReport
from sqlalchemy import URL, make_url
from targets import NAMES, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    OpenTarget = Callable[[str], AbstractContextManager[Target]]
    S = TypeVar("S", bound=Server)

OWN_VARIABLES = ("AHJO_TEST_", "AHJO_STRICT_SKIPS")


# How long an example takes says how busy the machine is. A run that went red has to go red again: the examples are the
# same each time, and new ones are looked for where AHJO_TEST_EXAMPLES asks for a number of them.
settings.register_profile(
    "ahjo",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="AHJO_TEST_EXAMPLES" not in os.environ,
)
settings.load_profile("ahjo")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SkipReport(strict=os.environ.get("AHJO_STRICT_SKIPS") == "1"), "skip-report")
    # A developer's own AHJO_ settings would reach every config that the tests load.
    for name in [name for name in os.environ if name.startswith("AHJO_") and not name.startswith(OWN_VARIABLES)]:
        del os.environ[name]
    if not hasattr(config, "workerinput"):
        # Hundreds of commands are started: where Python writes no bytecode, each would compile the package again.
        compileall.compile_dir(ROOT / "ahjo_tasks", quiet=2)
    # A test run in the background of a shell ignores Ctrl-C, and the programs that it starts would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A private PostgreSQL server, started at first use."""
    with _installed(PostgresServer) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariaDBServer]:
    """A private MariaDB server, started at first use."""
    with _installed(MariaDBServer) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_url(request: pytest.FixtureRequest) -> URL:
    """AHJO_TEST_POSTGRESQL_URL, or else the private server."""
    return _url("AHJO_TEST_POSTGRESQL_URL") or request.getfixturevalue("postgres_server").url()


@pytest.fixture(scope="session")
def mysql_url(request: pytest.FixtureRequest) -> URL:
    """AHJO_TEST_MYSQL_URL, or else the private MariaDB server."""
    return _url("AHJO_TEST_MYSQL_URL") or request.getfixturevalue("mariadb_server").url()


@pytest.fixture(scope="session")
def mssql_url() -> URL:
    """AHJO_TEST_MSSQL_URL: no SQL Server can be installed by the tests."""
    url = _url("AHJO_TEST_MSSQL_URL")
    if url is None:
        pytest.skip("AHJO_TEST_MSSQL_URL is not set")
    return url


@pytest.fixture(scope="session")
def open_target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> OpenTarget:
    """`with open_target("mysql") as target:` for fixtures of a wider scope than one test."""

    @contextmanager
    def opened(name: str) -> Iterator[Target]:
        url = None if name == "sqlite" else request.getfixturevalue(f"{name}_url")
        target = Target(name, url, tmp_path_factory.mktemp(name))
        try:
            yield target
        finally:
            target.drop_all()

    return opened


@pytest.fixture(params=NAMES)
def target(request: pytest.FixtureRequest, open_target: OpenTarget) -> Iterator[Target]:
    """Each database in turn; `@pytest.mark.parametrize("target", ["mysql"], indirect=True)` chooses."""
    with open_target(request.param) as opened:
        yield opened


@pytest.fixture
def sqlite_target(open_target: OpenTarget) -> Iterator[Target]:
    with open_target("sqlite") as opened:
        yield opened


@pytest.fixture
def postgresql_target(open_target: OpenTarget) -> Iterator[Target]:
    with open_target("postgresql") as opened:
        yield opened


@pytest.fixture
def mysql_target(open_target: OpenTarget) -> Iterator[Target]:
    with open_target("mysql") as opened:
        yield opened


@pytest.fixture
def mssql_target(open_target: OpenTarget) -> Iterator[Target]:
    with open_target("mssql") as opened:
        yield opened


def _installed(kind: type[S]) -> S:
    if kind.find() is None:
        pytest.skip(f"{kind.label} is not installed")
    return kind()


def _url(variable: str) -> URL | None:
    value = os.environ.get(variable)
    return make_url(value) if value else None
