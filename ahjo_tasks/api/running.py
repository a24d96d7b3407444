"""Connect for a run, and apply its plan: with hooks, and a record in the history."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ahjo_tasks.errors import ConnectionFailedError, StatementError, UsageError
from ahjo_tasks.events import Connected, Planned, Started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ahjo_tasks.api.session import Session
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.data import DataProgress
    from ahjo_tasks.engine.deployment import Selection
    from ahjo_tasks.engine.executor import Recording
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.recorder import Recorder, RunRecord
    from ahjo_tasks.events import StepEvent

NO_HISTORY = "The history cannot be written: {}"
NO_TABLES = "\nEvery deploy runs all files until someone creates its tables:\n{}"


def begin(session: Session) -> None:
    """Tell once that the run begins, before it connects."""
    if session.begun:
        return
    session.begun, project = True, session.project
    session.emit(Started(session.actions, project.target, session.settings.environment or "", session.database.login))


@contextmanager
def locked_connection(session: Session) -> Iterator[Connection]:
    """Lend the connection that a plan is made and applied on, with the deploy lock held."""
    begin(session)
    with session.database.locked_connection() as connection:
        describe_once(session, connection)
        yield connection


def existing_connection(session: Session) -> Connection | None:
    """Return the open connection, or None if the database does not exist yet."""
    try:
        return session.database.connection
    except ConnectionFailedError as error:
        if not error.missing_database:
            raise
    if session.project.expects_new_database:
        session.console.info("init leaves an empty database: the plan is the one for it.")
    else:
        session.console.info("The database does not exist yet: the plan is the one for an empty database.")
    return None


def required_connection(session: Session) -> Connection:
    """Return the open connection. Raises UsageError if the database does not exist yet."""
    try:
        return session.database.connection
    except ConnectionFailedError as error:
        if not error.missing_database:
            raise
        raise UsageError("There is no database yet.", hint="inv init deploy creates it.") from error


def describe_once(session: Session, connection: Connection | None) -> None:
    """Tell once in a run the facts about server and database, and where they differ from the config."""
    if connection is None or session.project.database_described:
        return
    session.project.database_described = True
    for warning in describe_server(session, connection):
        session.console.warning(warning)


def describe_server(session: Session, connection: Connection) -> list[str]:
    """Tell the facts about server and database if the config wants them; return where they differ from the config."""
    if not session.settings.display_db_info or connection.dialect.file_based:
        return []
    try:
        facts, warnings = connection.dialect.server_info(connection, session.settings)
    except StatementError as error:
        session.console.info(f"  Server information is not available: {error.message}")
        return []
    if facts:
        session.emit(Connected({name: str(value) for name, value in facts.items()}))
    return warnings


def tell_plan(session: Session, plan: Plan) -> None:
    """Tell the notes and warnings of a plan."""
    for note in plan.notes:
        session.console.info(note)
    for warning in plan.warnings:
        session.console.warning(warning, once=True)


def apply_plan(session: Session, plan: Plan, connection: Connection, selection: Selection | None = None) -> None:
    """Tell the plan, and apply it. Raises DeployError when a step fails."""
    with applying(session, plan, connection, selection) as apply:
        apply()


@contextmanager
def applying(
    session: Session, plan: Plan, connection: Connection, selection: Selection | None = None
) -> Iterator[Callable[[], None]]:
    """Tell the plan, and surround its run with hooks and the history. Yields the function that runs it.

    `selection` says what the files were before.
    """
    tell_plan(session, plan)
    session.emit(Planned(plan.summary, tuple((step.kind, step.label) for step in plan.steps)))
    if not plan.steps:
        yield lambda: None
        return
    from ahjo_tasks.engine.executor import PlanExecutor  # reads SQL, which takes long to load

    together, retries = session.settings.deploy_transaction == "run", session.settings.deploy_retries
    with calling_hooks(session, plan) as observe, recording(session, plan, connection, selection) as record:
        executor = PlanExecutor(connection, observe, record, one_transaction=together, retries=retries)
        yield partial(executor.run, plan)


@contextmanager
def calling_hooks(session: Session, plan: Plan) -> Iterator[Callable[[StepEvent], None]]:
    """Call the hooks of the project before and after a run and its steps. Yields the observer of its events.

    A hook that fails before the run or in it fails the run; what one raises after a failure is a warning.
    """
    results: list[StepEvent] = []
    begun: set[tuple[str, str]] = set()

    def observe(event: StepEvent) -> None:
        key = (event.kind, event.label)
        if event.status == "started" and key not in begun:  # a step may be started again, by itself
            begun.add(key)
            session.call_hook("before_step", plan, results, event)
        session.emit(event)
        for noted in (results, session.steps):
            _note(noted, event)
        if event.ended:
            session.call_hook("after_step", plan, results, event)

    session.call_hook("before_run", plan, results)
    try:
        yield observe
    except (Exception, KeyboardInterrupt) as error:
        try:
            session.call_hook("on_failure", plan, results, error)
        except Exception as late:  # noqa: BLE001 - a hook may raise anything: the first error is the one to report
            session.console.warning(f"The hook on_failure failed, too: {late}")
        raise
    session.call_hook("after_run", plan, results)


def _note(results: list[StepEvent], event: StepEvent) -> None:
    """Add a step that ended, or note of one that it was rolled back later."""
    if event.ended:
        results.append(event)
    elif event.status == "rolled back":
        done = (number for number, step in enumerate(results) if step.status == "ok" and step.label == event.label)
        for number in list(done)[-1:]:
            results[number] = replace(results[number], status=event.status)


@contextmanager
def recording(session: Session, plan: Plan, connection: Connection, selection: Selection | None) -> Iterator[Recording]:
    """Record the steps of an action in the history of the database. Yields what takes note of events.

    Where the history cannot be written, one warning says so, and the action runs without. Raises StatementError where
    another session is in the way of it.
    """
    from ahjo_tasks.engine.executor import NotRecording
    from ahjo_tasks.engine.recorder import Recorder

    if session.project.run_record is None and selection is None:
        _check_repository(session, connection)
    recorder = Recorder(_run_record(session, plan, connection), connection, selection, session.conceal)
    try:
        recorder.begin(plan)
    except StatementError as error:
        if error.server.lost or error.server.number in connection.dialect.blocked_by_others:
            raise
        missing = recorder.ddl()
        text = NO_HISTORY.format(error.message) + (NO_TABLES.format(missing) if missing else "")
        session.console.warning(text, once=True)
        yield NotRecording()
        return
    except KeyboardInterrupt as stop:
        _end(recorder, stop)
        raise
    try:
        yield recorder
        recorder.end(None)
    except BaseException as error:
        _end(recorder, error)
        raise
    for sentence in recorder.strange:
        session.console.warning(f"{sentence}.")


def _end(recorder: Recorder, error: BaseException) -> None:
    """Write how a run ended that failed; whatever is raised now, as by a lost connection, `error` is to be reported."""
    with suppress(Exception):
        recorder.end(error)


def _check_repository(session: Session, connection: Connection) -> None:
    """Raise NotPermittedError where the project's name in the database is that of another repository."""
    from ahjo_tasks.engine.stamp import check_repository
    from ahjo_tasks.history.store import HistoryStore

    store = HistoryStore(connection, session.settings)
    last = store.state() if store.exists() else None
    if last is not None:
        check_repository(last.repository, session.settings.project, session.project.checkout)


