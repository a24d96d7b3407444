"""A file is read once as long as it stays as it is."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from ahjo_tasks.project import contents
from ahjo_tasks.project.contents import FileContents

if TYPE_CHECKING:
    from pathlib import Path

LONG_AGO = (1_000_000_000, 1_000_000_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.sql"
    path.write_text("SELECT 1;", encoding="utf-8")
    os.utime(path, LONG_AGO)
    return path


def is_read_again(read: FileContents, path: Path) -> bool:
    """Whether the file is opened for the next reading."""
    with patch("ahjo_tasks.project.contents.open", side_effect=open, create=True) as opened:
        read.read(path)
    return bool(opened.called)


def test_a_file_that_stays_as_it_is_is_read_once(file: Path) -> None:
    read = FileContents()
    assert read.read(file) == b"SELECT 1;"
    assert not is_read_again(read, file)
    assert read.read(str(file)) == b"SELECT 1;"


def test_a_changed_file_is_read_again(file: Path) -> None:
    read = FileContents()
    read.read(file)
    file.write_text("SELECT 2;", encoding="utf-8")
    assert read.read(file) == b"SELECT 2;"


def test_a_file_of_another_size_is_read_again_whatever_its_time_is(file: Path) -> None:
    read = FileContents()
    read.read(file)
    file.write_text("SELECT 20;", encoding="utf-8")
    os.utime(file, LONG_AGO)
    assert read.read(file) == b"SELECT 20;"


def test_a_replaced_file_is_read_again(file: Path) -> None:
    read = FileContents()
    read.read(file)
    other = file.with_name("b.sql")
    other.write_text("SELECT 3;", encoding="utf-8")
    os.utime(other, LONG_AGO)
    other.replace(file)
    assert read.read(file) == b"SELECT 3;"


def test_a_file_that_was_saved_just_now_is_not_kept(file: Path) -> None:
    os.utime(file)
    read = FileContents()
    read.read(file)
    assert is_read_again(read, file)


def test_what_is_kept_has_a_limit(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_KEPT", 5)
    read = FileContents()
    read.read(file)
    assert is_read_again(read, file)


def test_a_file_that_is_gone_is_missed(file: Path) -> None:
    read = FileContents()
    read.read(file)
    file.unlink()
    with pytest.raises(FileNotFoundError):
        read.read(file)


def test_what_is_forgotten_is_read_again(file: Path) -> None:
    read = FileContents()
    read.read(file)
    read.forget()
    assert is_read_again(read, file)
