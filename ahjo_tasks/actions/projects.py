"""Actions that run others in worker processes: several projects in one run, and a database from tag to tag."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import AhjoError, TerminatedError, UsageError
from ahjo_tasks.runtime.action import Action
from ahjo_tasks.runtime.confirmation import Change, check_permission, is_unattended, require_name, require_yes
from ahjo_tasks.runtime.context import ActionContext
from ahjo_tasks.runtime.patches.config_files import runtime_path
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from invoke.context import Context

    from ahjo_tasks.console import Console
    from ahjo_tasks.fleet.outcome import Outcome
    from ahjo_tasks.fleet.preflight import Job
    from ahjo_tasks.fleet.upgrade_path import UpgradePlan
    from ahjo_tasks.fleet.upgrade_runner import Event

EXAMPLE = "inv multi-project-build --config projects.jsonc"


class ProjectListAction(Action[..., None]):
    """An action whose `--config` lists projects: it is no project's config, and neither permits nor forbids."""

    uses_project = False

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

    The file of --config lists them, with the actions to run in each and the
    projects that it depends on. After a failure no other project is started;
    exit code 1.
    """
    if jobs < 1 or (confirm and jobs > 1):
        raise UsageError("--jobs is a number from 1; with --confirm it is 1, for one process at a time can ask.")
    projects = _preflight(ctx)
    _print_projects(ctx, projects)
    answers = {} if ctx.dry_run else _confirm(ctx, projects, non_interactive, confirm_database or [], each=confirm)
    answered = [job.with_answers(answers.get(job.project.name, {})) for job in projects]
    _build(ctx, answered, jobs, keep_going=keep_going, attached=confirm)


multi_project_build = ProjectListAction(
    _multi_project_build,
    name="multi-project-build",
    auto_shortflags=False,
    iterable=["confirm_database"],
    help={
        "confirm": "Ask for every action, too.",
        "jobs": "Number of parallel jobs; by default one.",
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
        """True if anybody answers."""
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


def _preflight(ctx: ActionContext) -> list[Job]:
    from ahjo_tasks.actions.project_worker import check_calls
    from ahjo_tasks.fleet.preflight import preflight_projects
    from ahjo_tasks.fleet.project_list import read_project_list

    path = runtime_path(ctx.config)
    if path is None:
        raise UsageError("multi-project-build needs the file that lists the projects.", hint=EXAMPLE)
    project_list = read_project_list(path)
    for warning in project_list.warnings:
        ctx.console.warning(warning)
    return preflight_projects(check_calls, project_list, os.environ, lambda name: NamedPrompt(ctx.console, name))


def _print_projects(ctx: ActionContext, projects: Sequence[Job]) -> None:
    count = pluralize(len(projects), "project")
    ctx.console.heading("multi-project-build", {"": f"{count}{' (dry run)' if ctx.dry_run else ''}"})
    rows = [
        (job.project.name, job.target, ", ".join(map(str, job.project.calls)), ", ".join(job.project.depends))
        for job in projects
    ]
    ctx.console.table(["Project", "Database", "Actions", "Depends on"], rows)


def _confirm(
    ctx: ActionContext, projects: Sequence[Job], unattended: bool, names: Iterable[str], *, each: bool
) -> dict[str, dict[str, str]]:
    """Ask once for all projects, and return the answers as environment variables of each.

    With `each` there are none: the processes ask for their actions themselves.
    """
    environ = ctx.invocation.environ
    unattended = unattended or is_unattended(environ)
    if not unattended:
        warnings = [f"{job.project.name}, {job.target}: {text}." for job in projects for text in job.destroys]
        target = pluralize(len(projects), "database")
        require_yes(ctx.console, Change("multi-project-build", target, "", warnings))
    if each:
        return {}
    confirmed = {*names, environ.get("AHJO_CONFIRM_DATABASE")}
    for job in projects:
        if job.protected:
            change = Change(job.project.name, job.target, job.database)
            name = job.database if job.database in confirmed else None
            require_name(ctx.console, change, name, ask=not unattended)
    return {job.project.name: _answers(job, confirmed) for job in projects}


def _answers(job: Job, confirmed: set[str | None]) -> dict[str, str]:
    """Answer what a project's process would ask. The name of its database is given only where somebody gave it."""
    named = job.protected or job.database in confirmed
    return {"AHJO_NON_INTERACTIVE": "1", "AHJO_CONFIRM_DATABASE": job.database if named else ""}