def _run_record(session: Session, plan: Plan, connection: Connection) -> RunRecord:
    """Return the record of this run in the database."""
    from ahjo_tasks.engine.recorder import RunRecord, describe_run
    from ahjo_tasks.history.store import HistoryStore

    project = session.project
    store = HistoryStore(connection, session.settings)
    if project.run_record is None:
        run = describe_run(plan, session.settings.project, project.checkout, session.actions, project.environ)
        environment = session.settings.environment or project.config_name
        run = replace(run, login=session.database.login, environment=environment)
        project.run_record = RunRecord(store, run, project.directory)
    project.run_record.store = store
    return project.run_record


def data_progress(
    session: Session, kind: str, connection: Connection | None, *, everything: bool = False, keeps: bool = True
) -> DataProgress:
    """Return how far the files of a kind are in the database; `keeps` says that those stay recorded that are done."""
    from ahjo_tasks.engine.data import DataProgress
    from ahjo_tasks.history.data import LoadedFiles
    from ahjo_tasks.history.store import HistoryStore

    def may_write() -> bool:
        record = session.project.run_record
        if record is not None and not record.started and connection is not None and connection.in_shared_transaction:
            record.start()
        return record is not None and record.started

    loaded = LoadedFiles(HistoryStore(connection, session.settings), kind) if connection is not None else None
    return DataProgress(loaded, session.conceal, may_write, everything=everything, keeps=keeps)


def going_on(session: Session, plan: Plan, connection: Connection | None, *, everything: bool = False) -> Plan:
    """Return the plan whose files go on where an earlier run has left a part of them done."""
    from ahjo_tasks.engine import object_progress

    if connection is None or not any(map(object_progress.may_stop, plan.steps)):
        return plan
    progress = data_progress(session, "object", connection, everything=everything, keeps=False)
    return object_progress.going_on(plan, progress)
