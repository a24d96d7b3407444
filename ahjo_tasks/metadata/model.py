"""Descriptions as values: what a database has, what files say, and what has to change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ahjo_tasks.metadata.kinds import DATABASE
from ahjo_tasks.metadata.lookup import Lookup

Properties = Mapping[str, str]
LISTED = 10


@dataclass(frozen=True)
class DbObject:
    """One object of the database with its properties.

    `parts` are its names from the schema inwards, none for the database itself. `target` is what its dialect needs to
    name it in a statement, `alias` a second key that files may use.
    """

    kind: str
    parts: tuple[str, ...]
    target: str = ""
    properties: Properties = field(default_factory=dict)
    alias: str = ""

    @property
    def key(self) -> str:
        """The name in a file: `schema.table.column`."""
        return ".".join(self.parts) or DATABASE

    @property
    def bracketed(self) -> str:
        """The name that no other object of the kind has: `schema.[a.b].column`, for names with dots or brackets."""
        return ".".join(_bracketed(part) for part in self.parts) or DATABASE


def _bracketed(part: str) -> str:
    return f"[{part.replace(']', ']]')}]" if set(part) & set(".[]") else part


@dataclass(frozen=True)
class Catalog:
    """What a database has. `missing` says why objects of a kind could not be read.

    `folds` is whether a name may be spelled in another case.
    """

    objects: tuple[DbObject, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    folds: bool = True

    @cached_property
    def by_kind(self) -> Mapping[str, Lookup]:
        """The objects of each kind, to be found by key."""
        kinds: dict[str, list[DbObject]] = {}
        for one in self.objects:
            kinds.setdefault(one.kind, []).append(one)
        return {kind: Lookup(found, folds=self.folds) for kind, found in kinds.items()}

    def of(self, kind: str) -> Lookup:
        """The objects of one kind."""
        return self.by_kind.get(kind) or Lookup([])


@dataclass(frozen=True)
class Descriptions:
    """What files say: for each kind that has a file, its objects and their properties.

    `defaults` are the properties of columns that have none of their own, by the column's name.
    """

    kinds: Mapping[str, Mapping[str, Properties]]
    defaults: Mapping[str, Properties] = field(default_factory=dict)

    def default(self, column: str) -> Properties:
        """The default properties of a column's name, in its own case or in another."""
        return self.defaults.get(column) or self._folded.get(column.lower(), {})

    @cached_property
    def _folded(self) -> Mapping[str, Properties]:
        return {name.lower(): properties for name, properties in self.defaults.items()}


@dataclass(frozen=True)
class Change:
    """One property to `add`, `update` or `drop`."""

    verb: str
    object: DbObject
    name: str
    text: str = ""

    def __str__(self) -> str:
        place = f"{self.object.kind} {self.object.key}" if self.object.parts else "the database"
        return f"{self.verb} {self.name} of {place}"


@dataclass(frozen=True)
class Changes:
    """All that has to change; `warnings` name what the files describe and the database does not have."""

    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """`3 added, 1 changed`, or `nothing differs`."""
        counts = Counter(change.verb for change in self.changes)
        words = {"add": "added", "update": "changed", "drop": "dropped"}
        return ", ".join(f"{counts[verb]} {word}" for verb, word in words.items() if counts[verb]) or "nothing differs"

    @property
    def listing(self) -> str:
        """The summary, and each change on a line of its own."""
        return "\n".join((self.summary, *map(str, self.changes)))


def listed(names: list[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
