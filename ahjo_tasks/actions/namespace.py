"""The shared collection of actions, made anew for every project that asks."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.tasks import Task

from ahjo_tasks.actions import MODULES
from ahjo_tasks.runtime.action import Action
from ahjo_tasks.runtime.namespace_info import NamespaceInfo
from ahjo_tasks.runtime.patches import parser_errors, positionals
from ahjo_tasks.runtime.patches.config_files import teach

if TYPE_CHECKING:
    from collections.abc import Iterator


def namespace(
    *members: Task | Collection | ModuleType,  # type: ignore[type-arg]
    config: str | Path | None = None,
    directory: str | Path | None = None,
    **collections: Collection,
) -> Collection:
    """Make the collection of all standard actions, with a project's own members added over them by name.

    `members` are tasks, collections, or modules whose tasks are all taken; the last one of a name wins.
    `directory` is the project's folder, by default that of the calling file; `config` is a config file
    (relative to it) that serves when `--config` is not given, so that several projects can be mounted side by side.
    """
    folder = Path(directory) if directory else _caller_folder(sys._getframe(1).f_globals)  # noqa: SLF001
    teach()
    positionals.teach()
    parser_errors.teach()
    collection = Collection()
    folder = folder.absolute()
    namespace_info = NamespaceInfo(folder, folder / config if config else None, collection)
    for task in _tasks(*_standard(), *members):
        collection.add_task(task.bound(namespace_info) if isinstance(task, Action) else task)
    for member in members:
        if isinstance(member, Collection):
            collection.add_collection(member)
    for name, member in collections.items():
        collection.add_collection(member, name)
    return collection


def _standard() -> Iterator[ModuleType]:
    for name in MODULES:
        yield import_module(f"ahjo_tasks.actions.{name}")


def _tasks(*members: object) -> Iterator[Task]:  # type: ignore[type-arg]
    for member in members:
        if isinstance(member, Task):
            yield member
        elif isinstance(member, ModuleType):
            yield from (value for value in vars(member).values() if isinstance(value, Task))


def _caller_folder(caller: dict[str, object]) -> Path:
    file = caller.get("__file__")
    return Path(str(file)).parent if file else Path.cwd()
