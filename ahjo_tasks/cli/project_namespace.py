"""Find a project from its config, and load its namespace from tasks.py and action files."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection
from invoke.tasks import Task

from ahjo_tasks.actions.namespace import namespace
from ahjo_tasks.errors import ConfigError, UsageError
from ahjo_tasks.runtime.namespace_info import namespace_info_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

DEFAULT_ACTIONS = "ahjo_actions.py"


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
    tasks = directory / "tasks.py"
    collection = _collection(_module(tasks)) if tasks.is_file() else namespace(directory=directory)
    for file in _action_files(directory, config, has_tasks=tasks.is_file()):
        for task in _tasks(_module(file)):
            namespace_info = namespace_info_of(collection)
            if namespace_info is None:
                collection.add_task(task)
                continue
            namespace_info.add(task)
            if collection is not namespace_info.collection:
                collection.add_task(namespace_info.find(task.name, required_by=file.name))
    return collection


def find_project(config: Path | None, cwd: Path) -> Path:
    """Return the nearest folder at or above the config that looks like a project, else the working folder."""
    start = config.parent if config else cwd
    for folder in (start, *start.parents):
        if any((folder / name).exists() for name in ("tasks.py", DEFAULT_ACTIONS, "alembic.ini", "database")):
            return folder
    return cwd


def _action_files(directory: Path, config: Path | None, *, has_tasks: bool) -> Iterator[Path]:
    if config is None:
        default = directory / DEFAULT_ACTIONS
        if default.is_file() and not has_tasks:
            yield default
        return
    from ahjo_tasks.config.loader import DEFAULT
    from ahjo_tasks.config.loader import load as load_config
    from ahjo_tasks.database.dialects import is_file_based
    from ahjo_tasks.fleet.upgrade_path import IMPORT

    loaded = load_config(config, is_file_based=is_file_based)
    named = loaded.origins["ahjo_action_files"] != DEFAULT
    for entry in loaded.settings.ahjo_action_files:
        path = directory / entry.source_file
        if path.is_file() and (named or not has_tasks):
            adopted = has_tasks and IMPORT.search(path.read_bytes())  # tasks.py has its actions
            if not adopted:
                yield path
        elif named:
            raise UsageError(f"ahjo_action_files: {path} does not exist.")


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        hint = f"Install {error.name} in the environment of ahjo."
        if (error.name or "").partition(".")[0] == "ahjo":
            hint = "It was written for Ahjo: run `ahjo adopt`, or import action and multiaction from ahjo_tasks."
        raise UsageError(f"{path}: there is no module {error.name}.", hint=hint) from error
    return module


def _collection(module: ModuleType) -> Collection:
    collections = (value for value in vars(module).values() if isinstance(value, Collection))
    collection = next(collections, None)
    return collection if collection is not None else Collection.from_module(module)


def _tasks(module: ModuleType) -> list[Task[Any]]:
    return [value for value in vars(module).values() if isinstance(value, Task)]
