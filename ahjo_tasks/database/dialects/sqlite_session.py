"""The session of an SQLite connection, and statements that control transactions or refuse them."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.lexer import SQLITE
from ahjo_tasks.sql.source import ascii_upper
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ahjo_tasks.database.dialects.base import OpenConnection, Restore
    from ahjo_tasks.sql.splitters import Batch

OF_THE_SESSION = frozenset(
    {
        *("analysis_limit", "automatic_index", "busy_timeout", "cache_size", "cache_spill", "cell_size_check"),
        *("checkpoint_fullfsync", "count_changes", "defer_foreign_keys", "empty_result_callbacks", "foreign_keys"),
        *("full_column_names", "fullfsync", "ignore_check_constraints", "journal_size_limit"),
        *(
            "legacy_alter_table",
            "locking_mode",
            "max_page_count",
            "mmap_size",
            "query_only",
            "read_uncommitted",
            "recursive_triggers",
        ),
        *("reverse_unordered_selects", "secure_delete", "short_column_names", "soft_heap_limit", "synchronous"),
        *("temp_store", "threads", "trusted_schema", "wal_autocheckpoint", "writable_schema"),
    }
)
"""Pragmas that hold for the connection, and that can be asked for (sqlite.org/pragma.html)."""
OF_THE_PROCESS = frozenset({"hard_heap_limit", "temp_store_directory", "data_store_directory"})
"""Pragmas that hold for all connections of the process; the first of them can only be lowered."""
WRITE_ONLY = {"case_sensitive_like": "OFF"}
"""Pragmas that cannot be asked for, and their defaults."""
SET_BEFORE = frozenset({"foreign_keys", "temp_store"})
"""Pragmas that a transaction ignores, or takes only if they change nothing: they are set before it begins."""
REFUSED_PRAGMAS = frozenset({"journal_mode", "synchronous", "wal_checkpoint"})
"""Pragmas that a transaction ignores or refuses."""
ENDS = frozenset({"COMMIT", "END", "ROLLBACK"})
REFUSED = frozenset({"BEGIN", "VACUUM", "DETACH"})
"""First words of statements that no transaction takes; DETACH where it used the database."""
IN_TRANSACTION = ("within a transaction", "from within", "inside a transaction", "within transaction")
"""Messages of the library for a statement that a transaction refuses."""
MAY_REFUSE = re.compile(r"\b(?:PRAGMA|BEGIN|VACUUM|DETACH)\b")
"""A word of each of them: to search for it is faster than to split the text."""
_TEMPORARY = re.compile(r"\bTEMP(?:ORARY)?\b")
_MAY_CHANGE = re.compile(
    rf"{SQLITE.gap()}(?ai:PRAGMA|ATTACH|DETACH|BEGIN|SAVEPOINT|RELEASE|COMMIT|END|ROLLBACK|VACUUM)\b"
)
"""The first word of each statement that may change session or transaction."""


class Pragma(NamedTuple):
    """A PRAGMA statement: schema, name in lower case, and the value that it sets, empty where it only asks."""

    schema: str
    name: str
    value: str


def words(statement: str, count: int = 8) -> list[str]:
    """Return the first words and marks of a statement, in capitals, where it may change session or transaction."""
    if not _MAY_CHANGE.match(statement):
        return []
    return [token.value.upper() for token in islice(tokenize(statement, SQLITE, numbers=True), count)]


HEAD = 2000
"""Characters of a statement in which its first word stands, at most, comments before it included."""


def pragma(statement: str) -> Pragma | None:
    """Read a PRAGMA statement; None for any other statement."""
    parts = words(statement)
    if parts[:1] != ["PRAGMA"]:
        return None
    schema = parts[1] if parts[2:3] == ["."] else ""
    name, *rest = parts[3:] if schema else parts[1:]
    value = rest[1] if len(rest) > 1 and rest[0] in {"=", "("} else ""
    return Pragma(schema, name.lower(), value)


def non_transactional(statements: Iterable[str]) -> str:
    """Name the first statement that a transaction refuses or ignores, or that begins one of its own; else empty.

    Pragmas at the head of a file are set before its transaction begins, see `leading_pragmas`.
    """
    leading = True
    for statement in statements:
        first = words(statement, 1)
        setting = pragma(statement) if first == ["PRAGMA"] else None
        if first and first[0] in REFUSED:
            return first[0]
        if setting and _refused(setting, leading=leading):
            return f"PRAGMA {setting.name}"
        leading = leading and setting is not None
    return ""


def _refused(setting: Pragma, *, leading: bool) -> bool:
    """Return whether it would do something outside of a transaction alone; foreign keys are checked again anyway."""
    if setting.name in REFUSED_PRAGMAS:
        return bool(setting.value) or setting.name == "wal_checkpoint"
    on = setting.name == "foreign_keys" and setting.value in {"ON", "1", "TRUE", "YES"}
    return setting.name in SET_BEFORE and bool(setting.value) and not leading and not on


def leading_pragmas(statements: Iterable[str]) -> Iterator[str]:
    """Yield the pragmas before the first other statement that must be set outside of the file's transaction."""
    for statement in statements:
        setting = pragma(statement)
        if setting is None:
            return
        if setting.value and setting.name in SET_BEFORE:
            yield statement


