"""What is found out about each project before the first of them is built."""

from __future__ import annotations

from contextlib import chdir
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ahjo_tasks.config.loader import load
from ahjo_tasks.database.credentials import Credentials
from ahjo_tasks.database.dialects import dialect_for
from ahjo_tasks.errors import ConfigError
from ahjo_tasks.fleet.protocol import Request
from ahjo_tasks.fleet.worker import ask, ask_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ahjo_tasks.database.credentials import Prompt
    from ahjo_tasks.fleet.project_list import ListedProject, Listing
    from ahjo_tasks.fleet.protocol import Answers


@dataclass(frozen=True)
class Prepared:
    """A project with its database and the environment of its process. `destroys` says that `init` is among the rest."""

    project: ListedProject
    target: str
    database: str
    protected: bool
    environ: Mapping[str, str]
    destroys: bool = False

    def answering(self, answers: Mapping[str, str]) -> Prepared:
        """The same with answers to the questions that its actions would ask."""
        return replace(self, environ={**self.environ, **answers})

    def request(self, *, check: bool = False, dry: bool = False, debug: bool = False) -> Request:
        """What its worker is asked to do."""
        return Request(self.project.directory, self.project.config, self.project.calls, check, dry, debug)


def prepare(listing: Listing, environ: Mapping[str, str], prompt: Callable[[str], Prompt]) -> list[Prepared]:
    """Load every config, find every login, and ask every project for its actions.

    `prompt` gives whom to ask for the login of a project. Raises ConfigError with all that stands in the way.
    """
    base = {**listing.environ, **environ}
    base.pop("AHJO_CONFIG_PATH", None)
    found, problems = [], []
    for project in listing.projects:
        try:
            with chdir(project.directory):  # where its process will look for a LOCAL file
                found.append(_prepared(project, base, prompt(project.name)))
        except ConfigError as error:
            told = error.problems or (" ".join(filter(None, (error.message, error.hint))),)
            problems += [f"{project.name}: {problem}" for problem in told]
    _refuse(problems)
    answers = ask_all(lambda prepared: ask(prepared.request(check=True), prepared.environ), found)
    _refuse(
        [f"{one.project.place}: {problem}" for one, answer in _pairs(found, answers) for problem in answer.problems]
    )
    return [replace(one, destroys=answer.destroys) for one, answer in _pairs(found, answers)]


def _prepared(project: ListedProject, environ: Mapping[str, str], prompt: Prompt) -> Prepared:
    settings = load(project.config, environ=environ).settings
    dialect = dialect_for(settings)
    own = dict(environ)
    if not settings.sqlalchemy_url:
        username, password = Credentials(settings, project.directory, prompt, needs_login=dialect.needs_login).login()
        own |= {"AHJO_USERNAME": username} if username else {}
        own |= {"AHJO_PASSWORD": password} if password else {}
    database = dialect.database_name(settings)
    return Prepared(project, dialect.display_target(settings), database, settings.target_database_protected, own)


def _pairs(found: list[Prepared], answers: list[Answers]) -> zip[tuple[Prepared, Answers]]:
    return zip(found, answers, strict=True)


def _refuse(problems: list[str]) -> None:
    if problems:
        raise ConfigError("The projects cannot be built as they are listed", tuple(problems))
