"""SQL Server and Azure SQL, through pyodbc, mssql-python or pymssql."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, ClassVar

from ahjo_tasks.database.dialects.attributes import MISFIT, ProjectTemplate, ScriptClient
from ahjo_tasks.database.dialects.base import DATABASE, DEPLOY, LOCK_WAIT, ConnectFailure, Dialect, connection_lost
from ahjo_tasks.database.dialects.mssql import catalog, driver_choice, drivers, errors, locks, session
from ahjo_tasks.errors import ServerError, StatementError
from ahjo_tasks.sql.lexer import MSSQL as SYNTAX
from ahjo_tasks.sql.splitters.mssql import SPLITTER
from ahjo_tasks.sql.tsql import (
    commit_offsets,
    creates_aggregate,
    in_memory_option,
    is_one_statement,
    may_be_non_transactional,
    non_transactional_statement,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Column, Table
    from sqlalchemy.engine import URL, Engine
    from sqlalchemy.engine import Connection as SAConnection
    from sqlalchemy.types import TypeEngine

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import Attachment, Dependent, Holder, OpenConnection, Restore, ServerMessage
    from ahjo_tasks.database.drivers import Driver, DriverState
    from ahjo_tasks.sql.definitions import Definition

REFERENCED_BY_OBJECT = "3729"
UNMATCHED = (
    "The file leaves more transactions open than it found: its BEGIN TRANSACTION does not match its COMMIT and"
    " ROLLBACK. Where it must be so, write -- transaction: off at its head."
)
ENDED = (
    "The file ended the transaction that it ran in: its BEGIN TRANSACTION does not match its COMMIT and ROLLBACK."
    " Where it must be so, write -- transaction: off at its head."
)
IDLE = ("sleeping", "idle")
"""Beginnings of the states of sessions without a request, on Microsoft's and on other servers."""
REFUSED_IN_TRANSACTION = frozenset({"226", "574", "3021", "6115", "8920", "12331", "12352", "15002", "15289"})
"""Errors of statements and procedures that no transaction takes."""
REFUSAL = re.compile(
    r"within (?:a|multi-statement) transaction|inside (?:a )?user transaction|inside a transaction block"
    r"|have an open transaction"
)
"""A part of their messages, for mssql-python tells no number; a block is meant by servers that are not Microsoft's."""


