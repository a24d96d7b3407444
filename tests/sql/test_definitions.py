from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.sql.definitions import Definition, Name
from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE, Syntax
from ahjo_tasks.sql.references import read_references, read_row_statements
from ahjo_tasks.sql.references.tokens import MARKS, name_tokens, split_name, token_span
from ahjo_tasks.sql.tokens import bare_name, tokenize

DIALECTS = [MSSQL, POSTGRESQL, MYSQL, SQLITE]
everywhere = pytest.mark.parametrize("syntax", DIALECTS, ids=["mssql", "postgresql", "mysql", "sqlite"])


def made(text: str, syntax: Syntax = POSTGRESQL) -> list[str]:
    return [f"{one.kind} {one.name}" for one in read_references([text], syntax).definitions]


@pytest.mark.parametrize(
    ("syntax", "text"),
    [
        (POSTGRESQL, "SELECT 1 INTO TEMP t"),
        (POSTGRESQL, "INSERT INTO t SELECT 1"),
        (POSTGRESQL, "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN SELECT 1 INTO t; END $$"),
        (POSTGRESQL, "DO $$ BEGIN SELECT 1 INTO t FROM u; END $$"),
        (POSTGRESQL, "SELECT 1; MERGE INTO t USING (SELECT 1 AS a) s ON t.a = s.a WHEN MATCHED THEN DELETE"),
        (MSSQL, "SELECT 1 AS a INTO #t"),
        (MSSQL, "SELECT 1 INSERT INTO t SELECT 1 MERGE INTO t USING u ON 1 = 1 WHEN MATCHED THEN DELETE;"),
        (MSSQL, "SELECT 1 UPDATE t SET a = 1 OUTPUT inserted.a INTO u"),
        (MSSQL, "DECLARE c CURSOR FOR SELECT 1 OPEN c FETCH NEXT FROM c INTO @t"),
        (MYSQL, "SELECT 1 INTO t"),
    ],
)
def test_into_that_creates_no_table_is_no_definition(syntax: Syntax, text: str) -> None:
    assert [one for one in made(text, syntax) if one.startswith("table")] == []


@pytest.mark.parametrize(
    ("setting", "after", "tables"),
    [
        ("SET standard_conforming_strings = off", "", ["table t", "table u"]),
        (
            "SELECT 1; SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false);\n-- so",
            "",
            ["table t", "table u"],
        ),
        ("SET standard_conforming_strings = off", "RESET ALL", ["table t"]),
        ("SET standard_conforming_strings = on", "", ["table t"]),
        ("SELECT 'SET standard_conforming_strings = off', 1", "", ["table t"]),
    ],
)
def test_strings_are_read_as_the_setting_has_the_server_read_them(setting: str, after: str, tables: list[str]) -> None:
    texts = (
        f"{setting};",
        f"{after};",
        r"CREATE TABLE t (a text DEFAULT 'it\'s', b text DEFAULT '\\'); CREATE TABLE u (a int)",
    )
    found = read_references(texts, POSTGRESQL).definitions
    assert [f"{one.kind} {one.name}" for one in found] == tables


def test_a_table_of_select_into_is_created_in_t_sql_too() -> None:
    assert made("SELECT a INTO [dbo].[New One] FROM dbo.t SELECT 1 AS b INTO u", MSSQL) == [
        "table dbo.New One",
        "table u",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CREATE VIEW a.b AS SELECT 1", "view a.b"),
        ("create or replace view b as select 1", "view b"),
        ("CREATE MATERIALIZED VIEW IF NOT EXISTS a.b AS SELECT 1", "view a.b"),
        ("CREATE OR REPLACE FUNCTION a.f(x int) RETURNS int", "function a.f"),
        ("CREATE AGGREGATE a.g (int)", "function a.g"),
        ("CREATE PROC p AS SELECT 1", "procedure p"),
        ("CREATE UNLOGGED TABLE t (i int)", "table t"),
        ("CREATE DOMAIN d AS int", "type d"),
        ("SELECT a, b INTO s.t FROM u", "table s.t"),
        ('WITH w AS (SELECT 1) SELECT * INTO UNLOGGED TABLE "T" FROM w', "table T"),
        ("CREATE SCHEMA IF NOT EXISTS s", "schema s"),
        ("CREATE\n-- its name\nSEQUENCE /* a /* nested */ one */ s.q", "sequence s.q"),
        ('CREATE VIEW "My Schema" . "a.b" AS SELECT 1', "view My Schema.a.b"),
        ("CREATE VIEW db..v AS SELECT 1", "view v"),
    ],
)
def test_an_object_is_found_by_its_create(text: str, expected: str) -> None:
    assert made(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "-- CREATE VIEW v AS SELECT 1",
        "/* CREATE VIEW v */",
        "/* a /* CREATE VIEW v */ CREATE VIEW w */",
        "SELECT 'CREATE VIEW v'",
        'SELECT "CREATE" VIEW',
        "CREATE INDEX i ON t (view)",
        "CREATE TEMP TABLE t (i int)",
        "CREATE USER u",
        "GRANT CREATE ON SCHEMA s TO u",
        "GRANT CREATE, USAGE ON SCHEMA s TO u",
        "CREATE",
        "CREATE VIEW",
        "CREATE VIEW ;",
        "",
    ],
)
def test_what_creates_no_object_of_a_project_is_left_alone(text: str) -> None:
    assert made(text) == []


