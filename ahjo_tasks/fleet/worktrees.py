"""The environment of a worker: with it the config means in a worktree what it means in the user's own checkout."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.database.database import owner
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


FILES = ("username_file", "password_file", "login_password_file")


def surroundings(loaded: LoadedConfig, database: Database) -> dict[str, str]:
    """AHJO_ variables for every relative path that does not belong to a tag, and for the login, found once."""
    settings, directory = loaded.settings, database.directory
    _refuse_local(loaded)
    named = {key: getattr(settings, key) for key in FILES}
    found = {f"AHJO_{key.upper()}": str(directory / Path(path).expanduser()) for key, path in named.items() if path}
    return {**found, **_database(database), **_login(database)}


def _database(database: Database) -> dict[str, str]:
    """Name the database where it is a file, whose path is relative to the project's folder."""
    if not database.dialect.file_based:
        return {}
    if database.settings.sqlalchemy_url:
        return {"AHJO_SQLALCHEMY_URL": database.url.render_as_string(hide_password=False)}
    return {"AHJO_TARGET_DATABASE_NAME": database.name}


def _login(database: Database) -> dict[str, str]:
    """User name and password, so that a worker need not ask for them again."""
    if database.settings.sqlalchemy_url:
        return {}
    found = {"AHJO_USERNAME": database.url.username, "AHJO_PASSWORD": str(database.url.password or "")}
    return {name: value for name, value in found.items() if value}


def _refuse_local(loaded: LoadedConfig) -> None:
    """Raise ConfigError for a LOCAL file that is found from the working folder alone: workers have another one."""
    local = loaded.document.get("LOCAL")
    if local and not (loaded.path.parent / local).is_file() and Path(local).is_file():
        raise ConfigError(
            f"LOCAL: {local} is relative to the working folder.",
            hint=f"Write it as a path from the config's folder, {loaded.path.parent}.",
        )
