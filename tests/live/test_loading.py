from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from projects import RunningProject, make_project

from ahjo_tasks.data.writers import Writer
from ahjo_tasks.database.dialects.postgresql import PostgreSQL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inside import Deployed
    from targets import Target

TABLES = """CREATE TABLE area (id INTEGER PRIMARY KEY, name {text}(40) NOT NULL);
{go}CREATE TABLE shop (id INTEGER PRIMARY KEY, area_id INTEGER NOT NULL, opened DATE, turnover DECIMAL(12, 2),
FOREIGN KEY (area_id) REFERENCES area (id));
"""

Loaded = tuple[RunningProject, "Callable[[str], list[tuple[object, ...]]]"]


@pytest.fixture
def loaded(target: Target, tmp_path: Path) -> Loaded:
    """A project whose two tables exist, and a way to query its database."""
    backend = target.backend()
    project = make_project(tmp_path / "shops", backend)
    project.write(
        "database/tables/all.sql",
        TABLES.format(
            go="GO\n" if target.name == "mssql" else "", text="NVARCHAR" if target.name == "mssql" else "VARCHAR"
        ),
    )
    built = project.inv("init", "structure")
    assert built.code == 0, built.text
    return project, lambda sql: target.query(sql, backend["target_database_name"])


def test_rows_of_csv_files_are_loaded_parents_first(loaded: Loaded) -> None:
    project, query = loaded
    project.write("database/data/a_last/shop.csv", "id;area_id;opened;turnover\n1;2;2024-02-29;12.50\n2;1;;\n")
    project.write("database/data/z_first/area.csv", "id;name\n1;Åland\n" + '2;"O\'Hara; ""Bay"" 🚢"\n')
    done = project.inv("data")
    assert done.code == 0, done.text
    assert query("SELECT name FROM area ORDER BY id") == [("Åland",), ('O\'Hara; "Bay" 🚢',)]
    assert [float(row[0]) for row in query("SELECT turnover FROM shop WHERE id = 1")] == [12.5]
    assert query("SELECT opened, turnover FROM shop WHERE id = 2") == [(None, None)]
    assert "2 rows" in done.out


@pytest.mark.parametrize("target", ["sqlite", "postgresql"], indirect=True)
def test_an_empty_text_in_quotes_is_no_null(loaded: Loaded) -> None:
    project, query = loaded
    project.write("database/data/area.csv", 'id;name\n1;""\n')
    done = project.inv("data")
    assert done.code == 0, done.text
    assert query("SELECT name FROM area") == [("",)]


def test_replace_deletes_what_was_there_and_upsert_keeps_it(loaded: Loaded) -> None:
    project, query = loaded
    project.write("database/data/area.csv", "id;name\n1;one\n2;two\n")
    project.write("database/data/area.load.yaml", "mode: replace\n")
    for _ in range(2):
        done = project.inv("data")
        assert done.code == 0, done.text
    project.write("database/data/area.load.yaml", "mode: upsert\nkey: [id]\n")
    project.write("database/data/area.csv", "id;name\n2;TWO\n3;three\n")
    done = project.inv("data")
    assert done.code == 0, done.text
    assert query("SELECT id, name FROM area ORDER BY id") == [(1, "one"), (2, "TWO"), (3, "three")]


def test_a_bad_row_is_named_and_none_of_its_file_stays(loaded: Loaded) -> None:
    project, query = loaded
    rows = "".join(f"{number};name {number}\n" for number in range(1, 7001))
    project.write("database/data/area.csv", f"id;name\n{rows}7001;\n")
    done = project.inv("data")
    assert done.code == 1, done.text
    assert "area.csv:7002" in done.err
    assert "name" in done.err
    assert query("SELECT COUNT(*) FROM area") == [(0,)]


def test_a_row_with_too_many_columns_is_named(loaded: Loaded) -> None:
    project, query = loaded
    project.write("database/data/area.csv", "id;name\n1;one\n2;two;too\n")
    done = project.inv("data")
    assert done.code == 1, done.text
    assert "area.csv:3" in done.err
    assert query("SELECT COUNT(*) FROM area") == [(0,)]


