"""Versions that were made for the predecessor, before the project had a `tasks.py`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.errors import AhjoError

if TYPE_CHECKING:
    from pathlib import Path

ACTIONS = "ahjo_actions.py"
IMPORT = re.compile(rb"^\s*(from|import)\s+ahjo[\s.]", re.MULTILINE)


def refuse_predecessor(directory: Path) -> None:
    """Raise AhjoError for a project whose actions only the predecessor can import, or that is not there at all."""
    if not directory.is_dir():
        raise AhjoError(f"the version has no folder {directory.name}")
    actions = directory / ACTIONS
    if (directory / "tasks.py").is_file() or not actions.is_file():
        return
    if IMPORT.search(actions.read_bytes()):
        raise AhjoError(
            f"there is no tasks.py, only the predecessor's {ACTIONS}",
            hint="Bring the database to the first version with a tasks.py by the predecessor, then go on from there",
        )
