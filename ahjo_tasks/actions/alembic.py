"""The action that runs Alembic's own commands."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import UsageError
from ahjo_tasks.runtime.action import Action
from ahjo_tasks.runtime.patches.program import remainder_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from invoke.parser.argument import Argument

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.alembic_command import AlembicCommand
    from ahjo_tasks.runtime.context import ActionContext


LIKE_ACTIONS = frozenset({"history"})
"""Commands of Alembic that are names of our actions, too."""
DOWNGRADES = "undoes migrations, which may drop tables with their data"


class AlembicAction(Action[..., None]):
    """An action whose words say whether it changes the database, and whether it destroys something."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the arguments; the command may be called like an action of ours."""
        arguments = super().get_arguments(ignore_unknown_help)
        for argument in arguments:
            if argument.positional:
                argument.words = LIKE_ACTIONS  # type: ignore[attr-defined]
        return arguments

    def title(self, ctx: ActionContext, values: Mapping[str, Any]) -> str:
        """Return the name with the command, for consent to one command is none to another."""
        return f"{self.name} {shlex.join(_words(ctx, values))}"

    def changes_database(self, ctx: ActionContext, values: Mapping[str, Any]) -> bool:
        """Return whether the command can change the database."""
        return _command(ctx, values).changes_database

    def destruction(self, ctx: ActionContext, values: Mapping[str, Any]) -> str:
        """Return what the command destroys."""
        return DOWNGRADES if _command(ctx, values).name == "downgrade" else ""


def _words(ctx: ActionContext, values: Mapping[str, Any]) -> list[str]:
    command = values.get("command") or ""
    try:
        return [*shlex.split(command), *remainder_words(ctx.remainder)]
    except ValueError as error:
        raise UsageError(f"alembic: {command!r} is not a command: {str(error).lower()}.") from None


def _command(ctx: ActionContext, values: Mapping[str, Any]) -> AlembicCommand:
    from ahjo_tasks.engine.alembic_command import AlembicCommand

    words = _words(ctx, values)
    if not words:
        raise UsageError("alembic needs a command.", hint='inv alembic "upgrade +1"')
    return AlembicCommand(words)


def _alembic(ctx: ActionContext, command: str = "") -> None:
    """Run a command of Alembic on the config's database.

    `inv alembic "upgrade +1"`, or `inv alembic -- history --verbose`.
    Connection and version table are those of the config. Commands that change
    the database ask first; upgrade, downgrade and stamp hold the deploy lock.
    Differences that `check` finds end with exit code 5.
    """
    asked = _command(ctx, {"command": command})
    if asked.name != "init" and not ctx.project.migrations.present:
        raise UsageError(f"There is no {ctx.project.migrations.ini}: the project has no migrations.")
    if ctx.dry_run:
        ctx.console.print(f"  Plan: alembic {shlex.join(asked.words)} (dry run: nothing is done)")
        return
    asked.run(
        ctx.project.migrations,
        lambda: _connection(ctx, exclusive=asked.changes_database),
        ctx.console.print,
        lambda: ctx.database.url,
    )


alembic = AlembicAction(
    _alembic,
    name="alembic",
    affects_database=True,
    auto_shortflags=False,
    positional=["command"],
    help={"command": "The command with its arguments, as in 'upgrade +1'; the flag may be left out."},
)


@contextmanager
def _connection(ctx: ActionContext, *, exclusive: bool) -> Iterator[Connection]:
    """The open connection; with the deploy lock for a command that changes the database."""
    if not exclusive:
        yield ctx.database.connection
        return
    with ctx.database.locked_connection() as connection:
        yield connection
