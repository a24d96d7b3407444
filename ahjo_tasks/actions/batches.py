"""Showing how a SQL file is cut into batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.action import action
from ahjo_tasks.errors import UsageError

if TYPE_CHECKING:
    from ahjo_tasks.context import ActionContext

SHOWN = 60


@action(
    auto_shortflags=False,
    help={
        "file": "The SQL file.",
        "dialect": "mssql, postgresql, mysql or sqlite; by default the one of the config.",
        "format": "table, or json: an array of objects with text, count and line.",
    },
)
def batches(ctx: ActionContext, file: str = "", dialect: str = "", format: str = "table") -> None:  # noqa: A002 - the flag's name
    """Show how a SQL file is cut into batches.

    Needs no database, and no config where --dialect is given. A file that cannot be cut exits with 1.
    """
    from ahjo_tasks.dialects import dialect as dialect_named
    from ahjo_tasks.project.batches import split
    from ahjo_tasks.project.sqlfiles import decode

    if not file or format not in {"table", "json"}:
        raise UsageError("batches needs --file, and --format table or json.")
    spoken = dialect_named(dialect) if dialect else ctx.workspace.dialect
    found = split(decode(Path(file)), spoken.batch_style, path=Path(file))
    if format == "json":
        ctx.console.raw(
            json.dumps([{"text": one.text, "count": one.count, "line": one.line} for one in found], indent=2)
        )
        return
    rows = [(number, one.line, one.count, _head(one.text)) for number, one in enumerate(found, 1)]
    ctx.console.table(["Batch", "Line", "Count", "Text"], rows)


def _head(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
