"""Drivers for SQL Server: which one there is, and what each wants in the URL."""

from __future__ import annotations

import platform
import re
import socket
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.database.dialects.base import ConnectFailure
from ahjo_tasks.database.dialects.mssql.errors import INSTALL, RUNNING, records
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import URL, Engine

    from ahjo_tasks.config.settings import Settings

    Items = Mapping[str, str | Sequence[str]]

MICROSOFT = re.compile(r"ODBC Driver (\d+) for SQL Server")
MICROSOFT_FILE = "msodbcsql"
SQL_DRIVER_NAME = 6
"""ODBC's number for asking a connection for the file name of its driver."""
LIBRARIES = {"Linux": "libmsodbcsql*.so*", "Darwin": "libmsodbcsql*.dylib", "Windows": "msodbcsql*.dll"}
PORT = 1433
ENCRYPTS = 18
"""The version since which Microsoft's driver encrypts by default."""

ONLY_FOR_ODBC = frozenset({"driver", "encrypt", "trustservercertificate", "longasmax", "tds_version", "port"})
NOT_FOR_MSSQL_PYTHON = frozenset({"driver", "longasmax", "tds_version", "port"})
ONLY_FOR_FREETDS = frozenset({"port", "tds_version"})
NOT_FOR_FREETDS = frozenset({"encrypt", "longasmax", "trustservercertificate"})
PLAIN_HOST = re.compile(r"(?!np:|lpc:|admin:)[\w.:-]+")
NO_TRANSACTION = "3903"
"""ROLLBACK without a BEGIN."""

PATIENCE = 5.0
"""Seconds to find out whether anything listens at the port."""


class Choice(NamedTuple):
    """An ODBC driver by name or path, and what the user should know of it; empty for nothing."""

    driver: str
    remark: str = ""


def adapted(url: URL, settings: Settings) -> URL:
    """The URL with a driver that is there and the query items that it wants."""
    if url.get_driver_name() == "pyodbc" and not has_pyodbc():
        url = url.set(drivername="mssql+mssqlpython")
    if url.get_driver_name() == "mssqlpython":
        return _with_port(url).set(query={**_deprecated(settings), **_without(url.query, NOT_FOR_MSSQL_PYTHON)})
    if url.get_driver_name() == "pymssql":
        return _with_port(url).set(query=_without(url.query, ONLY_FOR_ODBC))
    if url.get_driver_name() != "pyodbc" or "odbc_connect" in url.query:
        return url
    driver = str(_item(url.query, "driver") or "") or choose(settings.sql_driver).driver
    given = {**_deprecated(settings), **_without(url.query, frozenset({"driver"}))}
    if is_freetds(driver):
        return _for_freetds(url, driver, given)
    given = _without(given, ONLY_FOR_FREETDS)
    wanted = {name: value for name, value in defaults(driver).items() if _item(given, name) is None}
    return _with_port(url).set(query={"driver": driver, **wanted, **given})


def remark(url: URL, settings: Settings) -> str:
    """What the user should know about the choice of a driver; empty for nothing."""
    if url.get_driver_name() == "mssqlpython" and "mssqlpython" not in _asked(settings):
        return "pyodbc cannot be loaded: mssql-python is used."
    if url.get_driver_name() != "pyodbc" or "odbc_connect" in url.query or settings.sqlalchemy_url:
        return ""
    return choose(settings.sql_driver).remark


def defaults(driver: str) -> dict[str, str]:
    """Encrypt and LongAsMax as the driver's version wants them."""
    version = MICROSOFT.fullmatch(driver)
    if version is None and MICROSOFT_FILE not in driver:
        return {}
    if version is None or int(version[1]) >= ENCRYPTS:
        return {"Encrypt": "yes", "LongAsMax": "Yes"}
    return {"Encrypt": "no"}


def is_freetds(driver: str) -> bool:
    """Whether the driver is FreeTDS, by name or by the path of its library."""
    return "freetds" in driver.lower() or "tdsodbc" in driver.lower()


def driver_file(connection: Any) -> str:
    """The file name of the driver that an open connection of pyodbc goes through."""
    return str(connection.getinfo(SQL_DRIVER_NAME))


def choose(named: str | None) -> Choice:
    """The named driver, else the newest of Microsoft's, else the one that a wheel carries, else FreeTDS.

    Raises ConfigError when there is none.
    """
    if named and (named in installed() or Path(named).is_file()):
        return Choice(named)
    microsoft = sorted(
        (name for name in installed() if MICROSOFT.fullmatch(name)), key=lambda name: int(name.split()[2])
    )
    freetds = [name for name in installed() if is_freetds(name)]
    found = microsoft[-1:] or bundled()[-1:] or freetds[:1]
    if not found:
        asked = f" ({named} was asked for)" if named else ""
        raise ConfigError(f"There is no ODBC driver for SQL Server{asked}.", hint=f"{INSTALL} brings one.")
    why = f"The driver {named} is not installed" if named else "No sql_driver is named"
    return Choice(found[0], f"{why}: {_known_as(found[0])} is used.")


