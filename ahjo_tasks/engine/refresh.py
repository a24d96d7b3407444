"""Recompile the modules of SQL Server that cache the columns of changed tables (sp_refreshsqlmodule)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.errors import DeployError
from ahjo_tasks.history.store import HistoryStore
from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.utils import load_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.project.sql_file import SqlFile

MODULES = (
    "SELECT o.object_id, SCHEMA_NAME(o.schema_id), o.name FROM sys.sql_modules m"
    " JOIN sys.objects o ON o.object_id = m.object_id"
    " WHERE m.is_schema_bound = 0 AND o.is_ms_shipped = 0 AND o.type IN ('V', 'P', 'FN', 'IF', 'TF', 'TR')"
    " ORDER BY SCHEMA_NAME(o.schema_id), o.name"
)
REFERENCES = (
    "SELECT DISTINCT referencing_id, referenced_id FROM sys.sql_expression_dependencies WHERE referenced_id IS NOT NULL"
)
FIELD, ENTRY = "\x1f", "\x1e"
NAMES_PER_QUERY = 500
"""Names that one query resolves, at most."""
CAN_REFRESH = "SELECT OBJECT_ID(N'sys.sp_refreshsqlmodule')"


@dataclass(frozen=True)
class RefreshStep(Step):
    """All modules that are not schema-bound, referenced ones first. `files` has the project's file of each name."""

    files: Mapping[Name, str]

    kind = "refresh"
    label = "modules after table changes"
    transactional = False
    upkeep = True
    note = "views, procedures, functions and triggers that are not schema-bound are recompiled"

    def run(self, connection: Connection) -> int:
        """Refresh them. Raises DeployError if one of the project does not compile; others are only reported."""
        if connection.query(CAN_REFRESH)[0][0] is None:
            connection.report("This server cannot refresh modules.")
            return 0
        modules = {int(number): Name(schema, name) for number, schema, name in connection.query(MODULES)}
        order = referenced_first(modules, [(int(module), int(used)) for module, used in connection.query(REFERENCES)])
        errors = _refresh(connection, [modules[number] for number in order])
        failed = [(order[index], error) for index, error in errors]
        files = self._files_by_number(connection) if failed else {}
        for number, error in failed:
            if number not in files:
                connection.report(f"{modules[number]} does not compile: {error}")
        broken = tuple(f"{files[number]}: {error}" for number, error in failed if number in files)
        if broken:
            raise DeployError(f"modules of the project that do not compile: {len(broken)}", details=broken)
        return 0

    def _files_by_number(self, connection: Connection) -> dict[int, str]:
        """The project's file of each object id; the server resolves the names, by its own collation."""
        dialect = connection.dialect
        result: dict[int, str] = {}
        for start in range(0, len(self.files), NAMES_PER_QUERY):
            names = list(self.files)[start : start + NAMES_PER_QUERY]
            columns = ", ".join(f"OBJECT_ID({dialect.quote_literal(dialect.quote(*name))})" for name in names)
            numbers = connection.query(f"SELECT {columns}")[0]
            result |= {number: self.files[name] for number, name in zip(numbers, names, strict=True)}
        return result


def _refresh(connection: Connection, names: Sequence[Name]) -> list[tuple[int, str]]:
    """Refresh the modules; return the index of each that does not compile, with the server's error."""
    if not names:
        return []
    report = str(connection.result_sets(refresh_batch(names, connection.dialect))[-1].rows[0][0] or "")
    entries = [entry.split(FIELD) for entry in report.split(ENTRY) if entry]
    return [(int(index), f"{code}: {message}") for index, code, message in entries]


def plan_refresh(read: Callable[[], Sequence[SqlFile]], dialect: Dialect) -> Plan:
    """Plan to refresh the modules on SQL Server; elsewhere the plan is empty. `read` reads the project's SQL files."""
    if dialect.refresh_step is None:
        return Plan(())
    files = {
        Name(definition.name.schema or dialect.default_schema, definition.name.name): file.label
        for file in read()
        for definition in file.definitions
    }
    return Plan((load_object(dialect.refresh_step)(files),))


def is_refresh_due(connection: Connection | None, settings: Settings) -> bool:
    """Test whether a run was stopped between migrations that it committed and the refresh after them."""
    if connection is None or connection.dialect.refresh_step is None:
        return False
    store = HistoryStore(connection, settings)
    return store.exists() and store.last_run_with("migration") > store.last_run_with(RefreshStep.kind)


def refresh_batch(names: Sequence[Name], dialect: Dialect) -> str:
    """Return a batch that refreshes each module and selects one value: index, error and message of those that failed.

    They are collected in a variable, as an uncommittable transaction allows no other writes.
    """
    statements = ["SET XACT_ABORT OFF", "DECLARE @failed nvarchar(max) = N''"]
    for number, name in enumerate(names):
        statements.append(
            f"BEGIN TRY EXEC sys.sp_refreshsqlmodule {dialect.quote_literal(dialect.quote(*name))} END TRY"
            f" BEGIN CATCH SET @failed += N'{number}' + NCHAR(31) + CAST(ERROR_NUMBER() AS nvarchar(20)) + NCHAR(31)"
            " + ERROR_MESSAGE() + NCHAR(30) END CATCH"
        )
    statements += ["SET XACT_ABORT ON", "SELECT @failed"]
    return ";\n".join(statements)


def referenced_first(names: Mapping[int, object], references: Iterable[tuple[int, int]]) -> list[int]:
    """Order the modules so that each comes after those that it references; in a cycle, keep the order of names."""
    graph: dict[int, set[int]] = defaultdict(set)
    for number in names:
        graph[number] = set()
    for module, used in references:
        if module in names and used in names and module != used:
            graph[module].add(used)
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError:
        return list(names)
