"""Actions that deploy migrations, SQL objects, assemblies and data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.runtime.action import action, multiaction

if TYPE_CHECKING:
    from ahjo_tasks.data.table_file import TableFile
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.runtime.context import ActionContext


SKIP_HELP = {
    "skip-alembic-update": "Leave migrations out.",
    "skip-metadata-update": "Leave object descriptions out.",
    "skip-git-update": "Do not record the git version.",
}


@action(
    affects_database=True,
    auto_shortflags=False,
    iterable=["files"],
    sql_files=["files"],
    help={"files": "Deploy this SQL file or folder alone; repeat for more.", **SKIP_HELP},
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
    Descriptions in docs/db_objects are carried over. The git version is
    recorded last. With --dry the plan is shown, and nothing is changed.
    """
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan
    from ahjo_tasks.descriptions.plan import plan_descriptions
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.sql_file import plan_named, plan_objects

    project = ctx.project.files
    named = plan_named(project.read_named(files, ctx.settings.scripting_variables)) if files else None
    objects = named or plan_objects(ctx.project.object_files()) + Plan((), project.ignored(), project.misnamed())
    if not skip_metadata_update:
        objects += plan_descriptions(project.directory, project.dialect, ctx.settings.metadata_allowed_schemas)
    with connection_for_plan(ctx) as connection:
        before, after = _around(ctx, connection, alembic=not skip_alembic_update, git=not skip_git_update)
        apply_plan(ctx, before + objects + after, connection)


@action(
    affects_database=True,
    auto_shortflags=False,
    iterable=["files"],
    sql_files=["files"],
    help={
        "files": "A SQL file or folder; repeat for more.",
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

    Objects are run in the order that their SQL asks for, all other files in the
    order of the flags.
    """
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan
    from ahjo_tasks.engine.sql_file import plan_named

    if not files:
        raise UsageError("deploy-files needs files.", hint="inv deploy-files --files database/views/dbo.vwOrders.sql")
    named = plan_named(ctx.project.files.read_named(files, ctx.settings.scripting_variables))
    with connection_for_plan(ctx) as connection:
        before, after = _around(ctx, connection, alembic=not skip_alembic_update, git=not skip_git_update)
        apply_plan(ctx, before + named + after, connection)


def _around(ctx: ActionContext, connection: Connection | None, *, alembic: bool, git: bool) -> tuple[Plan, Plan]:
    """Plan what runs before the files, the migrations, and after them: refreshing modules, recording the version."""
    from ahjo_tasks.engine.migrations import plan_upgrade
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.refresh import plan_refresh
    from ahjo_tasks.engine.stamp import plan_stamp

    project = ctx.project
    before = plan_upgrade(project.migrations, connection, project.object_files) if alembic else Plan(())
    after = Plan(())
    if before.steps:
        after += plan_refresh(project.object_files, project.dialect)
    if git:
        after += plan_stamp(ctx.settings, ctx.project.directory)
    return before, after


WHOLE = "database/create_db_structure.sql"


@action(affects_database=True)
def structure(ctx: ActionContext) -> None:
    """Deploy schemas, tables and constraints.

    The types, sequences and functions that they need are deployed with them.
    Without any file in those folders, database/create_db_structure.sql is run.
    """
    from ahjo_tasks.actions.run_plan import run_plan
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.refresh import plan_refresh
    from ahjo_tasks.engine.sql_file import plan_named, plan_objects
    from ahjo_tasks.project.dependencies import needed_by
    from ahjo_tasks.project.kinds import STRUCTURE

    project, variables = ctx.project.files, ctx.settings.scripting_variables
    files = project.read(STRUCTURE, variables)
    if not files and not (project.directory / WHOLE).is_file():
        raise AhjoError(
            "There is no structure to deploy.",
            hint=f"Put files into database/schemas, tables, constraints, or {WHOLE}.",
        )
    files = [*needed_by(files, ctx.project.object_files() if files else []), *files]
    plan = plan_objects(files) if files else plan_named([project.read_script(WHOLE, variables, directives=True)])
    plan += plan_refresh(ctx.project.object_files, project.dialect)
    run_plan(ctx, plan + Plan((), project.ignored(), project.misnamed()))


KINDS = ("assembly", "clr-procedure")


@action(affects_database=True, dialects=["mssql"])
def assembly(ctx: ActionContext) -> None:
    """Drop and deploy assemblies and CLR procedures.

    The procedures of database/clr-procedures are dropped, then the assemblies
    of database/assemblies; then both are deployed in the opposite order.
    """
    from ahjo_tasks.actions.run_plan import run_plan
    from ahjo_tasks.engine.drop import plan_drop
    from ahjo_tasks.engine.sql_file import plan_objects

    ctx.project.require_support("assembly" not in ctx.project.dialect.unsupported_kinds, "assembly")
    files = ctx.project.files.read(KINDS, ctx.settings.scripting_variables)
    plan = plan_drop(files) + plan_objects(files)
    run_plan(ctx, plan)


complete_build = multiaction(
    "complete-build",
    "init",
    "deploy",
    "data",
    "testdata",
    "test",
    doc="Run init, deploy, data, testdata, test.",
    affects_database=True,
    auto_shortflags=False,
)


@action(affects_database=True, auto_shortflags=False, help={"skip-git-update": "Do not record the git version."})
def data(ctx: ActionContext, skip_git_update: bool = False) -> None:
    """Load database/data, parents first.

    SQL scripts are run, CSV and Parquet files called schema.table.csv are
    loaded into their table. The order is that of the foreign keys; a comment
    `-- depends: name` in a script says otherwise. The git version is recorded
    last.
    """
    _load(ctx, "data", record_version=not skip_git_update)


@action(affects_database=True)
def testdata(ctx: ActionContext) -> None:
    """Load database/data/testdata."""
    _load(ctx, "testdata", record_version=False)


def _load(ctx: ActionContext, kind: str, *, record_version: bool) -> None:
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan
    from ahjo_tasks.data.table_file import read_table_files
    from ahjo_tasks.engine.data import plan_data
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.stamp import plan_stamp

    project = ctx.project.files
    scripts = project.read([kind], ctx.settings.scripting_variables)
    files: list[SqlFile | TableFile] = [*scripts, *read_table_files(project, kind, ctx.settings.data_loading)]
    after = plan_stamp(ctx.settings, ctx.project.directory) if record_version else Plan(())
    with connection_for_plan(ctx) as connection:
        apply_plan(ctx, plan_data(files, project.dialect, connection) + after, connection)
