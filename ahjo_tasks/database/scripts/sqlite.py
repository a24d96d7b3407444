"""Statements of SQLite's objects: sqlite_schema keeps the text that created each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.database.scripts import ObjectScript, ScriptReader, TableScripts, script

if TYPE_CHECKING:
    from collections.abc import Iterator

OBJECTS = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY rowid"
TABLES = (
    "SELECT m.type, m.name, m.tbl_name, m.sql FROM sqlite_master m"
    " LEFT JOIN pragma_table_list t ON t.schema = 'main' AND t.name = m.tbl_name"
    " WHERE m.type IN ('table', 'index') AND m.sql IS NOT NULL AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    " AND coalesce(t.type, '') <> 'shadow' ORDER BY m.type DESC, m.rowid"
)
"""Tables in the order of their creation, then indexes; not those that a virtual table brings."""


class SQLiteScripts(ScriptReader):
    """Reads sqlite_master."""

    def objects(self) -> Iterator[ObjectScript]:
        """Yield views and triggers, each behind a DROP, for SQLite cannot replace them."""
        for kind, name, sql in self.connection.query(OBJECTS):
            drop = f"DROP {kind.upper()} IF EXISTS {self.dialect.quote(name)}"
            yield ObjectScript(kind, "", name, script(drop, sql))

    def tables(self) -> TableScripts:
        """Return the statements that created tables and indexes, as they were written."""
        rows = [row for row in self.connection.query(TABLES) if row[2].lower() not in self.hidden]
        names = [name for kind, name, _table, _sql in rows if kind == "table"]
        drops = [f"DROP TABLE {self.dialect.quote(name)}" for name in reversed(names)]
        return TableScripts(names, [sql for *_names, sql in rows], drops)
