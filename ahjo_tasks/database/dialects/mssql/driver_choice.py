"""Choose a driver for SQL Server, and below pyodbc an ODBC driver, among those that load."""

from __future__ import annotations

import os
import platform
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.database.dialects.mssql.errors import INSTALL
from ahjo_tasks.database.drivers import Driver, DriverError, DriverState, check, explain, hints, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import URL

    from ahjo_tasks.config.settings import Settings

    Items = Mapping[str, str | Sequence[str]]

PYODBC = Driver("pyodbc", "pyodbc", "pyodbc", INSTALL)
MSSQL_PYTHON = Driver("mssqlpython", "mssql_python", "mssql-python", INSTALL)
PYMSSQL = Driver("pymssql", "pymssql", "pymssql", INSTALL)
DRIVERS = (PYODBC, MSSQL_PYTHON, PYMSSQL)
"""In the order in which they are preferred: the last one verifies no certificate, but its wheel brings all it needs."""

HEEDS_ENCRYPTION = (2, 4, 3)
"""The version of pymssql since which `encryption=require` encrypts; older ones take it and send plain text."""

MICROSOFT = re.compile(r"ODBC Driver (\d+) for SQL Server")
LIBRARIES = {"Linux": "libmsodbcsql*.so*", "Darwin": "libmsodbcsql*.dylib", "Windows": "msodbcsql*.dll"}
OTHER_PROVIDER = "MSSQL_PYTHON_NATIVE_PROVIDER"
"""The variable by which mssql-python takes another library than Microsoft's ODBC driver."""

ONLY_FOR_PYODBC = frozenset({"driver", "tds_version", "odbc_connect"})
ONLY_FOR_PYODBC_ENGINES = ("fast_executemany", "use_setinputsizes", "connect_args")
"""Options of `create_engine`; the arguments of one driver are not those of another."""

UNENCRYPTED = frozenset({"no", "optional", "false", "0"})
YES = frozenset({"yes", "true", "1"})
UNVERIFIED = "The connection is encrypted, but the server's certificate is not verified."


class DriverChoice(NamedTuple):
    """A driver as SQLAlchemy calls it, and what the user should know of the choice; empty for nothing."""

    name: str
    notice: str = ""


class OdbcChoice(NamedTuple):
    """An ODBC driver by name or path, and what the user should know of the choice; empty for nothing."""

    driver: str
    notice: str = ""


def names_driver(settings: Settings) -> bool:
    """Return whether the config says which driver is to be used; such a one is never replaced."""
    given = settings.sqlalchemy_url.reveal().partition(":")[0] if settings.sqlalchemy_url else settings.sql_dialect
    return "+" in given


def choose_driver(url: URL, settings: Settings) -> DriverChoice:
    """The driver that the config names, else the first that loads and does what the config asks for.

    Raises DriverError where there is none.
    """
    if names_driver(settings):
        return DriverChoice(url.get_driver_name())
    unusable: list[DriverState] = []
    for driver in DRIVERS:
        candidate = _candidate(driver, url, settings)
        if candidate.loads:
            return DriverChoice(driver.name, _notice(driver, unusable))
        unusable.append(candidate)
    reasons = "; ".join(f"{state.driver.distribution}: {state.problem}" for state in unusable)
    raise DriverError(f"No driver for SQL Server can be used: {reasons}.", hint=hints(unusable))


@cache
def state(driver: Driver) -> DriverState:
    """The driver on this machine. mssql-python is importable without the libraries that it needs to connect."""
    if driver != MSSQL_PYTHON:
        return check(driver)
    result = check(driver, _load_bundled)
    if result.loads and find_spec("sqlalchemy.dialects.mssql.mssqlpython") is None:
        return result._replace(problem="needs SQLAlchemy 2.1", hint="pip install 'sqlalchemy>=2.1'")
    return result


