"""Names of objects, and what a SQL file creates, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Name(NamedTuple):
    """The name of an object; `schema` is None where the text gives none."""

    schema: str | None
    name: str

    @classmethod
    def parse(cls, text: str) -> Name:
        """Read `schema.name` or `name`, quotes and brackets removed."""
        parts = [part.strip('[]"` ') for part in text.split(".")]
        return cls(parts[-2] if len(parts) > 1 else None, parts[-1])

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True)
class Definition:
    """An object that the text creates; `table` is what a trigger or rule belongs to."""

    kind: str
    name: Name
    table: Name | None = None

    @property
    def schema(self) -> str | None:
        """The schema that is written before the name, or before that of its table."""
        return self.name.schema or (self.table.schema if self.table else None)

    @property
    def table_name(self) -> str:
        """The name of its table; empty where it belongs to none."""
        return self.table.name if self.table else ""
