"""Find what SQL destroys: objects that it drops, tables and columns whose rows it removes or overwrites."""

from __future__ import annotations

from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from ahjo_tasks.sql.effects import PERMISSIONS, is_module
from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.references.kinds import BEFORE_TABLE, PHRASES
from ahjo_tasks.sql.references.tokens import keywords, name_tokens, word_set
from ahjo_tasks.sql.stated_effects import stated_effects

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from ahjo_tasks.sql.lexer import Syntax

DROPPED = word_set(
    "AGGREGATE ASSEMBLY CERTIFICATE COLLATION COLLECTION CREDENTIAL DATABASE DOMAIN EVENT EXTENSION FUNCTION INDEX KEY "
    "LOGIN PACKAGE POLICY PROC PROCEDURE QUEUE ROLE RULE SCHEMA SEQUENCE SERVER SYNONYM TABLE TABLES TRIGGER TYPE USER "
    "VIEW"
)
"""Kinds of objects after DROP; of one of several words, at least one of these."""
WITHOUT_NAME = (("MASTER", "KEY"), ("DATABASE", "ENCRYPTION", "KEY"))
"""Kinds of which a database of SQL Server has one, without a name."""
BEFORE_KIND = word_set("MATERIALIZED FOREIGN TEMPORARY TEMP PARTITION SECURITY")
ALTERING = frozenset({"ALTER", *BEFORE_TABLE})
NO_COLUMN = word_set(
    "CHECK CONSTRAINT DEFAULT EXPRESSION FOREIGN IDENTITY INDEX KEY NOT PERIOD PRIMARY SYSTEM CONVERT EXTERNAL"
)
"""Words after DROP of ALTER TABLE that lose no rows."""
NO_DELETE = PERMISSIONS | word_set("ON BEFORE INSTEAD THEN")
"""Words before DELETE that make it a part of something else; of MERGE, the condition limits the rows."""
NO_UPDATE = PERMISSIONS | word_set("ON FOR KEY DO THEN BEFORE AFTER INSTEAD OF OR")
"""Words before UPDATE that make it a part of something else."""
ALTERNATIVES = word_set("OR ROLLBACK ABORT REPLACE FAIL")
"""Words between UPDATE and the table on SQLite, besides IGNORE."""
FILLING = word_set("IF EXISTS ONLY CONCURRENTLY TABLE COLUMN FOR FROM LOW_PRIORITY QUICK IGNORE")
LIMITS = word_set("WHERE LIMIT JOIN TOP PORTION")
ENDS_STATEMENT = word_set(
    "; GO INSERT UPDATE DELETE MERGE TRUNCATE SELECT SET CREATE ALTER DROP EXEC EXECUTE DECLARE PRINT "
    "IF BEGIN END COMMIT"
)
REPLACED = word_set("DATABASE SCHEMA TABLE ROLE USER")
"""Kinds of objects that MariaDB drops for CREATE OR REPLACE, with all that they hold."""
COPIED = "_alembic_tmp_"
"""The prefix of the table to which Alembic copies the rows of one that SQLite cannot alter."""


def find_losses(statements: Iterable[str], syntax: Syntax) -> list[str]:
    """Return what statements destroy, as in `DROP TABLE shop`, `DELETE FROM shop without WHERE`.

    An UPDATE of all rows destroys nothing where all its columns were added before, by one of these statements.
    For SQL Server the texts are batches, for others single statements. Bodies of modules, and texts that a statement
    executes, run later or are not known: they are not read.
    """
    found: list[str] = []
    added: set[str] = set()
    for text in statements:
        tokens = name_tokens(text, syntax)
        words = keywords(tokens, syntax)
        later = is_module(words) if syntax is MSSQL else words[:1] == ["CREATE"]
        if not later:
            found += _losses(tokens, words, added, several=syntax is MSSQL)
        elif words[1:3] == ["OR", "REPLACE"] and REPLACED.intersection(words[3:4]):
            found.append(f"CREATE OR REPLACE {words[3]} {_name(tokens, 4)}")
        effects = stated_effects(text, syntax) if "ADD" in words else ()
        added |= {effect.name.upper() for effect in effects if effect.kind == "column" and effect.present}
    copied = {loss for loss in found if any(f"{COPIED}{loss.rpartition(' ')[2]}" in text for text in statements)}
    return [loss for loss in dict.fromkeys(found) if loss not in copied]


