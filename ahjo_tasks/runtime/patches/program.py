"""Patch `Program.execute`: tune the garbage collector before tasks run, where the process is an Invoke program.

`inv` and other Invoke programs call `Program.run()` without arguments, so that it takes `sys.argv` itself. A host
process that runs a program or calls an action from Python passes its own arguments and keeps its own thresholds.
"""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING

from invoke.program import Program

from ahjo_tasks.runtime.gc_tuning import tune_gc
from ahjo_tasks.runtime.patches.expected import has_method

if TYPE_CHECKING:
    from collections.abc import Callable


def install() -> bool:
    """Patch `Program.execute`. Returns False, and changes nothing, where Invoke has another one."""
    if Program.execute.__module__ == __name__:
        return True
    if not (has_method(Program, "execute") and has_method(Program, "normalize_argv", "argv")):
        return False
    Program.execute = _tuned(Program.execute)  # type: ignore[assignment,method-assign]
    return True


def _tuned(original: Callable[[Program], None]) -> Callable[[Program], None]:
    @wraps(original, assigned=("__doc__", "__name__", "__qualname__"))
    def execute(program: Program) -> None:
        if getattr(program, "argv", None) is sys.argv:
            tune_gc()
        original(program)

    return execute
