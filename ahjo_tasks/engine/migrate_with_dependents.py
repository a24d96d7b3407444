"""Migrate a column or table that views use: drop these before it, and create them again after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from ahjo_tasks.engine.attachments import attach
from ahjo_tasks.engine.diagnostics import locating_errors
from ahjo_tasks.engine.drop import place
from ahjo_tasks.engine.plan import Step
from ahjo_tasks.engine.recreate_dependents import FileGroup, merge_dependents, unreplaced_file
from ahjo_tasks.engine.sql_file import FileStep, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Attachment, Dependent
    from ahjo_tasks.engine.recreate_dependents import DeployedFiles
    from ahjo_tasks.errors import DeployError, StatementError
    from ahjo_tasks.project.sql_file import SqlFile


NOTHING = FileGroup((), ())


class Migrate(Protocol):
    """A call that migrates; `prepare` is called at the beginning of its transaction."""

    def __call__(self, connection: Connection, prepare: Callable[[], None]) -> None:
        """Raise DeployError when the database refuses it."""


@dataclass(frozen=True)
class MigrateWithDependents(Step):
    """Migrate in one transaction with the drop of what is in the way, and with the files that create it again.

    The server names what is in the way one after another: the fallback drops what is new, too. Nothing is dropped where
    an object has no file that creates it.
    """

    name: str
    migrate: Migrate
    deployed: DeployedFiles
    group: FileGroup = NOTHING
    files: tuple[FileStep, ...] = ()

    transactional = False
    kind = "migration"

    @property
    def label(self) -> str:
        """The label of the migration."""
        return self.name

    @property
    def note(self) -> str:
        """The objects that were dropped and created again."""
        removed = {place(step.definition) for step in self.group.removed}
        again = [item.text for item in self.group.dependents if place(item) not in removed]
        gone = [item.text for item in self.group.dependents if place(item) in removed]
        notes = (
            f"dropped before it and created again after it: {', '.join(again)}" if again else "",
            f"dropped before it: {', '.join(gone)}" if gone else "",
        )
        return "; ".join(filter(None, notes))

    @property
    def sql_files(self) -> tuple[SqlFile, ...]:
        """The files that run with the migration."""
        return self.group.files

    @property
    def parts(self) -> tuple[Step, ...]:
        """The steps of these files."""
        return self.files

    @property
    def included(self) -> tuple[Step, ...]:
        """The files that ran with the migration, and what was dropped with the dependents."""
        return (*self.files, *self.group.removed)

    def run(self, connection: Connection) -> int:
        """Do it. Raises DeployError, and then all is as before."""
        with connection.dialect.around_migrations(connection), connection.one_transaction():
            attachments: list[Attachment] = []
            self.migrate(connection, lambda: attachments.extend(self.group.drop(connection)))
            rows = 0
            for step in self.files:
                with step.preserve_session(connection), locating_errors(connection):
                    rows += step.run(connection)
            attach(connection, attachments)
        return rows

    def fallback(
        self, error: DeployError | StatementError, connection: Connection, later: Sequence[Step] = ()
    ) -> Step | None:
        """Return the step that drops what the error names, too; None where it names nothing, or nothing new."""
        blockers = self._blockers(error, connection)
        known = {item.text for item in self.group.dependents}
        new = [item for item in blockers if item.text not in known]
        if not new:
            return None
        group = self.deployed.in_the_way(merge_dependents(blockers, self.group.dependents), connection, later)
        if group.kept:
            error.hint = group.hint
            return None
        return replace(self, group=group, files=steps_of(group.files, later))

    def _blockers(self, error: DeployError | StatementError, connection: Connection) -> Sequence[Dependent]:
        """List what is in the way of the migration, or of a file that is to create something again after it."""
        refused = unreplaced_file(error, connection)
        if refused is not None:
            return connection.dialect.dependents(connection, refused.definitions) or ()
        return connection.dialect.migration_blockers(connection, error.server) if error.server else ()
