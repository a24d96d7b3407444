"""Values for the objects that a SQL file creates and needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.definitions import Definition, Name
from ahjo_tasks.sql.references.tokens import string_value, token_span
from ahjo_tasks.sql.source import LineIndex

if TYPE_CHECKING:
    from ahjo_tasks.sql.lexer import Syntax
    from ahjo_tasks.sql.references.signatures import Arguments, Signature


class Strength(IntEnum):
    """Strengths of a need by the time when it counts, the strongest first."""

    CREATION = 0
    """The database looks the name up when the object is created."""
    LATE = 1
    """The name is looked up when a body runs."""
    MAYBE = 2
    """The name may mean something else."""


Place = tuple[int, ...]
"""The number of a batch and the index of a token in it; in a string or body, the index of the token in that."""


class Reference(NamedTuple):
    """A name that a file reads.

    `role` is the kind of object that it stands for (`relation` and `routine` stand for several), `object_schema` the
    schema of the object whose text it stands in, `path` the search path that the file has set, `arguments` what a
    routine is called with.
    """

    parts: tuple[str, ...]
    role: str
    object_schema: str | None = None
    path: tuple[str, ...] = ()
    arguments: Arguments | None = None


class Use(NamedTuple):
    """The strength of a need for a name, and the positions of the name."""

    strength: Strength
    place: Place


@dataclass(frozen=True, slots=True)
class FileReferences:
    """The objects that one file creates, needs and drops, and the tables whose rows it inserts and updates."""

    definitions: tuple[Definition, ...] = ()
    references: dict[Reference, Use] = field(default_factory=dict)
    dropped: tuple[Definition, ...] = ()
    written: tuple[Name, ...] = ()
    updated: tuple[Name, ...] = ()
    keys: tuple[Key, ...] = ()
    foreign_keys: tuple[tuple[Name, Name], ...] = ()
    """The tables that refer to others, each with the other one."""
    brought: tuple[Definition, ...] = ()
    """Objects that others of the file bring along: sequences of columns, indexes, constraints."""
    signatures: dict[Name, tuple[Signature, ...]] = field(default_factory=dict)
    """The parameters of the routines of each name."""


class Key(NamedTuple):
    """A primary key or a unique one that is added to a table; foreign keys are created only after it."""

    table: Name
    columns: tuple[str, ...]
    primary: bool


class Collector:
    """Gathers what a reader comes by in one file, each thing once."""

    def __init__(self, syntax: Syntax) -> None:
        self.syntax = syntax
        self.definitions: dict[Definition, None] = {}
        self.references: dict[Reference, Use] = {}
        self.dropped: dict[Definition, None] = {}
        self.written: dict[Name, None] = {}
        self.updated: dict[Name, None] = {}
        self.keys: dict[Key, None] = {}
        self.foreign_keys: dict[tuple[Name, Name], None] = {}
        self.brought: dict[Definition, None] = {}
        self.signatures: dict[Name, tuple[Signature, ...]] = {}
        self.path: tuple[str, ...] = ()
        self.unchecked_keys = False
        """True after MySQL was told to create foreign keys whose tables are not there."""
        self.temporary: set[str] = set()
        """Tables without a schema that the file makes for itself."""

    def add(self, reference: Reference, strength: Strength, place: Place) -> None:
        """Note a need; the strongest one counts."""
        known = self.references.get(reference)
        if known is None or strength < known.strength:
            self.references[reference] = Use(strength, place)

    def result(self) -> FileReferences:
        """All of it."""
        return FileReferences(
            tuple(self.definitions),
            self.references,
            tuple(self.dropped),
            tuple(self.written),
            tuple(self.updated),
            tuple(self.keys),
            tuple(self.foreign_keys),
            tuple(self.brought),
            self.signatures,
        )


def qualified(parts: tuple[str, ...]) -> Name:
    """The name of an object by the parts of a dotted name."""
    return Name((parts[-2] or None) if len(parts) > 1 else None, parts[-1])


GROUPED = "grouped"
"""The first word of the role in which a relation is named whose columns are grouped by others of it; these follow."""
PRIMARY = "primary"
"""The first word of the kind of a primary key; its columns follow."""


def serves(kind: str, role: str) -> bool:
    """Tell whether an object of a kind is what a name in a role of several words means."""
    if not role.startswith(f"{GROUPED} "):
        return kind == role
    first, *columns = kind.split()
    return first == PRIMARY and set(columns) <= set(role.split()[1:])


MOVED = "moved object"
"""The kind of an object by the name that SQL Server gives it anew, where nothing says what it is."""
MADE_ALONG = "made along"
"""The kind of what a table of SQL Server makes unless it is there: its history, and the view of its ledger."""
INDEX_OF_PARTITION = "index of a partition"
"""The role in which ALTER INDEX ... ATTACH PARTITION names the index whose table must be a partition by then."""


def part_name(table: Name, name: str) -> Name:
    """The name under which a trigger, a rule, a policy or a constraint of a table is known."""
    return Name(table.schema, f"{table.name} {name}")


def locate(text: str, syntax: Syntax, place: Place) -> tuple[int, int]:
    """Line and column, from 1, of the token at a place in a batch: its index, and those in strings and bodies."""
    offset = 0
    inner = text
    for depth, index in enumerate(place):
        start, end = token_span(inner, syntax, index)
        offset += start
        if depth < len(place) - 1:
            token = inner[start:end]
            offset += token.index("$", 1) + 1 if token.startswith("$") else 1
            inner = string_value(token, syntax)
    return LineIndex(text).position(min(offset, len(text)))


def key_role(columns: tuple[str, ...]) -> str:
    """The role in which a foreign key names the key that it needs; without columns, the primary one."""
    return " ".join(("key", *sorted(column.lower() for column in columns)))