def choose_odbc(settings: Settings, items: Items) -> OdbcChoice:
    """The ODBC driver that `sql_driver` names, else the newest of Microsoft's, else a wheel's, else FreeTDS.

    Raises DriverError when pyodbc does not load, and when there is no such driver.
    """
    if not state(PYODBC).loads:
        raise refuse(state(PYODBC))
    named = settings.sql_driver
    if named:
        return _named(named)
    microsoft = sorted(
        (name for name in installed() if MICROSOFT.fullmatch(name)), key=lambda name: int(name.split()[2])
    )
    freetds = [] if wants_verification(items) else [name for name in installed() if is_freetds(name)]
    choices = microsoft[-1:] or [path for path in bundled()[-1:] if not library_problem(path)] or freetds[:1]
    if not choices:
        problem, hint = next((library_problem(path) for path in bundled()[-1:]), None) or ("", "")
        raise DriverError(
            f"There is no ODBC driver for SQL Server{problem and f' that loads: {problem}'}.",
            hint=hint or f"{INSTALL} brings one.",
        )
    unverified = f" {UNVERIFIED}" if is_freetds(choices[0]) else ""
    return OdbcChoice(choices[0], f"No sql_driver is named: {_known_as(choices[0])} is used.{unverified}")


def require_encryption() -> None:
    """Raise DriverError where the installed pymssql would ignore the order to encrypt."""
    result = _encrypting(state(PYMSSQL))
    if not result.loads:
        raise refuse(result)


def wants_verification(items: Items) -> bool:
    """Return whether the config asks by itself for a check of the server's certificate, which FreeTDS does not make."""
    encrypt, trust = keyword(items, "encrypt"), keyword(items, "trustservercertificate")
    return encrypt == "strict" or trust not in {"", *YES} or (encrypt not in {"", *UNENCRYPTED} and trust not in YES)


def keyword(items: Items, name: str) -> str:
    """The value of a keyword of ODBC in small letters, however its name is written; empty where it is not given."""
    return next((str(value).lower() for key, value in items.items() if key.lower() == name), "")


def odbc_drivers() -> list[DriverState]:
    """The ODBC drivers for SQL Server that the system knows, and the one in a wheel: pyodbc goes through one."""
    known = installed() if state(PYODBC).loads else ()
    named = [name for name in known if MICROSOFT.fullmatch(name) or is_freetds(name)]
    states = [DriverState(Driver(name, "", name, ""), "") for name in named]
    for path in bundled():
        problem, hint = library_problem(path) or ("", "")
        package = Driver(path, "", "mssql-python-odbc", INSTALL)
        states.append(DriverState(package, bundled_name(path).rpartition(" ")[2], problem, hint))
    return states


@cache
def installed() -> tuple[str, ...]:
    """The names of the ODBC drivers that the system knows."""
    import pyodbc

    return tuple(pyodbc.drivers())


def bundled() -> list[str]:
    """The path of Microsoft's driver inside the wheel `mssql-python-odbc`, when it is installed."""
    spec = find_spec("mssql_python_odbc")
    if spec is None or not spec.submodule_search_locations:
        return []
    top = Path(next(iter(spec.submodule_search_locations))) / "libs"
    paths = [path for path in top.rglob(LIBRARIES.get(platform.system(), "*.so")) if _fits(path)]
    return [str(path) for path in sorted(paths)]


@cache
def library_problem(path: str) -> tuple[str, str] | None:
    """Return the reason why the library does not load, and the command that repairs it; None where it loads."""
    try:
        _load(path)
    except OSError as error:
        return explain(error, INSTALL)
    return None


def is_freetds(driver: str) -> bool:
    """Return whether the driver is FreeTDS, by name or by the path of its library."""
    return "freetds" in driver.lower() or "tdsodbc" in driver.lower()


def bundled_name(driver: str) -> str:
    """The wheel's name with the version of the driver in it."""
    version = re.search(r"(\d+(?:\.\d+)+)", Path(driver).name)
    return f"mssql-python-odbc {version[1]}" if version else "mssql-python-odbc"


