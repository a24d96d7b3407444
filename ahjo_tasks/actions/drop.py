"""Actions that drop objects and undo migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.runtime.action import action

if TYPE_CHECKING:
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.runtime.context import ActionContext

OBSOLETE = "database/drop_obsolete_objects.sql"


@action(affects_database=True, destroys="drops the objects of the project's SQL files")
def drop(ctx: ActionContext) -> None:
    """Drop the objects of the SQL files.

    Views, procedures, functions and the like, dependents first. Tables stay.
    """
    from ahjo_tasks.actions.run_plan import run_plan

    plan = _everything(ctx)
    run_plan(ctx, plan)


@action(
    affects_database=True,
    destroys="drops the objects of the files that it names",
    auto_shortflags=False,
    iterable=["files"],
    sql_files=["files"],
    help={
        "files": "A SQL file or folder whose objects are dropped; repeat for more.",
        "object-type": "The type of the objects: view, procedure, function, assembly, trigger, type ...",
    },
)
def drop_files(ctx: ActionContext, files: list[str] | None = None, object_type: str = "") -> None:
    """Drop the objects of the files you name."""
    from ahjo_tasks.actions.run_plan import run_plan
    from ahjo_tasks.engine.drop import plan_drop
    from ahjo_tasks.project.kinds import DROPPED_OBJECTS

    if not files or not object_type:
        raise UsageError(
            "drop-files needs files and the type of their objects.",
            hint="inv drop-files --files database/views/dbo.vwOrders.sql --object-type view",
        )
    kind = object_type.lower()
    if kind not in {*DROPPED_OBJECTS, "table"}:
        raise UsageError(
            f"There is no object type {object_type!r}.", hint=f"It is one of: {', '.join(DROPPED_OBJECTS)}, table."
        )
    plan = plan_drop(ctx.project.files.read_named(files, ctx.settings.scripting_variables), [kind])
    run_plan(ctx, plan)


@action(affects_database=True, destroys=f"runs the DROP statements of {OBSOLETE}")
def drop_obsolete(ctx: ActionContext) -> None:
    """Run drop_obsolete_objects.sql.

    The file lies in database/ and holds the DROP statements of what the project
    no longer has.
    """
    from ahjo_tasks.actions.run_plan import run_plan
    from ahjo_tasks.engine.sql_file import plan_named

    plan = plan_named([ctx.project.files.read_script(OBSOLETE, ctx.settings.scripting_variables)])
    run_plan(ctx, plan)


@action(
    affects_database=True,
    destroys="drops the objects of the project's SQL files, and undoes all migrations: their tables go with their data",
)
def downgrade(ctx: ActionContext) -> None:
    """Drop objects and migrate down to base.

    What `drop` drops, and then every Alembic revision is undone.
    """
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan
    from ahjo_tasks.engine.migrations import plan_downgrade

    plan = _everything(ctx)
    with connection_for_plan(ctx) as connection:
        apply_plan(ctx, plan + plan_downgrade(ctx.project.migrations, connection), connection)


def _everything(ctx: ActionContext) -> Plan:
    from ahjo_tasks.engine.drop import plan_drop
    from ahjo_tasks.project.kinds import DROPPED

    return plan_drop(ctx.project.files.read(DROPPED, ctx.settings.scripting_variables))
