"""The session of a PostgreSQL connection: which statements may change it, its state, and putting that back."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import ServerError, SourceError, StatementError
from ahjo_tasks.sql.lexer import POSTGRESQL
from ahjo_tasks.sql.references.builtin_functions import BUILTIN_FUNCTIONS
from ahjo_tasks.sql.references.tokens import word_set
from ahjo_tasks.sql.source import SourceText, ascii_upper
from ahjo_tasks.sql.splitters import postgresql
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ahjo_tasks.database.dialects.base import OpenConnection, Restore

GAP = POSTGRESQL.gap()
REPORTED = (
    *("client_encoding", "DateStyle", "IntervalStyle", "TimeZone", "standard_conforming_strings", "search_path"),
    *("application_name", "default_transaction_read_only", "session_authorization"),
)
"""Parameters that servers report to drivers; older ones fewer than newer ones."""
_PREFILTER = re.compile(
    r"\b(?:SET|RESET|DISCARD|DO|CALL|EXECUTE|PREPARE|DEALLOCATE|DECLARE|LISTEN|SELECT|SET_CONFIG|TEMP(?:ORARY)?|PG_TEMP"
    r"|PG_(?:TRY_)?ADVISORY\w*)\b"
)
_FIRST = frozenset({"RESET", "DISCARD", "CALL", "EXECUTE", "PREPARE", "DEALLOCATE", "DECLARE", "LISTEN"})
_TRANSACTION_ONLY = frozenset({"TRANSACTION", "CONSTRAINTS"})
"""Words after SET that change the transaction alone."""
_IN_BLOCK = re.compile(r"\b(?:SET|RESET|DISCARD|SET_CONFIG|CALL|EXECUTE|LISTEN|HOLD|PG_(?:TRY_)?ADVISORY\w*)\b")
_CHANGES = re.compile(r"\b(?:SET_CONFIG|TEMP(?:ORARY)?|PG_TEMP|PG_(?:TRY_)?ADVISORY\w*)\b")
_WRITES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE|TRUNCATE|COPY|WITH)\b")
_DEFINITIONS = frozenset({"CREATE", "ALTER", "COMMENT", "GRANT", "REVOKE", "DROP"})
_AT_ONCE = re.compile(
    rf"(?:CREATE\b{GAP}(?:OR\b{GAP}REPLACE\b{GAP}|GLOBAL\b{GAP}|LOCAL\b{GAP}|UNLOGGED\b{GAP}|)?+"
    rf"(?:TABLE|TEMP|TEMPORARY|MATERIALIZED)|ALTER\b{GAP}TABLE)\b"
)
"""The beginning of a definition that may do so at once: of a temporary object, by CREATE TABLE ... AS, or by USING."""
_TEMPORARY_SCHEMA = re.compile(r"CREATE\b[^('$;]*?\bPG_TEMP\"?\s*+\.")
"""The beginning of a definition of a temporary object: of a type, a function ... by its schema."""
_CALL = re.compile(r"(?<![\w$\"])([A-Z_][\w$]*+|\"[^\"]++\")\s*+\(")
_NO_OWN_FUNCTION = BUILTIN_FUNCTIONS[POSTGRESQL] | word_set(
    "all and any array as assert bit by case check decimal distinct else elsif enum except exists filter from group"
    " if in intersect into join key lateral like materialized not numeric on or order over partition perform raise"
    " references return returning row select set setval some tablesample then timestamp union unique using values"
    " varchar varying when where with within nextval currval lastval pg_get_serial_sequence current_setting"
)
"""Words that may stand before a parenthesis where no function of somebody's own is called."""
_CUSTOM = re.compile(r"(?<![\w.\"$])[A-Za-z_][\w$]*+(?:\.[A-Za-z_][\w$]*+)+(?![\w.\"(])")
"""A name that may be that of a parameter of somebody's own, as in SET app.user = 'x'."""