def _candidate(driver: Driver, url: URL, settings: Settings) -> DriverState:
    """The driver with why it cannot stand in, where it does not load or would lose what the config asks for."""
    result = state(driver)
    lost = "" if driver == PYODBC else _lost(driver, url, settings)
    if lost:
        return DriverState(driver, result.version, f"would lose {lost}")
    if not result.loads:
        return result
    if driver == PYODBC and not ONLY_FOR_PYODBC & {key.lower() for key in url.query}:
        try:
            choose_odbc(settings, url.query)
        except DriverError as error:
            if settings.sql_driver:
                raise
            return result._replace(problem=error.message.rstrip("."), hint=error.hint or "")
    return _encrypting(result) if driver == PYMSSQL else result


def _encrypting(result: DriverState) -> DriverState:
    if not result.loads or _numbers(result.version) >= HEEDS_ENCRYPTION:
        return result
    return result._replace(problem=f"{result.version} does not encrypt", hint=result.driver.install)


def _lost(driver: Driver, url: URL, settings: Settings) -> str:
    """The key of the config that another driver than pyodbc would not heed; empty for none."""
    if settings.sql_driver:
        return "sql_driver"
    lost = [key for key in url.query if key.lower() in ONLY_FOR_PYODBC]
    lost += [name for name in ONLY_FOR_PYODBC_ENGINES if settings.sqlalchemy.get(name)]
    if driver == PYMSSQL:
        lost += [name for name in ("azure_authentication", "trusted_connection") if getattr(settings, name)]
        lost += ["a login without a user name"] if settings.sqlalchemy_url and not url.username else []
        lost += [key for key, value in url.query.items() if not _is_neutral(key, value)]
    return next(iter(lost), "")


def _is_neutral(key: str, value: object) -> bool:
    """True if pymssql does by itself what a key asks for: it verifies no certificate, and has the port elsewhere."""
    return key.lower() == "port" or (key.lower() == "trustservercertificate" and str(value).lower() in YES)


def _notice(driver: Driver, unusable: Sequence[DriverState]) -> str:
    if not unusable:
        return ""
    reasons = [f"{state.driver.distribution} ({state.problem}{state.hint and f': {state.hint}'})" for state in unusable]
    unverified = f" {UNVERIFIED}" if driver == PYMSSQL else ""
    return f"{' and '.join(reasons)} cannot be used: {driver.distribution} is used.{unverified}"


def _named(named: str) -> OdbcChoice:
    if named in installed() or Path(named).is_file():
        return OdbcChoice(named)
    there = ", ".join([*installed(), *map(_known_as, bundled()[-1:])]) or "none"
    raise DriverError(
        f"The ODBC driver {named} of sql_driver is not installed.",
        hint=f"Installed: {there}. Without sql_driver the best of them is used.",
    )


def _load_bundled() -> None:
    """Load what mssql-python loads at its first connection."""
    if os.environ.get(OTHER_PROVIDER):
        return
    paths = bundled()
    if not paths:
        raise OSError("mssql-python-odbc has no driver for this system")
    _load(paths[-1])


def _load(path: str) -> None:
    import ctypes

    ctypes.CDLL(path)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _known_as(driver: str) -> str:
    return f"Microsoft's driver of {bundled_name(driver)}" if "mssql_python_odbc" in driver else driver


def _fits(path: Path) -> bool:
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    if machine not in path.parts:
        return platform.system() == "Windows" and _windows_folder() in path.parts
    return platform.system() != "Linux" or _distribution() in path.parts


def _windows_folder() -> str:
    return {"amd64": "x64", "arm64": "arm64"}.get(platform.machine().lower(), "x86")


def _distribution() -> str:
    """The folder of the wheel that fits this Linux."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "debian_ubuntu"
    family = f"{release.get('ID', '')} {release.get('ID_LIKE', '')}"
    folders = {"alpine": "alpine", "rhel": "rhel", "fedora": "rhel", "suse": "suse"}
    return next((folder for word, folder in folders.items() if word in family), "debian_ubuntu")
