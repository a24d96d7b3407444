"""Actions that create the database, test the connection, and show and record versions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.errors import NotPermittedError, StatementError
from ahjo_tasks.runtime.action import action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.runtime.context import ActionContext


@action(affects_database=True, destroys_database=True)
def init(ctx: ActionContext) -> None:
    """Create the database; drop the old one.

    The old database's sessions are closed. Files, sizes, collation and
    compatibility level come from the config, where the database has them.
    """
    ctx.print_heading()
    dialect, database = ctx.database.dialect, ctx.database.name
    if dialect.normalize_name(database) in dialect.system_databases:
        raise NotPermittedError(f"{database} is a database of the server itself; it is neither dropped nor created.")
    with ctx.database.server_connection() as connection:
        old = dialect.exists(connection, database)
        if ctx.dry_run:
            ctx.console.print(
                f"  Plan: {'drop and create' if old else 'create'} {database} (dry run: nothing is changed)"
            )
            ctx.project.expect_new_database()
            return
        if old:
            _drop(ctx, connection, database)
        _create(ctx, connection, database)


def _drop(ctx: ActionContext, connection: Connection, database: str) -> None:
    from ahjo_tasks.actions.run_plan import describe_server

    with ctx.database.lock_before_drop(connection) as inside:
        if inside is not None:
            describe_server(ctx, inside)
    with _accounted(ctx, connection, database, f"The old {database} is still there; its sessions may have been ended."):
        connection.dialect.drop_database(connection, database)
    ctx.console.print(f"  Dropped {database}")


def _create(ctx: ActionContext, connection: Connection, database: str) -> None:
    with _accounted(ctx, connection, database, f"The new {database} is there, but not all of its settings."):
        for warning in connection.dialect.create_database(connection, database, ctx.settings):
            ctx.console.warning(warning)
    ctx.console.print(f"  Created {database}")


@contextmanager
def _accounted(ctx: ActionContext, connection: Connection, database: str, when_there: str) -> Iterator[None]:
    """Say what there is of the database when dropping or creating it does not come to its end."""
    try:
        yield
    except BaseException:
        try:
            there = connection.dialect.exists(connection, database)
            ctx.console.warning(when_there if there else f"{database} does not exist now: run init again.")
        except StatementError:
            ctx.console.warning(f"The server does not say whether {database} exists.")
        raise


@action(reads=True)
def version(ctx: ActionContext) -> None:
    """Show the deployed versions.

    The recorded git version, and the Alembic revision.
    """
    from ahjo_tasks.engine.stamp import read_stamp

    ctx.print_heading()
    connection = ctx.database.connection
    git = read_stamp(ctx.settings, connection)
    rows = zip(("Repository", "Branch", "Commit"), git or ("not recorded", "", ""), strict=True)
    migrations = ctx.project.migrations
    revision = ", ".join(migrations.current(connection)) if migrations.present else "no migrations"
    ctx.console.table(["Version", ""], [*rows, ("Alembic revision", revision or "none")])


@action(affects_database=True)
def update_git_version(ctx: ActionContext) -> None:
    """Record the git version of the project."""
    from ahjo_tasks.actions.run_plan import run_plan
    from ahjo_tasks.engine.stamp import plan_stamp

    plan = plan_stamp(ctx.settings, ctx.project.directory, required=True)
    run_plan(ctx, plan)
