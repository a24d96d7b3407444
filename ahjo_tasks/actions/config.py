"""Looking at the config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.action import action

if TYPE_CHECKING:
    from ahjo_tasks.context import ActionContext


@action(auto_shortflags=False, help={"all": "Show the keys that have their default value, too."})
def config(ctx: ActionContext, all: bool = False) -> None:  # noqa: A002 - the flag's name
    """Show the config's values and where each is from."""
    from ahjo_tasks.config.origins import rows

    found = [row for row in rows(ctx.workspace.loaded) if all or not row.is_default]
    ctx.console.table(["Key", "Value", "From"], [(row.key, row.shown, row.origin) for row in found])


@action
def init_config(ctx: ActionContext) -> None:
    """Write the LOCAL file with the values marked $.

    The config's top-level key LOCAL names the file; it gets every key whose value is "$", for each developer to fill
    in.
    """
    from ahjo_tasks.config.local import write_local

    written = write_local(ctx.workspace.config_path)
    ctx.console.line(f"  Wrote {written}: fill in its values marked $.")
