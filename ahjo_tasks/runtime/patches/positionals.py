"""Patch `ParseMachine.handle`: positional arguments that may be left out, as in `inv alembic "history -v"`.

Invoke demands a positional argument without a default, and until it comes takes whatever comes for it, be it `--dry`.
It never fills one that has a default: here such an argument takes the first word that is no flag, no value of one, and
no task; or one of its `words`, which are names of tasks, too, as in `inv alembic history`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.parser.parser import ParseMachine

from ahjo_tasks.runtime.patches.expected import has_method

if TYPE_CHECKING:
    from collections.abc import Callable

    from invoke.parser.argument import Argument


def install() -> bool:
    """Patch `ParseMachine.handle`. Returns False, and changes nothing, where Invoke has another one."""
    if ParseMachine.handle.__module__ == __name__:
        return True
    if not has_method(ParseMachine, "handle", "token") or not hasattr(ParseMachine, "waiting_for_flag_value"):
        return False
    ParseMachine.handle = _handle(ParseMachine.handle)  # type: ignore[assignment,method-assign]
    return True


def _handle(original: Callable[[ParseMachine, str], None]) -> Callable[[ParseMachine, str], None]:
    def handle(machine: ParseMachine, token: str) -> None:
        argument = _open_positional(machine)
        if argument is None or token.startswith("-") or (token in machine.contexts and token not in _words(argument)):
            original(machine, token)
        else:
            argument.value = token

    return handle


def _words(argument: Argument) -> frozenset[str]:
    words: frozenset[str] = getattr(argument, "words", frozenset())
    return words


def _open_positional(machine: ParseMachine) -> Argument | None:
    """Return the argument that a word would fill, unless a flag before it takes it, or the parser has given up."""
    if machine.context is None or machine.waiting_for_flag_value or machine.current_state == "unknown":
        return None
    for argument in machine.context.positional_args:
        if argument.raw_value is None and argument.default is not None:
            return argument
    return None