def test_a_temporary_table_of_sql_server_is_no_object() -> None:
    assert made("CREATE TABLE #t (i int); CREATE TABLE tempdb..#u (i int); CREATE TABLE [t#] (i int)", MSSQL) == [
        "table t#"
    ]


def test_a_body_in_dollar_quotes_is_read() -> None:
    assert made("DO $body$ BEGIN CREATE TABLE a.t (i int); END $body$; CREATE VIEW a.v AS SELECT 1") == [
        "table a.t",
        "view a.v",
    ]


def test_an_apostrophe_in_a_body_reaches_no_further_than_the_body() -> None:
    assert made("DO $$ it's $$; CREATE VIEW v AS SELECT 1; DO $$ it's $$;") == ["view v"]


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("CREATE TRIGGER g AFTER INSERT OR UPDATE OF a ON s.t FOR EACH ROW", Name("s", "t")),
        ("CREATE OR ALTER TRIGGER g ON t AFTER INSERT", Name(None, "t")),
        ("CREATE TRIGGER g AFTER INSERT", None),
    ],
)
def test_a_trigger_belongs_to_a_table(text: str, table: Name | None) -> None:
    assert read_references([text], MSSQL).definitions == (Definition("trigger", Name(None, "g"), table),)


def test_a_rule_belongs_to_a_table() -> None:
    assert read_references(["CREATE RULE r AS ON INSERT TO s.t DO NOTHING"], POSTGRESQL).definitions == (
        Definition("rule", Name(None, "r"), Name("s", "t")),
    )


@pytest.mark.parametrize(
    ("text", "syntax", "tables"),
    [
        ("INSERT INTO s.t VALUES (1); insert into s.t VALUES ('INSERT INTO u')", POSTGRESQL, [Name("s", "t")]),
        ("COPY t FROM '/x'", POSTGRESQL, [Name(None, "t")]),
        ("MERGE INTO t USING u ON 1 = 1", MSSQL, [Name(None, "t")]),
        ("INSERT [dbo].[a b] SELECT 1", MSSQL, [Name("dbo", "a b")]),
        ("INSERT IGNORE INTO `t` SELECT 1; REPLACE u VALUES (1)", MYSQL, [Name(None, "t"), Name(None, "u")]),
        ("INSERT OR REPLACE INTO t VALUES (1)", SQLITE, [Name(None, "t")]),
        ("SELECT replace(a, 'b', 'c') FROM t", SQLITE, []),
    ],
)
def test_a_data_file_writes_to_tables(text: str, syntax: Syntax, tables: list[Name]) -> None:
    assert list(read_references([text], syntax).written) == tables


@everywhere
def test_a_dotted_name_is_one_token(syntax: Syntax) -> None:
    found = name_tokens("SELECT a.b, c.*, 1e5, c /* d */ FROM x . y -- z\n WHERE 'q' = c", syntax)

    assert found == ["SELECT", "a.b", ",", "c.*", ",", ",", "c", "FROM", "x . y", "WHERE", "'q'", "=", "c"]


@everywhere
def test_a_dotted_name_has_parts(syntax: Syntax) -> None:
    assert split_name("a.b", syntax) == ("a", "b")
    assert split_name("a .. b", syntax) == ("a", "", "b")
    assert split_name("a./* x */b", syntax) == ("a", "b")
    assert split_name("å.b$1", syntax) == ("å", "b$1")


def test_strings_are_tokens_with_their_quotes() -> None:
    text = "SELECT 'a''b', E'c\\'d' -- 'e'\n, $$ 'f' $$ || $x$ $$ $x$"

    assert [token for token in name_tokens(text, POSTGRESQL) if token[0] in "'$"] == [
        "'a''b'",
        "'c\\'d'",
        "$$ 'f' $$",
        "$x$ $$ $x$",
    ]


def test_comments_in_comments_are_skipped_however_deep() -> None:
    deep = "/*" * 9 + " x " + "*/" * 9

    assert name_tokens(f"a {deep} 'b /*' {deep} c", POSTGRESQL) == ["a", "'b /*'", "c"]


