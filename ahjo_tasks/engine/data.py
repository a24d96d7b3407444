"""Data files: SQL scripts that are run, and tables of rows that are loaded."""

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
    """CSV or Parquet files, loaded all or none where the database allows it.

    It is more than one where tables are replaced that refer to each other: no parent can be emptied before its
    children, nor filled after them.
    """

    files: tuple[TableFile, ...]

    @property
    def transactional(self) -> bool:
        """Whether a transaction is to be begun for it; one that updates rows begins its own."""
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
        """What happens to rows that are there."""
        options = self.files[0].options
        return f"{options.mode} by {', '.join(options.key)}" if options.key else options.mode

    def run(self, connection: Connection) -> int:
        """Load them. Raises DeployError that names the bad row."""
        try:
            return load(self.files, connection)
        except DeployError as error:
            if not self.transactional:
                error.outcome = f"{self.label} was rolled back."
            raise


def plan_data(files: Sequence[SqlFile | TableFile], dialect: Dialect, connection: Connection | None) -> Plan:
    """Data files, parents before children. A file without a statement is a remark."""
    keys = dialect.foreign_keys(connection) if connection and len(files) > 1 else []
    order = ordered_data(files, keys, dialect.normalize_name, dialect.default_schema)
    groups = _replaced_together(order, data_edges(order, keys, dialect.normalize_name, dialect.default_schema))
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


def _replaced_together(order: Sequence[SqlFile | TableFile], edges: Edges) -> dict[int, tuple[TableFile, ...]]:
    """The files of tables that are replaced and refer to each other: all at the place of the last one."""
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
        number: tuple(replaced[one] for one in sorted(group[number])) if number == max(group[number]) else ()
        for number in replaced
    }
