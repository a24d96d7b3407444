"""The collection of all actions, a new one for each project."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection
from invoke.tasks import Task

from ahjo_tasks.actions import MODULES
from ahjo_tasks.actions.fleet import NAME as FLEET
from ahjo_tasks.actions.fleet import fleet_collection
from ahjo_tasks.errors import UsageError
from ahjo_tasks.runtime.namespace_info import NamespaceInfo
from ahjo_tasks.runtime.patches import install
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ahjo_tasks.runtime.namespace_info import Hook

install()  # before what follows in tasks.py: what is wrong in it is explained
HOOKS = ("before_run", "before_step", "after_step", "after_run", "on_failure")


OVERVIEW = "overview"
"""The action that runs where none is named, unless the project has a default task of its own."""


def namespace(  # noqa: PLR0913 - a parameter for each hook
    *members: Task[Any] | Collection | ModuleType,
    config: str | Path | None = None,
    directory: str | Path | None = None,
    before_run: Hook = None,
    before_step: Hook = None,
    after_step: Hook = None,
    after_run: Hook = None,
    on_failure: Hook = None,
    **collections: Collection,
) -> Collection:
    """Return a collection of all standard actions and a project's own members, which replace those of the same name.

    `members` are tasks, collections, or modules whose tasks are all added; the last one of a name wins.
    `directory` is the project's folder, by default that of the calling file; `config` is a config file
    (relative to it) that is used when `--config` is not given, so that several projects can be mounted side by side.

    The others are hooks, called where steps of a plan change the database: `before_run` and `after_run(ctx, plan,
    results)`, `before_step` and `after_step(ctx, plan, results, event)`, and `on_failure(ctx, plan, results, error)`;
    results are the events of the steps that ended. Those of steps may be a mapping of kinds to functions.
    Raises UsageError for a parameter that there is not, or of another type.
    """
    _check(members, config, directory, collections)
    hooks = dict(zip(HOOKS, (before_run, before_step, after_step, after_run, on_failure), strict=True))
    folder = Path(directory) if directory else _caller_folder(sys._getframe(1).f_globals)  # noqa: SLF001
    collection = Collection()
    folder = folder.absolute()
    namespace_info = NamespaceInfo(folder, folder / config if config else None, collection, hooks)
    for task in _tasks(*_standard(), *members):
        namespace_info.add(task)
    for member in members:
        if isinstance(member, Collection):
            collection.add_collection(member)
    for name, member in collections.items():
        collection.add_collection(member, name)
    if FLEET not in {*collection.collections, *collection.task_names}:  # a project may have a `fleet` of its own
        collection.add_collection(fleet_collection(namespace_info), FLEET)
    collection.default = collection.default or OVERVIEW
    return collection


def _check(members: Sequence[object], config: object, directory: object, collections: Mapping[str, object]) -> None:
    for name, value in {"config": config, "directory": directory}.items():
        if not isinstance(value, str | Path | None):
            raise UsageError(f"namespace({name}=...) is a path, not {value!r}.")
    for member in members:
        if not isinstance(member, Task | Collection | ModuleType):
            hint = "Put @action or Invoke's @task above the function." if callable(member) else None
            raise UsageError(f"namespace() takes tasks, collections and modules, not {member!r}.", hint=hint)
    for name, value in collections.items():
        if not isinstance(value, Collection):
            hint = did_you_mean(name, ["config", "directory", *HOOKS]) or None
            raise UsageError(
                f"namespace({name}=...) is a collection, as of another namespace(), not {value!r}.", hint=hint
            )


def _standard() -> Iterator[ModuleType]:
    for name in MODULES:
        yield import_module(f"ahjo_tasks.actions.{name}")


def _tasks(*members: object) -> Iterator[Task[Any]]:
    for member in members:
        if isinstance(member, Task):
            yield member
        elif isinstance(member, ModuleType):
            yield from (value for value in vars(member).values() if isinstance(value, Task))


def _caller_folder(caller: dict[str, object]) -> Path:
    file = caller.get("__file__")
    return Path(str(file)).parent if file else Path.cwd()
