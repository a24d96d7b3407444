from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from projects import PLAIN_TASKS, Outcome, RunningProject, make_project

if TYPE_CHECKING:
    from pathlib import Path

    from targets import Target

DIGITS = " UNION ALL ".join(f"SELECT {digit} AS n" for digit in range(10))
THOUSANDS = (
    f"WITH d AS ({DIGITS})"
    " SELECT 1 + a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS i FROM d a, d b, d c, d WHERE d.n < 5 ORDER BY i"
)

PEAK = r"""
import atexit, re
from pathlib import Path
atexit.register(lambda: print("peak", re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]))
"""


@dataclass(frozen=True)
class Shop:
    """A project whose database has a table of four rows."""

    project: RunningProject
    target: Target
    database: str

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.target.query(sql, self.database)

    def succeed(self, *arguments: str) -> Outcome:
        done = self.project.inv(*arguments)
        assert done.code == 0, done.text
        return done

    def fail(self, *arguments: str) -> Outcome:
        done = self.project.inv(*arguments)
        assert done.code == 1, done.text
        assert "Traceback" not in done.text
        return done

    def file(self, name: str = "out.csv") -> Path:
        return self.project.directory / name

    def written(self, name: str = "out.csv") -> str:
        return self.file(name).read_bytes().decode("utf-8")


@pytest.fixture
def shop(target: Target, tmp_path: Path) -> Shop:
    database = target.create_database()
    project = make_project(tmp_path / "shop", target.backend(target_database_name=database))
    shop = Shop(project, target, database)
    shop.rows("CREATE TABLE item (id integer NOT NULL PRIMARY KEY, name varchar(40), price decimal(9, 2))")
    shop.rows("INSERT INTO item VALUES (1, 'plain', 1.50), (2, 'semi;colon', NULL), (3, 'say \"hi\"', 0), (4, '', 2)")
    return shop


def test_a_table_is_written_with_a_header_in_rfc_4180(shop: Shop) -> None:
    done = shop.succeed("to-csv", "--table", "item", "--output", "out.csv")
    lines = shop.written().split("\r\n")
    assert lines[0] == "id;name;price"
    rows = {line.partition(";")[0]: line for line in lines[1:-1]}
    price = rows["1"].rpartition(";")[2]
    assert float(price) == 1.5
    assert rows["1"] == f"1;plain;{price}"
    assert rows["2"] == '2;"semi;colon";'
    assert rows["3"].startswith('3;"say ""hi""";0')
    assert rows["4"].startswith('4;"";2')
    assert "Wrote 4 rows" in done.out


def test_a_table_is_found_in_its_schema(shop: Shop) -> None:
    schema = {"postgresql": "public", "mssql": "dbo", "mysql": shop.database, "sqlite": "main"}[shop.target.name]
    shop.succeed("to-csv", "--table", "item", "--schema", schema, "--output", "out.csv")
    assert shop.written().count("\r\n") == 5


def test_a_query_is_taken_letter_by_letter(shop: Shop) -> None:
    shop.succeed(
        "to-csv", "--query", "SELECT id AS n, '50%:x?' AS t FROM item WHERE name LIKE 'pl%'", "--output", "out.csv"
    )
    assert shop.written() == "n;t\r\n1;50%:x?\r\n"


def test_a_query_without_rows_leaves_a_header(shop: Shop) -> None:
    shop.succeed("to-csv", "--query", "SELECT id, name FROM item WHERE id = 0", "--output", "out.csv")
    assert shop.written() == "id;name\r\n"


def test_only_the_last_query_of_a_file_is_written(shop: Shop) -> None:
    go = {"mssql": "\nGO\n"}.get(shop.target.name, "")
    script = f"UPDATE item SET price = 7 WHERE id = 4;{go} -- ; no end\n SELECT id FROM item WHERE price = 7;\n"
    shop.project.write("report.sql", script)
    shop.succeed("to-csv", "--filepath", "report.sql", "--output", "out.csv")
    assert shop.written() == "id\r\n4\r\n"


