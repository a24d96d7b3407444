"""Record the git version of the project in the database, in a table of one row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.errors import StatementError
from ahjo_tasks.git import GitError
from ahjo_tasks.project.git import GitVersion, differs, version

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import ColumnClause, Table
    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect

TIMESTAMP_COLUMN = "Timestamp"


@dataclass(frozen=True)
class StampStep(Step):
    """Record the version, in place of the previous one."""

    git: GitVersion
    settings: Settings

    kind = "git version"
    transactional = False

    @property
    def label(self) -> str:
        """`main v2.1-4-gabc`."""
        return f"{self.git.branch} {self.git.commit}"

    def run(self, connection: Connection) -> int:
        """Create the table if it is missing or lacks a column, and write the row."""
        table = git_table(self.settings, connection.dialect)
        row = {"Repository": self.git.repository, "Branch": self.git.branch, "Commit": self.git.commit}
        try:
            with connection.sqlalchemy_transaction() as sa_connection:
                _ensure_table(sa_connection, table, connection.dialect)
                sa_connection.execute(table.delete())
                sa_connection.execute(table.insert().values(row))
        except StatementError as error:
            raise StatementError(error.server, outcome="the git version was not recorded.") from error
        return 1


def plan_stamp(settings: Settings, directory: Path, *, required: bool = False) -> Plan:
    """Plan to record the version of git or of the info file.

    Without either the plan is a note; with `required`, GitError is raised.
    """
    try:
        git = version(
            directory, repository=settings.url_of_remote_git_repository, info_path=settings.git_version_info_path
        )
    except GitError as error:
        if required:
            raise
        return Plan((), (f"No git version recorded: {error.message}",))
    changed = differs(directory, settings.git_version_info_path)
    warnings = (f"uncommitted changes: deployed files differ from {git.commit}",) if changed else ()
    return Plan((StampStep(git, settings),), warnings=warnings)


def read_stamp(settings: Settings, connection: Connection) -> GitVersion | None:
    """Return the version recorded in the database, or None."""
    from sqlalchemy import column, quoted_name, select
    from sqlalchemy import table as plain_table

    table = git_table(settings, connection.dialect)
    with connection.sqlalchemy_connection() as sa_connection:
        columns = connection.dialect.column_names(sa_connection, table.name, table.schema)
        spelling = {name.lower(): name for name in columns}
        commit = spelling.get("commit") or spelling.get("commit_hash")
        names = [spelling.get("repository"), spelling.get("branch"), commit]
        if not all(names):
            return None
        selected: list[ColumnClause[str]] = [column(quoted_name(str(name), quote=True)) for name in names]
        row = sa_connection.execute(
            select(*selected).select_from(plain_table(table.name, *selected, schema=table.schema))
        ).first()
    return GitVersion(row[0], row[1], row[2]) if row else None


def git_table(settings: Settings, dialect: Dialect) -> Table:
    """Return the SQLAlchemy table with the columns Repository, Branch, Commit and Timestamp."""
    from sqlalchemy import Column, DateTime, MetaData, String, Table, func

    return Table(
        settings.git_table,
        MetaData(),
        Column("Repository", String(255), primary_key=True),
        Column("Branch", String(255), primary_key=True),
        Column("Commit", String(50)),
        Column(TIMESTAMP_COLUMN, DateTime, server_default=func.now()),
        schema=settings.git_table_schema or dialect.bookkeeping_schema,
    )


def _ensure_table(sa_connection: SAConnection, table: Table, dialect: Dialect) -> None:
    """Create the table, and recreate one that lacks the commit or the timestamp."""
    columns = {name.lower() for name in dialect.column_names(sa_connection, table.name, table.schema)}
    if {TIMESTAMP_COLUMN.lower(), "commit"} <= columns:
        return
    if columns:
        table.drop(sa_connection)
    dialect.ensure_schema(sa_connection, table.schema)
    table.create(sa_connection)