def _losses(tokens: Sequence[str], words: Sequence[str], added: set[str], *, several: bool) -> Iterator[str]:
    """Yield what the words of a statement or batch, which has `several` statements without a mark, destroy."""
    table = ""
    for index, (before, word) in enumerate(zip(("", *words), words, strict=False)):
        rest = words[index + 1 :]
        if word == "TABLE" and before in ALTERING:
            table = _name(tokens, index + 1)
        elif several and (word == ";" or (word == "ALTER" and rest[:1] != ["COLUMN"])):
            table = ""
        elif table and not several and (lost := _parts(tokens, words, index, table)):
            yield from lost
        elif word == "TRUNCATE" and before not in PERMISSIONS:
            yield from (f"TRUNCATE {name}" for name in _names(tokens, index + 1))
        elif word == "DELETE" and before not in NO_DELETE and rest[:1] != [")"]:
            yield from _deleted(tokens, words, index, several=several)
        elif word == "UPDATE" and before not in NO_UPDATE and rest[:1] not in (["("], ["SET"], ["STATISTICS"]):
            name = _name(tokens, index + 1, FILLING | ALTERNATIVES)
            if _overwrites(rest, added, several=several) and not _is_part(tokens, words, index, name):
                yield f"UPDATE {name} without WHERE"
        elif word == "DROP" and rest and before not in PERMISSIONS - {","}:
            yield from _dropped(tokens, words, index + 1, (table, several))


def _deleted(tokens: Sequence[str], words: Sequence[str], index: int, *, several: bool) -> Iterator[str]:
    """Yield what a DELETE takes, where it takes all rows, or all of their history in MariaDB."""
    name, rest = _name(tokens, index + 1), words[index + 1 :]
    if rest[:2] == ["HISTORY", "FROM"]:
        if "BEFORE" not in rest:
            yield f"DELETE HISTORY FROM {_name(tokens, index + 3)} without BEFORE"
    elif not _has_condition(rest, several=several) and not _is_part(tokens, words, index, name):
        yield f"DELETE FROM {name} without WHERE"


def _is_part(tokens: Sequence[str], words: Sequence[str], index: int, name: str) -> bool:
    """Test for a temporary table or a variable of SQL Server, and for an expression before that limits its rows."""
    if name.startswith(("#", "@")):
        return True
    for place in range(index - 2):
        if tokens[place].lower() == name.lower() and words[place + 1 : place + 3] == ["AS", "("]:
            return not LIMITS.isdisjoint(_outer_words(words[place + 3 :], ()))
    return False


def _parts(tokens: Sequence[str], words: Sequence[str], index: int, table: str) -> list[str]:
    """Return what an action of MySQL's ALTER TABLE takes: partitions, the table's file, the history of its rows."""
    word, rest = words[index], words[index + 1 : index + 3]
    if rest[:1] == ["PARTITION"] and word in {"DROP", "TRUNCATE", "DISCARD"}:
        return [f"{word} PARTITION {table}.{name}" for name in _names(tokens, index + 2)]
    if [word, *rest] == ["DROP", "SYSTEM", "VERSIONING"]:
        return [f"DROP SYSTEM VERSIONING of {table}"]
    return [f"DISCARD TABLESPACE of {table}"] if [word, *rest[:1]] == ["DISCARD", "TABLESPACE"] else []


