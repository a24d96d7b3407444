"""State of a SQL Server session beside its options: locks, values, cursors, temporary objects, open keys, users."""

from __future__ import annotations

import re
from itertools import dropwhile, islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import ServerError, StatementError
from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.source import ascii_upper
from ahjo_tasks.sql.temporary_tables import temporary_tables
from ahjo_tasks.sql.tokens import NAMES, tokenize
from ahjo_tasks.sql.tsql import is_module

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.database.dialects.base import OpenConnection
    from ahjo_tasks.sql.tokens import Token

WORDS = (
    "SP_GETAPPLOCK",
    "SP_SET_SESSION_CONTEXT",
    "SP_SETAPPROLE",
    "CONTEXT_INFO",
    "CURSOR",
    "REVERT",
    "COOKIE",
    "NORESET",
    "SYMMETRIC",
    "MASTER",
    "TRACEON",
    "#",
)
"""A part of each statement that is looked for: to search for these is faster than to read tokens."""
PARAMETERS = {
    "SP_GETAPPLOCK": ("@RESOURCE", "@LOCKMODE", "@LOCKOWNER", "@LOCKTIMEOUT", "@DBPRINCIPAL"),
    "SP_SET_SESSION_CONTEXT": ("@KEY", "@VALUE", "@READ_ONLY"),
}
_WHOLE_SERVER = re.compile(r"-\s*1\b")
_NUMBER = re.compile(r"[0-9]+")
MAX_RELEASES = 100
"""Number of times that one lock is released, at most: a session may hold it many times."""
CLOSE_MASTER_KEY = "SET XACT_ABORT OFF; BEGIN TRY CLOSE MASTER KEY END TRY BEGIN CATCH END CATCH; SET XACT_ABORT ON"
"""The server tells of no open master key; to close one that is not open is an error, which may doom no transaction."""
SAVED = "ahjo saved "
"""Beginning of the keys under which values of the session's context are kept meanwhile."""


class KeptState(NamedTuple):
    """State that batches may leave behind."""

    locks: tuple[tuple[str, str], ...] = ()
    """Resources of locks that the session owns, and the principal that each is for."""
    keys: tuple[str, ...] = ()
    """Keys of values in the session's context."""
    cursors: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    """Temporary procedures."""
    encryption_keys: tuple[str, ...] = ()
    trace_flags: tuple[str, ...] = ()
    """Numbers of trace flags that are on for the session."""
    context_info: bool = False
    master_key: bool = False
    """True if the last statement about the master key opens it."""


def kept_state(texts: Sequence[str]) -> KeptState:
    """Find what the batches may leave behind. Raises StatementError for what nobody could take back."""
    locks: dict[tuple[str, str], None] = {}
    keys: dict[str, None] = {}
    cursors: dict[str, None] = {}
    encryption_keys: dict[str, None] = {}
    trace_flags: dict[str, None] = {}
    context_info = False
    procedures = [name for text in texts if "#" in text and is_module(text) for name in _temporary_procedure(text)]
    found = [text for text in texts if any(word in ascii_upper(text) for word in WORDS) and not is_module(text)]
    words = {token.word for text in found for token in tokenize(text, MSSQL)}
    for text in found:
        tokens = list(tokenize(text, MSSQL, numbers=True))
        _refuse_users(tokens, words)
        for index, token in enumerate(tokens):
            name = token.value.upper() if token.kind in NAMES else ""
            before = tokens[index - 1].word if index else ""
            if name == "SP_GETAPPLOCK":
                locks |= dict.fromkeys(_locks(_arguments(tokens[index + 1 :], PARAMETERS[name]), words))
            elif name == "SP_SET_SESSION_CONTEXT":
                keys |= dict.fromkeys(_keys(_arguments(tokens[index + 1 :], PARAMETERS[name])))
            elif name == "CONTEXT_INFO" and before == "SET":
                context_info = True
            elif token.word == "SYMMETRIC" and before == "OPEN":
                encryption_keys |= dict.fromkeys(token.value for token in tokens[index + 2 : index + 3])
            elif token.word == "TRACEON":
                trace_flags |= dict.fromkeys(_trace_flags(text, token))
            elif token.word == "CURSOR":
                cursors |= dict.fromkeys(_cursors(tokens[:index], tokens[index + 1 : index + 2]))
    return KeptState(
        tuple(locks),
        tuple(keys),
        tuple(cursors),
        tuple(name for _kind, name in temporary_tables(found, MSSQL)),
        tuple(procedures),
        tuple(encryption_keys),
        tuple(trace_flags),
        context_info,
        _leaves_master_key_open(found),
    )


