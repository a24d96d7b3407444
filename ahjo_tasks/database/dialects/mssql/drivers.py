"""Adapt URL, engine and cursor to each driver for SQL Server."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING, Any

from ahjo_tasks.database.dialects.base import RUNNING, ConnectFailure
from ahjo_tasks.database.dialects.mssql.driver_choice import (
    MICROSOFT,
    UNENCRYPTED,
    UNVERIFIED,
    YES,
    choose_driver,
    choose_odbc,
    is_freetds,
    keyword,
    names_driver,
    require_encryption,
)
from ahjo_tasks.database.dialects.mssql.errors import INSTALL, records
from ahjo_tasks.database.drivers import DriverError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.engine import URL, Engine

    from ahjo_tasks.config.settings import Settings

    Items = Mapping[str, str | Sequence[str]]

MICROSOFT_FILE = "msodbcsql"
SQL_DRIVER_NAME = 6
"""ODBC's number for asking a connection for the file name of its driver."""
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


def adapt_url(url: URL, settings: Settings) -> URL:
    """Return the URL with a driver that loads and the query items that it needs. Raises DriverError without one."""
    if "odbc_connect" in url.query:
        return url
    url = _complete(url, settings)
    name = choose_driver(url, settings).name
    url = url.set(drivername=f"mssql+{name}")
    if name == "mssqlpython":
        return _with_port(url).set(query=_without(url.query, NOT_FOR_MSSQL_PYTHON))
    if name == "pymssql":
        return _for_pymssql(url, chosen=not names_driver(settings))
    return _for_pyodbc(url, settings) if name == "pyodbc" else url


def notice(url: URL, settings: Settings) -> str:
    """Return a sentence about the driver that was chosen for the URL of the config; empty where there was no choice."""
    if "odbc_connect" in url.query:
        return ""
    url = _complete(url, settings)
    choice = choose_driver(url, settings)
    if choice.name == "pymssql" and names_driver(settings):
        return UNVERIFIED if _encryption(url.query, "pymssql") else ""
    if choice.name != "pyodbc":
        return choice.notice
    named = keyword(url.query, "driver") or settings.sql_driver or ""
    if not named:
        return choose_odbc(settings, url.query).notice
    return UNVERIFIED if is_freetds(named) and _encryption(url.query, named) else ""


def defaults(driver: str) -> dict[str, str]:
    """Return the values of Encrypt and LongAsMax for the driver's version."""
    version = MICROSOFT.fullmatch(driver)
    if version is None and MICROSOFT_FILE not in driver:
        return {}
    if version is None or int(version[1]) >= ENCRYPTS:
        return {"Encrypt": "yes", "LongAsMax": "Yes"}
    return {"Encrypt": "no"}


def driver_file(connection: Any) -> str:
    """Return the file name of the ODBC driver of an open pyodbc connection."""
    return str(connection.getinfo(SQL_DRIVER_NAME))


def unreachable(url: URL) -> ConnectFailure | None:
    """Find out by a plain socket why the server cannot be reached; None to let the driver try.

    The drivers take up to minutes to report an unknown host or a closed port.
    """
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
        else ConnectFailure("Nothing listens there.", RUNNING, wait=True, silent=True)
    )