SETTINGS = "SELECT 'setting', name, setting FROM pg_catalog.pg_settings WHERE source = 'session' UNION ALL "
"""Asked for only before a file: the server makes this list of all that can be set, which takes most of the time."""
STATE = (
    "SELECT 'role', pg_catalog.current_setting('role'), session_user::text"
    " UNION ALL SELECT 'custom', n, pg_catalog.current_setting(n, true) FROM unnest(ARRAY[{custom}]::text[]) n"
    " UNION ALL SELECT 'prepared', name, NULL FROM pg_catalog.pg_prepared_statements WHERE from_sql"
    " UNION ALL SELECT 'cursor', name, NULL FROM pg_catalog.pg_cursors WHERE is_holdable"
    " UNION ALL SELECT 'temporary', i.identity, pg_catalog.replace(i.type, ' object', '') FROM pg_catalog.pg_depend d,"
    " pg_catalog.pg_identify_object(d.classid, d.objid, 0) i WHERE d.refclassid = 'pg_catalog.pg_namespace'::regclass"
    " AND d.refobjid = pg_catalog.pg_my_temp_schema()"
    " UNION ALL SELECT 'listen', c, NULL FROM pg_catalog.pg_listening_channels() c"
    " UNION ALL SELECT 'lock', classid || ' ' || objid || ' ' || objsubid, mode FROM pg_catalog.pg_locks"
    " WHERE locktype = 'advisory' AND granted AND pid = pg_catalog.pg_backend_pid()"
)
MAX_UNLOCKS = 1000
"""Number of times that one lock is released, at most: a session may hold it many times."""
SHARED = "ShareLock"


class State(NamedTuple):
    """State of the session, the rows of the query `STATE`; `settings` only of that with `SETTINGS`."""

    user: str
    role: str
    settings: dict[str, str]
    custom: dict[str, str | None]
    prepared: set[str]
    cursors: set[str]
    channels: set[str]
    temporary: dict[str, str]
    locks: set[tuple[str, str]]


def changing_statements(text: str) -> list[str]:
    """List the statements that may change the session; the body of a routine runs later, that of DO at once."""
    upper = ascii_upper(text)
    if not _PREFILTER.search(upper):
        return []
    spans = postgresql.statement_spans(SourceText(text))
    try:
        return [text[start:end] for start, end in spans if _may_change(text[start:end], upper[start:end])]
    except SourceError:  # the server is to say what is wrong with it
        return [text]


def _may_change(statement: str, upper: str) -> bool:
    first, second, *_ = [*(token.word for token in islice(tokenize(statement, POSTGRESQL), 2)), "", ""]
    if first == "SET":
        return second not in _TRANSACTION_ONLY
    if first == "DO":
        return _IN_BLOCK.search(upper) is not None or _calls_own_function(upper)
    if first in _FIRST:
        return (first, second) != ("PREPARE", "TRANSACTION")
    if first in _DEFINITIONS and not _AT_ONCE.match(upper):
        return _TEMPORARY_SCHEMA.match(upper) is not None
    inserts_rows = first == "INSERT" and "SELECT" not in upper
    may_call = first not in _DEFINITIONS and not inserts_rows
    return _CHANGES.search(upper) is not None or (may_call and _calls_own_function(upper))


def _calls_own_function(upper: str) -> bool:
    """Test whether a function is called that the server does not bring: its body may set anything."""
    return any(name.strip('"').lower() not in _NO_OWN_FUNCTION for name in _CALL.findall(upper))


def _writes_rows(text: str) -> bool:
    """Test whether a statement changes rows, which may set off a trigger: its body may set anything."""
    upper = ascii_upper(text)
    if not _WRITES.search(upper):
        return False
    try:
        spans = postgresql.statement_spans(SourceText(text))
        return any(_WRITES.match(upper, start) is not None for start, _end in spans)
    except SourceError:  # the server is to say what is wrong with it
        return True


def save(connection: OpenConnection, texts: Iterable[str]) -> Restore | None:
    """Ask for the state of the session, and return what puts it back; None where no statement may change it."""
    texts = list(texts)
    statements = [statement for text in texts for statement in changing_statements(text)]
    if not statements and not any(map(_writes_rows, texts)):
        return None
    dialect = connection.dialect
    names = {name.lower() for statement in statements for name in _CUSTOM.findall(statement)}
    question = STATE.format(custom=", ".join(map(dialect.quote_literal, sorted(names))))
    before = _state(connection, SETTINGS + question)

    def restore(failed: bool) -> None:
        if failed and connection.in_shared_transaction:
            return  # the rollback, to the savepoint or of all, takes the settings back
        with connection.messages_to(lambda _message: None):
            after = _state(connection, question)
            _restore_user(connection, before, after)
            connection.query("; ".join((*_reset(connection, before), *_closing(connection, before, after))))
            _restore_locks(connection, before.locks, after.locks)

    return restore


