"""The terminal."""

from ahjo_tasks.console.console import Console, Tally

__all__ = ["Console", "Tally"]
