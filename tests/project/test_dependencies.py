from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.database.dialects import dialect as dialect_named
from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.dependencies import data_edges, data_order, ordered
from ahjo_tasks.project.sql_file import read
from ahjo_tasks.sql.definitions import Name

if TYPE_CHECKING:
    from pathlib import Path

    from ahjo_tasks.project.sql_file import SqlFile


def created(folder: Path, dialect: str, *, default: str = "data", **texts: str) -> list[SqlFile]:
    """Files by name; the kind is what the text creates, or else the default."""
    spoken, files = dialect_named(dialect), []
    for name, text in texts.items():
        path = folder / f"{name}.sql"
        path.write_text(text, encoding="utf-8")
        kind = next((kind for kind in ("view", "function", "procedure", "trigger") if kind in text.split()), default)
        files.append(read(path, kind, spoken, label=f"{kind} {name}"))
    return files


def order(files: list[SqlFile]) -> list[str]:
    return [file.name for file in ordered(files)]


def test_the_body_of_a_package_and_what_calls_it_come_after_the_package(tmp_path: Path) -> None:
    files = created(
        tmp_path,
        "mysql",
        a_caller="delimiter //\ncreate procedure a as begin k.go(1); end //",
        b_body="delimiter //\ncreate package body k as procedure go(x int) as begin helper(); end; end //",
        c_spec="delimiter //\ncreate package k as procedure go(x int); end //",
        d_helper="delimiter //\ncreate procedure helper as begin select 1; end //",
    )
    names = order(files)
    assert names.index("c_spec") < min(names.index("a_caller"), names.index("b_body"))
    assert names.index("d_helper") < names.index("b_body")


def test_a_view_comes_after_what_it_reads_and_ties_by_name(tmp_path: Path) -> None:
    files = created(
        tmp_path,
        "postgresql",
        c="create view s.c as select 1",
        a="create view s.a as select * from s.b join s.c on true",
        b="create view s.b as select 1",
    )

    assert order(files) == ["b", "c", "a"]


def test_names_that_differ_by_case_alone_are_two_objects_where_both_are_there(tmp_path: Path) -> None:
    files = created(
        tmp_path,
        "mssql",
        a="create view dbo.item as select * from dbo.Item",
        b="create view dbo.Item as select 1 as x",
        c="create view dbo.c as select * from dbo.ITEM",
    )

    assert order(files) == ["b", "a", "c"]


@pytest.mark.parametrize("dialect", ["mssql", "mysql", "sqlite"])
def test_files_that_create_a_name_in_different_cases_make_no_cycle(dialect: str, tmp_path: Path) -> None:
    files = created(
        tmp_path,
        dialect,
        a="create table Item (x int);\ninsert into item select x from Item;",
        b="create table item (x int);\ninsert into Item select x from item;",
    )

    assert order(files) == ["a", "b"]


@pytest.mark.parametrize("dialect", ["postgresql", "mssql", "mysql", "sqlite"])
def test_names_without_schema_and_in_any_case_are_found(tmp_path: Path, dialect: str) -> None:
    files = created(
        tmp_path,
        dialect,
        a='create view a as select * from "B" -- s\n , C',
        b="create view b as select 1",
        c="create view c as select 1",
    )
    if dialect == "mysql":
        files = created(tmp_path, dialect, a="create view a as select * from `B`, C", b=files[1].text, c=files[2].text)

    assert order(files) == ["b", "c", "a"]


@pytest.mark.parametrize(
    "mention",
    [
        "from x join b on true",
        "from x, b",
        "from s . b",
        "from s./* the */b",
        'from "s"."b" as q',
        "where exists (select from only(b))",
    ],
)
def test_what_counts_as_a_mention(tmp_path: Path, mention: str) -> None:
    text = mention.replace("only(b)", "b")
    files = created(tmp_path, "postgresql", a=f"create view s.a as select 1 {text}", b="create view s.b as select 1")

    assert order(files) == ["b", "a"]


@pytest.mark.parametrize(
    "other",
    [
        "-- from s.b",
        "/* from /* s.b */ s.b */",
        "where x = 's.b'",
        "where b = 1",
        "from x as b",
        "from other.b",
        "order by x, b",
        "from b.t",
        "where b(1) > 0",
    ],
)
def test_what_counts_as_none(tmp_path: Path, other: str) -> None:
    files = created(tmp_path, "postgresql", a=f"create view s.a as select 1 {other}", b="create view s.b as select 1")

    assert order(files) == ["a", "b"]