@cache
def has_pyodbc() -> bool:
    """Whether pyodbc can be loaded, or mssql-python cannot stand in for it.

    Raises ConfigError where there is neither. On Linux pyodbc needs the system's unixODBC, mssql-python does not.
    """
    try:
        import pyodbc  # noqa: F401 - to load it is the question
    except ImportError as error:
        if find_spec("mssql_python") is None:
            reason = "is not installed" if isinstance(error, ModuleNotFoundError) else f"cannot be loaded: {error}"
            raise ConfigError(f"The driver pyodbc {reason}.", hint=INSTALL) from None
        return False
    return True


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


def unreachable(url: URL) -> ConnectFailure | None:
    """Why no driver can reach the server, found out without one, for they take long to tell; None to let one try."""
    host = (url.host or "").removeprefix("tcp:")
    if not PLAIN_HOST.fullmatch(host) or host in {".", "(local)"}:
        return None
    try:
        addresses = socket.getaddrinfo(host, port(url) or PORT, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        later = error.errno == socket.EAI_AGAIN
        return ConnectFailure(f"The host {host} is not known.", "Check target_server_hostname.", wait=later)
    except (OSError, UnicodeError):
        return None
    return (
        None
        if any(_answers(address[4]) for address in addresses)
        else ConnectFailure("Nothing listens there.", RUNNING, wait=True)
    )


def word(value: object) -> str:
    """The value as the drivers read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def tell_version(engine: Engine) -> None:
    """Have SQLAlchemy ask for the version as it does with pyodbc, not look for it in the words of @@VERSION."""
    dialect: Any = engine.dialect
    told = dialect._get_server_version_info  # noqa: SLF001 - two drivers of SQLAlchemy's read prose, and fail on a fork

    def version(connection: Any) -> tuple[int, ...]:
        found: tuple[int, ...] | None = told(connection)
        if found:
            return found
        said = connection.exec_driver_sql("SELECT CAST(SERVERPROPERTY('ProductVersion') AS varchar(128))").scalar()
        return tuple(int(part) for part in str(said).split(".") if part.isdigit())

    dialect._get_server_version_info = version  # noqa: SLF001 - see above


def forgive_rollback(engine: Engine) -> None:
    """Have a rollback of a transaction that the server ended already hide no error; pymssql makes one of it."""
    dialect: Any = engine.dialect
    roll_back = dialect.do_rollback

    def do_rollback(connection: Any) -> None:
        try:
            roll_back(connection)
        except Exception as error:
            if not any(str(found.number) == NO_TRANSACTION for found in records(error)):
                raise

    dialect.do_rollback = do_rollback


def cancel(cursor: Any) -> None:
    """End the cursor's statement, which another thread waits for: pyodbc has a method for it, the others a way."""
    if hasattr(cursor, "cancel"):
        cursor.cancel()
    elif hasattr(cursor, "hstmt"):
        cursor.hstmt._cancel()  # noqa: SLF001 - mssql-python has no method of its own for it
    else:
        cursor.connection._conn.cancel()  # noqa: SLF001 - where pymssql keeps the connection of its C library


def no_pooling() -> None:
    """Let pyodbc close a connection when it is closed; a pooled one would keep its database from being dropped."""
    import pyodbc

    pyodbc.pooling = False


def _with_port(url: URL) -> URL:
    """The port where all drivers but FreeTDS look for it."""
    return url.set(port=port(url)) if port(url) else url


def _for_freetds(url: URL, driver: str, given: Items) -> URL:
    """FreeTDS wants its port as an attribute, and refuses nothing that it does not know."""
    items = {"driver": driver, **_without(given, NOT_FOR_FREETDS)}
    for name, value in {"PORT": str(url.port or PORT), "TDS_Version": "7.4"}.items():
        if _item(items, name) is None:
            items[name] = value
    return url._replace(port=None).set(query=items)  # with `set`, None means to leave the port as it is


def port(url: URL) -> int | None:
    """The port, wherever the driver wants it; None where the URL has none."""
    given = _item(url.query, "port")
    return int(str(given)) if given else url.port


def _answers(address: object) -> bool:
    """Whether the port is open, or nobody says that it is not."""
    try:
        with socket.create_connection(address[:2], timeout=PATIENCE):  # type: ignore[index]
            return True
    except ConnectionRefusedError:
        return False
    except OSError:
        return True


def _item(items: Items, name: str) -> object:
    return next((value for key, value in items.items() if key.lower() == name.lower()), None)


def _without(items: Items, names: frozenset[str]) -> dict[str, str | Sequence[str]]:
    return {key: value for key, value in items.items() if key.lower() not in names}


def _asked(settings: Settings) -> str:
    return settings.sqlalchemy_url.reveal().partition(":")[0] if settings.sqlalchemy_url else settings.sql_dialect


def _known_as(driver: str) -> str:
    return f"Microsoft's driver of {bundled_name(driver)}" if "mssql_python_odbc" in driver else driver


def bundled_name(driver: str) -> str:
    """The wheel's name with the version of the driver in it."""
    version = re.search(r"(\d+(?:\.\d+)+)", Path(driver).name)
    return f"mssql-python-odbc {version[1]}" if version else "mssql-python-odbc"


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


def _deprecated(settings: Settings) -> dict[str, str]:
    pairs = {
        "TrustServerCertificate": settings.odbc_trust_server_certificate,
        "Encrypt": settings.odbc_encrypt,
    }
    return {name: word(value) for name, value in pairs.items() if value is not None}
