"""The git version that a database holds, kept in a table of one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.deploy.plan import Plan
from ahjo_tasks.git import GitVersion, NoGitError, version

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Table
    from sqlalchemy.engine import Connection

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.dialects.base import Dialect
    from ahjo_tasks.door import Door

NEWEST_COLUMN = "Timestamp"


@dataclass(frozen=True)
class StampStep:
    """Write the version, in place of the one before."""

    git: GitVersion
    settings: Settings

    kind = "stamp"
    transactional = False
    single_call = False
    note = ""

    @property
    def label(self) -> str:
        """`git main v2.1-4-gabc`."""
        return f"git {self.git.branch} {self.git.commit}"

    def run(self, door: Door) -> int:
        """Create the table where it is missing or of an old form, and write the row."""
        table = git_table(self.settings, door.dialect)
        with door.transaction() as connection:
            _renew(connection, table)
            connection.execute(table.delete())
            connection.execute(
                table.insert().values(Repository=self.git.repository, Branch=self.git.branch, Commit=self.git.commit)
            )
        return 1


def plan_stamp(settings: Settings, directory: Path, *, required: bool = False) -> Plan:
    """Stamp the version that git or the info file gives.

    Without either a remark says so; with `required` it is a NoGitError.
    """
    try:
        found = version(
            directory, repository=settings.url_of_remote_git_repository, info_path=settings.git_version_info_path
        )
    except NoGitError as error:
        if required:
            raise
        return Plan((), (f"No git version is stamped: {error.message}",))
    return Plan((StampStep(found, settings),))


def read_stamp(settings: Settings, door: Door) -> GitVersion | None:
    """The version that the database holds, or None."""
    from sqlalchemy import inspect, select

    table = git_table(settings, door.dialect)
    with door.alchemy() as connection:
        if not inspect(connection).has_table(table.name, schema=table.schema):
            return None
        row = connection.execute(select(table.c.Repository, table.c.Branch, table.c.Commit)).first()
    return GitVersion(*row) if row else None


def git_table(settings: Settings, dialect: Dialect) -> Table:
    """The table as SQLAlchemy knows it: columns Repository, Branch, Commit and Timestamp."""
    from sqlalchemy import Column, DateTime, MetaData, String, Table, func

    return Table(
        settings.git_table,
        MetaData(),
        Column("Repository", String(255), primary_key=True),
        Column("Branch", String(255), primary_key=True),
        Column("Commit", String(50)),
        Column(NEWEST_COLUMN, DateTime, server_default=func.now()),
        schema=settings.git_table_schema,
    )


def _renew(connection: Connection, table: Table) -> None:
    """Create the table; one of an older form, without the newest column, is made anew."""
    from sqlalchemy import inspect

    inspector = inspect(connection)
    if inspector.has_table(table.name, schema=table.schema):
        columns = {column["name"].lower() for column in inspector.get_columns(table.name, schema=table.schema)}
        if NEWEST_COLUMN.lower() in columns and "commit" in columns:
            return
        table.drop(connection)
    table.create(connection)
