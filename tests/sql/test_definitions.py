from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.sql.definitions import Definition, Name, scan
from ahjo_tasks.sql.lexer import MSSQL, MYSQL, POSTGRESQL, SQLITE, Syntax
from ahjo_tasks.sql.tokens import bare_name, identifiers, name_parts, strings, tokenize

DIALECTS = [MSSQL, POSTGRESQL, MYSQL, SQLITE]
everywhere = pytest.mark.parametrize("syntax", DIALECTS, ids=["mssql", "postgresql", "mysql", "sqlite"])


def made(text: str, syntax: Syntax = POSTGRESQL) -> list[str]:
    return [f"{one.kind} {one.name}" for one in scan(text, syntax).definitions]


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
        ("CREATE SCHEMA IF NOT EXISTS s", "schema s"),
        ("CREATE\n-- its name\nSEQUENCE /* a /* nested */ one */ s.q", "sequence s.q"),
        ('CREATE VIEW "My Schema" . "a.b" AS SELECT 1', "view My Schema.a.b"),
        ("CREATE VIEW db..v AS SELECT 1", "view db.v"),
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
    assert scan(text, MSSQL).definitions == (Definition("trigger", Name(None, "g"), table),)


def test_a_rule_belongs_to_a_table() -> None:
    assert scan("CREATE RULE r AS ON INSERT TO s.t DO NOTHING", POSTGRESQL).definitions == (
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
    assert list(scan(text, syntax).written) == tables


@everywhere
def test_names_are_kept_whole_and_once(syntax: Syntax) -> None:
    found = scan("SELECT a.b, a.b, 1e5, c /* d */ FROM x . y -- z\n WHERE 'q' = c", syntax).names

    assert sorted(found) == ["FROM", "SELECT", "WHERE", "a.b", "c", "x . y"]


@everywhere
def test_a_piece_knows_its_parts(syntax: Syntax) -> None:
    assert name_parts("a.b", syntax) == ["a", "b"]
    assert name_parts("a .. b", syntax) == ["a", "b"]
    assert name_parts("å.b$1", syntax) == ["å", "b$1"]
    assert name_parts("(", syntax) == []


def test_strings_come_with_their_quotes() -> None:
    text = "SELECT 'a''b', E'c\\'d' -- 'e'\n, $$ 'f' $$"

    assert list(strings(text, POSTGRESQL)) == ["'a''b'", "'c\\'d'", "'f'"]


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
def test_pieces_hold_the_names_that_the_tokens_hold(syntax: Syntax, scraps: list[str]) -> None:
    text = "".join(scraps)
    names = [
        token.value if token.kind == "quoted" else bare_name(token.value, syntax)
        for token in tokenize(text, syntax)
        if token.kind in {"name", "quoted"}
    ]

    found = [part for piece in identifiers(text, syntax) if piece for part in name_parts(piece, syntax)]

    assert found == names


def test_a_script_of_very_many_definitions_is_read_in_linear_time() -> None:
    def seconds(count: int) -> float:
        text = "CREATE VIEW dbo.v AS SELECT a, b FROM dbo.t\nGO\n" * count
        start = time.process_time()
        assert len(scan(text, MSSQL).definitions) == count
        return time.process_time() - start

    assert min(seconds(8000) for _ in range(2)) < 20 * min(seconds(1000) for _ in range(2))
