"""After table changes on SQL Server: modules that keep an old picture of their tables are refreshed and checked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from ahjo_tasks.engine.plan import Plan, Step
from ahjo_tasks.errors import DeployError
from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.utils import load_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.project.sql_file import SqlFile

MODULES = (
    "SELECT o.object_id, SCHEMA_NAME(o.schema_id), o.name FROM sys.sql_modules m"
    " JOIN sys.objects o ON o.object_id = m.object_id"
    " WHERE m.is_schema_bound = 0 AND o.is_ms_shipped = 0 AND o.type IN ('V', 'P', 'FN', 'IF', 'TF', 'TR')"
    " ORDER BY SCHEMA_NAME(o.schema_id), o.name"
)
NEEDS = (
    "SELECT DISTINCT referencing_id, referenced_id FROM sys.sql_expression_dependencies WHERE referenced_id IS NOT NULL"
)
FIELD, ENTRY = "\x1f", "\x1e"
ASKED = 500
"""Names that the server is asked about in one query."""
CAN_REFRESH = "SELECT OBJECT_ID(N'sys.sp_refreshsqlmodule')"


@dataclass(frozen=True)
class RefreshStep(Step):
    """All modules that are not bound to their tables, inner ones first. `owned` has the project's file of each name."""

    owned: Mapping[Name, str]

    kind = "refresh"
    label = "modules after table changes"
    transactional = False
    note = "views, procedures, functions and triggers that are not schema-bound are compiled anew"

    def run(self, connection: Connection) -> int:
        """Raises DeployError when a module of the project does not compile; of others it is a message."""
        if connection.query(CAN_REFRESH)[0][0] is None:
            connection.report("This server cannot refresh modules.")
            return 0
        modules = {int(number): Name(schema, name) for number, schema, name in connection.query(MODULES)}
        order = inner_first(modules, [(int(one), int(other)) for one, other in connection.query(NEEDS)])
        failed = [(order[place], why) for place, why in _refresh(connection, [modules[number] for number in order])]
        files = self._files(connection) if failed else {}
        for number, why in failed:
            if number not in files:
                connection.report(f"{modules[number]} does not compile: {why}")
        broken = tuple(f"{files[number]}: {why}" for number, why in failed if number in files)
        if broken:
            raise DeployError(f"modules of the project that do not compile: {len(broken)}", details=broken)
        return 0

    def _files(self, connection: Connection) -> dict[int, str]:
        """The project's file of each object; the server says which name is which, as its collation compares them."""
        found: dict[int, str] = {}
        for place in range(0, len(self.owned), ASKED):
            names = list(self.owned)[place : place + ASKED]
            asked = (
                f"OBJECT_ID({connection.dialect.quote_literal(connection.dialect.quote(*name))})" for name in names
            )
            numbers = connection.query(f"SELECT {', '.join(asked)}")[0]
            found |= {number: self.owned[name] for number, name in zip(numbers, names, strict=True)}
        return found


def _refresh(connection: Connection, names: Sequence[Name]) -> list[tuple[int, str]]:
    """The places of the modules that do not compile, each with the server's words."""
    if not names:
        return []
    said = str(connection.result_sets(refresh_batch(names, connection.dialect))[-1].rows[0][0] or "")
    found = [entry.split(FIELD) for entry in said.split(ENTRY) if entry]
    return [(int(place), f"{code}: {message}") for place, code, message in found]


def plan_refresh(read: Callable[[], Sequence[SqlFile]], dialect: Dialect) -> Plan:
    """Refresh what keeps an old picture of its tables. Nothing where no module does so; `read` gives the project's."""
    if dialect.refresh_step is None:
        return Plan(())
    owned = {
        Name(made.name.schema or dialect.default_schema, made.name.name): file.label
        for file in read()
        for made in file.definitions
    }
    return Plan((load_object(dialect.refresh_step)(owned),))


def refresh_batch(names: Sequence[Name], dialect: Dialect) -> str:
    """One batch that refreshes each module and ends with one value: number, error and message of those that failed.

    They are gathered in a variable, for a transaction that cannot be committed any more lets nothing else be written.
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


def inner_first(names: Mapping[int, object], needs: Iterable[tuple[int, int]]) -> list[int]:
    """The modules so that each comes after those it reads; in a circle, by name."""
    graph: dict[int, set[int]] = defaultdict(set)
    for number in names:
        graph[number] = set()
    for one, other in needs:
        if one in names and other in names and one != other:
            graph[one].add(other)
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError:
        return list(names)
