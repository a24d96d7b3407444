"""Patch `ParseMachine.error` and `see_value`: explain a call that the parser does not understand, and exit with 2.

Invoke raises its own ParseError ("No idea what '--dri' is!") and exits with 1, the code of a failed action; for a text
in place of a number it raises ValueError.
"""

from __future__ import annotations

import re
from functools import wraps
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit, ParseError
from invoke.parser.parser import ParseMachine

from ahjo_tasks.errors import UsageError
from ahjo_tasks.runtime.patches.expected import has_method
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from invoke.parser.context import ParserContext

UNKNOWN = re.compile(r"No idea what (['\"])(.*)\1 is!", re.DOTALL)
NO_VALUE = re.compile(r"Flag .* needed value")


class CommandLineError(ParseError, Exit):  # Invoke prints a ParseError and exits with the code of an Exit
    """A command line that the parser does not understand, found before anything ran."""

    def __init__(self, message: str, hint: str, context: ParserContext | None) -> None:
        Exit.__init__(self, code=UsageError.exit_code)
        self.args = (f"Error: {message}\n  hint: {hint}" if hint else f"Error: {message}",)
        self.context = context


def install() -> bool:
    """Patch `ParseMachine.error`. Returns False, and changes nothing, where Invoke has another one."""
    if ParseMachine.error is _error:
        return True
    if not has_method(ParseMachine, "error", "msg"):
        return False
    ParseMachine.error = _error  # type: ignore[assignment,method-assign]
    if has_method(ParseMachine, "see_value", "value"):
        ParseMachine.see_value = _explained(ParseMachine.see_value)  # type: ignore[assignment,method-assign]
    return True


def _explained(original: Callable[[ParseMachine, Any], None]) -> Callable[[ParseMachine, Any], None]:
    @wraps(original)
    def see_value(machine: ParseMachine, value: Any) -> None:
        try:
            original(machine, value)
        except ValueError:
            name = machine.flag.name if machine.flag else "value"
            raise CommandLineError(f"--{name}: {value!r} is no number.", "", machine.context) from None

    return see_value


def _error(machine: ParseMachine, msg: str) -> None:
    """Raise CommandLineError; Invoke's own sentence stays where it is none of those that are known here."""
    unknown = UNKNOWN.fullmatch(msg)
    message, hint = msg, ""
    if unknown:
        explain = _unknown_flag if unknown[2].startswith("-") else _unknown_word
        message, hint = explain(machine, unknown[2])
    elif machine.flag and NO_VALUE.match(msg):
        message = f"--{machine.flag.name} needs a value."
    raise CommandLineError(message, hint, machine.context)


def _unknown_flag(machine: ParseMachine, flag: str) -> tuple[str, str]:
    action = machine.context.name if machine.context else None
    if action is None:
        return f"inv has no option {flag}.", "Options of an action come after it: inv --help ACTION lists them."
    owners = [context for context in machine.result if context.name and flag in context.flags]
    if owners:
        owner = owners[-1].name
        return f"{action} has no option {flag}.", f"{owner} has it: write it right after {owner}."
    suggestion = did_you_mean(flag, [*machine.context.flags, *machine.initial.flags])
    return f"{action} has no option {flag}.", suggestion or (
        f"inv --help {action} lists its options. To have {flag}, give the function a parameter of that name."
    )


def _unknown_word(machine: ParseMachine, word: str) -> tuple[str, str]:
    from ahjo_tasks.config.document import CONFIG_SUFFIXES

    hint = did_you_mean(word, machine.contexts)
    if word.lower().endswith(CONFIG_SUFFIXES):
        hint = f"A config is named by --config {word}"
    elif machine.flag and machine.flag.kind is list:
        hint = hint or f"For one more value, give --{machine.flag.name} again."
    return f"There is no action {word!r}.", hint or "inv --list shows them all."
