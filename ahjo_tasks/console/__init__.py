"""The terminal."""

from ahjo_tasks.console.console import Console
from ahjo_tasks.console.tally import Tally

__all__ = ["Console", "Tally"]
