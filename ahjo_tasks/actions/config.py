"""Looking at the config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.running.context import ActionContext


@action(auto_shortflags=False, help={"all": "Show the keys that have their default value, too."})
def config(ctx: ActionContext, all: bool = False) -> None:  # noqa: A002 - the flag's name
    """Show each config value and its origin."""
    from ahjo_tasks.config.origins import rows

    found = [row for row in rows(ctx.workspace.loaded) if all or not row.is_default]
    ctx.console.table(["Key", "Value", "From"], [(row.key, row.shown, row.origin) for row in found])


@action(guarded=False)
def init_config(ctx: ActionContext) -> None:
    """Write the LOCAL file of the $ values.

    The config's top-level key LOCAL names the file. It gets every key whose
    value is "$", for each developer to fill in; a file that exists is kept.
    """
    from ahjo_tasks.config.local import local_file

    local = local_file(ctx.workspace.config_path)
    if ctx.dry:
        ctx.console.line(f"  Plan: write {local.path} (dry run: nothing is written)")
        return
    local.write()
    ctx.console.line(f"  Wrote {local.path}: fill in its values marked $.")
