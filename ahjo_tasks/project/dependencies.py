"""The order of files: what each one needs comes first, found in the SQL itself."""

from __future__ import annotations

import heapq
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.kinds import RANK
from ahjo_tasks.project.mentions import Owners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ahjo_tasks.project.definitions import Name
    from ahjo_tasks.project.mentions import Edges
    from ahjo_tasks.project.sqlfiles import SqlFile


def ordered(files: Sequence[SqlFile]) -> list[SqlFile]:
    """The files so that each comes after what it mentions; ties by folder, then by name.

    A file's `-- depends:` comment stands in place of what its SQL shows.
    Raises SourceError for a cycle that no late binding resolves, and for a name in `depends` that nobody owns.
    """
    return _sorted(files, Owners(files).edges(), may_break=_late)


class DataFile(Protocol):
    """A file that writes rows: SQL, CSV or Parquet."""

    @property
    def kind(self) -> str:
        """`data` or `testdata`."""

    @property
    def label(self) -> str:
        """The path as the user knows it."""

    @property
    def written(self) -> Sequence[Name]:
        """The tables that it writes to."""

    @property
    def depends(self) -> Sequence[Name] | None:
        """The tables that must have their rows before, where the file says so itself."""


F = TypeVar("F", bound=DataFile)


def ordered_data(
    files: Sequence[F],
    foreign_keys: Iterable[tuple[Name, Name]],
    fold: Callable[[str], str],
    default_schema: str | None = None,
) -> list[F]:
    """Data files so that parents come before children, as (child, parent) pairs of tables say; ties by name.

    `fold` makes names comparable. Tables that refer to each other in a circle keep the order of their names.
    """
    return _sorted(files, data_edges(files, foreign_keys, fold, default_schema), may_break=lambda _file: True)


def data_edges(
    files: Sequence[DataFile],
    foreign_keys: Iterable[tuple[Name, Name]],
    fold: Callable[[str], str],
    default_schema: str | None = None,
) -> Edges:
    """The numbers of the files that each one's rows need. A table without a schema is one of the default schema."""
    writers: dict[str, list[tuple[Name, int]]] = defaultdict(list)

    def schema_of(name: Name) -> str | None:
        schema = name.schema or default_schema
        return fold(schema) if schema else None

    def writing(name: Name) -> set[int]:
        found = [
            (table.name, number)
            for table, number in writers.get(fold(name.name), ())
            if schema_of(table) == schema_of(name) or None in {schema_of(table), schema_of(name)}
        ]
        return {number for spelled, number in found if spelled == name.name} or {number for _, number in found}

    for number, file in enumerate(files):
        for table in file.written:
            writers[fold(table.name)].append((table, number))
    edges: Edges = defaultdict(set)
    for child, parent in foreign_keys:
        for dependent in writing(child):
            edges[dependent] |= writing(parent) - {dependent}
    for number, file in enumerate(files):
        if file.depends is not None:
            edges[number] = {one for name in file.depends for one in writing(name)}
    return edges


def _late(file: SqlFile) -> bool:
    return file.kind in file.dialect.late_binding


def _key(file: DataFile) -> tuple[int, str]:
    return RANK[file.kind], file.label


def _sorted(files: Sequence[F], edges: Mapping[int, set[int]], *, may_break: Callable[[F], bool]) -> list[F]:
    waiting = {number: set(edges.get(number, ())) for number in range(len(files))}
    dependents: Edges = defaultdict(set)
    for number, needs in waiting.items():
        for need in needs:
            dependents[need].add(number)
    ready = [(_key(files[number]), number) for number, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    order: list[F] = []
    while waiting:
        if not ready:
            freed = _break_cycle(files, waiting, may_break)
            ready.append((_key(files[freed]), freed))
        _, number = heapq.heappop(ready)
        del waiting[number]
        order.append(files[number])
        for dependent in dependents[number]:
            if dependent in waiting and number in waiting[dependent]:
                waiting[dependent].remove(number)
                if not waiting[dependent]:
                    heapq.heappush(ready, (_key(files[dependent]), dependent))
    return order


def _break_cycle(files: Sequence[F], waiting: dict[int, set[int]], may_break: Callable[[F], bool]) -> int:
    """Free the first file of a cycle that may be created before what it mentions; raise when there is none."""
    cycle = _find_cycle(waiting)
    free = sorted((number for number in cycle if may_break(files[number])), key=lambda number: _key(files[number]))
    if not free:
        names = " -> ".join(files[number].label for number in [*cycle, cycle[0]])
        raise SourceError(
            f"these files need each other in a circle: {names}",
            path=Path(files[cycle[0]].label),
            hint="Break it with a comment `-- depends: name`: what a file really needs, or none.",
        )
    waiting[free[0]] = set()
    return free[0]


def _find_cycle(waiting: Mapping[int, set[int]]) -> list[int]:
    """One cycle among files that all wait: follow what each needs until a file comes again."""
    seen: dict[int, int] = {}
    path: list[int] = []
    number = min(waiting)
    while number not in seen:
        seen[number] = len(path)
        path.append(number)
        number = min(waiting[number])
    return path[seen[number] :]
