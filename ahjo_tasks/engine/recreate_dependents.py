"""A file that drops what others use: they are dropped before it and made anew behind it, in one transaction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.engine.drop import plan_drop
from ahjo_tasks.engine.sql_file import FileStep
from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.project.dependencies import ObjectIndex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.engine.plan import Plan, Step
    from ahjo_tasks.project.sql_file import SqlFile

DROPS = re.compile(r"\bDROP\b", re.IGNORECASE)


@dataclass(frozen=True)
class RecreateWithDependents:
    """The file, and those of the plan that use what it creates, in their order."""

    file: SqlFile
    users: tuple[SqlFile, ...]

    def run(self, connection: Connection) -> int:
        """Raises StatementError when somebody else uses it, too."""
        for step in plan_drop(self.users).steps:
            step.run(connection)
        return sum(FileStep(file).run(connection) for file in (self.file, *self.users))


def rebuild(step: Step, error: DeployError, plan: Plan, connection: Connection) -> RecreateWithDependents | None:
    """What helps when the step was refused because others use what it drops; None when nothing does.

    Others are dropped only when their own files, which the plan runs anyway, drop them.
    """
    refusal = error.__cause__
    if not isinstance(step, FileStep) or not isinstance(refusal, StatementError) or connection.in_shared_transaction:
        return None
    if not step.transactional or not connection.dialect.is_dependency_error(refusal.server):
        return None
    files = [other.file for other in plan.steps if isinstance(other, FileStep)]
    users = _users(step.file, files)
    fitting = users and all(file.transactional and DROPS.search(file.text) for file in users)
    return RecreateWithDependents(step.file, tuple(users)) if fitting else None


def _users(file: SqlFile, files: Sequence[SqlFile]) -> list[SqlFile]:
    """The files that need this one, by themselves or through others; those that bind late do not hold it."""
    edges = ObjectIndex(files).edges()
    found = [files.index(file)]
    for number in range(found[0] + 1, len(files)):
        late = files[number].kind in files[number].dialect.late_binding
        if not late and edges[number].intersection(found):
            found.append(number)
    return [files[number] for number in found[1:]]
