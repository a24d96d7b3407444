"""Databases of SQL Server and Azure SQL: created with what the config asks for, dropped, and described."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from ahjo_tasks.database.dialects import create_database
from ahjo_tasks.database.dialects.base import differing, named
from ahjo_tasks.errors import StatementError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import OpenConnection

AZURE = 5
MANAGED_INSTANCE = 8
EDITION = "SELECT CAST(SERVERPROPERTY('EngineEdition') AS int)"
IN_USE = "currently in use"
"""Words of error 3702, which a server that is not Microsoft's numbers otherwise."""
FILES = "database_data_path, database_log_path"
SIZES = ("database_init_size", "database_max_size", "database_file_growth")
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


def create(connection: OpenConnection, database: str, settings: Settings) -> list[str]:
    """Create the database; returns a warning for each setting that the server refused or does not have.

    Raises StatementError when it cannot be created at all.
    """
    edition = int(connection.query(EDITION)[0][0])
    warnings = [f"{key}: {why}" for key, why in _useless(settings, edition)]
    refused = create_database.create(
        connection, wanted(settings, edition), lambda keys: statement(connection, database, settings, keys)
    )
    later = [
        f"{what}: {problem}"
        for what, text in _later(connection, database, settings, edition)
        if (problem := connection.try_execute(text))
    ]
    return [*warnings, *refused, *later]


def wanted(settings: Settings, edition: int) -> list[str]:
    """The keys of the config that count in CREATE DATABASE; without the files their sizes do not count either."""
    keys = ["database_collation"] if settings.database_collation else []
    if edition == AZURE:
        service = "database_elastic_pool" if settings.database_elastic_pool else "database_service_objective"
        found = [key for key in ("database_edition", service) if getattr(settings, key)]
        return [*keys, *found, "catalog_collation_type_desc"]
    files = settings.database_data_path and settings.database_log_path and edition != MANAGED_INSTANCE
    return [*keys, *SIZES, FILES] if files else keys


def statement(connection: OpenConnection, database: str, settings: Settings, keys: Collection[str]) -> str:
    """CREATE DATABASE with the clauses of these keys, in the order that the server wants."""
    files = _files(connection, settings, keys) if FILES in keys else ""
    collation = f" COLLATE {settings.database_collation}" if "database_collation" in keys else ""
    catalog = settings.catalog_collation_type_desc
    catalog = f" WITH CATALOG_COLLATION = {catalog}" if "catalog_collation_type_desc" in keys else ""
    name, azure = connection.dialect.quote(database), _azure(connection, settings, keys)
    return f"CREATE DATABASE {name}{files}{collation}{azure}{catalog}"


def drop(connection: OpenConnection, database: str) -> None:
    """End the database's sessions, then drop it. Raises StatementError when it stays in use."""
    name = connection.dialect.quote(database)
    connection.try_execute(f"ALTER DATABASE {name} SET SINGLE_USER WITH ROLLBACK IMMEDIATE")
    try:
        _drop(connection, database)
    except BaseException:
        connection.try_execute(f"ALTER DATABASE {name} SET MULTI_USER")
        raise


def _drop(connection: OpenConnection, database: str) -> None:
    for number in range(PATIENCE):
        _kill(connection, database)
        try:
            connection.execute(f"DROP DATABASE {connection.dialect.quote(database)}")
        except StatementError as error:
            if IN_USE not in error.message or number == PATIENCE - 1:
                raise
            time.sleep(0.5)
        else:
            return


def information(connection: OpenConnection, settings: Settings) -> tuple[dict[str, str], list[str]]:
    """Facts about server and database, and what differs from the config."""
    *row, edition = connection.query(INFORMATION)[0]
    facts = named(FACTS, row)
    warnings = differing("collation", facts.get("collation"), "database_collation", settings.database_collation)
    if edition == AZURE:
        found = connection.query(CATALOG_COLLATION)
        facts["catalog collation"] = str(found[0][0]) if found else ""
        wanted = settings.catalog_collation_type_desc
        warnings += differing("catalog collation", facts["catalog collation"], "catalog_collation_type_desc", wanted)
    return facts, warnings


def _kill(connection: OpenConnection, database: str) -> None:
    name = connection.dialect.quote_literal(database)
    sessions = f"SELECT session_id FROM sys.dm_exec_sessions WHERE database_id = DB_ID({name}) AND session_id <> @@SPID"
    try:
        found = connection.query(sessions)
    except StatementError:
        return  # who may not see sessions cannot end them either
    for (session,) in found:
        connection.try_execute(f"KILL {session}")


def _files(connection: OpenConnection, settings: Settings, keys: Collection[str]) -> str:
    sizes = [getattr(settings, key) if key in keys else None for key in SIZES]
    data = _file(connection, str(settings.database_data_path), "_dat", sizes)
    return f" ON PRIMARY {data} LOG ON {_file(connection, str(settings.database_log_path), '_log', LOG_SIZES)}"


def _file(connection: OpenConnection, path: str, suffix: str, sizes: Sequence[int | None]) -> str:
    """One file; its logical name is its name without the ending."""
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
        options.append(f"EDITION = '{_plain(str(settings.database_edition))}'")
    if "database_elastic_pool" in keys:
        options.append(
            f"SERVICE_OBJECTIVE = ELASTIC_POOL(name = {connection.dialect.quote(settings.database_elastic_pool)})"
        )
    if "database_service_objective" in keys:
        options.append(f"SERVICE_OBJECTIVE = '{_plain(str(settings.database_service_objective))}'")
    return f" ({', '.join(options)})" if options else ""


def _plain(text: str) -> str:
    return text.replace("'", "''")


def _useless(settings: Settings, edition: int) -> Iterator[tuple[str, str]]:
    """Settings of the other kind of server, and one that is nothing without another."""
    data, log = settings.database_data_path, settings.database_log_path
    if edition in {AZURE, MANAGED_INSTANCE} and (data or log):
        yield FILES, "Azure places the files itself"
    elif bool(data) != bool(log):
        yield ("database_data_path" if data else "database_log_path"), "it counts only where both paths are given"
    for key in ("database_edition", "database_service_objective", "database_elastic_pool"):
        if edition != AZURE and getattr(settings, key):
            yield key, "only Azure SQL Database has it"


def _later(connection: OpenConnection, database: str, settings: Settings, edition: int) -> Iterator[tuple[str, str]]:
    alter = f"ALTER DATABASE {connection.dialect.quote(database)} SET"
    level = settings.database_compatibility_level
    if level:
        yield "database_compatibility_level", f"{alter} COMPATIBILITY_LEVEL = {level}"
    if edition not in {AZURE, MANAGED_INSTANCE}:
        yield "recovery model SIMPLE", f"{alter} RECOVERY SIMPLE"
