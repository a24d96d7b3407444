"""Runs in a child process that is killed."""

from __future__ import annotations

import os
import signal
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from ahjo_tasks.engine.data import ScriptStep
from ahjo_tasks.engine.executor import PlanExecutor
from ahjo_tasks.engine.revision_progress import RevisionProgress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inside import Deployed

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.plan import Step

LIMIT = 150.0
"""Seconds that no run in a test takes."""
HUNG = -1000
"""Exit code of a run that was killed because it hung."""


def killed(
    live: Deployed,
    *arguments: str,
    kill: Callable[[], Any] = lambda: None,
    after: float | None = None,
    said: Path | None = None,
) -> int:
    """Run a command in a child process; `kill` prepares its end, or it is killed after some seconds.

    Returns its exit code; what it printed is in the file `said`. One that hangs is killed after LIMIT seconds.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            kill()
            done = live.here(*arguments)
            code = done.code
            if said:
                said.write_text(done.text, encoding="utf-8")
        except BaseException:  # noqa: BLE001 - it is what the parent is told
            if said:
                said.write_text(traceback.format_exc(), encoding="utf-8")
        finally:
            os._exit(code)
    with suppress(TimeoutError):
        return _wait(child, LIMIT if after is None else after)
    os.kill(child, signal.SIGKILL)
    _wait(child, LIMIT)
    return -signal.SIGKILL if after is not None else HUNG


def _wait(child: int, seconds: float) -> int:
    """Return the exit code of a child process. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.005)


def before_step(number: int) -> Callable[[], Any]:
    """Have the process killed when it is about to begin this step, and has ended the ones before."""
    seen: set[str] = set()
    notify = PlanExecutor._notify

    def counted(executor: PlanExecutor, status: str, step: Step, **values: Any) -> None:
        notify(executor, status, step, **values)
        if status == "ok":
            seen.add(step.label)
        if len(seen) >= number:
            os.kill(os.getpid(), signal.SIGKILL)

    return lambda: patch.object(PlanExecutor, "_notify", counted).start()


def before_record(statement: int) -> Callable[[], Any]:
    """Have the process killed when this statement of a data file is done, and not yet recorded."""
    record = ScriptStep.batch_done

    def kill(step: ScriptStep, number: int, connection: Connection) -> None:
        if number == statement:
            os.kill(os.getpid(), signal.SIGKILL)
        record(step, number, connection)

    return lambda: patch.object(ScriptStep, "batch_done", kill).start()


def in_revision(statement: int, *, done: bool) -> Callable[[], Any]:
    """Have the process killed at this statement of a revision: not begun, or done and not yet recorded.

    Statements that an earlier run has done do not count.
    """
    name = "after" if done else "_executes"
    original = getattr(RevisionProgress, name)
    seen = []

    def kill(progress: RevisionProgress, *arguments: Any) -> Any:
        if progress._running is not None:
            seen.append(progress)
        if len(seen) == statement:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(progress, *arguments)

    return lambda: patch.object(RevisionProgress, name, kill).start()
