"""Drop what the project's files create, dependents first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.errors import SourceError, UsageError
from ahjo_tasks.project.dependencies import ordered
from ahjo_tasks.project.kinds import DROPPED_OBJECTS, KINDS
from ahjo_tasks.sql.definitions import Definition, Name
from ahjo_tasks.sql.source import ascii_upper

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.project.sql_file import SqlFile

NAME_PARTS = 2
NOT_THERE = "was not there"


@dataclass(frozen=True)
class DropStep(Step):
    """Drop one object."""

    definition: Definition
    statement: str

    kind = "drop"
    sent_in_one_call = True
    alone = ""

    @property
    def label(self) -> str:
        """`view dbo.v_orders`."""
        return f"{self.definition.kind} {self.definition.name}"

    def run(self, connection: Connection) -> int:
        """Drop the object if it exists, and say so if it does not."""
        if not connection.dialect.object_exists(connection, self.definition):
            connection.report(NOT_THERE)
        return connection.execute(self.statement)


def plan_drop(files: Sequence[SqlFile], kinds: Iterable[str] | None = None) -> Plan:
    """Plan to drop the objects of these files in the opposite order of their deployment.

    They are those that the SQL of a file creates; if it creates none, the one that it is named after as `schema.name`.
    With `kinds`, objects of other kinds are left out. Raises SourceError for a file that has neither, UsageError if
    no object is of these kinds.
    """
    allowed = set(kinds) if kinds is not None else None
    steps = [step for step in drop_steps(files) if allowed is None or step.definition.kind in allowed]
    if not steps and allowed and files:
        names = ", ".join(file.label for file in files)
        kind = " or ".join(sorted(allowed))
        raise UsageError(f"There is no {kind} in {names}.", hint="Give the type of what they create.")
    return Plan(tuple(steps))


def drop_steps(files: Sequence[SqlFile]) -> list[DropStep]:
    """The steps that drop the objects of these files, dependents first."""
    return [
        DropStep(definition, file.dialect.drop_statement(definition, file.text))
        for file in reversed(ordered(files))
        for definition in reversed(_objects(file))
    ]


def _objects(file: SqlFile) -> list[Definition]:
    kind = KINDS[file.kind].creates
    if not file.definitions:
        name = _name_of_file(file)
        return [Definition(kind, name)] if name else []
    return list(dict.fromkeys(item for item in file.definitions if item.kind in DROPPED_OBJECTS or item.kind == kind))


def _name_of_file(file: SqlFile) -> Name | None:
    """Return the name in `schema.object.sql`; None for another file name where the file cannot create anything."""
    parts = file.name.split(".")
    if file.kind == "assembly":
        return Name(None, parts[0])
    if len(parts) > NAME_PARTS or (len(parts) < NAME_PARTS and file.dialect.default_schema):
        if "CREATE" not in ascii_upper(file.text):
            return None
        raise SourceError(
            "creates no object, and its name does not say which one to drop",
            path=file.path,
            hint="Name the file schema.object.sql.",
        )
    return Name(parts[-2] if len(parts) == NAME_PARTS else None, parts[-1])
