"""Values from a file as the parameters of an action."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ahjo_tasks.running import flags
from ahjo_tasks.running.action import MultiAction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from invoke.parser.argument import Argument
    from invoke.tasks import Task


def keywords(task: Task, parameters: Mapping[str, Any]) -> dict[str, Any]:  # type: ignore[type-arg]
    """The values by the names of Python; one value for a parameter that takes several is a list of one."""
    known = {str(argument.name): argument for argument in task.get_arguments()}
    named = {name.lstrip("-").replace("-", "_"): value for name, value in parameters.items()}
    return {name: _as_wanted(known.get(name), value) for name, value in named.items()}


def problems(task: Task, parameters: Mapping[str, Any]) -> Iterator[str]:  # type: ignore[type-arg]
    """A sentence for each parameter that the action does not have, cannot take, or lacks."""
    arguments = task.get_arguments()
    known = {str(argument.name): argument for argument in arguments}
    values = keywords(task, parameters)
    for name, value in values.items():
        if name not in known:
            yield f"{task.name} has no parameter {name!r}{_meant(name, known)}"
        elif unfit := _unfit(known[name], value):
            yield f"{task.name}: {name}: expected {unfit}"
    for flag in _missing(task, arguments, values):
        yield f"{task.name} needs {flag}"


def _missing(task: Task, arguments: Iterable[Argument], values: Mapping[str, Any]) -> Iterator[str]:  # type: ignore[type-arg]
    return task.lacks(values) if isinstance(task, MultiAction) else flags.missing(arguments, values)


def _as_wanted(argument: Argument | None, value: object) -> object:
    wants_list = argument is not None and argument.kind is list
    return [value] if wants_list and not isinstance(value, list) else value


def _unfit(argument: Argument, value: object) -> str:
    if argument.kind is bool and not isinstance(value, bool):
        return "true or false"
    if argument.kind is int and (isinstance(value, bool) or not isinstance(value, int)):
        return "an integer"
    return ""


def _meant(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
