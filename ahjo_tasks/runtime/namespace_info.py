"""The namespace that an action is bound to: project directory, default config, collection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection

from ahjo_tasks.errors import UsageError
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    from invoke.tasks import Task

    Hook = Callable[..., object] | Mapping[str, Callable[..., object]] | None
    """A function of a project that is called at a moment of each run; of each step, it may be one for each kind."""


class NamespaceInfo:
    """Shared by all actions of one namespace, also when Invoke copies its tasks deeply."""

    def __init__(
        self, directory: Path, config: Path | None, collection: Collection, hooks: Mapping[str, Hook] | None = None
    ) -> None:
        self.hooks = {name: hook for name, hook in (hooks or {}).items() if hook is not None}
        self.directory = directory
        self.config = config
        self.collection = collection

    def __deepcopy__(self, _memo: dict[int, object]) -> NamespaceInfo:
        return self

    @property
    def names(self) -> frozenset[str]:
        """The names of all tasks of the collection, aliases included."""
        tasks: dict[str, list[str]] = self.collection.task_names
        return frozenset((*tasks, *(alias for aliases in tasks.values() for alias in aliases)))

    def add(self, task: Task[Any]) -> None:
        """Add a task to the collection; an action is bound to this namespace, and knows what it replaces."""
        bind = getattr(task, "bind", None)
        self.collection.add_task(bind(self, self.get(task.name)) if bind else task)

    def find(self, name: str, *, required_by: str) -> Task[Any]:
        """Return the task that has the name now. Raises UsageError, with the nearest name, when there is none."""
        task = self.get(name)
        if task is None:
            hint = did_you_mean(name, self.collection.task_names) or None
            raise UsageError(f"{required_by} needs the action {name!r}, which does not exist.", hint=hint)
        return task

    def get(self, name: str) -> Task[Any] | None:
        """Return the task that has the name now, if there is one."""
        try:
            task: Task[Any] = self.collection[self.collection.transform(name)]
        except (KeyError, ValueError):
            return None
        return task


def namespace_info_of(collection: Collection) -> NamespaceInfo | None:
    """Return the namespace of a collection; None for one that `namespace()` did not create."""
    infos = (getattr(task, "namespace_info", None) for task in collection.tasks.values())
    return next((info for info in infos if isinstance(info, NamespaceInfo)), None)


def namespace_info_at(collection: Collection, name: str, root: list[NamespaceInfo]) -> NamespaceInfo:
    """Return the namespace that the task of this name works in.

    It is the nearest one around the task, or else the only one in the collection. A collection with none or several
    is one of its own, without a config; `root` keeps it.
    """
    nearest, inner = namespace_info_of(collection), collection
    for part in collection.transform(name).split("."):
        if part not in inner.collections:
            break
        inner = inner.collections[part]
        nearest = namespace_info_of(inner) or nearest
    if nearest is not None:
        return nearest
    if not root:
        infos = set(_all_infos(collection))
        folder = Path(collection.loaded_from) if collection.loaded_from else Path.cwd()
        root.append(infos.pop() if len(infos) == 1 else NamespaceInfo(folder.absolute(), None, collection))
    return root[0]


def _all_infos(collection: Collection) -> Iterator[NamespaceInfo]:
    info = namespace_info_of(collection)
    if info is not None:
        yield info
    for inner in collection.collections.values():
        yield from _all_infos(inner)


def hooks_at(module: ModuleType, directory: Path) -> Mapping[str, Hook]:
    """Return the hooks of the namespace of a folder that a tasks.py has; none where it has no such namespace."""
    collections = (value for value in vars(module).values() if isinstance(value, Collection))
    infos = (info for collection in collections for info in _all_infos(collection))
    return next((info.hooks for info in infos if info.directory.resolve() == directory.resolve()), {})
