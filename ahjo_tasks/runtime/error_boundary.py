"""Turn the failure of an action into a message and an exit code."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from invoke.exceptions import CommandTimedOut, Exit, Failure

from ahjo_tasks.errors import AhjoError, UsageError
from ahjo_tasks.runtime.patches.config_files import exit_message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from ahjo_tasks.runtime.context import ActionContext


LAST_LINES = 20
"""Lines that are shown of the output of a command that was hidden."""
COMMAND_WIDTH = 300
"""Characters that are shown of a command."""
SIGNAL_BASE = 128
"""A shell adds the number of a signal to it, to make an exit code."""


class CommandError(AhjoError):
    """A command of `ctx.run` that failed; `details` are its last lines of output, unless they were shown.

    The exit code is 1, or that of the signal that ended the command: the others are for causes of our own.
    """

    def __init__(self, message: str, details: tuple[str, ...], exit_code: int) -> None:
        super().__init__(message)
        self.details = details
        self.exit_code = exit_code

    @classmethod
    def from_failure(cls, failure: Failure) -> CommandError:
        """Make the error of what Invoke reports."""
        outcome, code = _outcome(failure)
        return cls(f"The command {outcome}: {_shortened(failure.result.command)}", _hidden_output(failure), code)


def _outcome(failure: Failure) -> tuple[str, int]:
    """Return how the command ended, in words, and the exit code for it."""
    exited = failure.result.exited or 0
    if isinstance(failure, CommandTimedOut):
        return f"did not end within {failure.timeout} s", 1
    if exited < 0:
        return f"was ended by signal {-exited}", SIGNAL_BASE - exited
    return f"ended with exit code {exited}", exited if exited > SIGNAL_BASE else 1


def _shortened(command: str) -> str:
    lines = command.strip().splitlines() or [""]
    start = lines[0][:COMMAND_WIDTH]
    return start if start == command.strip() else f"{start} ..."


def _hidden_output(failure: Failure) -> tuple[str, ...]:
    """Return the last lines of what the user has not seen: of standard error, or else of standard output."""
    result = failure.result
    hidden = [result.stderr if "stderr" in result.hide else "", result.stdout if "stdout" in result.hide else ""]
    output = next((text for text in hidden if text.strip()), "")
    return tuple(output.strip().splitlines()[-LAST_LINES:])


@contextmanager
def refusing_calls() -> Iterator[None]:
    """Turn UsageError into Invoke's Exit, where there is no project and so no console yet."""
    try:
        yield
    except UsageError as error:
        raise Exit(exit_message(error), code=error.exit_code) from error


class ErrorBoundary:
    """A context manager around the outermost action: it closes connections, and reports how the action ended."""

    def __init__(self, ctx: ActionContext, name: str) -> None:
        self.ctx = ctx
        self.name = name
        self.started = time.perf_counter()

    def __enter__(self) -> None:
        """Start the clock; connections are opened when they are needed."""

    def __exit__(
        self, _type: type[BaseException] | None, raised: BaseException | None, _trace: TracebackType | None
    ) -> None:
        error = self.ctx.finish(CommandError.from_failure(raised) if isinstance(raised, Failure) else raised)
        if error is None and self.ctx.invocation.interrupted:  # and what Python raised was lost
            error = KeyboardInterrupt("everything was done before")
        code = self._report(error)
        self.ctx.console.summary(self.name, code, time.perf_counter() - self.started)
        self.ctx.project.flush_logs()
        if error is None:
            return
        if isinstance(error, Exit | SystemExit):
            raise error
        if self.ctx.debug:
            self.ctx.console.traceback(error)
        raise Exit(code=code) from error

    def _report(self, error: BaseException | None) -> int:
        """Print the error, unless an `Exit` has done so. Returns the exit code."""
        if error is None:
            return 0
        if isinstance(error, Exit | SystemExit):
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        from ahjo_tasks.console.console import report_error

        code = report_error(self.ctx.console, error)
        return AhjoError.exit_code if code == UsageError.exit_code and self._has_changed() else code

    def _has_changed(self) -> bool:
        """Return whether a step has run before the failure, which then is not found before anything ran."""
        counts = self.ctx.invocation.counts
        return not self.ctx.dry_run and bool(counts.finished_steps or counts.results["OK"] or counts.results["FAIL"])