def keyword_value(value: object) -> str:
    """Convert a value of the config to what ODBC reads: yes or no for true or false."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def ask_for_version(engine: Engine) -> None:
    """Have SQLAlchemy ask SERVERPROPERTY for the server's version where it is not found in the text of @@VERSION.

    SQLAlchemy's dialects for mssql-python and pymssql know only Microsoft's wording, and fail on another server.
    """
    dialect: Any = engine.dialect
    parse_banner = dialect._get_server_version_info  # noqa: SLF001 - SQLAlchemy has no public hook for it

    def version(connection: Any) -> tuple[int, ...]:
        parsed: tuple[int, ...] | None = parse_banner(connection)
        if parsed:
            return parsed
        text = connection.exec_driver_sql("SELECT CAST(SERVERPROPERTY('ProductVersion') AS varchar(128))").scalar()
        return tuple(int(part) for part in str(text).split(".") if part.isdigit())

    dialect._get_server_version_info = version  # noqa: SLF001 - see above


def ignore_ended_transaction(engine: Engine) -> None:
    """Have SQLAlchemy's rollback ignore that the server ended the transaction already.

    pymssql and FreeTDS raise an error for it, which would hide the one that ended the transaction.
    """
    dialect: Any = engine.dialect
    roll_back = dialect.do_rollback

    def do_rollback(connection: Any) -> None:
        try:
            roll_back(connection)
        except Exception as error:
            if not found_no_transaction(error):
                raise

    dialect.do_rollback = do_rollback


def found_no_transaction(error: Exception) -> bool:
    """Test for the error of a ROLLBACK behind another one, by which the server has ended the transaction."""
    return any(str(record.number) == NO_TRANSACTION for record in records(error))


def cancel(cursor: Any) -> None:
    """Cancel the statement of a cursor that another thread waits for."""
    if hasattr(cursor, "cancel"):
        cursor.cancel()
    elif hasattr(cursor, "hstmt"):
        cursor.hstmt._cancel()  # noqa: SLF001 - mssql-python has no method of its own for it
    else:
        cursor.connection._conn.cancel()  # noqa: SLF001 - where pymssql keeps the connection of its C library


def disable_pooling() -> None:
    """Have pyodbc close connections for good; a pooled one would keep its database from being dropped."""
    import pyodbc

    pyodbc.pooling = False


def _with_port(url: URL) -> URL:
    """Move the port from the query items into the URL, where all drivers but FreeTDS look for it."""
    return url.set(port=port(url)) if port(url) else url


def _complete(url: URL, settings: Settings) -> URL:
    """Add the values of the deprecated keys `odbc_*` to the query items, which win."""
    return url.set(query={**_deprecated(settings), **url.query})


def _for_pyodbc(url: URL, settings: Settings) -> URL:
    named = keyword(url.query, "driver") and str(_item(url.query, "driver"))
    driver = named or choose_odbc(settings, url.query).driver
    items = _without(url.query, frozenset({"driver"}))
    if is_freetds(driver):
        return _for_freetds(url, driver, items, chosen=not (named or settings.sql_driver))
    items = _without(items, ONLY_FOR_FREETDS)
    missing = {name: value for name, value in defaults(driver).items() if _item(items, name) is None}
    return _with_port(url).set(query={"driver": driver, **missing, **items})


def _for_pymssql(url: URL, *, chosen: bool) -> URL:
    """Translate Encrypt to `encryption`; without one, a driver that was chosen for the user encrypts."""
    items = _without(url.query, ONLY_FOR_ODBC)
    encryption = _encryption(url.query, "pymssql") or ("require" if chosen else "")
    if encryption and "encryption" not in items:
        require_encryption()
        items["encryption"] = encryption
    return _with_port(url).set(query=items)


def _for_freetds(url: URL, driver: str, items: Items, *, chosen: bool) -> URL:
    """Write port and encryption as FreeTDS's own attributes; it ignores without an error what it does not know."""
    query = {"driver": driver, **_without(items, NOT_FOR_FREETDS)}
    encryption = _encryption(items, driver) or ("require" if chosen and not keyword(items, "encrypt") else "")
    usual = {"PORT": str(url.port or PORT), "TDS_Version": "7.4", "Encryption": encryption}
    for name, value in usual.items():
        if value and _item(query, name) is None:
            query[name] = value
    return url._replace(port=None).set(query=query)  # with `set`, None means to leave the port as it is


def _encryption(items: Items, driver: str) -> str:
    """Return FreeTDS's value for Encrypt. Raises DriverError where the certificate is to be verified."""
    encrypt, trust = keyword(items, "encrypt"), keyword(items, "trustservercertificate")
    if encrypt == "strict" or trust not in {"", *YES}:
        asked = "Encrypt: strict" if encrypt == "strict" else "TrustServerCertificate: no"
        raise DriverError(
            f"{asked} needs Microsoft's driver: {driver} does not verify the server's certificate.",
            hint=f"{INSTALL} brings it.",
        )
    return "" if encrypt in {"", *UNENCRYPTED} else "require"


def port(url: URL) -> int | None:
    """Return the port of the URL or of its query items; None where it has none."""
    item = _item(url.query, "port")
    return int(str(item)) if item else url.port


def _answers(address: object) -> bool:
    """Return whether the port is open, or at least not refused in time."""
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


def _deprecated(settings: Settings) -> dict[str, str]:
    pairs = {
        "TrustServerCertificate": settings.odbc_trust_server_certificate,
        "Encrypt": settings.odbc_encrypt,
    }
    return {name: keyword_value(value) for name, value in pairs.items() if value is not None}
