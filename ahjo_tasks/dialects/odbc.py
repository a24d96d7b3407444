"""ODBC drivers for SQL Server: which one there is, and what each wants."""

from __future__ import annotations

import platform
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from ahjo_tasks.config.settings import Settings

MICROSOFT = re.compile(r"ODBC Driver (\d+) for SQL Server")
LIBRARIES = {"Linux": "libmsodbcsql*.so*", "Darwin": "libmsodbcsql*.dylib", "Windows": "msodbcsql*.dll"}
PORT = "1433"


def adapted(url: URL, settings: Settings) -> URL:
    """The URL with a driver that is there and the query items that it wants."""
    if url.get_driver_name() != "pyodbc" or "odbc_connect" in url.query:
        return url
    driver = str(url.query.get("driver") or "") or find_driver(settings.sql_driver)
    items = {"driver": driver, **defaults(driver), **_deprecated(settings), **dict(url.query)}
    if is_freetds(driver):
        items = {name: value for name, value in items.items() if name.lower() not in {"encrypt", "longasmax"}}
        given = {name.lower() for name in items}
        for name, value in {"PORT": str(url.port or PORT), "TDS_Version": "7.4"}.items():
            if name.lower() not in given:
                items[name] = value
        return url.set(port=None, query=items)
    return url.set(query=items)


def defaults(driver: str) -> dict[str, str]:
    """Encrypt and LongAsMax as the driver's version wants them."""
    version = MICROSOFT.fullmatch(driver)
    if version is None and "msodbcsql" not in driver:
        return {}
    if version is None or int(version[1]) >= 18:  # noqa: PLR2004 - Microsoft's driver 18 encrypts by default
        return {"Encrypt": "yes", "LongAsMax": "Yes"}
    return {"Encrypt": "no"}


def is_freetds(driver: str) -> bool:
    """Whether the driver is FreeTDS, by name or by the path of its library."""
    return "freetds" in driver.lower() or "tdsodbc" in driver.lower()


def find_driver(named: str | None) -> str:
    """The named driver, else the newest of Microsoft's, else the one that a wheel carries, else FreeTDS.

    Raises ConfigError when there is none.
    """
    if named and (named in installed() or Path(named).exists()):
        return named
    microsoft = sorted(
        (name for name in installed() if MICROSOFT.fullmatch(name)), key=lambda name: int(name.split()[2])
    )
    freetds = [name for name in installed() if is_freetds(name)]
    found = microsoft[-1:] or bundled() or freetds
    if not found:
        raise ConfigError(
            f"There is no ODBC driver for SQL Server{f' ({named} was asked for)' if named else ''}.",
            hint="pip install 'ahjo-tasks[mssql]' brings one.",
        )
    return found[0]


@cache
def installed() -> tuple[str, ...]:
    """The names of the drivers that the system knows."""
    import pyodbc

    return tuple(pyodbc.drivers())


def bundled() -> list[str]:
    """The path of Microsoft's driver inside the wheel `mssql-python-odbc`, when it is installed."""
    spec = find_spec("mssql_python_odbc")
    if spec is None or not spec.submodule_search_locations:
        return []
    top = Path(next(iter(spec.submodule_search_locations))) / "libs"
    found = [path for path in top.rglob(LIBRARIES.get(platform.system(), "*.so")) if _fits(path)]
    return [str(path) for path in sorted(found)]


def _fits(path: Path) -> bool:
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    if machine not in path.parts:
        return False
    return platform.system() != "Linux" or _distribution() in path.parts


def _distribution() -> str:
    """The folder of the wheel that fits this Linux."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return "debian_ubuntu"
    family = f"{release.get('ID', '')} {release.get('ID_LIKE', '')}"
    folders = {"alpine": "alpine", "rhel": "rhel", "fedora": "rhel", "suse": "suse"}
    return next((folder for word, folder in folders.items() if word in family), "debian_ubuntu")


def no_pooling() -> None:
    """Let pyodbc close a connection when it is closed; a pooled one would keep its database from being dropped."""
    import pyodbc

    pyodbc.pooling = False


def _deprecated(settings: Settings) -> dict[str, str]:
    pairs = {
        "TrustServerCertificate": settings.odbc_trust_server_certificate,
        "Encrypt": settings.odbc_encrypt,
    }
    return {name: str(value) for name, value in pairs.items() if value is not None}
