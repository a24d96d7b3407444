"""The one place where a failure becomes a message and an exit code."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from invoke.exceptions import CommandTimedOut, Exit, Failure

from ahjo_tasks.console.console import report_error
from ahjo_tasks.errors import AhjoError

if TYPE_CHECKING:
    from types import TracebackType

    from ahjo_tasks.runtime.context import ActionContext


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


class ErrorBoundary:
    """Surrounds the outermost action: closes what it opened, says how it ended, and leaves with its exit code."""

    def __init__(self, ctx: ActionContext, name: str) -> None:
        self.ctx = ctx
        self.name = name
        self.started = time.perf_counter()

    def __enter__(self) -> None:
        """Start the clock; connections are opened when they are needed."""

    def __exit__(
        self, _type: type[BaseException] | None, raised: BaseException | None, _trace: TracebackType | None
    ) -> None:
        error = self.ctx.finish(CommandError.of(raised) if isinstance(raised, Failure) else raised)
        code = self._report(error)
        self.ctx.console.summary(self.name, code, time.perf_counter() - self.started)
        self.ctx.project.flush_logs()
        if error is None:
            return
        if self.ctx.debug or isinstance(error, Exit | SystemExit):
            raise error
        raise Exit(code=code) from error

    def _report(self, error: BaseException | None) -> int:
        """Say what nobody has said yet; returns the exit code."""
        if error is None:
            return 0
        if isinstance(error, Exit | SystemExit):
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        return report_error(self.ctx.console, error)
