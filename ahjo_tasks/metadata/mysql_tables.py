"""The definitions of columns as the server has them, to be given again whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import StatementError
from ahjo_tasks.metadata.mysql_columns import definitions, question_marks, with_reference_system

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.door import Door

HIGHEST = 0xFFFF
# A default of a binary column can be bytes that are no text.
AS_BYTES = "SET SESSION character_set_results = binary"
AS_TEXT = "SET SESSION character_set_results = @ahjo_results"
# MariaDB leaves it out of what SHOW CREATE TABLE shows; MySQL does not, and has another catalog view.
REFERENCE_SYSTEMS = """
    SELECT NULL, NULL, 0 FROM (SELECT 1) AS one WHERE FALSE
    /*M!100304 UNION ALL SELECT g_table_name, g_geometry_column, srid FROM information_schema.geometry_columns
    WHERE g_table_schema = DATABASE() AND srid <> 0 */"""


Definitions = dict[tuple[str, ...], str]
"""Of columns, by the names of table and column."""


def whole_definitions(door: Door, columns: Sequence[tuple[str, ...]]) -> Definitions:
    """The definitions of the columns, without those that the server does not show whole."""
    shown = _shown(door, sorted({table for table, _ in columns}))
    found = {name: shown[name] for name in columns if name in shown}
    for table, column, number in door.query(REFERENCE_SYSTEMS) if found else ():
        if (table, column) in found:
            found[table, column] = with_reference_system(found[table, column], number)
    return {name: definition for name, definition in found.items() if _is_whole(door, name, definition)}


def _shown(door: Door, tables: Sequence[str]) -> Definitions:
    """All columns of the tables. Bytes that are no text become halves of surrogate pairs."""
    if not tables:
        return {}
    door.run(AS_BYTES)
    texts = {table: door.query(f"SHOW CREATE TABLE {door.dialect.quote(table)}")[0][1] for table in tables}
    door.run(AS_TEXT)
    return {
        (table, column): definition
        for table, text in texts.items()
        for column, definition in definitions(_text(text)).items()
    }


def _is_whole(door: Door, name: tuple[str, ...], definition: str) -> bool:
    """Whether the definition can be given again: a `?` in it may stand for a character that cannot be shown."""
    if any("\ud800" <= character <= "\udfff" for character in definition):
        return False
    in_default, elsewhere = question_marks(definition)
    if not in_default or elsewhere:
        return not elsewhere
    table, column = map(door.dialect.quote, name)
    try:
        rows = door.query(f"SELECT DEFAULT({column}) FROM (SELECT 1) AS one LEFT JOIN {table} ON FALSE")
    except StatementError:
        return False
    return all(ord(one) <= HIGHEST for one in str(rows[0][0]))


def _text(shown: str | bytes) -> str:
    return shown if isinstance(shown, str) else bytes(shown).decode("utf-8", "surrogateescape")
