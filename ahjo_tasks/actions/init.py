"""Creating the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import NotPermittedError
from ahjo_tasks.running.action import action

if TYPE_CHECKING:
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
            dialect.drop_database(door, database)
            ctx.console.line(f"  Dropped {database}")
        for warning in dialect.create_database(door, database, ctx.settings):
            ctx.console.warn(warning)
    ctx.console.line(f"  Created {database}")
