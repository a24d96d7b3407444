from __future__ import annotations

import pytest

from ahjo_tasks.database.dialects.postgresql.drop import signatures
from ahjo_tasks.sql.definitions import Name


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("CREATE FUNCTION f() RETURNS table (x int)", [""]),
        ("CREATE OR REPLACE FUNCTION F(IN a integer DEFAULT (1 + 2), b text = '1,2')", ["IN a integer , b text"]),
        ('CREATE FUNCTION f(a numeric(10, 2)[], VARIADIC c "Q x".t[])', ['a numeric(10, 2)[], VARIADIC c "Q x".t[]']),
        ("CREATE AGGREGATE f(*) (SFUNC = a)", ["*"]),
        ("CREATE PROCEDURE f(int);\nCREATE FUNCTION f(text)", ["int", "text"]),
        ("-- CREATE FUNCTION f(int)\nSELECT 'CREATE FUNCTION f(int)'", []),
        ("CREATE AGGREGATE f (BASETYPE = int, SFUNC = a)", [None]),
        ("CREATE AGGREGATE f (int ORDER BY text) (SFUNC = a)", [None]),
        ("CREATE FUNCTION f(a int", [None]),
    ],
)
def test_a_routine_is_told_by_what_it_takes(text: str, taken: list[str | None]) -> None:
    found = list(signatures(text))
    assert {name for name, _ in found} <= {Name(None, "f")}
    assert [arguments for _, arguments in found] == taken
