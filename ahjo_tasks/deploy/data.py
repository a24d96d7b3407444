"""Data files: SQL scripts that are run, and tables of rows that are loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.deploy.files import FileStep
from ahjo_tasks.deploy.plan import Plan
from ahjo_tasks.loading import TableFile, load
from ahjo_tasks.project.dependencies import ordered_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.deploy.plan import Step
    from ahjo_tasks.dialects.base import Dialect
    from ahjo_tasks.door import Door
    from ahjo_tasks.project.sqlfiles import SqlFile


@dataclass(frozen=True)
class LoadStep:
    """A CSV or Parquet file, loaded whole or not at all where the database allows it."""

    file: TableFile

    transactional = True
    single_call = False

    @property
    def kind(self) -> str:
        """`data` or `testdata`."""
        return self.file.kind

    @property
    def label(self) -> str:
        """The path in the project."""
        return self.file.label

    @property
    def note(self) -> str:
        """What happens to rows that are there."""
        options = self.file.options
        return f"{options.mode} by {', '.join(options.key)}" if options.key else options.mode

    def run(self, door: Door) -> int:
        """Load it. Raises DeployError that names the bad row."""
        return load(self.file, door)


def plan_data(files: Sequence[SqlFile | TableFile], dialect: Dialect, door: Door | None) -> Plan:
    """Data files, parents before children. A file without a statement is a remark."""
    keys = dialect.foreign_keys(door) if door and len(files) > 1 else []
    steps = [step for file in ordered_data(files, keys, dialect.fold) if (step := _step(file))]
    empty = [f"{file.label}: holds no statement" for file in files if _step(file) is None]
    odd = [remark for file in files if not isinstance(file, TableFile) for remark in file.remarks]
    return Plan(tuple(steps), (*empty, *odd))


def _step(file: SqlFile | TableFile) -> Step | None:
    if isinstance(file, TableFile):
        return LoadStep(file)
    return FileStep(file) if file.batches else None
