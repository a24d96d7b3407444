"""Which actions a config permits and which it skips."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import NotPermittedError

if TYPE_CHECKING:
    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.running.context import ActionContext


def permitted(settings: Settings) -> list[str] | None:
    """The permitted actions in the config's order, or None when all are."""
    allowed = settings.allowed_actions
    names = [allowed] if isinstance(allowed, str) else list(allowed)
    if any(name.upper() == "ALL" for name in names):
        return None
    return [name.replace("_", "-") for name in names]


def check_permission(ctx: ActionContext, name: str) -> None:
    """Raise NotPermittedError unless `allowed_actions` names the action; without a config there is nothing to guard."""
    if not ctx.workspace.has_config:
        return
    names = permitted(ctx.settings)
    if names is None or name in names:
        return
    raise NotPermittedError(
        f"The action {name!r} is not allowed here.",
        hint=f"allowed_actions in {ctx.workspace.config_name} permits: {', '.join(names) or 'nothing'}.",
    )


def skips(ctx: ActionContext, name: str) -> bool:
    """Whether `skipped_actions` names the action."""
    if not ctx.workspace.has_config:
        return False
    return name in {skipped.replace("_", "-") for skipped in ctx.settings.skipped_actions or ()}
