"""A call that Invoke's parser does not understand: what is wrong, what to do, and exit code 2, as any other mistake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from invoke.exceptions import Exit, ParseError
from invoke.parser.parser import ParseMachine

from ahjo_tasks.config.document import CONFIG_SUFFIXES
from ahjo_tasks.errors import UsageError
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from invoke.parser.context import ParserContext

UNKNOWN = re.compile(r"No idea what (['\"])(.*)\1 is!", re.DOTALL)
NO_VALUE = re.compile(r"Flag .* needed value")


class MistypedError(ParseError, Exit):  # Invoke prints the one and leaves with the code of the other
    """Words that make no sense, found before anything ran."""

    def __init__(self, message: str, hint: str, context: ParserContext | None) -> None:
        Exit.__init__(self, code=UsageError.exit_code)
        self.args = (f"Error: {message}\n  hint: {hint}" if hint else f"Error: {message}",)
        self.context = context


def teach() -> None:
    """Have Invoke's parser explain itself. Teaching twice changes nothing."""
    ParseMachine.error = _error  # type: ignore[method-assign,assignment]


def _error(machine: ParseMachine, said: str) -> None:
    unknown = UNKNOWN.fullmatch(said)
    message, hint = said, ""
    if unknown:
        explain = _flag if unknown[2].startswith("-") else _word
        message, hint = explain(machine, unknown[2])
    elif machine.flag and NO_VALUE.match(said):
        message = f"--{machine.flag.name} needs a value."
    raise MistypedError(message, hint, machine.context)


def _flag(machine: ParseMachine, flag: str) -> tuple[str, str]:
    action = machine.context.name if machine.context else None
    if action is None:
        return f"inv has no option {flag}.", "Options of an action stand behind it: inv --help ACTION lists them."
    having = [one.name for one in machine.result if one.name and flag in one.flags]
    if having:
        return f"{action} has no option {flag}.", f"{having[-1]} has it: write it right behind {having[-1]}."
    near = did_you_mean(flag, [*machine.context.flags, *machine.initial.flags])
    return f"{action} has no option {flag}.", near or f"inv --help {action} lists its options."


def _word(machine: ParseMachine, word: str) -> tuple[str, str]:
    hint = did_you_mean(word, machine.contexts)
    if word.lower().endswith(CONFIG_SUFFIXES):
        hint = f"A config is named by --config {word}"
    elif machine.flag and machine.flag.kind is list:
        hint = hint or f"For one more value, give --{machine.flag.name} again."
    return f"There is no action {word!r}.", hint or "inv --list shows them all."
