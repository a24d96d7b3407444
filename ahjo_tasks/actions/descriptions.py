"""Descriptions of database objects, from the database to files and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.runtime.action import action

if TYPE_CHECKING:
    from ahjo_tasks.runtime.context import ActionContext


@action
def update_file_obj_prop(ctx: ActionContext) -> None:
    """Write descriptions to docs/db_objects.

    What SQL Server, PostgreSQL, MySQL or MariaDB knows of its objects goes
    into JSON files. A file whose content is the same is left as it is.
    """
    from ahjo_tasks.descriptions.export import export
    from ahjo_tasks.descriptions.files import changed_files, write
    from ahjo_tasks.descriptions.plan import FOLDER, NOTHING_ALLOWED, required_metadata

    metadata = required_metadata(ctx.project.dialect)
    ctx.announce(ctx.stack[0])
    schemas, folder = ctx.settings.metadata_allowed_schemas, ctx.project.directory / FOLDER
    if schemas == ():
        ctx.console.warning(NOTHING_ALLOWED)
        return
    wanted, warnings = export(ctx.database.connection, metadata, folder, schemas)
    for warning in warnings:
        ctx.console.warning(warning)
    changed = changed_files(folder, wanted)
    for path in changed:
        ctx.console.print(f"  {'Would write' if ctx.dry_run else 'Writing'} {FOLDER}/{path.name}")
    if not ctx.dry_run:
        write(changed)
    if not changed:
        ctx.console.print(f"  {FOLDER} says what the database says.")


@action(affects_database=True)
def update_db_obj_prop(ctx: ActionContext) -> None:
    """Describe objects by docs/db_objects.

    Only what differs is sent. An object that a file lists loses the
    properties that the file does not give it. SQL Server, PostgreSQL,
    MySQL and MariaDB keep descriptions.
    """
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan
    from ahjo_tasks.descriptions.plan import plan_update

    directory, dialect = ctx.project.directory, ctx.project.dialect
    with connection_for_plan(ctx) as connection:
        plan = plan_update(directory, dialect, ctx.settings.metadata_allowed_schemas, connection)
        apply_plan(ctx, plan, connection)