def restore_reported(connection: OpenConnection, before: Mapping[str, str]) -> None:
    """Set parameters to what they were."""
    quote = connection.dialect.quote_literal
    user = before.get("session_authorization")
    statements = [f"SET SESSION AUTHORIZATION {connection.dialect.quote(user)}"] if user else []
    statements += [
        f"SELECT pg_catalog.set_config({quote(name)}, {quote(value)}, false)"
        for name, value in before.items()
        if name != "session_authorization"
    ]
    connection.query("; ".join(statements))


def _state(connection: OpenConnection, question: str) -> State:
    rows = connection.query(question)

    def pairs(kind: str) -> list[tuple[str, str]]:
        return [(row[1], row[2]) for row in rows if row[0] == kind]

    def names(kind: str) -> set[str]:
        return {name for name, _value in pairs(kind)}

    ((role, user),) = pairs("role")
    return State(
        user,
        role,
        dict(pairs("setting")),
        dict(pairs("custom")),
        names("prepared"),
        names("cursor"),
        names("listen"),
        dict(pairs("temporary")),
        {(key, mode) for key, mode in pairs("lock")},
    )


def _restore_user(connection: OpenConnection, before: State, after: State) -> None:
    """Set user and role first: they decide what the other statements may do."""
    quote = connection.dialect.quote
    if after.user != before.user:
        connection.query(f"SET SESSION AUTHORIZATION {quote(before.user)}")
    if (after.role, after.user) != (before.role, before.user):
        connection.query(f"SET ROLE {'NONE' if before.role == 'none' else quote(before.role)}")


def _reset(connection: OpenConnection, before: State) -> list[str]:
    """Build the statements that put parameters back; of those of somebody's own the server gives no list."""
    quote = connection.dialect.quote_literal
    old = {**before.custom, **before.settings}
    return [
        "RESET ALL",
        *(
            f"SELECT pg_catalog.set_config({quote(name)}, {quote(value)}, false)"
            for name, value in old.items()
            if value is not None
        ),
    ]


def _closing(connection: OpenConnection, before: State, after: State) -> list[str]:
    """Build the statements that end what the file left: prepared statements, cursors, channels, temporary objects."""
    quote = connection.dialect.quote
    return [
        *(f"DEALLOCATE {quote(name)}" for name in sorted(after.prepared - before.prepared)),
        *(f"CLOSE {quote(name)}" for name in sorted(after.cursors - before.cursors)),
        *(f"UNLISTEN {quote(name)}" for name in sorted(after.channels - before.channels)),
        *(
            f"DROP {kind} IF EXISTS {name} CASCADE"
            for name, kind in sorted(after.temporary.items())
            if name not in before.temporary
        ),
    ]


def _restore_locks(connection: OpenConnection, before: set[tuple[str, str]], after: set[tuple[str, str]]) -> None:
    """Release the locks that the file took, and take those back that it released, ours among them."""
    for lock in after - before:
        for _ in range(MAX_UNLOCKS):
            if not connection.query(f"SELECT {_lock_call('pg_advisory_unlock', lock)}")[0][0]:
                break
    for lock in before - after:
        if not connection.query(f"SELECT {_lock_call('pg_try_advisory_lock', lock)}")[0][0]:
            raise StatementError(
                ServerError("It released the locks of the session, and another session has taken the lock of this run.")
            )


def _lock_call(function: str, lock: tuple[str, str]) -> str:
    """Build the call for a lock as pg_locks shows it: one key of 64 bits, or two of 32."""
    (high, low, keys), mode = lock[0].split(), lock[1]
    suffix = "_shared" if mode == SHARED else ""
    argument = f"({high}::bigint << 32) | {low}::bigint" if keys == "1" else f"{high}::oid::int4, {low}::oid::int4"
    return f"pg_catalog.{function}{suffix}({argument})"
