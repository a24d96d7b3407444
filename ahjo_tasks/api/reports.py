"""Reports about a database: what a deploy would do, what state it is in, and what was changed by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ahjo_tasks.api import deploying
from ahjo_tasks.api.running import existing_connection
from ahjo_tasks.utils import text_difference

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ahjo_tasks.api.session import Session
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.changes import FileChange
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.plan_report import Entry, ObjectState, PlanReport
    from ahjo_tasks.history.store import HistoryStore, Run

NO_TEXT = "(the history has not kept the text that was deployed)"


def report_of(  # noqa: PLR0913 - how much is in it
    session: Session,
    plan: Plan,
    changes: Sequence[FileChange],
    connection: Connection | None,
    *,
    unchanged: bool = False,
    diff: bool = False,
) -> PlanReport:
    """Return a plan as a document, secrets covered.

    With `unchanged` the unchanged files are in it as well, with `diff` how the texts differ from those deployed last.
    """
    from ahjo_tasks.engine.changes import Status
    from ahjo_tasks.engine.executor import describe_failure, describe_transactions, divide
    from ahjo_tasks.engine.plan_report import plan_entries

    together = session.settings.deploy_transaction == "run"
    parts = divide(plan.steps, session.project.dialect, connection, one_transaction=together)
    cuts = describe_transactions(parts)
    entries = plan_entries(plan, changes, session.project.dialect, connection, unchanged=unchanged)
    if diff and connection is not None:
        entries = _with_diffs(session, connection, entries, changes)
    report = replace(
        report_head(session),
        summary=plan.summary,
        changes=tuple(replace(each, transaction=cuts.get(number, "")) for number, each in enumerate(entries, 1)),
        unchanged=0 if unchanged else sum(change.status is Status.UNCHANGED for change in changes),
        on_failure=describe_failure(parts, connection) if connection is not None else "",
        warnings=plan.warnings,
    )
    return report.masked(session.conceal)


def _with_diffs(
    session: Session, connection: Connection, entries: Sequence[Entry], changes: Sequence[FileChange]
) -> tuple[Entry, ...]:
    """Return the entries with how the text of each file that runs differs from the one that was deployed last."""
    from ahjo_tasks.history.store import HistoryStore

    store = HistoryStore(connection, session.settings)
    if not store.exists():
        return tuple(entries)
    texts = {change.label: change.file.text for change in changes if change.runs and change.file is not None}
    return tuple(
        replace(entry, diff=session.conceal(_diff(store, entry.file, texts[entry.file])))
        if entry.file in texts
        else entry
        for entry in entries
    )


def _diff(store: HistoryStore, label: str, now: str) -> str:
    step = store.last_deployed(label)
    before = store.text(step.text_hash) if step is not None else ""
    return NO_TEXT if before is None else "\n".join(text_difference(before, now, label))


def report_head(session: Session) -> PlanReport:
    """Return a report that only names project and target."""
    from ahjo_tasks.engine.plan_report import PlanReport

    project, settings = session.project, session.settings
    folder = folder_in_repository(project.directory)
    return PlanReport(settings.project, project.target, settings.environment or "", folder)


def folder_in_repository(directory: Path) -> str:
    """Return the path of a folder from the top of its repository; empty at the top, or without a repository."""
    folder = directory.resolve()
    tops = (above for above in (folder, *folder.parents) if (above / ".git").exists())
    path = folder.relative_to(next(tops, folder)).as_posix()
    return "" if path == "." else path


def read_status(session: Session) -> tuple[PlanReport, Run | None, tuple[ObjectState, ...]]:
    """Return the state of all files and revisions as a plan, the last run, and the state of each with its own run."""
    from ahjo_tasks.engine.plan_report import object_states
    from ahjo_tasks.history.store import HistoryStore

    connection = existing_connection(session)
    objects = deploying.read_objects(session)
    plan, selection = deploying.plan_changes(session, objects, connection, deploying.Skipped())
    report = report_of(session, plan, selection.changes if selection else (), connection, unchanged=True)
    report = replace(report, on_failure="")  # it is the state, not a deploy
    store = HistoryStore(connection, session.settings) if connection is not None else None
    runs = store.runs(session.settings.history_keep) if store is not None and store.exists() else []
    by_id = {run.run_id: run for run in runs}
    records = store.files().values() if store is not None and runs else ()
    deployed = {record.file: by_id[record.run_id] for record in records if record.run_id in by_id}
    migrations = session.project.migrations
    applied = migrations.current(connection) if connection is not None and migrations.present else ()
    if store is not None and runs:
        brought = {revision: store.run_of_revision(revision) for revision in applied}
        deployed |= {revision: run for revision, run in brought.items() if run is not None}
    return report, runs[0] if runs else None, object_states(report, deployed, tuple(applied))


def _other_texts(session: Session) -> list[str]:
    """Return the texts of revisions, and of the files of `structure`."""
    from ahjo_tasks.project.kinds import STRUCTURE

    texts = session.project.files.read_texts(STRUCTURE, session.settings.scripting_variables)
    return [*session.project.migrations.texts(), *(file.text for file in texts)]


def find_drift(session: Session) -> PlanReport:
    """Return what differs in the database from what was deployed."""
    from ahjo_tasks.engine.drift import DriftFinder
    from ahjo_tasks.engine.plan_report import Entry
    from ahjo_tasks.engine.sql_file import FileStep

    connection = session.database.connection
    files = [step.file for step in deploying.read_objects(session).steps if isinstance(step, FileStep)]
    finder = DriftFinder(session.settings, connection, session.conceal)
    found = finder.find(files, lambda: _other_texts(session))
    if finder.incomparable:
        session.console.warning(f"Definitions are not compared before the next deploy: {finder.incomparable}.")
    changes = tuple(
        Entry(str(change.status), change.kind, change.label, change.reason, diff=change.diff) for change in found
    )
    return replace(report_head(session), changes=changes).masked(session.conceal)
