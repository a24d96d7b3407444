"""The one place where a failure becomes a message and an exit code."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from invoke.exceptions import Exit, Failure

from ahjo_tasks.errors import INTERRUPTED, AhjoError
from ahjo_tasks.running.command_error import CommandError

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
        console = self.ctx.console
        match error:
            case KeyboardInterrupt():
                console.interrupted(*map(str, error.args))
            case AhjoError():
                console.error(error)
            case None | Exit() | SystemExit():
                pass
            case _:
                console.unexpected(error)
        return _exit_code(error)


def _exit_code(error: BaseException | None) -> int:
    code: object = 1
    match error:
        case None:
            code = 0
        case Exit() | SystemExit():
            code = error.code
        case KeyboardInterrupt():
            code = INTERRUPTED
        case AhjoError():
            code = error.exit_code
    return code if isinstance(code, int) else int(code is not None)
