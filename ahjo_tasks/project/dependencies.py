"""The order of files: what each one needs comes first, found in the SQL itself."""

from __future__ import annotations

from collections import defaultdict
from graphlib import CycleError
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.kinds import RANK
from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.sql.tokens import identifiers, name_parts, strings
from ahjo_tasks.topology import find_cycle, strongly_connected, topological_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ahjo_tasks.project.sql_file import SqlFile

Edges = dict[int, set[int]]
NAMED_ANYWHERE = frozenset({"type", "sequence"})
RELATION_WORDS = frozenset(
    [
        "FROM",
        "JOIN",
        "INTO",
        "UPDATE",
        "TABLE",
        "EXEC",
        "EXECUTE",
        "CALL",
        "REFERENCES",
        "ON",
        "OF",
        "APPLY",
        "USING",
        "FOR",
        "PROCEDURE",
        "FUNCTION",
        "VIEW",
    ]
)
CLAUSES = frozenset(["SELECT", "FROM", "WHERE", "GROUP", "ORDER", "HAVING", "SET", "VALUES", "RETURNING"])
LONGEST_NAME = 256


class ObjectOwner(NamedTuple):
    """A file, by its number, and the name, schema and kind of an object that it creates."""

    name: str
    schema: str | None
    number: int
    kind: str


class ObjectIndex:
    """Which file creates which object. The files speak one dialect."""

    def __init__(self, files: Sequence[SqlFile]) -> None:
        self.files = files
        self._fold: Callable[[str], str] = files[0].dialect.normalize_name if files else str
        self._by_name: dict[str, list[ObjectOwner]] = defaultdict(list)
        self._looked_up: set[str] = set()
        self._certain: dict[str, set[int]] = {}
        self._related: dict[str, set[int]] = {}
        for number, file in enumerate(files):
            for made in file.definitions:
                schema = made.name.schema or file.dialect.default_schema
                owner = ObjectOwner(made.name.name, self._fold(schema) if schema else None, number, made.kind)
                self._by_name[self._fold(made.name.name)].append(owner)
        self._sequences = any(owner.kind == "sequence" for owners in self._by_name.values() for owner in owners)

    def edges(self) -> Edges:
        """For each file the files that it needs."""
        return {number: self._needs(number, file) - {number} for number, file in enumerate(self.files)}

    def _needs(self, number: int, file: SqlFile) -> set[int]:
        if file.depends is not None:
            return {owner for name in file.depends for owner in self._declared(file, name)}
        found = self._mentioned(number, file)
        own = {made.name for made in file.definitions}
        for made in file.definitions:
            if made.table and made.table not in own:
                found.update(self._find(made.table))
        if self._sequences:
            for literal in strings(file.text, file.dialect.syntax):
                found.update(self._quoted(literal))
        return found

    def _declared(self, file: SqlFile, name: Name) -> list[int]:
        found = list(self._find(name))
        if not found:
            raise SourceError(
                f"depends: no file creates {name}", path=file.path, line=file.depends_line(), hint="Check the name."
            )
        return found

    def _mentioned(self, number: int, file: SqlFile) -> set[int]:
        syntax, names = file.dialect.syntax, set(file.scan.names)
        for piece in names - self._looked_up:
            self._look_up(piece, name_parts(piece, syntax))
        self._looked_up |= names
        found: set[int] = set()
        for piece in self._certain.keys() & names:
            found |= _others(self._certain[piece], number)
        unsure = {piece for piece in self._related.keys() & names if _others(self._related[piece], number)}
        for piece in _relations(identifiers(file.text, syntax), unsure) if unsure else ():
            found |= self._related[piece]
        return found

    def _look_up(self, piece: str, parts: Sequence[str]) -> None:
        """Note the owners of a dotted name: of a bare one only those that count where a relation is named."""
        for place, part in enumerate(parts):
            for _, owned, number, kind in self._named(part):
                if place == 0:
                    kept = self._certain if kind in NAMED_ANYWHERE else self._related
                    kept.setdefault(piece, set()).add(number)
                elif owned == self._fold(parts[place - 1]):
                    self._certain.setdefault(piece, set()).add(number)

    def _quoted(self, literal: str) -> Iterator[int]:
        """Sequences are named in strings: nextval('s')."""
        name = Name.parse(literal[1:-1]).name if len(literal) <= LONGEST_NAME else ""
        return (owner.number for owner in self._named(name) if owner.kind == "sequence")

    def _find(self, name: Name) -> Iterator[int]:
        schema = self._fold(name.schema) if name.schema else None
        for owner in self._named(name.name):
            if schema is None or owner.schema is None or owner.schema == schema:
                yield owner.number

    def _named(self, name: str) -> Sequence[ObjectOwner]:
        """Who owns the name as it is spelled, else in another case: a database may have both, or see no difference."""
        found = self._by_name.get(self._fold(name), ())
        return [owner for owner in found if owner.name == name] or found


def _others(owners: set[int], number: int) -> set[int]:
    """The owners of a name, for a file that is none of them: what it creates itself it does not need of another."""
    return set() if number in owners else owners


def _relations(found: Sequence[str], wanted: set[str]) -> Iterator[str]:
    """The wanted pieces that stand where a relation or routine is named: a column or an alias may be called alike."""
    before = clause = ""
    for piece, after in zip(found, [*found[1:], ""], strict=True):
        if piece in wanted and (before in RELATION_WORDS or (before == "," and clause == "FROM") or after == "("):
            yield piece
        before = piece.upper() or before
        if before in CLAUSES:
            clause = before


def ordered(files: Sequence[SqlFile]) -> list[SqlFile]:
    """The files so that each comes after what it mentions; ties by folder, then by name.

    A file's `-- depends:` comment stands in place of what its SQL shows.
    Raises SourceError for a cycle that no late binding resolves, and for a name in `depends` that nobody owns.
    """
    return _sorted(files, ObjectIndex(files).edges(), may_break=_late)


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

    `fold` makes names comparable. Tables that refer to each other keep the order of their names.
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
    needs = {index: set(edges.get(index, ())) for index in range(len(files))}

    def key(index: int) -> tuple[tuple[int, str], int]:
        return _key(files[index]), index

    try:
        order = topological_order(needs, key)
    except CycleError:
        _break_cycles(files, needs, may_break)
        order = topological_order(needs, key)
    return [files[index] for index in order]


def _break_cycles(files: Sequence[F], needs: Edges, may_break: Callable[[F], bool]) -> None:
    """Let files that may be created before what they mention do so; raise SourceError for a cycle without one."""
    for component in strongly_connected(needs):
        inner = {index: needs[index] & component for index in sorted(component)}
        while cycle := find_cycle(inner):
            free = sorted((index for index in cycle if may_break(files[index])), key=lambda index: _key(files[index]))
            if not free:
                raise _circular(files, cycle)
            needs[free[0]] -= component
            inner[free[0]] = set()


def _circular(files: Sequence[DataFile], cycle: Sequence[int]) -> SourceError:
    names = " -> ".join(files[index].label for index in cycle)
    return SourceError(
        f"circular dependency: {names}",
        path=Path(files[cycle[0]].label),
        hint="Break it with a comment `-- depends: name`: what a file really needs, or none.",
    )
