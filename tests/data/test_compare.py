from __future__ import annotations

import csv
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import Outcome, RunningProject, make_project

from ahjo_tasks.data.compare import compare as compare_rows
from ahjo_tasks.data.compare_options import Comparison, Source
from ahjo_tasks.database.connection import RowStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from targets import Target

OLD = "id;name;price\n1;tea;1.50\n2;cup;\n3;pot;9\n10;jar;1\n"
NEW = "id;name;price\n10;jar;2\n3;pot;9.00\n1;Tea;1.5\n4;mug;\n"


@pytest.fixture
def project(tmp_path: Path) -> RunningProject:
    project = make_project(tmp_path / "project")
    project.write("old.csv", OLD)
    project.write("new.csv", NEW)
    return project


def compare(project: RunningProject, *flags: str, config: str | None = None) -> Outcome:
    done = project.inv("compare", *flags, config=config, yes=False)
    assert "Traceback" not in done.text
    return done


def differences(project: RunningProject, name: str = "differences.csv") -> list[dict[str, str]]:
    with (project.directory / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_files_are_compared_by_key_without_config_or_connection(project: RunningProject) -> None:
    done = compare(project, "--file-a", "old.csv", "--file-b", "new.csv", "--keys", "id")
    assert done.code == 5, done.text
    assert differences(project) == [
        row("1", "both", ("tea", "Tea", "Different"), ("1.50", "1.5", "OK")),
        row("2", "A_only", ("cup", "", "Missing"), ("", "", "Missing")),
        row("4", "B_only", ("", "mug", "Missing"), ("", "", "Missing")),
        row("10", "both", ("jar", "jar", "OK"), ("1", "2", "Different")),
    ]
    counts = dict(line.rsplit(maxsplit=1) for line in done.out.splitlines() if line[-1:].isdigit())
    assert [counts[f"  {name}"] for name in ("rows only in A", "rows only in B", "rows with differences")] == [
        "1",
        "1",
        "2",
    ]
    assert "id 1: name: 'tea' in A, 'Tea' in B" in done.out
    assert "id 2: only in A" in done.out


def row(key: str, source: str, name: tuple[str, ...], price: tuple[str, ...]) -> dict[str, str]:
    columns = ("old_name", "new_name", "name_comp", "old_price", "new_price", "price_comp")
    return {"id": key, "_source": source, **dict(zip(columns, (*name, *price), strict=True))}


def test_equal_files_end_with_code_0_whatever_their_order(project: RunningProject) -> None:
    lines = OLD.splitlines()
    project.write("new.csv", "\n".join([lines[0], *reversed(lines[1:])]))
    done = compare(project, "--file-a", "old.csv", "--file-b", "new.csv", "--keys", "id")
    assert done.code == 0, done.text
    assert differences(project) == []


def test_without_keys_rows_are_compared_by_their_number(project: RunningProject) -> None:
    project.write("new.csv", "id;name;price\n1;tea;1.50\n9;cup;\n")
    assert compare(project, "--file-a", "old.csv", "--file-b", "new.csv").code == 5
    assert [(found["_row"], found["_source"]) for found in differences(project)] == [
        ("2", "both"),
        ("3", "A_only"),
        ("4", "A_only"),
    ]


def test_a_row_of_nulls_is_there_and_not_missing(project: RunningProject) -> None:
    project.write("old.csv", "id;x;y\n1;;\n2;;\n")
    project.write("new.csv", "id;x;y\n1;;\n2;a;\n")
    assert compare(project, "--file-a", "old.csv", "--file-b", "new.csv", "--keys", "id").code == 5
    (found,) = differences(project)
    assert (found["id"], found["_source"], found["x_comp"], found["y_comp"]) == ("2", "both", "Different", "OK")


def test_a_side_without_rows_differs_from_one_with_rows(project: RunningProject) -> None:
    project.write("new.csv", "id;name;price\n")
    done = compare(project, "--file-a", "old.csv", "--file-b", "new.csv", "--keys", "id")
    assert done.code == 5
    assert {found["_source"] for found in differences(project)} == {"A_only"}


@pytest.mark.parametrize(
    ("new", "flags", "said"),
    [
        ("x;y\n1;2\n", (), "no column in common"),
        ("id;y\n1;2\n", ("--keys", "id"), "no column in common"),
        ("id;name\n1;2\n", ("--keys", "nr"), "no column nr"),
        ("id;name\n1;2\n", ("--columns", "price"), "no column in common"),
        ("id;id\n1;2\n", ("--keys", "id"), "twice"),
        (NEW, ("--filter-column", "colour", "--filter-value", "red"), "no column colour"),
        (NEW, ("--filter-column", "name"), "filter"),
        (NEW, ("--separator", "::"), "separator"),
        (NEW, ("--output", "no/such/folder.csv"), "does not exist"),
    ],
)
def test_what_cannot_be_compared_ends_with_code_2(
    project: RunningProject, new: str, flags: tuple[str, ...], said: str
) -> None:
    project.write("new.csv", new)
    done = compare(project, "--file-a", "old.csv", "--file-b", "new.csv", *flags)
    assert done.code == 2, done.text
    assert said in done.err


def test_a_missing_file_is_an_error(project: RunningProject) -> None:
    done = compare(project, "--file-a", "old.csv", "--file-b", "nowhere.csv")
    assert done.code == 2
    assert "nowhere.csv" in done.err


def test_only_the_columns_asked_for_are_compare_rows(project: RunningProject) -> None:
    flags = ("--file-a", "old.csv", "--file-b", "new.csv", "--keys", "id", "--columns", "price", "--columns", "colour")
    done = compare(project, *flags)
    assert "B has no column colour" in done.text
    assert [found["id"] for found in differences(project)] == ["2", "4", "10"]
    assert "name_comp" not in differences(project)[0]


def test_a_filter_chooses_rows_on_both_sides(project: RunningProject) -> None:
    flags = ("--keys", "id", "--filter-column", "name", "--filter-value", "pot")
    assert compare(project, "--file-a", "old.csv", "--file-b", "new.csv", *flags).code == 0


def test_several_keys_and_null_in_a_key_make_a_key(project: RunningProject) -> None:
    project.write("old.csv", "a;b;v\n1;;x\n1;2;y\n;2;z\n")
    project.write("new.csv", "a;b;v\n;2;z\n1;2;y\n1;;w\n")
    assert compare(project, "--file-a", "old.csv", "--file-b", "new.csv", "--keys", "a,b").code == 5
    assert [(found["a"], found["b"]) for found in differences(project)] == [("1", "")]


def test_duplicated_keys_are_reported_and_multiply_nothing(project: RunningProject) -> None:
    project.write("old.csv", "id;v\n1;a\n1;b\n2;c\n")
    project.write("new.csv", "id;v\n1;b\n1;a\n2;c\n2;c\n")
    done = compare(project, "--file-a", "old.csv", "--file-b", "new.csv", "--keys", "id")
    assert done.code == 5
    assert "old: 1 key more than once: 1" in done.text
    assert "new: 2 keys more than once: 1; 2" in done.text
    assert [(found["id"], found["_source"]) for found in differences(project)] == [("2", "B_only")]


def test_a_key_of_too_many_rows_is_none(project: RunningProject) -> None:
    project.write("old.csv", "id;v\n" + "1;a\n" * 10_002)
    done = compare(project, "--file-a", "old.csv", "--file-b", "old.csv", "--keys", "id")
    assert done.code == 1
    assert "it is none" in done.err


def test_many_differences_are_in_the_file_only(project: RunningProject) -> None:
    for name, value in (("old.csv", "a"), ("new.csv", "b")):
        project.write(name, "id;v\n" + "".join(f"{number};{value}\n" for number in range(50)))
    done = compare(project, "--file-a", "old.csv", "--file-b", "new.csv", "--keys", "id")
    assert "in A" not in done.out.partition("Wrote")[0].partition("cells that differ")[2]
    assert len(differences(project)) == 50


def test_a_query_is_compared_with_its_own_export(sqlite_target: Target, tmp_path: Path) -> None:
    database = sqlite_target.create_database()
    sqlite_target.query("CREATE TABLE t (id integer, price, note text)", database)
    sqlite_target.query("INSERT INTO t VALUES (1, 1.5, 'a;b'), (2, 3, ''), (3, NULL, NULL)", database)
    project = make_project(tmp_path / "p", sqlite_target.backend(target_database_name=database))
    assert project.inv("to-csv", "--table", "t", "--output", "t.csv").code == 0
    flags = ("--query-a", "SELECT * FROM t", "--file-b", "t.csv", "--keys", "id", "--output", "d.csv")
    assert compare(project, *flags, config="dev.json").code == 0
    sqlite_target.query("UPDATE t SET note = NULL WHERE id = 2", database)
    assert compare(project, *flags, config="dev.json").code == 5
    (found,) = differences(project, "d.csv")
    assert (found["id"], found["note_comp"]) == ("2", "Different")


def test_two_queries_of_one_connection_are_compare_rows(sqlite_target: Target, tmp_path: Path) -> None:
    project = make_project(tmp_path / "p", sqlite_target.backend(target_database_name=sqlite_target.create_database()))
    empty = "SELECT 1 AS id, 2 AS v WHERE 1 = 0"
    assert compare(project, "--query-a", empty, "--query-b", empty, config="dev.json").code == 0
    done = compare(project, "--query-a", empty, "--query-b", "SELECT 1 AS id, 2 AS v", config="dev.json")
    assert done.code == 5, done.text
    assert [found["_source"] for found in differences(project)] == ["B_only"]


def test_named_comparisons_of_the_config_run_one_after_the_other(project: RunningProject) -> None:
    sides = {"file_a": "old.csv", "file_b": "new.csv", "key_cols": ["id"]}
    block = {"items": sides, "same": {**sides, "file_b": "old.csv"}}
    project.configure(
        {"allowed_actions": "ALL", "sql_dialect": "sqlite", "target_database_name": "none.db", "compare": block}
    )
    done = compare(project, config="dev.json")
    assert done.code == 5, done.text
    assert "differ: items" in done.err
    assert len(differences(project, "differences_items.csv")) == 4
    assert differences(project, "differences_same.csv") == []
    assert compare(project, "--name", "same", config="dev.json").code == 0
    assert not (project.directory / "none.db").exists()


def test_a_plan_reads_nothing(project: RunningProject) -> None:
    done = compare(project, "--file-a", "old.csv", "--file-b", "new.csv", "--keys", "id", "--dry")
    assert done.code == 0, done.text
    assert not (project.directory / "differences.csv").exists()


ROWS = st.lists(st.tuples(st.integers(0, 6), st.sampled_from(["x", "y", None])), max_size=12)


@given(a=ROWS, b=ROWS)
def test_the_counts_are_those_of_a_full_outer_join(a: list[tuple[Any, ...]], b: list[tuple[Any, ...]]) -> None:
    summary = summarized(a, b)
    keys_a, keys_b = Counter(row[0] for row in a), Counter(row[0] for row in b)
    only_a = sum((keys_a - keys_b).values())
    only_b = sum((keys_b - keys_a).values())
    assert (summary.only_a, summary.only_b) == (only_a, only_b)
    unmatched = Counter(a) - Counter(b)
    assert summary.different == sum(unmatched.values()) - only_a
    assert summary.total == 0 or Counter(a) != Counter(b)
    assert summary.duplicates[0].count == sum(count > 1 for count in keys_a.values())


def summarized(a: list[tuple[Any, ...]], b: list[tuple[Any, ...]]) -> Any:
    asked = Comparison(Source(file="a"), Source(file="b"), keys=("id",))
    with compare_rows(asked, lambda: Given(a), lambda: Given(b)) as result:
        list(result.differences())
        return result.summary


class Given:
    """Rows as they are."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self.rows = rows

    def __enter__(self) -> RowStream:
        return RowStream(("id", "v"), iter([self.rows]))

    def __exit__(self, *_: object) -> None:
        pass


PEAK = """
import re, sys
from pathlib import Path
from ahjo_tasks.data.compare import compare as compare_rows
from ahjo_tasks.data.compare_options import Comparison, Source
from ahjo_tasks.data.csv import csv_rows

asked = Comparison(Source(file="a"), Source(file="b"), keys=("id",))
with compare_rows(asked, lambda: csv_rows(Path(sys.argv[1]), ";"), lambda: csv_rows(Path(sys.argv[2]), ";")) as found:
    print(sum(1 for _ in found.differences()))
print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only on POSIX: /proc tells the peak of a process")
def test_memory_is_bounded_however_many_rows_there_are(project: RunningProject) -> None:
    rows: Iterator[str]
    for name, filling in (("old.csv", "x"), ("new.csv", "x")):
        rows = (f"{number * 7919 % 300_007};{filling * 300};{number}\n" for number in range(300_000))
        project.write(name, "id;filling;v\n" + "".join(rows))
    with (project.directory / "new.csv").open("a", encoding="utf-8") as file:
        file.write("1000000;;\n")
    done = project.run(sys.executable, "-c", PEAK, "old.csv", "new.csv")
    assert done.code == 0, done.text
    differing, peak = map(int, done.out.split())
    assert differing == 1
    assert peak < 130_000
