"""Replace an object that others depend on: drop the dependents before it and create them again after it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.engine.drop import drop_steps
from ahjo_tasks.engine.plan import Step
from ahjo_tasks.project.object_index import ObjectIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.project.dependencies import Edges
    from ahjo_tasks.project.sql_file import SqlFile

DROP = re.compile(r"\bDROP\b", re.IGNORECASE)


class DeployedFiles:
    """The files of a plan, in the order that they run, and which of them depend on which."""

    def __init__(self, files: Sequence[SqlFile]) -> None:
        self._files = files

    @cached_property
    def _edges(self) -> Edges:
        """Found only after a failure: most plans never need them."""
        return ObjectIndex(self._files).edges()

    def group(self, file: SqlFile) -> FileGroup | None:
        """Return the files to recreate together with this one; None if a dependent cannot be, or if there is none.

        They are its dependents, and what those need of the later files, with dependents of their own: else each of them
        would be refused in its turn for a dependent that was just recreated, or be missed when that is created.
        """
        first = self._files.index(file)
        dropped = self._recreatable_dependents(first)
        members = set(dropped)
        waiting = [*dropped]
        while waiting:
            member = waiting.pop()
            needs = () if self._binds_late(member) else self._edges[member]
            for index in (index for index in needs if index > first and self._files[index].transactional):
                more = self._recreatable_dependents(index) if drops(self._files[index]) else set()
                dropped |= more
                waiting += {index, *more} - members
                members |= {index, *more}
        return FileGroup(self._at(dropped), self._at(members)) if dropped else None

    def _recreatable_dependents(self, index: int) -> set[int]:
        """The dependents if the file of each drops its object itself, in a transaction; else none."""
        dependents = self._dependents(index)
        return dependents if all(drops(self._files[dependent]) for dependent in dependents) else set()

    def _dependents(self, first: int) -> set[int]:
        """The later files that need this one, directly or through others, but those that the database binds late."""
        needed = {first}
        for index in range(first + 1, len(self._files)):
            if not self._binds_late(index) and not needed.isdisjoint(self._edges[index]):
                needed.add(index)
        return needed - {first}

    def _binds_late(self, index: int) -> bool:
        file = self._files[index]
        return file.kind in file.dialect.late_binding

    def _at(self, indexes: set[int]) -> tuple[SqlFile, ...]:
        return tuple(self._files[index] for index in sorted(indexes))


class FileGroup(NamedTuple):
    """The dependents whose objects are dropped before a file runs, and the files that run after it, in their order."""

    dropped: tuple[SqlFile, ...]
    files: tuple[SqlFile, ...]


def drops(file: SqlFile) -> bool:
    """Test whether the file drops an object itself, in a transaction."""
    return file.transactional and DROP.search(file.text) is not None


@dataclass(frozen=True)
class RecreateWithDependents(Step):
    """Drop the objects of the dependents, then run the step of the file itself and those of the others."""

    step: Step
    dependents: tuple[SqlFile, ...]
    others: tuple[Step, ...]

    @property
    def kind(self) -> str:
        """The kind of the file's step."""
        return self.step.kind

    @property
    def label(self) -> str:
        """The label of the file's step."""
        return self.step.label

    @property
    def note(self) -> str:
        """The dependents by their paths."""
        return f"recreated with its dependents: {', '.join(file.label for file in self.dependents)}"

    @property
    def included(self) -> tuple[Step, ...]:
        """The steps of the other files, which need not run again."""
        return self.others

    def run(self, connection: Connection) -> int:
        """Do it. Raises StatementError when an object that is in no file of the plan depends on one of them."""
        for drop in drop_steps(self.dependents):
            connection.execute(drop.statement)
        rows = 0
        for step in (self.step, *self.others):
            with step.preserve_session(connection):
                rows += step.run(connection)
        return rows
