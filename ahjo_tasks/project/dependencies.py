"""The order of files: what each one needs comes first, found in the SQL itself."""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import TYPE_CHECKING

from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.definitions import Name
from ahjo_tasks.project.kinds import RANK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ahjo_tasks.project.definitions import Mention
    from ahjo_tasks.project.sqlfiles import SqlFile

Edges = dict[int, set[int]]
NAMED_ANYWHERE = frozenset({"type", "sequence"})


def ordered(files: Sequence[SqlFile]) -> list[SqlFile]:
    """The files so that each comes after what it mentions; ties by folder, then by name.

    A file's `-- depends:` comment stands in place of what its SQL shows.
    Raises SourceError for a cycle that no late binding resolves, and for a name in `depends` that nobody owns.
    """
    return _sorted(files, _Owners(files).edges())


def ordered_data(files: Sequence[SqlFile], foreign_keys: Iterable[tuple[Name, Name]]) -> list[SqlFile]:
    """Data files so that parents come before children, as (child, parent) pairs of tables say; ties by name.

    Tables that refer to each other in a circle keep the order of their names.
    """
    writers: dict[str, set[int]] = defaultdict(set)
    for number, file in enumerate(files):
        for table in file.scan.written:
            writers[file.dialect.fold(table.name)].add(number)
    edges: Edges = defaultdict(set)
    for child, parent in foreign_keys:
        for dependent in writers.get(files[0].dialect.fold(child.name), ()) if files else ():
            edges[dependent] |= writers.get(files[0].dialect.fold(parent.name), set()) - {dependent}
    for number, file in enumerate(files):
        if file.depends is not None:
            edges[number] = {one for name in file.depends for one in writers.get(file.dialect.fold(name.name), ())}
    return _sorted(files, edges, may_break=lambda _file: True)


class _Owners:
    """Which file creates which object."""

    def __init__(self, files: Sequence[SqlFile]) -> None:
        self.files = files
        self.by_name: dict[str, list[tuple[str | None, int, str]]] = defaultdict(list)
        for number, file in enumerate(files):
            fold = file.dialect.fold
            for made in file.definitions:
                schema = made.name.schema or file.dialect.default_schema
                self.by_name[fold(made.name.name)].append((fold(schema) if schema else None, number, made.kind))

    def edges(self) -> Edges:
        """For each file the files that it needs."""
        return {number: set(self._needs(number, file)) - {number} for number, file in enumerate(self.files)}

    def _needs(self, number: int, file: SqlFile) -> Iterator[int]:
        if file.depends is not None:
            for name in file.depends:
                yield from self._declared(file, name)
            return
        for mention in file.scan.mentions:
            yield from self._mentioned(file, mention)
        for literal in file.scan.literals:
            yield from self._quoted(file, literal)
        own = {made.name for made in file.definitions}
        for made in file.definitions:
            if made.table and made.table not in own:
                yield from self._find(file, made.table)

    def _declared(self, file: SqlFile, name: Name) -> list[int]:
        found = list(self._find(file, name))
        if not found:
            raise SourceError(
                f"depends: no file creates {name}", path=file.path, line=file.depends_line(), hint="Check the name."
            )
        return found

    def _mentioned(self, file: SqlFile, mention: Mention) -> Iterator[int]:
        fold = file.dialect.fold
        for place, part in enumerate(mention.parts):
            owners = self.by_name.get(fold(part))
            if not owners:
                continue
            schema = fold(mention.parts[place - 1]) if place else None
            for owned, number, kind in owners:
                if schema is not None:
                    if owned == schema:
                        yield number
                elif mention.relation or kind in NAMED_ANYWHERE:
                    yield number

    def _quoted(self, file: SqlFile, literal: str) -> Iterator[int]:
        """Sequences are named in strings: nextval('s')."""
        if len(literal) > 256 or not literal.strip():  # noqa: PLR2004 - no name is as long
            return
        name = Name.parse(literal)
        for _schema, number, kind in self.by_name.get(file.dialect.fold(name.name), ()):
            if kind == "sequence":
                yield number

    def _find(self, file: SqlFile, name: Name) -> Iterator[int]:
        schema = file.dialect.fold(name.schema) if name.schema else None
        for owned, number, _kind in self.by_name.get(file.dialect.fold(name.name), ()):
            if schema is None or owned is None or owned == schema:
                yield number


def _late(file: SqlFile) -> bool:
    return file.kind in file.dialect.late_binding


def _key(file: SqlFile) -> tuple[int, str]:
    return RANK[file.kind], file.label


def _sorted(
    files: Sequence[SqlFile], edges: Mapping[int, set[int]], *, may_break: Callable[[SqlFile], bool] = _late
) -> list[SqlFile]:
    waiting = {number: set(edges.get(number, ())) for number in range(len(files))}
    dependents: Edges = defaultdict(set)
    for number, needs in waiting.items():
        for need in needs:
            dependents[need].add(number)
    ready = [(_key(files[number]), number) for number, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    order: list[SqlFile] = []
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


def _break_cycle(files: Sequence[SqlFile], waiting: dict[int, set[int]], may_break: Callable[[SqlFile], bool]) -> int:
    """Free the first file of a cycle that may be created before what it mentions; raise when there is none."""
    cycle = _find_cycle(waiting)
    free = sorted((number for number in cycle if may_break(files[number])), key=lambda number: _key(files[number]))
    if not free:
        names = " -> ".join(files[number].label for number in [*cycle, cycle[0]])
        raise SourceError(
            f"these files need each other in a circle: {names}",
            path=files[cycle[0]].path,
            hint="Break it with a comment `-- depends: name` that lists what a file really needs, or `-- depends: none`.",
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
