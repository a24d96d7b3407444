"""Calls for programs: plan and deploy the databases of a project, and look at them, without a terminal.

Each function takes the folder of a project and its config: the path of a file (relative to the folder), or a mapping of
keys that override the only config of the folder. Nothing is printed, asked or logged: what happens is told by events,
to `on_event`, and what came of it is returned. The call is the consent. All raise AhjoError, with an exit code and,
where known, file, line and column; it can be sent to another process.

Threads may call at the same time, each on a database of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.api.calls import Call, RunOptions
from ahjo_tasks.api.results import Result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Unpack

    from ahjo_tasks.api.calls import Config
    from ahjo_tasks.api.session import Session
    from ahjo_tasks.engine.plan_report import PlanReport

__all__ = ["Result", "RunOptions", "deploy", "plan"]


def plan(
    folder: str | Path,
    config: Config = None,
    *,
    select: Sequence[str] = (),
    prune: bool = False,
    all: bool = False,  # noqa: A002 - the name of the flag
    **options: Unpack[RunOptions],
) -> PlanReport:
    """Return what a deploy would do. Nothing is changed or locked; without a database, for an empty one.

    `select` names files, objects or folders, `prune` includes the objects of removed files, `all` the unchanged files.
    """
    from ahjo_tasks.api import deploying
    from ahjo_tasks.api.running import existing_connection
    from ahjo_tasks.engine.saved_plan import Options

    with Call("plan", folder, config, options, reads=True).session() as session:
        connection = existing_connection(session)
        planned = deploying.plan_with(session, connection, Options(all, tuple(select), prune))
        return deploying.report_of(session, planned.plan, planned.changes, connection)


def deploy(  # noqa: PLR0913 - the flags
    folder: str | Path,
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

    def work(session: Session) -> None:
        deploying.deploy(session, flags, deploying.CallersConsent())

    return Call("deploy", folder, config, options).run(work)
