"""Carrying the files' descriptions into the database, as a step of a plan."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ahjo_tasks.descriptions.base import metadata_for
from ahjo_tasks.descriptions.diff import difference, supported_by
from ahjo_tasks.descriptions.files import read_files, unread_files
from ahjo_tasks.descriptions.model import FILES, USUAL, listed
from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.descriptions.base import Metadata
    from ahjo_tasks.descriptions.model import Changes, Descriptions

FOLDER = "docs/db_objects"
NOTHING_ALLOWED = "metadata_allowed_schemas is empty: descriptions are left as they are."


@dataclass(frozen=True)
class DescriptionStep(Step):
    """Send the differences: those that are given, else those that are found when the step runs."""

    files: Descriptions
    metadata: Metadata
    schemas: Sequence[str] | None
    changes: Changes | None = None

    kind = "description update"
    label = FOLDER

    @property
    def note(self) -> str:
        """Which properties differ, where that is known, one a line."""
        return self.changes.listing if self.changes else "what differs is found when it runs"

    def difference(self, connection: Connection) -> Changes:
        """What differs now."""
        return difference(self.files, self.metadata.read(connection, self.schemas), self.schemas)

    def run(self, connection: Connection) -> int:
        """Send the differences, and say how many there were."""
        changes = self.changes or self.difference(connection)
        warnings = changes.warnings if self.changes is None else ()
        made = self.metadata.send(connection, changes.changes)
        for warning in (*warnings, *made.warnings):
            connection.on_message(f"Warning: {warning}")
        if made.changes or not changes.changes:
            connection.on_message(made.summary)
        return 0


def plan_descriptions(directory: Path, dialect: Dialect, schemas: Sequence[str] | None) -> Plan:
    """The last step of a deployment; none where the project has no docs/db_objects.

    What differs is found when the step runs, for the steps before it make objects. Raises SourceError for a file that
    cannot be used.
    """
    folder = directory / FOLDER
    if not folder.is_dir():
        return Plan(())
    metadata = metadata_for(dialect)
    if metadata is None:
        return Plan((), (f"{dialect.title} keeps no descriptions of database objects: {FOLDER} is left out.",))
    step, warnings = _prepared(folder, metadata, schemas)
    return Plan((step,) if step else (), warnings)


def plan_update(
    directory: Path, dialect: Dialect, schemas: Sequence[str] | None, connection: Connection | None
) -> Plan:
    """The update alone, with the differences found beforehand; no step when nothing differs.

    Raises UsageError where there are no files, or no descriptions at all.
    """
    metadata, folder = required_metadata(dialect), directory / FOLDER
    if not folder.is_dir():
        raise UsageError(f"There is no folder {FOLDER}.", hint="inv update-file-obj-prop writes it.")
    step, warnings = _prepared(folder, metadata, schemas)
    if step is None or connection is None:
        return Plan((step,) if step else (), warnings)
    changes = step.difference(connection)
    steps = (replace(step, changes=changes),) if changes.changes else ()
    return Plan(steps, (*warnings, *_missing_files(step), *changes.warnings))


def required_metadata(dialect: Dialect) -> Metadata:
    """How the dialect's database keeps descriptions. Raises UsageError when it has none."""
    metadata = metadata_for(dialect)
    if metadata is None:
        raise UsageError(f"{dialect.title} keeps no descriptions of database objects.")
    return metadata


def _prepared(
    folder: Path, metadata: Metadata, schemas: Sequence[str] | None
) -> tuple[DescriptionStep | None, tuple[str, ...]]:
    """The step for what the files say and the database can hold; None when that is nothing."""
    if schemas is not None and not schemas:
        return None, (NOTHING_ALLOWED,)
    files, warnings = supported_by(read_files(folder), metadata, folder)
    warnings += _files_left_out(folder)
    if not files.kinds and not files.defaults:
        return None, (*warnings, f"{FOLDER} has no file to read.")
    return DescriptionStep(files, metadata, schemas if metadata.has_schemas else None), warnings


def _files_left_out(folder: Path) -> tuple[str, ...]:
    unread = unread_files(folder)
    return (f"Not read in {FOLDER}, for no descriptions are kept by that name: {listed(unread)}.",) if unread else ()


def _missing_files(step: DescriptionStep) -> list[str]:
    missing = [FILES[kind] for kind in USUAL if kind in step.metadata.kinds and kind not in step.files.kinds]
    return [f"Not in {FOLDER}, so nothing changes for it: {', '.join(missing)}."] if missing else []
