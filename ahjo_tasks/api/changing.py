"""Runs other than a deploy: data, SQL tests, a baseline, going back, and a rehearsal."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatch
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.api import deploying
from ahjo_tasks.api.running import (
    apply_plan,
    begin,
    calling_hooks,
    data_progress,
    describe_once,
    locked_connection,
    recording,
)
from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.events import FileTested, StepEvent
from ahjo_tasks.project.kinds import KINDS
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ahjo_tasks.api.session import Session
    from ahjo_tasks.data.table_file import TableFile
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.data import DataProgress
    from ahjo_tasks.engine.deployment import Selection
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.project.files import ProjectFiles
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.testing.sql_tests import FileResult

DATA = ("data", "testdata")
"""Kinds of files with rows."""
UNCHANGED = "unchanged since it was run"
"""Words about a file, or all files of a kind, that need not run again."""
TABLES = ("table", "constraint")
"""Kinds of files with foreign keys, which are not in a database yet that does not exist."""


class DataFiles:
    """The data files of a kind, and whether the git version is recorded after them."""

    def __init__(self, session: Session, kind: str, *, record_version: bool, everything: bool) -> None:
        self._session = session
        self._kind = kind
        self._record_version = record_version
        self._everything = everything

    @cached_property
    def _files(self) -> list[SqlFile | TableFile]:
        return _read_data(self._session, self._session.project.files, self._kind)

    def plan(self, connection: Connection | None) -> tuple[Plan, DataProgress]:
        """Plan to load what is not loaded yet, parents first."""
        from ahjo_tasks.engine.data import plan_data

        session = self._session
        progress = data_progress(session, self._kind, connection, everything=self._everything)
        files = session.project.files
        tables = () if connection else files.read(TABLES, session.settings.scripting_variables)
        plan = plan_data(self._files, files.dialect, connection, progress, tables)
        return plan + self._plan_version(connection), progress

    def _plan_version(self, connection: Connection | None) -> Plan:
        from ahjo_tasks.engine.plan import Plan
        from ahjo_tasks.engine.stamp import plan_stamp

        session = self._session
        return plan_stamp(session.settings, session.project.checkout, connection) if self._record_version else Plan(())

    def load(self) -> None:
        """Load them. Raises DeployError that names file and row."""
        begin(self._session)
        inputs = "" if self._everything else self._hash()
        if self._are_done(inputs):
            return
        with locked_connection(self._session) as connection:
            plan, progress = self.plan(connection)
            apply_plan(self._session, plan, connection)
            same = bool(inputs) and inputs == self._hash()  # nobody saved files while they were read
            progress.finish(self._files, inputs if same else "")

    def _hash(self) -> str:
        """Return a hash of all that loading them depends on; empty where not all of it is known."""
        from ahjo_tasks.engine.unchanged import hash_data

        session = self._session
        return hash_data(session.project.files, session.settings, self._kind, session.conceal)

    def _are_done(self, inputs: str) -> bool:
        """Look, without the lock, if all of them are loaded already; `inputs` is a hash of all of them.

        In a transaction that the whole action shares nothing is read: what it has seen once it sees again.
        """
        from ahjo_tasks.engine.plan import Plan
        from ahjo_tasks.engine.unchanged import is_loaded

        connection = self._session.database.connection
        if connection.in_shared_transaction:
            return False
        if is_loaded(connection, self._session.settings, self._kind, inputs):
            plan = self._plan_version(connection) + Plan((), (f"database/{KINDS[self._kind].folders[0]}: {UNCHANGED}",))
        else:
            plan, progress = self.plan(connection)
            if progress.is_unfinished:
                return False
        if plan.steps:
            return False
        describe_once(self._session, connection)
        apply_plan(self._session, plan, connection)
        return True


def _read_data(session: Session, files: ProjectFiles, kind: str) -> list[SqlFile | TableFile]:
    """Read the data files of a kind."""
    from ahjo_tasks.data.table_file import read_table_files

    scripts = files.read([kind], session.settings.scripting_variables)
    return [*scripts, *read_table_files(files, kind, session.settings.data_loading)]


class Baseline(NamedTuple):
    """Content of a baseline: the files whose objects are there, pending revisions, and data files to be run once.

    `version` records the git version, where the project has another one than the database.
    """

    selection: Selection
    pending: int
    data: tuple[SqlFile | TableFile, ...]
    version: Plan

    @property
    def summary(self) -> str:
        """Return the counts: `3 files, 1 revision, 1 data file`."""
        counts = {"file": len(self.selection.plan.steps), "revision": self.pending, "data file": len(self.data)}
        return ", ".join(pluralize(count, noun) for noun, count in counts.items() if count or noun != "data file")

    def record(self, session: Session, connection: Connection) -> None:
        """Record all of it as deployed, without running it."""
        steps = self.selection.plan.steps
        if self.pending:
            session.project.migrations.stamp(connection)
        with (
            calling_hooks(session, self.selection.plan) as observe,
            recording(session, self.selection.plan, connection, self.selection) as record,
        ):
            for number, step in enumerate(steps, 1):
                event = StepEvent("recorded", step.kind, step.label, number, len(steps))
                record.observe(replace(event, status="ok"), step)
                observe(event)
            for kind in DATA:
                progress = data_progress(session, kind, connection, everything=False)
                for file in self.data:
                    if file.kind == kind:
                        progress.record_done(file)
            for step in self.version.steps:
                step.run(connection)


def plan_baseline(session: Session, connection: Connection) -> Baseline:
    """Find the files whose objects are there; the others get a note."""
    from ahjo_tasks.engine.deployment import Deployment
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.sql_file import plan_objects
    from ahjo_tasks.engine.stamp import check_repository, plan_stamp
    from ahjo_tasks.project.kinds import OBJECTS

    project = session.project
    with _deployed_files(session, connection) as files:
        now = files is project.files
        inputs = deploying.hash_files(session) if now else ""
        objects = plan_objects(files.read(OBJECTS, session.settings.scripting_variables))
        data = tuple(file for kind in DATA for file in _read_data(session, files, kind) if file.run_rule == "once")
    selection = Deployment(session.settings, connection, session.conceal).baseline(objects, inputs)
    state = None
    if selection.state is not None and now:
        repository = check_repository("", session.settings.project, project.checkout)
        state = replace(selection.state, repository=repository)
    for change in selection.changes:
        session.console.info(f"  {change.label}: not recorded: {change.reason}")
    migrations = project.migrations
    current = migrations.current(connection) if migrations.present else ()
    pending = migrations.pending(current) if migrations.present and (now or not current) else []
    version = plan_stamp(session.settings, project.checkout, connection) if now else Plan(())
    return Baseline(replace(selection, state=state), len(pending), data, version)


@contextmanager
def _deployed_files(session: Session, connection: Connection) -> Iterator[ProjectFiles]:
    """Lend the files that the database has: those of the project, or of the commit that Ahjo has deployed there.

    A database of Ahjo has the commit in its git table, and no history yet. What has changed in the files since then
    is still to be deployed.
    """
    from ahjo_tasks.engine.stamp import read_stamp
    from ahjo_tasks.fleet.repository import Repository, temporary_folder
    from ahjo_tasks.history.store import HistoryStore

    project, console = session.project, session.console
    store = HistoryStore(connection, session.settings)
    version = None if store.exists() and store.files() else read_stamp(session.settings, connection)
    if version is None:
        yield project.files
        return
    with temporary_folder("ahjo-baseline-") as folder:
        try:
            repository = Repository(project.directory)
            there = repository.export(repository.commit(version.commit), folder)
        except AhjoError as error:
            console.info(f"  The files of the database's git version {version.commit} are not here: {error.message}")
            console.info("  The files are recorded as they are now.")
            yield project.files
            return
        console.info(f"  Ahjo deployed {version.commit} here: the files are recorded as they were then.")
        yield project.files_in(there)


def record_baseline(session: Session) -> Baseline:
    """Record what is there as deployed, without running it."""
    with locked_connection(session) as connection:
        baseline = plan_baseline(session, connection)
        baseline.record(session, connection)
    return baseline


def plan_rollback(session: Session, run: str, connection: Connection) -> Plan:
    """Plan to deploy the texts that objects had before a run. Raises UsageError where it cannot be."""
    from ahjo_tasks.engine import rollback
    from ahjo_tasks.history.store import HistoryStore

    if not run:
        raise UsageError("rollback needs --run.", hint="inv history lists the runs.")
    return rollback.plan_rollback(run, HistoryStore(connection, session.settings), session.project.files)


def roll_back(session: Session, run: str) -> None:
    """Deploy the texts that objects had before a run."""
    with locked_connection(session) as connection:
        apply_plan(session, plan_rollback(session, run, connection), connection)


def rehearse(session: Session, plan: Plan, connection: Connection, afterwards: Callable[[], object]) -> None:
    """Run a plan, and something after it, in a transaction that is rolled back."""
    from ahjo_tasks.engine.rehearsal import rehearse

    with calling_hooks(session, plan) as observe:
        rehearse(plan, connection, observe, afterwards)


def chosen_tests(session: Session, match: str) -> list[SqlFile]:
    """Read the test files whose name or path matches. Raises UsageError where none does."""
    files = session.project.files.read(["test"], session.settings.test_variables)
    chosen = [file for file in files if not match or fnmatch(file.name, match) or fnmatch(file.label, match)]
    if match and not chosen:
        raise UsageError(f"No file in database/tests matches {match!r}.")
    return chosen


def run_tests(session: Session, files: Sequence[SqlFile], jobs: int = 1) -> list[FileResult]:
    """Run test files, and tell of each; one that the server refuses fails."""
    results = []
    for number, result in enumerate(_results(session, files, jobs), 1):
        results.append(result)
        session.emit(_event(session, result, number, len(files)))
        session.database.connection.check_interrupted()
    return results


def run_and_save_tests(session: Session, files: Sequence[SqlFile], jobs: int) -> None:
    """Run test files, and save their rows where the config says so; what cannot be saved is a warning."""
    from ahjo_tasks.testing.saved_results import save

    started = datetime.now()  # noqa: DTZ005 - the column of the results' table has no zone
    results = run_tests(session, files, jobs)
    if not session.settings.save_test_results_to_db:
        return
    try:
        with session.database.separate_connection() as connection:
            save(results, session.settings, connection, started)
    except AhjoError as error:
        session.console.warning(f"The results of the tests were not saved: {error}")


def _results(session: Session, files: Sequence[SqlFile], jobs: int) -> Iterator[FileResult]:
    from ahjo_tasks.testing import sql_tests

    if jobs > 1 and not session.database.connection.in_shared_transaction:
        return sql_tests.run_parallel(files, session.database.new_connection, jobs)
    return sql_tests.run_tests(files, session.database.connection)


def _event(session: Session, result: FileResult, number: int, total: int) -> FileTested:
    from ahjo_tasks.testing.sql_tests import shown_value

    failures = tuple(
        {name: session.conceal(shown_value(value)) for name, value in row.values.items()}
        for row in result.rows
        if row.passed is False
    )
    counts = (result.passed, result.failed)
    error = result.error.as_dict() if result.error else {}
    event = FileTested(result.file.label, number, total, result.seconds, *counts, result.messages, failures, error)
    session.tests.append(event)
    return event
