"""Create the database of a config, in place of the old one."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.api.running import begin, describe_server
from ahjo_tasks.errors import ConnectionFailedError, NotPermittedError, StatementError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ahjo_tasks.api.session import Session
    from ahjo_tasks.database.connection import Connection


def create_database(session: Session, agree: Callable[[str], None]) -> None:
    """Create the database, and drop the old one, if there is one.

    `agree` is called with what is in a database that no run of ours made, before it is dropped; it may raise.
    """
    database = _name(session)
    with session.database.server_connection() as connection, session.database.file_locked():
        if connection.dialect.exists(connection, database):
            _drop(session, connection, database, agree)
        _create(session, connection, database)


def inspect(session: Session) -> tuple[bool, str]:
    """Return whether there is a database, and what is in it that no run of ours made."""
    database = _name(session)
    with session.database.server_connection() as connection:
        if not connection.dialect.exists(connection, database):
            return False, ""
        with session.database.enter_target(connection) as inside:
            return True, _foreign_content(session, inside)


def _name(session: Session) -> str:
    """Tell that the run begins, and return the name of the database. Raises NotPermittedError for one of the server."""
    begin(session)
    dialect, database = session.database.dialect, session.database.name
    if dialect.normalize_name(database) in dialect.system_databases:
        raise NotPermittedError(f"{database} is a system database: init neither drops nor creates it.")
    return database


def _drop(session: Session, connection: Connection, database: str, agree: Callable[[str], None]) -> None:
    with ExitStack() as lock:
        inside = lock.enter_context(session.database.lock_before_drop(connection))
        if inside is not None:
            describe_server(session, inside)
        content = _foreign_content(session, inside)
        if content:
            agree(content)
        left = f"The old {database} still exists; its sessions may have been ended."
        with _accounted(session, connection, database, left):
            connection.dialect.drop_database(connection, database, lock.close)
    session.console.info(f"  Dropped {database}")


def _create(session: Session, connection: Connection, database: str) -> None:
    with _accounted(session, connection, database, f"The new {database} is there, but not all of its settings."):
        for warning in connection.dialect.create_database(connection, database, session.settings):
            session.console.warning(warning)
        _mark(session, connection)
    session.console.info(f"  Created {database}")


def _foreign_content(session: Session, inside: Connection | None) -> str:
    """Return what is in a database that no run of ours made; empty for one that may be dropped."""
    from ahjo_tasks.engine.ownership import foreign_content

    if inside is None:
        return "it cannot be inspected"
    try:
        return foreign_content(session.settings, inside, session.project.directory)
    except StatementError as error:
        return f"its content cannot be listed: {error.message}"


def _mark(session: Session, server: Connection) -> None:
    """Leave our mark in the new database, by which the next run knows it."""
    from ahjo_tasks.engine.ownership import write_mark

    try:
        with session.database.enter_target(server) as inside:
            if inside is not None:
                write_mark(inside, session.project.directory)
        if inside is None:  # a new database may take a while to let anybody in
            with session.database.new_connection() as connection:
                write_mark(connection, session.project.directory)
    except (StatementError, ConnectionFailedError) as error:
        session.console.warning(
            f"The database could not be marked as created by ahjo: {error.message} The next init asks for its name."
        )


@contextmanager
def _accounted(session: Session, connection: Connection, database: str, when_there: str) -> Iterator[None]:
    """Say what there is of the database when dropping or creating it does not come to its end."""
    try:
        yield
    except BaseException:
        try:
            there = connection.dialect.exists(connection, database)
            session.console.warning(when_there if there else f"{database} does not exist now: run init again.")
        except StatementError:
            session.console.warning(f"The server does not say whether {database} exists.")
        raise
