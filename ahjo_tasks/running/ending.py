"""A failure as words for the user and an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import INTERRUPTED, AhjoError

if TYPE_CHECKING:
    from ahjo_tasks.console import Console


def told(console: Console, error: BaseException) -> int:
    """Say what went wrong; returns the exit code."""
    match error:
        case KeyboardInterrupt():
            console.interrupted(*map(str, error.args))
            return INTERRUPTED
        case AhjoError():
            console.error(error)
            return error.exit_code
    console.unexpected(error)
    return 1