def test_a_key_that_stands_twice_in_the_file_is_refused(loaded: Loaded) -> None:
    project, query = loaded
    project.write("database/data/area.csv", "id;name\n1;one\n1;uno\n")
    project.write("database/data/area.load.json", '{"mode": "upsert", "key": ["id"]}')
    done = project.inv("data")
    assert done.code == 1, done.text
    assert "more than once" in done.err
    assert query("SELECT COUNT(*) FROM area") == [(0,)]


def test_a_header_file_that_makes_no_sense_is_found_before_anything_runs(loaded: Loaded) -> None:
    project, query = loaded
    project.write("database/data/a.sql", "INSERT INTO area VALUES (1, 'one');")
    project.write("database/data/area.csv", "id;name\n2;two\n")
    project.write("database/data/area.load.yaml", "mode: upsrt\n")
    done = project.inv("data")
    assert done.code == 2, done.text
    assert "area.load.yaml" in done.err
    assert query("SELECT COUNT(*) FROM area") == [(0,)]


def test_many_rows_are_updated_as_quickly_as_they_are_added(loaded: Loaded) -> None:
    project, query = loaded
    many = 20_000  # row by row, or each with each, would take minutes
    rows = "".join(f"{number};name {number}\n" for number in range(many))
    project.write("database/data/area.csv", f"id;name\n{rows}")
    project.write("database/data/area.load.yaml", "mode: upsert\nkey: [id]\n")
    for _ in range(2):
        done = project.inv("data")
        assert done.code == 0, done.text
    assert query("SELECT COUNT(*), MAX(name) FROM area") == [(many, "name 9999")]


def test_the_row_that_breaks_an_update_is_named_and_nothing_of_the_file_stays(loaded: Loaded) -> None:
    project, query = loaded
    project.write("database/data/area.csv", "id;name\n1;one\n")
    rows = "".join(f'{number};1;"2024-02-29";1\n' for number in range(1, 301))
    project.write("database/data/shop.csv", f"id;area_id;opened;turnover\n{rows}301;99;;\n302;1;;\n")
    project.write("database/data/shop.load.yaml", "mode: upsert\nkey: [id]\n")
    done = project.inv("data")
    assert done.code == 1, done.text
    assert "shop.csv:302" in done.err
    assert "rolled back" in done.err
    assert query("SELECT COUNT(*) FROM shop") == [(0,)]


def test_a_key_that_is_null_is_refused(loaded: Loaded) -> None:
    project, _ = loaded
    project.write("database/data/shop.csv", "id;area_id;opened;turnover\n1;1;2024-02-29;1\n2;1;;2\n")
    project.write("database/data/shop.load.yaml", "mode: upsert\nkey: [opened]\n")
    done = project.inv("data")
    assert done.code == 1, done.text
    assert "shop.csv:3: the key opened is NULL" in done.err


def test_tables_that_refer_to_each_other_are_replaced_together(loaded: Loaded) -> None:
    project, query = loaded
    for name in ("area", "shop"):
        project.write(f"database/data/{name}.load.yaml", "mode: replace\n")
    for area in ("old", "new"):
        project.write("database/data/area.csv", f"id;name\n1;{area}\n")
        project.write("database/data/shop.csv", "id;area_id\n1;1\n")
        done = project.inv("data")
        assert done.code == 0, done.text
    project.write("database/data/shop.csv", "id;area_id\n1;1\n2;99\n")
    done = project.inv("data")
    assert done.code == 1, done.text
    assert query("SELECT name FROM area") == [("new",)]
    assert query("SELECT id, area_id FROM shop") == [(1, 1)]


@pytest.mark.parametrize("rule", ["CASCADE", "SET NULL"])
def test_rows_of_tables_that_no_file_replaces_are_not_changed_by_a_replace(loaded: Loaded, rule: str) -> None:
    project, query = loaded
    project.write(
        "database/tables/all.sql",
        "CREATE TABLE visit (id INTEGER PRIMARY KEY, area_id INTEGER,"
        f" FOREIGN KEY (area_id) REFERENCES area (id) ON DELETE {rule});",
    )
    project.write("database/data/area.csv", "id;name\n1;one\n")
    project.write("database/data/area.load.yaml", "mode: replace\n")
    project.write("database/data/visit.sql", "-- run: once\nINSERT INTO visit VALUES (5, 1), (6, NULL);\n")
    built = project.inv("structure", "data")
    assert built.code == 0, built.text
    done = project.inv("data")
    assert done.code == 1, done.text
    assert f"area.csv: 1 row of visit refers to area with ON DELETE {rule}" in done.err
    assert query("SELECT id, area_id FROM visit ORDER BY id") == [(5, 1), (6, None)]
    project.write("database/data/visit.csv", "id;area_id\n7;1\n")
    project.write("database/data/visit.load.yaml", "mode: replace\n")
    done = project.inv("data")
    assert done.code == 0, done.text
    assert query("SELECT id, area_id FROM visit") == [(7, 1)]


