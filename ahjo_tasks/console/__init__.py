"""Output to the terminal and to logs."""

from ahjo_tasks.console.console import Console, RunCounts

__all__ = ["Console", "RunCounts"]
