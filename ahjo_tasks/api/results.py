"""Results of calls, as values that can be written as JSON and sent to another process; no secret is in them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ahjo_tasks.engine.plan_report import PlanReport
    from ahjo_tasks.events import FileTested, StepEvent
    from ahjo_tasks.history.store import Run

FORMAT_VERSION = 1
"""Version of the results as JSON; a later one may have more keys."""
Ending = Literal["succeeded", "interrupted", "skipped"]


@dataclass(frozen=True, slots=True)
class Result:
    """Result of a call that may change a database.

    `steps` are those that ended, in order; one whose transaction was taken back later is `rolled back`. `tests` are the
    files of tests that were run; a failed check is no error. `run_id` is that of the run in the history, empty where
    there was nothing to do. `message` says what is left of an interrupted run.
    """

    action: str
    status: Ending
    target: str
    seconds: float = 0.0
    run_id: str = ""
    steps: tuple[StepEvent, ...] = ()
    tests: tuple[FileTested, ...] = ()
    warnings: tuple[str, ...] = ()
    message: str = ""

    @property
    def changed(self) -> bool:
        """True if a step was done."""
        return any(step.status == "ok" for step in self.steps)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain values."""
        return {"format_version": FORMAT_VERSION, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Status:
    """State of a database: that of each file and pending revision, and the last run, where there is a history."""

    report: PlanReport
    last_run: Run | None

    def as_dict(self) -> dict[str, Any]:
        """Return the status as plain values, times as texts."""
        run = asdict(self.last_run) if self.last_run is not None else None
        if run is not None:
            run |= {name: run[name] and run[name].isoformat() for name in ("started", "ended")}
        return {**self.report.as_dict(), "last_run": run}
