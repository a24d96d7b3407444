"""Actions that create logins, roles, users and permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.runtime.action import action, multiaction

if TYPE_CHECKING:
    from ahjo_tasks.config.settings import PermissionFile
    from ahjo_tasks.engine.plan import Step
    from ahjo_tasks.runtime.context import ActionContext

FOLDER = "database/permissions"


@action(affects_database=True, dialects=["mssql"])
def create_db_login(ctx: ActionContext) -> None:
    """Create the login of the database.

    It is called NAME_LOGIN. Its password comes from AHJO_LOGIN_PASSWORD or from
    the file that `login_password_file` names; without either one is generated and
    shown once. A login that exists gets the new password and keeps its users;
    one with another default database is left alone, and is an error.
    """
    from ahjo_tasks.actions.run_plan import show_event, show_plan
    from ahjo_tasks.engine.executor import PlanExecutor
    from ahjo_tasks.engine.plan import Plan
    from ahjo_tasks.engine.security import login_name, new_password
    from ahjo_tasks.utils import load_object

    reference = ctx.project.dialect.login_step or ""
    ctx.project.require_support(reference, "create-db-login")
    given = ctx.database.credentials.password_for_new_login(ctx.invocation.environ)
    password = given or new_password()
    step = load_object(reference)(login_name(ctx.database.name), ctx.database.name, password)
    ctx.print_heading()
    show_plan(ctx, Plan((step,)))
    if ctx.dry_run:
        return
    with (
        ctx.database.server_connection() as connection
    ):  # a login belongs to the server; Azure SQL makes one in master alone
        PlanExecutor(connection, lambda event: show_event(ctx, event)).run(Plan((step,)))
    if not given:
        ctx.console.secret(f"  Password of {step.name}, shown this once: ", password)


@action(affects_database=True, kind="permission")
def create_db_permissions(ctx: ActionContext) -> None:
    """Run the config's permission files.

    `db_permission_invoke_method` says whether the connection of the deploy runs
    them, or sqlcmd.
    """
    from ahjo_tasks.actions.run_plan import run_plan
    from ahjo_tasks.engine.plan import Plan

    _refuse_without_users(ctx, "create-db-permissions")
    steps = tuple(_permission_step(ctx, entry) for entry in ctx.settings.db_permissions)
    run_plan(ctx, Plan(steps))


@action(affects_database=True, kind="permission")
def create_db_roles(ctx: ActionContext) -> None:
    """Create roles: create_db_roles.sql."""
    _run_script(ctx, "create_db_roles.sql")


@action(affects_database=True, kind="permission")
def grant_db_permissions(ctx: ActionContext) -> None:
    """Grant: grant_db_permissions.sql."""
    _run_script(ctx, "grant_db_permissions.sql")


@action(affects_database=True, kind="permission")
def create_db_users(ctx: ActionContext) -> None:
    """Create users: create_db_users.sql."""
    _run_script(ctx, "create_db_users.sql")


@action(affects_database=True, kind="permission")
def add_users_to_roles(ctx: ActionContext) -> None:
    """Add members: add_users_to_db_roles.sql."""
    _run_script(ctx, "add_users_to_db_roles.sql")


create_users_roles_and_permissions = multiaction(
    "create-users-roles-and-permissions",
    "create-db-roles",
    "grant-db-permissions",
    "create-db-users",
    "add-users-to-roles",
    doc="Create roles, grants, users, members.",
    affects_database=True,
    kind="permission",
    auto_shortflags=False,
)


def _run_script(ctx: ActionContext, name: str) -> None:
    """Run a script of the project's permissions; a step of a multi-action has nothing to do where there is none."""
    from ahjo_tasks.actions.run_plan import run_plan
    from ahjo_tasks.engine.sql_file import plan_named

    _refuse_without_users(ctx, ctx.stack[-1])
    if len(ctx.stack) > 1 and not (ctx.project.files.directory / FOLDER / name).is_file():
        ctx.console.info(f"There is no {FOLDER}/{name}: nothing to do.")
        return
    script = ctx.project.files.read_script(f"{FOLDER}/{name}", ctx.settings.db_permissions_variables)
    run_plan(ctx, plan_named([script]))


def _refuse_without_users(ctx: ActionContext, name: str) -> None:
    """Raise UsageError where the database knows no users."""
    if "permission" in ctx.project.dialect.unsupported_kinds:
        raise UsageError(f"{name}: {ctx.project.dialect.title} has no users, roles and permissions.")


def _permission_step(ctx: ActionContext, entry: PermissionFile) -> Step:
    from ahjo_tasks.engine.sql_file import FileStep

    project = ctx.project.files
    if ctx.settings.db_permission_invoke_method != "sqlcmd":
        return FileStep(project.read_script(entry.source, entry.variables, directives=True, required=True))
    from ahjo_tasks.engine.security import SqlcmdStep, find_sqlcmd

    ctx.project.require_support(ctx.project.dialect.supports_sqlcmd, "db_permission_invoke_method: sqlcmd")
    if ctx.settings.azure_authentication == "AzureIdentity":
        raise UsageError(
            "sqlcmd cannot use a token of AzureIdentity.", hint="Set db_permission_invoke_method: sqlalchemy."
        )
    path = project.script_path(entry.source)
    find_sqlcmd()  # fail before any file has run if it is missing
    return SqlcmdStep(path, project.label(path), ctx.database.url, entry.variables)