def test_a_function_body_in_dollar_quotes_counts(tmp_path: Path) -> None:
    files = created(
        tmp_path,
        "postgresql",
        a="create function s.a() returns int language sql as $$ select 1 from s.b -- it's\n $$",
        b="create view s.b as select 1",
    )

    assert order(files) == ["b", "a"]


def test_a_type_counts_anywhere_and_a_sequence_in_a_string(tmp_path: Path) -> None:
    files = created(
        tmp_path,
        "postgresql",
        a="create view a as select x::mood, nextval('\"ids\"')",
        y="create type mood as enum ('ok') -- view",
        z="create sequence ids -- view",
    )

    assert order(files) == ["y", "z", "a"]


def test_a_depends_comment_stands_in_place_of_the_sql(tmp_path: Path) -> None:
    files = created(
        tmp_path,
        "postgresql",
        a="-- depends: s.c\ncreate view s.a as select * from s.b",
        b="create view s.b as select * from s.a",
        c="create view s.c as select 1",
    )

    assert order(files) == ["c", "a", "b"]


def test_a_depends_comment_must_name_what_somebody_creates(tmp_path: Path) -> None:
    files = created(tmp_path, "postgresql", a="create view s.a as select 1\n-- depends: s.nothing")

    with pytest.raises(SourceError, match=r"no file creates s\.nothing") as caught:
        ordered(files)

    assert caught.value.line == 2


def test_a_circular_dependency_names_its_files(tmp_path: Path) -> None:
    files = created(
        tmp_path, "postgresql", a="create view s.a as select * from s.b", b="create view s.b as select * from s.a"
    )

    with pytest.raises(SourceError, match="circular dependency: view a -> view b -> view a"):
        ordered(files)


def test_tables_that_refer_to_each_other_are_said_to_need_a_file_for_a_foreign_key(tmp_path: Path) -> None:
    table = "create table s.{} (id int primary key, other int references s.{} (id))"
    files = created(tmp_path, "postgresql", default="table", a=table.format("a", "b"), b=table.format("b", "a"))

    with pytest.raises(SourceError, match="circular dependency") as caught:
        ordered(files)

    assert "database/constraints" in (caught.value.hint or "")


def test_a_cycle_through_a_late_bound_kind_is_broken(tmp_path: Path) -> None:
    files = created(
        tmp_path,
        "postgresql",
        a="create procedure s.a() language plpgsql as $$ begin call s.b(); end $$",
        b="create procedure s.b() language plpgsql as $$ begin call s.a(); end $$",
    )

    assert order(files) == ["a", "b"]


@pytest.mark.parametrize(
    ("head", "refused"),
    [
        ("", True),
        ("SET FOREIGN_KEY_CHECKS = 0;\n", False),
        ("/*!40014 SET @old = @@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;\n", False),
        ("SET foreign_key_checks = OFF;\nSET foreign_key_checks = ON;\n", True),
    ],
)
def test_tables_that_refer_to_each_other_are_created_where_the_file_switches_the_check_off(
    tmp_path: Path, head: str, refused: bool
) -> None:
    table = head + "create table {} (id int primary key, other int, foreign key (other) references {} (id));"
    files = created(tmp_path, "mysql", a=table.format("a", "b"), b=table.format("b", "a"))
    if refused:
        with pytest.raises(SourceError, match="circular dependency"):
            ordered(files)
    else:
        assert order(files) == ["a", "b"]


def test_a_trigger_comes_after_the_table_of_another_file(tmp_path: Path) -> None:
    files = created(
        tmp_path,
        "sqlite",
        a="create trigger a after insert on b begin select 1; end",
        b="create view b as select 1",
    )

    assert order(files) == ["b", "a"]


def test_data_of_parents_comes_before_that_of_children(tmp_path: Path) -> None:
    files = created(tmp_path, "postgresql", a="insert into s.child values (1)", b="insert into s.parent values (1)")

    edges = data_edges(files, [(Name("s", "child"), Name("s", "parent"))], str.lower)

    assert [files[number].name for number in data_order(files, edges)] == ["b", "a"]


def test_thousands_of_files_are_ordered_at_once(tmp_path: Path) -> None:
    texts = {f"v{n:04}": f"create view s.v{n:04} as select * from s.v{n + 1:04}" for n in range(2000)}
    texts["v2000"] = "create view s.v2000 as select 1"

    assert order(created(tmp_path, "postgresql", **texts)) == sorted(texts, reverse=True)


def test_no_files_have_an_order() -> None:
    assert ordered([]) == []
    assert data_order([], data_edges([], [], str.lower)) == []


