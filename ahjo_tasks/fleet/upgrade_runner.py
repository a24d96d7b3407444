"""Run an upgrade: version by version, each in a worker and a worktree of its own, until one fails."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from zlib import crc32

from ahjo_tasks.database.database import lock_owner
from ahjo_tasks.engine.executor import PlanExecutor
from ahjo_tasks.engine.plan import Plan
from ahjo_tasks.engine.stamp import GitVersion, StampStep, project_version
from ahjo_tasks.errors import AhjoError, ConnectionFailedError, DeployError
from ahjo_tasks.fleet.preflight import UPGRADE
from ahjo_tasks.fleet.protocol import Request
from ahjo_tasks.fleet.repository import temp_worktree_root, without_folder
from ahjo_tasks.fleet.upgrade_path import current_version
from ahjo_tasks.fleet.worker import Event, Worker
from ahjo_tasks.git import without_locations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ahjo_tasks.database.database import Database
    from ahjo_tasks.fleet.repository import Repository
    from ahjo_tasks.fleet.upgrade_path import UpgradePlan, UpgradeTarget, Version
    from ahjo_tasks.fleet.worker import Status, WorkerResult

LOGS = ("ahjo.log", "sqlalchemy.log")
DETACHED = "HEAD"


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

    While they run, what they record is that older version; so a run that stops midway is resumed from there.
    """

    def __init__(
        self,
        plan: UpgradePlan,
        target: UpgradeTarget,
        repository: Repository,
        environ: Mapping[str, str],
        observe: Callable[[Event], None],
    ) -> None:
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
        result = self._work(position, version, folder)
        if result.code:
            raise self._failure(position, result)
        self._record(version.tag)
        self._expect(version.tag)

    def _work(self, position: int, version: Version, folder: Path) -> WorkerResult:
        with self.repository.worktree(version.tag, folder / str(position) / self.repository.top.name) as directory:
            config = self.target.config.path.absolute()
            worker = Worker(Request(directory, config, version.calls), self._worker_environ(position, folder))

            def on_line(text: str) -> None:
                self._report(position, "line", text=without_folder(text, directory))

            try:
                result = worker.run(on_line)
                answers = replace(result.answers, error=without_folder(result.answers.error, directory))
                return replace(result, answers=answers)
            finally:
                _keep_logs(directory, self.target.directory)

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
        settings = self.target.config.settings
        return project_version(
            self.target.directory,
            repository=settings.url_of_remote_git_repository,
            info_path=settings.git_version_info_path,
        ).repository

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

    def _failure(self, position: int, result: WorkerResult) -> DeployError:
        """Build the error that says what failed, what was done before, and where the next run starts."""
        version = self.plan.versions[position - 1]
        names = [str(call) for call in version.calls]
        count = result.answers.done
        done, failed, later = names[:count], names[count : count + 1], names[count + 1 :]
        lines = (
            ("Upgraded before", _tags(self.plan.versions[: position - 1])),
            (f"Done of {version.tag}", ", ".join(done)),
            (f"Not run of {version.tag}", ", ".join(later)),
            ("Not started", _tags(self.plan.versions[position:])),
            ("Version of the database", self._before(position)),
        )
        error = (result.answers.error,) if result.answers.error else ()
        return DeployError(
            f"{version.tag}: {', '.join(failed) or 'the worker'} failed with {result.exit_text}.",
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
