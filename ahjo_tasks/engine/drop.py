"""Dropping what the project's files create, dependents first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.errors import SourceError, UsageError
from ahjo_tasks.project.dependencies import ordered
from ahjo_tasks.sql.definitions import Definition, Name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.project.sql_file import SqlFile

NAME_PARTS = 2
DROPPABLE = {"clr-procedure": "procedure"}


@dataclass(frozen=True)
class DropStep(Step):
    """One object."""

    made: Definition
    statement: str

    kind = "drop"
    sent_in_one_call = True

    @property
    def label(self) -> str:
        """`view dbo.v_orders`."""
        return f"{self.made.kind} {self.made.name}"

    def run(self, connection: Connection) -> int:
        """Drop it, if it is there."""
        return connection.execute(self.statement)


def plan_drop(files: Sequence[SqlFile], kinds: Iterable[str] | None = None) -> Plan:
    """Drop the objects of these files in the opposite order of their deployment.

    What a file's SQL creates is dropped; a file that creates nothing is read by its name, `schema.object.sql`.
    `kinds` leaves out objects of other kinds. Raises SourceError for a file that says neither, UsageError when the
    kinds leave out everything.
    """
    wanted = set(kinds) if kinds is not None else None
    steps = [
        DropStep(made, file.dialect.drop_statement(made, file.text))
        for file in reversed(ordered(files))
        for made in reversed(_objects(file))
        if wanted is None or made.kind in wanted
    ]
    if not steps and wanted and files:
        names = ", ".join(file.label for file in files)
        kind = " or ".join(sorted(wanted))
        raise UsageError(f"There is no {kind} in {names}.", hint="Give the type of what they create.")
    return Plan(tuple(steps))


def _objects(file: SqlFile) -> list[Definition]:
    kind = DROPPABLE.get(file.kind, file.kind)
    found = [made for made in file.definitions if made.kind not in {"table", "schema"} or made.kind == kind]
    return list(dict.fromkeys(found)) or [Definition(kind, _named(file))]


def _named(file: SqlFile) -> Name:
    parts = file.name.split(".")
    if file.kind == "assembly":
        return Name(None, parts[0])
    if len(parts) > NAME_PARTS or (len(parts) < NAME_PARTS and file.dialect.default_schema):
        raise SourceError(
            "creates no object, and its name does not say which one to drop",
            path=file.path,
            hint="Name the file schema.object.sql.",
        )
    return Name(parts[-2] if len(parts) == NAME_PARTS else None, parts[-1])
