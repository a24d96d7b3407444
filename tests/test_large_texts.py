"""Large files cost little more memory than their text, and time that grows with them alone."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.history.store import hash_parts, hash_text, holds_secret
from ahjo_tasks.project.sql_file import read
from ahjo_tasks.sql.splitters import LineIndex

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LITERAL = f"INSERT INTO t VALUES (1, '{'abcdefghi ' * 400_000}');\n"


def most_memory(function: Callable[[], object]) -> int:
    """The most bytes that a call has at once, over those before it."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_text_is_hashed_and_searched_for_secrets_without_a_copy_of_it() -> None:
    assert hash_parts(("a", "ä\ud800", "")) == hash_text("aä\ud800")
    assert most_memory(lambda: hash_text(LITERAL)) < len(LITERAL)
    assert most_memory(lambda: holds_secret(LITERAL, str.lower)) < 4_000_000


def test_a_secret_is_found_where_two_pieces_of_a_text_meet() -> None:
    for length in (0, 10, 999_995, 1_000_000, 1_999_999):
        text = f"{'x' * length}secret{'x' * 500}"
        assert holds_secret(text, lambda piece: piece.replace("secret", "***")), length
    assert not holds_secret("", str.upper)


def test_a_large_file_of_one_statement_is_in_memory_once(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_text(LITERAL, encoding="utf-8")
    file = read(path, "data", dialect("postgresql"), label="a.sql")
    assert most_memory(lambda: list(file.batches)) < len(LITERAL) / 10
    assert most_memory(lambda: read(path, "data", dialect("postgresql"), label="a.sql")) < 3.2 * len(LITERAL)


@pytest.mark.parametrize("name", ["postgresql", "mysql", "sqlite"])
def test_a_large_statement_is_not_in_memory_twice(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_text(LITERAL, encoding="utf-8")
    file = read(path, "data", dialect(name), label="a.sql")
    assert [batch.text for batch in file.batches] == [file.text]
    assert file.batches[0].text is file.text


def test_the_lines_of_a_file_are_not_counted_for_each_of_its_statements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ahjo_tasks.engine.data import ScriptStep
    from ahjo_tasks.engine.recreate_dependents import DeployedFiles

    path = tmp_path / "a.sql"
    path.write_text("INSERT INTO t VALUES (1);\n" * 50, encoding="utf-8")
    file = read(path, "data", dialect("mysql"), label="a.sql")
    step = ScriptStep(file, DeployedFiles(lambda: [file]), done=20)
    monkeypatch.setattr(LineIndex, "position", None)
    done = [step.is_done(number, batch) for number, batch in enumerate(file.batches, 1)]
    assert done == [True] * 20 + [False] * 30
