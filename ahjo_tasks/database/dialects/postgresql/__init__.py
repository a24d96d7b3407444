"""PostgreSQL, through psycopg."""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ahjo_tasks.database.dialects.attributes import MISFIT, ProjectTemplate, ScriptClient
from ahjo_tasks.database.dialects.base import (
    DATABASE,
    DEPLOY,
    EXISTS,
    LOCK_WAIT,
    READ_ONLY,
    RUNNING,
    ConnectFailure,
    Dialect,
    Holder,
    ServerMessage,
    compiled,
    connection_lost,
)
from ahjo_tasks.database.dialects.postgresql import catalog
from ahjo_tasks.database.drivers import Driver
from ahjo_tasks.errors import LockedError, ServerError, SourceError, StatementError
from ahjo_tasks.sql.lexer import POSTGRESQL
from ahjo_tasks.sql.source import SourceText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy.engine import URL

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import Attachment, Dependent, OpenConnection, Restore, TransactionState
    from ahjo_tasks.database.dialects.error_positions import Position
    from ahjo_tasks.sql.definitions import Definition
    from ahjo_tasks.sql.splitters import Splitter
    from ahjo_tasks.sql.splitters.psql import Rows

POLL_SECONDS = 0.2
BATCH_LOCK_TIMEOUT = "1s"
"""Wait of a call of many files for a lock: meanwhile others wait for the locks that it has already."""
HELD = (
    "SELECT a.usename, a.pid, a.application_name"
    " FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid, (SELECT {} AS k) AS key"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND (l.classid::bigint << 32 | l.objid::bigint) = key.k"
)
"""Query of the session that holds an advisory lock."""
READING = "ahjo_reading"
"""Savepoint around a query of the catalog; another name than that of others, which a failed query must not undo."""
UNDO_READING = f"ROLLBACK TO SAVEPOINT {READING}"
LOCK_KEY = "hashtextextended('ahjo {purpose}:' || current_database(), 0)"
WRONG_LOGIN = frozenset({"28P01", "28000"})
SILENT = r"(?i)connection refused|time-?\s?out|timed out|no route to host|network is unreachable"
CONNECT_HINTS = (
    (r"invalid (connection option|\S+ value)|invalid URI", "Check sqla_url_query_map, or the query of sqlalchemy.url."),
    (r"(?i)\bSSL\b|certificate", "Check sslmode and the certificates in sqla_url_query_map."),
)
"""Hints on a refusal of the driver or of the server, by its words; the first that is found counts."""
STARTING = frozenset({"57P03", "53300"})
MISSING_DATABASE = "3D000"
ENDED = frozenset({"57P01", "57P02", "57P05", "25P03"})
"""SQLSTATEs of a session that the server ends: by an administrator, in a crash, or for being idle."""
LOST = r"closed the connection|connection (?:is|has been|was) (?:lost|closed|reset)|Connection reset|Broken pipe"
RAISED = r"PL/pgSQL function (\S+(?:\(.*?\))?) line (\d+) at RAISE"
IN_ROUTINE = r"^PL/pgSQL function .+ line \d+ at .+$"
"""A line of an error's context that says more than the SQL statement above it, which the file may not show."""
COPIED_ROW = r"^COPY .*, line (\d+)"
WITHOUT_LOGIN = "Set AHJO_PASSWORD, password_file, PGPASSWORD or a line of ~/.pgpass."
BLOCK = "inline_code_block"
"""Name that the server gives the body of DO."""
LOCK_NOT_AVAILABLE = "55P03"
ALREADY_EXISTS = ("42P06", "42P07", "42710", "42723")
HINTS = {LOCK_NOT_AVAILABLE: LOCK_WAIT, "25006": READ_ONLY, **dict.fromkeys(ALREADY_EXISTS, EXISTS)}
NEEDS_COMMIT = frozenset({"55P04", "55006", "25001", "53200"})
USED = "2BP01"
USED_BY_VIEW = "0A000"
CANNOT_REPLACE = frozenset({"42P16", "42P13", "42809"})
"""SQLSTATEs of CREATE OR REPLACE with other columns of a view, another type of result or other names of parameters, and
of an object of a kind beside the one that is there, as a materialized view in place of a view."""
QUOTED_NAME = r"[\"»«„]\s?(.+?)\s?[\"«»“]"
LIBPQ_DEFAULTS = {
    "client_encoding": "UTF8",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""Parameters that the config may set. A peer that is gone is noticed within a minute.

Without `client_encoding` a driver uses the database's own encoding: it fails for
letters that this lacks, where the server would say so, and gives bytes instead of text for SQL_ASCII."""
MAX_NAME_BYTES = 63
"""Bytes of an application's name that the server keeps."""

GAP = POSTGRESQL.gap()
STATES: dict[object, TransactionState] = {
    0: "none",
    2: "open",
    3: "failed",
    b"I": "none",
    b"T": "open",
    b"E": "failed",
}
"""Transaction states by libpq's number, and by the letter of the protocol."""
BATCHABLE = (
    rf"(?ai:CREATE\b{GAP}(?:OR\b{GAP}REPLACE\b{GAP}|)?+(?:CONSTRAINT\b{GAP}|)?+"
    r"(?:VIEW|FUNCTION|PROCEDURE|AGGREGATE|TRIGGER|TYPE|DOMAIN|SEQUENCE|RULE)"
    rf"|(?:ALTER|DROP)\b{GAP}"
    r"(?:VIEW|FUNCTION|PROCEDURE|ROUTINE|AGGREGATE|TRIGGER|TYPE|DOMAIN|SEQUENCE|RULE)"
    rf"|COMMENT\b{GAP}ON|GRANT|REVOKE)\b"
)
"""The beginning of a statement that defines objects, and controls no transaction."""

CALLS = rf"(?ai:{GAP}(?:CALL|DO)\b)"
COPY_SIZE = 65_536
"""Characters of the rows of COPY that are sent at a time."""


class PostgreSQL(Dialect):
    """A file goes to the server in one call, of which the server makes one transaction."""

    name = "postgresql"
    script_client = ScriptClient(
        "psql -v ON_ERROR_STOP=1 -f FILE",
        "\\set ON_ERROR_STOP on\n\\encoding UTF8",
        f"DO $guard$ BEGIN IF NOT ({{condition}}) THEN RAISE EXCEPTION '{MISFIT}'; END IF; END $guard$",
        "current_database()",
        "BEGIN",
        "COMMIT",
        login="current_user",
        now="(now() AT TIME ZONE 'utc')",
        catalog=catalog.SETTINGS,
        schema_sql="SELECT current_schema()",
        combined=catalog.COMBINED,
        misread=r"""(?<!:):(?=[\w'"{])""",
        reset="RESET ALL;\nRESET SESSION AUTHORIZATION;\nRESET ROLE;\nSET client_encoding = 'UTF8'",
    )
    title = "PostgreSQL"
    default_driver = "postgresql+psycopg"
    drivers = (
        Driver("psycopg", "psycopg", "psycopg", "pip install 'ahjo-tasks[postgresql]'"),
        Driver("psycopg2", "psycopg2", "psycopg2", "pip install psycopg2-binary"),
        Driver("pg8000", "pg8000", "pg8000", "pip install pg8000"),
    )
    driver_arguments: ClassVar[Mapping[str, str]] = {
        **{name: name for name in ("host", "port", "password")},
        "username": "user",
        "database": "dbname",
    }
    tools = ("psql",)
    syntax = POSTGRESQL
    writer = "ahjo_tasks.data.writers_postgresql:PostgreSQLWriter"
    script_reader = "ahjo_tasks.database.scripts.postgresql:PostgreSQLScripts"
    descriptions = "ahjo_tasks.descriptions.postgresql:ObjectComments"
    project_template = ProjectTemplate("postgresql", "ahjo-tasks[postgresql]", 5432)
    default_schema = "public"
    current_schema_sql = "SELECT current_schema()"
    maintenance_database = "postgres"
    system_databases = frozenset({"postgres", "template0", "template1"})
    unsupported_kinds = Dialect.unsupported_kinds | {"synonym"}
    own_kinds = frozenset({"extension", "domain", "aggregate", "operator", "materialized view", "policy"})
    locks_projects = True
    sees_locks_sql = "SELECT NOT pg_is_in_recovery()"
    overloaded_kinds = frozenset({"function", "procedure"})
    late_binding = frozenset({"procedure", "function"})
    implicit_transaction_per_call = True
    blocked_by_others = frozenset({"40001", "40P01", LOCK_NOT_AVAILABLE})
    session_sql = "SELECT pg_backend_pid()"
    identity_sql = (
        "SELECT (SELECT system_identifier::text FROM pg_control_system()), current_database()::text,"
        " current_setting('server_version_num')::int / 10000"
    )
    content_sql = (
        "WITH owned AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e'), usual AS (SELECT oid, nspname"
        " FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')"
        " SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'"
        " WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'table' END, c.relname::text FROM pg_class c"
        " JOIN usual u ON u.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')"
        " AND ('pg_class'::regclass, c.oid) NOT IN (SELECT classid, objid FROM owned)"
        " UNION ALL SELECT 'routine', p.proname::text FROM pg_proc p JOIN usual u ON u.oid = p.pronamespace"
        " WHERE ('pg_proc'::regclass, p.oid) NOT IN (SELECT classid, objid FROM owned)"
        " UNION ALL SELECT 'type', t.typname::text FROM pg_type t JOIN usual u ON u.oid = t.typnamespace"
        " WHERE t.typtype IN ('e', 'd', 'r') AND ('pg_type'::regclass, t.oid) NOT IN (SELECT classid, objid FROM owned)"
        " UNION ALL SELECT 'schema', u.nspname::text FROM usual u WHERE u.nspname <> 'public'"
        " AND ('pg_namespace'::regclass, u.oid) NOT IN (SELECT classid, objid FROM owned)"
        " UNION ALL SELECT 'large object', oid::text FROM pg_largeobject_metadata"
    )
    catalog_queries = catalog.QUERIES
    comments_sql = catalog.COMMENTS
    tables_sql = catalog.TABLES
    catalog_digest = "md5({})"
    catalog_version_sql = catalog.VERSION
    catalog_mark_sql = catalog.MARK
    changed_names_sql = catalog.CHANGED_NAMES
    used_schemas_sql = catalog.USED_SCHEMAS
    catalog_bounds_sql = catalog.BOUNDS
    names_per_query = 1000
    table_exists_sql = (
        "SELECT 1 FROM pg_catalog.pg_tables WHERE tablename = {name}"
        " AND schemaname = COALESCE({schema}, current_schema())"
    )
    missing_objects: ClassVar[Mapping[str, str]] = {
        "42P01": QUOTED_NAME,
        "42704": QUOTED_NAME,
        "3F000": QUOTED_NAME,
        "42883": r"([^\s(]+)\(",
    }
    """The server words its messages in a language of its own; the marks around names differ, too."""
    server_info_sql = (
        "SELECT inet_server_addr(), NULL, session_user, datname, datcollate, current_setting('server_version'), NULL"
        " FROM pg_database WHERE datname = current_database()"
    )
    invalid_index_sql = (
        "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE NOT i.indisvalid AND i.indrelid = to_regclass({table}) AND c.relname = {name}"
    )
    foreign_keys_sql = (
        "SELECT cn.nspname, c.relname, pn.nspname, p.relname FROM pg_constraint k"
        " JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace"
        " JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace"
        " WHERE k.contype = 'f'"
    )

    @cached_property
    def splitter(self) -> Splitter:
        """Divide at COPY with its rows alone."""
        from ahjo_tasks.database.dialects.postgresql import statements
        from ahjo_tasks.sql.splitters import postgresql

        return replace(postgresql.SPLITTER, check=statements.check)

    @cached_property
    def statement_splitter(self) -> Splitter:
        """Divide at semicolons."""
        from ahjo_tasks.sql.splitters import postgresql

        return postgresql.STATEMENT_SPLITTER

    def non_transactional_statement(self, text: str) -> str:
        """Match the beginning of each statement."""
        from ahjo_tasks.database.dialects.postgresql import statements

        return statements.non_transactional(text)

    def transaction_control(self, text: str) -> str:
        """Match the beginning of each statement."""
        from ahjo_tasks.database.dialects.postgresql import statements

        return statements.control(text)

    def commit_offsets(self, text: str) -> list[int]:
        """Match the beginning of each statement."""
        from ahjo_tasks.database.dialects.postgresql import statements

        return statements.commit_offsets(text)

    def may_commit_alone(self, statement: str) -> bool:
        """Return whether the statement is CALL or DO: in a transaction neither can commit."""
        return compiled(CALLS).match(statement) is not None

    def refuses_transaction(self, error: ServerError) -> bool:
        """Return whether the SQLSTATE is that of a statement that runs outside of transactions only."""
        from ahjo_tasks.database.dialects.postgresql import statements

        return error.number in statements.REFUSED_IN_TRANSACTION and error.hint != statements.BEGIN_FIRST

    def transaction_state(self, raw: Any) -> TransactionState | None:
        """Read libpq's transaction status, or that of pg8000."""
        status = getattr(getattr(raw, "info", None), "transaction_status", getattr(raw, "_transaction_status", None))
        return STATES.get(status)

    def reported_settings(self, raw: Any) -> dict[str, str]:
        """Read the settings that the server reports with each answer: search_path among them since PostgreSQL 18."""
        connection = getattr(raw, "pgconn", None)
        if connection is None:
            return {}
        from ahjo_tasks.database.dialects.postgresql import session

        values = {name: connection.parameter_status(name.encode()) for name in session.REPORTED}
        return {name: value.decode() for name, value in values.items() if value is not None}

    def save_session(self, connection: OpenConnection, texts: Sequence[str]) -> Restore | None:
        """Ask for settings, roles, prepared statements, cursors and locks, where a statement may change them."""
        from ahjo_tasks.database.dialects.postgresql import session

        return session.save(connection, texts)

    def restore_reported(self, connection: OpenConnection, before: Mapping[str, str]) -> None:
        """Set the parameters."""
        from ahjo_tasks.database.dialects.postgresql import session

        session.restore_reported(connection, before)

    def batchable(self, text: str) -> bool:
        """Test that each statement defines objects."""
        from ahjo_tasks.sql.splitters import postgresql

        pattern = compiled(BATCHABLE)
        return all(pattern.match(text, start) for start in postgresql.statement_starts(SourceText(text)))

    def needs_own_transaction(self, text: str) -> bool:
        """Search for new values of an enumeration, which can be used only when they are committed."""
        return compiled(r"(?ai:\bADD\s+VALUE\b)").search(text) is not None

    def needs_commit(self, error: ServerError) -> bool:
        """Read the SQLSTATE: a new value of an enumeration, constraints that are not checked yet, a full lock table."""
        return error.number in NEEDS_COMMIT

    def max_locked_objects(self, connection: OpenConnection) -> int:
        """Return half of the size of the lock table, which all sessions share."""
        return int(connection.query(f"SELECT {catalog.LOCK_TABLE}")[0][0]) // 2

    def quote_literal(self, text: str) -> str:
        """Quote so that a text is the same, and ends where it ends, under either `standard_conforming_strings`."""
        literal = super().quote_literal(text)
        return "E" + literal.replace("\\", "\\\\") if "\\" in text else literal

    def casts(self, text: str) -> list[Definition]:
        """Return them by their types in parentheses."""
        from ahjo_tasks.database.dialects.postgresql import drop

        return drop.casts(text)

    def drop_statement(self, definition: Definition, text: str = "") -> str:
        """Drop the overloads that the text creates, materialized views by their kind, and triggers from their table."""
        from ahjo_tasks.database.dialects.postgresql import drop

        statement = drop.drop_from_catalog(definition, text, self)
        return statement or drop.drop_attached(definition, super().drop_statement(definition), self)

    def url(self, settings: Settings, username: str | None, password: str | None) -> URL:
        """Limit the time that connecting may take, and have the server convert text from and to UTF-8."""
        url = super().url(settings, username, password)
        if "psycopg" not in url.drivername:
            return url
        usual = self.driver_options(settings)
        return url.update_query_dict({name: value for name, value in usual.items() if name not in url.query})

    def driver_options(self, settings: Settings) -> Mapping[str, str]:
        """Return libpq's parameters."""
        return {**LIBPQ_DEFAULTS, "connect_timeout": str(settings.connect_timeout)}

    def driver_password(self, environ: Mapping[str, str]) -> bool | None:
        """Look where libpq looks: PGPASSWORD, and the file PGPASSFILE or ~/.pgpass."""
        named = environ.get("PGPASSFILE")
        base = Path(environ.get("APPDATA", ""), "postgresql", "pgpass.conf") if os.name == "nt" else Path("~/.pgpass")
        return "PGPASSWORD" in environ or (Path(named) if named else base.expanduser()).is_file()

    def set_lock_timeout(self, raw: Any, seconds: int) -> None:
        """Set the server's `lock_timeout`, unless the login has one.

        Have the server check its client, too, where it can, so that a killed run releases its locks at once.
        """
        raw.autocommit = True
        cursor = raw.cursor()
        setting = f"set_config('lock_timeout', '{max(seconds, 1)}s', false)"
        limit = f"SELECT {setting} WHERE current_setting('lock_timeout') = '0'"
        try:
            cursor.execute(f"SET client_connection_check_interval = '2s'; {limit}")
        except Exception:  # noqa: BLE001 - older servers, and those on systems that cannot tell
            cursor.execute(limit)
        cursor.close()

    def on_connect(self, raw: Any) -> None:
        """Have psycopg's cursors count statements, and prepare none; leave other drivers alone.

        A pooler may pass the next statement to another session of the server, which does not know what was prepared.
        """
        if hasattr(raw, "pgconn"):
            from ahjo_tasks.database.dialects.postgresql.cursor import CountingCursor

            raw.cursor_factory = CountingCursor
            raw.prepare_threshold = None

    def cancel_statement(self, raw: Any) -> str:
        """Cancel the backend's query; pg8000 does not tell which backend it has."""
        info = getattr(raw, "info", None)
        return f"SELECT pg_cancel_backend({info.backend_pid})" if info else ""

    def is_idle(self, connection: OpenConnection, raw: Any) -> bool:
        """Look the session up, unless a pooler gives sessions other numbers than the server.

        In a pipeline, as of `executemany`, one that waits for the rest of it is active, though it has nothing to do.
        """
        info = getattr(raw, "info", None)
        if info is None:
            return False
        own, state, waits_for, known = connection.query(
            "SELECT pg_backend_pid(), a.state, a.wait_event, a.pid FROM (SELECT) c LEFT JOIN pg_stat_activity a"
            f" ON a.pid = {info.backend_pid}"
        )[0]
        is_numbered = own == connection.dbapi_connection.info.backend_pid
        in_pipeline = bool(getattr(getattr(raw, "pgconn", None), "pipeline_status", 0))
        is_idle = (state or "").startswith("idle") or (in_pipeline and waits_for == "ClientRead")
        return is_numbered and (known is None or is_idle)

    def set_autocommit(self, raw: Any, on: bool) -> None:
        """Set psycopg's attribute if it changes, for that is an error in a transaction."""
        if raw.autocommit != on:
            raw.autocommit = on

    def subscribe_messages(self, raw: Any, listener: Callable[[ServerMessage], None]) -> None:
        """Pass on every NOTICE, WARNING and INFO as it arrives."""
        if hasattr(raw, "add_notice_handler"):
            raw.add_notice_handler(lambda notice: listener(_message(notice)))

    def concatenate_batches(self, texts: Iterable[str]) -> str:
        """Join the texts by semicolons; a text may end with a comment or without a semicolon."""
        return "\n;\n".join((f"SET LOCAL lock_timeout = '{BATCH_LOCK_TIMEOUT}'", *texts))

    def classify_connect_error(self, error: Exception) -> ConnectFailure:
        """Classify by SQLSTATE if the server answered, else by the driver's message."""
        state, text = getattr(error, "sqlstate", None) or "", str(error)
        if "no password supplied" in text:
            return ConnectFailure("The server asks for a password, and there is none.", hint=WITHOUT_LOGIN)
        if state in WRONG_LOGIN or "password authentication failed" in text:
            return ConnectFailure("The server refused the login.", hint="Check the user name and the password.")
        if state == MISSING_DATABASE or re.search(r'database ".*" does not exist', text):
            return ConnectFailure("The database does not exist.", "Create it with: inv init", missing_database=True)
        if (
            "could not translate host name" in text
            or "Name or service not known" in text
            or "failed to resolve" in text
        ):
            return ConnectFailure("The host name is unknown.", hint="Check target_server_hostname.")
        silent = not state and bool(re.search(SILENT, text))
        waits = silent or state in STARTING or "starting up" in text or "closed the" in text
        hint = next((hint for pattern, hint in CONNECT_HINTS if re.search(pattern, text)), None)
        return ConnectFailure(_reason(text), RUNNING if silent else hint, wait=waits, silent=silent)

    def executed_sql(self, text: str) -> str:
        """Leave out the rows below COPY ... FROM STDIN."""
        rows = _copied_rows(text)
        return text[: rows.statement_end] if rows else text

    def execute(self, cursor: Any, text: str) -> None:
        """Run one batch; the rows below COPY ... FROM STDIN go to the server as its data."""
        rows = _copied_rows(text)
        if rows is None:
            super().execute(cursor, text)
        else:
            copy_in(cursor, text, rows)

    def streaming_cursor(self, raw: Any, chunk_size: int) -> Any:
        """Open our cursor over psycopg's `stream`, or the plain one of another driver."""
        if not hasattr(raw, "pgconn"):
            return super().streaming_cursor(raw, chunk_size)
        from ahjo_tasks.database.dialects.postgresql.cursor import StreamingCursor

        return StreamingCursor(raw, chunk_size)

    def server_error(self, error: Exception, text: str) -> ServerError:
        """Convert the error: message, detail and hint, and the character position as line and column."""
        diagnosis = getattr(error, "diag", None)
        if diagnosis is None or not diagnosis.message_primary:
            return (
                connection_lost(_reason(str(error)))
                if re.search(LOST, str(error))
                else ServerError(_reason(str(error)))
            )
        if (diagnosis.sqlstate or "") in ENDED:
            return connection_lost(diagnosis.message_primary)
        parts = (diagnosis.message_primary, diagnosis.message_detail, diagnosis.message_hint)
        line, column = _position(error, text)
        return ServerError(
            ". ".join(part.rstrip(".") for part in parts if part),
            diagnosis.sqlstate or "",
            line,
            column,
            procedure=_innermost(diagnosis.context or ""),
            hint=_hint(diagnosis.sqlstate or "", diagnosis.message_primary),
        )

    def is_dependency_error(self, error: ServerError) -> bool:
        """Return whether a view of it, or a function with a parsed body, kept it from being dropped."""
        return error.number == USED

    def replaced_overloads(self, before: str, now: str) -> list[str]:
        """Compare the types of parameters: with others CREATE OR REPLACE creates a second routine beside the first."""
        from ahjo_tasks.database.dialects.postgresql import drop

        return drop.replaced_overloads(before, now, self)

    def refuses_replacing(self, error: ServerError) -> bool:
        """Return whether what is there has other columns, another type of result, or is of another kind."""
        return error.number in CANNOT_REPLACE

    def dependents(self, connection: OpenConnection, definitions: Sequence[Definition]) -> list[Dependent]:
        """Ask the catalog."""
        from ahjo_tasks.database.dialects.postgresql import dependents

        return dependents.dependents(connection, definitions, self)

    def migration_blockers(self, connection: OpenConnection, error: ServerError) -> list[Dependent]:
        """Ask the catalog about what the error names."""
        if error.number not in {USED, USED_BY_VIEW}:
            return []
        from ahjo_tasks.database.dialects.postgresql import dependents

        return dependents.migration_blockers(connection, error.message, self)

    def attachments(self, connection: OpenConnection, dependents: Sequence[Dependent]) -> list[Attachment]:
        """Ask the catalog."""
        from ahjo_tasks.database.dialects.postgresql import dependents as catalog

        return catalog.attachments(connection, dependents)

    def own_attachments(self, connection: OpenConnection, definitions: Sequence[Definition]) -> Sequence[Attachment]:
        """Ask the catalog."""
        from ahjo_tasks.database.dialects.postgresql import dependents as catalog

        return catalog.own_attachments(connection, definitions, self)

    @contextmanager
    def reading_catalog(self, connection: OpenConnection) -> Iterator[None]:
        """Set what the texts of the catalog depend on, in a transaction or savepoint that is rolled back."""
        with connection.transaction(rollback_only=True, savepoint=True):
            connection.execute(catalog.SETTINGS)
            yield

    def query_catalog(self, connection: OpenConnection, sql: str) -> list[tuple[Any, ...]]:
        """Send settings and query in one call, of which the server makes a transaction where none is open."""
        statements, apart = f"{catalog.SETTINGS}; {sql}", self._is_open(connection)
        if apart:
            statements = f"SAVEPOINT {READING}; {statements}; {UNDO_READING}; RELEASE SAVEPOINT {READING}"
        try:
            rows: list[tuple[Any, ...]] = connection.result_sets(statements)[-1].rows
        except BaseException:
            if apart:
                connection.try_execute(UNDO_READING)
            raise
        return rows

    def _is_open(self, connection: OpenConnection) -> bool:
        """Test whether what is sent now belongs to a transaction that was begun before."""
        state = self.transaction_state(connection.dbapi_connection)
        return connection.in_shared_transaction or state == "open"

    def exists(self, connection: OpenConnection, database: str) -> bool:
        """Return whether the catalog lists the database."""
        return bool(connection.query(f"SELECT 1 FROM pg_database WHERE datname = {self.quote_literal(database)}"))

    def drop_database(self, connection: OpenConnection, database: str, leave: Callable[[], None]) -> None:
        """Drop the database; FORCE ends its sessions."""
        connection.execute(f"DROP DATABASE {self.quote(database)} WITH (FORCE)")

    def create_database(self, connection: OpenConnection, database: str, settings: Settings) -> list[str]:
        """Create the database in UTF-8; another collation than the server's needs the empty template."""
        from ahjo_tasks.database.dialects import create_database

        head = f"CREATE DATABASE {self.quote(database)} ENCODING 'UTF8'"
        return create_database.create_collated(connection, settings, head, " LC_COLLATE {} TEMPLATE template0")

    def lock(
        self, connection: OpenConnection, owner: str, timeout: float, purpose: str = DEPLOY
    ) -> AbstractContextManager[None]:
        """Take an advisory lock of the session, which the server releases when the connection ends."""
        return self._hold_lock(connection, owner, timeout, purpose, shared=False)

    def share_lock(self, connection: OpenConnection, owner: str, timeout: float) -> AbstractContextManager[None]:
        """Take that of the database together with others."""
        return self._hold_lock(connection, owner, timeout, DATABASE, shared=True)

    @contextmanager
    def _hold_lock(
        self, connection: OpenConnection, owner: str, timeout: float, purpose: str, *, shared: bool
    ) -> Iterator[None]:
        key, mode = _lock_key(purpose), "_shared" if shared else ""
        deadline = time.monotonic() + timeout
        application = self.quote_literal(f"ahjo {owner}".encode()[:MAX_NAME_BYTES].decode(errors="ignore"))
        connection.query(f"SELECT set_config('application_name', {application}, false)")
        while not connection.query(f"SELECT pg_try_advisory_lock{mode}({key})")[0][0]:
            if time.monotonic() >= deadline:
                holder = self.lock_holder(connection, purpose)
                name = holder.name if holder else "another run"
                raise LockedError(f"The database is locked by {name}.", hint="Wait until that run ends.")
            time.sleep(POLL_SECONDS)
        if self._is_pooled(connection):
            connection.check_lock = lambda: self._check_lock(connection, key)
        try:
            yield
        finally:
            connection.check_lock = None
            if connection.usable:
                connection.try_execute(f"SELECT pg_advisory_unlock{mode}({key})")

    @staticmethod
    def _is_pooled(connection: OpenConnection) -> bool:
        """Return whether a pooler stands between: it gives the session another number than the server does."""
        info = getattr(connection.dbapi_connection, "info", None)
        number = getattr(info, "backend_pid", None)
        return number is not None and number != connection.query("SELECT pg_backend_pid()")[0][0]

    @staticmethod
    def _check_lock(connection: OpenConnection, key: str) -> None:
        """Raise LockedError where the session that is about to commit does not hold the lock."""
        held = connection.query(f"{HELD.format(key)} AND l.pid = pg_backend_pid()")
        if not held:
            raise LockedError(
                "A pooler has moved this run to a session that does not hold the deploy lock.",
                hint="Connect to the server itself, or to a pool with pool_mode = session.",
            )

    def lock_holder(self, connection: OpenConnection, purpose: str = DEPLOY) -> Holder | None:
        """Look the advisory lock up."""
        rows = connection.query(HELD.format(_lock_key(purpose)))
        if not rows:
            return None
        login, pid, application = rows[0]
        name = f"{(application or '').removeprefix('ahjo ') or 'another run'}, as {login} in server process {pid}"
        return Holder(name, str(pid))


def _copied_rows(text: str) -> Rows | None:
    """Return the rows of a batch that is COPY ... FROM STDIN; None, without loading what reads SQL, for most others."""
    if "\\." not in text:
        return None
    from ahjo_tasks.sql.splitters import postgresql

    return postgresql.rows_of_batch(text)


def _lock_key(purpose: str) -> str:
    return LOCK_KEY.format(purpose=purpose.replace("'", "''"))


def copy_in(cursor: Any, text: str, rows: Rows) -> None:
    """Run COPY ... FROM STDIN with its rows, by what the driver has for it. Raises StatementError without it."""
    statement = text[: rows.statement_end]
    if hasattr(cursor, "copy"):  # psycopg
        with cursor.copy(statement) as copy:
            for start in range(rows.start, rows.end, COPY_SIZE):
                copy.write(text[start : min(start + COPY_SIZE, rows.end)])
    elif hasattr(cursor, "copy_expert"):  # psycopg2
        cursor.copy_expert(statement, StringIO(text[rows.start : rows.end]))
    else:
        raise StatementError(ServerError("The driver cannot send the rows of COPY FROM STDIN; psycopg can."))


def _message(notice: Any) -> ServerMessage:
    """Convert a notice, with the function that raised it."""
    match = re.match(RAISED, notice.context or "")
    procedure = f"{match[1]}, line {match[2]}" if match and match[1] != BLOCK else ""
    level = notice.severity_nonlocalized or notice.severity
    return ServerMessage(f"{level}: {notice.message_primary}", procedure=procedure, from_script=match is not None)


def _hint(sqlstate: str, message: str) -> str | None:
    """Return what helps with an error; nothing where the server's own words do."""
    from ahjo_tasks.database.dialects.postgresql import statements

    first = sqlstate == "25001" and statements.FIRST_IN_TRANSACTION.match(message)
    return statements.BEGIN_FIRST if first else HINTS.get(sqlstate)


def _innermost(context: str) -> str:
    """Return where an error came from: the first line of its context, behind the line of the routine that holds it."""
    first = context.partition("\n")[0]
    routine = re.search(IN_ROUTINE, context, re.MULTILINE)
    return first if routine is None or routine[0] == first else f"{routine[0]}: {first}"


def _reason(text: str) -> str:
    """Return the last clause of libpq's long message."""
    line = next((line for line in text.splitlines() if line.strip()), "The connection failed.")
    return line.rpartition("failed: ")[2] or line


def _position(error: Exception, text: str) -> Position:
    """Return the position that the server gives, else that of the statement that had been reached."""
    from ahjo_tasks.database.dialects import error_positions
    from ahjo_tasks.sql.splitters import postgresql

    row = re.search(COPIED_ROW, error.diag.context or "")  # type: ignore[attr-defined]
    parts = postgresql.copy_parts(text) if row else None
    if row and parts:
        return parts[0].count("\n") + 1 + int(row[1]), None
    position = error.diag.statement_position  # type: ignore[attr-defined]
    if position:
        return error_positions.at_offset(text, int(position) - 1)
    index = getattr(error, "statements_before", None)
    if index is None:
        return error_positions.UNKNOWN
    try:
        parts_of_text = postgresql.statements(SourceText(text))
    except SourceError:
        return error_positions.UNKNOWN
    if index >= len(parts_of_text):
        return error_positions.UNKNOWN
    return parts_of_text[index].line, parts_of_text[index].column
