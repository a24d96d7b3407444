"""Actions that load data files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.runtime.action import action

if TYPE_CHECKING:
    from ahjo_tasks.data.table_file import TableFile
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.runtime.context import ActionContext


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
