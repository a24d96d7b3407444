"""MySQL and MariaDB: one comment for a table, column or routine; MariaDB has one for the database, too."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.errors import StatementError
from ahjo_tasks.metadata.base import Metadata, commented
from ahjo_tasks.metadata.model import Catalog, Changes
from ahjo_tasks.metadata.mysql_columns import with_comment
from ahjo_tasks.metadata.mysql_tables import HIGHEST, whole_definitions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.door import Door
    from ahjo_tasks.metadata.model import Change
    from ahjo_tasks.metadata.mysql_tables import Definitions

LONGEST = {"database": 1024, "table": 2048, "column": 1024, "procedure": 65535 // 3, "function": 65535 // 3}
NOT_WHOLE = "the server does not show its whole definition"
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
    SET @ahjo_mode = @@SESSION.sql_mode, @ahjo_quote = @@SESSION.sql_quote_show_create,
    @ahjo_results = @@SESSION.character_set_results
    /*M!100304 , @ahjo_history = @@SESSION.system_versioning_alter_history */"""
PLAIN_MODE = """
    SET SESSION sql_mode = 'STRICT_ALL_TABLES', SESSION sql_quote_show_create = 1
    /*M!100304 , SESSION system_versioning_alter_history = KEEP */"""
OLD_MODE = """
    SET SESSION sql_mode = @ahjo_mode, SESSION sql_quote_show_create = @ahjo_quote,
    SESSION character_set_results = @ahjo_results
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

    def send(self, door: Door, changes: Sequence[Change]) -> Changes:
        """Two calls for each table that changes, one for each routine. Each ALTER commits by itself."""
        with _plain_mode(door):
            columns = [change.object.parts for change in changes if change.object.kind == "column"]
            whole = whole_definitions(door, columns)
            fit = [change for change in changes if change.object.kind != "column" or change.object.parts in whole]
            self._alter(door, fit, whole)
        lost = [".".join(parts) for parts in columns if parts not in whole]
        return Changes(tuple(fit), tuple(f"{key} keeps its comment: {NOT_WHOLE}." for key in lost))

    def _alter(self, door: Door, changes: Sequence[Change], whole: Definitions) -> None:
        """One ALTER for all changes of a table. Raises StatementError that says how many changes stay."""
        made = 0
        for target, group in _by_target(changes).items():
            clauses = ",\n".join(self._clause(change, whole) for change in group)
            try:
                door.run(f"ALTER {target[0].upper()} {self.dialect.quote(*target[1:])} {clauses}")
            except StatementError as error:
                error.state = f"Each ALTER commits by itself: {made} of {len(changes)} changes were made and stay."
                raise
            made += len(group)

    def _clause(self, change: Change, whole: Definitions) -> str:
        """What an ALTER of the table, the routine or the database says."""
        literal = self.dialect.literal(change.text)
        if change.object.kind == "column":
            return f"MODIFY COLUMN {with_comment(whole[change.object.parts], literal)}"
        return f"COMMENT {literal}"


def _by_target(changes: Iterable[Change]) -> dict[tuple[str, ...], list[Change]]:
    """The changes by what has to be altered for them: its kind and its name."""
    found: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        one = change.object
        kind = "table" if one.kind == "column" else one.kind
        found.setdefault((kind, *one.parts[:1]), []).append(change)
    return found


@contextmanager
def _plain_mode(door: Door) -> Iterator[None]:
    door.run(KEEP_MODE)
    door.run(PLAIN_MODE)
    try:
        yield
    finally:
        door.attempt(OLD_MODE)
