"""PostgreSQL: one comment an object, set with COMMENT ON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.metadata.base import Metadata, commented
from ahjo_tasks.metadata.kinds import FILES
from ahjo_tasks.metadata.model import Catalog
from ahjo_tasks.metadata.postgresql_catalog import QUERY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.door import Door
    from ahjo_tasks.metadata.model import Change


class Comments(Metadata):
    """The server itself names each object, in the words that COMMENT ON takes."""

    kinds = frozenset(FILES) - {"parameter", "synonym"}
    single = "Description"

    def read(self, door: Door, schemas: Sequence[str] | None) -> Catalog:
        """One call."""
        rows = door.query(QUERY.replace("{schemas}", self._condition(schemas)))
        return Catalog(commented(rows, self.single))

    def statement(self, change: Change) -> str:
        """COMMENT ON; a comment is dropped by NULL."""
        text = "NULL" if change.verb == "drop" else self._literal(change.text)
        return f"COMMENT ON {change.object.target} IS {text}"

    def _literal(self, text: str) -> str:
        """The same text whatever `standard_conforming_strings` says."""
        literal = self.dialect.literal(text)
        return "E" + literal.replace("\\", "\\\\") if "\\" in text else literal

    def _condition(self, schemas: Sequence[str] | None) -> str:
        if schemas is None:
            return "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
        return f"n.nspname IN ({', '.join(map(self._literal, schemas))})"
