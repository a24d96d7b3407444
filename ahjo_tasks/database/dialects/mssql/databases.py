"""Create, drop and describe databases of SQL Server and Azure SQL."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from ahjo_tasks.database.dialects import create_database
from ahjo_tasks.database.dialects.base import SERVER_INFO, setting_mismatch, without_nulls
from ahjo_tasks.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import OpenConnection

AZURE = 5
MANAGED_INSTANCE = 8
EDITION = "SELECT CAST(SERVERPROPERTY('EngineEdition') AS int)"
IN_USE = "currently in use"
"""Text of error 3702, which has another number on servers that are not Microsoft's."""
FILES = "database_data_path, database_log_path"
SIZES = ("database_init_size", "database_max_size", "database_file_growth")
LOG_SIZES = (50, 5000, 500)
"""First size, largest size and growth of the log file, in MB."""

MAX_DROP_ATTEMPTS = 20
"""Attempts to drop a database in use, two a second."""

SERVER_INFO_SQL = (
    "SELECT @@SERVERNAME, HOST_NAME(), SUSER_SNAME(), DB_NAME(),"
    " CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)),"
    " CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), CAST(SERVERPROPERTY('Edition') AS nvarchar(128)),"
    " CAST(SERVERPROPERTY('EngineEdition') AS int)"
)
CATALOG_COLLATION = "SELECT catalog_collation_type_desc FROM sys.databases WHERE name = DB_NAME()"


def create(connection: OpenConnection, database: str, settings: Settings) -> list[str]:
    """Create the database; returns a warning for each setting that the server refused or does not have.

    Raises StatementError when it cannot be created at all.
    """
    edition = int(connection.query(EDITION)[0][0])
    warnings = [f"{key}: {why}" for key, why in _ignored_settings(settings, edition)]
    refused = create_database.create(
        connection, settable_keys(settings, edition), lambda keys: statement(connection, database, settings, keys)
    )
    later = [
        f"{what}: {problem}"
        for what, text in _later_statements(connection, database, settings, edition)
        if (problem := connection.try_execute(text))
    ]
    return [*warnings, *refused, *later]


def settable_keys(settings: Settings, edition: int) -> list[str]:
    """List the keys of the config that CREATE DATABASE takes on this edition; sizes only together with files."""
    keys = ["database_collation"] if settings.database_collation else []
    if edition == AZURE:
        service = "database_elastic_pool" if settings.database_elastic_pool else "database_service_objective"
        chosen = [key for key in ("database_edition", service) if getattr(settings, key)]
        return [*keys, *chosen, "catalog_collation_type_desc"]
    files = settings.database_data_path and settings.database_log_path and edition != MANAGED_INSTANCE
    return [*keys, *SIZES, FILES] if files else keys


def statement(connection: OpenConnection, database: str, settings: Settings, keys: Collection[str]) -> str:
    """Build CREATE DATABASE with the clauses of these keys, in the order of its syntax."""
    files = _files(connection, settings, keys) if FILES in keys else ""
    collation = f" COLLATE {settings.database_collation}" if "database_collation" in keys else ""
    catalog = settings.catalog_collation_type_desc
    catalog = f" WITH CATALOG_COLLATION = {catalog}" if "catalog_collation_type_desc" in keys else ""
    name, azure = connection.dialect.quote(database), _azure(connection, settings, keys)
    return f"CREATE DATABASE {name}{files}{collation}{azure}{catalog}"


def drop(connection: OpenConnection, database: str, leave: Callable[[], None]) -> None:
    """End the database's sessions, then drop it. Raises StatementError when it stays in use.

    Who holds the lock is still in the database, and its only user, until `leave` is called right before DROP.
    """
    name = connection.dialect.quote(database)
    connection.try_execute(f"ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE")
    try:
        _drop(connection, database, leave)
    except BaseException:
        connection.try_execute(f"ALTER DATABASE {name} SET MULTI_USER")
        raise


def _drop(connection: OpenConnection, database: str, leave: Callable[[], None]) -> None:
    for attempt in range(MAX_DROP_ATTEMPTS):
        _kill(connection, database)
        leave()
        try:
            connection.execute(f"DROP DATABASE {connection.dialect.quote(database)}")
        except StatementError as error:
            if IN_USE not in error.message or attempt == MAX_DROP_ATTEMPTS - 1:
                raise
            time.sleep(0.5)
        else:
            return


