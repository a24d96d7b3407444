"""Deploying: migrations, then programmable objects, then the git stamp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.deploy.plan import Plan
    from ahjo_tasks.door import Door
    from ahjo_tasks.running.context import ActionContext

SKIP_HELP = {
    "skip-alembic-update": "Leave migrations out.",
    "skip-metadata-update": "Leave object descriptions out.",
    "skip-git-update": "Do not stamp the git version.",
}


@action(
    affects_database=True,
    auto_shortflags=False,
    iterable=["files"],
    sql_files=["files"],
    help={"files": "Deploy this SQL file or folder alone; once for each.", **SKIP_HELP},
)
def deploy(
    ctx: ActionContext,
    files: list[str] | None = None,
    skip_alembic_update: bool = False,
    skip_metadata_update: bool = False,
    skip_git_update: bool = False,
) -> None:
    """Run migrations and deploy SQL objects.

    Migrations go to the head. Then the SQL files of functions, views,
    procedures and the like are run, in the order that their SQL asks for.
    Descriptions in docs/db_objects are carried over.
    The git version is stamped last. With --dry the plan is shown, and
    nothing is changed.
    """
    from ahjo_tasks.deploy.files import plan_named, plan_objects
    from ahjo_tasks.deploy.plan import Plan
    from ahjo_tasks.metadata.plan import plan_descriptions
    from ahjo_tasks.project.kinds import OBJECTS
    from ahjo_tasks.running.carrying_out import carry_out

    project, variables = ctx.workspace.project, ctx.settings.scripting_variables
    named = plan_named(project.read_named(files, variables)) if files else None
    objects = named or plan_objects(project.read(OBJECTS, variables)) + Plan((), project.misnamed())
    if not skip_metadata_update:
        objects += plan_descriptions(project.directory, project.dialect, ctx.settings.metadata_allowed_schemas)
    carry_out(ctx, lambda door: _around(ctx, door, objects, alembic=not skip_alembic_update, git=not skip_git_update))


@action(
    affects_database=True,
    auto_shortflags=False,
    iterable=["files"],
    sql_files=["files"],
    help={
        "files": "A SQL file or folder; once for each.",
        **{flag: text for flag, text in SKIP_HELP.items() if "metadata" not in flag},
    },
)
def deploy_files(
    ctx: ActionContext,
    files: list[str] | None = None,
    skip_alembic_update: bool = False,
    skip_git_update: bool = False,
) -> None:
    """Run migrations, deploy the named files.

    Objects are run in the order that their SQL asks for, all other files in
    the order of the flags.
    """
    from ahjo_tasks.deploy.files import plan_named
    from ahjo_tasks.running.carrying_out import carry_out

    if not files:
        raise UsageError("deploy-files needs files.", hint="inv deploy-files --files database/views/dbo.vwOrders.sql")
    named = plan_named(ctx.workspace.project.read_named(files, ctx.settings.scripting_variables))
    carry_out(ctx, lambda door: _around(ctx, door, named, alembic=not skip_alembic_update, git=not skip_git_update))


def _around(ctx: ActionContext, door: Door | None, plan: Plan, *, alembic: bool, git: bool) -> Plan:
    """The plan with migrations before it and the git stamp behind it."""
    from ahjo_tasks.deploy.migrations import plan_upgrade
    from ahjo_tasks.deploy.plan import Plan
    from ahjo_tasks.deploy.refresh import plan_refresh
    from ahjo_tasks.deploy.stamp import plan_stamp
    from ahjo_tasks.project.kinds import OBJECTS

    before = plan_upgrade(ctx.workspace.migrations, door) if alembic else Plan(())
    if before.steps:
        project = ctx.workspace.project
        plan += plan_refresh(lambda: project.read(OBJECTS, ctx.settings.scripting_variables), project.dialect)
    after = plan_stamp(ctx.settings, ctx.workspace.directory) if git else Plan(())
    return before + plan + after
