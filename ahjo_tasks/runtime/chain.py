"""The tasks of one command line: which are to come, what their flags answer, and which projects they belong to."""

from __future__ import annotations

from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from invoke.collection import Collection
    from invoke.config import Config
    from invoke.tasks import Call, Task

    from ahjo_tasks.runtime.namespace_info import NamespaceInfo


class Given(NamedTuple):
    """The flags that answer a question beforehand."""

    non_interactive: bool = False
    confirm_database: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Given:
        """Return what the values of an action's parameters answer."""
        name = values.get("confirm_database")
        return cls(bool(values.get("non_interactive")), name if isinstance(name, str) else "")

    def or_else(self, other: Given) -> Given:
        """Return these answers, with the other ones where there are none."""
        return Given(self.non_interactive or other.non_interactive, self.confirm_database or other.confirm_database)


class Link(NamedTuple):
    """One task of the chain, with its parameters."""

    task: Task[Any]
    values: Mapping[str, Any]
    """Its parameters."""
    name: str
    """The name on the command line, as in `stock.deploy`."""
    undeclared: Mapping[str, Any] = MappingProxyType({})
    """Options that the task on the command line does not declare."""

    @property
    def given(self) -> Given:
        """Answers of the flags after the task; those of a plain Invoke task are its own business."""
        return Given.of(self.values) if hasattr(self.task, "namespace_info") else Given()


class Chain:
    """The tasks that Invoke was asked to run one after another.

    `core` are the flags that stand before the first task, or behind one that has no such flag itself. Where a single
    task is named they are its own.
    """

    def __init__(
        self, links: Sequence[Link] = (), core: Given | None = None, collection: Collection | None = None
    ) -> None:
        self._remaining = list(links)
        self.command_line = " ".join(link.name for link in links)
        """The names of the tasks, as on the command line."""
        self._collection = collection
        core = core or Given()
        self.own = core if len(links) <= 1 else Given()
        """Answers of the core flags for any action, destroying ones as well."""
        self.anywhere = core
        """Answers of all flags of the chain for actions that only add or change."""
        for link in links:
            self.anywhere = self.anywhere.or_else(link.given)

    @classmethod
    def of(cls, config: Config) -> Chain:
        """Return the chain that was recorded with the config, or an empty one for a call from Python."""
        chain: Chain | None = getattr(config, "_ahjo_chain", None)
        return chain or cls()

    @classmethod
    def record(
        cls, config: Config, calls: Sequence[tuple[Call, Mapping[str, Any]]], core: Given, collection: Collection
    ) -> None:
        """Keep the chain, with its undeclared options, with the config, out of reach of Invoke's merging."""
        links = [Link(call.task, call.kwargs, call.called_as or call.task.name, options) for call, options in calls]
        object.__setattr__(config, "_ahjo_chain", cls(links, core, collection))

    def start(self, task: Task[Any]) -> Mapping[str, Any]:
        """Take a task, and those before it, from the remaining ones. Returns its undeclared options."""
        tasks = [link.task for link in self._remaining]
        same = [index for index, other in enumerate(tasks) if other is task]
        alike = [index for index, other in enumerate(tasks) if other.body is task.body and other.name == task.name]
        for index in (same or alike)[:1]:  # an action that was in no namespace is bound to one once more when it runs
            options = self._remaining[index].undeclared
            del self._remaining[: index + 1]
            return options
        return {}

    @property
    def remaining(self) -> tuple[Link, ...]:
        """The tasks that come later."""
        return tuple(self._remaining)

    @cached_property
    def mounted(self) -> dict[NamespaceInfo, str]:
        """The projects of the collection, with the prefix that their actions have on the command line."""
        found: dict[NamespaceInfo, str] = {}
        for prefix, task in _tasks(self._collection, ""):
            namespace_info: NamespaceInfo | None = getattr(task, "namespace_info", None)
            if namespace_info is not None:
                found.setdefault(namespace_info, prefix)
        return found

    def label(self, namespace_info: NamespaceInfo | None, name: str) -> str:
        """Return an action's name as on the command line."""
        prefix = self.mounted.get(namespace_info, "") if namespace_info else ""
        return f"{prefix}.{name}" if prefix else name


def _tasks(collection: Collection | None, prefix: str) -> Iterator[tuple[str, Task[Any]]]:
    if collection is None:
        return
    for task in collection.tasks.values():
        yield prefix, task
    for name, inner in collection.collections.items():
        yield from _tasks(inner, f"{prefix}.{name}" if prefix else str(name))
