"""Conditions of T-SQL, nested at random, against what a slow reader knows of them who has built them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.references import read_references

if TYPE_CHECKING:
    from collections.abc import Iterator

STATEMENTS = (
    "DELETE FROM dbo.{}",
    "INSERT dbo.{} (a) SELECT 1 UNION ALL SELECT 2",
    "UPDATE dbo.{} SET a = CASE WHEN a = 1 THEN 2 END WHERE a IN (SELECT 1)",
    "TRUNCATE TABLE dbo.{}",
    "GRANT SELECT, DELETE ON dbo.{} TO reader",
    "MERGE dbo.{} USING (SELECT 1 AS a) AS s ON 1 = 1 WHEN MATCHED THEN UPDATE SET a = 1;",
    "ALTER TABLE dbo.{} ADD b int",
)
THERE = (
    "EXISTS (SELECT 1 WHERE NOT EXISTS (SELECT 2))",
    "OBJECT_ID('x') IS NOT NULL",
    "1 = 1 AND EXISTS (SELECT 1)",
    "(SELECT COUNT(*) FROM sys.tables) > 0",
    "@there = 1",
)
ABSENT = (
    "NOT EXISTS (SELECT 1 WHERE EXISTS (SELECT 2))",
    "OBJECT_ID('x') IS NULL",
    "(COL_LENGTH('x', 'y') IS NULL)",
    "0 = (SELECT COUNT(*) FROM sys.tables)",
    "@there = 0",
)
ELSE = ("@a = 1", "@a IN (1, 2) OR @b > 2")


class Condition(NamedTuple):
    """An IF with its branches, of which the second may be empty."""

    text: str
    then: Block
    otherwise: Block


Block = list["int | Condition"]
"""Statements, each by its number among the forms, and conditions."""


def blocks(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    branches = st.tuples(st.sampled_from(THERE + ABSENT + ELSE), inner, inner | st.just([]))
    return st.lists(st.integers(0, len(STATEMENTS) - 1) | branches.map(lambda parts: Condition(*parts)), min_size=1)


LEAVES = st.lists(st.integers(0, len(STATEMENTS) - 1), min_size=1, max_size=3)


class Script:
    """The text of a block, and the strength that each of its tables must have."""

    def __init__(self, block: Block, mark: str) -> None:
        self.expected: dict[str, str] = {}
        self._mark = mark
        self.text = "DECLARE @a int, @there int = (SELECT COUNT(*) FROM sys.tables) " + "".join(
            self._write(block, certain=True)
        )

    def _write(self, block: Block, *, certain: bool) -> Iterator[str]:
        for item in block:
            if isinstance(item, Condition):
                yield f"IF {item.text} BEGIN "
                yield from self._write(item.then, certain=certain and item.text not in THERE)
                yield "END "
                if item.otherwise:
                    yield "ELSE BEGIN "
                    yield from self._write(item.otherwise, certain=certain and item.text not in ABSENT)
                    yield "END "
            else:
                table = f"t{len(self.expected)}"
                self.expected[table] = "CREATION" if certain else "LATE"
                yield f"{STATEMENTS[item].format(table)}{self._mark} "


@given(st.recursive(LEAVES, blocks, max_leaves=12), st.sampled_from(["", ";", "\n"]))
def test_what_stands_under_a_condition_is_as_certain_as_the_condition(block: Block, mark: str) -> None:
    script = Script(block, mark)
    references = read_references([script.text], MSSQL).references
    found = {reference.parts[-1]: use.strength.name for reference, use in references.items() if "." not in reference}
    assert {name: strength for name, strength in found.items() if name in script.expected} == script.expected
