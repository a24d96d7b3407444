"""What is bound to an object of SQL Server, and what its new one gets from the old one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import pytest
from fakes import FakeConnection

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.database.dialects.base import Dependent
from ahjo_tasks.errors import ServerError
from ahjo_tasks.sql.definitions import Definition, Name

if TYPE_CHECKING:
    from ahjo_tasks.database.connection import Connection

MSSQL = dialect("mssql")
ROWS = [(12, 1, "V", "dbo", "w"), (11, 0, "V", "dbo", "v"), (13, 0, "IF", "sales", "f")]
W = Dependent("view", Name("dbo", "w"), "view dbo.w", "DROP VIEW [dbo].[w]", (12,))


def answering(rows: list[tuple[object, ...]], pattern: str = "WITH users") -> tuple[FakeConnection, Connection]:
    fake = FakeConnection({pattern: rows})
    return fake, cast("Connection", fake)


@pytest.mark.parametrize(
    ("number", "message", "seeds"),
    [
        ("5074", "The object 'v' is dependent on column 'name'.", ["o.name = N'v'", "= N'name'"]),
        ("", "The object 'v' is dependent on column 'name'.", ["o.name = N'v'", "= N'name'"]),
        (
            "3729",
            "Cannot DROP TABLE 'dbo.t' because it is being referenced by object 'v'.",
            ["o.name = N'v'", "OBJECT_ID(N'dbo.t')"],
        ),
        (
            "15336",
            "Object 'dbo.t.name' cannot be renamed because the object participates in enforced dependencies.",
            ["OBJECT_ID(N'dbo.t')", "PARSENAME(N'name', 1)"],
        ),
    ],
)
def test_what_blocks_a_migration_is_asked_of_the_catalog(number: str, message: str, seeds: list[str]) -> None:
    fake, connection = answering(ROWS)
    blockers = MSSQL.migration_blockers(connection, ServerError(message, number))
    assert [item.text for item in blockers] == ["view dbo.w", "view dbo.v", "function sales.f"]
    assert [item.drop for item in blockers][1:] == ["DROP VIEW [dbo].[v]", "DROP FUNCTION [sales].[f]"]
    for seed in seeds:
        assert seed in fake.said


@pytest.mark.parametrize("message", ["Invalid column name 'x'.", "Cannot drop the table, for it does not exist"])
def test_nothing_is_asked_after_another_error(message: str) -> None:
    fake, connection = answering(ROWS)
    assert MSSQL.migration_blockers(connection, ServerError(message)) == []
    assert fake.ran == []


def test_files_tell_the_dependents_where_the_catalog_knows_none() -> None:
    definitions = [Definition("view", Name(None, "v"))]
    _, connection = answering([(11, 0, "V", "dbo", "v")])
    assert MSSQL.dependents(connection, definitions) is None
    fake, connection = answering(ROWS)
    used = MSSQL.dependents(connection, definitions)
    assert used is not None
    assert [item.used for item in used] == [True, False, False]
    assert "OBJECT_ID(N'[v]')" in fake.said


LOST = {
    "USER_NAME\\(o.principal_id\\)": (
        [("[dbo].[w]", "w", "it's")],
        ["ALTER AUTHORIZATION ON OBJECT::[dbo].[w] TO [it's]"],
    ),
    "sys.index_columns": (
        [
            ("[dbo].[w]", "ix", True, 1, "id", False, False),
            ("[dbo].[w]", "ix", True, 1, "at", True, False),
            ("[dbo].[w]", "iy", False, 2, "at", False, False),
            ("[dbo].[w]", "iy", False, 2, "name", False, True),
        ],
        [
            "CREATE UNIQUE CLUSTERED INDEX [ix] ON [dbo].[w] ([id], [at] DESC)",
            "CREATE NONCLUSTERED INDEX [iy] ON [dbo].[w] ([at]) INCLUDE ([name])",
        ],
    ),
    "sys.triggers": (
        [("[dbo].[w]", "[dbo].[tr]", "CREATE TRIGGER tr ON w INSTEAD OF INSERT AS RETURN", True, "tr")],
        ["CREATE TRIGGER tr ON w INSTEAD OF INSERT AS RETURN", "DISABLE TRIGGER [dbo].[tr] ON [dbo].[w]"],
    ),
    "sys.database_permissions": (
        [
            ("[dbo].[w]", "w", "G", "SELECT", None, "app"),
            ("[dbo].[w]", "w", "W", "SELECT", "id", "app"),
            ("[dbo].[w]", "w", "D", "UPDATE", None, "public"),
        ],
        [
            "GRANT SELECT ON [dbo].[w] TO [app]",
            "GRANT SELECT ON [dbo].[w] ([id]) TO [app] WITH GRANT OPTION",
            "DENY UPDATE ON [dbo].[w] TO [public]",
        ],
    ),
    "SQL_VARIANT_PROPERTY": (
        [
            ("[dbo].[w]", "dbo", "w", "V", None, "Description", "nvarchar", "it's"),
            ("[dbo].[w]", "dbo", "w", "V", "id", "Size", "int", "5"),
        ],
        [
            (
                "DECLARE @value sql_variant = N'it''s'; EXEC sys.sp_addextendedproperty N'Description', @value,"
                " N'SCHEMA', N'dbo', N'VIEW', N'w'"
            ),
            (
                "DECLARE @value sql_variant = CAST(N'5' AS int); EXEC sys.sp_addextendedproperty N'Size', @value,"
                " N'SCHEMA', N'dbo', N'VIEW', N'w', N'COLUMN', N'id'"
            ),
        ],
    ),
}


@pytest.mark.parametrize("pattern", LOST)
def test_what_an_object_had_is_given_to_the_new_one(pattern: str) -> None:
    rows, statements = LOST[pattern]
    _, connection = answering(rows, pattern)
    attachments = MSSQL.attachments(connection, [W])
    assert [item.statement for item in attachments] == statements
    assert all(re.search(r"OBJECT_ID\(N'\[dbo\]", item.condition) for item in attachments)


def test_nothing_is_asked_for_no_objects() -> None:
    fake, connection = answering([])
    assert MSSQL.attachments(connection, []) == []
    assert fake.ran == []
