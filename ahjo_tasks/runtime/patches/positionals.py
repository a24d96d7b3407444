"""Positional arguments that may be left out, as in `inv alembic "history -v"`.

A positional argument of Invoke has to be given, and until it is it swallows whatever comes, be it `--dry`. One with a
default is never filled at all: here it takes the first word that is no flag, no value of one, and no task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.parser.parser import ParseMachine

if TYPE_CHECKING:
    from collections.abc import Callable

    from invoke.parser.argument import Argument


def teach() -> None:
    """Have Invoke's parser fill positional arguments that have a default. Teaching twice changes nothing."""
    if not getattr(ParseMachine, "_ahjo_taught", False):
        ParseMachine.handle = _handle(ParseMachine.handle)  # type: ignore[assignment,method-assign]
        ParseMachine._ahjo_taught = True  # noqa: SLF001


def _handle(original: Callable[[ParseMachine, str], None]) -> Callable[[ParseMachine, str], None]:
    def handle(machine: ParseMachine, token: str) -> None:
        argument = _open_argument(machine)
        if argument is None or token.startswith("-") or token in machine.contexts:
            original(machine, token)
        else:
            argument.value = token

    return handle


def _open_argument(machine: ParseMachine) -> Argument | None:
    """The argument that waits for a word, unless a flag in front of it wants the word, or the parser has given up."""
    if machine.context is None or machine.waiting_for_flag_value or machine.current_state == "unknown":
        return None
    given = machine.context.positional_args
    return next((one for one in given if one.raw_value is None and one.default is not None), None)