def test_an_error_names_the_line_of_the_file_and_undoes_what_ran(shop: Shop) -> None:
    go = {"mssql": "\nGO\n"}.get(shop.target.name, "\n\n")
    shop.project.write("report.sql", f"UPDATE item SET price = 7 WHERE id = 4;{go}SELECT id FROM nowhere;\n")
    failed = shop.fail("to-csv", "--filepath", "report.sql", "--output", "out.csv")
    assert "report.sql:3" in failed.err
    assert "nowhere" in failed.err
    assert not shop.file().exists()
    assert float(shop.rows("SELECT price FROM item WHERE id = 4")[0][0]) == 2


def test_every_row_of_many_is_written(shop: Shop) -> None:
    shop.succeed("to-csv", "--query", THOUSANDS, "--output", "out.csv")
    with shop.file().open(newline="", encoding="utf-8") as file:
        found = [row[0] for row in csv.reader(file, delimiter=";")]
    assert found == ["i", *map(str, range(1, 5001))]


@pytest.mark.skipif(sys.platform != "linux", reason="only on POSIX: /proc tells the peak of a process")
def test_memory_is_bounded_however_many_rows_there_are(shop: Shop) -> None:
    shop.project.write("tasks.py", PLAIN_TASKS + PEAK)
    many = THOUSANDS.replace("ORDER BY i", "").replace("FROM d a", f", '{'x' * 300}' AS filling FROM d e, d f, d a")
    peaks = []
    for query in ("SELECT 1 AS i", many):
        done = shop.succeed("to-csv", "--query", query, "--output", "out.csv", "--overwrite")
        peaks.append(int(done.out.rpartition("peak ")[2]))
    assert shop.file().stat().st_size > 150_000_000
    assert peaks[1] - peaks[0] < 30_000


def test_a_statement_without_rows_is_no_export(shop: Shop) -> None:
    failed = shop.fail("to-csv", "--query", "UPDATE item SET price = 1 WHERE id = 1", "--output", "out.csv")
    assert "returns no rows" in failed.err
    assert not shop.file().exists()


def test_parquet_keeps_types(shop: Shop) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    shop.succeed("to-csv", "--table", "item", "--format", "parquet", "--output", "item.parquet")
    table = parquet.read_table(shop.file("item.parquet"))
    assert table.column_names == ["id", "name", "price"]
    rows = sorted(table.to_pylist(), key=lambda row: row["id"])
    assert [row["name"] for row in rows] == ["plain", "semi;colon", 'say "hi"', ""]
    assert [row["price"] and float(row["price"]) for row in rows] == [1.5, None, 0, 2]


TYPED = {
    "sqlite": "b integer, r double precision, d date, t timestamp, x blob",
    "postgresql": "b boolean, r double precision, d date, t timestamp, x bytea",
    "mysql": "b boolean, r double precision, d date, t datetime(6), x varbinary(10)",
    "mssql": "b bit, r float, d date, t datetime2, x varbinary(10)",
}
BINARY = {"postgresql": "'\\xff00'", "mssql": "0xff00"}


def test_a_table_is_the_same_as_its_own_export_and_not_once_it_changed(shop: Shop) -> None:
    binary = BINARY.get(shop.target.name, "X'FF00'")
    truth = "TRUE" if shop.target.name in {"postgresql", "mysql"} else "1"
    shop.rows(f"CREATE TABLE typed (id integer NOT NULL PRIMARY KEY, {TYPED[shop.target.name]})")
    shop.rows(f"INSERT INTO typed VALUES (1, {truth}, 0.1, '2024-02-29', '2024-02-29 12:30:15.5', {binary})")
    shop.rows("INSERT INTO typed VALUES (2, NULL, NULL, NULL, NULL, NULL)")
    for table in ("item", "typed"):
        shop.succeed("to-csv", "--table", table, "--output", f"{table}.csv")
        flags = ("--query-a", f"SELECT * FROM {table}", "--file-b", f"{table}.csv", "--keys", "id")
        assert "Wrote 0 rows" in shop.succeed("compare", *flags).out
        assert shop.succeed("compare", *flags[:2], "--query-b", flags[1], "--keys", "id").code == 0
        shop.rows(f"DELETE FROM {table} WHERE id = 2")
        done = shop.project.inv("compare", *flags)
        assert done.code == 5, done.text
        assert "id 2: only in B" in done.out


def test_the_connection_serves_the_next_action(shop: Shop) -> None:
    shop.succeed("to-csv", "--table", "item", "--output", "out.csv", "to-csv", "--table", "item", "--output", "two.csv")
    assert shop.written("two.csv") == shop.written()
