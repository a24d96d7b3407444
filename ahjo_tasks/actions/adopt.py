"""Taking over a project of the predecessor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.adopt.project import Adoption
    from ahjo_tasks.console import Console
    from ahjo_tasks.running.context import ActionContext


@action(
    auto_shortflags=False,
    guarded=False,
    help={"project-dir": "The project's folder; by default that of the config, or the working folder."},
)
def adopt(ctx: ActionContext, project_dir: str = "") -> None:
    """Turn a project of the predecessor into ours.

    Its action files become a tasks.py; what could not be translated is marked with `# adopt:` and listed. Config,
    database and migrations stay. With --dry what would be written is shown. `ahjo adopt dev.jsonc` does it from
    anywhere; an existing tasks.py is never replaced.
    """
    from ahjo_tasks.adopt.project import adopt as find_out

    directory = _directory(ctx, project_dir)
    found = find_out(directory, ctx.workspace.loaded if ctx.workspace.has_config else None)
    if ctx.dry:
        for path, text in found.files.items():
            ctx.console.line(f"{path} (dry run: nothing is written)", "head")
            ctx.console.line(text)
    else:
        found.write()
    _show(ctx.console, found, dry=ctx.dry)


def _directory(ctx: ActionContext, given: str) -> Path:
    directory = Path(given).expanduser().absolute() if given else Path.cwd()
    if not directory.is_dir():
        raise UsageError(f"--project-dir: {given} is no folder.")
    config = ctx.workspace.config_path
    if not given and config is not None and not (directory / "alembic.ini").exists():
        directory = config.parent
    return directory.resolve()


def _show(console: Console, found: Adoption, *, dry: bool) -> None:
    verb = "Plan: write" if dry else "Wrote"
    for path in found.files:
        old = f" (the old one is {found.kept[path]})" if path in found.kept else ""
        console.line(f"  {verb} {path}{old}")
    if found.marks:
        console.warn(f"Left to do by hand: {len(found.marks)}")
    for mark in found.marks:
        console.line(f"  {mark}")
    for path in found.others:
        console.warn(f"{path} imports the predecessor and is no action file: change it by hand.")
    if not dry:
        console.line("Next: inv --list")