def control(statements: Iterable[str]) -> str:
    """Name the first statement that begins or ends a transaction; empty for none."""
    for statement in statements:
        word, *rest = [*words(statement), ""]
        if word == "BEGIN" or (word in ENDS and "TO" not in rest[:2]):
            return word
    return ""


def check(batches: Sequence[Batch], path: Path | None) -> None:
    """Raise SourceError for a COMMIT without a BEGIN, a BEGIN without an end, and what cannot be put back."""
    opened: Batch | None = None
    for batch in batches:
        _check_pragma(batch, path)
        word, *rest = [*words(batch.text), ""]
        if word == "BEGIN":
            opened = opened or batch
        elif word in ENDS and "TO" not in rest[:2]:
            if opened is None:
                raise batch.error(f"{word} ends a transaction that the file did not begin", path, NO_END)
            opened = None
    if opened is not None:
        raise opened.error("BEGIN without a COMMIT: nothing would be kept", path, NO_BEGIN)


def _check_pragma(batch: Batch, path: Path | None) -> None:
    setting = pragma(batch.text)
    if setting and setting.value and setting.name in OF_THE_PROCESS:
        raise batch.error(f"PRAGMA {setting.name} is for the whole process, and cannot be put back", path, NO_PROCESS)


NO_PROCESS = "Leave it out: set it in the program that needs it."
NO_END = "Leave it out: each file is a transaction by itself. Or write BEGIN before what it is to commit."
NO_BEGIN = "Write COMMIT at the end, or leave it out: each file is a transaction by itself."


def save(connection: OpenConnection, texts: Sequence[str]) -> Restore | None:
    """Ask for the pragmas that the statements set, and return what puts them back; None where they set none."""
    settings = [setting for text in texts if (setting := pragma(text)) and setting.value]
    attaches = any(word in {"ATTACH", "DETACH"} for text in texts for word in words(text, 1))
    temporary = any(_TEMPORARY.search(ascii_upper(text[:HEAD])) for text in texts)
    if not (settings or attaches or temporary):
        return None
    databases, objects = _databases(connection), _temporary_objects(connection) if temporary else set()
    before = {
        setting[:2]: connection.query(f"PRAGMA {_name(*setting[:2])}")
        for setting in settings
        if setting.name in OF_THE_SESSION | {"journal_mode"}
    }
    if not connection.in_shared_transaction:
        for statement in leading_pragmas(texts):
            connection.query(statement)

    def restore(_failed: bool) -> None:
        for (schema, name), rows in before.items():
            _restore(connection, _name(schema, name), name, rows)
        for setting in settings:
            if setting.name in WRITE_ONLY:
                connection.query(f"PRAGMA {setting.name} = {WRITE_ONLY[setting.name]}")
        for database in _databases(connection) - databases:
            connection.query(f"DETACH {connection.dialect.quote(database)}")
        for kind, name in _temporary_objects(connection) - objects if temporary else ():
            connection.query(f"DROP {kind.upper()} IF EXISTS temp.{connection.dialect.quote(name)}")

    return restore


def _restore(connection: OpenConnection, pragma_name: str, name: str, before: list[tuple[object, ...]]) -> None:
    after = connection.query(f"PRAGMA {pragma_name}")
    if after == before or not before:
        return
    if name == "journal_mode" and "wal" in {before[0][0], after[0][0]}:
        return  # the mode of the file, which stays
    connection.query(f"PRAGMA {pragma_name} = {before[0][0]}")


def _name(schema: str, name: str) -> str:
    return f"{schema}.{name}" if schema else name


def _temporary_objects(connection: OpenConnection) -> set[tuple[str, str]]:
    """List kind and name; indexes and triggers go with their tables, and triggers of other tables by themselves."""
    rows = connection.query("SELECT type, name FROM sqlite_temp_master WHERE type <> 'index'")
    return {(str(kind), str(name)) for kind, name in rows}


def _databases(connection: OpenConnection) -> set[str]:
    return {str(row[1]) for row in connection.query("PRAGMA database_list")} - {"temp"}
