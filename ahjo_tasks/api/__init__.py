"""Calls for programs: deploy the databases of a project, and look at them, without a terminal.

Each function takes the folder of a project and its config: the path of a file (relative to the folder), or a mapping of
keys that override the only config of the folder. Nothing is printed, asked or logged: what happens is told by events,
to `on_event`, and what came of it is returned. The call is the consent; a protected database wants its name, too. All
raise AhjoError, with an exit code and, where known, file, line and column; it can be sent to another process.

A `Project` in place of the folder is read once for many targets. Threads and processes may call at the same time, each
on a database of its own. A run that `interrupt` stops has the status `interrupted`, one of an action that the config
skips `skipped`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ahjo_tasks.api.calls import Call, Project, RunOptions
from ahjo_tasks.api.results import Result, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Unpack

    from ahjo_tasks.api import deploying
    from ahjo_tasks.api.calls import Config, Folder
    from ahjo_tasks.api.session import Session
    from ahjo_tasks.engine.plan_report import PlanReport
    from ahjo_tasks.history.store import Run, StepRecord

__all__ = [
    "Project",
    "Result",
    "RunOptions",
    "Status",
    "baseline",
    "complete_build",
    "data",
    "deploy",
    "drift",
    "history",
    "init",
    "plan",
    "rehearse",
    "rollback",
    "status",
    "steps",
    "test",
    "testdata",
]


def plan(  # noqa: PLR0913 - the flags
    folder: Folder,
    config: Config = None,
    *,
    select: Sequence[str] = (),
    prune: bool = False,
    all: bool = False,  # noqa: A002 - the name of the flag
    diff: bool = False,
    **options: Unpack[RunOptions],
) -> PlanReport:
    """Return what a deploy would do. Nothing is changed or locked; without a database, it is the plan for an empty one.

    `select` names files, objects or folders, `prune` includes the objects of removed files, `all` the unchanged files,
    and `diff` how texts differ from those deployed last.
    """
    from ahjo_tasks.api import deploying, reports
    from ahjo_tasks.api.running import existing_connection
    from ahjo_tasks.engine.saved_plan import Options

    with Call("plan", folder, config, options, reads=True).session() as session:
        connection = existing_connection(session)
        planned = deploying.plan_with(session, connection, Options(all, tuple(select), prune))
        return reports.report_of(session, planned.plan, planned.changes, connection, diff=diff)


def status(folder: Folder, config: Config = None, **options: Unpack[RunOptions]) -> Status:
    """Return the state of all files and pending revisions, and the last run."""
    from ahjo_tasks.api import reports

    with Call("status", folder, config, options, reads=True).session() as session:
        report, run, _states = reports.read_status(session)
        return Status(report, run)


def drift(folder: Folder, config: Config = None, **options: Unpack[RunOptions]) -> PlanReport:
    """Return what differs in the database from what was deployed; a difference is no error."""
    from ahjo_tasks.api import reports

    with Call("drift", folder, config, options, reads=True).session() as session:
        return reports.find_drift(session)


def history(
    folder: Folder, config: Config = None, *, limit: int = 20, **options: Unpack[RunOptions]
) -> tuple[Run, ...]:
    """Return the last runs that changed the database, the newest first; none without a history."""
    from ahjo_tasks.history.store import HistoryStore

    with Call("history", folder, config, options, reads=True).session() as session:
        store = HistoryStore(session.database.connection, session.settings)
        return tuple(store.runs(limit)) if store.exists() else ()


def steps(folder: Folder, config: Config = None, *, run: str, **options: Unpack[RunOptions]) -> tuple[StepRecord, ...]:
    """Return the steps of a run in the history, by its id."""
    from ahjo_tasks.history.store import HistoryStore

    with Call("history", folder, config, options, reads=True).session() as session:
        store = HistoryStore(session.database.connection, session.settings)
        return tuple(store.steps(run)) if store.exists() else ()


def init(folder: Folder, config: Config = None, **options: Unpack[RunOptions]) -> Result:
    """Create the database, and drop the old one.

    One that no run made and that is not empty is dropped only where `confirm_database` names it.
    """
    call = Call("init", folder, config, options)
    return call.run(partial(_init, call))


def deploy(  # noqa: PLR0913 - the flags
    folder: Folder,
    config: Config = None,
    *,
    select: Sequence[str] = (),
    files: Sequence[str] = (),
    prune: bool = False,
    all: bool = False,  # noqa: A002 - the name of the flag
    on_drift: str = "",
    saved_plan: str = "",
    **options: Unpack[RunOptions],
) -> Result:
    """Run the pending migrations, and deploy what has changed since the last deploy.

    `select` names files, objects or folders, `files` are deployed alone whatever their state, `prune` drops the objects
    of removed files, `all` deploys unchanged files, too. `on_drift` is `replace` or `stop`, `saved_plan` the path of a
    plan that is applied exactly. Raises DeployError for a step that fails, LockedError when another run holds the lock.
    """
    from ahjo_tasks.api import deploying

    flags = deploying.DeployOptions(tuple(files), all, tuple(select), prune, on_drift, saved_plan)
    return Call("deploy", folder, config, options).run(partial(_deploy, flags=flags))


def data(
    folder: Folder,
    config: Config = None,
    *,
    all: bool = False,  # noqa: A002 - the name of the flag
    **options: Unpack[RunOptions],
) -> Result:
    """Load database/data, parents first; with `all` also files to be run once. Raises DeployError with file and row."""
    return Call("data", folder, config, options).run(partial(_load, kind="data", everything=all))


def testdata(
    folder: Folder,
    config: Config = None,  # noqa: PT028 - it is no test
    *,
    all: bool = False,  # noqa: A002, PT028 - the name of the flag
    **options: Unpack[RunOptions],
) -> Result:
    """Load database/data/testdata."""
    return Call("testdata", folder, config, options).run(partial(_load, kind="testdata", everything=all))


def test(
    folder: Folder,
    config: Config = None,  # noqa: PT028 - it is no test
    *,
    match: str = "",  # noqa: PT028 - it is no test
    jobs: int = 1,  # noqa: PT028 - it is no test
    **options: Unpack[RunOptions],
) -> Result:
    """Run the SQL tests whose name matches, `jobs` at a time. Their outcome is in `tests`; a failed one is no error."""
    return Call("test", folder, config, options).run(partial(_test, match=match, jobs=jobs))


def baseline(folder: Folder, config: Config = None, **options: Unpack[RunOptions]) -> Result:
    """Record the objects that are there as deployed, without running their files; what is missing gets a note."""
    from ahjo_tasks.api import changing

    return Call("baseline", folder, config, options).run(changing.record_baseline)


def rollback(folder: Folder, config: Config = None, *, run: str, **options: Unpack[RunOptions]) -> Result:
    """Deploy the texts that objects had before a run. Raises UsageError where a text or a table does not allow it."""
    from ahjo_tasks.api import changing

    return Call("rollback", folder, config, options).run(partial(changing.roll_back, run=run))


def rehearse(folder: Folder, config: Config = None, *, match: str = "", **options: Unpack[RunOptions]) -> Result:
    """Deploy and test in a transaction that is rolled back. Raises UsageError where a step cannot be rolled back."""
    return Call("rehearse", folder, config, options).run(partial(_rehearse, match=match))


def complete_build(folder: Folder, config: Config = None, **options: Unpack[RunOptions]) -> Result:
    """Create the database, deploy, load data and test data, and test: each unless the config skips it."""
    from ahjo_tasks.api import deploying

    call = Call("complete-build", folder, config, options)
    parts: dict[str, Callable[[Session], None]] = {
        "init": partial(_init, call),
        "deploy": partial(_deploy, flags=deploying.DeployOptions()),
        "data": partial(_load, kind="data"),
        "testdata": partial(_load, kind="testdata"),
        "test": _test,
    }
    return call.run(partial(call.run_parts, parts=parts))


def _init(call: Call, session: Session) -> None:
    from ahjo_tasks.api import creating

    creating.create_database(session, call.require_foreign)


def _deploy(session: Session, flags: deploying.DeployOptions) -> None:
    from ahjo_tasks.api import deploying

    deploying.deploy(session, flags, deploying.CallersConsent())


def _load(session: Session, kind: str, *, everything: bool = False) -> None:
    from ahjo_tasks.api.changing import DataFiles

    DataFiles(session, kind, record_version=kind == "data", everything=everything).load()


def _test(session: Session, match: str = "", jobs: int = 1) -> None:
    from ahjo_tasks.api import changing
    from ahjo_tasks.api.running import begin

    files = changing.chosen_tests(session, match)
    begin(session)
    changing.run_and_save_tests(session, files, jobs)


def _rehearse(session: Session, match: str) -> None:
    from ahjo_tasks.api import changing, deploying
    from ahjo_tasks.api.running import locked_connection, tell_plan

    tests = changing.chosen_tests(session, match)
    with locked_connection(session) as connection:
        plan, _selection = deploying.plan_changes(
            session, deploying.read_objects(session), connection, deploying.Skipped()
        )
        tell_plan(session, plan)
        changing.rehearse(session, plan, connection, lambda: changing.run_tests(session, tests))
