from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from cli_runner import inv, sqlite
from projects import make_project

from ahjo_tasks.database.database import lock_owner
from ahjo_tasks.database.file_lock import FileLock
from ahjo_tasks.errors import NotPermittedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = b"Dear diary, this file is mine.\n"


def link(path: Path) -> None:
    other = path.parent / "diary.txt"
    other.write_bytes(TEXT)
    path.symlink_to(other)


def dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def foreign(path: Path) -> None:
    path.write_bytes(TEXT)


def like_an_owner(path: Path) -> None:
    path.write_bytes(lock_owner().encode() + b"\nand a second line")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.skipif(os.name == "nt", reason="links and pipes need rights there")
@pytest.mark.parametrize("occupy", [link, dangling, foreign, like_an_owner, pipe, folder])
def test_a_lock_file_that_is_not_ours_is_refused_and_left_alone(tmp_path: Path, occupy: Callable[[Path], None]) -> None:
    path = tmp_path / "shop.db.lock"
    occupy(path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()}
    with pytest.raises(NotPermittedError, match="cannot be used: "):
        FileLock(path).acquire(lock_owner())
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.is_file()} == before


@pytest.mark.parametrize("content", [b"", b"ann on build-7 (pid 4711)"])
def test_a_lock_file_of_ours_is_taken_whoever_left_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lock"
    path.write_bytes(content)
    first, second = FileLock(path), FileLock(path)
    assert first.acquire("bob on build-8 (pid 1)")
    assert not second.acquire("eve on build-9 (pid 2)")
    assert second.owner() == "bob on build-8 (pid 1)"
    first.release()
    assert (path.read_bytes(), second.owner(), second.acquire(lock_owner())) == (b"", "another run", True)
    second.release()


def test_the_owner_is_not_read_from_any_file(tmp_path: Path) -> None:
    foreign(tmp_path / "lock")
    assert FileLock(tmp_path / "lock").owner() == "another run"


@pytest.mark.parametrize("command", ["deploy", "init", "drop"])
def test_an_action_is_refused_where_the_lock_file_is_a_users(tmp_path: Path, command: str) -> None:
    project = make_project(tmp_path / "project", sqlite())
    assert inv(project, "init", "--config", "dev.json").code == 0
    lock = project.directory / "shop.db.lock"
    lock.unlink(missing_ok=True)
    foreign(lock)
    done = inv(project, command, "--config", "dev.json")
    assert (done.code, lock.read_bytes()) == (3, TEXT)
    assert "shop.db.lock cannot be used: it is not a lock file: it has other content." in done.err
