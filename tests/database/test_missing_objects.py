"""Errors about objects that do not exist, as each server words them."""

from __future__ import annotations

import pytest

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.errors import ServerError
from ahjo_tasks.sql.definitions import Name

MESSAGES = [
    ("postgresql", "42P01", 'relation "sales.b" does not exist', Name("sales", "b")),
    ("postgresql", "42P01", "Relation »b« existiert nicht", Name(None, "b")),
    ("postgresql", "42P01", "la relation « sales.b » n'existe pas", Name("sales", "b")),
    ("postgresql", "42883", "function sales.f(integer, text) does not exist. No function matches", Name("sales", "f")),
    ("postgresql", "42704", 'type "mood" does not exist', Name(None, "mood")),
    ("postgresql", "3F000", 'schema "sales" does not exist', Name(None, "sales")),
    ("postgresql", "42703", 'column "b" does not exist', None),
    ("postgresql", "42601", 'syntax error at or near "b"', None),
    ("mysql", "1146", "Table 'shop.b' doesn't exist", Name("shop", "b")),
    ("mysql", "1305", "FUNCTION shop.f does not exist", Name("shop", "f")),
    ("mysql", "1305", "SAVEPOINT s does not exist", None),
    ("mysql", "1054", "Unknown column 'b' in 'field list'", None),
    ("sqlite", "", "no such table: main.b", Name("main", "b")),
    ("sqlite", "", "no such column: b", None),
    ("mssql", "208", "Invalid object name 'sales.b'.", Name("sales", "b")),
    ("mssql", "2812", "Could not find stored procedure 'sales.p'.", Name("sales", "p")),
    (
        "mssql",
        "4121",
        'Cannot find either column "dbo" or the user-defined function or aggregate "dbo.f", or the name is ambiguous.',
        Name("dbo", "f"),
    ),
    ("mssql", "2715", "Column, parameter, or variable #1: Cannot find data type sales.code.", Name("sales", "code")),
    ("mssql", "1767", "Foreign key 'fk' references invalid table 'sales.b'.", Name("sales", "b")),
    ("mssql", "102", "Incorrect syntax near 'b'.", None),
    ("mssql", "", "Invalid object name 'sales.b'.", Name("sales", "b")),
    ("mssql", "", "Cannot find data type sales.code.", Name("sales", "code")),
    ("mssql", "", "Incorrect syntax near the keyword 'table'.", None),
    ("mssql", "33557097", 'relation "b" does not exist', Name(None, "b")),
    ("mssql", "33557097", "function dbo.f(integer) does not exist", Name("dbo", "f")),
]


@pytest.mark.parametrize(("name", "number", "message", "missing"), MESSAGES)
def test_the_missing_object_is_named(name: str, number: str, message: str, missing: Name | None) -> None:
    assert dialect(name).missing_object(ServerError(message, number)) == missing
