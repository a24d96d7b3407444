"""PostgreSQL, through psycopg."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from ahjo_tasks.database.dialects import create_database, error_positions
from ahjo_tasks.database.dialects.base import (
    DEPLOY,
    LOCK_WAIT,
    ConnectFailure,
    Dialect,
    ProjectTemplate,
    ServerMessage,
    lost,
)
from ahjo_tasks.database.dialects.postgresql.routines import signatures
from ahjo_tasks.database.drivers import Driver
from ahjo_tasks.errors import LockedError, ServerError, SourceError
from ahjo_tasks.sql.lexer import POSTGRESQL
from ahjo_tasks.sql.source import SourceText, ascii_upper
from ahjo_tasks.sql.splitters import postgresql
from ahjo_tasks.sql.tokens import phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy.engine import URL

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import OpenConnection
    from ahjo_tasks.sql.definitions import Definition

POLL = 0.2
PATIENCE = "1s"
"""How long a call of many files waits for a lock: while it does, nobody gets by the locks that it has already."""
LOCK_KEY = "hashtextextended('ahjo {of}:' || current_database(), 0)"
EVENTS = frozenset({"ddl_command_start", "ddl_command_end", "sql_drop", "table_rewrite", "login"})
"""What an event trigger is attached to in place of a table."""
ROUTINE = (
    "pg_proc",
    "pronamespace",
    "pg_function_is_visible",
    "format('DROP ROUTINE %s', o.oid::regprocedure)",
)
VIEW = (
    "pg_class",
    "relnamespace",
    "pg_table_is_visible",
    "format('DROP %s %s', CASE o.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, o.oid::regclass)",
)
ROUTINES = frozenset({"function", "procedure"})
CATALOGS = {"function": ROUTINE, "procedure": ROUTINE, "view": VIEW}
"""By kind: the catalog, its column for the schema, what tells whether the name is found, and the statement."""
WRONG_LOGIN = frozenset({"28P01", "28000"})
STARTING = frozenset({"57P03", "53300"})
MISSING_DATABASE = "3D000"
ENDED = frozenset({"57P01", "57P02", "57P05", "25P03"})
"""The server ends the session: by an administrator, in a crash, or for being idle."""
LOST = re.compile(
    r"closed the connection|connection (?:is|has been|was) (?:lost|closed|reset)|OpenConnection reset|Broken pipe"
)
RAISED = re.compile(r"PL/pgSQL function (\S+(?:\(.*?\))?) line (\d+) at RAISE")
BLOCK = "inline_code_block"
"""What the server calls the body of DO."""
LOCK_NOT_AVAILABLE = "55P03"
USED = "2BP01"
CONNECT_SECONDS = "15"
LONGEST_NAME = 63
"""Bytes that the server keeps of an application's name."""

GAP = POSTGRESQL.gap()
NON_TRANSACTIONAL = re.compile(
    rf"(?ai:CREATE\b{GAP}(?:UNIQUE\b{GAP})?+INDEX\b{GAP}CONCURRENTLY|DROP\b{GAP}INDEX\b{GAP}CONCURRENTLY"
    rf"|REINDEX\b{GAP}(?:\([^();]*+\){GAP})?+\w++{GAP}CONCURRENTLY|REINDEX\b{GAP}\([^();]*?\bCONCURRENTLY"
    rf"|VACUUM|(?:CREATE|DROP)\b{GAP}(?:DATABASE|TABLESPACE)|ALTER\b{GAP}SYSTEM)\b"
)
NON_TRANSACTIONAL_WORDS = ("CONCURRENTLY", "VACUUM", "DATABASE", "TABLESPACE", "SYSTEM")
"""One of them is in each of these statements: to search for words is faster."""
BATCHABLE = re.compile(
    rf"(?ai:CREATE\b{GAP}(?:OR\b{GAP}REPLACE\b{GAP})?+(?:CONSTRAINT\b{GAP})?+"
    r"(?:VIEW|FUNCTION|PROCEDURE|AGGREGATE|TRIGGER|TYPE|DOMAIN|SEQUENCE|RULE)"
    rf"|(?:ALTER|DROP)\b{GAP}"
    r"(?:VIEW|FUNCTION|PROCEDURE|ROUTINE|AGGREGATE|TRIGGER|TYPE|DOMAIN|SEQUENCE|RULE)"
    rf"|COMMENT\b{GAP}ON|GRANT|REVOKE)\b"
)
"""The beginning of a statement that defines objects, and controls no transaction."""


