from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.engine.sql_file import plan_objects
from ahjo_tasks.project.sql_file import SqlFile, read

if TYPE_CHECKING:
    from pathlib import Path


def files(folder: Path, **texts: str) -> list[SqlFile]:
    for name, text in texts.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return [read(folder / f"{name}.sql", "view", dialect("postgresql"), label=f"{name}.sql") for name in texts]


def test_an_object_that_two_files_create_is_told(tmp_path: Path) -> None:
    made = files(
        tmp_path, a="CREATE VIEW v AS SELECT 1", b="CREATE VIEW public.v AS SELECT 2", c='CREATE VIEW "V" AS SELECT 3'
    )
    assert plan_objects(made).warnings == ("view public.v is defined twice: a.sql, b.sql",)


def test_overloads_and_what_one_file_creates_twice_are_none_of_that(tmp_path: Path) -> None:
    made = files(
        tmp_path,
        a="CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
        b="CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql RETURN x",
        c="DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT 1; DROP VIEW v; CREATE VIEW v AS SELECT 2",
    )
    assert plan_objects(made).warnings == ()
