"""The statements that create the objects of a database again, as the database itself tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from ahjo_tasks.database.connection import Connection


class ObjectScript(NamedTuple):
    """The text of a file that creates an object; `kind` is a kind of project files.

    `table` is the one that a trigger, rule or policy belongs to, where its name is its own in that table alone.
    """

    kind: str
    schema: str
    name: str
    text: str
    table: str = ""

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


class TableScripts(NamedTuple):
    """The statements that create all tables, with what they need, and those that drop them, each in their order.

    `names` are the tables, as they are shown.
    """

    names: Sequence[str]
    create: Sequence[str]
    drop: Sequence[str]


class Permissions(NamedTuple):
    """The statements that create roles, grant them rights, and make users their members."""

    roles: Sequence[str] = ()
    grants: Sequence[str] = ()
    members: Sequence[str] = ()


class ScriptReader:
    """Reads a database; `hidden` are the names of tables to leave out, in lower case.

    `missing` collects the objects that cannot be read, each with its reason. Methods raise StatementError.
    """

    def __init__(self, connection: Connection, hidden: Container[str] = (), *, definer: bool = False) -> None:
        self.connection = connection
        self.dialect = connection.dialect
        self.hidden = hidden
        self.definer = definer
        """True if texts keep who defined an object, where the database writes that into them."""
        self.missing: list[str] = []

    def objects(self) -> Iterator[ObjectScript]:
        """Yield the views, routines, triggers and other objects of files."""
        raise NotImplementedError

    def tables(self) -> TableScripts:
        """Return the statements of tables, their columns, constraints and indexes."""
        raise NotImplementedError

    def permissions(self) -> Permissions:
        """Return the roles and rights of this database; users and their logins belong to the server."""
        return Permissions()


def script(*statements: str) -> str:
    """Return the text of a file of statements that end with a semicolon."""
    return "".join(f"{statement.strip().removesuffix(';').rstrip()};\n\n" for statement in statements)[:-1]