class PostgreSQL(Dialect):
    """The whole file goes to the server in one call, which is one transaction by the server's own rule."""

    name = "postgresql"
    title = "PostgreSQL"
    default_driver = "postgresql+psycopg"
    drivers = (
        Driver("psycopg", "psycopg", "psycopg", "pip install 'ahjo-tasks[postgresql]'"),
        Driver("psycopg2", "psycopg2", "psycopg2", "pip install psycopg2-binary"),
        Driver("pg8000", "pg8000", "pg8000", "pip install pg8000"),
    )
    tools = ("psql",)
    syntax = POSTGRESQL
    writer = "ahjo_tasks.data.writers:PostgreSQLWriter"
    descriptions = "ahjo_tasks.descriptions.postgresql:ObjectComments"
    project_template = ProjectTemplate("postgresql", "ahjo-tasks[postgresql]", 5432)
    splitter = postgresql.SPLITTER
    statement_splitter = postgresql.STATEMENT_SPLITTER
    default_schema = "public"
    maintenance_database = "postgres"
    system_databases = frozenset({"postgres", "template0", "template1"})
    unsupported_kinds = Dialect.unsupported_kinds | {"synonym"}
    late_binding = frozenset({"procedure", "function"})
    implicit_transaction_per_call = True
    facts_sql = (
        "SELECT session_user, inet_server_addr(), current_database(), current_setting('server_version'), 'PostgreSQL'"
    )
    information_sql = (
        "SELECT inet_server_addr(), session_user, datname, datcollate, current_setting('server_version')"
        " FROM pg_database WHERE datname = current_database()"
    )
    foreign_keys_sql = (
        "SELECT cn.nspname, c.relname, pn.nspname, p.relname FROM pg_constraint k"
        " JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace"
        " JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace"
        " WHERE k.contype = 'f'"
    )

    def non_transactional_statement(self, text: str) -> str:
        """Match the beginning of each statement."""
        upper = ascii_upper(text)
        if not any(word in upper for word in NON_TRANSACTIONAL_WORDS):
            return ""
        starts = postgresql.statement_starts(SourceText(text))
        match = next((match for start in starts if (match := NON_TRANSACTIONAL.match(text, start))), None)
        return phrase(match[0], POSTGRESQL) if match else ""

    def batchable(self, text: str) -> bool:
        """Test that each statement defines objects."""
        return all(BATCHABLE.match(text, start) for start in postgresql.statement_starts(SourceText(text)))

    def drop_statement(self, made: Definition, text: str = "") -> str:
        """Triggers and rules are dropped from their table; of a routine the overloads that the text creates.

        Where the text does not tell what a routine takes, all of its name are.
        """
        told = [taken for name, taken in signatures(text) if name == made.name] if made.kind in ROUTINES else []
        if told and None not in told:
            routine = self.quote(made.name.schema, made.name.name)
            return "; ".join(f"DROP ROUTINE IF EXISTS {routine}({taken}\n)" for taken in told)
        if made.kind in CATALOGS:
            return self._drop_found(made)
        statement = super().drop_statement(made)
        if made.table is None:
            return statement
        if made.table.schema is None and made.table.name.lower() in EVENTS:
            return f"DROP EVENT TRIGGER IF EXISTS {self.quote(made.name.name)}"
        return f"{statement} ON {self.quote(*made.table)}"

    def _drop_found(self, made: Definition) -> str:
        """Drop what the catalog knows by this name, but for what an extension brought."""
        catalog, schema, visible, named = CATALOGS[made.kind]
        place = f"{visible}(o.oid)"
        if made.name.schema:
            place = f"o.{schema} = to_regnamespace({self.quote_literal(self.quote(made.name.schema))})"
        body = (
            f"DECLARE found record; BEGIN FOR found IN SELECT {named} AS statement FROM {catalog} o"
            f" WHERE o.{schema.replace('namespace', 'name')} = {self.quote_literal(made.name.name)} AND {place}"
            f" AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = o.oid AND d.deptype = 'e')"
            " LOOP EXECUTE found.statement; END LOOP; END"
        )
        return f"DO {self.quote_literal(body)}"

    def url(self, settings: Settings, username: str | None, password: str | None) -> URL:
        """An address where nobody answers is given up after a while."""
        url = super().url(settings, username, password)
        if "psycopg" not in url.drivername or "connect_timeout" in url.query:
            return url
        return url.update_query_dict({"connect_timeout": CONNECT_SECONDS})

    def set_lock_timeout(self, raw: Any, seconds: int) -> None:
        """The server's own `lock_timeout`, unless the login has one.

        A server that can is told to look after its client, so that a killed run lets go of its locks at once.
        """
        raw.autocommit = True
        cursor = raw.cursor()
        ours = f"set_config('lock_timeout', '{max(seconds, 1)}s', false)"
        cursor.execute(f"SELECT {ours} WHERE current_setting('lock_timeout') = '0'")
        with suppress(Exception):  # older servers, and those on systems that cannot tell
            cursor.execute("SET client_connection_check_interval = '2s'")
        cursor.close()

    def on_connect(self, raw: Any) -> None:
        """Have psycopg's cursors count statements; another driver's are left alone."""
        if hasattr(raw, "pgconn"):
            from ahjo_tasks.database.dialects.postgresql.cursor import CountingCursor

            raw.cursor_factory = CountingCursor

    def set_autocommit(self, raw: Any, on: bool) -> None:
        """Psycopg's own switch, outside of a transaction."""
        if raw.autocommit != on:
            raw.autocommit = on

    def subscribe_messages(self, raw: Any, say: Callable[[ServerMessage], None]) -> None:
        """Hand on every NOTICE, WARNING and INFO as it arrives."""
        if hasattr(raw, "add_notice_handler"):
            raw.add_notice_handler(lambda notice: say(_message(notice)))

    def concatenate_batches(self, texts: Iterable[str]) -> str:
        """The texts behind each other; one may end with a comment or without a semicolon."""
        return "\n;\n".join((f"SET LOCAL lock_timeout = '{PATIENCE}'", *texts))

    def classify_connect_error(self, error: Exception) -> ConnectFailure:
        """By SQLSTATE where the server answered, by the driver's words where it did not."""
        state, text = getattr(error, "sqlstate", None) or "", str(error)
        if state in WRONG_LOGIN or "password authentication failed" in text or "no password supplied" in text:
            return ConnectFailure("The server refused the login.", hint="Check the user name and the password.")
        if state == MISSING_DATABASE or re.search(r'database ".*" does not exist', text):
            return ConnectFailure("The database does not exist.", "Create it with: inv init", missing_database=True)
        if (
            "could not translate host name" in text
            or "Name or service not known" in text
            or "failed to resolve" in text
        ):
            return ConnectFailure("The host name is unknown.", hint="Check target_server_hostname.")
        waits = state in STARTING or any(word in text for word in ("refused", "timeout", "starting up", "closed the"))
        return ConnectFailure(_reason(text), hint="Is the server running, and is sql_port right?", wait=waits)

    def streaming_cursor(self, raw: Any, size: int) -> Any:
        """A cursor of ours over psycopg's `stream`; another driver's plain one."""
        from ahjo_tasks.database.dialects.postgresql.cursor import StreamingCursor

        return StreamingCursor(raw, size) if hasattr(raw, "pgconn") else super().streaming_cursor(raw, size)

    def server_error(self, error: Exception, text: str) -> ServerError:
        """The primary message with detail, and the character position turned into line and column."""
        diagnosis = getattr(error, "diag", None)
        if diagnosis is None or not diagnosis.message_primary:
            return lost(_reason(str(error))) if LOST.search(str(error)) else ServerError(_reason(str(error)))
        if (diagnosis.sqlstate or "") in ENDED:
            return lost(diagnosis.message_primary)
        parts = (diagnosis.message_primary, diagnosis.message_detail, diagnosis.message_hint)
        line, column = _place(error, text)
        return ServerError(
            ". ".join(part.rstrip(".") for part in parts if part),
            diagnosis.sqlstate or "",
            line,
            column,
            diagnosis.severity or "",
            (diagnosis.context or "").partition("\n")[0],
            LOCK_WAIT if diagnosis.sqlstate == LOCK_NOT_AVAILABLE else None,
        )

    def is_dependency_error(self, error: ServerError) -> bool:
        """By a view of it, or a function whose body was parsed."""
        return error.number == USED

    def exists(self, connection: OpenConnection, database: str) -> bool:
        """Whether the catalog lists the database."""
        return bool(connection.query(f"SELECT 1 FROM pg_database WHERE datname = {self.quote_literal(database)}"))

    def drop_database(self, connection: OpenConnection, database: str) -> None:
        """Drop the database; FORCE ends its sessions."""
        connection.execute(f"DROP DATABASE {self.quote(database)} WITH (FORCE)")

    def create_database(self, connection: OpenConnection, database: str, settings: Settings) -> list[str]:
        """Create the database in UTF-8; another collation than the server's needs the empty template."""
        head = f"CREATE DATABASE {self.quote(database)} ENCODING 'UTF8'"
        return create_database.create_collated(connection, settings, head, " LC_COLLATE {} TEMPLATE template0")

    @contextmanager
    def lock(self, connection: OpenConnection, name: str, timeout: float, of: str = DEPLOY) -> Iterator[None]:
        """A session's advisory lock: the server frees it when the connection ends."""
        key = LOCK_KEY.format(of=of)
        deadline = time.monotonic() + timeout
        called = self.quote_literal(f"ahjo {name}".encode()[:LONGEST_NAME].decode(errors="ignore"))
        connection.query(f"SELECT set_config('application_name', {called}, false)")
        while not connection.query(f"SELECT pg_try_advisory_lock({key})")[0][0]:
            if time.monotonic() >= deadline:
                holder = self._holder(connection, key)
                raise LockedError(f"The database is locked by {holder}.", hint="Wait until that run ends.")
            time.sleep(POLL)
        try:
            yield
        finally:
            if connection.usable:
                connection.try_execute(f"SELECT pg_advisory_unlock({key})")

    @staticmethod
    def _holder(connection: OpenConnection, key: str) -> str:
        rows = connection.query(
            "SELECT a.usename, a.pid, a.application_name"
            f" FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid, (SELECT {key} AS k) AS key"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
            " AND (l.classid::bigint << 32 | l.objid::bigint) = key.k"
        )
        if not rows:
            return "another run"
        login, pid, application = rows[0]
        return f"{application.removeprefix('ahjo ') or 'another run'}, as {login} in server process {pid}"


def _message(notice: Any) -> ServerMessage:
    """What was said, and in which function it was RAISEd."""
    raised = RAISED.match(notice.context or "")
    inside = f"{raised[1]}, line {raised[2]}" if raised and raised[1] != BLOCK else ""
    level = notice.severity_nonlocalized or notice.severity
    return ServerMessage(f"{level}: {notice.message_primary}", procedure=inside, from_script=raised is not None)


def _reason(text: str) -> str:
    """The last clause of libpq's long message."""
    line = next((line for line in text.splitlines() if line.strip()), "The connection failed.")
    return line.rpartition("failed: ")[2] or line


def _place(error: Exception, text: str) -> error_positions.Place:
    """The character that the server points at, else the start of the statement that it had come to."""
    position = error.diag.statement_position  # type: ignore[attr-defined]
    if position:
        return error_positions.of_offset(text, int(position) - 1)
    number = getattr(error, "statements_before", None)
    if number is None:
        return error_positions.NOWHERE
    try:
        found = postgresql.statements(SourceText(text))
    except SourceError:
        return error_positions.NOWHERE
    return (found[number].line, found[number].column) if number < len(found) else error_positions.NOWHERE
