"""Keep what objects have besides their definition, as rights and indexes, where they are dropped and created again."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.errors import StatementError
from ahjo_tasks.sql.effects import gives_rights
from ahjo_tasks.sql.references import read_references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Attachment
    from ahjo_tasks.engine.plan import Step
    from ahjo_tasks.sql.definitions import Definition


def attach(connection: Connection, attachments: Sequence[Attachment]) -> None:
    """Give new objects what the old ones had, as far as it is missing. Raises StatementError that names it."""
    for item in attachments:
        if connection.query(item.condition)[0][0]:
            try:
                connection.execute(item.statement)
            except StatementError as error:
                message = f"the {item.text} could not be restored: {error.message}"
                raise StatementError(error.server._replace(message=message)) from error


@contextmanager
def keep_attachments(
    connection: Connection, steps: Sequence[Step], later: Callable[[], Sequence[Step]]
) -> Iterator[None]:
    """Give back, after the steps, what their files drop with their own objects and no file creates or has created.

    `later` returns the steps of the plan that are left to do: what they create is left to them. It is said of each what
    became of it. Rights are not given back where the file says itself who has which.
    """
    dialect = connection.dialect
    files = [file for step in steps for file in step.sql_files]
    definitions = [made for file in files for made in file.replaced]
    before = dialect.own_attachments(connection, definitions) if definitions else ()
    try:
        yield
    except BaseException:
        if before and connection.usable and not dialect.transactional_ddl:
            _say_lost(connection, definitions, before)
        raise
    if before:
        left = {item.statement for item in dialect.own_attachments(connection, definitions)}
        lost = [item for item in before if item.statement not in left]
        if lost:
            _give_back(connection, lost, [part for step in steps for part in step.parts], later())


def _say_lost(connection: Connection, definitions: Sequence[Definition], before: Sequence[Attachment]) -> None:
    """Name what went with objects that a file has dropped and not created, where this is not rolled back."""
    left = {item.statement for item in connection.dialect.own_attachments(connection, definitions)}
    for item in before:
        if item.statement not in left:
            connection.report(f"Warning: lost with its object, which was dropped: {item.statement}")


def _give_back(
    connection: Connection, lost: Sequence[Attachment], parts: Sequence[Step], later: Sequence[Step]
) -> None:
    previous = [text for part in parts for text in part.previous]
    syntax = connection.dialect.syntax
    others = [file.names for step in (*parts, *later) for file in step.sql_files]
    created = {
        (made.kind, made.name.name.lower())
        for names in (*others, read_references(previous, syntax))
        for made in (*names.definitions, *names.brought)
    }
    decided = {
        made.name.name.lower()
        for part in parts
        if any(file.gives_rights for file in part.sql_files) or gives_rights(part.previous, syntax)
        for file in part.sql_files
        for made in file.definitions
    }
    for item in lost:
        if (item.part, item.name.lower()) in created:
            continue
        if item.part == "rights" and item.name.lower() in decided:
            connection.report(f"Warning: lost with its object, whose file says who has rights: {item.statement}")
        else:
            connection.report(_result(connection, item))


def _result(connection: Connection, item: Attachment) -> str:
    """Give a new object what the old one had, and say so, or why that cannot be."""
    try:
        with connection.undone_on_error():
            if not connection.query(item.condition)[0][0]:
                return f"Warning: lost with its object, and the new one cannot have it: {item.statement}"
            connection.execute(item.statement)
    except StatementError as error:
        return f"Warning: lost with its object, and not given back: {item.statement}: {error.message}"
    return f"given back to the new object: {item.statement}"
