"""Show the config, create its local override file, convert it to another format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.runtime.action import action

if TYPE_CHECKING:
    from ahjo_tasks.runtime.context import ActionContext


@action(reads=True, auto_shortflags=False, help={"all": "Show the keys that have their default value, too."})
def config(ctx: ActionContext, all: bool = False) -> None:  # noqa: A002 - the flag's name
    """Show each config value and its origin."""
    from ahjo_tasks.config.loader import rows

    shown = [row for row in rows(ctx.project.loaded) if all or not row.is_default]
    ctx.console.table(["Key", "Value", "From"], [(row.key, row.value, row.origin) for row in shown])


@action(guarded=False)
def init_config(ctx: ActionContext) -> None:
    """Create the local override file.

    The config's top-level key LOCAL names the file. It gets every key whose
    value is "$", for each developer to fill in; a file that exists is kept.
    """
    from ahjo_tasks.config.layers import local_file

    local = local_file(ctx.project.config_path)
    if ctx.dry_run:
        ctx.console.print(f"  Plan: write {local.path} (dry run: nothing is written)")
        return
    local.write()
    todo = "fill in its values marked $." if local.to_fill_in else "no value is $: there is nothing to fill in."
    ctx.console.print(f"  Wrote {local.path}: {todo}")


@action(
    auto_shortflags=False,
    guarded=False,
    help={
        "to": "json, jsonc, yaml or yml.",
        "file": "The config file; by default the one of --config.",
        "output": "The new file; by default the old one's name with the new ending.",
        "overwrite": "Replace a file that exists.",
    },
)
def convert_config(ctx: ActionContext, to: str = "", file: str = "", output: str = "", overwrite: bool = False) -> None:
    """Convert a config to JSON, JSONC or YAML.

    Comments, the order of keys and every value stay; only `json`, which has no
    comments, loses them.
    """
    from ahjo_tasks.config.convert import check_format, convert
    from ahjo_tasks.utils import atomic_write, check_target

    source = Path(file) if file else ctx.project.config_path
    if source is None:
        raise UsageError("convert-config needs --file.", hint="inv convert-config --file dev.json --to yaml")
    target = Path(output) if output else source.with_suffix(f".{to}")
    check_format(to, target)
    check_target(target, overwrite=overwrite)
    converted = convert(source, to)
    for warning in converted.warnings:
        ctx.console.warning(warning)
    if ctx.dry_run:
        ctx.console.print(f"  Plan: write {target} (dry run: nothing is written)")
        return
    with atomic_write(target, overwrite=overwrite) as part:
        part.write_text(converted.text, encoding="utf-8", newline="")
    ctx.console.print(f"  Wrote {target}")
