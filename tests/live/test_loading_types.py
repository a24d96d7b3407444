from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from projects import RunningProject, make_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from targets import Target


class Loading:
    """A project on one server, to run statements and load files in."""

    def __init__(self, target: Target, directory: Path) -> None:
        self.target = target
        backend = target.backend()
        self.database: str = backend["target_database_name"]
        self.project: RunningProject = make_project(directory, backend)
        built = self.project.inv("init")
        assert built.code == 0, built.text

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for statement in statements:
            rows = [tuple(row) for row in self.target.query(statement, self.database)]
        return rows

    def load(self, name: str, text: str, options: str = "", *, code: int = 0, **environ: str) -> str:
        self.project.write(f"database/data/{name}.csv", text)
        self.project.write(f"database/data/{name}.load.yaml", options or "mode: insert\n")
        done = self.project.inv("data", "--skip-git-update", **environ)
        assert done.code == code, done.text
        return done.text


@pytest.fixture
def loading(target: Target, tmp_path: Path) -> Loading:
    return Loading(target, tmp_path / "loading")


postgresql = pytest.mark.parametrize("target", ["postgresql"], indirect=True)
mysql = pytest.mark.parametrize("target", ["mysql"], indirect=True)


@pytest.mark.parametrize("target", ["sqlite"], indirect=True)
@pytest.mark.parametrize("options", ["STRICT", "WITHOUT ROWID, strict"])
@pytest.mark.parametrize("mode", ["mode: insert\n", "mode: upsert\nkey: [id]\n"])
def test_any_of_a_strict_table_keeps_a_text_as_it_is(loading: Loading, options: str, mode: str) -> None:
    loading.run(f"CREATE TABLE t (id INTEGER PRIMARY KEY, x ANY) {options}", "CREATE TABLE u (x ANY)")
    loading.load("t", "id;x\n1;007\n2;1.50\n", mode)
    assert loading.run("SELECT x FROM t ORDER BY id") == [("007",), ("1.50",)]
    (loading.project.directory / "database/data/t.csv").unlink()
    (loading.project.directory / "database/data/t.load.yaml").unlink()
    assert "SQLite would store '007' as the number 7" in loading.load("u", "x\n007\n", code=1)


@pytest.mark.parametrize("target", ["sqlite", "mysql"], indirect=True)
def test_rows_are_updated_where_the_column_takes_their_keys_for_equal(loading: Loading) -> None:
    collation = "NOCASE" if loading.target.name == "sqlite" else "utf8mb4_general_ci"
    loading.run(
        f"CREATE TABLE t (code VARCHAR(9) COLLATE {collation}, n INTEGER, PRIMARY KEY (code))",
        "INSERT INTO t VALUES ('Code', 1)",
    )
    loading.load("t", "code;n\nCODE;2\nother;3\n", "mode: upsert\nkey: [code]\n")
    assert loading.run("SELECT code, n FROM t ORDER BY n") == [("Code", 2), ("other", 3)]


def test_words_become_booleans(loading: Loading) -> None:
    boolean = "BIT" if loading.target.name == "mssql" else "BOOLEAN"
    loading.run(f"CREATE TABLE flags (id INT, active {boolean})")
    loading.load("flags", "id;active\n1;true\n2;f\n3;YES\n4;\n5;0\n")
    rows = loading.run("SELECT id, active FROM flags ORDER BY id")
    assert [
        (number, value if value is None else int(str(value).replace("True", "1").replace("False", "0")))
        for number, value in rows
    ] == [(1, 1), (2, 0), (3, 1), (4, None), (5, 0)]
    assert "flags.csv:3" in loading.load("flags", "id;active\n1;1\n2;perhaps\n", code=1)


