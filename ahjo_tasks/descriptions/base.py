"""Read and write the descriptions of objects: the base class, of which each database has its own in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ahjo_tasks.descriptions.model import Catalog, Changes, DbObject
from ahjo_tasks.utils import load_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.descriptions.model import Change, Properties

Row = tuple["Any", ...]


class Metadata:
    """How one kind of database keeps descriptions.

    `kinds` are the objects that it can describe. `single` is the one property that it has, where it has no names for
    them. `per_call` is how many changes go to the server at a time.
    """

    kinds: ClassVar[frozenset[str]]
    single: ClassVar[str] = ""
    has_schemas: ClassVar[bool] = True
    per_call: ClassVar[int] = 500

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def read(self, connection: Connection, schemas: Sequence[str] | None) -> Catalog:
        """What the database has in the schemas; None means in all but the system's."""
        raise NotImplementedError

    def statement(self, change: Change) -> str:
        """The statement of one change."""
        raise NotImplementedError

    def obstacle(self, kind: str, text: str) -> str | None:
        """Why the database cannot hold the text; None when it can."""
        return None

    def send(self, connection: Connection, changes: Sequence[Change]) -> Changes:
        """Make the changes, in few calls. Returns those that were made, with warnings about the others."""
        for batch in self.batches(changes):
            connection.execute(batch)
        return Changes(tuple(changes))

    def batches(self, changes: Sequence[Change]) -> Iterator[str]:
        """The text of each call: `per_call` changes, the last one with what is left."""
        for start in range(0, len(changes), self.per_call):
            yield ";\n".join(map(self.statement, changes[start : start + self.per_call])) + ";"

    def holds(self, name: str) -> bool:
        """Whether the database has a property of that name."""
        return not self.single or name == self.single

    def held(self, properties: Properties) -> Properties:
        """The properties that the database can hold; an empty text is none, where it keeps one text an object."""
        if not self.single:
            return properties
        return {self.single: properties[self.single]} if properties.get(self.single) else {}


def commented(rows: Iterable[Row], name: str) -> tuple[DbObject, ...]:
    """The objects of catalog rows: kind, schema, object, inner object, target, alias, comment.

    The comment is the property of that name.
    """
    found = []
    for kind, schema, table, inner, target, alias, comment in rows:
        parts = tuple(part for part in (schema, table, inner) if part is not None)
        found.append(DbObject(kind, parts, target or "", {name: comment} if comment else {}, alias or ""))
    return tuple(found)


def metadata_for(dialect: Dialect) -> Metadata | None:
    """Create the reader and writer of descriptions that the dialect names; None where its database keeps none."""
    if dialect.descriptions is None:
        return None
    metadata: Metadata = load_object(dialect.descriptions)(dialect)
    return metadata
