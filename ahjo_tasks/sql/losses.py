"""Find what SQL destroys: objects that it drops, tables and columns whose rows it removes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.effects import PERMISSIONS, is_module
from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.references.tokens import keywords, name_tokens, word_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.sql.lexer import Syntax

DROPPED = word_set(
    "AGGREGATE ASSEMBLY COLLATION DATABASE DOMAIN EVENT EXTENSION FUNCTION INDEX PACKAGE POLICY PROC PROCEDURE ROLE "
    "RULE SCHEMA SEQUENCE SERVER SYNONYM TABLE TRIGGER TYPE USER VIEW"
)
"""Kinds of objects after DROP."""
BEFORE_KIND = word_set("MATERIALIZED FOREIGN TEMPORARY TEMP PARTITION SECURITY")
NO_COLUMN = word_set(
    "CHECK CONSTRAINT DEFAULT EXPRESSION FOREIGN IDENTITY INDEX KEY NOT PERIOD PRIMARY SYSTEM CONVERT EXTERNAL"
)
"""Words after DROP of ALTER TABLE that lose no rows."""
FILLING = word_set("IF EXISTS ONLY CONCURRENTLY TABLE COLUMN FROM LOW_PRIORITY QUICK IGNORE")
ENDS_DELETE = word_set(
    "; GO INSERT UPDATE DELETE MERGE TRUNCATE SELECT SET CREATE ALTER DROP EXEC EXECUTE DECLARE PRINT "
    "IF BEGIN END COMMIT"
)
COPIED = "_alembic_tmp_"
"""The prefix of the table to which Alembic copies the rows of one that SQLite cannot alter."""


def find_losses(statements: Iterable[str], syntax: Syntax) -> list[str]:
    """Return what statements destroy, as in `DROP TABLE shop`, `DELETE FROM shop without WHERE`.

    For SQL Server the texts are batches, for others single statements. Bodies of modules, and texts that a statement
    executes, run later or are not known: they are not read.
    """
    found: list[str] = []
    for text in statements:
        tokens = name_tokens(text, syntax)
        words = keywords(tokens, syntax)
        later = is_module(words) if syntax is MSSQL else words[:1] == ["CREATE"]
        if not later:
            found += _losses(tokens, words, several=syntax is MSSQL)
    copied = {loss for loss in found if any(f"{COPIED}{loss.rpartition(' ')[2]}" in text for text in statements)}
    return [loss for loss in dict.fromkeys(found) if loss not in copied]


def _losses(tokens: Sequence[str], words: Sequence[str], *, several: bool) -> Iterator[str]:
    """Yield what the words of a statement or batch destroy; one DROP COLUMN may name `several` columns."""
    table = ""
    for index, (before, word) in enumerate(zip(("", *words), words, strict=False)):
        rest = words[index + 1 :]
        if word == "TABLE" and before == "ALTER":
            table = _name(tokens, index + 1)
        elif word == "TRUNCATE" and before not in PERMISSIONS:
            yield from (f"TRUNCATE {name}" for name in _names(tokens, index + 1))
        elif word == "DELETE" and before not in PERMISSIONS | {"ON", "BEFORE", "INSTEAD"} and rest[:1] != [")"]:
            if not _has_condition(rest):
                yield f"DELETE FROM {_name(tokens, index + 1)} without WHERE"
        elif word == "DROP" and rest and before not in PERMISSIONS - {","}:
            yield from _dropped(tokens, words, index + 1, (table, several))


def _dropped(tokens: Sequence[str], words: Sequence[str], index: int, altered: tuple[str, bool]) -> Iterator[str]:
    """Yield what is dropped by the DROP before a position; a table that is being altered is in `altered`."""
    first, (table, several) = index, altered
    while index < len(words) - 1 and words[index] in BEFORE_KIND:
        index += 1
    word = words[index]
    if word in DROPPED and not (table and word in NO_COLUMN):
        kind = " ".join(words[first : index + 1])
        yield from (f"DROP {kind} {name}" for name in _names(tokens, index + 1))
    elif table and word not in NO_COLUMN:
        yield from (f"DROP COLUMN {table}.{name}" for name in _names(tokens, index)[: None if several else 1])


def _names(tokens: Sequence[str], index: int) -> list[str]:
    """Return the names of a list that begins at a position; names of temporary tables of SQL Server are left out."""
    index = _skip(tokens, index)
    names = []
    while index < len(tokens) and tokens[index] not in {";", ")", "("}:
        names.append(tokens[index])
        if index + 1 >= len(tokens) or tokens[index + 1] != ",":
            break
        index = _skip(tokens, index + 2)
        if index < len(tokens) and tokens[index].upper() in {"DROP", "ADD", "ALTER", "CONSTRAINT"}:
            break
    return [name for name in names if not name.startswith("#")]


def _name(tokens: Sequence[str], index: int) -> str:
    index = _skip(tokens, index)
    return tokens[index] if index < len(tokens) else ""


def _skip(tokens: Sequence[str], index: int) -> int:
    while index < len(tokens) and tokens[index].upper() in FILLING:
        index += 1
    return index


def _has_condition(words: Sequence[str]) -> bool:
    """Test whether the rest of a DELETE limits its rows, as far as its own brackets and statement go."""
    depth = 0
    for word in words:
        depth += (word == "(") - (word == ")")
        if depth < 0 or (depth == 0 and word in ENDS_DELETE):
            return False
        if depth == 0 and word in {"WHERE", "LIMIT", "JOIN"}:
            return True
    return False