def server_info(connection: OpenConnection, settings: Settings) -> tuple[dict[str, str], list[str]]:
    """Ask for `SERVER_INFO`, and compare the collations with the config."""
    *row, edition = connection.query(SERVER_INFO_SQL)[0]
    info = without_nulls(SERVER_INFO, row)
    warnings = setting_mismatch("collation", info.get("collation"), "database_collation", settings.database_collation)
    if edition == AZURE:
        rows, key = connection.query(CATALOG_COLLATION), "catalog_collation_type_desc"
        info["catalog collation"] = actual = str(rows[0][0]) if rows else ""
        warnings += setting_mismatch("catalog collation", actual, key, settings.catalog_collation_type_desc)
    return info, warnings


def _kill(connection: OpenConnection, database: str) -> None:
    name = connection.dialect.quote_literal(database)
    sessions = f"SELECT session_id FROM sys.dm_exec_sessions WHERE database_id = DB_ID({name}) AND session_id <> @@SPID"
    try:
        rows = connection.query(sessions)
    except StatementError:
        return  # a login that may not see sessions cannot end them either
    for (session,) in rows:
        connection.try_execute(f"KILL {session}")


def _files(connection: OpenConnection, settings: Settings, keys: Collection[str]) -> str:
    sizes = [getattr(settings, key) if key in keys else None for key in SIZES]
    data = _file(connection, str(settings.database_data_path), "_dat", sizes)
    return f" ON PRIMARY {data} LOG ON {_file(connection, str(settings.database_log_path), '_log', LOG_SIZES)}"


def _file(connection: OpenConnection, path: str, suffix: str, sizes: Sequence[int | None]) -> str:
    """Describe one file; its logical name is its name without the suffix."""
    stem = re.split(r"[\\/]", path)[-1].rpartition(".")[0] or path
    parts = [
        f"NAME = {connection.dialect.quote_literal(stem + suffix)}",
        f"FILENAME = {connection.dialect.quote_literal(path)}",
    ]
    words = zip(("SIZE", "MAXSIZE", "FILEGROWTH"), sizes, strict=True)
    return f"({', '.join([*parts, *(f'{word} = {size}MB' for word, size in words if size is not None)])})"


def _azure(connection: OpenConnection, settings: Settings, keys: Collection[str]) -> str:
    options = []
    if "database_edition" in keys:
        options.append(f"EDITION = '{_double_quotes(str(settings.database_edition))}'")
    if "database_elastic_pool" in keys:
        options.append(
            f"SERVICE_OBJECTIVE = ELASTIC_POOL(name = {connection.dialect.quote(settings.database_elastic_pool)})"
        )
    if "database_service_objective" in keys:
        options.append(f"SERVICE_OBJECTIVE = '{_double_quotes(str(settings.database_service_objective))}'")
    return f" ({', '.join(options)})" if options else ""


def _double_quotes(text: str) -> str:
    return text.replace("'", "''")


def _ignored_settings(settings: Settings, edition: int) -> Iterator[tuple[str, str]]:
    """Yield keys that have no effect on this edition, or none without another key, each with the reason."""
    data, log = settings.database_data_path, settings.database_log_path
    if edition in {AZURE, MANAGED_INSTANCE} and (data or log):
        yield FILES, "Azure places the files itself"
    elif bool(data) != bool(log):
        yield ("database_data_path" if data else "database_log_path"), "it counts only where both paths are given"
    for key in ("database_edition", "database_service_objective", "database_elastic_pool"):
        if edition != AZURE and getattr(settings, key):
            yield key, "only Azure SQL Database has it"


def _later_statements(
    connection: OpenConnection, database: str, settings: Settings, edition: int
) -> Iterator[tuple[str, str]]:
    alter = f"ALTER DATABASE {connection.dialect.quote(database)} SET"
    level = settings.database_compatibility_level
    if level:
        yield "database_compatibility_level", f"{alter} COMPATIBILITY_LEVEL = {level}"
    if edition not in {AZURE, MANAGED_INSTANCE}:
        yield "recovery model SIMPLE", f"{alter} RECOVERY SIMPLE"
