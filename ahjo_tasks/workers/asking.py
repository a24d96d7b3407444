"""Asking a project whether actions could run, without running them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from ahjo_tasks.workers.process import Worker
from ahjo_tasks.workers.request import Answers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ahjo_tasks.workers.request import Request

AT_ONCE = 4
T = TypeVar("T")


def ask(request: Request, environ: Mapping[str, str]) -> Answers:
    """What stands in the way, and whether a database would be created anew. `request` has `check` set."""
    said: list[str] = []
    outcome = Worker(request, environ).run(said.append)
    if outcome.code and not outcome.answers.problems:
        return Answers(problems=(outcome.error or " ".join(said[-1:]) or f"exit code {outcome.code}",))
    return outcome.answers


def ask_all(function: Callable[[T], Answers], things: Sequence[T]) -> list[Answers]:
    """The answers for each, in order; a few are asked at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(function, things))
