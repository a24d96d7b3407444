"""Databases of SQL Server and Azure SQL: created with what the config asks for, dropped, and described."""

from __future__ import annotations

import re
import time
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.door import Door

AZURE = 5
MANAGED_INSTANCE = 8
EDITION = "SELECT CAST(SERVERPROPERTY('EngineEdition') AS int)"
IN_USE = "3702"
LOG_SIZES = (50, 5000, 500)
"""First size, largest size and growth of the log file, in MB."""

PATIENCE = 20
"""How often a database in use is tried to drop, twice a second."""

INFORMATION = (
    "SELECT @@SERVERNAME, HOST_NAME(), SUSER_SNAME(), DB_NAME(),"
    " CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)),"
    " CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), CAST(SERVERPROPERTY('Edition') AS nvarchar(128)),"
    " CAST(SERVERPROPERTY('EngineEdition') AS int)"
)
FACTS = ("server", "host", "login", "database", "collation", "version", "edition")
CATALOG_COLLATION = "SELECT catalog_collation_type_desc FROM sys.databases WHERE name = DB_NAME()"


class Clause(NamedTuple):
    """A part of CREATE DATABASE that can be left out, and the keys of the config that ask for it."""

    keys: str
    text: str


def create(door: Door, database: str, settings: Settings) -> list[str]:
    """Create the database; returns a warning for each setting that the server refused or does not have.

    Raises StatementError when it cannot be created at all.
    """
    edition = int(door.query(EDITION)[0][0])
    head = f"CREATE DATABASE {door.dialect.quote(database)}"
    warnings = [f"{key}: {why}" for key, why in _useless(settings, edition)]
    refused = _create(door, head, clauses(door, settings, edition))
    later = [
        f"{what}: {problem}"
        for what, statement in _later(door, database, settings, edition)
        if (problem := door.attempt(statement))
    ]
    return [*warnings, *refused, *later]


def clauses(door: Door, settings: Settings, edition: int) -> list[Clause]:
    """What stands behind the name, in the order that the server wants."""
    collation = Clause("database_collation", f" COLLATE {settings.database_collation}")
    found = [collation] if settings.database_collation else []
    if edition == AZURE:
        return [*found, *_azure(door, settings)]
    if edition != MANAGED_INSTANCE and settings.database_data_path and settings.database_log_path:
        found.insert(0, Clause("database_data_path, database_log_path", _files(door, settings)))
    return found


def drop(door: Door, database: str) -> None:
    """End the database's sessions, then drop it. Raises StatementError when it stays in use."""
    name = door.dialect.quote(database)
    door.attempt(f"ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE")
    for number in range(PATIENCE):
        _kill(door, database)
        try:
            door.run(f"DROP DATABASE {name}")
        except StatementError as error:
            if error.server.number != IN_USE or number == PATIENCE - 1:
                door.attempt(f"ALTER DATABASE {name} SET MULTI_USER")
                raise
            time.sleep(0.5)
        else:
            return


def information(door: Door, settings: Settings) -> tuple[dict[str, str], list[str]]:
    """Facts about server and database, and what differs from the config."""
    *row, edition = door.query(INFORMATION)[0]
    facts = {name: str(value) for name, value in zip(FACTS, row, strict=True) if value is not None}
    warnings = _differing("collation", facts.get("collation"), "database_collation", settings.database_collation)
    if edition == AZURE:
        found = door.query(CATALOG_COLLATION)
        facts["catalog collation"] = str(found[0][0]) if found else ""
        wanted = settings.catalog_collation_type_desc
        warnings += _differing("catalog collation", facts["catalog collation"], "catalog_collation_type_desc", wanted)
    return facts, warnings


def _create(door: Door, head: str, wanted: Sequence[Clause]) -> list[str]:
    """With all clauses, or else with as many as the server takes."""
    first: StatementError | None = None
    for left_out in range(len(wanted) + 1):
        for kept in combinations(wanted, len(wanted) - left_out):
            try:
                door.run(head + "".join(clause.text for clause in kept))
            except StatementError as error:
                first = first or error
            else:
                why = first.message if first else ""
                return [f"{clause.keys}: {why}" for clause in wanted if clause not in kept]
    raise first or AssertionError


def _kill(door: Door, database: str) -> None:
    name = door.dialect.literal(database)
    sessions = f"SELECT session_id FROM sys.dm_exec_sessions WHERE database_id = DB_ID({name}) AND session_id <> @@SPID"
    try:
        found = door.query(sessions)
    except StatementError:
        return  # who may not see sessions cannot end them either
    for (session,) in found:
        door.attempt(f"KILL {session}")


def _files(door: Door, settings: Settings) -> str:
    sizes = (settings.database_init_size, settings.database_max_size, settings.database_file_growth)
    data = _file(door, str(settings.database_data_path), "_dat", sizes)
    return f" ON PRIMARY {data} LOG ON {_file(door, str(settings.database_log_path), '_log', LOG_SIZES)}"


def _file(door: Door, path: str, suffix: str, sizes: tuple[int, int, int]) -> str:
    """One file; its logical name is its name without the ending."""
    size, limit, growth = sizes
    stem = re.split(r"[\\/]", path)[-1].rpartition(".")[0] or path
    name, place = door.dialect.literal(stem + suffix), door.dialect.literal(path)
    return f"(NAME = {name}, FILENAME = {place}, SIZE = {size}MB, MAXSIZE = {limit}MB, FILEGROWTH = {growth}MB)"


def _azure(door: Door, settings: Settings) -> Iterator[Clause]:
    edition, objective, pool = (
        settings.database_edition,
        settings.database_service_objective,
        settings.database_elastic_pool,
    )
    options = [f"EDITION = '{_plain(edition)}'"] if edition else []
    if pool:
        options.append(f"SERVICE_OBJECTIVE = ELASTIC_POOL(name = {door.dialect.quote(pool)})")
    elif objective:
        options.append(f"SERVICE_OBJECTIVE = '{_plain(objective)}'")
    if options:
        keys = "database_edition, database_service_objective, database_elastic_pool"
        yield Clause(keys, f" ({', '.join(options)})")
    yield Clause("catalog_collation_type_desc", f" WITH CATALOG_COLLATION = {settings.catalog_collation_type_desc}")


def _plain(text: str) -> str:
    return text.replace("'", "''")


def _useless(settings: Settings, edition: int) -> Iterator[tuple[str, str]]:
    """Settings of the other kind of server."""
    if edition in {AZURE, MANAGED_INSTANCE} and (settings.database_data_path or settings.database_log_path):
        yield "database_data_path, database_log_path", "Azure places the files itself"
    for key in ("database_edition", "database_service_objective", "database_elastic_pool"):
        if edition != AZURE and getattr(settings, key):
            yield key, "only Azure SQL Database has it"


def _later(door: Door, database: str, settings: Settings, edition: int) -> Iterator[tuple[str, str]]:
    alter = f"ALTER DATABASE {door.dialect.quote(database)} SET"
    level = settings.database_compatibility_level
    if level:
        yield "database_compatibility_level", f"{alter} COMPATIBILITY_LEVEL = {level}"
    if edition not in {AZURE, MANAGED_INSTANCE}:
        yield "recovery model SIMPLE", f"{alter} RECOVERY SIMPLE"


def _differing(what: str, found: str | None, key: str, wanted: str | None) -> list[str]:
    if not wanted or not found or wanted.lower() == found.lower():
        return []
    return [f"The {what} of the database is {found}; {key} says {wanted}."]
