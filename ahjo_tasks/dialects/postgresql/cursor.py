"""A cursor of psycopg that knows how many statements of a script succeeded before the one that failed."""

from __future__ import annotations

from typing import Any

from psycopg import Cursor, Error


class CountingCursor(Cursor[Any]):
    """The server takes a script whole, and says of most errors where in it they are, but not of all."""

    def _check_results(self, results: list[Any]) -> None:
        try:
            super()._check_results(results)
        except Error as error:
            error.statements_before = len(results) - 1  # type: ignore[attr-defined]
            raise
