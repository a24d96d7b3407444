"""Find a project from its config, and load its namespace from tasks.py and action files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from invoke.collection import Collection

from ahjo_tasks.actions.namespace import namespace
from ahjo_tasks.errors import ConfigError
from ahjo_tasks.runtime.action_files import DEFAULT_ACTIONS, TASKS, add_action_files, load_module

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


def load_or_standard(directory: Path, config: Path | None, action: str | None) -> Collection:
    """Return the project's namespace; with an invalid config that of a standard action, which then reports it."""
    try:
        return load(directory, config)
    except ConfigError:
        standard = load(directory, None)
        if action is None or standard.transform(action) not in standard.task_names:
            raise
        return standard


def load(directory: Path, config: Path | None) -> Collection:
    """Return the actions of `tasks.py`, or the standard ones, replaced by those of the config's action files."""
    sys.path.insert(0, str(directory))
    tasks = directory / TASKS
    collection = _collection(load_module(tasks)) if tasks.is_file() else namespace(directory=directory)
    add_action_files(collection, directory, config)
    return collection


def find_project(config: Path | None, cwd: Path) -> Path:
    """Return the nearest folder at or above the config that looks like a project, else the working folder."""
    start = config.parent if config else cwd
    for folder in (start, *start.parents):
        if any((folder / name).exists() for name in (TASKS, DEFAULT_ACTIONS, "alembic.ini", "database")):
            return folder
    return cwd


def _collection(module: ModuleType) -> Collection:
    collections = (value for value in vars(module).values() if isinstance(value, Collection))
    collection = next(collections, None)
    return collection if collection is not None else Collection.from_module(module)
