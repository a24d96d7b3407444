from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.database.dialects import dialect

if TYPE_CHECKING:
    from inside import Deployed

FOLDER = "database/permissions"
SCRIPTS = {
    "postgresql": ("CREATE ROLE {0};", "GRANT USAGE ON SCHEMA public TO {0};", "CREATE ROLE {1};", "GRANT {0} TO {1};"),
    "mysql": ("CREATE ROLE {0};", "GRANT SELECT ON * TO {0};", "CREATE USER {1} ACCOUNT LOCK;", "GRANT {0} TO {1};"),
    "mssql": (
        "CREATE ROLE {0};",
        "GRANT SELECT ON SCHEMA::dbo TO {0};",
        "CREATE ROLE {1};",
        "ALTER ROLE {0} ADD MEMBER {1};",
    ),
}
MEMBERS = {
    "postgresql": "SELECT member::regrole::text FROM pg_auth_members WHERE roleid = '{0}'::regrole",
    "mysql": "SELECT User FROM mysql.roles_mapping WHERE Role = '{0}'",
    "mssql": "SELECT USER_NAME(member_principal_id) FROM sys.database_role_members"
    " WHERE role_principal_id = DATABASE_PRINCIPAL_ID('{0}')",
}
UNDO = {"postgresql": "DROP OWNED BY {0}; DROP ROLE {1}; DROP ROLE {0}", "mysql": "DROP ROLE {0}"}


@pytest.mark.parametrize("target", [*SCRIPTS], indirect=True)
def test_roles_grants_users_and_members_come_from_the_same_four_files(live: Deployed) -> None:
    role, user = f"r_{live.database}"[:30], f"u_{live.database}"[:30]
    names = ("create_db_roles", "grant_db_permissions", "create_db_users", "add_users_to_db_roles")
    for name, text in zip(names, SCRIPTS[live.target.name], strict=True):
        live.write(f"{FOLDER}/{name}.sql", text.format("$(role)", "$(user)") + "\n")
    assert "the variable role has no value" in live.fail("create-db-roles", code=2).err
    live.reconfigure(db_permissions_variables={"role": role, "user": user})
    try:
        live.succeed("create-users-roles-and-permissions")
        assert user in {row[0] for row in live.rows(MEMBERS[live.target.name].format(role))}
    finally:
        for statement in UNDO.get(live.target.name, "").format(role, user).split("; "):
            live.rows(statement or "SELECT 1")
        if live.target.name == "mysql":
            live.rows(f"DROP USER {user}")


def test_sqlite_says_that_it_has_no_users(sqlite: Deployed) -> None:
    for action in ("create-users-roles-and-permissions", "add-users-to-roles", "create-db-permissions"):
        assert "SQLite has no users, roles and permissions" in sqlite.fail(action, code=2).err


@pytest.mark.parametrize("action", ["create-db-login", "assembly"])
@pytest.mark.parametrize("target", ["sqlite", "postgresql", "mysql"], indirect=True)
def test_what_sql_server_alone_has_is_refused_by_name(live: Deployed, action: str) -> None:
    refused = live.fail(action, code=2)
    assert f"{action} is not supported on {dialect(live.target.name).title}." in refused.err
