"""The calls that a driver makes to its server, whoever has it make them."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import psycopg
from pymysql.connections import Connection as MySQLConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def calls_to(name: str) -> Iterator[list[str]]:
    """Yield the calls in the block to PostgreSQL or MySQL, by their usual drivers, or the statements of SQLite."""
    calls: list[str] = []
    connect = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(lambda text: None if text.startswith("--") else calls.append(text))
        return connection

    patches = {
        "postgresql": lambda: patch.object(psycopg.Cursor, "execute", _noting(psycopg.Cursor.execute, calls)),
        "mysql": lambda: patch.object(MySQLConnection, "_execute_command", _noting(_COMMAND, calls)),
        "sqlite": lambda: patch("sqlite3.connect", traced),
    }
    with ExitStack() as stack:
        stack.enter_context(patches[name]())
        yield calls


_COMMAND = MySQLConnection._execute_command


def _noting(call: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    @wraps(call)
    def noting(self: Any, *arguments: Any, **options: Any) -> Any:
        calls.append(str(arguments))
        return call(self, *arguments, **options)

    return noting