@pytest.mark.parametrize("options", ["mode: insert\n", 'mode: upsert\nkey: ["a%s"]\n'])
def test_signs_of_placeholders_in_names_and_values_are_letters(target: Target, loaded: Loaded, options: str) -> None:
    project, query = loaded
    mark = "`" if target.name == "mysql" else '"'
    r, a, c, e = (f"{mark}{name}{mark}" for name in ("r%d", "a%s", "c:d", "e?f"))
    project.write(
        "database/tables/all.sql",
        f"CREATE TABLE {r} ({a} INTEGER PRIMARY KEY, {c} VARCHAR(20), {e} VARCHAR(20));",
    )
    project.write("database/data/r%d.csv", "a%s;c:d;e?f\n1;%s :x ?;{0} %%\n2;%;?\n")
    project.write("database/data/r%d.load.yaml", options)
    done = project.inv("structure", "data")
    assert done.code == 0, done.text
    assert query(f"SELECT * FROM {r} ORDER BY {a}") == [(1, "%s :x ?", "{0} %%"), (2, "%", "?")]


def test_a_column_is_found_in_any_case_and_an_unknown_one_is_named(loaded: Loaded) -> None:
    project, query = loaded
    project.write("database/data/area.csv", "ID;Name\n1;one\n")
    done = project.inv("data")
    assert done.code == 0, done.text
    assert query("SELECT id, name FROM area") == [(1, "one")]
    project.write("database/data/area.csv", "id,name\n1,one\n")
    done = project.inv("data")
    assert done.code == 1, done.text
    assert "area.csv:1: the table area has no column id,name; it has id, name" in done.err
    assert "separator" in done.err


def test_the_line_of_a_bad_row_counts_the_lines_of_the_fields_before_it(loaded: Loaded) -> None:
    project, _ = loaded
    project.write("database/data/area.csv", 'id;name\n1;"a\r\nb\nc"\n\n2;two\nx;three\n')
    done = project.inv("data")
    assert done.code == 1, done.text
    assert "area.csv:7: column id: " in done.err


def test_an_empty_text_is_no_number(loaded: Loaded) -> None:
    project, query = loaded
    project.write("database/data/area.csv", 'id;name\n1;one\n"";two\n')
    done = project.inv("data")
    assert done.code == 1, done.text
    assert "area.csv:3: column id: " in done.err
    assert query("SELECT COUNT(*) FROM area") == [(0,)]


def test_a_word_for_null_in_quotes_is_a_text(loaded: Loaded) -> None:
    project, query = loaded
    project.write("database/data/area.csv", 'id;name\n1;one\n2;"NULL"\n')
    project.write("database/data/area.load.yaml", "null_text: 'NULL'\n")
    done = project.inv("data")
    assert done.code == 0, done.text
    assert query("SELECT name FROM area ORDER BY id") == [("one",), ("NULL",)]


@pytest.mark.parametrize("target", ["postgresql", "mssql"], indirect=True)
def test_tables_of_the_same_name_get_each_their_own_file(loaded: Loaded) -> None:
    project, query = loaded
    project.write("database/data/0.sql", "CREATE SCHEMA other;")
    done = project.inv("data")
    assert done.code == 0, done.text
    project.write("database/data/0.sql", "CREATE TABLE other.area (id INTEGER PRIMARY KEY, parent INTEGER);")
    project.write("database/data/1.sql", "ALTER TABLE other.area ADD FOREIGN KEY (parent) REFERENCES shop (id);")
    done = project.inv("data")
    assert done.code == 0, done.text
    for name in ("0", "1"):
        project.write(f"database/data/{name}.sql", "SELECT 1;")
    project.write("database/data/area.csv", "id;name\n1;one\n")
    project.write("database/data/other.area.csv", "id;parent\n7;5\n")
    project.write("database/data/shop.csv", "id;area_id\n5;1\n")
    done = project.inv("data")
    assert done.code == 0, done.text
    assert query("SELECT id, parent FROM other.area") == [(7, 5)]
    assert query("SELECT id, name FROM area") == [(1, "one")]


