"""Actions that copy object descriptions from the database to files and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.runtime.action import action

if TYPE_CHECKING:
    from ahjo_tasks.runtime.context import ActionContext


@action(aliases=["descriptions-pull"])
def update_file_obj_prop(ctx: ActionContext) -> None:
    """Write descriptions to docs/db_objects.

    What SQL Server, PostgreSQL, MySQL or MariaDB knows of its objects goes into
    JSON files. A file whose content is the same is left as it is.
    """
    from ahjo_tasks.descriptions.diff import export_descriptions
    from ahjo_tasks.descriptions.files import changed_files, write_files
    from ahjo_tasks.descriptions.plan import NO_SCHEMA_ALLOWED, require_description_store
    from ahjo_tasks.project.kinds import DESCRIPTIONS

    store = require_description_store(ctx.project.dialect)
    ctx.print_heading()
    schemas, folder = ctx.settings.metadata_allowed_schemas, ctx.project.directory / DESCRIPTIONS
    if schemas == ():
        ctx.console.warning(NO_SCHEMA_ALLOWED)
        return
    descriptions, warnings = export_descriptions(ctx.database.connection, store, folder, schemas)
    for warning in warnings:
        ctx.console.warning(warning)
    changed = changed_files(folder, descriptions)
    for path in changed:
        ctx.console.print(f"  {'Would write' if ctx.dry_run else 'Writing'} {DESCRIPTIONS}/{path.name}")
    if not ctx.dry_run:
        write_files(changed)
    if not changed:
        ctx.console.print(f"  {DESCRIPTIONS} is up to date with the database.")


@action(affects_database=True, aliases=["descriptions-push"])
def update_db_obj_prop(ctx: ActionContext) -> None:
    """Describe objects by docs/db_objects.

    Only what differs is sent. An object that a file lists loses the properties
    that the file does not give it. SQL Server, PostgreSQL, MySQL and MariaDB
    keep descriptions.
    """
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan
    from ahjo_tasks.descriptions.plan import plan_update

    directory, dialect = ctx.project.directory, ctx.project.dialect
    with connection_for_plan(ctx) as connection:
        plan = plan_update(directory, dialect, ctx.settings.metadata_allowed_schemas, connection)
        apply_plan(ctx, plan, connection)
