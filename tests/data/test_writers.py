from __future__ import annotations

from typing import Any, cast

import pytest

from ahjo_tasks.data.table import Column, Table
from ahjo_tasks.data.writers_mssql import MSSQLWriter
from ahjo_tasks.data.writers_postgresql import NEXTVAL
from ahjo_tasks.database.dialects import dialect


class Catalog:
    """A connection that answers queries by a word in them, and keeps what is executed."""

    dialect = dialect("mssql")

    def __init__(self, answers: dict[str, list[tuple[object, ...]]]) -> None:
        self.answers = answers
        self.executed: list[str] = []

    def query(self, text: str) -> list[tuple[object, ...]]:
        return next(rows for word, rows in self.answers.items() if word in text)

    def execute(self, text: str) -> int:
        self.executed.append(text)
        return 0


@pytest.mark.parametrize(
    ("default", "current", "increment", "last", "restart"),
    [
        ("(NEXT VALUE FOR [dbo].[no])", 1, 1, 7, 8),
        ("(NEXT VALUE FOR [dbo].[no])", 7, 1, 7, 8),
        ("(NEXT VALUE FOR [dbo].[no])", 100, 1, 7, None),
        ("(NEXT VALUE FOR [dbo].[no])", -1, -2, -7, -9),
        ("(NEXT VALUE FOR [dbo].[no])", 1, 1, None, None),
        ("(NEXT VALUE FOR [dbo].[no]*(10))", 1, 1, 7, None),
        ("((1))", 1, 1, 7, None),
    ],
)
def test_sequences_of_sql_server_go_on_behind_loaded_numbers(
    default: str, current: int, increment: int, last: int | None, restart: int | None
) -> None:
    catalog = Catalog(
        {
            "sys.default_constraints": [("id", default), ("other", default)],
            "sys.sequences": [(current, increment)],
            "FROM [t]": [(last,)],
        }
    )
    MSSQLWriter(cast("Any", catalog)).finalize(Table("[t]", (Column("id", "[id]", "int"),)))
    expected = [f"ALTER SEQUENCE [dbo].[no] RESTART WITH {restart}"] if restart is not None else []
    assert catalog.executed == expected


@pytest.mark.parametrize(
    ("default", "sequence"),
    [
        ("nextval('no'::regclass)", "no"),
        ("nextval(('no'::text)::regclass)", "no"),
        ("(nextval('s.no'::regclass))::smallint", "s.no"),
        ("nextval('\"My ''No\"'::regclass)", "\"My ''No\""),
        ("(nextval('no'::regclass) * 10)", None),
        ("('A'::text || nextval('no'::regclass))", None),
        ("currval('no'::regclass)", None),
    ],
)
def test_a_default_that_is_the_next_number_of_a_sequence_is_told(default: str, sequence: str | None) -> None:
    match = NEXTVAL.fullmatch(default)
    assert (match[1] if match else None) == sequence