class MSSQL(Dialect):
    """Scripts are split at GO; all results of a batch are read, for an error may come after the first one."""

    name = "mssql"
    script_client = ScriptClient(
        "sqlcmd -x -b -i FILE",
        "SET XACT_ABORT, QUOTED_IDENTIFIER ON\nGO",
        f"IF NOT ({{condition}}) RAISERROR('{MISFIT}', 16, 1)",
        "DB_NAME()",
        "BEGIN TRANSACTION",
        "COMMIT",
        "\nGO",
        login="SUSER_SNAME()",
        now="SYSUTCDATETIME()",
        digest="LOWER(CONVERT(varchar(64), {}, 2))",
    )
    title = "SQL Server"
    default_driver = "mssql+pyodbc"
    drivers = driver_choice.DRIVERS
    connect_limit: ClassVar[Mapping[str, str]] = {"pyodbc": "timeout", "pymssql": "login_timeout"}
    tools = ("sqlcmd",)
    locks_projects = True
    sees_locks_sql = "SELECT CASE WHEN DATABASEPROPERTYEX(DB_NAME(), 'Updateability') = 'READ_WRITE' THEN 1 ELSE 0 END"
    syntax = SYNTAX
    writer = "ahjo_tasks.data.writers_mssql:MSSQLWriter"
    script_reader = "ahjo_tasks.database.scripts.mssql:SQLServerScripts"
    descriptions = "ahjo_tasks.descriptions.mssql:ExtendedProperties"
    refresh_step = "ahjo_tasks.engine.refresh:RefreshStep"
    login_step = "ahjo_tasks.engine.security:LoginStep"
    supports_sqlcmd = True
    project_template = ProjectTemplate(
        "mssql",
        "ahjo-tasks[mssql]",
        1433,
        {"TrustServerCertificate": "yes"},
        "The server on your own machine signs its certificate itself.",
    )
    splitter = SPLITTER
    default_schema = "dbo"
    no_operation = "SET NOCOUNT OFF"
    call = r"(?ais:.*?\bEXEC(?:UTE)?\b)"
    bookkeeping_schema = "dbo"
    savepoint = "SAVE TRANSACTION ahjo_apart"
    rollback_to_savepoint = "ROLLBACK TRANSACTION ahjo_apart"
    release_savepoint = ""
    savepoint_survives_error = False
    error_may_roll_back = True
    blocked_by_others = frozenset({"1205", errors.LOCK_WAIT_TIMEOUT})
    drop_temporary = "DROP {} IF EXISTS {}"
    missing_objects: ClassVar[Mapping[str, str]] = errors.MISSING_OBJECTS
    maintenance_database = "master"
    streams_rows = True
    supports_use_database = True
    system_databases = frozenset({"master", "model", "msdb", "tempdb"})
    unsupported_kinds: ClassVar[frozenset[str]] = frozenset()
    own_kinds = frozenset(
        {
            "partition function",
            "partition scheme",
            "fulltext catalog",
            "xml schema collection",
            "external source",
            "aggregate",
            "default",
            "policy",
        }
    )
    time_separator = "T"  # with a blank, day and month change places by the login's language
    begin = "BEGIN TRANSACTION"
    commit = (
        "IF @@TRANCOUNT = 1 COMMIT TRANSACTION ELSE IF @@TRANCOUNT > 0 BEGIN ROLLBACK TRANSACTION;"
        f" RAISERROR(N'{UNMATCHED}', 16, 1) END ELSE RAISERROR(N'{ENDED}', 16, 1)"
    )
    rollback = "IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION"
    session_sql = "SELECT @@SPID"
    identity_sql = (
        "SELECT CAST(@@SERVERNAME AS nvarchar(128)), DB_NAME(),"
        " PARSENAME(CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), 4)"
    )
    content_sql = (
        "SELECT CASE RTRIM(type) WHEN 'U' THEN 'table' WHEN 'V' THEN 'view' WHEN 'P' THEN 'procedure'"
        " WHEN 'SN' THEN 'synonym' WHEN 'SO' THEN 'sequence' WHEN 'TR' THEN 'trigger' ELSE 'function' END, name"
        " FROM sys.objects WHERE is_ms_shipped = 0 AND RTRIM(type) IN"
        " ('U', 'V', 'P', 'PC', 'SN', 'SO', 'TR', 'FN', 'IF', 'TF', 'FS', 'FT', 'AF')"
        " UNION ALL SELECT 'type', name FROM sys.types WHERE is_user_defined = 1"
    )
    catalog_queries = catalog.QUERIES
    comments_sql = catalog.COMMENTS
    catalog_digest = "HASHBYTES('SHA2_256', {})"
    catalog_version_sql = catalog.VERSION
    used_schemas_sql = catalog.USED_SCHEMAS
    table_exists_sql = (
        "SELECT 1 FROM sys.tables WHERE name = {name} AND SCHEMA_NAME(schema_id) = COALESCE({schema}, SCHEMA_NAME())"
    )
    foreign_keys_sql = (
        "SELECT SCHEMA_NAME(c.schema_id), c.name, SCHEMA_NAME(p.schema_id), p.name FROM sys.foreign_keys k"
        " JOIN sys.tables c ON c.object_id = k.parent_object_id"
        " JOIN sys.tables p ON p.object_id = k.referenced_object_id"
    )

    def __init__(self) -> None:
        self._first_error = errors.FirstError()

    def quote(self, *parts: str | None) -> str:
        """Quote with brackets."""
        return ".".join("[" + part.replace("]", "]]") + "]" for part in parts if part)

    def quote_literal(self, text: str) -> str:
        """Quote as a Unicode literal."""
        return "N" + super().quote_literal(text)

    def column_names(self, connection: SAConnection, table: str, schema: str | None) -> list[str]:
        """List columns by the table's id: a search by name in the catalog is slow, and ignores the default schema."""
        name = self.quote_literal(self.quote(schema, table))
        rows = connection.exec_driver_sql(f"SELECT name FROM sys.columns WHERE object_id = OBJECT_ID({name})")
        return [str(row[0]) for row in rows]

    def time_column(self, name: str, *, default_now: bool = False) -> Column[Any]:
        """Ask for DATETIME2, for DATETIME rounds to 3 ms."""
        from sqlalchemy import Column, func
        from sqlalchemy.dialects.mssql import DATETIME2

        return Column(name, DATETIME2, server_default=func.now() if default_now else None)

    def sent_type(self, column_type: TypeEngine[Any]) -> TypeEngine[Any]:
        """Send texts as NVARCHAR, and times as texts where the server keeps all digits, for some drivers cut them."""
        from sqlalchemy import String, Unicode
        from sqlalchemy.dialects.mssql import DATETIME2

        return Unicode() if isinstance(column_type, DATETIME2 | String) else column_type

    def widen_texts(self, connection: SAConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Make VARCHAR columns NVARCHAR where a row has letters beyond ASCII, which VARCHAR may store as `?`."""
        from ahjo_tasks.database.dialects.mssql.unicode_columns import widen

        widen(connection, self.quote(table.schema, table.name), rows, self)

    def drop_statement(self, made: Definition, text: str = "") -> str:
        """Drop a trigger from the database or server it is on, an assembly without a schema, an aggregate as such."""
        if made.kind == "policy":
            return f"DROP SECURITY POLICY IF EXISTS {self.quote(made.name.schema, made.name.name)}"
        if made.kind == "assembly":
            return f"DROP ASSEMBLY IF EXISTS {self.quote(made.name.name)}"
        if made.kind == "function" and creates_aggregate(text, made.name.name):
            return f"DROP AGGREGATE IF EXISTS {self.quote(made.name.schema, made.name.name)}"
        place = made.table.name.upper() if made.kind == "trigger" and made.table and not made.table.schema else ""
        if place not in {"DATABASE", "ALL"}:
            return super().drop_statement(made)
        return f"DROP TRIGGER IF EXISTS {self.quote(made.name.name)} ON {place.replace('ALL', 'ALL SERVER')}"

    # -- connecting ------------------------------------------------------------------------------------------------

    def url(self, settings: Settings, username: str | None, password: str | None) -> URL:
        """Build the URL for a driver that loads, with the query items of that driver."""
        url = drivers.adapt_url(super().url(settings, username, password), settings)
        from ahjo_tasks.database.dialects.mssql import entra

        return entra.with_authentication(url, settings)

    def check_driver(self, driver: Driver) -> DriverState:
        """Load the libraries, too, without which mssql-python can be imported but cannot connect."""
        return driver_choice.state(driver)

    def system_drivers(self) -> list[DriverState]:
        """List the ODBC drivers that pyodbc can use."""
        return driver_choice.odbc_drivers()

    def url_query(self, settings: Settings) -> Mapping[str, str]:
        """Write true and false of the config as the yes and no of the drivers."""
        return {key: drivers.keyword_value(value) for key, value in settings.sqla_url_query_map.items()}

    def address(self, url: URL) -> str:
        """Return the address; FreeTDS has its port elsewhere in the URL."""
        return super().address(url._replace(port=drivers.port(url)))

    def connection_notice(self, url: URL, settings: Settings) -> str:
        """Name the driver that was chosen, where the config names none."""
        return drivers.notice(super().url(settings, None, None), settings)

    def precheck_connect(self, url: URL) -> ConnectFailure | None:
        """Refuse an unknown host or a closed port, for which the drivers wait long."""
        return drivers.unreachable(url)

    def register_events(self, engine: Engine, settings: Settings) -> None:
        """Have a token fetched for each connection, where the config logs in by token."""
        if engine.driver == "pyodbc":
            drivers.disable_pooling()
        else:
            drivers.ask_for_version(engine)
        drivers.ignore_ended_transaction(engine)
        from ahjo_tasks.database.dialects.mssql import entra

        entra.provide_tokens(engine, settings)

    def engine_options(self, settings: Settings) -> dict[str, Any]:
        """Have the drivers begin no transactions of their own, as by the statements that set the session up."""
        options = super().engine_options(settings)
        return {**options, "connect_args": {"autocommit": True, **options["connect_args"]}}

    def on_connect(self, raw: Any) -> None:
        """Have an error end its transaction, and modules be created with the options that indexed views need."""
        _run(raw, session.SETUP)

    def set_lock_timeout(self, raw: Any, seconds: int) -> None:
        """Set LOCK_TIMEOUT, without which the server waits for ever."""
        _run(raw, f"SET LOCK_TIMEOUT {max(seconds, 1) * 1000}")

    def reopen_transaction(self, raw: Any) -> None:
        """Begin one; all drivers but Microsoft's ODBC driver send a ROLLBACK that fails where nothing is open."""
        _run(raw, "IF @@TRANCOUNT = 0 BEGIN TRANSACTION")

    def set_autocommit(self, raw: Any, on: bool) -> None:
        """Set the attribute, a method in pymssql; all but Microsoft's driver send a ROLLBACK, see reopen_transaction.

        FreeTDS leaves the attribute as it was where that fails, and would begin no transaction any more.
        """
        if callable(raw.autocommit):
            if on and not raw.autocommit_state:
                self.reopen_transaction(raw)
            raw.autocommit(on)
            return
        try:
            raw.autocommit = on
        except Exception as error:
            if not drivers.found_no_transaction(error):
                raise
            self.reopen_transaction(raw)
            raw.autocommit = on

    def classify_connect_error(self, error: Exception) -> ConnectFailure:
        """Classify by SQLSTATE, the server's number and its message."""
        return errors.connect_failure(error)

    # -- running ---------------------------------------------------------------------------------------------------

    def interrupt(self, cursor: Any) -> None:
        """Have the server cancel the statement, for which the drivers wait in C code."""
        drivers.cancel(cursor)

    def is_idle(self, connection: OpenConnection, raw: Any) -> bool:
        """Look at all other sessions of this process, as far as the login may see them: drivers tell no numbers."""
        sessions = "sys.dm_exec_sessions WHERE host_name = HOST_NAME() AND session_id <> @@SPID"
        states = connection.query(f"SELECT status FROM {sessions} AND host_process_id = {os.getpid()}")
        return bool(states) and all(str(state).startswith(IDLE) for (state,) in states)

    def subscribe_messages(self, raw: Any, listener: Callable[[ServerMessage], None]) -> None:
        """Register a handler with pymssql, which alone takes one; the errors it gets are kept for `server_error`."""
        handler = getattr(getattr(raw, "_conn", None), "set_msghandler", None)
        if handler:
            handler(errors.MessageHandler(listener, self._first_error))

    def messages(self, cursor: Any) -> list[ServerMessage]:
        """Return what PRINT and RAISERROR of low severity sent with the current result."""
        messages = getattr(cursor, "messages", None) or ()
        return [errors.message(state, text) for state, text in messages if not state.endswith(errors.CONTEXT_CHANGES)]

    def drain(self, cursor: Any) -> None:
        """Consume the rows, in the way of each driver."""
        session.drain(cursor)

    def error_messages(self, error: Exception) -> list[ServerMessage]:
        """Return what was sent just before the error."""
        return errors.messages(error)

    def server_error(self, error: Exception, text: str) -> ServerError:
        """Convert the error; ODBC gives no line, so `locate_error` may ask the server for it."""
        first = errors.records(error)[0]
        if errors.is_lost(first):
            return connection_lost(first.text)
        plain = ServerError(first.text, first.number, hint=errors.hint(first))
        completed = self._first_error.complete(plain, text)
        if completed is plain:
            return plain
        from ahjo_tasks.database.dialects.mssql import error_lines

        return error_lines.refine(completed, text)

    def is_dependency_error(self, error: ServerError) -> bool:
        """True if a schema-bound object kept it from being dropped; other servers than Microsoft's have no number."""
        return error.number == REFERENCED_BY_OBJECT or "other objects depend on it" in error.message

    def dependents(self, connection: OpenConnection, definitions: Sequence[Definition]) -> list[Dependent] | None:
        """Ask the catalog for what is schema-bound."""
        from ahjo_tasks.database.dialects.mssql import dependents

        return dependents.dependents(connection, definitions, self)

    def migration_blockers(self, connection: OpenConnection, error: ServerError) -> list[Dependent]:
        """Ask the catalog about what the error names."""
        from ahjo_tasks.database.dialects.mssql import dependents

        return dependents.migration_blockers(connection, error.message, self)

    def attachments(self, connection: OpenConnection, dependents: Sequence[Dependent]) -> list[Attachment]:
        """Ask the catalog."""
        from ahjo_tasks.database.dialects.mssql import dependents as catalog

        return catalog.attachments(connection, dependents, self)

    def own_attachments(self, connection: OpenConnection, definitions: Sequence[Definition]) -> Sequence[Attachment]:
        """Ask the catalog."""
        from ahjo_tasks.database.dialects.mssql import dependents as catalog

        return catalog.own_attachments(connection, definitions, self)

    def locate_error(
        self, connection: OpenConnection, text: str, error: ServerError, before: Sequence[str] | None = ()
    ) -> ServerError:
        """Ask the server for line and procedure; not after a wait for a lock, which would be waited for again."""
        if error.hint == LOCK_WAIT:
            return error
        from ahjo_tasks.database.dialects.mssql import error_lines

        return error_lines.locate(connection, text, error, before)

    def non_transactional_statement(self, text: str) -> str:
        """Search each batch; what stands in the body of a module runs later."""
        batches = SPLITTER.split(text) if may_be_non_transactional(text) else ()
        return next((name for batch in batches if (name := non_transactional_statement(batch.text))), "")

    def is_one_statement(self, batch: str) -> bool:
        """Count the words that begin a statement, for a batch may hold any number."""
        return is_one_statement(batch)

    def non_transactional_drop(self, statement: str, text: str) -> str:
        """Look at what was created, too: a statement does not tell that an object is in memory."""
        return super().non_transactional_drop(statement, text) or in_memory_option(text)

    def mark_transaction(self, connection: OpenConnection) -> None:
        """Take a lock that belongs to it: @@TRANCOUNT cannot tell it from one that a driver began after it."""
        locks.mark_transaction(connection)

    def is_marked(self, connection: OpenConnection) -> bool:
        """Look if the transaction has the lock."""
        return locks.is_marked(connection)

    def save_session(self, connection: OpenConnection, texts: Sequence[str]) -> Restore | None:
        """Reset what the batches set for the session, so that the next file finds the same options."""
        return session.save(connection, texts)

    def commit_offsets(self, text: str) -> list[int]:
        """Read the statements; COMMIT ends a transaction that the batch began before."""
        return commit_offsets(text)

    def was_ended(self, error: ServerError) -> bool:
        """Return whether the text is that of our own check."""
        return ENDED in error.message

    def refuses_transaction(self, error: ServerError) -> bool:
        """True if number or message is that of a statement or a procedure that runs outside of transactions only."""
        return error.number in REFUSED_IN_TRANSACTION or REFUSAL.search(error.message) is not None

    def object_exists(self, connection: OpenConnection, definition: Definition) -> bool:
        """Ask by the function or catalog view of its kind: DROP ... IF EXISTS says nothing of what is not there."""
        qualified = self.quote_literal(self.quote(definition.name.schema, definition.name.name))
        name = self.quote_literal(definition.name.name)
        catalogs = {"assembly": "sys.assemblies", "trigger": "sys.triggers", "schema": "sys.schemas"}
        if definition.kind == "type":
            found = f"SELECT TYPE_ID({qualified})"
        elif definition.kind == "trigger" and _is_server_wide(definition):
            found = f"SELECT MAX(object_id) FROM sys.server_triggers WHERE name = {name}"
        elif definition.kind in catalogs:
            found = f"SELECT COUNT(*) FROM {catalogs[definition.kind]} WHERE name = {name}"
        else:
            found = f"SELECT OBJECT_ID({qualified})"
        try:
            return bool(connection.query(found)[0][0])
        except StatementError:  # a server that is not Microsoft's may lack the catalog view
            return True

    # -- the database itself ---------------------------------------------------------------------------------------

    def exists(self, connection: OpenConnection, database: str) -> bool:
        """Return whether the server lists the database."""
        return bool(connection.query(f"SELECT 1 FROM sys.databases WHERE name = {self.quote_literal(database)}"))

    def drop_database(self, connection: OpenConnection, database: str, leave: Callable[[], None]) -> None:
        """End the database's sessions, then leave it, with the lock inside of it, and drop it."""
        from ahjo_tasks.database.dialects.mssql import databases

        databases.drop(connection, database, leave)

    def create_database(self, connection: OpenConnection, database: str, settings: Settings) -> list[str]:
        """Create the database with its files and collation, then set the other options."""
        from ahjo_tasks.database.dialects.mssql import databases

        return databases.create(connection, database, settings)

    def server_info(self, connection: OpenConnection, settings: Settings) -> tuple[dict[str, str], list[str]]:
        """Ask the server, and for the catalog collation of Azure SQL Database, too."""
        from ahjo_tasks.database.dialects.mssql import databases

        return databases.server_info(connection, settings)

    def lock(
        self, connection: OpenConnection, owner: str, timeout: float, purpose: str = DEPLOY
    ) -> AbstractContextManager[None]:
        """Take an application lock of the session, which the server releases when the connection ends."""
        return locks.hold(connection, owner, timeout, purpose, "Exclusive")

    def share_lock(self, connection: OpenConnection, owner: str, timeout: float) -> AbstractContextManager[None]:
        """Take that of the database together with others."""
        return locks.hold(connection, owner, timeout, DATABASE, "Shared")

    def lock_holder(self, connection: OpenConnection, purpose: str = DEPLOY) -> Holder | None:
        """Read the CONTEXT_INFO of the other sessions in the database."""
        return locks.holder(connection, purpose)


def _is_server_wide(definition: Definition) -> bool:
    """Return whether a trigger is on the server and not on a table or the database."""
    table = definition.table
    return table is not None and not table.schema and table.name.upper() == "ALL"


def _run(raw: Any, statements: str) -> None:
    cursor = raw.cursor()
    cursor.execute(statements)
    cursor.close()
