"""Application locks of SQL Server, which belong to a session, and the CONTEXT_INFO that says which it holds."""

from __future__ import annotations

from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from ahjo_tasks.database.dialects.base import Holder
from ahjo_tasks.errors import LockedError, StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.database.dialects.base import OpenConnection

CONTEXT_PREFIX = "ahjo "
MAX_CONTEXT_BYTES = 128
KEY_LENGTH = 8
"""Characters of the hash that stands in CONTEXT_INFO for the purpose of a lock, whose name may be too long for it."""

MARK = "ahjo transaction"
"""A lock that belongs to a transaction and is in nobody's way: who still has it is in the same transaction."""


def mark_transaction(connection: OpenConnection) -> None:
    """Take the lock by which the open transaction is known again. Raises StatementError."""
    owner = "@LockMode = 'Shared', @LockOwner = 'Transaction', @LockTimeout = 0"
    connection.query(f"DECLARE @code int; EXEC @code = sp_getapplock @Resource = N'{MARK}', {owner}; SELECT @code")


def is_marked(connection: OpenConnection) -> bool:
    """Return whether the open transaction has the lock. Raises StatementError."""
    return bool(connection.query(f"SELECT APPLOCK_MODE('public', N'{MARK}', 'Transaction')")[0][0] != "NoLock")


@contextmanager
def hold(
    connection: OpenConnection, owner: str, timeout: float, purpose: str, mode: Literal["Exclusive", "Shared"]
) -> Iterator[None]:
    """Hold the lock for a purpose; the procedure's return code is read, for a timeout is not an SQL error.

    Raises LockedError if it is not free within `timeout` seconds.
    """
    resource, key = _resource(connection, purpose), _key(purpose)
    code = connection.query(
        f"{resource}, @code int; EXEC @code = sp_getapplock @Resource = @resource, @LockMode = '{mode}',"
        f" @LockOwner = 'Session', @LockTimeout = {int(timeout * 1000)};"
        f" IF @code >= 0 {_tell([*connection.locks, key], owner)}; SELECT @code"
    )[0][0]
    if code < 0:
        found = holder(connection, purpose)
        name = found.name if found else "another run"
        raise LockedError(f"The database is locked by {name}.", hint="Wait until that run ends.")
    connection.locks.append(key)
    try:
        yield
    finally:
        connection.locks.remove(key)
        if connection.usable:
            release = "EXEC sp_releaseapplock @Resource = @resource, @LockOwner = 'Session'"
            connection.try_execute(f"{resource}; {_tell(connection.locks, owner)}; {release}")


def holder(connection: OpenConnection, purpose: str) -> Holder | None:
    """Read the CONTEXT_INFO of who holds a lock for the purpose, where the login may see other sessions."""
    sessions = "SELECT context_info, session_id FROM sys.dm_exec_sessions WHERE database_id = DB_ID()"
    try:
        rows = connection.query(f"{sessions} AND session_id <> @@SPID")
    except StatementError:
        return None
    for context, number in rows:
        text = bytes(context or b"").rstrip(b"\0").decode(errors="replace")
        keys, _, owner = text.removeprefix(CONTEXT_PREFIX).partition(" ")
        if text.startswith(CONTEXT_PREFIX) and _key(purpose) in keys.split(","):
            return Holder(owner, str(number))
    return None


def _resource(connection: OpenConnection, purpose: str) -> str:
    """Declare the name of a lock: in small letters, for most databases take two such names of a project for one.

    It ends with the name of the database, for a server that is not Microsoft's may not tell the databases apart.
    """
    literal = connection.dialect.quote_literal(f"ahjo {purpose.lower()} ")
    return f"DECLARE @resource nvarchar(255) = {literal} + DB_NAME()"


def _key(purpose: str) -> str:
    return sha256(purpose.lower().encode()).hexdigest()[:KEY_LENGTH]


def _tell(keys: Sequence[str], owner: str) -> str:
    """Have the session say which locks it holds, and for whom; nothing where it holds none."""
    text = f"{CONTEXT_PREFIX}{','.join(keys)} {owner}".encode() if keys else b""
    return f"SET CONTEXT_INFO 0x{text[:MAX_CONTEXT_BYTES].hex()}"
