from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from projects import RunningProject, make_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
    assert done.code == 1, done.text
    assert "area.load.yaml" in done.err
    assert query("SELECT COUNT(*) FROM area") == [(0,)]
