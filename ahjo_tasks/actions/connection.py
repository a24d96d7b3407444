"""Trying the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.running.context import ActionContext


@action
def test_connection(ctx: ActionContext) -> None:
    """Connect; show login, database, version."""
    facts = ctx.session.dialect.facts(ctx.session.door)
    ctx.console.table(list(facts), [list(facts.values())])
