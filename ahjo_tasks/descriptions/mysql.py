"""MySQL and MariaDB: one comment for a table, column or routine; MariaDB has one for the database, too."""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from ahjo_tasks.descriptions.model import Catalog, Changes, DescriptionStore, objects_from_rows
from ahjo_tasks.errors import StatementError
from ahjo_tasks.sql.lexer import MYSQL
from ahjo_tasks.sql.scanner import end_of_match
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.descriptions.model import Change
    from ahjo_tasks.sql.tokens import Token


HIGHEST = 0xFFFF  # of the characters that utf8mb3 holds
# The default of a binary column can be bytes that are no text.
AS_BYTES = "SET SESSION character_set_results = binary"
AS_TEXT = "SET SESSION character_set_results = @ahjo_results"
# MariaDB leaves the SRID out of SHOW CREATE TABLE; MySQL does not, and has another catalog view.
REFERENCE_SYSTEMS = """
    SELECT NULL, NULL, 0 FROM (SELECT 1) AS one WHERE FALSE
    /*M!100304 UNION ALL SELECT g_table_name, g_geometry_column, srid FROM information_schema.geometry_columns
    WHERE g_table_schema = DATABASE() AND srid <> 0 */"""


Definitions = dict[tuple[str, ...], str]
"""Definitions of columns by (table, column)."""


def full_definitions(connection: Connection, columns: Sequence[tuple[str, ...]]) -> Definitions:
    """Return the definitions of the columns, without those that the server does not show in full."""
    all_definitions = _show_definitions(connection, sorted({table for table, _ in columns}))
    result = {name: all_definitions[name] for name in columns if name in all_definitions}
    for table, column, number in connection.query(REFERENCE_SYSTEMS) if result else ():
        if (table, column) in result:
            result[table, column] = with_reference_system(result[table, column], number)
    return {name: definition for name, definition in result.items() if _is_complete(connection, name, definition)}


def _show_definitions(connection: Connection, tables: Sequence[str]) -> Definitions:
    """Return all columns of the tables. Bytes that are no text become halves of surrogate pairs."""
    if not tables:
        return {}
    connection.execute(AS_BYTES)
    texts = {table: connection.query(f"SHOW CREATE TABLE {connection.dialect.quote(table)}")[0][1] for table in tables}
    connection.execute(AS_TEXT)
    return {
        (table, column): definition
        for table, text in texts.items()
        for column, definition in definitions(_decode(text)).items()
    }


def _is_complete(connection: Connection, name: tuple[str, ...], definition: str) -> bool:
    """Return whether the definition can be sent back: a `?` in it may stand for a character that cannot be shown."""
    if any("\ud800" <= character <= "\udfff" for character in definition):
        return False
    in_default, elsewhere = question_marks(definition)
    if not in_default or elsewhere:
        return not elsewhere
    table, column = map(connection.dialect.quote, name)
    try:
        rows = connection.query(f"SELECT DEFAULT({column}) FROM (SELECT 1) AS one LEFT JOIN {table} ON FALSE")
    except StatementError:
        return False
    return all(ord(character) <= HIGHEST for character in str(rows[0][0]))


def _decode(value: str | bytes) -> str:
    return value if isinstance(value, str) else bytes(value).decode("utf-8", "surrogateescape")


