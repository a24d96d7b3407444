"""Loading data files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.loading import TableFile
    from ahjo_tasks.project.sqlfiles import SqlFile
    from ahjo_tasks.running.context import ActionContext


@action(affects_database=True, auto_shortflags=False, help={"skip-git-update": "Do not stamp the git version."})
def data(ctx: ActionContext, skip_git_update: bool = False) -> None:
    """Load database/data, parents first.

    SQL scripts are run, CSV and Parquet files called schema.table.csv are
    loaded into their table. The order is that of the foreign keys; a comment
    `-- depends: name` in a script says otherwise. The git version is stamped
    last.
    """
    _load(ctx, "data", stamp=not skip_git_update)


@action(affects_database=True)
def testdata(ctx: ActionContext) -> None:
    """Load database/data/testdata."""
    _load(ctx, "testdata", stamp=False)


def _load(ctx: ActionContext, kind: str, *, stamp: bool) -> None:
    from ahjo_tasks.deploy.data import plan_data
    from ahjo_tasks.deploy.plan import Plan
    from ahjo_tasks.deploy.stamp import plan_stamp
    from ahjo_tasks.loading import read_table_files
    from ahjo_tasks.running.carrying_out import carry_out

    project = ctx.workspace.project
    scripts = project.read([kind], ctx.settings.scripting_variables)
    files: list[SqlFile | TableFile] = [*scripts, *read_table_files(project, kind, ctx.settings.data_loading)]
    after = plan_stamp(ctx.settings, ctx.workspace.directory) if stamp else Plan(())
    carry_out(ctx, lambda door: plan_data(files, project.dialect, door) + after)
