"""Flags of actions as Invoke arguments: merge those of several actions, and pick the values of one."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from invoke.parser.argument import Argument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from invoke.tasks import Task

CORE_SHORTS = frozenset("cdefhlprwDFRTV")
"""Invoke's own short flags; an action with one of them would take `-f prod.json` or `-R` for itself."""


@cache
def confirmation() -> tuple[Argument, Argument]:
    """Return the two flags that answer the confirmation question beforehand.

    All actions share them: Invoke's parser copies its flags deeply before it gives them values, and shared ones once.
    """
    return (
        Argument(
            names=("non-interactive",),
            attr_name="non_interactive",
            kind=bool,
            default=False,
            help="Do not ask for confirmation.",
        ),
        Argument(
            names=("confirm-database",),
            attr_name="confirm_database",
            help="Name of the protected database, in place of typing it.",
        ),
    )


def by_name(task: Task[Any]) -> dict[str, Argument]:
    """Return the task's flags as they are typed: `--name`, `-n`, and `--no-name` for a switch that is on by default."""
    named: dict[str, Argument] = {}
    for argument in task.get_arguments():
        named |= {f"--{name}" if len(name) > 1 else f"-{name}": argument for name in argument.names}
        if argument.kind is bool and argument.default is True:
            named[f"--no-{argument.names[0]}"] = argument
    return named


def merged(groups: Iterable[Sequence[Argument]]) -> list[Argument]:
    """Return the flags of several actions as those of one: each long name once, a short name for the first that has it.

    They have no defaults, so that each action keeps its own.
    """
    arguments: dict[str, Argument] = {}
    for argument in (argument for group in groups for argument in group):
        arguments.setdefault(argument.names[0], argument)
    taken = set(arguments)
    return [_copy(argument, _free_names(argument, taken)) for argument in arguments.values()]


def missing_from(arguments: Sequence[Argument], others: Sequence[Argument]) -> list[Argument]:
    """Return the other flags that an action lacks, as `merged` has them: without defaults."""
    names = {argument.name for argument in arguments}
    taken = {name for argument in arguments for name in argument.names}
    return [_copy(other, _free_names(other, taken)) for other in others if other.name not in names]


def _free_names(argument: Argument, taken: set[str]) -> tuple[str, ...]:
    shorts = [name for name in argument.nicknames if name not in taken]
    taken.update(shorts)
    return argument.names[0], *shorts


def _copy(argument: Argument, names: tuple[str, ...]) -> Argument:
    return Argument(
        names=names,
        kind=argument.kind,
        default=argument.default if argument.kind in {bool, list} or argument.incrementable else None,
        help=argument.help,
        optional=argument.optional,
        incrementable=argument.incrementable,
        attr_name=argument.attr_name,
    )


def given(arguments: Iterable[Argument], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of these arguments, without those that were not given on the command line."""
    known = {argument.name: argument for argument in arguments}
    return {
        name: value
        for name, value in values.items()
        if name in known and value is not None and value != [] and not _untouched(known[name], value)
    }


def _untouched(argument: Argument, value: object) -> bool:
    return (argument.kind is bool or argument.incrementable) and value == argument.default


def missing(arguments: Iterable[Argument], values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the required flags that have no value."""
    for argument in arguments:
        if argument.positional and argument.default is None and values.get(str(argument.name)) is None:
            yield f"--{argument.names[0]}"


def swallowed(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return a flag and the flag that Invoke took for its value, as in `inv greet --name --dry`."""
    for name, value in values.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and text.startswith("-") and text in _core_flags():
                return f"--{name.replace('_', '-')}", text
    return None


def _core_flags() -> frozenset[str]:
    from invoke.program import Program

    program = Program()
    arguments = [*program.core_args(), *program.task_args()]
    names = [name for argument in arguments for name in argument.names]
    return frozenset(f"--{name}" if len(name) > 1 else f"-{name}" for name in names)
