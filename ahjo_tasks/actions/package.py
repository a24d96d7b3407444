"""An executable for machines without Python."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.running.context import ActionContext

MEGABYTE = 1_000_000


@action(
    auto_shortflags=False,
    guarded=False,
    iterable=["include"],
    help={
        "output": "The folder that it is put into; by default dist.",
        "include": "A further package for the actions of your projects; once for each.",
    },
)
def package(ctx: ActionContext, output: str = "dist", include: list[str] | None = None) -> None:
    """Build ahjo as a single file without Python.

    It is for the system that it is built on, and holds the drivers that are installed here and Python's whole
    standard library. PyInstaller builds it: pip install 'ahjo-tasks[package]'.
    """
    from ahjo_tasks.packaging.build import build

    folder = Path(output).absolute()
    if ctx.dry:
        ctx.console.line(f"  Plan: build ahjo into {folder} (dry run: nothing is built)")
        return
    ctx.console.progress("  Building ahjo, which takes a minute or so ...")
    made = build(folder, include or ())
    ctx.console.line(f"  Built {made}, {made.stat().st_size / MEGABYTE:.0f} MB")
