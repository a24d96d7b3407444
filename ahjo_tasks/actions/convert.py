"""Converting a config to another format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.running.context import ActionContext


@action(
    auto_shortflags=False,
    help={
        "to": "json, jsonc, yaml or yml.",
        "file": "The config file; by default the one of --config.",
        "output": "The new file; by default the old one's name with the new ending.",
        "overwrite": "Replace a file that exists.",
    },
)
def convert_config(ctx: ActionContext, to: str = "", file: str = "", output: str = "", overwrite: bool = False) -> None:
    """Convert a config to JSON, JSONC or YAML.

    Comments, the order of keys and every value stay; only `json`, which has no comments, loses them.
    """
    from ahjo_tasks.config.convert import check_format, convert
    from ahjo_tasks.export.whole_file import check_target, whole_file

    source = Path(file) if file else ctx.workspace.config_path
    if source is None:
        raise UsageError("convert-config needs --file.", hint="inv convert-config --file dev.json --to yaml")
    target = Path(output) if output else source.with_suffix(f".{to}")
    check_format(to, target)
    check_target(target, overwrite=overwrite)
    converted = convert(source, to)
    for warning in converted.warnings:
        ctx.console.warn(warning)
    if ctx.dry:
        ctx.console.line(f"  Plan: write {target} (dry run: nothing is written)")
        return
    with whole_file(target, overwrite=overwrite) as part:
        part.write_text(converted.text, encoding="utf-8", newline="")
    ctx.console.line(f"  Wrote {target}")
