"""The action that shows how a SQL file is split into batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import SourceError, UsageError
from ahjo_tasks.runtime.action import action

if TYPE_CHECKING:
    from ahjo_tasks.runtime.context import ActionContext
    from ahjo_tasks.sql.splitters import Batch

FORMATS = ("table", "json")
SHOWN = 60


@action(
    reads=True,
    auto_shortflags=False,
    help={
        "file": "The SQL file.",
        "dialect": "mssql, postgresql, mysql or sqlite; by default the config says how the file is read.",
        "format": "table, or json: an array of objects with text, count and line.",
    },
)
def batches(ctx: ActionContext, file: str = "", dialect: str = "", format: str = "table") -> None:  # noqa: A002 - the flag's name
    """Show how a SQL file is split into batches.

    With a config the file is read as a deploy reads it, with its variables and
    directives; with --dialect it is split as it is, and no config is needed.
    Needs no database. A file that cannot be split exits with 1 and names line and
    column.
    """
    if format == "json":
        ctx.console.machine()
    path = _checked(file, format)
    try:
        batches = _as_it_is(ctx, path, dialect) if dialect else _as_deployed(ctx, path)
    except SourceError as error:
        error.exit_code = 1  # a refusal is what this action found, as a finding is what a scan found
        raise
    if format == "json":
        ctx.console.raw(json.dumps([batch.json() for batch in batches], indent=2))
        return
    rows = [
        (number, shown.place, shown.batch.count, _head(shown.batch.text)) for number, shown in enumerate(batches, 1)
    ]
    ctx.console.table(["Batch", "Line", "Count", "Text"], rows)


class Shown(NamedTuple):
    """A batch, its line, and the file of that line where it is another one."""

    batch: Batch
    line: int
    file: str = ""

    @property
    def place(self) -> str | int:
        """The line, after its file where that is another one."""
        return f"{self.file}:{self.line}" if self.file else self.line

    def json(self) -> dict[str, object]:
        """Return its fields for JSON; `file` only where it is another one."""
        shown: dict[str, object] = {"text": self.batch.text, "count": self.batch.count, "line": self.line}
        return shown | ({"file": self.file} if self.file else {})


def _as_it_is(ctx: ActionContext, path: Path, dialect: str) -> list[Shown]:
    from ahjo_tasks.database.dialects import dialect as dialect_named
    from ahjo_tasks.project.sql_file import decode

    splitter, text = dialect_named(dialect).splitter, decode(path)
    batches = splitter.split(text, path=path)
    for warning in splitter.warnings(text, path=path):
        ctx.console.warning(f"{path}:{warning.line}:{warning.column}: {warning.message}")
    return [Shown(batch, batch.line) for batch in batches]


def _as_deployed(ctx: ActionContext, path: Path) -> list[Shown]:
    if not ctx.project.has_config:
        raise UsageError("batches needs --dialect where there is no config.", hint="--dialect mssql, for example.")
    (file,) = ctx.project.files.read_named([str(path.absolute())], ctx.settings.scripting_variables)
    for warning in file.warnings:
        ctx.console.warning(warning)
    places = [file.position(batch.line, batch.column) for batch in file.batches]
    return [
        Shown(batch, place.line, "" if place.path == file.path else str(place.path))
        for batch, place in zip(file.batches, places, strict=True)
    ]


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


def _head(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
