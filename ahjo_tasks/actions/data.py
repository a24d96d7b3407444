"""Loading data files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.action import action

if TYPE_CHECKING:
    from ahjo_tasks.context import ActionContext


@action(affects_database=True, auto_shortflags=False, help={"skip-git-update": "Do not stamp the git version."})
def data(ctx: ActionContext, skip_git_update: bool = False) -> None:
    """Load database/data, in the order of foreign keys."""
    _load(ctx, "data", stamp=not skip_git_update)


@action(affects_database=True)
def testdata(ctx: ActionContext) -> None:
    """Load database/data/testdata."""
    _load(ctx, "testdata", stamp=False)


def _load(ctx: ActionContext, kind: str, *, stamp: bool) -> None:
    from ahjo_tasks.carrying_out import carry_out
    from ahjo_tasks.deploy.files import plan_data
    from ahjo_tasks.deploy.plan import Plan
    from ahjo_tasks.deploy.stamp import plan_stamp

    files = ctx.workspace.project.read([kind], ctx.settings.scripting_variables)
    after = plan_stamp(ctx.settings, ctx.workspace.directory) if stamp else Plan(())
    carry_out(ctx, lambda door: plan_data(files, door) + after)
