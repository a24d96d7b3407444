"""A connection without a server: it records what it is asked to run, and returns the rows that a test gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ahjo_tasks.database.connection import Connection, ResultSet
from ahjo_tasks.database.dialects.mssql import MSSQL
from ahjo_tasks.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ahjo_tasks.database.dialects.base import ServerMessage
    from ahjo_tasks.errors import ServerError


class FakeConnection:
    """`answers` are rows by a pattern of the text, `refuses` server errors by such a pattern."""

    def __init__(
        self,
        answers: Mapping[str, list[tuple[Any, ...]]] | None = None,
        refuses: Mapping[str, ServerError] | None = None,
        *,
        transactional: bool = False,
    ) -> None:
        self.dialect = MSSQL()
        self.answers = dict(answers or {})
        self.refuses = dict(refuses or {})
        self.transactional = transactional
        self.in_shared_transaction = False
        self.lost_transaction = False
        self.usable = True
        self.locks: list[str] = []
        self._dbapi_connection = None
        self.database_name = "shop"
        self.ran: list[str] = []
        self.messages: list[str] = []
        self.on_message: Callable[[ServerMessage], None] = lambda message: self.messages.append(message.text)

    def result_sets(self, text: str) -> list[ResultSet]:
        self.ran.append(text)
        for pattern, error in self.refuses.items():
            if re.search(pattern, text):
                raise StatementError(error)
        for pattern, rows in self.answers.items():
            if re.search(pattern, text):
                width = len(rows[0]) if rows else 1
                return [ResultSet(tuple(f"c{number}" for number in range(width)), rows)]
        return []

    messages_to = Connection.messages_to
    preserve_session = Connection.preserve_session
    _restore_session = Connection._restore_session
    report = Connection.report

    def execute(self, text: str) -> int:
        self.result_sets(text)
        return 0

    def query(self, text: str) -> list[tuple[Any, ...]]:
        found = self.result_sets(text)
        return found[0].rows if found else []

    def try_execute(self, text: str) -> str | None:
        try:
            self.execute(text)
        except StatementError as error:
            return error.message
        return None

    @property
    def said(self) -> str:
        """All that was run, in one text."""
        return "\n".join(self.ran)


class Listener:
    """Keeps what the user would be told."""

    def __init__(self, said: list[str]) -> None:
        self.warning = self.info = said.append


def settings(**values: Any) -> Any:
    """A config as its loader would make it."""
    from ahjo_tasks.config.settings import Settings

    return Settings(
        **{
            "allowed_actions": "ALL",
            "target_server_hostname": "db.example",
            "sql_port": 1433,
            "target_database_name": "shop",
            **values,
        }
    )