MAX_LENGTH = {"database": 1024, "table": 2048, "column": 1024, "procedure": 65535 // 3, "function": 65535 // 3}
NOT_COMPLETE = "the server does not show its whole definition"
QUERIES = (
    """
    SELECT 'table', NULL, table_name, NULL, NULL, NULL, table_comment FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')""",
    # The two period columns of a system-versioned table cannot be altered.
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
# A definition must read and write the same whatever the session's modes, with old zero dates in it. A comment changes
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


class TableComments(DescriptionStore):
    """Comments; that of a column is part of its definition, which has to be sent back in full."""

    kinds = frozenset({"database", "procedure", "function", "table", "column"})
    single_property = "Description"
    has_schemas = False

    def read(self, connection: Connection, schemas: Sequence[str] | None) -> Catalog:
        """Read in a few calls. MySQL has no schemas within a database, so `schemas` is not used."""
        has_comment = bool(connection.query(HAS_DATABASE_COMMENT)[0][0])
        queries = (*QUERIES, DATABASE_QUERY) if has_comment else QUERIES
        rows = [row for query in queries for row in connection.query(query)]
        missing = {} if has_comment else {"database": "MySQL has no comment on a database"}
        return Catalog(objects_from_rows(rows, self.single_property), missing)

    def rejection_reason(self, kind: str, text: str) -> str | None:
        """Reject long texts, and characters outside of the Basic Multilingual Plane."""
        if len(text) > MAX_LENGTH[kind]:
            return f"MySQL takes {MAX_LENGTH[kind]} characters"
        has_emoji = any(ord(character) > HIGHEST for character in text)
        return "MySQL's comments take no emoji and the like" if has_emoji else None

    def send(self, connection: Connection, changes: Sequence[Change]) -> Changes:
        """Apply the changes with two calls a table and one a routine. Each ALTER commits by itself."""
        with _plain_mode(connection):
            columns = [change.object.parts for change in changes if change.object.kind == "column"]
            full = full_definitions(connection, columns)
            possible = [change for change in changes if change.object.kind != "column" or change.object.parts in full]
            self._alter(connection, possible, full)
        skipped = [".".join(parts) for parts in columns if parts not in full]
        return Changes(tuple(possible), tuple(f"{key} keeps its comment: {NOT_COMPLETE}." for key in skipped))

    def _alter(self, connection: Connection, changes: Sequence[Change], full: Definitions) -> None:
        """Send one ALTER for all changes of a table. Raises StatementError with the number of changes that stay."""
        applied = 0
        for target, group in _by_target(changes).items():
            clauses = ",\n".join(self._clause(change, full) for change in group)
            try:
                connection.execute(f"ALTER {target[0].upper()} {self.dialect.quote(*target[1:])} {clauses}")
            except StatementError as error:
                error.outcome = f"Each ALTER commits by itself: {applied} of {len(changes)} changes were made and stay."
                raise
            applied += len(group)

    def _clause(self, change: Change, full: Definitions) -> str:
        """Return the clause of an ALTER of the table, the routine or the database."""
        literal = self.dialect.quote_literal(change.text)
        if change.object.kind == "column":
            return f"MODIFY COLUMN {with_comment(full[change.object.parts], literal)}"
        return f"COMMENT {literal}"


def _by_target(changes: Iterable[Change]) -> dict[tuple[str, ...], list[Change]]:
    """Group the changes by kind and name of the object to alter."""
    targets: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        obj = change.object
        kind = "table" if obj.kind == "column" else obj.kind
        targets.setdefault((kind, *obj.parts[:1]), []).append(change)
    return targets


@contextmanager
def _plain_mode(connection: Connection) -> Iterator[None]:
    connection.execute(KEEP_MODE)
    connection.execute(PLAIN_MODE)
    try:
        yield
    finally:
        connection.try_execute(OLD_MODE)


_STRING = re.compile("|".join(MYSQL.string_forms(lenient=True)))


def definitions(shown: str) -> dict[str, str]:
    """Map the name of each column to its definition in the output of SHOW CREATE TABLE."""
    columns = {}
    for definition in _definitions(shown):
        first = next(tokenize(definition, MYSQL), None)
        if first and first.kind == "quoted":
            columns[first.value] = definition
    return columns


def with_comment(definition: str, literal: str) -> str:
    """Set the comment of a definition, which must stand before a CHECK."""
    tokens = [token for token, depth in _with_depth(definition) if depth == 0]
    for word, string in pairwise(tokens):
        if word.word == "COMMENT" and string.kind == "string":
            end = end_of_match(_STRING, definition, string.offset)
            return f"{definition[: _end(word)]} {literal}{definition[end:]}"
    check = next((token.offset for token in tokens if token.word == "CHECK"), None)
    if check is None:
        return f"{definition} COMMENT {literal}"
    return f"{definition[:check]}COMMENT {literal} {definition[check:]}"


def with_reference_system(definition: str, number: int) -> str:
    """Put the number of the reference system after the type of a spatial column."""
    _, column_type = islice(tokenize(definition, MYSQL), 2)
    end = _end(column_type)
    return f"{definition[:end]} REF_SYSTEM_ID={number}{definition[end:]}"


def question_marks(definition: str) -> tuple[bool, bool]:
    """Test whether a default, and whether anything else, has a `?` in a string.

    The servers print one in place of a character that they cannot print.
    """
    bare = with_comment(definition, "''")
    depths = {depth > 0 for token, depth in _with_depth(bare) if token.kind == "string" and "?" in token.value}
    return False in depths, True in depths


def _definitions(shown: str) -> Iterator[str]:
    """Yield the text between the commas of the outermost brackets."""
    start = None
    for token, depth in _with_depth(shown):
        if start is None:
            start = _end(token) if _is(token, "(") else None
        elif (depth == 1 and _is(token, ",")) or (depth == 0 and _is(token, ")")):
            yield shown[start : token.offset].strip()
            if _is(token, ")"):
                return
            start = _end(token)


def _with_depth(text: str) -> Iterator[tuple[Token, int]]:
    """Yield the tokens with the number of brackets that each is in; a bracket is outside of itself."""
    depth = 0
    for token in tokenize(text, MYSQL):
        depth -= _is(token, ")")
        yield token, depth
        depth += _is(token, "(")


def _is(token: Token, mark: str) -> bool:
    return token.kind == "mark" and token.value == mark


def _end(token: Token) -> int:
    """Give the end of a bare word or a mark."""
    return token.offset + len(token.value)
