"""Looking for personal data and unwanted changes, and the git hook that does so before each commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.runtime.action import action
from ahjo_tasks.scan import command
from ahjo_tasks.scan.command import HOOK_FLAGS, SCAN_FLAGS, HookOptions, ScanContext, ScanOptions

if TYPE_CHECKING:
    from ahjo_tasks.runtime.context import ActionContext


@action(auto_shortflags=False, guarded=False, help={name: flag.help for name, flag in SCAN_FLAGS.items()})
def scan(  # noqa: PLR0913, PLR0917 - one parameter for each flag
    ctx: ActionContext,
    search_rules: str = "",
    ignore_config: str = "",
    project_dir: str = "",
    stage: bool = False,
    since: str = "",
    format: str = "text",  # noqa: A002 - the flag's name
    output: str = "",
    mask: bool = False,
    quiet: bool = False,
    init: bool = False,
    add_results_to_ignore: bool = False,
) -> None:
    """Look for personal data and unwanted SQL in the project.

    Exits with 1 when anything is found.
    """
    files = (search_rules, ignore_config, project_dir)
    options = ScanOptions(*files, stage, since, format, output, mask, quiet, init, add_results_to_ignore)
    command.scan(_context(ctx), options)


@action(auto_shortflags=False, guarded=False, help={name: flag.help for name, flag in HOOK_FLAGS.items()})
def install_git_hook(
    ctx: ActionContext, search_rules: str = "", ignore_config: str = "", project_dir: str = "", force: bool = False
) -> None:
    """Install a git hook that scans staged files."""
    command.install_hook(_context(ctx), HookOptions(search_rules, ignore_config, project_dir, force))


def _context(ctx: ActionContext) -> ScanContext:
    return ScanContext(ctx.project.directory, ctx.console, ctx.dry_run)
