"""Descriptions as values: what a database has, what files say, and what has to change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = {
    "database": "database.json",
    "schema": "schemas.json",
    "type": "types.json",
    "sequence": "sequences.json",
    "synonym": "synonyms.json",
    "procedure": "procedures.json",
    "function": "functions.json",
    "table": "tables.json",
    "view": "views.json",
    "column": "columns.json",
    "trigger": "triggers.json",
    "index": "indexes.json",
    "constraint": "constraints.json",
    "parameter": "parameters.json",
}
"""In the order of writing."""

USUAL = ("schema", "procedure", "function", "table", "view", "column")
"""The kinds whose files are always written; those of others, once the database has such an object."""

DEFAULTS = "columns_default.json"
DATABASE = "database"
"""The key of the database itself: its name is another one in every environment."""


class Lookup:
    """Finds objects by the keys of a file: as they are, by alias, or in another case.

    In another case only where the database `folds` names and one object fits.

    `exact` has every object under the key that files use for it: in brackets where a dot in a name makes one key of two
    objects. `ambiguous` are such keys, with what to write instead.
    """

    def __init__(self, objects: list[DbObject], *, folds: bool = True) -> None:
        encoded_forms = Counter(spelling for one in objects for spelling in {one.key, one.bracketed})
        self.exact = {one.key if encoded_forms[one.key] == 1 else one.bracketed: one for one in objects}
        self.ambiguous: dict[str, list[str]] = {}
        for key, one in self.exact.items():
            if key != one.key:
                self.ambiguous.setdefault(one.key, []).append(key)
        alike = Counter(one.key.lower() for one in objects if folds)
        self._folded = {one.key.lower(): one for one in objects if alike[one.key.lower()] == 1}
        self._aliases = {alias: one for one in objects for alias in (one.alias, one.bracketed) if alias}

    def __iter__(self) -> Iterator[DbObject]:
        return iter(self.exact.values())

    def find(self, key: str) -> DbObject | None:
        """The object of a key."""
        return self.exact.get(key) or self._aliases.get(key) or self._folded.get(key.lower())

    def pairs(self, keys: Mapping[str, Properties]) -> tuple[dict[str, DbObject], list[str]]:
        """The object of every key, and the keys without one; each object goes to one key, the exact one if it can."""
        found, lost = {key: self.exact[key] for key in keys if key in self.exact}, []
        taken = {one.parts for one in found.values()}
        for key in keys:
            if key in found:
                continue
            one = self.find(key)
            if one is None or one.parts in taken:
                lost.append(key)
            else:
                found[key] = one
                taken.add(one.parts)
        return found, lost


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
