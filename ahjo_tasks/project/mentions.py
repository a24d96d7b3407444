"""Which files a file needs: those that create what its SQL mentions, or what its `-- depends:` comment names."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.definitions import Name
from ahjo_tasks.project.pieces import name_parts, pieces, strings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ahjo_tasks.project.sqlfiles import SqlFile

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


class Owner(NamedTuple):
    """A file, by its number, and the name, schema and kind of an object that it creates."""

    name: str
    schema: str | None
    number: int
    kind: str


class Owners:
    """Which file creates which object. The files speak one dialect."""

    def __init__(self, files: Sequence[SqlFile]) -> None:
        self.files = files
        self._fold: Callable[[str], str] = files[0].dialect.fold if files else str
        self._by_name: dict[str, list[Owner]] = defaultdict(list)
        self._looked_up: set[str] = set()
        self._certain: dict[str, set[int]] = {}
        self._related: dict[str, set[int]] = {}
        for number, file in enumerate(files):
            for made in file.definitions:
                schema = made.name.schema or file.dialect.default_schema
                owner = Owner(made.name.name, self._fold(schema) if schema else None, number, made.kind)
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
            for literal in strings(file.text, file.dialect.lexis):
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
        lexis, names = file.dialect.lexis, set(file.scan.names)
        for piece in names - self._looked_up:
            self._look_up(piece, name_parts(piece, lexis))
        self._looked_up |= names
        found: set[int] = set()
        for piece in self._certain.keys() & names:
            found |= _others(self._certain[piece], number)
        unsure = {piece for piece in self._related.keys() & names if _others(self._related[piece], number)}
        for piece in _relations(pieces(file.text, lexis), unsure) if unsure else ():
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

    def _named(self, name: str) -> Sequence[Owner]:
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
