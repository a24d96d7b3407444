"""Deploying schemas, tables and constraints from SQL files, for projects whose tables are not Alembic's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import AhjoError
from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.running.context import ActionContext

WHOLE = "database/create_db_structure.sql"


@action(affects_database=True)
def structure(ctx: ActionContext) -> None:
    """Deploy schemas, tables and constraints.

    Without any file in those folders, database/create_db_structure.sql is run.
    """
    from ahjo_tasks.deploy.files import plan_named, plan_objects
    from ahjo_tasks.deploy.refresh import plan_refresh
    from ahjo_tasks.project.kinds import OBJECTS, STRUCTURE
    from ahjo_tasks.running.carrying_out import carry_out

    project, variables = ctx.workspace.project, ctx.settings.scripting_variables
    files = project.read(STRUCTURE, variables)
    if not files and not (project.directory / WHOLE).is_file():
        raise AhjoError(
            "There is no structure to deploy.",
            hint=f"Put files into database/schemas, tables, constraints, or {WHOLE}.",
        )
    plan = plan_objects(files) if files else plan_named([project.read_script(WHOLE, variables, directives=True)])
    plan += plan_refresh(lambda: project.read(OBJECTS, variables), project.dialect)
    carry_out(ctx, lambda _door: plan)
