"""Connect for an action, show its plan, and apply the plan unless it is a dry run."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ahjo_tasks.errors import ConnectionFailedError, StatementError
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.data import DataProgress
    from ahjo_tasks.engine.deployment import Selection
    from ahjo_tasks.engine.executor import Recording
    from ahjo_tasks.engine.plan import Plan, Step
    from ahjo_tasks.engine.recorder import RunRecord
    from ahjo_tasks.events import StepEvent
    from ahjo_tasks.runtime.context import ActionContext

NO_HISTORY = """The history cannot be written: {0}
Every deploy runs all files until someone creates its tables:
{1}"""


def run_plan(ctx: ActionContext, plan: Plan) -> None:
    """Connect, show the plan, and apply it unless it is a dry run."""
    with connection_for_plan(ctx) as connection:
        apply_plan(ctx, plan, connection)


@contextmanager
def connection_for_plan(ctx: ActionContext) -> Iterator[Connection | None]:
    """Announce the action and lend the connection that its plan is made and applied on, with the deploy lock held.

    In a dry run nothing is locked, and the connection is None if the database does not exist yet.
    """
    ctx.print_heading()
    with _opened(ctx) as connection:
        show_server_info(ctx, connection)
        yield connection


def apply_plan(
    ctx: ActionContext, plan: Plan, connection: Connection | None, selection: Selection | None = None
) -> None:
    """Show the plan, and apply it unless it is a dry run. Raises DeployError when a step fails.

    The run is recorded in the history of the database; `selection` says what the files were before.
    """
    for note in plan.notes:
        ctx.console.info(note)
    for warning in plan.warnings:
        ctx.console.warning(warning, once=True)
    show_plan(ctx, plan, connection, selection)
    if plan.steps and connection is not None and not ctx.dry_run:
        from ahjo_tasks.engine.executor import PlanExecutor  # reads SQL, which takes long to load

        with _calling_hooks(ctx, plan) as results, recording(ctx, plan, connection, selection) as record:

            def observe(event: StepEvent) -> None:
                show_event(ctx, event)
                if event.ended:
                    results.append(event)
                    _call_hook(ctx, "after_step", event)

            together = ctx.settings.deploy_transaction == "run"
            retries = ctx.settings.deploy_retries
            PlanExecutor(connection, observe, record, one_transaction=together, retries=retries).run(plan)


@contextmanager
def _calling_hooks(ctx: ActionContext, plan: Plan) -> Iterator[list[StepEvent]]:
    """Call the hooks of the project's namespace before and after a run. Yields the list of its results, to be filled.

    A hook that fails before the run or in it fails the run; what one raises after a failure is a warning.
    """
    results: list[StepEvent] = []
    _call_hook(ctx, "before_run", plan)
    try:
        yield results
    except Exception as error:
        try:
            _call_hook(ctx, "on_failure", plan, results, error)
        except Exception as late:  # noqa: BLE001 - a hook may raise anything: the first error is the one to report
            ctx.console.warning(f"The hook on_failure failed, too: {late}")
        raise
    _call_hook(ctx, "after_run", plan, results)


def _call_hook(ctx: ActionContext, name: str, *values: object) -> None:
    hook = ctx.namespace_info.hooks.get(name) if ctx.namespace_info is not None else None
    if hook is not None:
        hook(ctx, *values)


@contextmanager
def recording(
    ctx: ActionContext, plan: Plan, connection: Connection, selection: Selection | None
) -> Iterator[Recording]:
    """Record the steps of an action in the history of the database. Yields what takes note of events.

    Where the history cannot be written, one warning says so, and the action runs without.
    """
    from ahjo_tasks.engine.executor import NotRecording
    from ahjo_tasks.engine.recorder import Recorder

    if ctx.project.run_record is None and selection is None:
        _check_repository(ctx, connection)
    recorder = Recorder(_run_record(ctx, connection), connection, selection, ctx.console.masked)
    try:
        recorder.begin(plan)
    except StatementError as error:
        ctx.console.warning(NO_HISTORY.format(error.message, recorder.ddl()), once=True)
        yield NotRecording()
        return
    try:
        yield recorder
    except BaseException as error:
        with suppress(Exception):  # a lost connection: whatever is raised now, the first error is the one to report
            recorder.end(error)
        raise
    recorder.end(None)


def data_progress(ctx: ActionContext, kind: str, connection: Connection | None, *, everything: bool) -> DataProgress:
    """Return how far the data files of a kind are in the database."""
    from ahjo_tasks.engine.data import DataProgress
    from ahjo_tasks.history.data import LoadedFiles
    from ahjo_tasks.history.store import HistoryStore

    def may_write() -> bool:
        record = ctx.project.run_record
        if record is not None and not record.started and connection is not None and connection.in_shared_transaction:
            record.start()
        return record is not None and record.started

    loaded = LoadedFiles(HistoryStore(connection, ctx.settings), kind) if connection is not None else None
    return DataProgress(loaded, ctx.console.masked, may_write, everything=everything)


def _check_repository(ctx: ActionContext, connection: Connection) -> None:
    """Raise NotPermittedError where the project's name in the database is that of another repository."""
    from ahjo_tasks.engine.stamp import check_repository
    from ahjo_tasks.history.store import HistoryStore

    store = HistoryStore(connection, ctx.settings)
    last = store.state() if store.exists() else None
    if last is not None:
        check_repository(last.repository, ctx.settings, ctx.project.directory)


