"""Where an action belongs: the project's folder, its config, and the namespace that it finds its siblings in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from invoke.collection import Collection
    from invoke.tasks import Task


class NamespaceInfo:
    """Shared by all actions of one namespace; Invoke copies tasks deeply, and this stays one."""

    def __init__(self, directory: Path, config: Path | None, collection: Collection) -> None:
        self.directory = directory
        self.config = config
        self.collection = collection

    def __deepcopy__(self, _memo: dict[int, object]) -> NamespaceInfo:
        return self

    def find(self, name: str, *, wanted_by: str) -> Task:  # type: ignore[type-arg]
        """The task of that name as the namespace knows it now.

        Raises UsageError with the nearest name.
        """
        task = self.get(name)
        if task is None:
            hint = did_you_mean(name, self.collection.task_names) or None
            raise UsageError(f"{wanted_by} needs the action {name!r}, which does not exist.", hint=hint)
        return task

    def get(self, name: str) -> Task | None:  # type: ignore[type-arg]
        """The task of that name, if there is one."""
        try:
            task: Task = self.collection[self.collection.transform(name)]  # type: ignore[type-arg]
        except (KeyError, ValueError):
            return None
        return task
