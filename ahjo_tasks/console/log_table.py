"""The log table in the target database."""

from __future__ import annotations

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

CAPACITY = 100
"""Records that are kept before they are written."""


class GitVersion(Protocol):
    """What git says of the project."""

    @property
    def commit(self) -> str:
        """The tag or hash."""

    @property
    def repository(self) -> str:
        """The repository's URL or name."""


class DatabaseLog:
    """Collects records and writes them on a connection of its own, so that a rollback of the work keeps them.

    `complain` is told each time how many records the table could not take, and the table's name and the reason.
    """

    def __init__(
        self,
        settings: Settings,
        database: Callable[[], Database],
        git_version: Callable[[], GitVersion],
        complain: Callable[[int, str], None],
    ) -> None:
        self.settings = settings
        self._git_version = git_version
        self._database = database
        self._complain = complain
        self._records: list[dict[str, Any]] = []
        self._complaining = False

    def __call__(self, level: str, line: str) -> None:
        """Keep the record; write all when there are enough, unless the database lets only one write at a time."""
        if self._complaining or not line.strip(" -─"):
            return
        now = datetime.now()  # noqa: DTZ005 - the column has no zone
        self._records.append({"timestamp": now, "module": "ahjo", "level": level.upper(), "message": line})
        if len(self._records) >= CAPACITY and not self._database().dialect.single_writer:
            self.flush()

    def flush(self) -> None:
        """Write what was kept. The table is created where it is missing; a failure is said, and loses nothing else."""
        records, self._records = self._records, []
        if not records:
            return
        from sqlalchemy.exc import SQLAlchemyError

        try:
            self._write([{**record, **self._identity} for record in records])
        except (AhjoError, SQLAlchemyError) as error:
            self._complaining = True
            reason, name = str(error).splitlines()[0], self.settings.log_table
            self._complain(len(records), f"{name}: {reason}")
            self._complaining = False

    def _write(self, records: list[dict[str, Any]]) -> None:
        table = log_table(self.settings)
        with self._database().new_connection() as connection, connection.sqlalchemy_transaction() as sa_connection:
            if not connection.dialect.column_names(sa_connection, table.name, table.schema):
                table.create(sa_connection)
            sa_connection.execute(table.insert(), records)

    @cached_property
    def _identity(self) -> dict[str, str]:
        """Who writes, and which version of what."""
        known = {"user": self._database().login, "ahjo_version": __version__}
        try:
            git = self._git_version()
        except AhjoError:
            return known | {"git_version": "", "git_repository": ""}
        return known | {"git_version": git.commit, "git_repository": git.repository}


def log_table(settings: Settings) -> Table:
    """The table as the predecessor has it."""
    from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Text, func

    return Table(
        settings.log_table,
        MetaData(),
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("timestamp", DateTime, server_default=func.now()),
        Column("module", Text),
        Column("level", String(20)),
        Column("message", Text),
        Column("user", String(100)),
        Column("ahjo_version", String(100)),
        Column("git_version", String(100)),
        Column("git_repository", Text),
        schema=settings.log_table_schema,
    )
