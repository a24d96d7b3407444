"""State of a SQL Server session beside its options: locks, values, cursors, temporary tables, users."""

from __future__ import annotations

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
    "#",
)
"""A part of each statement that is looked for: to search for these is faster than to read tokens."""
PARAMETERS = {
    "SP_GETAPPLOCK": ("@RESOURCE", "@LOCKMODE", "@LOCKOWNER", "@LOCKTIMEOUT", "@DBPRINCIPAL"),
    "SP_SET_SESSION_CONTEXT": ("@KEY", "@VALUE", "@READ_ONLY"),
}
MAX_RELEASES = 100
"""Number of times that one lock is released, at most: a session may hold it many times."""
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
    context_info: bool = False


def kept_state(texts: Sequence[str]) -> KeptState:
    """Find what the batches may leave behind. Raises StatementError for what nobody could take back."""
    locks: dict[tuple[str, str], None] = {}
    keys: dict[str, None] = {}
    cursors: dict[str, None] = {}
    context_info = False
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
            elif token.word == "CURSOR":
                cursors |= dict.fromkeys(_cursors(tokens[:index], tokens[index + 1 : index + 2]))
    tables = tuple(name for _kind, name in temporary_tables(found, MSSQL))
    return KeptState(tuple(locks), tuple(keys), tuple(cursors), tables, context_info)


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
    missing = _missing_tables(connection, state.tables)
    undo = [
        f"IF OBJECT_ID({quote(f'tempdb..{name_of(table)}')}) IS NOT NULL DROP TABLE {name_of(table)}"
        for table in missing
    ]
    undo += [
        f"IF CURSOR_STATUS('global', {quote(cursor)}) > -3 EXEC({quote(f'DEALLOCATE {name_of(cursor)}')})"
        for cursor in state.cursors
    ]
    undo += [_release(connection, *lock) for lock in state.locks]
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


def _missing_tables(connection: OpenConnection, tables: Sequence[str]) -> list[str]:
    """Return the temporary tables that there are not yet; those that there are belong to whoever created them."""
    quote, name_of = connection.dialect.quote_literal, connection.dialect.quote
    if not tables:
        return []
    ids = ", ".join(f"OBJECT_ID({quote(f'tempdb..{name_of(table)}')})" for table in tables)
    row = connection.query(f"SELECT {ids}")[0]
    return [table for table, number in zip(tables, row, strict=True) if number is None]


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
