"""Logins, roles, users and permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.running.action import action, multiaction

if TYPE_CHECKING:
    from ahjo_tasks.config.settings import PermissionFile
    from ahjo_tasks.deploy.plan import Step
    from ahjo_tasks.running.context import ActionContext

FOLDER = "database/permissions"


@action(affects_database=True, dialects=["mssql"])
def create_db_login(ctx: ActionContext) -> None:
    """Create the login of the database.

    It is called NAME_LOGIN. Its password comes from AHJO_LOGIN_PASSWORD or from the file that `login_password_file`
    names; without either one is made up and shown once. A login of that name with another default database is left
    alone, and is an error.
    """
    from ahjo_tasks.deploy.apply import apply
    from ahjo_tasks.deploy.plan import Plan
    from ahjo_tasks.running.carrying_out import report, show
    from ahjo_tasks.security.login import LoginStep, login_name, new_password

    ctx.workspace.require_dialect("mssql", "create-db-login")
    given = ctx.session.logins.password_for_new_login(ctx.run_state.environ)
    password = given or new_password()
    step = LoginStep(login_name(ctx.session.database), ctx.session.database, password)
    ctx.announce(ctx.stack[0])
    show(ctx, Plan((step,)))
    if ctx.dry:
        return
    with ctx.session.server() as door:  # a login belongs to the server; Azure SQL makes one in master alone
        apply(Plan((step,)), door, lambda event: report(ctx, event))
    if not given:
        ctx.console.secret(f"  Password of {step.name}, shown this once: ", password)


@action(affects_database=True)
def create_db_permissions(ctx: ActionContext) -> None:
    """Run the config's permission files.

    `db_permission_invoke_method` says whether the connection of the deploy runs them, or sqlcmd.
    """
    from ahjo_tasks.deploy.plan import Plan
    from ahjo_tasks.running.carrying_out import carry_out

    _refuse_without_users(ctx, "create-db-permissions")
    steps = tuple(_permission_step(ctx, entry) for entry in ctx.settings.db_permissions)
    carry_out(ctx, lambda _door: Plan(steps))


@action(affects_database=True)
def create_db_roles(ctx: ActionContext) -> None:
    """Create roles: create_db_roles.sql."""
    _run_script(ctx, "create_db_roles.sql")


@action(affects_database=True)
def grant_db_permissions(ctx: ActionContext) -> None:
    """Grant: grant_db_permissions.sql."""
    _run_script(ctx, "grant_db_permissions.sql")


@action(affects_database=True)
def create_db_users(ctx: ActionContext) -> None:
    """Create users: create_db_users.sql."""
    _run_script(ctx, "create_db_users.sql")


@action(affects_database=True)
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
    auto_shortflags=False,
)


def _run_script(ctx: ActionContext, name: str) -> None:
    from ahjo_tasks.deploy.files import plan_named
    from ahjo_tasks.running.carrying_out import carry_out

    _refuse_without_users(ctx, ctx.stack[-1])
    script = ctx.workspace.project.read_script(f"{FOLDER}/{name}", ctx.settings.db_permissions_variables)
    carry_out(ctx, lambda _door: plan_named([script]))


def _refuse_without_users(ctx: ActionContext, name: str) -> None:
    """Raise UsageError where the database knows no users."""
    if "permission" in ctx.workspace.dialect.lacks:
        raise UsageError(f"{name}: {ctx.workspace.dialect.title} has no users, roles and permissions.")


def _permission_step(ctx: ActionContext, entry: PermissionFile) -> Step:
    from ahjo_tasks.deploy.files import FileStep

    project = ctx.workspace.project
    if ctx.settings.db_permission_invoke_method != "sqlcmd":
        return FileStep(project.read_script(entry.source, entry.variables, directives=True))
    from ahjo_tasks.security.sqlcmd import SqlcmdStep, program

    ctx.workspace.require_dialect("mssql", "db_permission_invoke_method: sqlcmd")
    if ctx.settings.azure_authentication == "AzureIdentity":
        raise UsageError("sqlcmd takes no token of AzureIdentity.", hint="Set db_permission_invoke_method: sqlalchemy.")
    path = project.script_path(entry.source)
    program()  # said now, when it is missing, and not after other files have run
    return SqlcmdStep(path, project.label(path), ctx.session.url, entry.variables)