def _dropped(tokens: Sequence[str], words: Sequence[str], index: int, altered: tuple[str, bool]) -> Iterator[str]:
    """Yield what is dropped by the DROP before a position.

    `altered` is a table that is being altered, and whether this is SQL Server: there a list is of constraints up to
    the word COLUMN, and a column that is altered drops only a property.
    """
    first, (table, several) = index, altered
    if words[max(index - 4, 0) : index - 2] == ["ALTER", "COLUMN"]:
        return
    nameless = [kind for kind in WITHOUT_NAME if several and tuple(words[index : index + len(kind)]) == kind]
    if nameless:
        yield f"DROP {' '.join(*nameless)}"
        return
    end = _kind_end(words, index)
    while end == index and index < len(words) - 1 and words[index] in BEFORE_KIND:
        index += 1
        end = _kind_end(words, index)
    if not DROPPED.isdisjoint(words[index:end]) and not (table and words[index] in NO_COLUMN):
        kind = " ".join(words[first:end]).replace("TABLES", "TABLE")
        yield from (f"DROP {kind} {name}" for name in _names(tokens, end))
    elif table and several:
        yield from (f"DROP COLUMN {table}.{name}" for name in _columns(tokens, words, index))
    elif table and words[index] not in NO_COLUMN:
        yield from (f"DROP COLUMN {table}.{name}" for name in _names(tokens, index)[:1])


def _kind_end(words: Sequence[str], index: int) -> int:
    """Return the index behind the words of a kind of objects; the index itself where none is named."""
    for phrase, _kind in PHRASES.get(words[index], ()):
        if tuple(words[index : index + len(phrase)]) == phrase:
            return index + len(phrase)
    return index + (words[index] in DROPPED)


def _columns(tokens: Sequence[str], words: Sequence[str], index: int) -> Iterator[str]:
    """Yield the columns of a list of SQL Server, in which COLUMN and CONSTRAINT hold for what follows."""
    kind = ""
    while index < len(tokens):
        kind = words[index] if words[index] in {"COLUMN", "CONSTRAINT"} else kind
        index = _skip(tokens, index + (words[index] in {"COLUMN", "CONSTRAINT"}))
        if kind == "COLUMN" and index < len(tokens):
            yield tokens[index]
        if words[index + 1 : index + 2] != [","]:
            return
        index += 2


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


def _name(tokens: Sequence[str], index: int, skipped: frozenset[str] = FILLING) -> str:
    index = _skip(tokens, index, skipped)
    return tokens[index] if index < len(tokens) else ""


def _skip(tokens: Sequence[str], index: int, skipped: frozenset[str] = FILLING) -> int:
    while index < len(tokens) and tokens[index].upper() in skipped:
        index += 1
    return index


def _has_condition(words: Sequence[str], *, several: bool) -> bool:
    """Test whether the rest of a DELETE limits its rows, as far as its own brackets and statement go."""
    return not LIMITS.isdisjoint(_outer_words(words, ENDS_STATEMENT if several else {";"}))


def _overwrites(words: Sequence[str], added: set[str], *, several: bool) -> bool:
    """Test whether the rest of an UPDATE sets columns of all rows that were not added before."""
    before = [*takewhile("SET".__ne__, _outer_words(words, ENDS_STATEMENT - {"SET"} if several else {";"}))]
    if "SET" not in words or not LIMITS.isdisjoint(before):
        return False
    after = words[words.index("SET") + 1 :]
    own = [*_outer_words(after, ENDS_STATEMENT if several else {";"})]
    columns = {name.rpartition(".")[2].strip('"`[]') for name, mark in pairwise(own) if mark == "="}
    return LIMITS.isdisjoint(own) and not (columns and columns <= added)


def _outer_words(words: Sequence[str], ends: Container[str]) -> Iterator[str]:
    """Yield the words of a statement that stand in no brackets and no CASE."""
    depth = 0
    for word in words:
        depth += (word in {"(", "CASE"}) - (word in {")", "END"})
        if depth < 0 or (depth == 0 and word in ends):
            return
        if depth == 0:
            yield word
