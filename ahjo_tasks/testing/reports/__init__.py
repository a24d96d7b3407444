"""What SQL tests found, in the forms that other programs read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.testing.reports.github import github
from ahjo_tasks.testing.reports.json import as_json
from ahjo_tasks.testing.reports.junit import junit
from ahjo_tasks.testing.reports.tap import tap

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ahjo_tasks.testing.sqltests import FileResult

REPORTS: dict[str, Callable[[Sequence[FileResult]], str]] = {
    "junit": junit,
    "tap": tap,
    "json": as_json,
    "github": github,
}

__all__ = ["REPORTS"]
