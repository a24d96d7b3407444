from __future__ import annotations

import pytest

from ahjo_tasks.database.dialects.postgresql.drop import casts, signatures
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


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("CREATE CAST (a AS int) WITH FUNCTION f(a)", ["(a AS int)"]),
        ('create cast ("A b".c AS numeric(10, 2)) WITHOUT FUNCTION', ['("A b".c AS numeric(10, 2))']),
        (
            "DROP CAST IF EXISTS (a AS b); CREATE CAST (a AS b) WITH INOUT; CREATE CAST (b AS a) WITH INOUT",
            ["(a AS b)", "(b AS a)"],
        ),
        ("SELECT cast(a AS int); -- CREATE CAST (a AS b)", []),
        ("SELECT 'CREATE CAST (a AS b)'", []),
        ("CREATE CAST (a AS b", []),
        ("CREATE CAST", []),
    ],
)
def test_casts_are_known_by_their_types(text: str, types: list[str]) -> None:
    assert [cast.name.name for cast in casts(text)] == types