SQL_SERVER_TYPES = {
    # type: the values of two files, and the first column of what the server makes of them
    "bit": ("true", "f", "1"),
    "date": ("2024-02-29", "1753-01-01", "2024-02-29"),
    "time(3)": ("23:59:59.125", "00:00:00", "23:59:59.125"),
    "datetime2(3)": ("2024-02-29 23:59:59.125", "2024-03-01T00:00:00", "2024-02-29 23:59:59.125"),
    "datetimeoffset(3)": (
        "2024-02-29 23:59:59.125 +02:00",
        "2024-03-01 00:00:00 -11:30",
        "2024-02-29 23:59:59.125 +02:00",
    ),
    "varbinary(8)": ("0x00ff", "0x", "255"),
    "uniqueidentifier": (
        "6F9619FF-8B86-D011-B42D-00C04FC964FF",
        "00000000-0000-0000-0000-000000000000",
        "6F9619FF-8B86-D011-B42D-00C04FC964FF",
    ),
    "decimal(20, 6)": ("12345678901234.567891", "-0.000001", "12345678901234.567891"),
    "bigint": ("9223372036854775807", "-9223372036854775808", "9223372036854775807"),
    "nvarchar(20)": ("漢字 'x'", "ä", "漢字 'x'"),
}
SHOWN = {
    "date": ("{}", 23),
    "time(3)": ("LEFT(CONVERT(nvarchar(16), {}, 121), 12)", 0),
    "datetime2(3)": ("{}", 121),
    "datetimeoffset(3)": ("{}", 121),
    "varbinary(8)": ("CAST({} AS int)", 0),
}
"""What to convert to text, and the style of that."""


@pytest.mark.parametrize("target", ["mssql"], indirect=True)
def test_sql_server_adds_and_updates_values_by_the_type_of_the_column(loading: Loading) -> None:
    columns = [f"c{number} {name}" for number, name in enumerate(SQL_SERVER_TYPES)]
    loading.run(f"CREATE TABLE kinds (id int PRIMARY KEY, {', '.join(columns)})")
    head = ";".join(["id", *(column.split()[0] for column in columns)])
    first, second, _stored = (";".join(values) for values in zip(*SQL_SERVER_TYPES.values(), strict=True))
    nothing = ";" * len(columns)
    shown = ", ".join(
        f"UPPER(CONVERT(nvarchar(50), {value.format(f'c{number}')}, {style}))"
        for number, (value, style) in enumerate(SHOWN.get(name, ("{}", 0)) for name in SQL_SERVER_TYPES)
    )
    options = "mode: upsert\nkey: [id]\n"
    loading.load("kinds", f"{head}\n1;{second}\n2{nothing}\n", options)
    loading.load("kinds", f"{head}\n1;{first}\n2;{first}\n3{nothing}\n", options)
    stored = tuple(value.upper() for _first, _second, value in SQL_SERVER_TYPES.values())
    rows = loading.run(f"SELECT {shown} FROM kinds ORDER BY id")
    assert rows == [stored, stored, (None,) * len(columns)]


@mysql
def test_well_known_text_becomes_a_geometry(loading: Loading) -> None:
    shapes = [
        *("POINT(1 2)", "LINESTRING(0 0,1.5 -100)", "POLYGON((0 0,1 0,1 1,0 0),(0.1 0.1,0.2 0.1,0.2 0.2,0.1 0.1))"),
        *("MULTIPOINT(1 2,3 4)", "MULTILINESTRING((0 0,1 1),(2 2,3 3))", "MULTIPOLYGON(((0 0,1 0,1 1,0 0)))"),
        "GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))",
    ]
    loading.run("CREATE TABLE places (id INT, g GEOMETRY)")
    rows = [*shapes, "MULTIPOINT((1 2),(3 4))", "SRID=3067;POINT(385000 6670000)", ""]
    loading.load(
        "places",
        "id;g\n" + "".join(f'{number};"{text}"\n' if text else f"{number};\n" for number, text in enumerate(rows)),
    )
    stored = loading.run("SELECT ST_AsText(g), ST_SRID(g) FROM places ORDER BY id")
    assert stored[:7] == [(shape, 0) for shape in shapes]
    assert stored[7:] == [("MULTIPOINT(1 2,3 4)", 0), ("POINT(385000 6670000)", 3067), (None, None)]
    assert "places.csv:3" in loading.load("places", "id;g\n1;POINT(1 2)\n2;POINT(1)\n", code=1)


