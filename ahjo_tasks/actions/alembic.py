"""The action that runs Alembic's own commands."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.runtime.action import action
from ahjo_tasks.runtime.patches.program import remainder_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.runtime.context import ActionContext


DOWNGRADES = "undoes migrations, which may drop tables with their data"


@action(
    auto_shortflags=False,
    positional=["command"],
    help={
        "command": "The command with its arguments, as in 'upgrade +1'; the flag may be left out.",
        "non-interactive": "Do not ask for confirmation.",
        "confirm-database": "Name of the protected database, in place of typing it.",
    },
)
def alembic(
    ctx: ActionContext,
    command: str = "",
    non_interactive: bool = False,
    confirm_database: str = "",
) -> None:
    """Run a command of Alembic on the config's database.

    `inv alembic "upgrade +1"`, or `inv alembic -- history --verbose`.
    Connection and version table are those of the config. Commands that change
    the database ask first; upgrade, downgrade and stamp hold the deploy lock.
    Differences that `check` finds end with exit code 5.
    """
    from ahjo_tasks.engine.alembic_command import AlembicCommand

    try:
        words = [*shlex.split(command), *remainder_words(ctx.remainder)]
    except ValueError as error:
        raise UsageError(f"alembic: {command!r} is no command: {str(error).lower()}.") from None
    if not words:
        raise UsageError("alembic needs a command.", hint='inv alembic "upgrade +1"')
    asked = AlembicCommand(words)
    if asked.name != "init" and not ctx.project.migrations.present:
        raise UsageError(f"There is no {ctx.project.migrations.ini}: the project has no migrations.")
    if asked.changes_database:
        ctx.print_heading()
    if ctx.dry_run:
        ctx.console.print(f"  Plan: alembic {shlex.join(words)} (dry run: nothing is done)")
        return
    if asked.changes_database:
        phrase = DOWNGRADES if asked.name == "downgrade" else ""
        ctx.require_consent(f"alembic {asked.name}", phrase)
    asked.run(
        ctx.project.migrations,
        lambda: _connection(ctx, exclusive=asked.changes_database),
        ctx.console.print,
        lambda: ctx.database.url,
    )


@contextmanager
def _connection(ctx: ActionContext, *, exclusive: bool) -> Iterator[Connection]:
    """The open connection; with the deploy lock for a command that changes the database."""
    if not exclusive:
        yield ctx.database.connection
        return
    with ctx.database.locked_connection() as connection:
        yield connection
