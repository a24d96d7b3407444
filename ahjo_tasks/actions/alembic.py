"""Alembic's own commands."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.door import Door
    from ahjo_tasks.running.context import ActionContext


@action(
    auto_shortflags=False,
    positional=["command"],
    help={
        "command": "The command with its arguments, as in 'upgrade +1'; the flag may be left out.",
        "non-interactive": "Do not ask for confirmation.",
        "confirm-database": "Name of the protected database, in place of typing it.",
    },
)
def alembic(ctx: ActionContext, command: str = "", non_interactive: bool = False, confirm_database: str = "") -> None:
    """Run a command of Alembic on the config's database.

    `inv alembic "upgrade +1"`, or `inv alembic -- history --verbose`. Connection and version table are those of
    the config. Commands that change the database ask first; upgrade, downgrade and stamp hold the deploy
    lock. Differences that `check` finds end with exit code 5.
    """
    from ahjo_tasks.deploy.alembic_command import AlembicCommand

    words = [*shlex.split(command), *shlex.split(ctx.remainder or "")]
    if not words:
        raise UsageError("alembic needs a command.", hint='inv alembic "upgrade +1"')
    asked = AlembicCommand(words)
    if asked.name != "init" and not ctx.workspace.migrations.present:
        raise UsageError(f"There is no {ctx.workspace.migrations.ini}: the project has no migrations.")
    if asked.changes_database:
        ctx.announce("alembic")
    if ctx.dry:
        ctx.console.line(f"  Plan: alembic {shlex.join(words)} (dry run: nothing is done)")
        return
    if asked.changes_database:
        ctx.consent.obtain(
            ctx, "alembic", destroys=False, non_interactive=non_interactive, confirm_database=confirm_database
        )
    asked.run(ctx.workspace.migrations, lambda: _door(ctx, exclusive=asked.changes_database), ctx.console.line)


@contextmanager
def _door(ctx: ActionContext, *, exclusive: bool) -> Iterator[Door]:
    """The open connection; with the deploy lock for a command that changes the database."""
    if not exclusive:
        yield ctx.session.door
        return
    with ctx.session.exclusive() as door:
        yield door
