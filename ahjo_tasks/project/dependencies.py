"""Order files by their SQL: what each one needs comes first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from graphlib import CycleError
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.kinds import RANK
from ahjo_tasks.project.object_index import Need, Needs, ObjectIndex
from ahjo_tasks.sql.references.model import Strength, locate
from ahjo_tasks.topology import closure, find_cycle, strongly_connected, topological_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.sql.definitions import Name

Edges = dict[int, set[int]]
CYCLES = 50
"""Cycles among some files that are broken one by one; each takes a look at all of them."""
LONGEST_NOTES = 20
"""Notes that are printed of files that need each other."""
NEED_WORDS = {Strength.LATE: "is looked up when it runs", Strength.MAYBE: "may mean something else"}


@dataclass(frozen=True, slots=True)
class FileOrder:
    """Files in the order to run them, and a note for each need that cannot be met."""

    files: tuple[SqlFile, ...]
    notes: tuple[str, ...] = ()


def order_files(files: Sequence[SqlFile]) -> FileOrder:
    """Sort the files so that each comes after what it needs; ties by folder, then by name.

    A file's `-- depends:` comment stands in place of what its SQL shows. A cycle is broken at its weakest need.
    Raises SourceError that names all cycles of needs that are certain, and for a name in `depends` that nobody owns.
    """
    needs = ObjectIndex(files).needs()
    notes: list[str] = []
    circular: list[list[int]] = []
    for component in strongly_connected(needs):
        inner = {number: _within(needs[number], component) for number in sorted(component, key=_by_key(files))}
        circular += _certain_cycles(inner, files)
        given_up = _give_up(inner, files)
        for user, used in given_up[:LONGEST_NOTES]:
            notes.append(_note(files, user, used, needs[user][used]))
        if len(given_up) > LONGEST_NOTES:
            notes.append(f"{len(given_up) - LONGEST_NOTES} more dependencies of these cycles are ignored.")
        for user in component:
            needs[user] = {
                other: need for other, need in needs[user].items() if other in inner[user] or other not in component
            }
    if circular:
        raise _circular(files, *circular)
    order = topological_order(needs, _by_key(files))
    return FileOrder(tuple(files[number] for number in order), tuple(notes))


def _certain_cycles(needs: Needs, files: Sequence[SqlFile]) -> list[list[int]]:
    """The cycles of needs that no database does without; each is taken out of the needs."""
    cycles = []
    certain = {
        number: {other for other, need in others.items() if need.strength == Strength.CREATION}
        for number, others in needs.items()
    }
    while cycle := find_cycle(certain):
        cycles.append(cycle)
        user, used = _weakest(needs, cycle, files)
        certain[user].remove(used)
        del needs[user][used]
    return cycles


def _give_up(needs: Needs, files: Sequence[SqlFile]) -> list[tuple[int, int]]:
    """Take needs out until no cycle is left, the weakest of a cycle first; of many cycles all that go backwards."""
    given_up: list[tuple[int, int]] = []
    while cycle := find_cycle(needs):
        if len(given_up) < CYCLES:
            pairs = [_weakest(needs, cycle, files)]
        else:
            certain = {
                number: [other for other, need in others.items() if need.strength == Strength.CREATION]
                for number, others in needs.items()
            }
            rank = {number: place for place, number in enumerate(topological_order(certain, _by_key(files)))}
            pairs = [(user, used) for user, others in needs.items() for used in others if rank[used] > rank[user]]
        for user, used in pairs:
            del needs[user][used]
        given_up += pairs
    return given_up


def ordered(files: Sequence[SqlFile]) -> list[SqlFile]:
    """Sort the files as `order_files` does."""
    return list(order_files(files).files)


def needed_by(files: Sequence[SqlFile], others: Sequence[SqlFile]) -> list[SqlFile]:
    """Return those of the other files that some files need to be created, directly or not, in their order."""
    everything = [*files, *others]
    needs = ObjectIndex(everything).needs()

    def needed(number: int) -> set[int]:
        return {other for other, need in needs[number].items() if need.strength == Strength.CREATION}

    reached = closure(range(len(files)), needed)
    return [everything[number] for number in sorted(reached) if number >= len(files)]


def _within(needs: dict[int, Need], component: frozenset[int]) -> dict[int, Need]:
    return {number: need for number, need in needs.items() if number in component}


def _by_key(files: Sequence[SqlFile]) -> Callable[[int], tuple[tuple[int, str], int]]:
    return lambda number: (_key(files[number]), number)


def _weakest(needs: Needs, cycle: Sequence[int], files: Sequence[SqlFile]) -> tuple[int, int]:
    """The need of a cycle to give up: the weakest, and of several that of the file which comes first."""
    return min(pairwise(cycle), key=lambda pair: (-needs[pair[0]][pair[1]].strength, _key(files[pair[0]])))


def _note(files: Sequence[SqlFile], user: int, used: int, need: Need) -> str:
    """Say which need is given up."""
    file, use = files[user], need.use
    word = ".".join(need.reference.parts) if need.reference else files[used].name
    place = file.label
    if use:
        batch = file.batches[use.place[0]]
        line, _column = locate(batch.text, file.dialect.syntax, use.place[1:])
        place = file.location(batch.line + line - 1)
    return (
        f"{place}: {word} {NEED_WORDS[need.strength]}, so {file.label} runs before {files[used].label}, which needs it."
    )


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
        """The tables that it adds rows to."""

    @property
    def updated(self) -> Sequence[Name]:
        """The tables whose rows it changes."""

    @property
    def depends(self) -> Sequence[Name] | None:
        """The tables that must have their rows before, where the file says so itself."""


def data_edges(
    files: Sequence[DataFile],
    foreign_keys: Iterable[tuple[Name, Name]],
    fold: Callable[[str], str],
    default_schema: str | None = None,
) -> Edges:
    """The numbers of the files that each one's rows need. A table without a schema is one of the default schema."""
    writers = _TableFiles(fold, default_schema)
    updaters = _TableFiles(fold, default_schema)
    for number, file in enumerate(files):
        writers.add(file.written, number)
        updaters.add(set(file.updated) - set(file.written), number)
    edges: Edges = defaultdict(set)
    for number, file in enumerate(files):
        for table in set(file.updated) - set(file.written):
            edges[number] |= writers.of(table) - {number}
    for child, parent in foreign_keys:
        for dependent in writers.of(child) | updaters.of(child):
            edges[dependent] |= writers.of(parent) - {dependent}
    for number, file in enumerate(files):
        if file.depends is not None:
            edges[number] = {one for name in file.depends for one in writers.of(name)}
    return edges


