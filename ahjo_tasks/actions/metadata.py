"""Descriptions of database objects, from the database to files and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.running.action import action

if TYPE_CHECKING:
    from ahjo_tasks.running.context import ActionContext


@action
def update_file_obj_prop(ctx: ActionContext) -> None:
    """Write descriptions to docs/db_objects.

    What SQL Server, PostgreSQL, MySQL or MariaDB knows of its objects goes
    into JSON files. A file whose content is the same is left as it is.
    """
    from ahjo_tasks.metadata.export import export
    from ahjo_tasks.metadata.files import changed_files, write
    from ahjo_tasks.metadata.plan import FOLDER, NOTHING_ALLOWED, required_metadata

    metadata = required_metadata(ctx.workspace.dialect)
    ctx.announce(ctx.stack[0])
    schemas, folder = ctx.settings.metadata_allowed_schemas, ctx.workspace.directory / FOLDER
    if schemas == ():
        ctx.console.warn(NOTHING_ALLOWED)
        return
    wanted, warnings = export(ctx.session.door, metadata, folder, schemas)
    for warning in warnings:
        ctx.console.warn(warning)
    changed = changed_files(folder, wanted)
    for path in changed:
        ctx.console.line(f"  {'Would write' if ctx.dry else 'Writing'} {FOLDER}/{path.name}")
    if not ctx.dry:
        write(changed)
    if not changed:
        ctx.console.line(f"  {FOLDER} says what the database says.")


@action(affects_database=True)
def update_db_obj_prop(ctx: ActionContext) -> None:
    """Describe objects by docs/db_objects.

    Only what differs is sent. An object that a file lists loses the
    properties that the file does not give it. SQL Server, PostgreSQL,
    MySQL and MariaDB keep descriptions.
    """
    from ahjo_tasks.metadata.plan import plan_update
    from ahjo_tasks.running.carrying_out import carry_out

    directory, dialect = ctx.workspace.directory, ctx.workspace.dialect
    carry_out(ctx, lambda door: plan_update(directory, dialect, ctx.settings.metadata_allowed_schemas, door))
