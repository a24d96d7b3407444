"""Keeping a second upgrade of the same database out."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING
from zlib import crc32

from ahjo_tasks.errors import ConnectionFailedError
from ahjo_tasks.session import owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.session import Session

UPGRADE = "upgrade"


@contextmanager
def alone(session: Session) -> Iterator[None]:
    """Hold the lock of upgrading. Raises LockedError, with the owner, if it is not free.

    It is held in the database and, where the login may go there, in the server's own: a version that creates the
    database anew ends the sessions of the old one, and the lock with them.
    """
    with ExitStack() as held:
        with suppress(ConnectionFailedError):
            server = held.enter_context(session.server())
            name = session.dialect.fold(session.database)
            held.enter_context(session.dialect.lock(server, owner(), 0, f"{UPGRADE} {crc32(name.encode()):08x}"))
        held.enter_context(session.locked(UPGRADE))
        yield
