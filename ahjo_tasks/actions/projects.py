"""Building several projects in one run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.runtime.action import Action
from ahjo_tasks.runtime.confirmation import Change, is_unattended, require_name, require_yes
from ahjo_tasks.runtime.context import ActionContext
from ahjo_tasks.runtime.patches.config_files import runtime_path
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from invoke.context import Context

    from ahjo_tasks.console import Console
    from ahjo_tasks.fleet.preflight import Prepared
    from ahjo_tasks.fleet.runner import Event, Result

EXAMPLE = "inv multi-project-build --config projects.jsonc"


class ProjectListAction(Action[..., None]):
    """An action whose `--config` lists projects: it is no project's config, and neither permits nor forbids."""

    def _context(self, ctx: Context) -> ActionContext:
        return ActionContext.without_project(ctx, self.namespace_info)


def _multi_project_build(  # noqa: PLR0913, PLR0917 - one parameter for each flag
    ctx: ActionContext,
    confirm: bool = False,
    jobs: int = 1,
    keep_going: bool = False,
    non_interactive: bool = False,
    confirm_database: list[str] | None = None,
) -> None:
    """Build several projects, each in its own process.

    The file of --config lists them, with the actions to run in each and the projects that it depends on. After a
    failure no other project is started; exit code 1.
    """
    from ahjo_tasks.fleet.runner import FleetRunner

    if jobs < 1 or (confirm and jobs > 1):
        raise UsageError("--jobs is a number from 1, and one process at a time can ask as --confirm wants.")
    projects = _prepared(ctx)
    _show(ctx, projects)
    answers = {} if ctx.dry_run else _confirm(ctx, projects, non_interactive, confirm_database or [], each=confirm)
    building = FleetRunner(
        [
            (
                prepared.answering(answers.get(prepared.project.name, {})),
                prepared.request(dry=ctx.dry_run, debug=ctx.debug),
            )
            for prepared in projects
        ],
        lambda event: _report(ctx, event, len(projects), one_at_a_time=jobs == 1),
        jobs=jobs,
        keep_going=keep_going,
        attached=confirm,
    )
    try:
        building.run()
    finally:
        _summarize(ctx, building.summary())
    _conclude(building.summary())


multi_project_build = ProjectListAction(
    _multi_project_build,
    name="multi-project-build",
    auto_shortflags=False,
    iterable=["confirm_database"],
    help={
        "confirm": "Ask for every action, too.",
        "jobs": "How many projects are built at once; by default one after the other.",
        "keep-going": "After a failure go on with the projects that do not depend on it.",
        "non-interactive": "Do not ask for confirmation.",
        "confirm-database": "Name of a protected database; give the flag once for each.",
    },
)


class NamedPrompt:
    """Asks for the login of one project, and says of which."""

    def __init__(self, console: Console, name: str) -> None:
        self.console = console
        self.name = name

    @property
    def interactive(self) -> bool:
        """Whether anybody answers."""
        return self.console.interactive

    def ask(self, prompt: str) -> str:
        """Ask for a line."""
        return self.console.ask(f"{self.name}: {prompt}")

    def ask_secret(self, prompt: str) -> str:
        """Ask for a line that is not shown."""
        return self.console.ask_secret(f"{self.name}: {prompt}")

    def hide(self, secret: str | None) -> None:
        """Keep a secret out of what is logged."""
        self.console.hide(secret)


def _prepared(ctx: ActionContext) -> list[Prepared]:
    from ahjo_tasks.fleet.preflight import prepare
    from ahjo_tasks.fleet.project_list import read_listing

    path = runtime_path(ctx.config)
    if path is None:
        raise UsageError("multi-project-build needs the file that lists the projects.", hint=EXAMPLE)
    listing = read_listing(path)
    for remark in listing.remarks:
        ctx.console.warning(remark)
    return prepare(listing, os.environ, lambda name: NamedPrompt(ctx.console, name))


def _show(ctx: ActionContext, projects: Sequence[Prepared]) -> None:
    ctx.console.heading("multi-project-build", {"": f"{len(projects)} projects{' (dry run)' if ctx.dry_run else ''}"})
    rows = [
        (
            prepared.project.name,
            prepared.target,
            ", ".join(map(str, prepared.project.calls)),
            ", ".join(prepared.project.depends),
        )
        for prepared in projects
    ]
    ctx.console.table(["Project", "Database", "Actions", "Depends on"], rows)


def _confirm(
    ctx: ActionContext, projects: Sequence[Prepared], unattended: bool, names: Iterable[str], *, each: bool
) -> dict[str, dict[str, str]]:
    """Ask once for all projects, and return the answers as environment variables of each.

    With `each` there are none: the processes ask for their actions themselves.
    """
    environ = ctx.invocation.environ
    unattended = unattended or is_unattended(environ)
    if not unattended:
        targets = [prepared.target for prepared in projects if prepared.destroys]
        warnings = [f"Deleted with all their data, and created again: {', '.join(targets)}."] if targets else []
        target = pluralize(len(projects), "database")
        require_yes(ctx.console, Change("multi-project-build", target, "", warnings))
    if each:
        return {}
    confirmed = {*names, environ.get("AHJO_CONFIRM_DATABASE")}
    for prepared in projects:
        if prepared.protected:
            change = Change(prepared.project.name, prepared.target, prepared.database)
            name = prepared.database if prepared.database in confirmed else None
            require_name(ctx.console, change, name, ask=not unattended)
    return {
        prepared.project.name: {"AHJO_NON_INTERACTIVE": "1", "AHJO_CONFIRM_DATABASE": prepared.database}
        for prepared in projects
    }


def _report(ctx: ActionContext, event: Event, total: int, *, one_at_a_time: bool) -> None:
    console, result = ctx.console, event.result
    if event.line is not None:
        console.relay(event.line)
        return
    if one_at_a_time != (result is not None):  # its output follows
        console.step_heading(event.name)
    if result is None:
        if not one_at_a_time:
            console.print(f"  {event.name}: started")
        return
    for line in event.output:
        console.relay(line)
    console.result(event.number, total, f"project {event.name}", result.status, seconds=result.seconds)


def _summarize(ctx: ActionContext, results: Sequence[Result]) -> None:
    ctx.console.print()
    rows = [
        (result.name, result.status, f"{result.seconds:.1f}" if result.seconds else "", result.detail)
        for result in results
    ]
    ctx.console.table(["Project", "Result", "Seconds", "Why"], rows)


def _conclude(results: Sequence[Result]) -> None:
    failed = [result.name for result in results if result.status == "FAIL"]
    skipped = [result.name for result in results if result.status == "skipped"]
    if failed:
        left = f"; skipped: {', '.join(skipped)}" if skipped else ""
        raise AhjoError(f"{len(failed)} of {len(results)} projects failed: {', '.join(failed)}{left}.")