@mysql
@pytest.mark.parametrize("options", ["", "mode: upsert\nkey: [id]\n"])
def test_a_table_without_transactions_is_not_said_to_be_as_before(loading: Loading, options: str) -> None:
    loading.run("CREATE TABLE plain (id INT PRIMARY KEY, n INT UNIQUE) ENGINE = MyISAM")
    text = loading.load("plain", "id;n\n1;1\n2;1\n", options, code=1)
    assert "nothing was changed" not in text
    assert "stays" in text
    assert loading.run("SELECT id FROM plain") == [(1,)]


@pytest.mark.parametrize("target", ["mysql", "sqlite"], indirect=True)
def test_a_number_that_would_be_rounded_is_refused(loading: Loading) -> None:
    loading.run("CREATE TABLE counts (id INT)")
    assert "counts.csv:3" in loading.load("counts", "id\n1\n1.5\n", code=1)
    assert loading.run("SELECT COUNT(*) FROM counts") == [(0,)]


def test_an_upsert_that_no_row_is_to_blame_for_names_the_file(loading: Loading) -> None:
    loading.run("CREATE TABLE t (id INT PRIMARY KEY, n INT)")
    rows = "id;n\n1;1\n2;2\n"
    view = "CREATE VIEW v AS SELECT id, n + 0 AS n FROM t"  # takes no values
    loading.run(view)
    text = loading.load("v", rows, "mode: upsert\nkey: [id]\n", code=1)
    assert "v.csv: " in text
    assert "v.csv:2" not in text
    assert loading.run("SELECT COUNT(*) FROM t") == [(0,)]


SEQUENCES = {
    "owned": ("", "id serial PRIMARY KEY, n int", "id;n\n7;1\n", 8),
    "shared": ("CREATE SEQUENCE no", "id int DEFAULT nextval('no'), n int", "id;n\n7;1\n", 8),
    "quoted": ('CREATE SEQUENCE "My No"', """id bigint DEFAULT nextval('"My No"'), n int""", "id;n\n7;1\n", 8),
    "unused": ("CREATE SEQUENCE no START 100", "id int DEFAULT nextval('no'), n int", "id;n\n7;1\n", 100),
    "at its start": ("CREATE SEQUENCE no START 7", "id int DEFAULT nextval('no'), n int", "id;n\n7;1\n", 8),
    "down": ("CREATE SEQUENCE no INCREMENT -1", "id int DEFAULT nextval('no'), n int", "id;n\n-7;1\n", -8),
    "always": ("", "id int GENERATED ALWAYS AS IDENTITY, n int", "id;n\n7;1\n", 8),
    "computed": ("CREATE SEQUENCE no", "id int DEFAULT nextval('no') * 10, n int", "id;n\n7;1\n", 10),
}


@postgresql
@pytest.mark.parametrize("case", SEQUENCES)
def test_sequences_go_on_behind_loaded_numbers(loading: Loading, case: str) -> None:
    first, columns, rows, number = SEQUENCES[case]
    loading.run(*filter(None, (first, f"CREATE TABLE orders ({columns})")))
    loading.load("orders", rows)
    assert loading.run("INSERT INTO orders (n) VALUES (2) RETURNING id") == [(number,)]


@mysql
def test_sequences_of_mariadb_go_on_behind_loaded_numbers(loading: Loading) -> None:
    loading.run("CREATE SEQUENCE no", "CREATE TABLE orders (id int DEFAULT nextval(no), n int)")
    loading.load("orders", "id;n\n7;1\n")
    assert loading.run("INSERT INTO orders (n) VALUES (2)", "SELECT MAX(id) FROM orders") == [(8,)]


@postgresql
def test_rules_are_honoured(loading: Loading) -> None:
    loading.run(
        "CREATE TABLE t (id int)",
        "CREATE TABLE log (id int)",
        "CREATE RULE r AS ON INSERT TO t WHERE new.id > 1 DO INSTEAD INSERT INTO log VALUES (new.id)",
    )
    assert "1 of 2 rows" in loading.load("t", "id\n1\n2\n")
    assert loading.run("SELECT id FROM t UNION ALL SELECT id FROM log ORDER BY id") == [(1,), (2,)]
    assert loading.run("SELECT id FROM log") == [(2,)]


