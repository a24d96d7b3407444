"""CLR assemblies and their procedures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.running.context import ActionContext

KINDS = ("assembly", "clr-procedure")


@action(affects_database=True, dialects=["mssql"])
def assembly(ctx: ActionContext) -> None:
    """Drop and deploy assemblies and CLR procedures.

    The procedures of database/clr-procedures are dropped, then the assemblies of database/assemblies; then both are
    deployed in the opposite order.
    """
    from ahjo_tasks.deploy.drop import plan_drop
    from ahjo_tasks.deploy.files import plan_objects
    from ahjo_tasks.running.carrying_out import carry_out

    ctx.workspace.require_dialect("mssql", "assembly")
    files = ctx.workspace.project.read(KINDS, ctx.settings.scripting_variables)
    plan = plan_drop(files) + plan_objects(files)
    carry_out(ctx, lambda _door: plan)