def _run_record(ctx: ActionContext, connection: Connection) -> RunRecord:
    """Return the record of this command line in the database."""
    from ahjo_tasks.engine.recorder import RunRecord, describe_run
    from ahjo_tasks.history.store import HistoryStore

    store = HistoryStore(connection, ctx.settings)
    if ctx.project.run_record is None:
        run = describe_run(ctx.settings.project, ctx.command_line, ctx.project.environ)
        run = replace(run, login=ctx.database.login, environment=ctx.project.config_name)
        ctx.project.run_record = RunRecord(store, run)
    ctx.project.run_record.store = store
    return ctx.project.run_record


def show_server_info(ctx: ActionContext, connection: Connection | None) -> None:
    """Print once in a run the facts about server and database, and where they differ from the config."""
    if connection is None or ctx.project.database_described:
        return
    ctx.project.database_described = True
    for warning in describe_server(ctx, connection):
        ctx.console.warning(warning)


def describe_server(ctx: ActionContext, connection: Connection) -> list[str]:
    """Print the facts about server and database if the config wants them; return where they differ from the config."""
    if not ctx.settings.display_db_info or connection.dialect.file_based:
        return []
    try:
        facts, warnings = connection.dialect.server_info(connection, ctx.settings)
    except StatementError as error:
        ctx.console.info(f"  Server information is not available: {error.message}")
        return []
    if facts:
        ctx.console.info("  " + "   ".join(f"{name} {value}" for name, value in facts.items()))
    return warnings


def show_plan(
    ctx: ActionContext, plan: Plan, connection: Connection | None = None, selection: Selection | None = None
) -> None:
    """Print the plan in a line; in a dry run every step of it, and the state of every file on a terminal."""
    if ctx.dry_run and selection is not None and ctx.console.out.isatty():
        from ahjo_tasks.actions.plan_formats import print_tree, report_of, tree_lines

        print_tree(ctx, tree_lines(report_of(ctx, plan, selection.changes, connection)))
        ctx.console.print("  This is a dry run: nothing is changed.")
        return
    ctx.console.print(f"  Plan: {plan.summary}{' (dry run: nothing is changed)' if ctx.dry_run else ''}")
    if not ctx.dry_run:
        return
    cuts = transaction_cuts(plan, connection) if ctx.settings.deploy_transaction == "run" else {}
    for number, step in enumerate(plan.steps, 1):
        ctx.console.print(f"  {number:>{len(str(len(plan.steps)))}}. {step.kind} {step.label}")
        for line in step.note.splitlines():
            ctx.console.info(f"      {line}")
        if step.outside_transaction:
            ctx.console.info(f"      outside of a transaction: {step.outside_transaction}")
        elif number in cuts:
            ctx.console.info(f"      {cuts[number]}")
        _show_details(ctx, step, connection)


def _show_details(ctx: ActionContext, step: Step, connection: Connection | None) -> None:
    """Print below a step of a dry run the SQL of its revisions, and what it destroys."""
    from ahjo_tasks.actions.plan_formats import revision_lines
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.plan_report import plan_entries

    for entry in plan_entries(Plan((step,)), (), ctx.project.dialect, connection):
        for revision in entry.revisions:
            for line, _style in revision_lines(revision, alone=len(entry.revisions) == 1):
                ctx.console.info(line)
        for loss in (*entry.destroys, *(loss for revision in entry.revisions for loss in revision.destroys)):
            ctx.console.info(f"      destroys: {loss}")


def transaction_cuts(plan: Plan, connection: Connection | None) -> dict[int, str]:
    """Say, by the number of a step, why it does not share the transaction of the steps before it."""
    from ahjo_tasks.engine.executor import divide

    if connection is None:
        return {}
    parts = divide(plan.steps, connection, one_transaction=True)
    if not any(part.joined for part in parts):
        return {}
    cuts, number = {}, 1
    for part in parts:
        if part.reason:
            cuts[number] = f"a new transaction begins: {part.reason}"
        for offset, step in enumerate(part.steps):
            if step.alone:
                cuts[number + offset] = f"committed by itself: {step.alone}"
        number += len(part.steps)
    return cuts


def show_event(ctx: ActionContext, event: StepEvent) -> None:
    """Print an event of the executor: progress, message, or result of a step."""
    console, label = ctx.console, f"{event.kind} {event.label}"
    if event.status == "rolled back":
        return
    if event.status == "started":
        others = f" and {event.batch_size - 1} more" if event.batch_size > 1 else ""
        console.step_started(event.number, event.total, f"{label}{others}")
    elif event.status == "message":
        console.print("      " + "\n      ".join(event.text.splitlines()))
    else:
        rows = pluralize(event.rows, "row") if event.rows else ""
        console.result(event.number, event.total, label, event.status, seconds=event.seconds, extra=rows)


@contextmanager
def _opened(ctx: ActionContext) -> Iterator[Connection | None]:
    if not ctx.dry_run:
        with ctx.database.locked_connection() as connection:
            yield connection
        return
    yield existing_connection(ctx)


def existing_connection(ctx: ActionContext) -> Connection | None:
    """Return the open connection, or None if the database does not exist yet."""
    try:
        return ctx.database.connection
    except ConnectionFailedError as error:
        if not error.missing_database:
            raise
    if ctx.project.expects_new_database:
        ctx.console.info("init leaves an empty database: the plan is the one for it.")
    else:
        ctx.console.info("The database does not exist yet: the plan is the one for an empty database.")
    return None
