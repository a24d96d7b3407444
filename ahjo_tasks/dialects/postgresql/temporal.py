"""Dates and times of PostgreSQL that Python has no value for: infinity, years before Christ, 24:00."""

from __future__ import annotations

from typing import Any

from psycopg import DataError
from psycopg.adapt import Loader
from psycopg.postgres import types
from psycopg.pq import Format

TEMPORAL = ("date", "time", "timetz", "timestamp", "timestamptz")


def keep_as_text(cursor: Any) -> None:
    """Have the cursor give them as the server writes them, and all others as before."""
    for name in TEMPORAL:
        cursor.adapters.register_loader(name, _lenient(cursor.adapters.get_loader(types[name].oid, Format.TEXT)))


def _lenient(strict: Any) -> type[Loader]:
    class Lenient(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._strict = strict(oid, context)

        def load(self, data: Any) -> Any:
            try:
                return self._strict.load(data)
            except DataError:
                return bytes(data).decode()

    return Lenient
