"""Calls from programs: open a project for one run, and tell how the run ended."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from ahjo_tasks.api.results import Result
from ahjo_tasks.api.session import Session
from ahjo_tasks.console.reporter import Reporter
from ahjo_tasks.errors import AhjoError, StoppedError, UsageError
from ahjo_tasks.runtime.confirmation import (
    FOREIGN,
    Change,
    check_permission,
    foreign_warning,
    is_skipped,
    require_caller,
    require_name,
)
from ahjo_tasks.runtime.project import Project as OpenedProject
from ahjo_tasks.runtime.project import SharedReading, only_config
from ahjo_tasks.utils import map_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ahjo_tasks.api.results import Ending
    from ahjo_tasks.events import Event

    Config = str | Path | Mapping[str, Any] | None
    """The path of a config, or keys that override the only config of the folder."""

ROLLED_BACK = "what was not finished was rolled back"


class Interrupt(Protocol):
    """A switch that somebody else may turn on, as an event of `threading` or `multiprocessing`."""

    def is_set(self) -> bool:
        """Return whether the run is to stop."""


class RunOptions(TypedDict, total=False):
    """Options of every call."""

    on_event: Callable[[Event], None]
    """Called with each event as it happens, in the thread of the call; what it raises ends the run."""
    interrupt: Interrupt
    """Stops the run between two statements: what is not committed is rolled back."""
    confirm_database: str
    """The name of the target database, for one that the config protects."""
    hooks: Mapping[str, Any]
    """The hooks that `namespace()` takes, by name; their first argument is the session."""


def _ignore(_event: Event) -> None:
    """Take no note."""


class Project:
    """A project's folder and base config, whose files are read once for all calls that get it, also of several threads.

    A change of the files after the first call is not seen. A process has to make one of its own.
    """

    def __init__(self, folder: str | Path, config: str | Path | None = None) -> None:
        self.folder = Path(folder).absolute()
        self.config = config
        self.shared = SharedReading()

    def __reduce__(self) -> tuple[Any, ...]:
        """Let another process read the files by itself."""
        return Project, (self.folder, self.config)


if TYPE_CHECKING:
    Folder = str | Path | Project
    """The folder of a project, or one that is read once for many calls."""


class Call:
    """One call of an action on one target."""

    def __init__(
        self, action: str, folder: Folder, config: Config, options: RunOptions, *, reads: bool = False
    ) -> None:
        self.action = action
        self._options = options
        self._reads = reads
        self._observer = options.get("on_event", _ignore)
        self._reporter = Reporter(self._emit)
        self._project = self._open(folder, config)
        self._session = Session(self._project, self._emit, actions=action, hooks=options.get("hooks"))

    def _open(self, given: Folder, config: Config) -> OpenedProject:
        base, folder = (given, given.folder) if isinstance(given, Project) else (None, Path(given).absolute())
        if not folder.is_dir():
            raise UsageError(f"There is no folder {folder}.")
        path, overrides = (config, None) if isinstance(config, str | Path) else (None, config)
        path = path or (base.config if base else None)
        named = os.environ.get("AHJO_CONFIG_PATH")
        file = folder / path if path else Path(named) if named else only_config(folder, os.environ)
        shared = base.shared if base else None
        project = OpenedProject(folder, file, os.environ, reporter=self._reporter, overrides=overrides, shared=shared)
        interrupt = self._options.get("interrupt")
        if interrupt is not None:
            project.is_stopped = interrupt.is_set
        return project

    def _emit(self, event: Event) -> None:
        self._observer(map_texts(event, self._reporter.masked))

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Lend the session of the call, which is closed afterwards; secrets in an error are covered."""
        try:
            check_permission(self._project, self.action, reads=self._reads)
            yield self._session
            self._project.close(keep=True)
        except AhjoError as error:
            for name, value in vars(error).items():
                setattr(error, name, map_texts(value, self._reporter.masked))
            error.args = map_texts(error.args, self._reporter.masked)
            raise
        finally:
            self._project.close(keep=False)

    def run(self, work: Callable[[Session], object]) -> Result:
        """Do the work, which may change the database."""
        started = time.perf_counter()
        ending: Ending = "succeeded"
        message = ""
        try:
            with self.session() as session:
                if is_skipped(self._project, self.action):
                    ending = "skipped"
                else:
                    self._require_consent()
                    work(session)
        except StoppedError as stop:
            ending, message = "interrupted", str(stop) or ROLLED_BACK
        return self._result(ending, message, time.perf_counter() - started)

    def run_parts(self, session: Session, parts: Mapping[str, Callable[[Session], None]]) -> None:
        """Do the work of several actions, unless the config skips one. All of them have to be permitted."""
        for action in parts:
            check_permission(self._project, action)
        for action, work in parts.items():
            if not is_skipped(self._project, action):
                work(session)

    def require_foreign(self, content: str) -> None:
        """Require the name of a database that no run made before it is dropped; `content` says what is in it."""
        change = Change(
            self.action, self._project.target, self._project.database_name, [foreign_warning(content)], FOREIGN
        )
        require_name(self._reporter, change, self._options.get("confirm_database"), ask=False)

    def _require_consent(self) -> None:
        require_caller(self._project, self.action, self._options.get("confirm_database", ""))

    def _result(self, ending: Ending, message: str, seconds: float) -> Result:
        record, masked = self._project.run_record, self._reporter.masked
        return Result(
            self.action,
            ending,
            self._project.target,
            seconds,
            record.run.run_id if record is not None else "",
            map_texts(tuple(self._session.steps), masked),
            map_texts(tuple(self._session.tests), masked),
            tuple(self._reporter.warnings),
            masked(message),
        )
