"""Taking away what the project deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.deploy.plan import Plan
    from ahjo_tasks.running.context import ActionContext

OBSOLETE = "database/drop_obsolete_objects.sql"


@action(affects_database=True)
def drop(ctx: ActionContext) -> None:
    """Drop the objects of the SQL files.

    Views, procedures, functions and the like, dependents first. Tables stay.
    """
    from ahjo_tasks.running.carrying_out import carry_out

    plan = _everything(ctx)
    carry_out(ctx, lambda _door: plan)


@action(
    affects_database=True,
    auto_shortflags=False,
    iterable=["files"],
    sql_files=["files"],
    help={
        "files": "A SQL file or folder whose objects are dropped; once for each.",
        "object-type": "The type of the objects: view, procedure, function, assembly, trigger, type ...",
    },
)
def drop_files(ctx: ActionContext, files: list[str] | None = None, object_type: str = "") -> None:
    """Drop the objects of the files you name."""
    from ahjo_tasks.deploy.drop import plan_drop
    from ahjo_tasks.project.kinds import DROPPED
    from ahjo_tasks.running.carrying_out import carry_out

    if not files or not object_type:
        raise UsageError(
            "drop-files needs files and the type of their objects.",
            hint="inv drop-files --files database/views/dbo.vwOrders.sql --object-type view",
        )
    kind = object_type.lower()
    if kind not in {*DROPPED, "table"}:
        raise UsageError(
            f"There is no object type {object_type!r}.", hint=f"It is one of: {', '.join(DROPPED)}, table."
        )
    plan = plan_drop(ctx.workspace.project.read_named(files, ctx.settings.scripting_variables), [kind])
    carry_out(ctx, lambda _door: plan)


@action(affects_database=True)
def drop_obsolete(ctx: ActionContext) -> None:
    """Run drop_obsolete_objects.sql.

    The file lies in database/ and holds the DROP statements of what the
    project no longer has.
    """
    from ahjo_tasks.deploy.files import plan_named
    from ahjo_tasks.running.carrying_out import carry_out

    plan = plan_named([ctx.workspace.project.read_script(OBSOLETE, ctx.settings.scripting_variables)])
    carry_out(ctx, lambda _door: plan)


@action(affects_database=True)
def downgrade(ctx: ActionContext) -> None:
    """Drop objects and migrate down to base.

    What `drop` drops, and then every Alembic revision is undone.
    """
    from ahjo_tasks.deploy.migrations import plan_downgrade
    from ahjo_tasks.running.carrying_out import carry_out

    plan = _everything(ctx)
    carry_out(ctx, lambda door: plan + plan_downgrade(ctx.workspace.migrations, door))


def _everything(ctx: ActionContext) -> Plan:
    from ahjo_tasks.deploy.drop import plan_drop
    from ahjo_tasks.project.kinds import DROPPED

    return plan_drop(ctx.workspace.project.read(DROPPED, ctx.settings.scripting_variables))