@pytest.mark.parametrize(
    "guarded",
    [
        "IF OBJECT_ID('dbo.child') IS NOT NULL ALTER TABLE dbo.child NOCHECK CONSTRAINT ALL",
        "IF EXISTS (SELECT 1 FROM sys.tables WHERE name = 'child') ALTER TABLE dbo.child DROP CONSTRAINT fk",
        "IF EXISTS (SELECT 1 FROM sys.tables WHERE name = 'child') DELETE FROM dbo.child",
        "IF OBJECT_ID('dbo.child') IS NOT NULL CREATE UNIQUE CLUSTERED INDEX i ON dbo.child (x)",
        "IF OBJECT_ID('dbo.child') IS NULL PRINT 'new' ELSE BEGIN PRINT 'old'; TRUNCATE TABLE dbo.child END",
        "BEGIN TRY DELETE FROM dbo.child END TRY BEGIN CATCH PRINT 'not there yet' END CATCH",
        "BEGIN TRY; EXEC('DELETE FROM dbo.child'); END TRY\nBEGIN CATCH END CATCH",
    ],
)
def test_what_runs_only_where_something_is_there_makes_no_cycle(guarded: str, tmp_path: Path) -> None:
    files = created(
        tmp_path,
        "mssql",
        parent=f"{guarded}\nGO\nCREATE TABLE dbo.parent (x int PRIMARY KEY)",
        child="CREATE TABLE dbo.child (x int CONSTRAINT fk REFERENCES dbo.parent (x))",
    )
    assert order(files) == ["parent", "child"]


def parent_and_child(tmp_path: Path, dialect: str, script: str) -> list[SqlFile]:
    """Two tables, of which the file of the first one begins with a script that uses the second."""
    return created(
        tmp_path,
        dialect,
        parent=f"{script};\nCREATE TABLE parent (x int PRIMARY KEY)",
        child="CREATE TABLE child (x int, CONSTRAINT fk FOREIGN KEY (x) REFERENCES parent (x))",
    )


@pytest.mark.parametrize(
    ("dialect", "guarded"),
    [
        ("postgresql", "DO $$ BEGIN IF to_regclass('child') IS NOT NULL THEN DELETE FROM child; END IF; END $$"),
        ("postgresql", "DO $$ BEGIN DELETE FROM child; EXCEPTION WHEN undefined_table THEN NULL; END $$"),
        ("postgresql", "DO $$ BEGIN DELETE FROM child; EXCEPTION WHEN OTHERS THEN RAISE NOTICE 'none'; END $$"),
        ("postgresql", "ALTER TABLE IF EXISTS child DROP CONSTRAINT IF EXISTS fk"),
        ("mysql", "ALTER TABLE IF EXISTS child DROP CONSTRAINT IF EXISTS fk"),
    ],
)
def test_nor_does_it_on_other_databases(dialect: str, guarded: str, tmp_path: Path) -> None:
    assert order(parent_and_child(tmp_path, dialect, guarded)) == ["parent", "child"]


@pytest.mark.parametrize(
    ("dialect", "caught"),
    [
        ("mssql", "BEGIN TRY DELETE FROM child END TRY BEGIN CATCH PRINT 'no'; THROW END CATCH"),
        ("mssql", "BEGIN TRY PRINT 'a' END TRY BEGIN CATCH PRINT 'b' END CATCH DELETE FROM child"),
        ("postgresql", "DO $$ BEGIN DELETE FROM child; EXCEPTION WHEN duplicate_object THEN NULL; END $$"),
        ("postgresql", "DO $$ BEGIN DELETE FROM child; EXCEPTION WHEN OTHERS THEN RAISE; END $$"),
    ],
)
def test_what_is_raised_again_or_is_another_error_is_certain(dialect: str, caught: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="circular dependency"):
        ordered(parent_and_child(tmp_path, dialect, caught))


def test_what_runs_where_something_is_not_there_is_certain(tmp_path: Path) -> None:
    files = created(
        tmp_path,
        "mssql",
        a="IF OBJECT_ID('dbo.a') IS NULL CREATE TABLE dbo.a (x int REFERENCES dbo.b (x))",
        b="IF OBJECT_ID('dbo.b') IS NULL CREATE TABLE dbo.b (x int REFERENCES dbo.a (x))",
    )
    with pytest.raises(SourceError, match="circular dependency"):
        ordered(files)


def test_a_right_given_where_its_object_is_created_makes_no_circle_with_a_file_of_roles(tmp_path: Path) -> None:
    files = created(
        tmp_path,
        "mssql",
        a_view="create view dbo.a_view as select 1 as x\nGO\ngrant select on dbo.a_view to reader",
        z_role="create role reader\nGO\ngrant select on dbo.a_view to reader",
    )

    assert order(files) == ["a_view", "z_role"]
