"""The private server of the tests, but one that keeps what it commits."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from benchmarks.databases import Server

TESTS = Path(__file__).resolve().parent.parent / "tests"
NOT_DURABLE = (
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "wal_level",
    "max_wal_senders",
    "shared_buffers",
)


def durable_server() -> AbstractContextManager[Server]:
    """Return a PostgreSQL server with PostgreSQL's own defaults.

    A commit that costs nothing would flatter whoever commits at every statement, the floor first of all, and no server
    that people deploy to is like that.
    """
    sys.path.insert(0, str(TESTS))
    postgres = importlib.import_module("servers").PostgresServer

    def command(self: Any) -> list[Any]:
        return without(postgres._command(self), NOT_DURABLE)  # noqa: SLF001 - the seam for other settings

    server: AbstractContextManager[Server] = type("DurableServer", (postgres,), {"_command": command})()
    return server


def mariadb_server() -> AbstractContextManager[Server]:
    """Return a MariaDB server as the tests have it: it writes to disk less than others."""
    sys.path.insert(0, str(TESTS))
    server: AbstractContextManager[Server] = importlib.import_module("servers").MariaDBServer()
    return server


def without(command: list[Any], names: tuple[str, ...]) -> list[Any]:
    """Return the server's command line less its `-c name=value` pairs of these names."""
    dropped = {
        place
        for place, part in enumerate(command)
        if part == "-c" and str(command[place + 1]).partition("=")[0] in names
    }
    return [part for place, part in enumerate(command) if not {place, place - 1} & dropped]