@postgresql
def test_views_take_rows(loading: Loading) -> None:
    loading.run("CREATE TABLE t (id int, n text)", "CREATE VIEW v AS SELECT id, n FROM t WITH CHECK OPTION")
    loading.load("v", "id;n\n1;a\n2;\n")
    assert loading.run("SELECT id, n FROM t ORDER BY id") == [(1, "a"), (2, None)]


@postgresql
def test_rows_that_a_rule_keeps_from_being_replaced_are_no_success(loading: Loading) -> None:
    loading.run(
        "CREATE TABLE t (id int)",
        "INSERT INTO t VALUES (9)",
        "CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING",
    )
    assert "1 row of" in loading.load("t", "id\n1\n", "mode: replace\n", code=1)
    assert loading.run("SELECT id FROM t") == [(9,)]


@postgresql
def test_an_identity_is_kept_by_an_upsert_or_refused(loading: Loading) -> None:
    loading.run("CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, code text PRIMARY KEY, n int)")
    upsert = "mode: upsert\nkey: [code]\n"
    loading.load("t", "id;code;n\n5;a;1\n", upsert)
    loading.load("t", "id;code;n\n5;a;2\n6;b;2\n", upsert)
    assert loading.run("SELECT id, code, n FROM t ORDER BY id") == [(5, "a", 2), (6, "b", 2)]
    assert "t.csv:3" in loading.load("t", "id;code;n\n5;a;3\n7;b;3\n", upsert, code=1)
    assert loading.run("SELECT n FROM t") == [(2,), (2,)]


@postgresql
def test_names_that_differ_in_case_alone_are_told_apart_or_refused(loading: Loading) -> None:
    loading.run('CREATE TABLE "Orders" ("Id" int, id int)', 'CREATE TABLE orders ("Id" int)')
    loading.load("Orders", "Id;id\n1;2\n")
    assert loading.run('SELECT "Id", id FROM "Orders"') == [(1, 2)]
    assert "Id or id" in loading.load("Orders", "ID\n1\n", code=1)
    (loading.project.directory / "database/data/Orders.csv").unlink()
    assert "Orders or orders" in loading.load("ORDERS", "id\n1\n", code=1)


@postgresql
def test_a_computed_column_takes_no_value(loading: Loading) -> None:
    loading.run("CREATE TABLE t (id int, n int GENERATED ALWAYS AS (id * 2) STORED)")
    assert "n is computed" in loading.load("t", "id;n\n1;2\n", code=1)


ROLE_PASSWORD = "a-role-of-this-test"


@pytest.fixture
def role(loading: Loading) -> Iterator[str]:
    """A role with a table `t` whose policy shows it the even numbers only, by which the project logs in."""
    name = f"{loading.database}_role"
    loading.run(
        f"CREATE ROLE {name} LOGIN PASSWORD '{ROLE_PASSWORD}'",
        "CREATE TABLE t (id int PRIMARY KEY, n text)",
        "INSERT INTO t VALUES (1, 'hidden')",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY even ON t TO {name} USING (id % 2 = 0)",
        f"GRANT ALL ON t TO {name}",
    )
    yield name
    loading.run(f"DROP OWNED BY {name}", f"DROP ROLE {name}")


@postgresql
def test_policies_hold_for_inserted_rows_and_others_are_refused(loading: Loading, role: str) -> None:
    login = {"AHJO_USERNAME": role, "AHJO_PASSWORD": ROLE_PASSWORD}
    loading.load("t", "id;n\n2;a\n4;b\n", **login)
    assert "t.csv:3: new row violates row-level security" in loading.load("t", "id;n\n6;a\n7;b\n", code=1, **login)
    for options in ("mode: replace\n", "mode: upsert\nkey: [id]\n"):
        assert "row-level security" in loading.load("t", "id;n\n2;z\n", options, code=1, **login)
    assert loading.run("SELECT id, n FROM t ORDER BY id") == [(1, "hidden"), (2, "a"), (4, "b")]


