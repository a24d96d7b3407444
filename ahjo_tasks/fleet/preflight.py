"""Checks before the first project is built or the first version is upgraded to, in workers that change nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ahjo_tasks.config.loader import load
from ahjo_tasks.database.credentials import Credentials
from ahjo_tasks.database.dialects import dialect_for, is_file_based
from ahjo_tasks.errors import AhjoError, ConfigError
from ahjo_tasks.fleet.calls import Findings, Request
from ahjo_tasks.fleet.engines import LocalEngine
from ahjo_tasks.fleet.repository import temporary_folder, without_folder
from ahjo_tasks.fleet.upgrade_path import refuse_predecessor
from ahjo_tasks.fleet.worker import WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ahjo_tasks.database.credentials import Prompt
    from ahjo_tasks.fleet.project_list import ListedProject, ProjectList
    from ahjo_tasks.fleet.repository import Repository
    from ahjo_tasks.fleet.upgrade_path import UpgradePlan, Version

UPGRADE = "upgrade"
PARALLEL = 4
"""Workers that check at the same time."""
T = TypeVar("T")
if TYPE_CHECKING:
    Check = Callable[[Request], Findings]
    """A function that finds out in a worker whether a request could run."""


def check_all(check: Check, find: Callable[[Check, T], Findings], items: Sequence[T]) -> list[Findings]:
    """Return what `find` finds out about each item, a few at the same time, by asking workers of their own."""
    engine = LocalEngine(PARALLEL, recycle=1)

    def ask(request: Request) -> Findings:
        try:
            found: Findings = engine.submit(check, request).result()
        except WorkerDiedError as error:
            return Findings((" ".join(error.lines[-1:]) or error.exit_text,))
        return found

    try:
        with ThreadPoolExecutor(PARALLEL) as pool:
            return list(pool.map(partial(find, ask), items))
    finally:
        engine.close()


# -- projects --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """A project to build, its database and the environment of its worker.

    `destroys` says what its actions destroy, a sentence each.
    """

    project: ListedProject
    target: str
    database: str
    protected: bool
    environ: Mapping[str, str]
    destroys: tuple[str, ...] = ()

    def with_answers(self, answers: Mapping[str, str]) -> Job:
        """Return the job with answers to the questions that its actions would ask."""
        return replace(self, environ={**self.environ, **answers})

    def request(self, *, dry: bool = False, debug: bool = False) -> Request:
        """Return what its worker is asked to do."""
        project = self.project
        return Request(project.name, project.directory, project.config, project.calls, self.environ, dry, debug)


def preflight_projects(
    check: Check, project_list: ProjectList, environ: Mapping[str, str], prompt: Callable[[str], Prompt]
) -> list[Job]:
    """Load every config, get every login, and check the actions of every project.

    `prompt` gives whom to ask for the login of a project, by its name. Raises ConfigError with all problems.
    """
    base = {**project_list.environ, **environ}
    base.pop("AHJO_CONFIG_PATH", None)
    jobs, problems = [], []
    for project in project_list.projects:
        try:
            with chdir(project.directory):  # where its worker will look for a LOCAL file
                jobs.append(_job(project, base, prompt(project.name)))
        except ConfigError as error:
            reasons = error.problems or (" ".join(filter(None, (error.message, error.hint))),)
            problems += [f"{project.name}: {reason}" for reason in reasons]
    _refuse("The projects cannot be built as they are listed", problems)
    found = check_all(check, lambda ask, job: ask(job.request()), jobs)
    pairs = list(zip(jobs, found, strict=True))
    problems = [f"{job.project.location}: {problem}" for job, findings in pairs for problem in findings.problems]
    _refuse("The projects cannot be built as they are listed", problems)
    return [replace(job, destroys=findings.destroys) for job, findings in pairs]


def _job(project: ListedProject, environ: Mapping[str, str], prompt: Prompt) -> Job:
    settings = load(project.config, environ=environ, is_file_based=is_file_based).settings
    dialect = dialect_for(settings)
    own = dict(environ)
    if not settings.sqlalchemy_url:
        username, password = Credentials(
            settings,
            project.directory,
            prompt,
            needs_login=dialect.needs_login,
            driver_password=dialect.driver_password(environ),
        ).login()
        own |= {"AHJO_USERNAME": username} if username else {}
        own |= {"AHJO_PASSWORD": password} if password else {}
    database = dialect.database_name(settings)
    return Job(project, dialect.display_target(settings), database, settings.target_database_protected, own)


# -- versions --------------------------------------------------------------------------------------------------------


def preflight_versions(
    check: Check, plan: UpgradePlan, repository: Repository, config: Path, environ: Mapping[str, str]
) -> tuple[str, ...]:
    """Check the actions of every version; returns what they destroy, with the tags.

    Raises ConfigError with all problems.
    """

    def find(ask: Check, version: Version) -> Findings:
        return _preflight_version(ask, version, repository, config, environ)

    pairs = list(zip(plan.versions, check_all(check, find, plan.versions), strict=True))
    problems = [
        f"{version.location}: {version.tag}: {problem}" for version, found in pairs for problem in _problems(found)
    ]
    _refuse("The upgrade cannot run as it is listed", problems)
    return tuple(f"in {version.tag}, {text}" for version, found in pairs for text in found.destroys)


def _preflight_version(
    ask: Check, version: Version, repository: Repository, config: Path, environ: Mapping[str, str]
) -> Findings:
    with temporary_folder("ahjo-preflight-") as folder:
        try:
            directory = repository.export(f"refs/tags/{version.tag}", folder)
            refuse_predecessor(directory)
        except AhjoError as error:
            return Findings((f"{error.message}. {error.hint or ''}".rstrip(". "),))
        found = ask(Request(version.tag, directory, config, version.calls, environ))
        return replace(found, problems=tuple(without_folder(problem, directory) for problem in found.problems))


def _problems(found: Findings) -> tuple[str, ...]:
    nested = (f"an {UPGRADE} cannot be a step of another one",) if UPGRADE in found.runs else ()
    return (*found.problems, *nested)


def _refuse(message: str, problems: Sequence[str]) -> None:
    if problems:
        raise ConfigError(message, tuple(problems))