def _leaves_master_key_open(texts: Sequence[str]) -> bool:
    """Test whether the last statement about the master key opens it."""
    said = [
        before.word for text in texts for before, token in pairwise(tokenize(text, MSSQL)) if token.word == "MASTER"
    ]
    return [word for word in said if word in {"OPEN", "CLOSE"}][-1:] == ["OPEN"]


def _temporary_procedure(text: str) -> Iterator[str]:
    """Yield the name of the temporary procedure that a module creates."""
    head = [*islice(dropwhile(lambda token: token.word not in {"PROC", "PROCEDURE"}, tokenize(text, MSSQL)), 2)]
    yield from (token.value for token in head[1:] if token.kind in NAMES and token.value.startswith("#"))


def _trace_flags(text: str, token: Token) -> Iterator[str]:
    """Yield the numbers of DBCC TRACEON, unless -1 among them has it set the flags for the whole server."""
    arguments = text[token.offset :].partition(")")[0]
    if not _WHOLE_SERVER.search(arguments):
        yield from _NUMBER.findall(arguments)


def _refuse_users(tokens: Sequence[Token], words: set[str]) -> None:
    """Refuse to take on a user without a way back."""
    said = [token.word for token in tokens]
    reverted = any(said[index : index + 3] == ["REVERT", "WITH", "COOKIE"] for index in range(len(said)))
    for index, word in enumerate(said):
        following = said[index + 1 : index + 3]
        if word == "NO" and following[:1] == ["REVERT"]:
            _refuse("EXECUTE AS ... WITH NO REVERT", "takes on a user until the connection ends", "Write REVERT.")
        if word == "NORESET":
            _refuse("SETUSER ... WITH NORESET", "takes on a user until the connection ends", "Leave WITH NORESET out.")
        if word == "COOKIE" and following[:1] == ["INTO"] and not reverted:
            hint = "Write REVERT WITH COOKIE in the same batch."
            _refuse("EXECUTE AS ... WITH COOKIE", "takes on a user, and only the cookie leads back", hint)
        if word == "SP_SETAPPROLE" and "SP_UNSETAPPROLE" not in words:
            hint = "Call sp_unsetapprole with its cookie in the same batch."
            _refuse("sp_setapprole", "takes on a role until the connection ends", hint)


def _refuse(statement: str, why: str, hint: str) -> None:
    raise StatementError(ServerError(f"{statement} {why}: later files would run so, too.", hint=hint))


Arguments = dict[str, "Token"]


def _arguments(tokens: Sequence[Token], parameters: Sequence[str]) -> Arguments:
    """Read the arguments of EXEC, by name or by position."""
    arguments: Arguments = {}
    position = 0
    while position < len(tokens) and tokens[position].kind != "mark":
        name = parameters[len(arguments)] if len(arguments) < len(parameters) else ""
        if tokens[position].word.startswith("@") and _value(tokens, position + 1) == "=":
            name, position = tokens[position].word, position + 2
        if position < len(tokens):
            arguments[name] = tokens[position]
        position += 2 if _value(tokens, position + 1).upper() in {"OUT", "OUTPUT"} else 1
        if _value(tokens, position) != ",":
            break
        position += 1
    return arguments


def _value(tokens: Sequence[Token], position: int) -> str:
    return tokens[position].value if position < len(tokens) else ""


def _literal(arguments: Arguments, name: str, default: str | None) -> str | None:
    """Return the value of an argument; None for that of a variable."""
    token = arguments.get(name)
    if token is None:
        return default
    return None if token.word.startswith("@") else token.value


def _locks(arguments: Arguments, words: set[str]) -> Iterator[tuple[str, str]]:
    owner = _literal(arguments, "@LOCKOWNER", "Transaction")
    resource, principal = _literal(arguments, "@RESOURCE", ""), _literal(arguments, "@DBPRINCIPAL", "public")
    if owner is not None and owner.upper() != "SESSION":
        return
    if resource is None or principal is None:
        if "SP_RELEASEAPPLOCK" not in words:
            _refuse(
                "sp_getapplock for the session",
                "takes a lock whose name is known only when it runs, and nothing releases it",
                "Call sp_releaseapplock in the same file, or write the name of the lock as text.",
            )
    else:
        yield resource, principal


def _keys(arguments: Arguments) -> Iterator[str]:
    key, read_only = _literal(arguments, "@KEY", ""), _literal(arguments, "@READ_ONLY", "0")
    if read_only != "0":
        hint = "Leave @read_only out: the value is restored after the file."
        _refuse("sp_set_session_context with @read_only", "sets a value until the connection ends", hint)
    if key is None:
        hint = "Write the key as text: then the value is restored after the file."
        _refuse("sp_set_session_context", "sets a value whose key is known only when it runs", hint)
    else:
        yield key