class ProjectWatcher:
    """Shows what happens to projects, and keeps what became of them; the output of each stays together."""

    def __init__(self, console: Console, names: Sequence[str], *, one_at_a_time: bool) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self._console = console
        self._names = names
        self._one_at_a_time = one_at_a_time
        self._began: dict[str, float] = {}

    def started(self, name: str) -> None:
        """Show that a project is worked on."""
        self._began[name] = time.perf_counter()
        if self._one_at_a_time:  # its output follows
            self._console.step_heading(name)
        else:
            self._console.print(f"  {name}: started")

    def again(self, name: str, reason: str) -> None:
        """Show that a project waits for another try."""
        self._console.info(f"  {name}: {reason}")

    def ended(self, outcome: Outcome) -> None:
        """Show what became of a project that was worked on."""
        name = outcome.name
        seconds = time.perf_counter() - self._began[name] if name in self._began else 0.0
        self.outcomes[name] = replace(outcome, seconds=seconds)
        if name not in self._began:
            return
        if not self._one_at_a_time:
            self._console.step_heading(name)
        for line in outcome.lines:
            self._console.relay(line)
        number = len(self._began.keys() & self.outcomes.keys())
        word = _word(outcome)
        self._console.result(number, len(self._names), f"project {name}", word, seconds=seconds)

    def summary(self) -> list[Outcome]:
        """Return what became of the projects, in their order."""
        return [self.outcomes[name] for name in self._names if name in self.outcomes]


def _word(outcome: Outcome) -> str:
    from ahjo_tasks.fleet.outcome import NOT_STARTED, SKIPPED

    return "skipped" if outcome.status in {NOT_STARTED, SKIPPED} else "FAIL" if outcome.failed else "ok"


def _build(ctx: ActionContext, jobs: Sequence[Job], parallel: int, *, keep_going: bool, attached: bool) -> None:
    """Build projects, each in a process of its own; Ctrl-C has every one roll back and end first."""
    from ahjo_tasks.actions.project_worker import run_calls
    from ahjo_tasks.fleet.coordinator import Coordinator, Limits, Turn
    from ahjo_tasks.fleet.engines import LocalEngine
    from ahjo_tasks.fleet.stops import Presses

    requests = {job.project.name: job.request(dry=ctx.dry_run, debug=ctx.debug) for job in jobs}
    watcher = ProjectWatcher(ctx.console, list(requests), one_at_a_time=parallel == 1)
    presses = Presses(impatient=True)
    on_line = ctx.console.relay if parallel == 1 else None
    engine = LocalEngine(parallel, recycle=1, on_line=on_line, attached=attached)
    coordinator = Coordinator(
        engine,
        lambda name, _first, _again: engine.submit(run_calls, requests[name]),
        Limits(retries=0, losses=0),
        watcher,
        presses,
    )
    coordinator.max_failures = inf if keep_going else 0
    try:
        with presses.counted():
            coordinator.run([Turn(job.project.name, needs=frozenset(job.project.depends)) for job in jobs], "")
    finally:
        engine.close()
        _summarize(ctx, watcher.summary())
    if presses.count:
        raise TerminatedError if presses.terminated else KeyboardInterrupt
    _conclude(watcher.summary())


def _summarize(ctx: ActionContext, outcomes: Sequence[Outcome]) -> None:
    ctx.console.print()
    rows = [
        (
            each.name,
            _word(each),
            f"{each.seconds:.1f}" if each.seconds else "",
            each.text or ("" if _word(each) == "ok" else each.status),
        )
        for each in outcomes
    ]
    ctx.console.table(["Project", "Result", "Seconds", "Why"], rows)


def _conclude(outcomes: Sequence[Outcome]) -> None:
    failed = [each.name for each in outcomes if _word(each) == "FAIL"]
    skipped = [each.name for each in outcomes if _word(each) == "skipped"]
    if failed:
        left = f"; skipped: {', '.join(skipped)}" if skipped else ""
        raise AhjoError(f"{len(failed)} of {len(outcomes)} projects failed: {', '.join(failed)}{left}.")


