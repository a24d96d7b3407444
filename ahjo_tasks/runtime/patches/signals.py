"""Patch `inv` so that Ctrl-C and SIGTERM are never silent: before its first task, and between tasks.

Until the first task the process ends at once: nothing ran, and what a handler raises may be lost in the many imports,
where Python calls back from C code. Then the handlers are as before, and an action says itself what it left.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit
from invoke.program import Program

from ahjo_tasks.errors import INTERRUPTED, TERMINATED, TerminatedError
from ahjo_tasks.runtime.patches.expected import ASSIGNED, has_method

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

DEFAULTS: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
"""Python's own handlers."""


def install() -> bool:
    """Patch `Program.execute`, and answer signals while a program loads its tasks. Returns False as the others do."""
    if Program.execute.__module__ == __name__:
        return True
    if not has_method(Program, "execute"):
        return False
    Program.execute = _explained(Program.execute)  # type: ignore[assignment,method-assign]
    if _is_starting():
        for number, handler in DEFAULTS.items():
            if signal.getsignal(number) == handler:
                signal.signal(number, _end)
    return True


def started() -> None:
    """Give Python its handlers back: a task runs from here."""
    for number, handler in DEFAULTS.items():
        if signal.getsignal(number) is _end:
            signal.signal(number, handler)


def _is_starting() -> bool:
    """Return whether an Invoke program that has the process to itself is loading its tasks."""
    frame = sys._getframe()  # noqa: SLF001 - Invoke calls nothing of ours before
    while frame and frame.f_code is not Program.run.__code__:
        frame = frame.f_back  # type: ignore[assignment]
    main = threading.current_thread() is threading.main_thread()
    return main and frame is not None and frame.f_locals.get("argv") is None


def _end(number: int, _frame: FrameType | None) -> None:
    word, code = _ending(terminated=number == signal.SIGTERM)
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"{word} before anything ran.\n".encode())
    os._exit(code)


def _ending(*, terminated: bool) -> tuple[str, int]:
    return ("Terminated", TERMINATED) if terminated else ("Interrupted", INTERRUPTED)


def _explained(original: Callable[[Program], None]) -> Callable[[Program], None]:
    """Say that Ctrl-C ended the program between its actions; Invoke would end it with 1, and silently."""

    @wraps(original, assigned=ASSIGNED)
    def execute(program: Program) -> None:
        try:
            original(program)
        except KeyboardInterrupt as stop:
            word, code = _ending(terminated=isinstance(stop, TerminatedError))
            raise Exit(f"{word}.", code=code) from stop

    return execute