class _TableFiles:
    """The files, by their numbers, that write to a table."""

    def __init__(self, fold: Callable[[str], str], default_schema: str | None) -> None:
        self._fold = fold
        self._default = default_schema
        self._by_name: dict[str, list[tuple[Name, int]]] = defaultdict(list)

    def add(self, tables: Iterable[Name], number: int) -> None:
        """Note the tables of a file."""
        for table in tables:
            self._by_name[self._fold(table.name)].append((table, number))

    def of(self, name: Name) -> set[int]:
        """The files of a table: as it is spelled, or else in another case."""
        schema = self._schema(name)
        found = [
            (table.name, number)
            for table, number in self._by_name.get(self._fold(name.name), ())
            if self._schema(table) == schema or None in {self._schema(table), schema}
        ]
        return {number for spelled, number in found if spelled == name.name} or {number for _, number in found}

    def _schema(self, name: Name) -> str | None:
        schema = name.schema or self._default
        return self._fold(schema) if schema else None


def _key(file: DataFile) -> tuple[int, str]:
    return RANK[file.kind], file.label


def data_order(files: Sequence[DataFile], edges: Mapping[int, set[int]]) -> Sequence[int]:
    """The numbers of data files so that parents come before children; ties, and tables that need each other, by name.

    `edges` are those of `data_edges`.
    """
    needs = {index: set(edges.get(index, ())) for index in range(len(files))}

    def key(index: int) -> tuple[tuple[int, str], int]:
        return _key(files[index]), index

    try:
        return topological_order(needs, key)
    except CycleError:
        for component in strongly_connected(needs):
            inner = {index: needs[index] & component for index in sorted(component)}
            while cycle := find_cycle(inner):
                first = min(cycle, key=key)
                needs[first] -= component
                inner[first] = set()
        return topological_order(needs, key)


OF_FILES = "Break it with a comment `-- depends: name`: what a file really needs, or none."
OF_TABLES = "Write one of the foreign keys in database/constraints: ALTER TABLE ... ADD CONSTRAINT ... FOREIGN KEY."


def _circular(files: Sequence[DataFile], *cycles: Sequence[int]) -> SourceError:
    names = "; ".join(" -> ".join(files[index].label for index in cycle) for cycle in cycles)
    word = "dependency" if len(cycles) == 1 else "dependencies"
    of_tables = all(files[index].kind == "table" for cycle in cycles for index in cycle)
    return SourceError(
        f"circular {word}: {names}",
        path=Path(files[cycles[0][0]].label),
        hint=OF_TABLES if of_tables else OF_FILES,
    )