def _cursors(before: Sequence[Token], after: Sequence[Token]) -> Iterator[str]:
    """Yield the name in DECLARE name [INSENSITIVE] [SCROLL] CURSOR, unless it is local or a variable."""
    tokens = [token for token in before[-4:] if token.word not in {"INSENSITIVE", "SCROLL"}]
    local = bool(after) and after[0].word == "LOCAL"
    if len(tokens) > 1 and tokens[-2].word == "DECLARE" and not tokens[-1].value.startswith("@") and not local:
        yield tokens[-1].value


def prepare(connection: OpenConnection, state: KeptState) -> list[str]:
    """Keep the values that the batches may overwrite. Returns the statements that take back what the batches left."""
    quote, name_of = connection.dialect.quote_literal, connection.dialect.quote
    undo = [
        f"IF OBJECT_ID({quote(f'tempdb..{name_of(table)}')}) IS NOT NULL DROP TABLE {name_of(table)}"
        for table in _missing(connection, state.tables)
    ]
    undo += [f"DROP PROCEDURE IF EXISTS {name_of(name)}" for name in _missing(connection, state.procedures)]
    undo += [
        f"IF CURSOR_STATUS('global', {quote(cursor)}) > -3 EXEC({quote(f'DEALLOCATE {name_of(cursor)}')})"
        for cursor in state.cursors
    ]
    undo += [_release(connection, *lock) for lock in state.locks]
    undo += [_close(connection, key) for key in state.encryption_keys]
    undo += [CLOSE_MASTER_KEY] if state.master_key else []
    undo += [_trace_off(connection, flag) for flag in state.trace_flags]
    for number, key in enumerate(state.keys):
        saved = quote(f"{SAVED}{number}")
        connection.query(_copy_value(quote(key), saved))
        undo.append(f"{_copy_value(saved, quote(key))}; EXEC sys.sp_set_session_context {saved}, NULL")
    if state.context_info:
        value = bytes(connection.query("SELECT CONTEXT_INFO()")[0][0] or b"").rstrip(b"\0")
        undo.append(f"SET CONTEXT_INFO 0x{value.hex()}")
    return undo


def _copy_value(source: str, target: str) -> str:
    """Copy a value on the server, for a driver may not keep its type."""
    return f"DECLARE @value sql_variant = SESSION_CONTEXT({source}); EXEC sys.sp_set_session_context {target}, @value"


def _missing(connection: OpenConnection, names: Sequence[str]) -> list[str]:
    """Return the temporary objects that there are not yet; those that there are belong to whoever created them."""
    quote, name_of = connection.dialect.quote_literal, connection.dialect.quote
    if not names:
        return []
    ids = ", ".join(f"OBJECT_ID({quote(f'tempdb..{name_of(name)}')})" for name in names)
    row = connection.query(f"SELECT {ids}")[0]
    return [name for name, number in zip(names, row, strict=True) if number is None]


def _close(connection: OpenConnection, key: str) -> str:
    """Build the batch that closes a symmetric key, unless it was open before."""
    is_open = (
        f"SELECT 1 FROM sys.openkeys WHERE database_id = DB_ID() AND key_name = {connection.dialect.quote_literal(key)}"
    )
    if connection.query(is_open):
        return ""
    return f"IF EXISTS ({is_open}) CLOSE SYMMETRIC KEY {connection.dialect.quote(key)}"


def _trace_off(connection: OpenConnection, flag: str) -> str:
    """Build the statement that switches a trace flag off for the session, unless it was on before."""
    row = next(iter(connection.query(f"DBCC TRACESTATUS ({flag}) WITH NO_INFOMSGS")), ())
    return "" if any(row[1:]) else f"DBCC TRACEOFF ({flag}) WITH NO_INFOMSGS"


def _release(connection: OpenConnection, resource: str, principal: str) -> str:
    """Build the batch that releases all that the session holds of a lock, but what it held before."""
    quote = connection.dialect.quote_literal
    arguments = f"{quote(principal)}, {quote(resource)}, 'Session'"
    held = connection.query(f"SELECT APPLOCK_MODE({arguments})")[0][0]
    if held != "NoLock":
        return ""
    return (
        f"DECLARE @turn int = 0; WHILE @turn < {MAX_RELEASES} AND APPLOCK_MODE({arguments}) <> 'NoLock' BEGIN"
        f" EXEC sp_releaseapplock @Resource = {quote(resource)}, @LockOwner = 'Session',"
        f" @DbPrincipal = {quote(principal)}; SET @turn += 1 END"
    )
