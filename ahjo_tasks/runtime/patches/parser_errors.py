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
from ahjo_tasks.utils import closest, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from invoke.parser.context import ParserContext

UNKNOWN = re.compile(r"No idea what (['\"])(.*)\1 is!", re.DOTALL)
NO_VALUE = re.compile(r"Flag .* needed value")


DEPLOY = "inv deploy runs pending migrations and deploys the SQL files."
BACK = 'inv rollback --run ID puts objects back, inv alembic "downgrade -1" undoes the last migration.'
REVISION = 'inv alembic -- revision -m "message" writes a new migration.'
PULL = "inv pull writes the objects of a database into the project."
OTHER_ACTIONS = {
    "diff": "inv plan --diff prints what would be deployed.",
    **dict.fromkeys(("migrate", "up", "apply", "update", "publish", "run"), DEPLOY),
    **dict.fromkeys(("down", "undo", "revert"), BACK),
    **dict.fromkeys(("revision", "generate", "makemigrations"), REVISION),
    **dict.fromkeys(("inspect", "introspect", "import", "dump"), PULL),
    "stamp": "inv alembic -- stamp REVISION records that a database is at a revision, inv baseline all of the project.",
    "changelog-sync": "inv baseline records what is there as deployed.",
    "build": "inv complete-build creates the database and deploys everything.",
    "create": "inv init creates the database.",
    "clean": "inv init drops the database and creates it again.",
    "reset": "inv complete-build recreates the database and deploys everything.",
    "repair": "There is nothing to repair: a changed file is deployed again, inv drift compares the database.",
    "lint": "inv batches shows how SQL files are read, inv scan finds what should not be in them.",
    "check": "inv doctor checks the installation, inv config the settings.",
    "validate": "inv config checks the settings, inv plan the files.",
    "info": "inv status prints the state of the database, inv config the settings.",
    "seed": "inv data loads database/data.",
    "new": "inv init-project creates a project.",
    "help": "inv --list shows the actions, inv --help ACTION the options of one.",
}
"""Actions of other tools and of habit, with the way here."""
FORMATS = ("json", "markdown", "junit", "github")
"""Values of --format that people try as flags."""
OTHER_FLAGS = {
    "--yes": "--non-interactive",
    "-y": "--non-interactive",
    "-n": "--non-interactive",
    "-ni": "--non-interactive",
    "--force": "--non-interactive",
    "--no-input": "--non-interactive",
    "--assume-yes": "--non-interactive",
    "--dry-run": "--dry",
    "--plan": "--dry",
    "--verbose": "--debug",
    "-c": "--config",
}


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
            raise CommandLineError(f"--{name}: {value!r} is not a number.", "", machine.context) from None

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
        suggestion = suggest_flag(flag, machine.initial.flags)
        other = "Options of an action come after it: inv --help ACTION lists them."
        return f"inv has no option {flag}.", suggestion or other
    owners = [context for context in machine.result if context.name and flag in context.flags]
    if owners:
        owner = owners[-1].name
        return f"{action} has no option {flag}.", f"{owner} has it: write it right after {owner}."
    suggestion = suggest_flag(flag, [*machine.context.flags, *machine.initial.flags])
    return f"{action} has no option {flag}.", suggestion or (
        f"inv --help {action} lists its options. An action of your own needs a parameter of that name."
    )


def suggest_flag(flag: str, known: Collection[str]) -> str:
    """Return a hint for an unknown flag: the one that other tools call so, or one that is spelt like it."""
    other = OTHER_FLAGS.get(flag.lower())
    if other in known:
        return f"Did you mean {other}?"
    if flag.lstrip("-") in FORMATS and "--format" in known:
        return f"Did you mean --format {flag.lstrip('-')}?"
    bare = {name.lstrip("-"): name for name in known}  # dashes would make all of them alike
    return f"Did you mean {bare[name]}?" if (name := closest(flag.lstrip("-"), bare)) else ""


def suggest_action(word: str, known: Iterable[str]) -> str:
    """Return a hint for an unknown action: how to do here what other tools call so, or one that is spelt like it."""
    return OTHER_ACTIONS.get(word.lower(), "") or did_you_mean(word, known)


def _unknown_word(machine: ParseMachine, word: str) -> tuple[str, str]:
    from ahjo_tasks.config.document import CONFIG_SUFFIXES

    hint = suggest_action(word, machine.contexts)
    if word.lower().endswith(CONFIG_SUFFIXES):
        hint = f"Name a config with --config {word}"
    elif machine.flag and machine.flag.kind is list:
        hint = hint or f"For one more value, give --{machine.flag.name} again."
    return f"There is no action {word!r}.", hint or "inv --list shows them all."