class PreparedUpgrade:
    """The versions to upgrade to, and what is needed to check and run them."""

    def __init__(self, ctx: ActionContext, version: str) -> None:
        from ahjo_tasks.fleet.repository import Repository, worker_environment
        from ahjo_tasks.fleet.upgrade_path import UpgradeTarget, plan_versions

        self.repository = Repository(ctx.project.directory)
        self.target = UpgradeTarget(ctx.project.directory, ctx.project.loaded, ctx.database)
        self.plan = plan_versions(self.target, self.repository, version or None)
        self.environ = {**worker_environment(ctx.project.loaded, ctx.database), "AHJO_NON_INTERACTIVE": "1"}

        self._destroys: tuple[str, ...] | None = None

    def check(self) -> tuple[str, ...]:
        """Return what the actions of the versions destroy. Raises ConfigError where one of them could not run."""
        from ahjo_tasks.actions.project_worker import check_calls
        from ahjo_tasks.fleet.preflight import preflight_versions
        from ahjo_tasks.git import without_locations

        if self._destroys is None:
            environ = {**without_locations(os.environ), **self.environ}
            config = self.target.config.path.absolute()
            self._destroys = preflight_versions(check_calls, self.plan, self.repository, config, environ)
        return self._destroys


class Upgrade(Action[..., None]):
    """An action whose versions say what it changes and destroys; they are planned and checked before the question."""

    def _check(self, ctx: ActionContext, values: Mapping[str, Any]) -> bool:
        if not ctx.skips(self.name):
            check_permission(ctx.project, self.name)
            ctx.print_heading(ctx.label(self.name))
            _print_plan(ctx, _prepare(ctx, values).plan)
        return super()._check(ctx, values)

    def changes_database(self, ctx: ActionContext, values: Mapping[str, Any]) -> bool:
        """Return whether there is a newer version."""
        return bool(_prepared(ctx, values).plan.versions)

    def destruction(self, ctx: ActionContext, values: Mapping[str, Any]) -> str:
        """Return what the actions of the versions destroy."""
        return "; ".join(_prepared(ctx, values).check())


def _prepare(ctx: ActionContext, values: Mapping[str, Any]) -> PreparedUpgrade:
    """Plan an upgrade; what is checked of it already, because a question before named it, is not checked again."""
    before: PreparedUpgrade | None = ctx.project.prepared_upgrade
    prepared = PreparedUpgrade(ctx, values.get("version") or "")
    if before is not None and before.plan == prepared.plan:
        return before
    ctx.project.prepared_upgrade = prepared
    return prepared


def _prepared(ctx: ActionContext, values: Mapping[str, Any]) -> PreparedUpgrade:
    """Return the upgrade that is planned, or plan it."""
    prepared: PreparedUpgrade | None = ctx.project.prepared_upgrade
    return prepared or _prepare(ctx, values)


def _upgrade(ctx: ActionContext, version: str = "") -> None:
    """Upgrade the database to a newer git tag.

    The file `upgrade_actions_file` lists the actions of each tag. They are run
    tag by tag, each with the files of its own tag; the checkout stays as it is.
    After a failure the next run goes on with the version that failed.
    """
    from ahjo_tasks.actions.project_worker import run_calls
    from ahjo_tasks.fleet.upgrade_runner import UpgradeRunner

    upgrade = _prepared(ctx, {"version": version})
    if not upgrade.plan.versions:
        return
    upgrade.check()
    if ctx.dry_run:
        return
    name = ctx.database.name if ctx.confirmation.is_named(ctx.project, ctx.given) else ""
    environ = {**upgrade.environ, "AHJO_CONFIRM_DATABASE": name}
    UpgradeRunner(
        run_calls,
        upgrade.plan,
        upgrade.target,
        upgrade.repository,
        environ,
        lambda event: _print_version_event(ctx, event),
    ).run()


upgrade = Upgrade(
    _upgrade,
    name="upgrade",
    affects_database=True,
    auto_shortflags=False,
    help={"version": "The tag to upgrade to; by default the newest one listed."},
)


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


def _print_version_event(ctx: ActionContext, event: Event) -> None:
    if event.status == "started":
        ctx.console.step_heading(event.name)
    elif event.status == "line":
        ctx.console.relay(event.text)
    else:
        ctx.console.result(event.position, event.total, f"version {event.name}", event.status, seconds=event.seconds)
