"""The interface to the descriptions that a database stores; one module a database implements it."""

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
