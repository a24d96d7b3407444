"""Creating the database."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.errors import NotPermittedError, StatementError
from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.door import Door
    from ahjo_tasks.running.context import ActionContext


@action(affects_database=True, destroys_database=True)
def init(ctx: ActionContext) -> None:
    """Create the database; drop the old one.

    The old database's sessions are closed. Files, sizes, collation and
    compatibility level come from the config, where the database has them.
    """
    ctx.announce(ctx.stack[0])
    session, dialect, database = ctx.session, ctx.session.dialect, ctx.session.database
    if dialect.fold(database) in dialect.system_databases:
        raise NotPermittedError(f"{database} is a database of the server itself; it is neither dropped nor created.")
    with session.server() as door:
        old = dialect.exists(door, database)
        if ctx.dry:
            ctx.console.line(
                f"  Plan: {'drop and create' if old else 'create'} {database} (dry run: nothing is changed)"
            )
            ctx.workspace.expect_new_database()
            return
        if old:
            _drop(ctx, door, database)
        _create(ctx, door, database)


def _drop(ctx: ActionContext, door: Door, database: str) -> None:
    from ahjo_tasks.running.carrying_out import describe

    with ctx.session.old(door) as inside:
        if inside is not None:
            describe(ctx, inside)
    with _accounted(ctx, door, database, f"The old {database} is still there; its sessions may have been ended."):
        door.dialect.drop_database(door, database)
    ctx.console.line(f"  Dropped {database}")


def _create(ctx: ActionContext, door: Door, database: str) -> None:
    with _accounted(ctx, door, database, f"The new {database} is there, but not all of its settings."):
        for warning in door.dialect.create_database(door, database, ctx.settings):
            ctx.console.warn(warning)
    ctx.console.line(f"  Created {database}")


@contextmanager
def _accounted(ctx: ActionContext, door: Door, database: str, when_there: str) -> Iterator[None]:
    """Say what there is of the database when dropping or creating it does not come to its end."""
    try:
        yield
    except BaseException:
        try:
            there = door.dialect.exists(door, database)
            ctx.console.warn(when_there if there else f"{database} does not exist now: run init again.")
        except StatementError:
            ctx.console.warn(f"The server does not say whether {database} exists.")
        raise
