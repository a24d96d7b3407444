"""The folder for temporary worktrees, and the environment that a worker in one of them needs."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.database.database import lock_owner
from ahjo_tasks.database.file_lock import FileLock
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.config.loader import LoadedConfig
    from ahjo_tasks.database.database import Database
    from ahjo_tasks.fleet.repository import Repository

PREFIX = "ahjo-upgrade-"
LOCK = "lock"


@contextmanager
def temp_worktree_root(repository: Repository) -> Iterator[Path]:
    """Create a private folder, removed at the end; the lock in it shows other runs that it is in use."""
    remove_stale(repository)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
    lock = FileLock(folder / LOCK)
    lock.acquire(lock_owner())
    try:
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def remove_stale(repository: Repository) -> None:
    """Remove the worktrees of runs that were killed."""
    for tree in repository.worktrees():
        root = next((folder for folder in tree.parents if folder.name.startswith(PREFIX)), None)
        if root and _abandoned(root):
            repository.remove_worktree(tree)
            shutil.rmtree(root, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    if not folder.is_dir():
        return True
    lock = FileLock(folder / LOCK)
    free = lock.acquire(lock_owner())
    lock.release()
    return free


FILES = ("username_file", "password_file", "login_password_file")


def worker_environment(loaded: LoadedConfig, database: Database) -> dict[str, str]:
    """Return AHJO_ variables that make the config mean in a worktree what it means in the user's checkout.

    They hold every relative path that does not belong to a tag, and the login, which is asked for once. Raises
    ConfigError for a LOCAL file that no worker would find.
    """
    settings, directory = loaded.settings, database.directory
    _refuse_local(loaded)
    files = {key: getattr(settings, key) for key in FILES}
    paths = {f"AHJO_{key.upper()}": str(directory / Path(path).expanduser()) for key, path in files.items() if path}
    return {**paths, **_database(database), **_login(database)}


def _database(database: Database) -> dict[str, str]:
    """Name the database where it is a file, whose path is relative to the project's folder."""
    if not database.dialect.file_based:
        return {}
    if database.settings.sqlalchemy_url:
        return {"AHJO_SQLALCHEMY_URL": database.url.render_as_string(hide_password=False)}
    return {"AHJO_TARGET_DATABASE_NAME": database.name}


def _login(database: Database) -> dict[str, str]:
    """Return user name and password, so that a worker need not ask for them again."""
    if database.settings.sqlalchemy_url:
        return {}
    login = {"AHJO_USERNAME": database.url.username, "AHJO_PASSWORD": str(database.url.password or "")}
    return {name: value for name, value in login.items() if value}


def _refuse_local(loaded: LoadedConfig) -> None:
    """Raise ConfigError for a LOCAL file that only the working folder leads to: workers have another one."""
    local = loaded.document.get("LOCAL")
    if local and not (loaded.path.parent / local).is_file() and Path(local).is_file():
        raise ConfigError(
            f"LOCAL: {local} is relative to the working folder.",
            hint=f"Write it as a path from the config's folder, {loaded.path.parent}.",
        )
