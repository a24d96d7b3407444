"""Asking the actions of each version whether they could run, from a copy of its files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ahjo_tasks.errors import AhjoError, ConfigError
from ahjo_tasks.upgrade.alone import UPGRADE
from ahjo_tasks.upgrade.predecessor import refuse_predecessor
from ahjo_tasks.upgrade.repository import of_the_tag
from ahjo_tasks.workers.asking import ask, ask_all
from ahjo_tasks.workers.request import Answers, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ahjo_tasks.upgrade.plan import UpgradePlan, Version
    from ahjo_tasks.upgrade.repository import Repository


def rehearse(plan: UpgradePlan, repository: Repository, config: Path, environ: Mapping[str, str]) -> bool:
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
        return replace(answers, problems=tuple(of_the_tag(problem, directory) for problem in answers.problems))
