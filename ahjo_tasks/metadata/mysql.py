"""MySQL and MariaDB: one comment for a table, column or routine; MariaDB has one for the database, too."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.errors import StatementError
from ahjo_tasks.metadata.base import Metadata, commented
from ahjo_tasks.metadata.model import Catalog
from ahjo_tasks.metadata.mysql_columns import definitions, question_marks, with_comment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.door import Door
    from ahjo_tasks.metadata.model import Change

LONGEST = {"database": 1024, "table": 2048, "column": 1024, "procedure": 65535 // 3, "function": 65535 // 3}
HIGHEST = 0xFFFF
QUERIES = (
    """
    SELECT 'table', NULL, table_name, NULL, NULL, NULL, table_comment FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')""",
    # The two columns that hold the time of a system-versioned row cannot be altered.
    """
    SELECT 'column', NULL, c.table_name, c.column_name, NULL, NULL, c.column_comment
    FROM information_schema.columns c
    JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
    WHERE c.table_schema = DATABASE() AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
    AND COALESCE(c.generation_expression, '') NOT IN ('ROW START', 'ROW END')""",
    """
    SELECT LOWER(routine_type), NULL, routine_name, NULL, NULL, NULL, routine_comment
    FROM information_schema.routines
    WHERE routine_schema = DATABASE() AND routine_type IN ('PROCEDURE', 'FUNCTION')""",
)
DATABASE_QUERY = """
    SELECT 'database', NULL, NULL, NULL, NULL, NULL, schema_comment FROM information_schema.schemata
    WHERE schema_name = DATABASE()"""
HAS_DATABASE_COMMENT = """
    SELECT COUNT(*) FROM information_schema.columns WHERE LOWER(table_schema) = 'information_schema'
    AND LOWER(table_name) = 'schemata' AND LOWER(column_name) = 'schema_comment'"""
# Definitions must come out and go in alike whatever mode the session has, old zero dates with them. A comment changes
# no data, so the history of a system-versioned table stays true.
KEEP_MODE = """
    SET @ahjo_mode = @@SESSION.sql_mode, @ahjo_quote = @@SESSION.sql_quote_show_create
    /*M!100304 , @ahjo_history = @@SESSION.system_versioning_alter_history */"""
PLAIN_MODE = """
    SET SESSION sql_mode = 'STRICT_ALL_TABLES', SESSION sql_quote_show_create = 1
    /*M!100304 , SESSION system_versioning_alter_history = KEEP */"""
OLD_MODE = """
    SET SESSION sql_mode = @ahjo_mode, SESSION sql_quote_show_create = @ahjo_quote
    /*M!100304 , SESSION system_versioning_alter_history = @ahjo_history */"""


class TableComments(Metadata):
    """A column's comment is part of its definition, which has to be given again, whole."""

    kinds = frozenset({"database", "procedure", "function", "table", "column"})
    single = "Description"
    has_schemas = False

    def read(self, door: Door, schemas: Sequence[str] | None) -> Catalog:
        """A few calls. There are no schemas here, so there are none to choose from."""
        whole = bool(door.query(HAS_DATABASE_COMMENT)[0][0])
        queries = (*QUERIES, DATABASE_QUERY) if whole else QUERIES
        rows = [row for query in queries for row in door.query(query)]
        missing = {} if whole else {"database": "MySQL has no comment on a database"}
        return Catalog(commented(rows, self.single), missing)

    def obstacle(self, kind: str, text: str) -> str | None:
        """Comments are of limited length, and of Unicode's first plane."""
        if len(text) > LONGEST[kind]:
            return f"MySQL takes {LONGEST[kind]} characters"
        return "MySQL's comments take no emoji and the like" if any(ord(one) > HIGHEST for one in text) else None

    def send(self, door: Door, changes: Sequence[Change]) -> list[str]:
        """Two calls for each table that changes, one for each routine."""
        tables: dict[str, list[Change]] = {}
        warnings: list[str] = []
        with _plain_mode(door):
            for change in changes:
                if change.object.kind in {"table", "column"}:
                    tables.setdefault(change.object.parts[0], []).append(change)
                else:
                    door.run(self.statement(change))
            for table, of_table in tables.items():
                warnings += self._alter_table(door, table, of_table)
        return warnings

    def statement(self, change: Change) -> str:
        """The statement for a routine, for the database, or for a table without its columns."""
        one, name = change.object, self.dialect.quote(*change.object.parts)
        return f"ALTER {one.kind.upper()} {name}{' ' if name else ''}COMMENT {self.dialect.literal(change.text)}"

    def _alter_table(self, door: Door, table: str, changes: Sequence[Change]) -> list[str]:
        """One ALTER TABLE for all comments of a table."""
        name = self.dialect.quote(table)
        columns = definitions(door.query(f"SHOW CREATE TABLE {name}")[0][1])
        parts, warnings = [], []
        for change in changes:
            literal, column = self.dialect.literal(change.text), change.object.parts[-1]
            if change.object.kind == "table":
                parts.append(f"COMMENT = {literal}")
            elif self._is_whole(door, table, column, columns.get(column)):
                parts.append(f"MODIFY COLUMN {with_comment(columns[column], literal)}")
            else:
                warnings.append(
                    f"{change.object.key} keeps its comment: the server does not show its whole definition."
                )
        if parts:
            door.run(f"ALTER TABLE {name} " + ",\n".join(parts))
        return warnings

    def _is_whole(self, door: Door, table: str, column: str, definition: str | None) -> bool:
        """Whether the definition can be given again: a `?` in it may stand for a character that cannot be shown."""
        if definition is None:
            return False
        in_default, elsewhere = question_marks(definition)
        if not in_default or elsewhere:
            return not elsewhere
        try:
            rows = door.query(
                f"SELECT DEFAULT({self.dialect.quote(column)}) FROM (SELECT 1) AS one"
                f" LEFT JOIN {self.dialect.quote(table)} ON FALSE"
            )
        except StatementError:
            return False
        return all(ord(one) <= HIGHEST for one in str(rows[0][0]))


@contextmanager
def _plain_mode(door: Door) -> Iterator[None]:
    door.run(KEEP_MODE)
    door.run(PLAIN_MODE)
    try:
        yield
    finally:
        door.attempt(OLD_MODE)
