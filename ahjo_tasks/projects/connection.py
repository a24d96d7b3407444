"""`connection_info`: the server that several projects share, laid over the config of each."""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FILES = ("username_file", "password_file")
KEYS = (
    *FILES,
    "target_server_hostname",
    "sql_port",
    "sql_dialect",
    "sql_driver",
    "sqla_url_query_map",
    "odbc_trust_server_certificate",
    "odbc_encrypt",
    "username",
    "password",
    "trusted_connection",
    "azure_authentication",
    "azure_identity_settings",
    "connect_resiliently",
    "connect_retry_count",
    "connect_retry_interval",
)
DATABASE = "target_database_name"
URL = "sqlalchemy.url"
OPTION = "sqlalchemy."


def connection_environment(given: Mapping[str, Any], folder: Path) -> tuple[dict[str, str], list[str], list[str]]:
    """The AHJO_ variables that stand for the keys, remarks, and problems. Files are relative to `folder`."""
    environ: dict[str, str] = {}
    remarks, problems = [], []
    for key, value in given.items():
        if key == DATABASE:
            remarks.append(f"connection_info: {DATABASE} is left aside: each project has a database of its own.")
        elif key == URL:
            problems.append(f"{URL} names one database, but each project has its own; give host, port and dialect")
        elif key not in KEYS and not key.startswith(OPTION):
            problems.append(f"{key}: not a key of a connection{_meant(key)}")
        elif value is not None:
            environ[f"AHJO_{key.replace('.', '_').upper()}"] = _text(key, value, folder)
    return environ, remarks, problems


def _text(key: str, value: object, folder: Path) -> str:
    if key in FILES and isinstance(value, str):
        return str(folder / Path(value).expanduser())
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _meant(key: str) -> str:
    near = get_close_matches(key, KEYS, n=1)
    return f"; did you mean {near[0]}?" if near else ""
