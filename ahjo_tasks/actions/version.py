"""Which version the database is at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.running.context import ActionContext


@action
def version(ctx: ActionContext) -> None:
    """Show the deployed versions.

    The git version that was stamped, and the Alembic revision.
    """
    from ahjo_tasks.deploy.stamp import read_stamp

    ctx.announce(ctx.stack[0])
    door = ctx.session.door
    git = read_stamp(ctx.settings, door)
    rows = zip(("Repository", "Branch", "Commit"), git or ("nothing stamped", "", ""), strict=True)
    migrations = ctx.workspace.migrations
    revision = ", ".join(migrations.current(door)) if migrations.present else "no migrations"
    ctx.console.table(["Version", ""], [*rows, ("Alembic revision", revision or "none")])


@action(affects_database=True)
def update_git_version(ctx: ActionContext) -> None:
    """Stamp the git version of the project."""
    from ahjo_tasks.deploy.stamp import plan_stamp
    from ahjo_tasks.running.carrying_out import carry_out

    plan = plan_stamp(ctx.settings, ctx.workspace.directory, required=True)
    carry_out(ctx, lambda _door: plan)
