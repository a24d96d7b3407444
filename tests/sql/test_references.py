"""What each construct of each database names: C of creation, L of late, M of maybe."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE, Syntax
from ahjo_tasks.sql.references import read_references
from ahjo_tasks.sql.references.model import locate

if TYPE_CHECKING:
    from collections.abc import Iterator

OBJECTS = {"relation", "routine", "type", "sequence", "object"}
BUILTIN = {"int", "text", "numeric", "date", "varchar", "boolean", "bigint", "trigger", "void", "regclass", "xml"}


def needs(syntax: Syntax, *batches: str) -> str:
    """The needs in the order of the text, without built-in types: `C relation s.t`."""
    references = read_references(batches, syntax).references
    return ", ".join(
        f"{use.strength.name[0]} {reference.role} {'.'.join(reference.parts)}"
        for reference, use in references.items()
        if reference.parts[-1] not in BUILTIN and not reference.role.startswith(("key", "schema"))
    )


def relations(syntax: Syntax, text: str) -> set[str]:
    references = read_references([text], syntax).references
    return {".".join(reference.parts) for reference in references if reference.role == "relation"}


QUERIES = [
    ("SELECT * FROM a, b AS c, d e", "a b d"),
    ("SELECT * FROM a JOIN b ON a.x = b.x LEFT JOIN c USING (y), d", "a b c d"),
    ("SELECT * FROM (a JOIN b ON a.x = b.x) JOIN c ON 1 = 1", "a b c"),
    ("SELECT * FROM ((a JOIN b ON 1 = 1) JOIN (c JOIN d ON 1 = 1) ON 1 = 1), e", "a b c d e"),
    ("SELECT * FROM (SELECT x FROM a WHERE x > 1) q, b", "a b"),
    ("SELECT * FROM (SELECT x FROM a) AS b (x) JOIN c ON b.x = c.x", "a c"),
    ("SELECT (SELECT max(y) FROM a) m, b FROM c", "a c"),
    ("SELECT x FROM a WHERE x IN (SELECT y FROM b WHERE b.z = a.z) AND EXISTS (SELECT 1 FROM c)", "a b c"),
    ("SELECT x FROM a UNION SELECT y FROM b UNION ALL (SELECT z FROM c)", "a b c"),
    ("WITH a AS (SELECT 1 AS x) SELECT * FROM a JOIN b ON 1 = 1", "b"),
    ("WITH a AS (SELECT 1 AS x), c (y) AS (SELECT x FROM a) SELECT * FROM c, s.a", "s.a"),
    ("SELECT * FROM (WITH a AS (SELECT x FROM b) SELECT x FROM a) q, a", "a b"),
    ("SELECT a.b, b, sum(c) FROM d GROUP BY a, b ORDER BY e, f", "d"),
    ("SELECT CASE WHEN x = 1 THEN a ELSE b END FROM c NATURAL JOIN d", "c d"),
    ("SELECT count(*) OVER (PARTITION BY a ORDER BY b) FROM c", "c"),
    ("SELECT * FROM a LEFT OUTER JOIN b ON CASE WHEN a.x = 1 THEN 1 END = b.x, c", "a b c"),
    ("SELECT 'FROM a' FROM b -- , c\n, d", "b d"),
]
everywhere = pytest.mark.parametrize(
    "syntax", [MSSQL, POSTGRESQL, MYSQL, SQLITE], ids=["mssql", "pg", "mysql", "sqlite"]
)


@everywhere
@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_a_view_needs_the_relations_of_its_query(syntax: Syntax, query: str, expected: str) -> None:
    assert relations(syntax, f"CREATE VIEW v AS {query}") == set(expected.split())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT extract(year FROM a), trim(both 'x' FROM b), substring(c FROM 1 FOR 2) FROM d", "d"),
        ("SELECT overlay(a PLACING b FROM 1), position(c IN d) FROM e", "e"),
        ("SELECT * FROM a WHERE x IS DISTINCT FROM b AND y IS NOT DISTINCT FROM c", "a"),
        ("SELECT DISTINCT FROM a", "a"),
        ("SELECT * FROM ONLY a, ONLY (b), LATERAL (SELECT * FROM c) x, d *", "a b c d"),
        ("SELECT * FROM generate_series(1, 2) g, a", "a"),
        ("SELECT * FROM ROWS FROM (f(1), g(2)) AS t (a, b), c", "c"),
        ("SELECT * FROM unnest(b) WITH ORDINALITY AS a (x, y) JOIN c ON true", "c"),
        ("SELECT * FROM a TABLESAMPLE system (10) REPEATABLE (1), b", "a b"),
        ("SELECT * FROM (VALUES (1), (2)) AS a (x), b", "b"),
        ("TABLE a UNION TABLE b", "a b"),
        ("WITH RECURSIVE a AS (SELECT 1 AS x UNION SELECT x FROM a, b), b AS (SELECT 1) SELECT * FROM a", ""),
        ("WITH a AS (SELECT * FROM a) SELECT * FROM a", "a"),
        ("WITH a AS MATERIALIZED (SELECT 1), b AS NOT MATERIALIZED (SELECT 1) SELECT * FROM a, b, c", "c"),
        ("WITH RECURSIVE a AS (SELECT 1) SEARCH DEPTH FIRST BY x, y SET o, b AS (SELECT 1) SELECT * FROM a, b, c", "c"),
        ("WITH a AS (DELETE FROM b RETURNING *), c AS (INSERT INTO d SELECT * FROM a) SELECT * FROM c", "b d"),
        ("SELECT * FROM a FOR UPDATE OF b, c", "a"),
        ("WITH a AS (DELETE FROM b RETURNING *) INSERT INTO a SELECT * FROM a", "a b"),
        ("WITH a AS (SELECT 1) UPDATE a SET x = 1", "a"),
        ("SELECT * FROM a, b WINDOW w AS (PARTITION BY c), v AS (ORDER BY d)", "a b"),
        ("SELECT $$ FROM a $$, $x$ FROM b $$ $x$ FROM c", "c"),
        ("SELECT * FROM xmltable('/r' PASSING a COLUMNS x int PATH 'x'), b", "b"),
    ],
)
def test_queries_of_postgresql(query: str, expected: str) -> None:
    assert relations(POSTGRESQL, f"CREATE VIEW v AS {query}") == set(expected.split())


def test_quoted_names_keep_case_and_blanks_and_bare_ones_are_folded() -> None:
    query = 'SELECT * FROM "A", "b c"."d", E, a /* x */ . /* y */ b'
    assert relations(POSTGRESQL, f"CREATE VIEW v AS {query}") == {"A", "b c.d", "e", "a.b"}
    assert relations(MSSQL, 'CREATE VIEW v AS SELECT * FROM [a]]b].[c d], "e"') == {"a]b.c d", "e"}
    assert relations(SQLITE, 'CREATE VIEW v AS SELECT * FROM [a b], `c`, "d"') == {"a b", "c", "d"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM a CROSS APPLY dbo.f(a.x) t OUTER APPLY (SELECT * FROM b) u, c", "a b c"),
        ("SELECT * FROM a WITH (NOLOCK) JOIN b (NOLOCK) ON 1 = 1, c AS d WITH (INDEX (x), NOLOCK), e", "a b c e"),
        ("SELECT * FROM a FOR SYSTEM_TIME AS OF '2024-01-01' AS b JOIN c FOR SYSTEM_TIME ALL ON 1 = 1", "a c"),
        ("SELECT * FROM a PIVOT (SUM(x) FOR y IN ([b], [c])) AS p, d", "a d"),
        ("SELECT * FROM a UNPIVOT (x FOR y IN (b, c)) AS p JOIN d ON 1 = 1", "a d"),
        ("SELECT * FROM OPENJSON(@j) WITH (a int '$.a', b nvarchar(9)) AS c, d", "d"),
        ("SELECT t.c.value('.', 'int') FROM a CROSS APPLY a.x.nodes('/r') AS t (c), b", "a b"),
        ("SELECT * FROM CHANGETABLE(CHANGES dbo.a, 0) AS b, CONTAINSTABLE(dbo.c, d, 'x') AS e", "dbo.a dbo.c"),
        ("WITH XMLNAMESPACES ('u' AS n), a AS (SELECT 1 x) SELECT * FROM a, b", "b"),
        ("WITH a AS (SELECT 1 x UNION ALL SELECT x FROM a) SELECT * FROM a OPTION (MAXRECURSION 9)", ""),
        ("SELECT TOP (5) WITH TIES * FROM a ORDER BY b", "a"),
        ("SELECT * FROM #t, @u, tempdb..#v, a FOR XML PATH('b'), ROOT('c')", "a"),
        ("SELECT * FROM srv.db.dbo.a, db.dbo.b, db..c", "srv.db.dbo.a db.dbo.b db..c"),
        ("SELECT * FROM srv...a, srv . /* x */ .dbo.b, db-- ..x\n.. /* y */ c", "srv...a srv..dbo.b db..c"),
        ("SELECT * FROM /* x */ ..a JOIN/*y*/..b ON 1 = 1 LEFT JOIN -- from\n . -- ..x\n . [c] ON 1 = 1", "a b c"),
        ("SELECT 'FROM ..x -- from' FROM a CROSS /* x */ APPLY -- y\n .f(1) g, ..b", "a b"),
        ("SELECT x.y -- taken from\n .value('.', 'int') FROM a", "a"),
    ],
)
def test_queries_of_sql_server(query: str, expected: str) -> None:
    assert relations(MSSQL, f"CREATE VIEW v AS {query}") == set(expected.split())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("select `a`.`x` from (`a` join `b` on((`a`.`x` = `b`.`x`)))", "a b"),
        ("SELECT STRAIGHT_JOIN x FROM a STRAIGHT_JOIN b ON a.x = b.x, c", "a b c"),
        ("SELECT * FROM a USE INDEX FOR ORDER BY (x), b FORCE INDEX (y) JOIN c ON 1", "a b c"),
        ("SELECT * FROM a PARTITION (p0, p1) AS b, c", "a c"),
        ("SELECT * FROM { OJ a LEFT OUTER JOIN b ON a.x = b.x }, c", "a b c"),
        ("SELECT * FROM JSON_TABLE(d, '$' COLUMNS (x INT PATH '$.x')) AS a, b", "b"),
        ('SELECT "FROM a" FROM b # , c\n, d', "b d"),
        ("SELECT 1 /*!50001 FROM a */", "a"),
        ("SELECT year(x), date_add(d, INTERVAL 1 DAY) FROM a WHERE b SOUNDS LIKE c", "a"),
        ("WITH RECURSIVE a AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM a) SELECT * FROM a", ""),
        ("SELECT * FROM db.a, LATERAL (SELECT * FROM b) AS c", "db.a b"),
    ],
)
def test_queries_of_mysql(query: str, expected: str) -> None:
    assert relations(MYSQL, f"CREATE VIEW v AS {query}") == set(expected.split())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM a INDEXED BY i, b NOT INDEXED", "a b"),
        ("SELECT * FROM a WHERE x IN b AND y NOT IN main.c AND z IN (1, 2)", "a b main.c"),
        ("SELECT * FROM json_each(a.x), b", "b"),
        ("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a", ""),
    ],
)
def test_queries_of_sqlite(query: str, expected: str) -> None:
    assert relations(SQLITE, f"CREATE VIEW v AS {query}") == set(expected.split())


@pytest.mark.parametrize("syntax", [POSTGRESQL, MYSQL, SQLITE, MSSQL])
@pytest.mark.parametrize(
    ("expression", "called"),
    [
        ("s.total * (1 + x)", False),
        ("1 - s.total -- rest\n + (x)", False),
        ("s.total /* of */ <> (SELECT 1)", False),
        ("s.total / (((x)))", False),
        ("s.total (1 + x)", True),
        ("s.total/* of */(x)", True),
        ("s . total -- of\n (x)", True),
        ("1 + s.total(x) * (2)", True),
    ],
)
def test_a_column_before_an_operator_is_no_routine(syntax: Syntax, expression: str, called: bool) -> None:
    references = read_references([f"CREATE VIEW v AS SELECT {expression} AS y FROM s"], syntax).references
    assert [".".join(one.parts) for one in references if one.role == "routine"] == ["s.total"] * called


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("mood || 'x'", ""),
        ("mood -> E'x'", ""),
        ("mood <> $$x$$", ""),
        ("a.mood ~* N'x'", ""),
        ("mood 'x'", "mood"),
        ("a.mood E'x'", "a.mood"),
        ("mood/* of */'x'", "mood"),
        ("\"Mood\" 'x'", "Mood"),
        ("mood $$x$$", "mood"),
    ],
)
def test_a_column_before_an_operator_is_no_type(expression: str, expected: str) -> None:
    references = read_references([f"CREATE VIEW v AS SELECT {expression} AS y FROM s"], POSTGRESQL).references
    assert " ".join(".".join(one.parts) for one in references if one.role == "type") == expected


STATEMENTS = [
    "SELECT x FROM t1 a JOIN t2 ON dbo.f1(a.x) = t2.x",
    "SELECT x INTO #q FROM t3, t4 b",
    "INSERT t6 (x) VALUES (1), (2)",
    "INSERT INTO t9 EXEC p1 @a, 2",
    "INSERT t10 DEFAULT VALUES",
    "UPDATE c SET x = 1, y = d.y FROM t11 c, t12 d WHERE c.x = 2",
    "DELETE e FROM t17 AS e JOIN t18 ON 1 = 1",
    "MERGE t19 AS g USING t20 AS h ON g.x = h.x WHEN MATCHED THEN DELETE OUTPUT deleted.x INTO t21 (x);",
    "EXEC @r = p3 1, 2",
    "EXEC sp_executesql N'SELECT * FROM t23', N'@x int', 1",
    "IF @x = 1 BEGIN SELECT * FROM t25 END ELSE DELETE t26",
    "DECLARE @v int = (SELECT MAX(x) FROM t29), @w dbo.ty1",
    "DECLARE cu CURSOR LOCAL FOR SELECT x, y FROM t30",
    "FETCH NEXT FROM cu INTO @a, @b",
    "SET NOCOUNT ON",
    "SET IDENTITY_INSERT t32 ON",
    "RAISERROR ('x', 16, 1)",
    "CREATE TABLE #a (x int NOT NULL, y dbo.ty3 DEFAULT (dbo.f3()))",
    "CREATE INDEX ix ON #a (x, y)",
    "ALTER TABLE t33 ADD CONSTRAINT ck CHECK (dbo.f4(x) = 1)",
    "TRUNCATE TABLE t34",
    "UPDATE STATISTICS t36 (s1) WITH FULLSCAN",
    "GRANT SELECT ON t37 TO r1",
    "ADD SIGNATURE TO p8 BY CERTIFICATE ce1",
    "CREATE FULLTEXT CATALOG c1 ON FILEGROUP fg1",
    "DBCC CHECKIDENT ('t38', RESEED, 1)",
    "WAITFOR DELAY '0:0:1'",
    "SELECT x FROM t47 PIVOT (SUM(x) FOR y IN ([a], [b])) pv",
]


NAMES_IN_TSQL = (
    "analyze", "call", "concurrently", "delayed", "enable", "filegroup", "get", "ignore", "immediate", "label", "local",
    "materialized", "natural", "only", "partition", "range", "receive", "recursive", "replace", "returns", "rows",
    "service", "stoplist", "system", "tables", "type", "window", "work",
)  # fmt: skip
"""Words that T-SQL does not reserve, though they mean something in other statements or databases."""
TABLES_NAMED = [
    "SELECT * FROM {} SELECT * FROM t",
    "SELECT x FROM t LEFT JOIN {} q ON q.x = t.x",
    "SELECT x FROM {}, t",
    "INSERT {} SELECT x FROM t",
    "INSERT INTO {} (x) SELECT x FROM t",
    "UPDATE {} SET x = 1 FROM t",
    "UPDATE q SET x = 1 FROM {} q JOIN t ON 1 = 1",
    "DELETE {} WHERE x IN (SELECT x FROM t)",
    "DELETE FROM {} SELECT * FROM t",
    "MERGE {} USING t ON 1 = 1 WHEN MATCHED THEN DELETE;",
    "MERGE t USING {} ON 1 = 1 WHEN MATCHED THEN DELETE;",
    "TRUNCATE TABLE {} SELECT * FROM t",
    "ALTER TABLE {} ADD y int; SELECT * FROM t",
    "CREATE TABLE a (x int REFERENCES {} (x), y int REFERENCES t (x))",
    "CREATE INDEX i ON {} (x); SELECT * FROM t",
    "CREATE TRIGGER a ON {} AFTER INSERT AS SELECT * FROM t",
]
COLUMNS_NAMED = [
    "SELECT {} FROM t",
    "SELECT x AS {} FROM t",
    "SELECT x {} FROM t",
    "SELECT {} = x, y FROM t",
    "SELECT {}.x FROM t {}",
    "SELECT {}.x FROM t AS {} WHERE {}.x = 1",
    "SELECT CASE WHEN {} = 1 THEN {} ELSE {} END FROM t",
    "SELECT COUNT(DISTINCT {}) FROM t GROUP BY {} ORDER BY {}",
    "SELECT x, y, {} FROM t",
    "EXEC p {} SELECT * FROM t",
    "SAVE TRAN {} SELECT * FROM t ROLLBACK TRAN {}",
    "INSERT t ({}, x) VALUES (1, 2)",
    "UPDATE t SET {} = 1, x = {}",
    "WITH {} AS (SELECT 1 AS x) SELECT * FROM {} JOIN t ON 1 = 1",
    "SELECT * FROM (SELECT 1 AS x) {} JOIN t ON 1 = 1",
]


@pytest.mark.parametrize("word", NAMES_IN_TSQL)
def test_a_word_that_sql_server_does_not_reserve_is_a_name(word: str) -> None:
    assert [text for text in TABLES_NAMED if relations(MSSQL, text.replace("{}", word)) != {word, "t"}] == []
    assert [text for text in COLUMNS_NAMED if relations(MSSQL, text.replace("{}", word)) != {"t"}] == []
    assert needs(MSSQL, f"EXEC {word} 1; INSERT t EXEC {word}") == f"C routine {word}, C relation t"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("WAITFOR (RECEIVE TOP (1) * FROM q), TIMEOUT 5", "C queue q"),
        ("IF 1 = 1 BEGIN RECEIVE * FROM q INTO @t END", "C queue q"),
        ("CREATE PROC p AS RECEIVE * FROM q", "L queue q"),
        ("SELECT x FROM t; GET CONVERSATION GROUP @g FROM q", "C relation t, C queue q"),
        ("ALTER PARTITION FUNCTION f () MERGE RANGE (1)", "C partition function f"),
        ("{call dbo.p}", "C routine dbo.p"),
        ("ALTER DATABASE d MODIFY FILEGROUP g DEFAULT", "C filegroup g"),
    ],
)
def test_the_same_words_begin_statements_and_clauses_of_sql_server(text: str, expected: str) -> None:
    assert needs(MSSQL, text) == expected


def test_a_statement_of_sql_server_means_the_same_behind_any_other_without_a_semicolon() -> None:
    def named(*statements: str) -> set[tuple[str, ...]]:
        found = read_references(["\n".join(("CREATE PROCEDURE p AS", *statements))], MSSQL)
        return {(reference.role, *reference.parts) for reference in found.references}

    alone = {statement: named(statement) for statement in STATEMENTS}
    pairs = list(product(STATEMENTS, repeat=2))
    assert [pair for pair in pairs if named(*pair) != alone[pair[0]] | alone[pair[1]]] == []


def cases(syntax: Syntax, name: str) -> Iterator[object]:
    """The statements of a file, and what they need behind `-->`. A blank line ends a case, GO a batch."""
    text = (Path(__file__).parent / "references" / f"{name}.sql").read_text(encoding="utf-8")
    for case in text.split("\n\n"):
        sql, _, expected = case.partition("\n--> ")
        yield pytest.param(syntax, sql.split("\nGO\n"), expected.strip(), id=f"{name}: {sql[:60]}")


@pytest.mark.parametrize(
    ("syntax", "batches", "expected"),
    [
        *cases(POSTGRESQL, "postgresql"),
        *cases(MSSQL, "mssql"),
        *cases(MYSQL, "mysql"),
        *cases(SQLITE, "sqlite"),
    ],
)
def test_what_a_statement_needs(syntax: Syntax, batches: list[str], expected: str) -> None:
    assert sorted(needs(syntax, *batches).split(", ")) == sorted(expected.split(", "))


@pytest.mark.parametrize(
    ("syntax", "text", "expected"),
    [
        (POSTGRESQL, "CREATE POLICY p ON t USING (true)", "policy p on t"),
        (POSTGRESQL, "CREATE EXTENSION IF NOT EXISTS x WITH SCHEMA s", "extension x"),
        (
            POSTGRESQL,
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE t (); END $$",
            "function f",
        ),
        (POSTGRESQL, "SET search_path TO a, b; CREATE VIEW v AS SELECT 1; CREATE TABLE s.t ()", "view a.v, table s.t"),
        (POSTGRESQL, "CREATE SCHEMA AUTHORIZATION joe", "schema joe"),
        (MSSQL, "CREATE PARTITION FUNCTION pf (date) AS RANGE RIGHT FOR VALUES (1)", "partition function pf"),
        (MSSQL, "CREATE XML SCHEMA COLLECTION dbo.x AS N'<a/>'", "xml schema collection dbo.x"),
        (MSSQL, "CREATE FULLTEXT CATALOG c AS DEFAULT", "fulltext catalog c"),
        (MSSQL, "CREATE EXTERNAL DATA SOURCE d WITH (LOCATION = 'x')", "external data source d"),
        (MSSQL, "EXEC('CREATE VIEW dbo.v AS ' + N'SELECT 1 AS x')", "view dbo.v"),
        (MSSQL, "CREATE PROC p AS EXEC('CREATE VIEW dbo.v AS SELECT 1 AS x')", "procedure p"),
        (MSSQL, "CREATE OR ALTER TRIGGER g ON DATABASE FOR CREATE_TABLE AS PRINT 1", "trigger g on DATABASE"),
        (MSSQL, "IF 1 = 1 BEGIN CREATE TABLE dbo.t (a int) END", "table dbo.t"),
        (MYSQL, "CREATE EVENT IF NOT EXISTS e ON SCHEDULE EVERY 1 DAY DO CREATE TABLE t (a int)", "event e"),
        (MYSQL, "CREATE OR REPLACE PACKAGE k AS PROCEDURE p(x INT); END", "package k"),
        (MYSQL, "CREATE PACKAGE BODY k AS PROCEDURE p AS BEGIN NULL; END; END", "package body k"),
        (MYSQL, "CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW BEGIN DROP VIEW x; END", "trigger g on t"),
        (SQLITE, "CREATE VIRTUAL TABLE t USING fts5 (a, b)", "table t"),
        (SQLITE, "CREATE TEMP VIEW v AS SELECT 1", ""),
        (
            SQLITE,
            "CREATE TABLE temp.t (a); CREATE TABLE 'u' (a); CREATE VIEW 'v' AS SELECT 1",
            "table u, view v",
        ),
        (POSTGRESQL, "CREATE TABLE pg_temp.t (a int); CREATE OR REPLACE TEMP RECURSIVE VIEW v (n) AS VALUES (1)", ""),
        (POSTGRESQL, "CREATE RECURSIVE VIEW v (n) AS VALUES (1); CREATE LOCAL TEMP TABLE t (a int)", "view v"),
    ],
)
def test_what_a_file_creates(syntax: Syntax, text: str, expected: str) -> None:
    made = [
        f"{one.kind} {one.name}" + (f" on {one.table}" if one.table else "")
        for one in read_references([text], syntax).definitions
    ]

    assert ", ".join(made) == expected


def test_what_a_file_drops_is_known_and_no_need() -> None:
    found = read_references(["DROP VIEW IF EXISTS s.a, b CASCADE; CREATE VIEW b AS SELECT 1"], POSTGRESQL)

    assert [str(one.name) for one in found.dropped] == ["s.a", "b"]
    assert not {reference.role for reference in found.references} & OBJECTS


def test_a_place_is_line_and_column_also_in_a_body() -> None:
    text = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $b$\nBEGIN\n  SELECT * FROM s.t;\nEND $b$"
    references = read_references([text], POSTGRESQL).references
    place = next(use.place for reference, use in references.items() if reference.parts == ("s", "t"))

    assert locate(text, POSTGRESQL, place[1:]) == (3, 17)
