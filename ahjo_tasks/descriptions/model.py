"""Values of descriptions: a database's catalog, the content of files, changes; and the interface of a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from ahjo_tasks.errors import StatementError
from ahjo_tasks.utils import load_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.errors import ServerError


FILE_NAMES = {
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
"""File of each kind of object, in the order of writing."""

ALWAYS_WRITTEN = ("schema", "procedure", "function", "table", "view", "column")
"""Kinds whose file is written even when it is empty."""

DEFAULTS_FILE = "columns_default.json"
DATABASE_KEY = "database"
"""Key of the database itself, whose name differs between environments."""


class ObjectLookup:
    """Finds objects by the keys of a file: exactly, by alias, or in another case.

    In another case only where the database `ignores_case` and one object matches.

    `by_key` has every object under the key that files use for it: in brackets where a dot in a name makes one key of
    two objects. `ambiguous` has such keys, with the keys to write instead.
    """

    def __init__(self, objects: list[DbObject], *, ignores_case: bool = True) -> None:
        uses = Counter(key for obj in objects for key in {obj.key, obj.bracketed_key})
        self.by_key = {obj.key if uses[obj.key] == 1 else obj.bracketed_key: obj for obj in objects}
        self.ambiguous: dict[str, list[str]] = {}
        for key, obj in self.by_key.items():
            if key != obj.key:
                self.ambiguous.setdefault(obj.key, []).append(key)
        lower = Counter(obj.key.lower() for obj in objects if ignores_case)
        self._by_lower_key = {obj.key.lower(): obj for obj in objects if lower[obj.key.lower()] == 1}
        self._by_alias = {alias: obj for obj in objects for alias in (obj.alias, obj.bracketed_key) if alias}

    def __iter__(self) -> Iterator[DbObject]:
        return iter(self.by_key.values())

    def find(self, key: str) -> DbObject | None:
        """Return the object of a key."""
        return self.by_key.get(key) or self._by_alias.get(key) or self._by_lower_key.get(key.lower())

    def match(self, keys: Mapping[str, Properties]) -> tuple[dict[str, DbObject], list[str]]:
        """Return the object of each key, and the keys without one.

        An object goes to one key only, the exact one if the file has it.
        """
        matches, unmatched = {key: self.by_key[key] for key in keys if key in self.by_key}, []
        taken = {obj.parts for obj in matches.values()}
        for key in keys:
            if key in matches:
                continue
            obj = self.find(key)
            if obj is None or obj.parts in taken:
                unmatched.append(key)
            else:
                matches[key] = obj
                taken.add(obj.parts)
        return matches, unmatched


Properties = Mapping[str, str]


@dataclass(frozen=True)
class DbObject:
    """An object of the database with its properties.

    `parts` are its names from the schema inwards, none for the database itself. `target` is the part of a statement by
    which the dialect names it, `alias` a second key that files may use.
    """

    kind: str
    parts: tuple[str, ...]
    target: str = ""
    properties: Properties = field(default_factory=dict)
    alias: str = ""

    @property
    def key(self) -> str:
        """The key in a file: `schema.table.column`."""
        return ".".join(self.parts) or DATABASE_KEY

    @property
    def bracketed_key(self) -> str:
        """The key that is unique within the kind: `schema.[a.b].column`, for names with dots or brackets."""
        return ".".join(_bracket(part) for part in self.parts) or DATABASE_KEY


def _bracket(part: str) -> str:
    return f"[{part.replace(']', ']]')}]" if set(part) & set(".[]") else part


@dataclass(frozen=True)
class Catalog:
    """The objects of a database. `missing` has the kinds that could not be read, with the reason.

    `ignores_case` is set where a name may be written in another case.
    """

    objects: tuple[DbObject, ...]
    missing: Mapping[str, str] = field(default_factory=dict)
    ignores_case: bool = True

    @cached_property
    def by_kind(self) -> Mapping[str, ObjectLookup]:
        """A lookup of the objects of each kind."""
        kinds: dict[str, list[DbObject]] = {}
        for obj in self.objects:
            kinds.setdefault(obj.kind, []).append(obj)
        return {kind: ObjectLookup(objects, ignores_case=self.ignores_case) for kind, objects in kinds.items()}

    def lookup(self, kind: str) -> ObjectLookup:
        """Return the objects of one kind."""
        return self.by_kind.get(kind) or ObjectLookup([])


@dataclass(frozen=True)
class Descriptions:
    """The content of the files: for each kind that has a file, its objects and their properties.

    `defaults` are the properties of columns that have none of their own, by column name.
    """

    kinds: Mapping[str, Mapping[str, Properties]]
    defaults: Mapping[str, Properties] = field(default_factory=dict)

    def default(self, column: str) -> Properties:
        """Return the default properties of a column name, in its own case or in another."""
        return self.defaults.get(column) or self._lower_defaults.get(column.lower(), {})

    @cached_property
    def _lower_defaults(self) -> Mapping[str, Properties]:
        return {name.lower(): properties for name, properties in self.defaults.items()}


@dataclass(frozen=True)
class Change:
    """One property to `add`, `update` or `drop`."""

    verb: str
    object: DbObject
    name: str
    text: str = ""

    def __str__(self) -> str:
        name = f"{self.object.kind} {self.object.key}" if self.object.parts else "the database"
        return f"{self.verb} {self.name} of {name}"


@dataclass(frozen=True)
class Changes:
    """Changes in order, with warnings about what they leave out."""

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


Row = tuple["Any", ...]


class DescriptionStore:
    """Reads and writes the descriptions of one kind of database.

    `kinds` are the kinds of objects that can be described. `single_property` is the name of the one property, where the
    database stores one text an object. `changes_per_call` is the number of changes sent to the server at a time.
    """

    kinds: ClassVar[frozenset[str]]
    single_property: ClassVar[str] = ""
    has_schemas: ClassVar[bool] = True
    changes_per_call: ClassVar[int] = 500

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def read(self, connection: Connection, schemas: Sequence[str] | None) -> Catalog:
        """Read the objects of the schemas with their properties; None means all schemas but the system's."""
        raise NotImplementedError

    def statement(self, change: Change) -> str:
        """Return the SQL statement of one change."""
        raise NotImplementedError

    def rejection_reason(self, kind: str, text: str) -> str | None:
        """Return why the database cannot store the text for an object of that kind; None when it can."""
        return None

    def send(self, connection: Connection, changes: Sequence[Change]) -> Changes:
        """Apply the changes, in few calls. Returns the applied ones, with warnings about the others."""
        for batch in self.batches(changes):
            connection.execute(batch)
        return Changes(tuple(changes))

    def is_described(self, error: ServerError) -> bool:
        """Return whether the server refused to add a description because it has one, though `read` found none."""
        return False

    def send_apart(self, connection: Connection, changes: Sequence[Change]) -> Changes:
        """Apply the changes as `send` does, but what is added by itself: where the server has it, it is updated."""
        sent = self.send(connection, [change for change in changes if change.verb != "add"])
        added = [self._add_or_update(connection, change) for change in changes if change.verb == "add"]
        return Changes((*sent.changes, *added), sent.warnings)

    def _add_or_update(self, connection: Connection, change: Change) -> Change:
        try:
            self.send(connection, [change])
        except StatementError as error:
            if not self.is_described(error.server):
                raise
            change = replace(change, verb="update")
            self.send(connection, [change])
        return change

    def batches(self, changes: Sequence[Change]) -> Iterator[str]:
        """Yield the SQL of each call: `changes_per_call` changes, the last one with what is left."""
        for start in range(0, len(changes), self.changes_per_call):
            yield ";\n".join(map(self.statement, changes[start : start + self.changes_per_call])) + ";"

    def supports_property(self, name: str) -> bool:
        """Return whether an object can have a property of that name."""
        return not self.single_property or name == self.single_property

    def supported_properties(self, properties: Properties) -> Properties:
        """Return the properties that the database can store; a single property that is empty counts as none."""
        name = self.single_property
        if not name:
            return properties
        return {name: properties[name]} if properties.get(name) else {}


def objects_from_rows(rows: Iterable[Row], property_name: str) -> tuple[DbObject, ...]:
    """Return the objects of catalog rows: kind, schema, object, inner object, target, alias, comment.

    The comment becomes the property of that name.
    """
    objects = []
    for kind, schema, name, inner, target, alias, comment in rows:
        parts = tuple(part for part in (schema, name, inner) if part is not None)
        properties = {property_name: comment} if comment else {}
        objects.append(DbObject(kind, parts, target or "", properties, alias or ""))
    return tuple(objects)


def description_store(dialect: Dialect) -> DescriptionStore | None:
    """Create the description store that the dialect names; None when its database cannot store descriptions."""
    if dialect.descriptions is None:
        return None
    store: DescriptionStore = load_object(dialect.descriptions)(dialect)
    return store
