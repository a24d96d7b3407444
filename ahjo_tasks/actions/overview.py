"""The action of an `inv` without words: the actions in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ahjo_tasks.actions.fleet import NAME as FLEET
from ahjo_tasks.errors import AhjoError
from ahjo_tasks.runtime.action import Action, action

if TYPE_CHECKING:
    from collections.abc import Mapping

    from invoke.tasks import Task

    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.runtime.context import ActionContext

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Deploy": ("plan", "deploy", "rehearse", "rollback", "init", "structure", "complete-build", "deploy-files"),
    "Look": ("status", "drift", "history", "lock", "version", "test-connection", "doctor", "config"),
    "Data and tests": ("data", "testdata", "test", "to-csv", "compare"),
    "Security": (
        "create-users-roles-and-permissions",
        "create-db-login",
        "create-db-permissions",
        "scan",
        "install-git-hook",
    ),
    "Project": ("init-project", "pull", "baseline", "adopt", "plot-dependencies", "batches"),
    "Fleet": (
        "fleet.plan",
        "fleet.deploy",
        "fleet.data",
        "fleet.test",
        "fleet.status",
        "fleet.drift",
        "fleet.history",
        "multi-project-build",
        "upgrade",
    ),
}
"""The standard actions that the overview describes; the others are named after them."""


@action(reads=True, guarded=False, auto_shortflags=False)
def overview(ctx: ActionContext) -> None:
    """Show the actions in groups, as `inv` alone does.

    Those that the database does not have are left out.
    """
    ctx.console.summarizes = False
    tasks = _tasks(ctx)
    own = [name for name, task in tasks.items() if not task.body.__module__.startswith("ahjo_tasks.")]
    groups = {f"Own actions of {ctx.project.directory.name}": own, **GROUPS}
    shown = {name: [each for each in names if each in tasks] for name, names in groups.items()}
    width = max(len(name) for names in shown.values() for name in names) + 2
    for group, names in shown.items():
        if names:
            ctx.console.print(group, "head")
        for name in names:
            if group not in GROUPS or name not in own:
                ctx.console.print(_filled(f"{name:<{width}}{_summary(tasks[name])}", ctx.console.width, width))
        if names:
            ctx.console.print()
    others = tasks.keys() - {each for names in shown.values() for each in names} - {"overview"}
    ctx.console.print("More", "head")
    ctx.console.print(_filled(", ".join(sorted(others)), ctx.console.width))
    ctx.console.print()
    ctx.console.print("Flags of an action: inv --help ACTION. All actions, a line each: inv --list.")


def _filled(text: str, width: int, column: int = 0) -> str:
    """Return an indented text in lines, broken between words; further lines begin at a column of it."""
    import textwrap

    further = " " * (column + 2)
    return textwrap.fill(text, width, initial_indent="  ", subsequent_indent=further, break_on_hyphens=False)


def _tasks(ctx: ActionContext) -> dict[str, Task[Any]]:
    """Return the tasks of the project that its database has, by name."""
    if ctx.namespace_info is None:
        return {}
    dialect = _dialect(ctx)
    collection = ctx.namespace_info.collection
    fleet = collection.collections.get(FLEET)
    nested = {f"{FLEET}.{name}": task for name, task in fleet.tasks.items()} if fleet is not None else {}
    return {
        str(name): task
        for name, task in {**collection.tasks, **nested}.items()
        if not isinstance(task, Action) or dialect is None or task.exists_on(dialect)
    }


def _dialect(ctx: ActionContext) -> Dialect | None:
    """Return the config's database; None without a config, or with one that is invalid."""
    try:
        return ctx.project.dialect if ctx.project.has_config else None
    except AhjoError:
        return None


def _summary(task: Task[Any]) -> str:
    return next(iter((task.__doc__ or "").strip().splitlines()), "")
