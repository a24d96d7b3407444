from __future__ import annotations

import pytest
from fakes import FakeConnection

from ahjo_tasks.database.scripts.mssql import SQLServerScripts
from ahjo_tasks.database.scripts.mssql_objects import repeatable

NAMED = {
    "CREATE VIEW v AS SELECT 1 AS one": "CREATE OR ALTER VIEW {} AS SELECT 1 AS one",
    "create or alter view dbo.v as select 1 as one": "create or alter view {} as select 1 as one",
    "CREATE VIEW [dbo].[v] AS SELECT 1 AS one": "CREATE OR ALTER VIEW {} AS SELECT 1 AS one",
    'CREATE VIEW dbo . "v" (a) AS SELECT 1': "CREATE OR ALTER VIEW {} (a) AS SELECT 1",
    "/* CREATE */ CREATE FUNCTION[dbo].[a]]b](@n int) RETURNS int AS BEGIN RETURN 1 END": (
        "/* CREATE */ CREATE OR ALTER FUNCTION{}(@n int) RETURNS int AS BEGIN RETURN 1 END"
    ),
    'CREATE PROCEDURE "a""[b]" @n int AS SELECT 1': "CREATE OR ALTER PROCEDURE {} @n int AS SELECT 1",
    "CREATE VIEW [[v] AS SELECT 1 AS one": "CREATE OR ALTER VIEW {} AS SELECT 1 AS one",
}
SAME = {
    "CREATE VIEW dbo.v AS SELECT 1 AS one": "v",
    "CREATE VIEW [a]]b] AS SELECT 1 AS one": "a]b",
    "CREATE VIEW [[v] AS SELECT 1 AS one": "[v",
    'CREATE VIEW "a""b" AS SELECT 1 AS one': 'a"b',
}


@pytest.mark.parametrize("text", NAMED)
def test_a_module_that_was_renamed_has_its_name_of_now(text: str) -> None:
    assert repeatable(text, "[dbo].[new]]er]", "new]er") == NAMED[text].format("[dbo].[new]]er]")


@pytest.mark.parametrize("text", SAME)
def test_a_module_that_was_not_renamed_keeps_its_name_as_it_was_written(text: str) -> None:
    assert repeatable(text, "[dbo].[other]", SAME[text]) == text.replace("CREATE", "CREATE OR ALTER")


def test_a_view_brings_its_indexes_the_clustered_one_first() -> None:
    view = "CREATE VIEW shop.v WITH SCHEMABINDING AS SELECT id, n FROM shop.t"
    reader = SQLServerScripts(
        FakeConnection(  # type: ignore[arg-type]
            {
                "FROM sys.sql_modules m JOIN sys.objects": [(5, "V", "shop", "v", view, True, True, None, None, None)],
                "FROM sys.indexes i": [
                    (5, 1, "z_id", 1, True, False, False, None, 0, False, False),
                    (5, 2, "by_n", 2, False, False, False, None, 0, False, False),
                ],
                "FROM sys.index_columns": [(5, 1, "id", False, False), (5, 2, "n", True, False)],
            }
        )
    )
    (script,) = reader.objects()
    assert script.text.split("\nGO\n\n") == [
        view.replace("CREATE", "CREATE OR ALTER"),
        "CREATE UNIQUE CLUSTERED INDEX [z_id] ON [shop].[v] ([id])",
        "CREATE NONCLUSTERED INDEX [by_n] ON [shop].[v] ([n] DESC)\n",
    ]
