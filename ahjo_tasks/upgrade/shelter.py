"""A private folder for the worktrees of one run, and the removal of what interrupted runs left behind."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.dialects.filelock import FileLock
from ahjo_tasks.session import owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.upgrade.repository import Repository

PREFIX = "ahjo-upgrade-"
LOCK = "lock"


@contextmanager
def shelter(repository: Repository) -> Iterator[Path]:
    """A folder that nobody else reads; the lock in it tells other runs that it is in use."""
    sweep(repository)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    lock = FileLock(folder / LOCK)
    lock.acquire(owner())
    try:
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def sweep(repository: Repository) -> None:
    """Remove the worktrees of runs that were killed."""
    for tree in repository.worktrees():
        ours = next((folder for folder in tree.parents if folder.name.startswith(PREFIX)), None)
        if ours and _abandoned(ours):
            repository.remove_worktree(tree)
            shutil.rmtree(ours, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    if not folder.is_dir():
        return True
    lock = FileLock(folder / LOCK)
    free = lock.acquire(owner())
    lock.release()
    return free
