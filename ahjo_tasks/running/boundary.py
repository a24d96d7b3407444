"""The one place where a failure becomes a message and an exit code."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from invoke.exceptions import Exit, Failure

from ahjo_tasks.running.command_error import CommandError
from ahjo_tasks.running.ending import told

if TYPE_CHECKING:
    from types import TracebackType

    from ahjo_tasks.running.context import ActionContext


class Boundary:
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
        self.ctx.workspace.flush_logs()
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
        return told(self.ctx.console, error)
