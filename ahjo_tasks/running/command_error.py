"""A command that an action ran and that failed, told as any other failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke.exceptions import CommandTimedOut

from ahjo_tasks.errors import AhjoError

if TYPE_CHECKING:
    from invoke.exceptions import Failure

LAST_LINES = 20
"""How much is shown of what a hidden command said."""
LONGEST = 300
"""Characters of a command."""
BY_SIGNAL = 128
"""A shell adds the signal's number to it."""


class CommandError(AhjoError):
    """A command ended badly; `details` are the last lines that it said and nobody has seen."""

    def __init__(self, message: str, details: tuple[str, ...], exit_code: int) -> None:
        super().__init__(message)
        self.details = details
        self.exit_code = exit_code

    @classmethod
    def of(cls, failure: Failure) -> CommandError:
        """What Invoke knows of the command."""
        how, code = _ended(failure)
        return cls(f"The command {how}: {_shown(failure.result.command)}", _unseen(failure), code)


def _ended(failure: Failure) -> tuple[str, int]:
    """How the command ended, and the exit code that says so."""
    exited = failure.result.exited or 0
    if isinstance(failure, CommandTimedOut):
        return f"did not end within {failure.timeout} s", 1
    if exited < 0:
        return f"was ended by signal {-exited}", BY_SIGNAL - exited
    return f"ended with exit code {exited}", exited or 1


def _shown(command: str) -> str:
    lines = command.strip().splitlines() or [""]
    cut = lines[0][:LONGEST]
    return cut if cut == command.strip() else f"{cut} ..."


def _unseen(failure: Failure) -> tuple[str, ...]:
    result = failure.result
    hidden = [result.stderr if "stderr" in result.hide else "", result.stdout if "stdout" in result.hide else ""]
    said = next((text for text in hidden if text.strip()), "")
    return tuple(said.strip().splitlines()[-LAST_LINES:])
