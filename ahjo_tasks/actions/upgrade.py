"""The action upgrade: bring a database from git tag to git tag."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ahjo_tasks.runtime.action import action

if TYPE_CHECKING:
    from ahjo_tasks.fleet.upgrade_path import UpgradePlan
    from ahjo_tasks.fleet.worker import Event
    from ahjo_tasks.runtime.context import ActionContext


@action(
    auto_shortflags=False,
    help={
        "version": "The tag to upgrade to; by default the newest one listed.",
        "non-interactive": "Do not ask for confirmation.",
        "confirm-database": "Name of the protected database, in place of typing it.",
    },
)
def upgrade(
    ctx: ActionContext,
    version: str = "",
    non_interactive: bool = False,
    confirm_database: str = "",
) -> None:
    """Upgrade the database to a newer git tag.

    The file `upgrade_actions_file` lists the actions of each tag. They are run
    tag by tag, each with the files of its own tag; the checkout stays as it is.
    After a failure the next run goes on with the version that failed.
    """
    from ahjo_tasks.fleet.preflight import preflight_versions
    from ahjo_tasks.fleet.repository import Repository, worker_environment
    from ahjo_tasks.fleet.upgrade_path import UpgradeTarget, plan_versions
    from ahjo_tasks.fleet.upgrade_runner import UpgradeRunner
    from ahjo_tasks.git import without_locations

    ctx.print_heading()
    repository = Repository(ctx.project.directory)
    target = UpgradeTarget(ctx.project.directory, ctx.project.loaded, ctx.database)
    plan = plan_versions(target, repository, version or None)
    _print_plan(ctx, plan)
    if not plan.versions:
        return
    environ = {**worker_environment(ctx.project.loaded, ctx.database), "AHJO_NON_INTERACTIVE": "1"}
    destroys = preflight_versions(
        plan, repository, ctx.project.loaded.path.absolute(), {**without_locations(os.environ), **environ}
    )
    if ctx.dry_run:
        return
    ctx.require_consent("upgrade", "; ".join(destroys))
    environ["AHJO_CONFIRM_DATABASE"] = ctx.database.name if ctx.confirmation.is_named(ctx.project, ctx.given) else ""
    UpgradeRunner(plan, target, repository, environ, lambda event: _print_event(ctx, event)).run()


def _print_plan(ctx: ActionContext, plan: UpgradePlan) -> None:
    for warning in plan.warnings:
        ctx.console.warning(warning)
    if not plan.versions:
        ctx.console.print(f"  {plan.current} is up to date")
        return
    path = " -> ".join([plan.current, *(version.tag for version in plan.versions)])
    ctx.console.print(f"  Plan: {path}{' (dry run: nothing is changed)' if ctx.dry_run else ''}")
    rows = [(version.tag, ", ".join(map(str, version.calls))) for version in plan.versions]
    ctx.console.table(["Version", "Actions"], rows)


def _print_event(ctx: ActionContext, event: Event) -> None:
    if event.status == "started":
        ctx.console.step_heading(event.name)
    elif event.status == "line":
        ctx.console.relay(event.text)
    else:
        ctx.console.result(event.position, event.total, f"version {event.name}", event.status, seconds=event.seconds)
