"""Which file needs which: names resolved as each database resolves them, and cycles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.database.dialects import dialect as dialect_named
from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.dependencies import needed_by, order_files
from ahjo_tasks.project.object_index import ObjectIndex, concerned
from ahjo_tasks.project.sql_file import SqlFile, read

if TYPE_CHECKING:
    from pathlib import Path


def sql_files(folder: Path, dialect: str, texts: dict[str, str], database: str | None = None) -> list[SqlFile]:
    files = []
    for name, text in texts.items():
        path = folder / f"{name}.sql"
        path.write_text(text, encoding="utf-8")
        files.append(replace(read(path, "view", dialect_named(dialect), label=f"{name}.sql"), database=database))
    return files


def edges(files: list[SqlFile]) -> str:
    needs = ObjectIndex(files).needs()
    return " ".join(
        f"{files[user].name}>{files[used].name}:{need.strength.name[0]}"
        for user, others in needs.items()
        for used, need in sorted(others.items())
    )


CASES = [
    # the default schema, and others
    ("mssql", "CREATE VIEW a AS SELECT * FROM dbo.b", "CREATE VIEW b AS SELECT 1 x", "a>b:C"),
    ("mssql", "CREATE VIEW s.a AS SELECT * FROM b", "CREATE VIEW s.b AS SELECT 1 x", "a>b:C"),
    ("mssql", "CREATE VIEW s.a AS SELECT * FROM b", "CREATE VIEW r.b AS SELECT 1 x", ""),
    ("mssql", "CREATE VIEW a AS SELECT * FROM s.B", "CREATE VIEW S.[b] AS SELECT 1 x", "a>b:C"),
    ("mssql", "CREATE VIEW a AS SELECT * FROM db.dbo.b", "CREATE VIEW b AS SELECT 1 x", ""),
    ("mssql", "CREATE VIEW a AS SELECT * FROM Shop.dbo.b", "CREATE VIEW b AS SELECT 1 x", "a>b:C"),
    ("mssql", "CREATE VIEW a AS SELECT * FROM shop..b", "CREATE VIEW b AS SELECT 1 x", "a>b:C"),
    ("mssql", "CREATE VIEW a AS SELECT * FROM far.shop.dbo.b", "CREATE VIEW b AS SELECT 1 x", ""),
    ("mssql", "CREATE PROC a AS SELECT * FROM dbo.b", "CREATE VIEW b AS SELECT 1 x", "a>b:L"),
    ("mssql", "CREATE VIEW a AS SELECT * FROM b", "CREATE SYNONYM b FOR far.db.dbo.c", "a>b:C"),
    ("mssql", "CREATE VIEW a AS SELECT b(1) x", "CREATE FUNCTION b(@x int) RETURNS int AS BEGIN RETURN 1 END", ""),
    ("postgresql", "CREATE VIEW a AS SELECT * FROM B", "CREATE VIEW public.b AS SELECT 1", "a>b:C"),
    ("postgresql", 'CREATE VIEW a AS SELECT * FROM "B"', "CREATE VIEW b AS SELECT 1", ""),
    ("postgresql", "CREATE VIEW a AS SELECT * FROM b", "CREATE VIEW s.b AS SELECT 1", "a>b:M"),
    ("postgresql", "CREATE VIEW a AS SELECT * FROM s.b", "CREATE VIEW b AS SELECT 1", ""),
    ("postgresql", "SET search_path = s; CREATE VIEW a AS SELECT * FROM b", "CREATE VIEW s.b AS SELECT 1", "a>b:C"),
    ("postgresql", "CREATE VIEW a AS SELECT count(x)", "CREATE VIEW count AS SELECT 1", ""),
    ("postgresql", "CREATE VIEW a AS SELECT format(x)", "CREATE FUNCTION format(p point) RETURNS int", "a>b:M"),
    ("postgresql", "CREATE VIEW a AS SELECT * FROM shop.public.b", "CREATE VIEW b AS SELECT 1", "a>b:C"),
    ("postgresql", "CREATE VIEW a AS SELECT kind('x')", "CREATE DOMAIN kind AS text", "a>b:C"),
    ("postgresql", "CREATE FUNCTION a(x b) RETURNS int LANGUAGE sql", "CREATE VIEW b AS SELECT 1", "a>b:C"),
    ("postgresql", "CREATE VIEW s.a AS SELECT 1", "CREATE SCHEMA s", "a>b:C"),
    # what comes along with an object, and what belongs to a table
    ("postgresql", "GRANT USAGE ON SEQUENCE b_id_seq TO joe", "CREATE TABLE b (id serial)", "a>b:C"),
    ("postgresql", "CREATE VIEW a AS SELECT nextval('s.b_id_seq')",
     "CREATE TABLE s.b (id int GENERATED ALWAYS AS IDENTITY)", "a>b:C"),
    ("postgresql", "COMMENT ON CONSTRAINT k ON b IS ''", "ALTER TABLE b ADD CONSTRAINT k CHECK (x > 1)", "a>b:C"),
    ("postgresql", "COMMENT ON CONSTRAINT k ON c IS ''", "ALTER TABLE b ADD CONSTRAINT k CHECK (x > 1)", ""),
    ("postgresql", "ALTER TABLE b ENABLE TRIGGER g", "CREATE TRIGGER g AFTER DELETE ON b EXECUTE FUNCTION f()",
     "a>b:C"),
    ("postgresql", "ALTER INDEX i ATTACH PARTITION b_pkey", "ALTER TABLE b ADD PRIMARY KEY (x)", "a>b:C"),
    ("postgresql", "ALTER TABLE a ADD CONSTRAINT k PRIMARY KEY USING INDEX i", "CREATE INDEX i ON b (x)", "a>b:C"),
    ("postgresql", "CREATE TABLE a (x _b)", "CREATE TYPE b AS ENUM ('x')", "a>b:C"),
    ("postgresql", "CREATE SERVER a FOREIGN DATA WRAPPER file_fdw", "CREATE EXTENSION file_fdw", "a>b:C"),
    ("postgresql", "CREATE FUNCTION a() RETURNS int LANGUAGE plperl AS ''", "CREATE EXTENSION plperl", "a>b:C"),
    ("postgresql", "ALTER EVENT TRIGGER g DISABLE", "CREATE EVENT TRIGGER g ON sql_drop EXECUTE FUNCTION f()", "a>b:C"),
    # what an extension brings
    ("postgresql", "CREATE TABLE a (x citext)", "CREATE EXTENSION citext", "a>b:C"),
    ("postgresql", "CREATE TABLE a (x ext.hstore)", "CREATE EXTENSION hstore WITH SCHEMA ext", "a>b:C"),
    ("postgresql", "CREATE TABLE a (x other.hstore)", "CREATE EXTENSION hstore WITH SCHEMA ext", ""),
    ("postgresql", "CREATE INDEX ON t USING gin (lower(x) gin_trgm_ops)", "CREATE EXTENSION pg_trgm", "a>b:C"),
    ("postgresql", "CREATE VIEW a AS SELECT uuid_generate_v4()", 'CREATE EXTENSION "uuid-ossp"', "a>b:C"),
    ("postgresql", "CREATE VIEW a AS SELECT x FROM t WHERE x %> 'y'", "CREATE EXTENSION pg_trgm", "a>b:C"),
    ("postgresql", "CREATE TABLE a (x int, EXCLUDE USING gist (x WITH =, y WITH &&))", "CREATE EXTENSION btree_gist",
     "a>b:M"),
    ("postgresql", "CREATE TABLE a (x int, EXCLUDE USING gist (y WITH &&))", "CREATE EXTENSION btree_gist", ""),
    ("postgresql", "CREATE VIEW a AS SELECT sort FROM t", "CREATE EXTENSION intarray", ""),
    # operators and their classes
    ("postgresql", "CREATE VIEW a AS SELECT x @#@ y FROM t",
     "CREATE OPERATOR @#@ (LEFTARG = int, FUNCTION = f)", "a>b:C"),
    ("postgresql", "CREATE VIEW a AS SELECT x OPERATOR(s.@#@) y FROM t",
     "CREATE OPERATOR s . @#@ (LEFTARG = int, FUNCTION = f)", "a>b:C"),
    ("postgresql", "CREATE VIEW a AS SELECT '@#@', \"@#@\" /* @#@ */ FROM t -- @#@",
     "CREATE OPERATOR @#@ (LEFTARG = int, FUNCTION = f)", ""),
    ("postgresql", "CREATE FUNCTION a() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1 @#@ 2; END $$",
     "CREATE OPERATOR @#@ (LEFTARG = int, FUNCTION = f)", "a>b:L"),
    ("postgresql", "CREATE FUNCTION a() RETURNS int LANGUAGE sql AS 'SELECT 1 @#@ 2'",
     "CREATE OPERATOR @#@ (LEFTARG = int, FUNCTION = f)", "a>b:C"),
    ("postgresql", "CREATE INDEX ON t (x COLLATE c my_ops DESC)",
     "CREATE OPERATOR CLASS my_ops FOR TYPE int USING btree AS OPERATOR 1 <", "a>b:C"),
    ("postgresql", "CREATE INDEX ON t (x DESC, y NULLS FIRST)",
     "CREATE OPERATOR CLASS descending FOR TYPE int USING btree AS OPERATOR 1 <", ""),
    ("postgresql", "CREATE VIEW a AS SELECT x::b FROM t", "CREATE CAST (int AS b) WITH FUNCTION f(int)", "a>b:M"),
    ("postgresql", "CREATE VIEW a AS SELECT CAST(x AS s.b)", "CREATE CAST (int AS s.b) WITH FUNCTION f(int)", "a>b:M"),
    ("postgresql", "CREATE TABLE a (x b)", "CREATE CAST (int AS b) WITH FUNCTION f(int)", ""),
    # types that the database means whatever else is called so
    ("postgresql", "CREATE TABLE a (x date, y time DEFAULT now()::time)", "CREATE TABLE date (x int)", ""),
    ("postgresql", "CREATE TABLE a (x public.date)", "CREATE TABLE date (x int)", "a>b:C"),
    # schemas and search paths
    ("postgresql", "CREATE VIEW a AS SELECT * FROM s.t", "CREATE SCHEMA s CREATE TABLE t (x int)", "a>b:C"),
    ("postgresql", "CREATE SCHEMA s CREATE VIEW v AS SELECT * FROM b", "CREATE TABLE b (x int)", "a>b:C"),
    ("postgresql", "SET search_path = s; CREATE VIEW a AS SELECT 1", "CREATE SCHEMA s", "a>b:C"),
    ("postgresql", "SELECT set_config('search_path', 's', true); CREATE VIEW a AS SELECT * FROM b",
     "CREATE TABLE s.b (x int)", "a>b:C"),
    ("postgresql", "CREATE FUNCTION a() RETURNS int AS 'SELECT x FROM b' LANGUAGE sql SET search_path = s",
     "CREATE TABLE s.b (x int)", "a>b:C"),
    ("postgresql",
     "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = s AS ''; CREATE VIEW a AS SELECT * FROM b",
     "CREATE TABLE b (x int)", "a>b:C"),
    ("postgresql", "ALTER DEFAULT PRIVILEGES FOR ROLE r IN SCHEMA s GRANT SELECT ON TABLES TO r", "CREATE SCHEMA s",
     "a>b:C"),
    ("postgresql", "ALTER TABLE t SET SCHEMA s", "CREATE SCHEMA s", "a>b:C"),
    # keys that INSERT names
    ("postgresql", "INSERT INTO b VALUES (1) ON CONFLICT ON CONSTRAINT k DO NOTHING",
     "ALTER TABLE b ADD CONSTRAINT k UNIQUE (x)", "a>b:C"),
    ("postgresql", "INSERT INTO b VALUES (1) ON CONFLICT (x) DO NOTHING", "CREATE UNIQUE INDEX i ON b (x)", "a>b:C"),
    ("postgresql", "INSERT INTO b VALUES (1) ON CONFLICT (y) DO NOTHING", "CREATE UNIQUE INDEX i ON b (x)", ""),
    # text search
    ("postgresql", "CREATE INDEX ON t USING gin (to_tsvector('b', x))", "CREATE TEXT SEARCH CONFIGURATION b (COPY = c)",
     "a>b:C"),
    ("postgresql", "CREATE VIEW a AS SELECT 's.b'::regconfig", "CREATE TEXT SEARCH CONFIGURATION s.b (COPY = c)",
     "a>b:C"),
    ("postgresql", "ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR word WITH simple, b",
     "CREATE TEXT SEARCH DICTIONARY b (TEMPLATE = simple)", "a>b:C"),
    ("postgresql", "COMMENT ON STATISTICS b IS ''", "CREATE STATISTICS b ON x, y FROM t", "a>b:C"),
    ("mysql", "CREATE VIEW a AS SELECT * FROM shop.b", "CREATE VIEW b AS SELECT 1", "a>b:C"),
    ("mysql", "CREATE VIEW a AS SELECT * FROM other.b", "CREATE VIEW b AS SELECT 1", ""),
    ("mysql", "CREATE VIEW a AS SELECT year(x)", "CREATE FUNCTION year(x int) RETURNS int RETURN 1", ""),
    ("mysql", "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW FOLLOWS b SET @x = 1",
     "CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW SET @x = 1", "a>b:C"),
    ("sqlite", "CREATE VIEW a AS SELECT * FROM main.B", "CREATE VIEW b AS SELECT 1", "a>b:L"),
    ("sqlite", "CREATE VIEW a AS SELECT * FROM temp.b", "CREATE VIEW b AS SELECT 1", ""),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "a", "b", "expected"), CASES)
def test_a_name_means_what_the_database_takes_it_for(
    tmp_path: Path, dialect: str, a: str, b: str, expected: str
) -> None:
    assert edges(sql_files(tmp_path, dialect, {"a": a, "b": b}, "Shop")) == expected


@pytest.mark.parametrize(("dialect", "user", "used", "expected"), CASES)
def test_the_files_that_may_need_a_changed_one_are_found_by_their_text(
    tmp_path: Path, dialect: str, user: str, used: str, expected: str
) -> None:
    texts = {"a": user, "b": used, "other": "CREATE VIEW unrelated AS SELECT 1 x"}
    files = sql_files(tmp_path, dialect, texts, "shop")
    needs = ObjectIndex(files).needs()
    for changed in range(len(files)):
        found = list(concerned(files, {changed}).items())
        numbers = [number for number, _file in found]
        assert {changed, *(user for user, others in needs.items() if changed in others)} <= set(numbers)
        among = {
            numbers[user]: {numbers[used]: need.strength for used, need in others.items()}
            for user, others in ObjectIndex([file for _number, file in found]).needs().items()
        }
        assert among == {
            user: {used: need.strength for used, need in needs[user].items() if used in numbers} for user in numbers
        }
    assert bool(expected) is ("b" in {files[used].name for used in needs[0]})


def test_a_file_that_names_nothing_of_the_changed_ones_is_not_read(tmp_path: Path) -> None:
    texts = {
        "a": "CREATE VIEW [Sales] AS SELECT 1 x",
        "b": "CREATE VIEW monthly AS SELECT * FROM sales",
        "c": "CREATE VIEW yearly AS SELECT * FROM MONTHLY",
        "d": "CREATE VIEW users AS SELECT * FROM people",
        "e": "CREATE VIEW people AS SELECT 1 x",
    }
    files = sql_files(tmp_path, "sqlite", texts)
    assert [*concerned(files, {0})] == [0, 1, 2]
    assert [*concerned(files, {4})] == [3, 4]
    assert [*concerned(files, set())] == []


def test_a_name_with_quotes_in_it_is_found(tmp_path: Path) -> None:
    texts = {"a": 'CREATE VIEW "my""view" AS SELECT 1 x', "b": 'CREATE VIEW b AS SELECT * FROM "My""View"'}
    assert [*concerned(sql_files(tmp_path, "sqlite", texts), {0})] == [0, 1]


def test_where_use_shows_no_name_all_files_are_read(tmp_path: Path) -> None:
    texts = {"a": "CREATE CAST (int AS b) WITH FUNCTION f(int)", "b": "CREATE VIEW v AS SELECT 1"}
    assert [*concerned(sql_files(tmp_path, "postgresql", texts), {0})] == [0, 1]


def test_a_symbol_that_the_database_has_too_is_meant_by_files_that_need_its_types(tmp_path: Path) -> None:
    texts = {
        "money": "CREATE TYPE money2 AS (x int)",
        "plus": "CREATE OPERATOR + (LEFTARG = money2, RIGHTARG = money2, FUNCTION = add)",
        "add": "CREATE FUNCTION add(money2, money2) RETURNS money2 LANGUAGE sql AS 'SELECT ROW(1 + 2)::money2'",
        "t": "CREATE TABLE t (x money2)",
        "v": "CREATE VIEW v AS SELECT x + x AS y FROM t",
        "w": "CREATE VIEW w AS SELECT 1 + 2 AS y",
    }

    found = edges(sql_files(tmp_path, "postgresql", texts))

    assert found == "plus>money:C plus>add:C add>money:C t>money:C v>plus:M v>t:C"


def test_a_function_of_a_row_may_be_written_as_a_column(tmp_path: Path) -> None:
    texts = {
        "person": "CREATE TABLE person (first text)",
        "full": "CREATE FUNCTION full_name(person) RETURNS text LANGUAGE sql AS 'SELECT $1.first'",
        "first": "CREATE FUNCTION first(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "v": "CREATE VIEW v AS SELECT p.full_name, p.first FROM person p",
        "w": "CREATE VIEW w AS SELECT x.full_name FROM other x",
    }

    assert edges(sql_files(tmp_path, "postgresql", texts)) == "full>person:C v>person:C v>full:M"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT t.id, t.name, count(*) FROM t GROUP BY t.id", "v>key:C v>t:C"),
        ("SELECT x.id, x.name FROM s.other JOIN (t x CROSS JOIN u) ON true GROUP BY x.id", "v>key:C v>t:C"),
        ("SELECT id, upper(name) FROM t GROUP BY 1", "v>key:C v>t:C"),
        ("SELECT t.*, count(*) FROM t GROUP BY id, name", "v>key:C v>t:C"),
        ("SELECT name FROM t, u GROUP BY t.id", "v>key:M v>t:C"),
        ("SELECT * FROM (SELECT id, name || 'x' AS n FROM t GROUP BY id) q", "v>key:C v>t:C"),
        ("SELECT id, max(name), count(*) AS n FROM t GROUP BY id", "v>t:C"),
        ("SELECT id AS i, CASE WHEN id > 1 THEN 'a' ELSE 'b' END kind FROM t GROUP BY id", "v>t:C"),
        ("SELECT name, u.x FROM t, u GROUP BY name, u.x", "v>t:C"),
        ("SELECT name, count(*) FROM t GROUP BY name", "v>t:C"),
        ("SELECT name, id, count(*) FROM t GROUP BY 1, 2", "v>t:C"),
        ("WITH t AS (SELECT 1 AS id, 2 AS name) SELECT id, name FROM t GROUP BY id", ""),
    ],
)
def test_a_column_that_is_not_grouped_needs_the_primary_key(tmp_path: Path, query: str, expected: str) -> None:
    texts = {
        "key": "ALTER TABLE ONLY t ADD CONSTRAINT k PRIMARY KEY (id)",
        "t": "CREATE TABLE t (id int, name text)",
        "v": f"CREATE VIEW v AS {query}",
    }

    found = edges(sql_files(tmp_path, "postgresql", texts))

    assert found.removeprefix("key>t:C").strip() == expected


def function(parameters: str, body: str = "SELECT 1", *, kind: str = "FUNCTION") -> str:
    result = "" if kind == "PROCEDURE" else "RETURNS int "
    return f"CREATE {kind} f({parameters}) {result}LANGUAGE sql AS $$ {body} $$"


@pytest.mark.parametrize(
    ("user", "first", "second", "expected"),
    [
        ("CREATE VIEW a AS SELECT f(1, 2)", "int", "int, int", "a>c:C"),
        ("CREATE VIEW a AS SELECT f(x, g(1, 2, 3))", "int", "int, b int DEFAULT 0", "a>c:C"),
        ("CREATE VIEW a AS SELECT f(x)", "i int", "i int, j int", "a>b:C"),
        ("CREATE VIEW a AS SELECT * FROM f(1, 2, 3)", "int, int", "VARIADIC i int[]", "a>c:C"),
        ("CREATE VIEW a AS SELECT f(x, j => 3)", "i int DEFAULT 1, j int DEFAULT 2", "i int", "a>b:C"),
        ("CREATE VIEW a AS SELECT * FROM f(1)", "a int, OUT b int, OUT c int", "int, int", "a>b:C"),
        ("CREATE VIEW a AS SELECT f(x::text)", "text", "int", "a>b:C"),
        ("CREATE VIEW a AS SELECT f('x')", "a date", "b text", "a>c:C"),
        ("CREATE VIEW a AS SELECT f(x::int4, y)", "a text, int", "b pg_catalog.int4, text", "a>c:C"),
        ("CREATE VIEW a AS SELECT f(ARRAY[1, 2])", "int[]", "int, int", "a>b:M a>c:M"),
        ("CREATE VIEW a AS SELECT f(x)", "int", "text", "a>b:M a>c:M"),
        ("COMMENT ON FUNCTION f(character varying(9), int) IS ''", "a varchar, b int", "varchar", "a>b:C"),
        ("GRANT EXECUTE ON FUNCTION f(double precision) TO joe", "float8", "int", "a>b:C"),
        ("ALTER FUNCTION f(i int) OWNER TO joe", "timestamp with time zone", "int", "a>c:C"),
        (function("text", "SELECT f($1::int)"), "int", "int, int", "a>b:C"),
        (function("int", "SELECT f($1, 0)"), "int, int", "text", "a>b:C"),
    ],
)
def test_a_call_needs_the_function_whose_parameters_take_it(
    tmp_path: Path, user: str, first: str, second: str, expected: str
) -> None:
    files = sql_files(tmp_path, "postgresql", {"a": user, "b": function(first), "c": function(second)})

    assert edges(files) == expected


def test_a_call_of_a_procedure_gives_a_value_for_what_comes_out(tmp_path: Path) -> None:
    procedures = {name: function(text, kind="PROCEDURE") for name, text in {"b": "int, OUT int", "c": "int"}.items()}

    assert edges(sql_files(tmp_path, "postgresql", {"a": "CALL f(1, NULL)", **procedures})) == "a>b:C"


def test_what_a_file_creates_itself_it_needs_of_no_other(tmp_path: Path) -> None:
    texts = {"a": "CREATE VIEW b AS SELECT 1; CREATE VIEW a AS SELECT * FROM b", "b": "CREATE VIEW b AS SELECT 2"}

    assert edges(sql_files(tmp_path, "postgresql", texts)) == ""


def test_where_the_database_is_not_known_its_name_may_be_meant(tmp_path: Path) -> None:
    texts = {"a": "CREATE VIEW a AS SELECT * FROM shop.b", "b": "CREATE VIEW b AS SELECT 1"}

    assert edges(sql_files(tmp_path, "mysql", texts)) == "a>b:M"


def test_a_foreign_key_comes_behind_the_key_that_it_refers_to(tmp_path: Path) -> None:
    texts = {
        "a": "ALTER TABLE t ADD FOREIGN KEY (x) REFERENCES u (y)",
        "b": "ALTER TABLE u ADD CONSTRAINT k UNIQUE (y)",
        "c": "ALTER TABLE u ADD PRIMARY KEY (z)",
        "d": "CREATE TABLE u (y int, z int); CREATE TABLE t (x int)",
        "e": "ALTER TABLE t ADD FOREIGN KEY (x) REFERENCES u",
    }

    assert edges(sql_files(tmp_path, "postgresql", texts)) == "a>b:C a>d:C b>d:C c>d:C e>c:C e>d:C"


def test_a_cycle_is_broken_at_its_weakest_need_with_a_note(tmp_path: Path) -> None:
    texts = {
        "a": "CREATE FUNCTION a() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETURN (SELECT n FROM s.b);\nEND $$",
        "b": "CREATE VIEW s.b AS SELECT a() AS n",
    }

    found = order_files(sql_files(tmp_path, "postgresql", texts))

    assert [file.name for file in found.files] == ["a", "b"]
    assert len(found.notes) == 1
    assert found.notes[0].startswith("a.sql:3: s.b is looked up when it runs")


def test_a_need_that_is_only_perhaps_one_is_given_up_before_a_late_one(tmp_path: Path) -> None:
    texts = {
        "a": "CREATE FUNCTION s.a() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN s.b(); END $$",
        "b": "CREATE FUNCTION s.b() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT s.a()'; END $$",
    }

    found = order_files(sql_files(tmp_path, "postgresql", texts))

    assert [file.name for file in found.files] == ["b", "a"]
    assert found.notes[0].startswith("b.sql:1: s.a may mean something else")


def test_all_cycles_of_certain_needs_are_told_at_once(tmp_path: Path) -> None:
    texts = {
        name: f"CREATE VIEW {name} AS SELECT * FROM {other}"
        for name, other in (("a", "b"), ("b", "a"), ("c", "d"), ("d", "e"), ("e", "c"), ("f", "a"))
    }

    with pytest.raises(SourceError) as caught:
        order_files(sql_files(tmp_path, "postgresql", texts))

    assert "a.sql -> b.sql -> a.sql" in str(caught.value)
    assert "c.sql -> d.sql -> e.sql -> c.sql" in str(caught.value)


def test_many_procedures_that_call_each_other_have_an_order(tmp_path: Path) -> None:
    texts = {
        f"p{n:03}": f"CREATE PROC p{n:03} AS " + " ".join(f"EXEC p{(n * k) % 100:03}" for k in (2, 3, 5))
        for n in range(100)
    }

    assert len(order_files(sql_files(tmp_path, "mssql", texts)).files) == 100


def test_what_tables_need_to_be_created_is_found_among_other_files(tmp_path: Path) -> None:
    texts = {
        "t": "CREATE TABLE t (a kind DEFAULT f(1), b int DEFAULT nextval('q'))",
        "kind": "CREATE TYPE kind AS (x other)",
        "other": "CREATE TYPE other AS ENUM ('a')",
        "f": "CREATE FUNCTION f(i int) RETURNS kind LANGUAGE plpgsql AS $$ BEGIN RETURN g(); END $$",
        "g": "CREATE FUNCTION g() RETURNS kind LANGUAGE sql AS 'SELECT 1'",
        "q": "CREATE SEQUENCE q",
        "v": "CREATE VIEW v AS SELECT * FROM t",
    }
    table, *others = sql_files(tmp_path, "postgresql", texts)

    assert [file.name for file in needed_by([table], others)] == ["kind", "other", "f", "q"]