def test_numbers_of_an_identity_go_on_behind_those_of_the_file(loaded: Loaded, target: Target) -> None:
    project, query = loaded
    identity = {
        "mssql": "INTEGER IDENTITY PRIMARY KEY",
        "mysql": "INTEGER AUTO_INCREMENT PRIMARY KEY",
        "postgresql": "INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "sqlite": "INTEGER PRIMARY KEY",
    }[target.name]
    project.write("database/data/0.sql", f"CREATE TABLE counted (id {identity}, n INTEGER);")
    assert project.inv("data").code == 0
    project.write("database/data/0.sql", "SELECT 1;")
    for mode in ("mode: insert", "mode: upsert\nkey: [id]"):
        project.write("database/data/counted.csv", "id;n\n5;1\n7;2\n")
        project.write("database/data/counted.load.yaml", f"{mode}\n")
        done = project.inv("data")
        assert done.code == 0, done.text
    project.write("database/data/counted.csv", "n\n3\n")
    (project.directory / "database/data/counted.load.yaml").unlink()
    done = project.inv("data")
    assert done.code == 0, done.text
    assert query("SELECT id FROM counted ORDER BY id") == [(5,), (7,), (8,)]


def test_a_row_before_the_one_that_it_refers_to_is_named_with_what_to_do(loaded: Loaded) -> None:
    project, query = loaded
    project.write("database/data/area.csv", "id;name\n1;one\n")
    project.write("database/data/shop.csv", "id;area_id\n1;1\n2;99\n")
    done = project.inv("data")
    assert done.code == 1, done.text
    assert "shop.csv:3: " in done.err
    assert "column id: " not in done.err
    assert "hint: The row that it references must exist before" in done.err
    assert query("SELECT COUNT(*) FROM shop") == [(0,)]


@pytest.mark.parametrize("target", ["mysql"], indirect=True)
def test_a_geometry_goes_into_a_file_and_back(loaded: Loaded) -> None:
    project, query = loaded
    query("CREATE TABLE places (id INTEGER PRIMARY KEY, spot GEOMETRY, way LINESTRING)")
    query("INSERT INTO places VALUES (1, ST_GeomFromText('POINT(1 2)', 4326), ST_GeomFromText('LINESTRING(0 0,1 1)'))")
    query("INSERT INTO places VALUES (2, NULL, NULL)")
    before = query("SELECT id, HEX(spot), ST_SRID(spot), ST_AsText(way) FROM places ORDER BY id")
    (project.directory / "database/data").mkdir()
    written = project.inv("to-csv", "--query", "SELECT * FROM places", "--output", "database/data/places.csv")
    assert written.code == 0, written.text
    project.write("database/data/places.load.yaml", "mode: replace\n")
    done = project.inv("data")
    assert done.code == 0, done.text
    assert query("SELECT id, HEX(spot), ST_SRID(spot), ST_AsText(way) FROM places ORDER BY id") == before


class PlainWriter(Writer):
    """What a third party's dialect has without a writer of its own, with the parameters of psycopg."""

    placeholder = "%s"


@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
@pytest.mark.parametrize("mode", ["insert", "replace", "upsert"])
def test_a_dialect_without_a_writer_of_its_own_loads_rows(
    live: Deployed, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PostgreSQL, "writer", f"{__name__}:PlainWriter")
    live.rows("CREATE TABLE area (id INT PRIMARY KEY, name VARCHAR(20))")
    live.write("database/data/area.csv", "id;name\n1;one\n2;\n")
    live.write("database/data/area.load.yaml", f"mode: {mode}\nkey: [id]\n" if mode == "upsert" else f"mode: {mode}\n")
    live.succeed("data")
    assert live.rows("SELECT id, name FROM area ORDER BY id") == [(1, "one"), (2, None)]
