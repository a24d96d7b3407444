"""Actions that create the database, test the connection, and show and record versions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import ConnectionFailedError, NotPermittedError, StatementError
from ahjo_tasks.runtime.action import action

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.runtime.context import ActionContext


DESTROYS = "deletes the database and all its data, and creates it again"


def _destroys(ctx: ActionContext, _values: Mapping[str, Any]) -> str:
    """Return what `init` destroys: nothing where there is no database yet."""
    return DESTROYS if ctx.database.may_exist() else ""


@action(affects_database=True, destroys=_destroys)
def init(ctx: ActionContext) -> None:
    """Create the database; drop the old one.

    The old database's sessions are closed. One that no run of init made, and
    that is not empty, is dropped only by its name: --confirm-database NAME.
    Files, sizes, collation and compatibility level come from the config, where
    the database has them.
    """
    ctx.print_heading()
    dialect, database = ctx.database.dialect, ctx.database.name
    if dialect.normalize_name(database) in dialect.system_databases:
        raise NotPermittedError(f"{database} is a system database: init neither drops nor creates it.")
    with ctx.database.server_connection() as connection:
        old = dialect.exists(connection, database)
        if ctx.dry_run:
            ctx.console.print(
                f"  Plan: {'drop and create' if old else 'create'} {database} (dry run: nothing is changed)"
            )
            if old:
                _warn_of_foreign_content(ctx, connection)
            ctx.project.expect_new_database()
            return
        with ctx.database.file_locked():
            if dialect.exists(connection, database):
                _drop(ctx, connection, database)
            _create(ctx, connection, database)


def _drop(ctx: ActionContext, connection: Connection, database: str) -> None:
    from ahjo_tasks.actions.run_plan import session_of
    from ahjo_tasks.api.running import describe_server

    with ctx.database.lock_before_drop(connection) as inside:
        if inside is not None:
            describe_server(session_of(ctx), inside)
        content = _foreign_content(ctx, inside)
        if content:
            ctx.confirmation.require_foreign(ctx.project, "init", content, ctx.given)
    with _accounted(ctx, connection, database, f"The old {database} still exists; its sessions may have been ended."):
        connection.dialect.drop_database(connection, database)
    ctx.console.print(f"  Dropped {database}")


def _create(ctx: ActionContext, connection: Connection, database: str) -> None:
    with _accounted(ctx, connection, database, f"The new {database} is there, but not all of its settings."):
        for warning in connection.dialect.create_database(connection, database, ctx.settings):
            ctx.console.warning(warning)
        _mark(ctx, connection)
    ctx.console.print(f"  Created {database}")


def _warn_of_foreign_content(ctx: ActionContext, connection: Connection) -> None:
    from ahjo_tasks.runtime.confirmation import foreign_warning

    with ctx.database.enter_target(connection) as inside:
        content = _foreign_content(ctx, inside)
    if content:
        ctx.console.warning(foreign_warning(content))


def _foreign_content(ctx: ActionContext, inside: Connection | None) -> str:
    """Return what is in a database that no run of ours made; empty for one that may be dropped."""
    from ahjo_tasks.engine.ownership import foreign_content

    if inside is None:
        return "it cannot be inspected"
    try:
        return foreign_content(ctx.settings, inside, ctx.project.directory)
    except StatementError as error:
        return f"its content cannot be listed: {error.message}"


def _mark(ctx: ActionContext, server: Connection) -> None:
    """Leave our mark in the new database, by which the next run knows it."""
    from ahjo_tasks.engine.ownership import write_mark

    try:
        with ctx.database.enter_target(server) as inside:
            if inside is not None:
                write_mark(inside, ctx.project.directory)
        if inside is None:  # a new database may take a while to let anybody in
            with ctx.database.new_connection() as connection:
                write_mark(connection, ctx.project.directory)
    except (StatementError, ConnectionFailedError) as error:
        ctx.console.warning(
            f"The database could not be marked as created by ahjo: {error.message} The next init asks for its name."
        )


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
