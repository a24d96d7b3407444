from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.scan.content import Content
from ahjo_tasks.scan.sql_statements import SqlInsert, SqlObjectModification
from ahjo_tasks.scan.sql_text import SqlText


def changes(text: str, **parameters: tuple[str, ...]) -> list[str]:
    found = SqlObjectModification(**parameters).changes(SqlText(text))
    return [f"{change.verb} {change.kind} {change.name}" for _, _, change in found]


def inserts(text: str, **parameters: tuple[str, ...]) -> list[str]:
    return [str(name) for *_, name in SqlInsert(**parameters).inserts(SqlText(text))]


def matches(path: str, text: str, rule: SqlObjectModification | SqlInsert | None = None) -> list[str]:
    content = Content(path, text.encode())
    hits = list((rule or SqlObjectModification()).find(content))
    for hit in hits:
        assert not path.endswith(".sql") or content.text[hit.start : hit.end] == hit.match
    return [hit.match for hit in hits]


# Objects


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "create or replace algorithm=merge definer=`a`@`%` sql security invoker view v as",
            "CREATE OR REPLACE VIEW v",
        ),
        ("CREATE TABLE[dbo].[a]]b](x int)", "CREATE TABLE dbo.a]b"),
        ("drop table if exists $(schema).t", "DROP TABLE $(schema).t"),
        ("alter table only public.t add x int", "ALTER TABLE public.t"),
        ("create or replace materialized view a.b as", "CREATE OR REPLACE VIEW a.b"),
        ("create\u00a0foreign\ttable /* x */ a -- y\n . b", "CREATE TABLE a.b"),
        ('create unlogged table if not exists "a b"."c""d" (x int)', 'CREATE TABLE a b.c"d'),
        ("create event trigger e on ddl_command_end", "CREATE TRIGGER e"),
        ("create virtual table main.t using fts5(x)", "CREATE TABLE main.t"),
        (
            "/*!50001 CREATE ALGORITHM=UNDEFINED */\n/*!50013 DEFINER=`a`@`b` */\n/*!50001 VIEW `v` AS */",
            "CREATE VIEW v",
        ),
        ("do $x$ begin create table a.b (c int); end $x$", "CREATE TABLE a.b"),
        ("alter procedure dbo.p;2 as select 1", "ALTER PROCEDURE dbo.p"),
        ("drop function Test.[@Test:Skip]", "DROP FUNCTION Test.@Test:Skip"),
        ("create table ..t (x int)", "CREATE TABLE t"),
        ("drop view /* x */ . [v]", "DROP VIEW v"),
    ],
)
def test_every_database_s_way_to_say_it_is_understood(text: str, expected: str) -> None:
    assert changes(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "grant create table, create view to bob",
        "create temp table a.b (x int)",
        "drop temporary table t",
        "create table #t (x int)",
        "create table [#t] (x int)",
        "create table ##t (x int)",
        "create table pg_temp.t (x int)",
        "recreate table x",
        "@create table x",
        "create tablex y",
        "create table",
        "drop table if exists",
        "create view as",
    ],
)
def test_what_is_no_change_of_an_object_is_not_found(text: str) -> None:
    assert changes(text) == []


def test_a_drop_names_several() -> None:
    assert changes("drop function if exists a.f(int, numeric(3,2)), [b] . g , h; drop view v") == [
        "DROP FUNCTION a.f",
        "DROP FUNCTION b.g",
        "DROP FUNCTION h",
        "DROP VIEW v",
    ]


def test_a_schema_holds_what_its_statement_creates() -> None:
    assert changes("create schema x create table t (a int) create view v as select 1; create table u (a int)") == [
        "CREATE TABLE x.t",
        "CREATE VIEW x.v",
        "CREATE TABLE u",
    ]


def test_parameters_narrow_down() -> None:
    text = "create table a.t (x int); create table b.t2 (x int); create table t (x int); drop view a.v; drop index a.i"
    assert changes(text, schemas=("A",)) == ["CREATE TABLE a.t", "DROP VIEW a.v"]
    assert changes(text, objects=("t.*",)) == ["CREATE TABLE a.t", "CREATE TABLE b.t2", "CREATE TABLE t"]
    assert changes(text, object_types=("view", "INDEX")) == ["DROP VIEW a.v", "DROP INDEX a.i"]
    assert changes(text, schemas=("",), objects=("",), object_types=("",)) == changes(text)


def test_a_variable_may_be_the_schema_that_is_looked_for() -> None:
    assert changes("drop table $(schema).t", schemas=("a",)) == ["DROP TABLE $(schema).t"]


# Inserts


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("insert top (5) percent into a.t (x) values (1)", "a.t"),
        ("INSERT[a].[t]VALUES(1)", "a.t"),
        ("insert low_priority ignore a.t set x = 1", "a.t"),
        ("insert or rollback into t default values", "t"),
        ("replace delayed into t values (1)", "t"),
        ("bulk insert a.t from 'x'", "a.t"),
        ("merge t using s on 1 = 1 when not matched then insert (x) values (1); insert into u values (1)", "u"),
        ("insert into $(s).t select 1", "$(s).t"),
        ("insert into dbo.[@audit] (a) values (1)", "dbo.@audit"),
        ("insert ..t select 1", "t"),
    ],
)
def test_every_form_of_an_insert_is_found(text: str, table: str) -> None:
    assert inserts(text) == [table]


