"""The log table in the target database."""

from __future__ import annotations

import inspect
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from ahjo_tasks.errors import AhjoError
from ahjo_tasks.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Table

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.database import Database

CONSOLE = "ahjo_tasks.console"
CAPACITY = 100
"""Records that are collected before they are written."""


class GitVersion(Protocol):
    """The version of the project in git."""

    @property
    def commit(self) -> str:
        """The tag or hash."""

    @property
    def repository(self) -> str:
        """The repository's URL or name."""


class DatabaseLog:
    """The log table: collects records and writes them on its own connection, so that a rollback of the work keeps them.

    `on_missed` gets the number of records that the table did not take, and the table's name with the reason.
    """

    def __init__(
        self,
        settings: Settings,
        database: Callable[[], Database],
        git_version: Callable[[], GitVersion],
        on_missed: Callable[[int, str], None],
    ) -> None:
        self.settings = settings
        self._git_version = git_version
        self._database = database
        self._on_missed = on_missed
        self._records: list[dict[str, Any]] = []
        self._reporting = False

    def __call__(self, level: str, line: str) -> None:
        """Collect the record; write all when there are enough, unless the database has a single writer.

        Headings and rows of tables are left out: they are for the eye.
        """
        if self._reporting or level == "layout" or not line.strip(" -─"):
            return
        now = datetime.now()  # noqa: DTZ005 - the column has no zone
        self._records.append({"timestamp": now, "module": _speaker(), "level": level.upper(), "message": line})
        if len(self._records) >= CAPACITY and not self._database().dialect.single_writer:
            self.flush()

    def flush(self) -> None:
        """Write the collected records, creating the table where it is missing; a failure is reported, not raised."""
        records, self._records = self._records, []
        if not records:
            return
        from sqlalchemy.exc import SQLAlchemyError

        try:
            self._write([{**record, **self._identity} for record in records])
        except (AhjoError, SQLAlchemyError) as error:
            self._reporting = True
            reason, name = str(error).splitlines()[0], self.settings.log_table
            self._on_missed(len(records), f"{name}: {reason}")
            self._reporting = False

    def _write(self, records: list[dict[str, Any]]) -> None:
        table = log_table(self.settings)
        with self._database().new_connection() as connection, connection.sqlalchemy_transaction() as sa_connection:
            if not connection.dialect.column_names(sa_connection, table.name, table.schema):
                connection.dialect.ensure_schema(sa_connection, table.schema)
                table.create(sa_connection)
            connection.dialect.widen_texts(sa_connection, table, records)
            sa_connection.execute(table.insert(), records)

    @cached_property
    def _identity(self) -> dict[str, str]:
        """The user, and the versions of Ahjo and of the project."""
        known = {"user": self._database().login, "ahjo_version": __version__}
        try:
            git = self._git_version()
        except AhjoError:
            return known | {"git_version": "", "git_repository": ""}
        return known | {"git_version": git.commit, "git_repository": git.repository}


def _speaker() -> str:
    """Return the name of the module that logged the line: the last one that is not of the console itself."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith(CONSOLE):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", "")).rpartition(".")[2] if frame else ""


def log_table(settings: Settings) -> Table:
    """Return the log table, with the columns that Ahjo's has."""
    from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Unicode, UnicodeText, func

    return Table(
        settings.log_table,
        MetaData(),
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("timestamp", DateTime, server_default=func.now()),
        Column("module", UnicodeText),
        Column("level", Unicode(20)),
        Column("message", UnicodeText),
        Column("user", Unicode(100)),
        Column("ahjo_version", Unicode(100)),
        Column("git_version", Unicode(100)),
        Column("git_repository", UnicodeText),
        schema=settings.log_table_schema,
    )