SCRAPS = [
    "a",
    "b1",
    ".",
    "(",
    ",",
    ";",
    "'x'",
    "'",
    '"',
    '"q r"',
    "[",
    "]",
    "`",
    "--",
    "-",
    "/",
    "/*",
    "*/",
    "#",
    "@",
    "$",
]
texts = st.lists(st.sampled_from([*SCRAPS, " ", "\n", "$$", "$t$", "E'", "N'", "1.5e3", "å", "\xa0", "CREATE", "VIEW"]))


@everywhere
@given(scraps=texts)
def test_dotted_names_hold_the_names_that_the_tokens_hold(syntax: Syntax, scraps: list[str]) -> None:
    text = "".join(scraps)
    if syntax.dollar_quotes:
        text = text.replace("$", "")  # there a body is one string
    names = [
        token.value if token.kind == "quoted" else bare_name(token.value, syntax)
        for token in tokenize(text, syntax)
        if token.kind in {"name", "quoted"}
    ]

    found = [token for token in name_tokens(text, syntax) if token[0] not in MARKS + syntax.strings]

    assert [part for token in found for part in split_name(token, syntax) if part] == [name for name in names if name]


@everywhere
@given(scraps=texts)
def test_the_place_of_a_token_is_found_again(syntax: Syntax, scraps: list[str]) -> None:
    text = "".join(scraps)

    for index, token in enumerate(name_tokens(text, syntax)):
        start, end = token_span(text, syntax, index)
        assert text[start:end] == token


def test_a_script_of_very_many_definitions_is_read_in_linear_time() -> None:
    def seconds(count: int) -> float:
        text = "".join(f"CREATE VIEW dbo.v{number} AS SELECT a, b FROM dbo.t\nGO\n" for number in range(count))
        start = time.process_time()
        assert len(read_references([text], MSSQL).definitions) == count
        return time.process_time() - start

    assert min(seconds(8000) for _ in range(2)) < 20 * min(seconds(1000) for _ in range(2))


LONG_LIST = ", ".join(f"column_{number} = 'the value {number}'" for number in range(40))


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("INSERT TOP (5) INTO dbo.t SELECT 1; INSERT TOP (1) PERCENT u SELECT 1", ["dbo.t", "u"]),
        ("MERGE TOP (@n) dbo.t USING dbo.s ON 1 = 1 WHEN NOT MATCHED THEN INSERT VALUES (1);", ["dbo.t"]),
        ("UPDATE TOP (5) dbo.t SET x = 1", ["dbo.t"]),
        ("UPDATE a\n-- ;\nSET x = ';' FROM dbo.t AS a", ["dbo.t"]),
        ("UPDATE a SET x = 1; DELETE b FROM dbo.t b", ["a"]),
        ("INSERT dbo.t DEFAULT VALUES UPDATE u SET x = 'UPDATE w SET x = 1'", ["dbo.t", "u"]),
        ("WITH c AS (SELECT TOP 5 * FROM dbo.t) UPDATE c SET x = 1", ["dbo.t"]),
        (";WITH c (x) AS (SELECT x FROM t), d AS (SELECT x FROM C)\n-- the last one\nUPDATE d SET x = 1", ["t"]),
        ("WITH c AS (SELECT * FROM (SELECT * FROM t) q JOIN u ON 1 = 1) UPDATE x SET x = 1 FROM c x", ["t"]),
        ("WITH [c] AS (SELECT * FROM t) MERGE c USING s ON 1 = 1 WHEN MATCHED THEN UPDATE SET x = 1;", ["t"]),
        ("WITH c AS (SELECT * FROM t) INSERT INTO c (x) VALUES (1)", ["t"]),
        ("WITH c AS (SELECT 1 AS x) INSERT INTO t SELECT x FROM c; UPDATE c SET x = 1", ["t", "c"]),
        ("SELECT * FROM t WITH (NOLOCK) WHERE x IN (1) UPDATE c SET x = 1", ["c"]),
        (f"UPDATE a SET {LONG_LIST}, y = REPLACE(y, 'UPDATE ;', '') FROM dbo.t AS a WHERE x = 1", ["dbo.t"]),
        (f"UPDATE a SET {LONG_LIST} FROM dbo.u INNER MERGE JOIN dbo.t a ON 1 = 1", ["dbo.t"]),
        (f"UPDATE a SET {LONG_LIST} WHERE x = 1 UPDATE b SET x = 1 FROM dbo.t b", ["a", "dbo.t"]),
        (
            f"UPDATE a SET x = 1 FROM dbo.t a WHERE y = '{'z' * 540}' INSERT INTO dbo.a_long_name SELECT 1",
            ["dbo.a_long_name", "dbo.t"],
        ),
    ],
)
def test_the_tables_whose_rows_a_script_of_sql_server_changes(text: str, tables: list[str]) -> None:
    for names in (read_row_statements([text], MSSQL), read_references([text], MSSQL)):
        assert [str(name) for name in (*names.written, *names.updated)] == tables
