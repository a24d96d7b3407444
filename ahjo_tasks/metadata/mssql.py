"""SQL Server: extended properties, of any name, on nearly everything."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from ahjo_tasks.metadata.base import Metadata
from ahjo_tasks.metadata.kinds import FILES
from ahjo_tasks.metadata.model import Catalog, DbObject
from ahjo_tasks.metadata.mssql_catalog import LACKING, PROPERTIES, QUERIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.door import Door
    from ahjo_tasks.metadata.base import Row
    from ahjo_tasks.metadata.model import Change

# https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-addextendedproperty-transact-sql
MAX_BYTES = 7500
VERBS = {"add": "sp_addextendedproperty", "update": "sp_updateextendedproperty", "drop": "sp_dropextendedproperty"}
SYSTEM_SCHEMAS = (
    "sys",
    "INFORMATION_SCHEMA",
    "guest",
    "db_owner",
    "db_accessadmin",
    "db_securityadmin",
    "db_ddladmin",
    "db_backupoperator",
    "db_datareader",
    "db_datawriter",
    "db_denydatareader",
    "db_denydatawriter",
)
FOLDS = "CASE WHEN N'a' = N'A' THEN 1 ELSE 0 END"
"""Literals are compared with the database's collation, as its names are."""
CONTINUATION = re.compile(r"\\(?=\r?\n)")
"""Within a literal, a backslash takes the line break behind it away, and itself."""


class ExtendedProperties(Metadata):
    """An object's properties are those of its own class and numbers, so that none are mixed into another's."""

    kinds = frozenset(FILES)

    def read(self, door: Door, schemas: Sequence[str] | None) -> Catalog:
        """Two calls: one asks which catalog views there are, one reads them."""
        views = ", ".join(f"OBJECT_ID(N'{view}')" for view in LACKING.values())
        *seen, folds = door.query(f"SELECT {views}, {FOLDS}")[0]
        missing = [kind for kind, number in zip(LACKING, seen, strict=True) if number is None]
        asked = [query for kind, query in QUERIES.items() if kind not in missing]
        batch = ";\n".join([PROPERTIES, *asked]).replace("{schemas}", self._condition(schemas))
        properties, *rows = (result.rows for result in door.results(batch))
        described = objects(chain.from_iterable(rows), properties)
        lacking = {kind: f"the server has no {LACKING[kind]}" for kind in missing}
        return Catalog(tuple(described), lacking, folds=bool(folds))

    def statement(self, change: Change) -> str:
        """A call of the system's procedure."""
        arguments = [self.dialect.literal(change.name)]
        before = ""
        if change.verb != "drop":
            before = f"SET @value = {self._value(change.text)}; "
            arguments.append("@value")
        arguments += [self.dialect.literal(word) for level in _levels(change.object) for word in level]
        return f"{before}EXEC sys.{VERBS[change.verb]} {', '.join(arguments)}"

    def batches(self, changes: Sequence[Change]) -> Iterator[str]:
        """Without row counts, each of which would be a result to read."""
        for batch in super().batches(changes):
            yield f"SET NOCOUNT ON;\nDECLARE @value sql_variant;\n{batch}\nSET NOCOUNT OFF;"

    def obstacle(self, kind: str, text: str) -> str | None:
        """A value has at most 7500 bytes, two for a character unless all of them are ASCII."""
        if len(text) <= MAX_BYTES if text.isascii() else _size(text) <= MAX_BYTES:
            return None
        return f"SQL Server takes {MAX_BYTES // 2} characters, or {MAX_BYTES} of ASCII"

    def _value(self, text: str) -> str:
        parts = [self.dialect.literal(part) for part in CONTINUATION.sub("\\\\\0", text).split("\0")]
        if _size(text) > MAX_BYTES:
            parts = [part.removeprefix("N") for part in parts]
        return " + ".join(parts)

    def _condition(self, schemas: Sequence[str] | None) -> str:
        names = ", ".join(map(self.dialect.literal, SYSTEM_SCHEMAS if schemas is None else schemas))
        return f"s.name {'NOT IN' if schemas is None else 'IN'} ({names})"


def objects(rows: Iterable[Row], properties: Iterable[Row]) -> Iterator[DbObject]:
    """The objects of catalog rows with their properties; a secondary one only if it has any."""
    found: dict[Row, dict[str, str]] = {}
    for *numbers, name, text in properties:
        found.setdefault(tuple(numbers), {})[name] = text or ""
    for kind, schema, name, inner, target, secondary, *numbers in rows:
        described = found.get(tuple(numbers), {})
        if described or not secondary:
            parts = tuple(part for part in (schema, name, inner) if part is not None)
            yield DbObject(kind, parts, target or "", described)


def _size(text: str) -> int:
    return len(text.encode("utf-16-le"))


def _levels(one: DbObject) -> Iterator[tuple[str, str]]:
    """Type and name of each level, from the schema inwards."""
    types = ("SCHEMA", one.target, one.kind.upper())
    return zip(types, one.parts, strict=False)
