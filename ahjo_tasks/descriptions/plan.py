"""Plan the update of the database's descriptions from the files, as a step of a deployment or alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ahjo_tasks.descriptions.diff import compute_changes, supported_by
from ahjo_tasks.descriptions.files import read_files, unread_files
from ahjo_tasks.descriptions.model import ALWAYS_WRITTEN, FILE_NAMES, description_store
from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.errors import StatementError, UsageError
from ahjo_tasks.project.kinds import DESCRIPTIONS
from ahjo_tasks.utils import join_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.descriptions.model import Changes, Descriptions, DescriptionStore
    from ahjo_tasks.errors import DeployError

KEPT = "the server kept descriptions of what was dropped and created again: they are updated"
NO_SCHEMA_ALLOWED = "metadata_allowed_schemas is empty: descriptions are left as they are."


@dataclass(frozen=True)
class DescriptionStep(Step):
    """Send the changed descriptions: the given `changes`, or those that are computed when the step runs.

    `apart` sends each one that is added by itself, without a transaction, and updates those that the server has.
    """

    files: Descriptions
    store: DescriptionStore
    schemas: Sequence[str] | None
    changes: Changes | None = None
    apart: bool = False

    kind = "description update"
    label = DESCRIPTIONS

    @property
    def transactional(self) -> bool:
        """True if all are sent, or none."""
        return not self.apart

    @property
    def outside_transaction(self) -> str:
        """The reason why one by one they are sent without a transaction; empty if all are sent, or none."""
        return "an error of one would end it" if self.apart else ""

    @property
    def alone(self) -> str:
        """Nothing if all are sent, or none."""
        return super().alone if self.apart else ""

    @property
    def note(self) -> str:
        """The changed properties, one a line, where they are known."""
        if self.apart:
            return KEPT
        return self.changes.listing if self.changes else "the differences are found when it runs"

    def compute_changes(self, connection: Connection) -> Changes:
        """Compare the files with the database as it is now."""
        return compute_changes(self.files, self.store.read(connection, self.schemas), self.schemas)

    def run(self, connection: Connection) -> int:
        """Send the changes and report their number to the connection's messages. Returns 0: no rows change."""
        changes = self.changes or self.compute_changes(connection)
        warnings = changes.warnings if self.changes is None else ()
        sent = self._send(connection, changes)
        for warning in (*warnings, *sent.warnings):
            connection.report(f"Warning: {warning}")
        if sent.changes or not changes.changes:
            connection.report(sent.summary)
        return 0

    def _send(self, connection: Connection, changes: Changes) -> Changes:
        if not self.apart:
            return self.store.send(connection, changes.changes)
        try:
            return self.store.send_apart(connection, changes.changes)
        except StatementError as error:
            raise StatementError(error.server, outcome="the descriptions that were sent before stay.") from error

    def fallback(
        self, error: DeployError | StatementError, connection: Connection, later: Sequence[Step] = ()
    ) -> Step | None:
        """Return the step that updates the descriptions that the server has and does not show, if it refused one."""
        described = error.server is not None and self.store.is_described(error.server)
        return replace(self, apart=True) if described else None


def plan_descriptions(directory: Path, dialect: Dialect, schemas: Sequence[str] | None) -> Plan:
    """Plan the last step of a deployment; none where the project has no docs/db_objects.

    The changes are computed when the step runs, because the steps before it create objects. Raises SourceError for a
    file that is broken.
    """
    folder = directory / DESCRIPTIONS
    if not folder.is_dir():
        return Plan(())
    store = description_store(dialect)
    if store is None:
        return Plan((), (f"{dialect.title} keeps no descriptions of database objects: {DESCRIPTIONS} is left out.",))
    step, warnings = _prepare_step(folder, store, schemas)
    return Plan((step,) if step else (), warnings)


def leave_out_equal(plan: Plan, connection: Connection) -> Plan:
    """Return the plan without descriptions that the database has as the files have them, where nothing runs before."""
    found = [(step, step.compute_changes(connection)) for step in plan.steps if isinstance(step, DescriptionStep)]
    steps = tuple(replace(step, changes=changes) for step, changes in found if changes.changes)
    warnings = tuple(warning for _step, changes in found for warning in changes.warnings)
    return replace(plan, steps=steps, warnings=(*plan.warnings, *warnings))


def plan_update(
    directory: Path, dialect: Dialect, schemas: Sequence[str] | None, connection: Connection | None
) -> Plan:
    """Plan the update alone, with the changes computed beforehand; no step when nothing differs.

    Raises UsageError where there are no files, or the database stores no descriptions.
    """
    store, folder = require_description_store(dialect), directory / DESCRIPTIONS
    if not folder.is_dir():
        raise UsageError(f"There is no folder {DESCRIPTIONS}.", hint="inv update-file-obj-prop writes it.")
    step, warnings = _prepare_step(folder, store, schemas)
    if step is None or connection is None:
        return Plan((step,) if step else (), warnings)
    changes = step.compute_changes(connection)
    steps = (replace(step, changes=changes),) if changes.changes else ()
    return Plan(steps, (*warnings, *_missing_file_warnings(step), *changes.warnings))


def require_description_store(dialect: Dialect) -> DescriptionStore:
    """Return the description store of the dialect's database. Raises UsageError when it has none."""
    store = description_store(dialect)
    if store is None:
        raise UsageError(f"{dialect.title} keeps no descriptions of database objects.")
    return store


def _prepare_step(
    folder: Path, store: DescriptionStore, schemas: Sequence[str] | None
) -> tuple[DescriptionStep | None, tuple[str, ...]]:
    """Return the step for the descriptions that the database can store, None when there are none, and warnings."""
    if schemas is not None and not schemas:
        return None, (NO_SCHEMA_ALLOWED,)
    files, warnings = supported_by(read_files(folder), store, folder)
    warnings += _unread_file_warnings(folder)
    if not files.kinds and not files.defaults:
        return None, (*warnings, f"{DESCRIPTIONS} has no file to read.")
    return DescriptionStep(files, store, schemas if store.has_schemas else None), warnings


def _unread_file_warnings(folder: Path) -> tuple[str, ...]:
    names = unread_files(folder)
    return (
        (f"Not read in {DESCRIPTIONS}, for no descriptions are kept by that name: {join_names(names)}.",)
        if names
        else ()
    )


def _missing_file_warnings(step: DescriptionStep) -> list[str]:
    missing = [FILE_NAMES[kind] for kind in ALWAYS_WRITTEN if kind in step.store.kinds and kind not in step.files.kinds]
    return [f"Not in {DESCRIPTIONS}, so nothing changes for it: {', '.join(missing)}."] if missing else []
