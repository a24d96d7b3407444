"""Run an upgrade: version by version, each in a worker and a worktree of its own, until one fails."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

from ahjo_tasks.database.database import lock_owner
from ahjo_tasks.engine.executor import PlanExecutor
from ahjo_tasks.engine.plan import Plan
from ahjo_tasks.engine.stamp import Checkout, GitVersion, StampStep
from ahjo_tasks.errors import AhjoError, ConnectionFailedError, DeployError
from ahjo_tasks.fleet.calls import Request
from ahjo_tasks.fleet.engines import LocalEngine
from ahjo_tasks.fleet.preflight import UPGRADE
from ahjo_tasks.fleet.repository import temp_worktree_root, without_folder
from ahjo_tasks.fleet.upgrade_path import current_version
from ahjo_tasks.fleet.worker import WorkerDiedError
from ahjo_tasks.git import without_locations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ahjo_tasks.database.database import Database
    from ahjo_tasks.fleet.outcome import Outcome
    from ahjo_tasks.fleet.repository import Repository
    from ahjo_tasks.fleet.upgrade_path import UpgradePlan, UpgradeTarget, Version

LOGS = ("ahjo.log", "sqlalchemy.log")
DETACHED = "HEAD"
Status = Literal["started", "line", "ok", "FAIL"]


@dataclass(frozen=True)
class Event:
    """A version that started, printed a line, or ended; `position` counts from 1 up to `total`."""

    name: str
    status: Status
    position: int
    total: int
    seconds: float = 0.0
    text: str = ""


class _FailedError(Exception):
    """An action of a version failed: how many were done, why, and how its worker or program ended."""

    def __init__(self, done: int, message: str, exit_text: str) -> None:
        super().__init__(message)
        self.done, self.message, self.exit_text = done, message, exit_text


@contextmanager
def upgrade_lock(database: Database) -> Iterator[None]:
    """Hold the lock of upgrading. Raises LockedError, with the owner, if it is not free.

    It is held in the database and, where the login may go there, in the server's own: a version that recreates the
    database ends the sessions of the old one, and the lock with them.
    """
    with ExitStack() as locks:
        with suppress(ConnectionFailedError):
            server = locks.enter_context(database.server_connection())
            name = database.dialect.normalize_name(database.name)
            locks.enter_context(database.dialect.lock(server, lock_owner(), 0, f"{UPGRADE} {crc32(name.encode()):08x}"))
        locks.enter_context(database.locked(UPGRADE))
        yield


class UpgradeRunner:
    """One upgrade. The database keeps the older version until every action of the newer one has ended well.

    `run_calls` runs actions in a worker. While they run, what they record is that older version; so a run that
    stops midway is resumed from there.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what is upgraded, by whom, and who is told
        self,
        run_calls: Callable[[Request], Any],
        plan: UpgradePlan,
        target: UpgradeTarget,
        repository: Repository,
        environ: Mapping[str, str],
        observe: Callable[[Event], None],
    ) -> None:
        self.run_calls = run_calls
        self.plan = plan
        self.target = target
        self.repository = repository
        self.environ = environ
        self.observe = observe

    def run(self) -> None:
        """Run every version, under the upgrade lock. Raises DeployError that says what was done and what was not."""
        with upgrade_lock(self.target.database), temp_worktree_root(self.repository) as folder:
            for position, version in enumerate(self.plan.versions, 1):
                started = time.perf_counter()
                self._report(position, "started")
                try:
                    self._upgrade_to(position, version, folder)
                except BaseException:
                    self._report(position, "FAIL", seconds=time.perf_counter() - started)
                    raise
                self._report(position, "ok", seconds=time.perf_counter() - started)

    def _report(self, position: int, status: Status, *, seconds: float = 0.0, text: str = "") -> None:
        tag = self.plan.versions[position - 1].tag
        self.observe(Event(tag, status, position, len(self.plan.versions), seconds, text))

    def _upgrade_to(self, position: int, version: Version, folder: Path) -> None:
        self._expect(self._before(position))
        try:
            self._work(position, version, folder)
        except _FailedError as failed:
            raise self._failure(position, failed) from None
        self._record(version.tag)
        self._expect(version.tag)

    def _work(self, position: int, version: Version, folder: Path) -> None:
        with self.repository.worktree(version.tag, folder / str(position) / self.repository.top.name) as directory:
            config, environ = self.target.config.path.absolute(), self._worker_environ(position, folder)

            def on_line(text: str) -> None:
                self._report(position, "line", text=without_folder(text, directory))

            engine = LocalEngine(1, recycle=1, on_line=on_line)
            try:
                outcome: Outcome = engine.call(
                    self.run_calls, Request(version.tag, directory, config, version.calls, environ)
                )
            except WorkerDiedError as error:
                raise _FailedError(len(error.notes) - 1, "", error.exit_text) from None
            finally:
                engine.close()
                _keep_logs(directory, self.target.directory)
            if outcome.failed:
                message = without_folder(outcome.error["message"], directory)
                raise _FailedError(outcome.error["done"], message, outcome.error["exit"])

    def _worker_environ(self, position: int, folder: Path) -> dict[str, str]:
        """Return the worker's environment, with the version that its actions record."""
        info = folder / "version.json"
        entry = {
            "repository": self._repository_name,
            "branch": f"upgrade to {self.plan.versions[position - 1].tag}",
            "commit": self._before(position),
        }
        info.write_text(json.dumps(entry), encoding="utf-8")
        return {**without_locations(os.environ), **self.environ, "AHJO_GIT_VERSION_INFO_PATH": str(info)}

    @property
    def _repository_name(self) -> str:
        return Checkout.of(self.target.config.settings, self.target.directory).version.repository

    def _before(self, position: int) -> str:
        return self.plan.versions[position - 2].tag if position > 1 else self.plan.current

    def _record(self, tag: str) -> None:
        step = StampStep(GitVersion(self._repository_name, DETACHED, tag), self.target.config.settings)
        database = self.target.database
        with database.locked_connection() as connection:
            PlanExecutor(connection, lambda _event: None).run(Plan((step,)))
        database.close(keep=True)

    def _expect(self, tag: str) -> None:
        current = current_version(self.target)
        if current != tag:
            raise AhjoError(
                f"The database should hold {tag} now, but holds {current}.",
                hint="Is another run changing it at the same time?",
            )

    def _failure(self, position: int, failed: _FailedError) -> DeployError:
        """Build the error that says what failed, what was done before, and where the next run starts."""
        version = self.plan.versions[position - 1]
        names, count = [str(call) for call in version.calls], failed.done
        done, at, later = names[:count], names[count : count + 1], names[count + 1 :]
        lines = (
            ("Upgraded before", _tags(self.plan.versions[: position - 1])),
            (f"Done of {version.tag}", ", ".join(done)),
            (f"Not run of {version.tag}", ", ".join(later)),
            ("Not started", _tags(self.plan.versions[position:])),
            ("Version of the database", self._before(position)),
        )
        error = (failed.message,) if failed.message else ()
        return DeployError(
            f"{version.tag}: {', '.join(at) or 'the worker'} failed with {failed.exit_text}.",
            details=(*error, *(f"{label}: {text}" for label, text in lines if text)),
            hint=f"Fix the cause and run the upgrade again: it goes on with {version.tag}, from its first action.",
        )


def _tags(versions: tuple[Version, ...]) -> str:
    return ", ".join(version.tag for version in versions)


def _keep_logs(worktree: Path, project: Path) -> None:
    """Add what a worker logged in its worktree to the logs of the project."""
    for name in LOGS:
        for path in (worktree / f"{name}.1", worktree / name):
            if path.is_file():
                with (project / name).open("ab") as log:
                    log.write(path.read_bytes())
