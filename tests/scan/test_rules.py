from __future__ import annotations

import pytest

from ahjo_tasks.errors import UsageError
from ahjo_tasks.scan.rules import Paths


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        (".", "a/b.sql"),
        ("./", "a/b.sql"),
        ("", "a"),
        ("a", "a"),
        ("a", "a/b/c.sql"),
        ("a/", "a/b"),
        ("./a/b.sql", "a/b.sql"),
        ("a\\b", "a/b/c"),
        ("*.sql", "a/b/c.sql"),
        ("a/*.sql", "a/b.sql"),
        ("a/**/*.sql", "a/b.sql"),
        ("a/**/*.sql", "a/b/c/d.sql"),
        ("a/*", "a/b/c.sql"),
        ("**/b", "x/b/c"),
        ("a/**", "a/b"),
        ("a?.sql", "x/ab.sql"),
        ("[a-c]?.sql", "b1.sql"),
        ("[!a].sql", "b.sql"),
        ("a[1].sql", "a[1].sql"),
        ("a(b)+.sql", "a(b)+.sql"),
        ("å*", "åb"),
    ],
)
def test_a_path_or_glob_takes(entry: str, path: str) -> None:
    assert path in Paths((entry,))


@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ("a", "ab/c"),
        ("a", "b/a"),
        ("b.sql", "a/b.sql"),
        ("a.sql", "axsql"),
        ("a/*.sql", "a/b/c.sql"),
        ("a/*.sql", "b/a/c.sql"),
        ("*.sql", "a.sqlx"),
        ("a?b", "a/b"),
        ("a[!x]b", "a/b"),
        ("/a", "a"),
    ],
)
def test_a_path_or_glob_leaves(entry: str, path: str) -> None:
    assert path not in Paths((entry,))


def test_no_entries_are_all_files_and_several_add_up() -> None:
    assert "a" in Paths(())
    both = Paths(("a", "*.md"))
    assert [path for path in ("a/b", "x/c.md", "d") if path in both] == ["a/b", "x/c.md"]


def test_a_glob_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"\[z-a\]"):
        Paths(("a", "[z-a]"))
