"""Replace an object that others depend on: drop the dependents before it and create them again after it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ahjo_tasks.engine.drop import plan_drop
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

    def dependents(self, file: SqlFile) -> list[SqlFile]:
        """The later files that need this one, directly or through others, but those that the database binds late."""
        needed = [self._files.index(file)]
        for index in range(needed[0] + 1, len(self._files)):
            late = self._files[index].kind in self._files[index].dialect.late_binding
            if not late and self._edges[index].intersection(needed):
                needed.append(index)
        return [self._files[index] for index in needed[1:]]

    def recreatable_dependents(self, file: SqlFile) -> list[SqlFile]:
        """The dependents if the file of each drops its object itself, in a transaction; else none."""
        dependents = self.dependents(file)
        recreatable = all(other.transactional and DROP.search(other.text) for other in dependents)
        return dependents if recreatable else []


@dataclass(frozen=True)
class RecreateWithDependents(Step):
    """Drop the objects of the dependents, then run the step of the file itself and those of the dependents."""

    step: Step
    dependents: tuple[SqlFile, ...]
    dependent_steps: tuple[Step, ...]

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

    def run(self, connection: Connection) -> int:
        """Do it. Raises StatementError when an object that is in no file of the plan depends on one of them."""
        for drop in plan_drop(self.dependents).steps:
            drop.run(connection)
        return sum([step.run(connection) for step in (self.step, *self.dependent_steps)])
