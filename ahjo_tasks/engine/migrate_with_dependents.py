"""Migrate a column or table that views use: drop these before it, and create them again after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ahjo_tasks.engine.diagnostics import locating_errors
from ahjo_tasks.engine.plan import Step
from ahjo_tasks.engine.recreate_dependents import DeployedFiles, FileGroup, attach
from ahjo_tasks.engine.sql_file import FileStep
from ahjo_tasks.errors import DeployError
from ahjo_tasks.project.dependencies import ordered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Attachment
    from ahjo_tasks.errors import StatementError
    from ahjo_tasks.project.sql_file import SqlFile


class Migrate(Protocol):
    """A call that migrates; `prepare` is called at the beginning of its transaction."""

    def __call__(self, connection: Connection, prepare: Callable[[], None]) -> None:
        """Raise DeployError when the database refuses it."""


class MigrateWithDependents(Step):
    """Migrate in one transaction with the drop of what is in the way, and with the files that create it again.

    The server names what is in the way one after another, so the migration is tried again until it names none that is
    new. Nothing is dropped where an object has no file that creates it.
    """

    transactional = False
    kind = "migration"

    def __init__(
        self, label: str, migrate: Migrate, files: Sequence[SqlFile], error: DeployError | StatementError
    ) -> None:
        self._label = label
        self._migrate = migrate
        self._deployed = DeployedFiles([file for file in ordered(files) if file.batches])
        self._error = error
        self._group = FileGroup((), ())

    @property
    def label(self) -> str:
        """The label of the migration."""
        return self._label

    @property
    def note(self) -> str:
        """The objects that were dropped and created again."""
        objects = ", ".join(item.text for item in self._group.dependents)
        return f"dropped before it and created again after it: {objects}"

    @property
    def included(self) -> tuple[Step, ...]:
        """The files that ran with the migration."""
        return tuple(FileStep(file) for file in self._group.files)

    def run(self, connection: Connection) -> int:
        """Do it. Raises DeployError, and then all is as before."""
        error, dropped = self._error, self._group.dependents
        while True:
            blockers = connection.dialect.migration_blockers(connection, error.server) if error.server else []
            new = [item for item in blockers if item.text not in {other.text for other in dropped}]
            if not new:
                raise error
            dropped = (*new, *dropped)
            self._group = self._deployed.owners(dropped)
            if self._group.kept:
                self._error.hint = self._group.hint
                raise self._error
            try:
                return self._attempt(connection)
            except DeployError as refused:
                error = refused

    def _attempt(self, connection: Connection) -> int:
        with connection.dialect.around_migrations(connection), connection.one_transaction():
            attachments: list[Attachment] = []
            self._migrate(connection, lambda: attachments.extend(self._group.drop(connection)))
            rows = 0
            for step in self.included:
                with step.preserve_session(connection), locating_errors(connection):
                    rows += step.run(connection)
            attach(connection, attachments)
        return rows