@pytest.mark.parametrize(
    "text",
    [
        "after insert, update as select 1",
        "create rule r as on insert to t do instead nothing",
        "before insert on t for each row",
        "insert into @t values (1)",
        "insert into #t values (1)",
        "insert #t values (1)",
        "select replace(x, 'a', 'b') into t",
        "create or replace view v as select 1",
        "grant insert (x) on t to bob",
        "insert openquery(far, 'select x from t') values (1)",
        "insert into openrowset('a', 'b', 'c') select 1",
        "select insert_into from t",
    ],
)
def test_what_writes_no_rows_is_no_insert(text: str) -> None:
    assert inserts(text) == []


def test_parameters_choose_tables() -> None:
    text = "insert into a.t values (1) insert into b.u values (1) insert t values (1)"
    assert inserts(text, schemas=("a", "c")) == ["a.t"]
    assert inserts(text, tables=("T",)) == ["a.t", "t"]


# Code and what is none

HIDDEN = [
    "'drop table x'",
    "'it''s; drop table x'",
    '"drop table x"',
    "`drop table x`",
    "[drop table x]",
    "[it's drop table x]",
    "-- drop table x\n",
    "/* drop table x */",
    "/* /* */ drop table x */",
    "# drop table x\n",
    "print 'drop table x'",
]
OPEN = ["array['a]', 'b']", "x[1]", "a - b / c * d", "#temp", "5 /*!99999 */", "$$", "'a'", "--\n", "/**/"]


@given(st.lists(st.sampled_from([*HIDDEN, *OPEN, "drop table a.b"]), max_size=12))
def test_only_code_counts(parts: list[str]) -> None:
    parts = [part for part in parts if part != "$$"]
    assert changes("\n".join(parts)) == ["DROP TABLE a.b"] * parts.count("drop table a.b")


@pytest.mark.parametrize("opening", ["'", '"', "`", "[", "/*", "it's"])
def test_what_is_never_closed_hides_nothing(opening: str) -> None:
    assert changes(f"{opening} drop table x") == ["DROP TABLE x"]


def test_an_apostrophe_in_a_dollar_quote_hides_nothing() -> None:
    assert changes("select $$it's$$; drop table x; select 'a'") == ["DROP TABLE x"]


@pytest.mark.parametrize("text", [r"select 'it\'s'; drop table x; select ''", r"select 'c:\'; drop table x; select ''"])
def test_a_backslash_is_read_both_ways(text: str) -> None:
    assert changes(text) == ["DROP TABLE x"]


@pytest.mark.parametrize(
    "text",
    [
        "exec ('drop table x')",
        "EXECUTE(N'-- it\ndrop table x')",
        "exec sp_executesql N'drop table x'",
        "exec sys.sp_executesql @stmt = N'drop table x'",
        "execute immediate 'drop table x'",
        "prepare p from 'drop table x'",
        "declare @s nvarchar(max) = N'drop table x'; exec(@S)",
        "set @s = 'drop table x' exec sp_executesql @s",
        "exec('exec(''drop table x'')')",
        "exec [sys].[sp_executesql] N'drop table x'",
        "exec sp_MSforeachdb @command1 = N'drop table x'",
        "exec ('use ' + quotename(@d) + N'; print ''a'' ' + 'drop table x')",
        "set @s = @s + 'select 1 ' + N'drop table x' exec (@s)",
        "declare @s varchar(9) = 'drop table x' exec (N'use a; ' + @t + @s)",
    ],
)
def test_dynamic_sql_is_code(text: str) -> None:
    assert changes(text) == ["DROP TABLE x"]


@pytest.mark.parametrize(
    "text",
    [
        "set @s = 'drop table x'; print @s",
        "exec('print ''drop table x''')",
        "exec p 'drop table x'",
        "exec('/* drop table x */')",
        "exec('drop table ' + @t)",
        "exec p @a = 'a' select 'b' + 'drop table x'",
        "set @s = 'a' + 'drop table x' exec ('@s' + @t)",
    ],
)
def test_other_strings_are_data(text: str) -> None:
    assert changes(text) == []


def test_letters_that_grow_in_lower_case_shift_nothing() -> None:
    assert matches("a.sql", "\u0130 drop table \u0130x") == ["drop table \u0130x"]


# Files


def test_strings_of_a_python_module_are_sql_but_docstrings_are_not() -> None:
    module = (
        '"""Do not drop table a."""\n# drop table b\n'
        "run('drop table c.d')\n"
        'run(f"drop table {name}.e")\n'
        'run("""\n    -- drop table f\n    alter table "g" add x int\n""")\n'
    )
    assert matches("a.py", module) == ["drop table c.d", "drop table $(value).e", 'alter table "g"']


def test_hits_in_python_know_their_place() -> None:
    text = 'å = "å"\nrun("""\n  drop table x\n""")\nrun("drop table" " y")\n'
    (first, second) = SqlObjectModification().find(Content("a.py", text.encode()))
    assert text[first.start : first.end] == "drop table x"
    assert text[second.start : second.end] == '"drop table" " y"'


def test_other_files_have_no_comments_or_strings() -> None:
    assert matches("a.sh", "sqlcmd -Q \"drop table x\" # it's 'drop table y'") == ["drop table x", "drop table y"]


def test_a_match_reaches_from_verb_to_name() -> None:
    text = "x; CREATE OR ALTER\n  VIEW [dbo] . [v] AS SELECT 1; DROP VIEW a, b"
    assert matches("a.sql", text) == ["CREATE OR ALTER\n  VIEW [dbo] . [v]", "DROP VIEW a", "b"]
    assert matches("a.sql", "insert into t (a) values (1)", SqlInsert()) == ["insert into t"]


@pytest.mark.parametrize(
    "part", ["create ", "create table ", "drop table a,", "'", "/*", "[", "set @s = 'create'", "$a$"]
)
def test_long_scripts_are_read_quickly(part: str) -> None:
    changes(part * 20_000)
