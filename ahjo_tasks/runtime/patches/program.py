"""Patch `Program.parse_tasks`: tune the garbage collector after tasks.py is loaded, in an Invoke program's process.

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
    """Patch `Program.parse_tasks`. Returns False, and changes nothing, where Invoke has another one."""
    if Program.parse_tasks.__module__ == __name__:
        return True
    if not (has_method(Program, "parse_tasks") and has_method(Program, "normalize_argv", "argv")):
        return False
    Program.parse_tasks = _tuned(Program.parse_tasks)  # type: ignore[assignment,method-assign]
    return True


def _tuned(original: Callable[[Program], None]) -> Callable[[Program], None]:
    @wraps(original, assigned=("__doc__", "__name__", "__qualname__"))
    def parse_tasks(program: Program) -> None:
        if getattr(program, "argv", None) is sys.argv:
            tune_gc()
        original(program)

    return parse_tasks
