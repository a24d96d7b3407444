"""Plan data files: run SQL scripts, and load CSV and Parquet files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.data.load import load
from ahjo_tasks.data.table_file import TableFile
from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.engine.sql_file import FileStep, file_notes
from ahjo_tasks.errors import DeployError
from ahjo_tasks.project.dependencies import data_edges, ordered_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.project.dependencies import Edges
    from ahjo_tasks.project.sql_file import SqlFile


@dataclass(frozen=True)
class LoadStep(Step):
    """Load CSV or Parquet files, all or none where the database allows it.

    There are several if they replace tables that reference each other: a parent cannot be emptied before its
    children, nor filled after them.
    """

    files: tuple[TableFile, ...]

    @property
    def transactional(self) -> bool:
        """True if the executor begins a transaction; an upsert begins its own."""
        return self.files[0].options.mode != "upsert"

    @property
    def kind(self) -> str:
        """`data` or `testdata`."""
        return self.files[0].kind

    @property
    def label(self) -> str:
        """The paths in the project."""
        return ", ".join(file.label for file in self.files)

    @property
    def note(self) -> str:
        """The mode of loading: `insert`, `replace`, or `upsert by` the key."""
        options = self.files[0].options
        return f"{options.mode} by {', '.join(options.key)}" if options.key else options.mode

    def run(self, connection: Connection) -> int:
        """Load the files. Raises DeployError that names the bad row."""
        try:
            return load(self.files, connection)
        except DeployError as error:
            if not self.transactional:
                error.outcome = error.outcome or f"{self.label} was rolled back."
            raise


def plan_data(files: Sequence[SqlFile | TableFile], dialect: Dialect, connection: Connection | None) -> Plan:
    """Plan data files, parents before children. A file without a statement is a note."""
    keys = dialect.foreign_keys(connection) if connection and len(files) > 1 else []
    order = ordered_data(files, keys, dialect.normalize_name, dialect.default_schema)
    groups = _replaced_groups(order, data_edges(order, keys, dialect.normalize_name, dialect.default_schema))
    steps: list[Step] = []
    for number, file in enumerate(order):
        if not isinstance(file, TableFile):
            steps += [FileStep(file)] if file.batches else []
        elif number in groups:
            steps += [LoadStep(groups[number])] if groups[number] else []
        else:
            steps.append(LoadStep((file,)))
    scripts = [file for file in files if not isinstance(file, TableFile)]
    return Plan(tuple(steps), tuple(file_notes(scripts)))


def _replaced_groups(order: Sequence[SqlFile | TableFile], edges: Edges) -> dict[int, tuple[TableFile, ...]]:
    """Group the replaced tables that reference each other, at the index of the last one; the others are empty."""
    replaced = {
        number: file
        for number, file in enumerate(order)
        if isinstance(file, TableFile) and file.options.mode == "replace"
    }
    group = {number: {number} for number in replaced}
    for number in replaced:
        for need in edges.get(number, set()) & replaced.keys():
            merged = group[number] | group[need]
            group |= dict.fromkeys(merged, merged)
    return {
        number: tuple(replaced[member] for member in sorted(group[number])) if number == max(group[number]) else ()
        for number in replaced
    }