@postgresql
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_text_is_converted_by_the_server(loading: Loading, encoding: str) -> None:
    other = f"{loading.database}_other"
    loading.target.remember(other)
    loading.run(f"CREATE DATABASE {other} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    loading.database = other
    loading.run("CREATE TABLE t (n text)")
    loading.load("t", "n\nÅbo\n", AHJO_TARGET_DATABASE_NAME=other)
    stored = {"SQL_ASCII": "c385626f", "LATIN1": "c5626f"}[encoding]
    as_bytes = "textsend(n)" if encoding == "SQL_ASCII" else "convert_to(n, 'LATIN1')"
    assert loading.run(f"SELECT encode({as_bytes}, 'hex') = '{stored}' FROM t") == [(True,)]
    if encoding == "LATIN1":
        text = loading.load("t", "n\na\n漢\n", code=1, AHJO_TARGET_DATABASE_NAME=other)
        assert "t.csv:3" in text
        assert "has no equivalent" in text


POSTGRESQL_VALUES = {
    "int[]": "{1,NULL,3}",
    "text[]": '{"a,b","c\\"d",NULL,""}',
    "mood[]": "{good,bad}",
    "json": '{"a":  1}',
    "jsonb": '{"a": [1, 2.50]}',
    "int4range": "[1,5)",
    "tstzrange": '["2020-01-01 00:00:00+00",)',
    "int4multirange": "{[1,3),[5,7)}",
    "bytea": "\\x00ff10",
    "bit(3)": "101",
    "bit varying(9)": "10110",
    "interval": "1 year 2 mons 3 days 04:05:06.7",
    "mood": "bad",
    "positive": "7",
    "pair": '(1,"a, b")',
    "pair[]": '{"(1,a)","(2,)"}',
    "inet": "10.0.0.1/8",
    "macaddr": "08:00:2b:01:02:03",
    "uuid": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "tsvector": "'a':1 'b':2",
    "point": "(1,2.5)",
    "numeric": "12345678901234567890.12345678901234567890",
    "double precision": "-Infinity",
    "timestamp with time zone": "2020-01-01 00:00:00.123456+00",
    "date": "infinity",
    "time with time zone": "12:00:00+02",
    "character(4)": "ab  ",
    "xml": "<a>1</a>",
    "pg_lsn": "16/B374D848",
}


@postgresql
@pytest.mark.parametrize("mode", ["insert", "replace", "upsert"])
def test_values_of_every_type_arrive_as_they_are_written(loading: Loading, mode: str) -> None:
    loading.run(
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
        "CREATE TYPE pair AS (a int, b text)",
        "CREATE TABLE kept (id int PRIMARY KEY, "
        + ", ".join(f"c{number} {name}" for number, name in enumerate(POSTGRESQL_VALUES))
        + ", twice int GENERATED ALWAYS AS (id * 2) STORED)",
        "ALTER DATABASE " + loading.database + " SET timezone = 'UTC'",
    )
    if mode != "insert":
        loading.run("INSERT INTO kept (id) VALUES (1), (2)")
    columns = [f"c{number}" for number in range(len(POSTGRESQL_VALUES))]
    quoted = ['"' + value.replace('"', '""') + '"' for value in POSTGRESQL_VALUES.values()]
    text = f"id;{';'.join(columns)}\n1;{';'.join(quoted)}\n2{';' * len(columns)}\n"
    loading.load("kept", text, f"mode: {mode}\n" + "key: [id]\n" * (mode == "upsert"))
    query = f"SELECT {', '.join(f'{column}::text' for column in columns)} FROM kept WHERE id = "
    stored, empty = loading.run(f"{query}1")[0], loading.run(f"{query}2")[0]
    expected = {**POSTGRESQL_VALUES, "character(4)": "ab"}
    assert dict(zip(POSTGRESQL_VALUES, stored, strict=True)) == expected
    assert set(empty) == {None}
