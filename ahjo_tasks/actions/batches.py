"""Showing how a SQL file is cut into batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.running.context import ActionContext

FORMATS = ("table", "json")
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

    Needs no database, and no config where --dialect is given. A file that
    cannot be cut exits with 1 and names line and column.
    """
    from ahjo_tasks.project.batches import split, warnings
    from ahjo_tasks.project.sqlfiles import decode

    if format == "json":
        ctx.console.machine()
    path = _checked(file, format)
    style = _style(ctx, dialect)
    text = decode(path)
    found = split(text, style, path=path)
    for warning in warnings(text, style, path=path):
        ctx.console.warn(f"{path}:{warning.line}:{warning.column}: {warning.message}")
    if format == "json":
        ctx.console.raw(
            json.dumps([{"text": one.text, "count": one.count, "line": one.line} for one in found], indent=2)
        )
        return
    rows = [(number, one.line, one.count, _head(one.text)) for number, one in enumerate(found, 1)]
    ctx.console.table(["Batch", "Line", "Count", "Text"], rows)


def _checked(file: str, format: str) -> Path:  # noqa: A002 - the flag's name
    """The path of the file, when the flags make sense."""
    example = "inv batches --file database/views/dbo.vwOrders.sql --dialect mssql"
    if not file:
        raise UsageError("batches needs --file.", hint=example)
    if format not in FORMATS:
        raise UsageError(f"--format: there is no format {format!r}.", hint=f"It is one of: {', '.join(FORMATS)}.")
    if not Path(file).exists() or Path(file).is_dir():
        raise UsageError(f"--file: {file} {'is a folder' if Path(file).is_dir() else 'does not exist'}.")
    return Path(file)


def _style(ctx: ActionContext, dialect: str) -> str:
    from ahjo_tasks.dialects import dialect as dialect_named

    if not dialect and not ctx.workspace.has_config:
        raise UsageError("batches needs --dialect where there is no config.", hint="--dialect mssql, for example.")
    return (dialect_named(dialect) if dialect else ctx.workspace.dialect).batch_style


def _head(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
