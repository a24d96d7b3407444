"""The work on one target of a fleet: what a worker does for a name, and what it sends back."""

from __future__ import annotations

import os
import socket
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks import api
from ahjo_tasks.api.calls import Call, Project
from ahjo_tasks.config.loader import secrets_of
from ahjo_tasks.console.reporter import Reporter, Secrets
from ahjo_tasks.errors import INTERRUPTED, AhjoError, ConnectionFailedError, DeployError, LockedError, StatementError
from ahjo_tasks.events import FileTested, Note, Planned, Started, StepEvent, Warned
from ahjo_tasks.fleet.identity import difference, project_identity
from ahjo_tasks.fleet.outcome import DIFFERS, FAILED, REFUSED, STOPPED, TIMED_OUT, Outcome
from ahjo_tasks.fleet.stops import Deadline
from ahjo_tasks.fleet.targets import Sources, TargetReader
from ahjo_tasks.history import store as history
from ahjo_tasks.history.store import HistoryStore, new_run_id
from ahjo_tasks.runtime.action_files import TASKS, load_module
from ahjo_tasks.runtime.project import Project as OpenedProject
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from ahjo_tasks.api.calls import RunOptions
    from ahjo_tasks.events import Event
    from ahjo_tasks.fleet.targets import Target
    from ahjo_tasks.history.store import LastRun

PROJECT_DIR = "AHJO_PROJECT_DIR"
CHANGED, UNCHANGED = "changed", "unchanged"
UP_TO_DATE, BEHIND, EMPTY, UNKNOWN = "up to date", "behind", "empty", "unknown"
MAY_BE_DONE = frozenset({"succeeded", history.STARTED, history.INTERRUPTED})
"""Statuses of a run in the history that may have done all it had to do."""


@dataclass(frozen=True, slots=True)
class Order:
    """A command for many targets, of which a worker gets one name at a time.

    `config` and `targets` are paths from the project's folder, which a worker may have elsewhere; `identity` is that of
    the project. `confirm` is the pattern of names of protected databases. Nothing in it is secret.
    """

    run: str
    command: str
    folder: str
    config: str
    targets: str
    identity: str
    options: Mapping[str, Any] = field(default_factory=dict)
    confirm: str = ""
    timeout: float = 0.0
    hooks: bool = False


