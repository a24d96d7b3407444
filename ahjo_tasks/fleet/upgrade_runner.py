"""Carrying out an upgrade: version by version, each in a worker and a worktree, until one fails."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from zlib import crc32

from ahjo_tasks.database.database import owner
from ahjo_tasks.engine.executor import PlanExecutor
from ahjo_tasks.engine.plan import Plan
from ahjo_tasks.engine.stamp import StampStep
from ahjo_tasks.errors import AhjoError, ConfigError, ConnectionFailedError, DeployError
from ahjo_tasks.fleet.protocol import Answers, Request
from ahjo_tasks.fleet.repository import without_folder
from ahjo_tasks.fleet.upgrade_file import refuse_predecessor
from ahjo_tasks.fleet.upgrade_path import stamped
from ahjo_tasks.fleet.worker import Worker, ask, ask_all
from ahjo_tasks.fleet.worktrees import temp_worktree_root
from ahjo_tasks.git import without_locations
from ahjo_tasks.project.git import GitVersion, version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ahjo_tasks.database.database import Database
    from ahjo_tasks.fleet.repository import Repository
    from ahjo_tasks.fleet.upgrade_path import UpgradePlan, UpgradeSubject, Version
    from ahjo_tasks.fleet.worker import Outcome

UPGRADE = "upgrade"


@contextmanager
def upgrade_lock(database: Database) -> Iterator[None]:
    """Hold the lock of upgrading. Raises LockedError, with the owner, if it is not free.

    It is held in the database and, where the login may go there, in the server's own: a version that creates the
    database anew ends the sessions of the old one, and the lock with them.
    """
    with ExitStack() as held:
        with suppress(ConnectionFailedError):
            server = held.enter_context(database.server_connection())
            name = database.dialect.normalize_name(database.name)
            held.enter_context(database.dialect.lock(server, owner(), 0, f"{UPGRADE} {crc32(name.encode()):08x}"))
        held.enter_context(database.locked(UPGRADE))
        yield


def preflight(plan: UpgradePlan, repository: Repository, config: Path, environ: Mapping[str, str]) -> bool:
    """Whether the upgrade would create a database anew. Raises ConfigError with all that stands in its way."""

    def ask_version(version: Version) -> Answers:
        return _ask(version, repository, config, environ)

    answers = ask_all(ask_version, plan.versions)
    pairs = zip(plan.versions, answers, strict=True)
    problems = tuple(
        f"{version.place}: {version.tag}: {problem}" for version, answer in pairs for problem in _problems(answer)
    )
    if problems:
        raise ConfigError("The upgrade cannot run as it is listed", problems)
    return any(answer.destroys for answer in answers)


def _problems(answer: Answers) -> tuple[str, ...]:
    nested = (f"an {UPGRADE} cannot be a step of another one",) if UPGRADE in answer.runs else ()
    return (*answer.problems, *nested)


def _ask(version: Version, repository: Repository, config: Path, environ: Mapping[str, str]) -> Answers:
    with TemporaryDirectory(prefix="ahjo-rehearsal-") as folder:
        try:
            directory = repository.export(version.tag, Path(folder))
            refuse_predecessor(directory)
        except AhjoError as error:
            return Answers(problems=(f"{error.message}. {error.hint or ''}".rstrip(". "),))
        answers = ask(Request(directory, config, version.calls, check=True), environ)
        return replace(answers, problems=tuple(without_folder(problem, directory) for problem in answers.problems))


LOGS = ("ahjo.log", "sqlalchemy.log")
DETACHED = "HEAD"


@dataclass(frozen=True)
class Event:
    """Something that happened on the way. `status` is started, line, ok or FAIL."""

    status: str
    tag: str
    number: int
    seconds: float = 0.0
    text: str = ""


class UpgradeRunner:
    """One upgrade. The database counts as the older version until every action of the newer one is done.

    While they run, what they stamp is that older version; so a run that stops midway is resumed from there.
    """

    def __init__(
        self,
        plan: UpgradePlan,
        subject: UpgradeSubject,
        repository: Repository,
        environ: Mapping[str, str],
        observe: Callable[[Event], None],
    ) -> None:
        self.plan = plan
        self.subject = subject
        self.repository = repository
        self.environ = environ
        self.observe = observe

    def run(self) -> None:
        """Go up to the last version, alone. Raises DeployError that says what was done and what was not."""
        with upgrade_lock(self.subject.database), temp_worktree_root(self.repository) as folder:
            for number, step in enumerate(self.plan.versions, 1):
                started = time.perf_counter()
                self.observe(Event("started", step.tag, number))
                try:
                    self._step(number, step, folder)
                except BaseException:
                    self.observe(Event("FAIL", step.tag, number, time.perf_counter() - started))
                    raise
                self.observe(Event("ok", step.tag, number, time.perf_counter() - started))

    def _step(self, number: int, step: Version, folder: Path) -> None:
        self._expect(self._before(number))
        outcome = self._work(number, step, folder)
        if outcome.code:
            raise self._account(number, outcome)
        self._stamp(step.tag)
        self._expect(step.tag)

    def _work(self, number: int, step: Version, folder: Path) -> Outcome:
        place = folder / str(number) / self.repository.top.name
        with self.repository.worktree(step.tag, place) as directory:
            config = self.subject.config.path.absolute()
            worker = Worker(Request(directory, config, step.calls), self._surroundings(number, folder))

            def hear(text: str) -> None:
                self.observe(Event("line", step.tag, number, text=without_folder(text, directory)))

            try:
                outcome = worker.run(hear)
                return replace(outcome, error=without_folder(outcome.error, directory))
            finally:
                _keep_logs(directory, self.subject.directory)

    def _surroundings(self, number: int, folder: Path) -> dict[str, str]:
        """The worker's environment, with the version that its actions stamp."""
        info = folder / "version.json"
        entry = {
            "repository": self._repository_name,
            "branch": f"upgrade to {self.plan.versions[number - 1].tag}",
            "commit": self._before(number),
        }
        info.write_text(json.dumps(entry), encoding="utf-8")
        return {**without_locations(os.environ), **self.environ, "AHJO_GIT_VERSION_INFO_PATH": str(info)}

    @property
    def _repository_name(self) -> str:
        settings = self.subject.config.settings
        return version(
            self.subject.directory,
            repository=settings.url_of_remote_git_repository,
            info_path=settings.git_version_info_path,
        ).repository

    def _before(self, number: int) -> str:
        return self.plan.versions[number - 2].tag if number > 1 else self.plan.current

    def _stamp(self, tag: str) -> None:
        step = StampStep(GitVersion(self._repository_name, DETACHED, tag), self.subject.config.settings)
        database = self.subject.database
        with database.locked_connection() as connection:
            PlanExecutor(connection, lambda _event: None).run(Plan((step,)))
        database.close(keep=True)

    def _expect(self, tag: str) -> None:
        found = stamped(self.subject)
        if found != tag:
            raise AhjoError(
                f"The database should hold {tag} now, but holds {found}.", hint="Does another run change it, too?"
            )

    def _account(self, number: int, outcome: Outcome) -> DeployError:
        """What failed, what was done before, and where the next run begins."""
        step = self.plan.versions[number - 1]
        names = [str(call) for call in step.calls]
        count = outcome.answers.done
        done, failed, later = names[:count], names[count : count + 1], names[count + 1 :]
        told = [
            (outcome.error, outcome.error),
            ("Upgraded before", _tags(self.plan.versions[: number - 1])),
            (f"Done of {step.tag}", ", ".join(done)),
            (f"Not run of {step.tag}", ", ".join(later)),
            ("Not begun", _tags(self.plan.versions[number:])),
            ("The database counts as", self._before(number)),
        ]
        return DeployError(
            f"{step.tag}: {', '.join(failed) or 'the worker'} failed with {outcome.ending}.",
            details=tuple(text if text == label else f"{label}: {text}" for label, text in told if text),
            hint=f"Mend the cause and run the upgrade again: it goes on with {step.tag}, from its first action.",
        )


def _tags(versions: tuple[Version, ...]) -> str:
    return ", ".join(version.tag for version in versions)


def _keep_logs(worktree: Path, project: Path) -> None:
    """Add what a worker logged in its worktree to the logs of the project."""
    for name in LOGS:
        for path in (worktree / f"{name}.1", worktree / name):
            if path.is_file():
                with (project / name).open("ab") as kept:
                    kept.write(path.read_bytes())
