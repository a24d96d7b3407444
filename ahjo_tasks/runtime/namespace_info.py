"""The namespace that an action is bound to: project directory, default config, collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import UsageError
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from invoke.collection import Collection
    from invoke.tasks import Task


class NamespaceInfo:
    """Shared by all actions of one namespace, also when Invoke copies its tasks deeply."""

    def __init__(self, directory: Path, config: Path | None, collection: Collection) -> None:
        self.directory = directory
        self.config = config
        self.collection = collection

    def __deepcopy__(self, _memo: dict[int, object]) -> NamespaceInfo:
        return self

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
