"""Actions that create the database, test the connection, and show and record versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ahjo_tasks.runtime.action import action
from ahjo_tasks.runtime.confirmation import foreign_warning

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    from ahjo_tasks.actions.run_plan import session_of
    from ahjo_tasks.api import creating

    session = session_of(ctx)
    if not ctx.dry_run:
        creating.create_database(session, lambda content: _require_consent(ctx, content))
        return
    old, content = creating.inspect(session)
    name = ctx.database.name
    ctx.console.print(f"  Plan: {'drop and create' if old else 'create'} {name} (dry run: nothing is changed)")
    if content:
        ctx.console.warning(foreign_warning(content))
    ctx.project.expect_new_database()


def _require_consent(ctx: ActionContext, content: str) -> None:
    ctx.confirmation.require_foreign(ctx.project, "init", content, ctx.given)


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

    plan = plan_stamp(ctx.settings, ctx.project.checkout, required=True)
    run_plan(ctx, plan)