class Fleet:
    """The project and the targets, read once in a process."""

    def __init__(self, folder: Path, config: str, targets: str) -> None:
        self.folder = folder
        self.identity = project_identity(folder, config, targets)
        self.project = Project(folder, config)
        self.targets: dict[str, Target] = {}
        self.given = targets

    def target(self, name: str) -> Target:
        """Return a target by its name. Raises AhjoError where it is not there any more."""
        if name not in self.targets:
            self.targets = {target.name: target for target in self.read()}
        if name not in self.targets:
            raise AhjoError(f"{self.given} has no target {name!r} any more.")
        return self.targets[name]

    def read(self, known: Collection[str] | None = None) -> tuple[Target, ...]:
        """Read the targets; `known` are keys beside those of a config, None for any. Raises ConfigError."""
        return TargetReader(self.folder, Sources(_query, self._call), known).read(self.given)

    def _call(self, reference: str) -> Iterable[Mapping[str, Any]]:
        """Call a function of the project by `module:name`. Raises AhjoError where it cannot be called."""
        module, _, name = reference.partition(":")
        path = self.folder / f"{module}.py"
        if str(self.folder) not in sys.path:
            sys.path.insert(0, str(self.folder))
        try:
            function = getattr(load_module(path) if path.is_file() else import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise AhjoError(f"--targets {reference}: {error}.") from error
        rows: Iterable[Mapping[str, Any]] = function()
        return rows

    @cached_property
    def hooks(self) -> Mapping[str, Any]:
        """The hooks of the project's namespace, which tasks.py has."""
        from ahjo_tasks.runtime.namespace_info import hooks_at

        return hooks_at(load_module(self.folder / TASKS), self.folder)


def _query(config: Path, sql: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a query on the database of a config."""
    catalog = OpenedProject(config.parent, config, os.environ, reporter=Reporter(lambda _event: None))
    try:
        columns, rows = catalog.database.connection.result_sets(sql)[0]
        for row in rows:
            yield dict(zip(columns, row, strict=True))
    finally:
        catalog.close(keep=False)


@lru_cache(maxsize=1)
def _read(folder: str, config: str, targets: str, _identity: str) -> Fleet:
    """Return what this process has read; another identity is another project."""
    return Fleet(Path(os.environ.get(PROJECT_DIR) or folder), config, targets)


def _fleet(order: Order) -> Fleet:
    """Return the project of the order; one that differs is read again, for somebody may have mended it since."""
    place = (order.folder, order.config, order.targets, order.identity)
    if _read(*place).identity != order.identity:
        _read.cache_clear()
    return _read(*place)


def refusal(order: Order) -> str:
    """Say why this worker must not work on the order; empty where it may."""
    try:
        return difference(order.identity, _fleet(order).identity)
    except OSError as error:
        return f"cannot read the project: {error}"


def work(order: Order, name: str, first_try: float = 0.0, may_be_done: bool = False) -> Outcome:
    """Do what is ordered on one target; never raises.

    It `may_be_done` since the time of the first try, by a worker that has died before it told.
    """
    reason = refusal(order)
    if reason:
        text = f"the worker on {socket.gethostname()} {reason}"
        return Outcome(name, REFUSED, AhjoError.exit_code, text, lines=(text,), may_pass=True)
    return Visit(order, _fleet(order), name, first_try if may_be_done else 0.0).outcome()


class Visit:
    """One command on one target."""

    def __init__(self, order: Order, fleet: Fleet, name: str, may_be_done_since: float) -> None:
        self.order = order
        self.fleet = fleet
        self.name = name
        self.deadline = Deadline(order.run, order.timeout)
        self.may_be_done_since = may_be_done_since
        self.summary = ""
        self.lines: list[str] = []
        self._began = time.time()

    def outcome(self) -> Outcome:
        """Do it, and tell what became of it."""
        try:
            made = COMMANDS[self.order.command](self)
        except AhjoError as error:
            made = self._failure(error)
        except Exception as error:  # noqa: BLE001 - it is the outcome of this target, and reported with it
            import traceback

            self.lines += map(self._masked, traceback.format_exception(error))
            text = self._masked(f"{type(error).__name__}: {error}")
            made = {"status": FAILED, "code": AhjoError.exit_code, "text": text}
        if made.get("text"):
            self.lines.append(f"{made['status']}: {made['text']}")
        return Outcome(self.name, seconds=time.time() - self._began, lines=tuple(self.lines), **made)

    @cached_property
    def keys(self) -> dict[str, Any]:
        """The keys of the config that are this target's own, secrets in them."""
        return self.fleet.target(self.name).resolved(os.environ, self.fleet.folder)

    @property
    def options(self) -> RunOptions:
        """Options of the call."""
        options: RunOptions = {"on_event": self._note, "interrupt": self.deadline}
        if self.order.hooks:
            options["hooks"] = self.fleet.hooks
        database = self._project.database_name if self.order.confirm else ""
        if database and fnmatchcase(database, self.order.confirm):
            options["confirm_database"] = database
        return options

    @property
    def _project(self) -> OpenedProject:
        config = self.fleet.folder / str(self.fleet.project.config)
        return OpenedProject(self.fleet.folder, config, os.environ, overrides=self.keys)

    def _masked(self, text: str) -> str:
        """Return a text that nobody has looked through yet without the secrets of the target."""
        secrets = Secrets()
        for secret in secrets_of(self._project.effective_config):
            secrets.hide(secret)
        return secrets.masked(text)

    def given(self, *names: str) -> dict[str, Any]:
        """Return these options of the order, as far as they are given."""
        return {name: self.order.options[name] for name in names if name in self.order.options}

    def _note(self, event: Event) -> None:
        if isinstance(event, Planned):
            self.summary = event.summary
        if line := _line(event):
            self.lines.append(line)

    def _failure(self, error: AhjoError) -> dict[str, Any]:
        self.lines += [str(error), *getattr(error, "problems", ()), *getattr(error, "details", ())]
        if error.hint:
            self.lines.append(f"hint: {error.hint}")
        problems = "; ".join(getattr(error, "problems", ()))
        text = f"{_relative(error, self.fleet.folder)}{f': {problems}' if problems else ''}"
        text = f"{text.rstrip('.')}. {error.hint}" if error.hint else text
        return {
            "status": FAILED,
            "code": error.exit_code if error.exit_code != DIFFERS else AhjoError.exit_code,
            "text": text,
            "error": error.as_dict(),
            "facts": {"database": error.details[-1]} if isinstance(error, DeployError) and error.details else {},
            "may_pass": _may_pass(error),
        }


def _relative(error: AhjoError, folder: Path) -> str:
    return str(error).removeprefix(f"{folder}{os.sep}")


def _may_pass(error: AhjoError) -> bool:
    """Return whether another try may succeed: nobody answered, or somebody else was at work."""
    server = error.server if isinstance(error, DeployError | StatementError) else None
    waits = isinstance(error, ConnectionFailedError) and (error.wait or error.silent)
    return waits or isinstance(error, LockedError) or (server is not None and server.lost)


def _line(event: Event) -> str:
    """Return the line of a target's log for an event; empty for one that says little."""
    if isinstance(event, StepEvent):
        return _step_line(event)
    if isinstance(event, FileTested):
        return f"{event.number}/{event.total} {event.label}: {event.passed} passed, {event.failed} failed"
    match event:
        case Started(actions, target):
            return f"{actions} {target}"
        case Planned(summary):
            return f"plan: {summary}"
        case Warned(text):
            return f"Warning: {text}"
    return event.text if isinstance(event, Note) else ""


def _step_line(event: StepEvent) -> str:
    if event.status == "message":
        return f"  {event.text}"
    place = f"{event.number}/{event.total} {event.kind} {event.label}: {event.status}"
    return f"{place} {event.seconds:.2f}s" if event.ended else place if event.status == "rolled back" else ""


# -- commands ----------------------------------------------------------------------------------------------------------


def _deploy(visit: Visit) -> dict[str, Any]:
    flags = visit.given("select", "prune", "all", "on_drift")
    keys, options = visit.keys, visit.options
    try:
        result = api.deploy(visit.fleet.project, keys, **flags, **options)
    except ConnectionFailedError as error:
        if not (error.missing_database and visit.order.options.get("create")):
            error.hint = "inv fleet.deploy --create creates it." if error.missing_database else error.hint
            raise
        api.init(visit.fleet.project, keys, **options)
        result = api.deploy(visit.fleet.project, keys, **flags, **options)
    return _changed(visit, result)


def _data(visit: Visit) -> dict[str, Any]:
    return _changed(visit, api.data(visit.fleet.project, visit.keys, **visit.given("all"), **visit.options))


def _changed(visit: Visit, result: api.Result) -> dict[str, Any]:
    if result.status == "interrupted":
        timed_out = visit.deadline.passed
        text = f"stopped after {visit.order.timeout:g} s, {result.message}" if timed_out else result.message
        return {"status": TIMED_OUT if timed_out else STOPPED, "code": INTERRUPTED, "text": text}
    if result.status == "skipped":
        return {"status": "skipped", "text": "by skipped_actions"}
    if not result.changed and visit.may_be_done_since and (run_id := _done_before(visit)):
        return {"status": CHANGED, "text": "by a worker that ended before it could tell", "run_id": run_id}
    return {
        "status": CHANGED if result.changed else UNCHANGED,
        "text": visit.summary if result.changed else "",
        "run_id": result.run_id,
    }


def _done_before(visit: Visit) -> str:
    """Return the last run in the history, if it began since the first try; its worker may have died.

    Then it may still be recorded as started: what it had to do was done, for nothing of it is left to do now.
    """
    last = _last_run(visit)[0]
    since = new_run_id(datetime.fromtimestamp(visit.may_be_done_since, UTC))
    return last.run_id if last is not None and last.status in MAY_BE_DONE and last.run_id > since else ""


def _test(visit: Visit) -> dict[str, Any]:
    result = api.test(visit.fleet.project, visit.keys, **visit.given("match"), **visit.options)
    passed, failed = (sum(getattr(file, name) for file in result.tests) for name in ("passed", "failed"))
    if result.status != "succeeded":
        return _changed(visit, result)
    text = f"{passed}/{passed + failed} passed"
    labels = ", ".join(file.label for file in result.tests if file.failed)
    if failed:
        return {"status": FAILED, "code": AhjoError.exit_code, "text": f"{text}; failed: {labels}"}
    return {"status": "passed", "text": text}


def _plan(visit: Visit) -> dict[str, Any]:
    flags = visit.given("select", "prune", "all")
    report = api.plan(visit.fleet.project, visit.keys, **flags, **visit.options)
    losses = [f"{file}: {loss}" for file, loss in report.losses]
    if not report.changes:
        return {"status": UP_TO_DATE}
    code = DIFFERS if visit.order.options.get("check") else 0
    visit.lines += [f"{entry.sign} {entry.kind} {entry.file}" for entry in report.changes]
    return {"status": BEHIND, "code": code, "text": report.summary, "facts": {"destroys": "; ".join(losses)}}


def _drift(visit: Visit) -> dict[str, Any]:
    report = api.drift(visit.fleet.project, visit.keys, **visit.options)
    if not report.changes:
        return {"status": UNCHANGED}
    visit.lines += [f"{entry.sign} {entry.kind} {entry.file} {entry.reason}" for entry in report.changes]
    files = ", ".join(entry.file for entry in report.changes)
    text = f"{pluralize(len(report.changes), 'difference')}: {files}"
    return {"status": "drifted", "code": DIFFERS, "text": text}


def _status(visit: Visit) -> dict[str, Any]:
    """Ask the history of the target, by one query."""
    try:
        last, inputs = _last_run(visit)
    except ConnectionFailedError as error:
        if not error.missing_database:
            raise
        return {"status": EMPTY, "text": "there is no database yet"}
    if last is None:
        return {"status": EMPTY, "text": "nothing was deployed yet"}
    status = last.status
    if status == "succeeded":
        status = UNKNOWN if not (inputs and last.files) else UP_TO_DATE if inputs == last.files else BEHIND
    text = f"last run {last.ended[:16]} UTC by {last.by}" + (f": {last.error}" if last.error else "")
    return {
        "status": "unfinished" if status == history.STARTED else status,
        "text": text,
        "run_id": last.run_id,
        "facts": {"commit": last.commit, "last_run": last.status},
    }


def _last_run(visit: Visit) -> tuple[LastRun | None, str]:
    """Return the last run of the target, and the hash of what a deploy reads."""
    with Call("status", visit.fleet.project, visit.keys, visit.options, reads=True).session() as session:
        last = HistoryStore(session.database.connection, session.settings).last_run()
        return last, session.project.hash_inputs(session.conceal)


def _history(visit: Visit) -> dict[str, Any]:
    runs = api.history(visit.fleet.project, visit.keys, **visit.given("limit"), **visit.options)
    visit.lines += [f"{run.run_id} {run.actions} {run.status} {run.login or run.os_user}" for run in runs]
    if not runs:
        return {"status": EMPTY, "text": "nothing was deployed yet"}
    run = runs[0]
    return {"status": run.status, "text": f"{run.actions} by {run.login or run.os_user}", "run_id": run.run_id}


COMMANDS: dict[str, Callable[[Visit], dict[str, Any]]] = {
    "data": _data,
    "deploy": _deploy,
    "drift": _drift,
    "history": _history,
    "plan": _plan,
    "status": _status,
    "test": _test,
}
