"""MySQL and MariaDB, through PyMySQL."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce
from hashlib import md5
from itertools import islice, takewhile
from operator import xor
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ahjo_tasks.database.dialects import mysql_session
from ahjo_tasks.database.dialects.attributes import CatalogQuery, ProjectTemplate, ScriptClient
from ahjo_tasks.database.dialects.base import (
    DATABASE,
    DEPLOY,
    EXISTS,
    LOCK_WAIT,
    READ_ONLY,
    RUNNING,
    Attachment,
    ConnectFailure,
    Dialect,
    Holder,
    Identity,
    ServerMessage,
    connection_lost,
)
from ahjo_tasks.database.drivers import Driver
from ahjo_tasks.errors import DeployError, LockedError, ServerError, StatementError
from ahjo_tasks.sql.lexer import MYSQL
from ahjo_tasks.sql.mysql_comments import Server, without_skipped
from ahjo_tasks.sql.source import ascii_upper
from ahjo_tasks.sql.splitters.mysql import SPLITTER as MYSQL_SPLITTER
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import URL, Column
    from sqlalchemy.types import TypeEngine

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import OpenConnection, Restore, TransactionState
    from ahjo_tasks.database.dialects.error_positions import Position
    from ahjo_tasks.sql.definitions import Definition

SPLITTER = replace(MYSQL_SPLITTER, check=mysql_session.check)
IN_TRANSACTION, AUTOCOMMIT = 1, 2
"""Flags of the server's status."""
REFUSED_IN_TRANSACTION = frozenset({"1399", "1400", "1568", "1679", "1694", "1766"})
CERTIFICATES = ("ssl_ca", "ssl_capath", "ssl_cert", "ssl_key")
"""Keys of the URL whose values are files or folders."""
ACCESS_DENIED = frozenset({1044, 1045, 1698})
UNKNOWN_DATABASE = 1049
SYNTAX_ERROR = r"(?s)near '(.*)' at line (\d+)$"
NAMED = (
    r"(?i)^(?:Unknown )?(?:table|view|function|procedure|trigger|column|database) '?([^' ]+)",
    r"^Duplicate column name '([^']+)",
    r"^Incorrect [a-z]+ name '([^']+)",
    r"(?:FUNCTION|PROCEDURE|TRIGGER) (\S+) (?:does not exist|already exists)",
    r"^Column '([^']+)' .* is ambiguous",
    r"for column '?([^' ]+)",
)
"""Error messages with the name that they are about."""
LOST = frozenset({"0", "1053", "1080", "1927", "2006", "2013", "2055", "4031"})
"""Client and server errors of a connection that broke or was killed; PyMySQL's own for a closed one is 0."""
LOCK_WAIT_TIMEOUT, DEADLOCK = "1205", "1213"
LOCAL_INFILE_OFF = frozenset({"1148", "3948", "4166"})
LOCAL_INFILE = (
    'Write "sqla_url_query_map": {"local_infile": "1"} in the config, and have the server allow it by SET GLOBAL'
    " local_infile = 1; or load the rows from a CSV file in database/data."
)
NO_TRIGGER = "1360"
REPLACES = re.compile(r"\s*CREATE\s+OR\s+REPLACE\b", re.IGNORECASE)
OF_ANOTHER_TABLE = "MariaDB replaces no trigger of another table: write DROP TRIGGER IF EXISTS before it."
ALREADY_EXISTS = frozenset({"1050", "1304", "1359", "1537", "4127"})
NO_DATABASE = frozenset({"1046", "1049"})
NO_CHANGES = frozenset({"1290", "1792", "1836"})
"""Errors of `read_only` and of some other options, of a transaction, and of InnoDB that is opened for reading."""
DROPPED = (
    "There is no such database. Where it is the one that is deployed to, a statement before has dropped it: leave that"
    " out, for inv init alone drops and creates it."
)
SYNTAX = "1064"
CUT_ROUTINE = re.compile(r"(?is)\bCREATE\b.*\b(?:PROCEDURE|FUNCTION|TRIGGER|EVENT|PACKAGE)\b.*\bBEGIN\b")
DELIMITER = "The statement ends at its first semicolon: write DELIMITER $$ before the routine, and $$ after its END."
CUT_BODY = "The body ends before its END: an END is missing, or the delimiter stands within the body."
OF_OTHERS = frozenset({1684})
"""Warnings of tables that other sessions are changing while the catalog is read."""
MAX_WARNINGS = 10
"""Number of warnings of one statement that are shown."""
SILENT = frozenset({2002, 2003, 2013})
CERTIFICATE_HINT = "Check ssl_ca and the other keys of TLS in sqla_url_query_map."
UNREACHABLE = SILENT | {2006, 1040}
LOCK = "CONCAT('ahjo {purpose}:', SHA1(CONCAT(COALESCE(DATABASE(), ''), {project})))"
SHARES = 16
"""Number of named locks in place of one that can be shared, which MySQL has not.

Each project that deploys has one of them, so as many can at once; `init` has all."""

LONGEST_LIST = 1_000_000
"""Bytes of a list of parameters; the usual limit cuts it off at 1,024."""


def _described(kind: str, name: str, definition: tuple[str, ...], source: str) -> CatalogQuery:
    """Return the catalog's query of one kind; those who define an object have its rights.

    The first column of the definition is its text, which is NULL or empty for a login that may not see it.
    """
    text = definition[0]
    shown = f"CASE WHEN {text} <> '' THEN CONCAT_WS(CHAR(10 USING utf8mb4), {', '.join(definition)}) ELSE '' END"
    columns = f"{kind} AS kind, '' AS schema_name, {name} AS name, '' AS table_name, {shown} AS definition"
    return CatalogQuery(f"SELECT {columns}, definer AS rights FROM {source}", name)


OF_ANY_DATABASE = "REPLACE(view_definition, CONCAT('`', REPLACE(DATABASE(), '`', '``'), '`.'), '')"
"""The text of a view without the name of its database, in which a copy differs."""


SEQUENCE = "sequence"
ROUTINE_COLUMNS = (
    *("routine_definition", "dtd_identifier", "is_deterministic", "sql_data_access", "security_type"),
    *("sql_mode", "definer"),
)
WITH_PARAMETERS = (
    "(SELECT routine_type, routine_name, GROUP_CONCAT(parameter ORDER BY ordinal_position) AS listed, {columns} FROM ("
    "SELECT routine_type, routine_name, NULL AS parameter, NULL AS ordinal_position, {read}"
    " FROM information_schema.routines WHERE routine_schema = DATABASE()"
    " UNION ALL SELECT routine_type, specific_name, CONCAT_WS(' ', parameter_mode, parameter_name, dtd_identifier),"
    " ordinal_position, {nothing} FROM information_schema.parameters WHERE specific_schema = DATABASE()"
    ") parts GROUP BY routine_type, routine_name) routines"
).format(
    columns=", ".join(f"MAX({column}) AS {column}" for column in ROUTINE_COLUMNS),
    read=", ".join(ROUTINE_COLUMNS),
    nothing=", ".join(["NULL"] * len(ROUTINE_COLUMNS)),
)
"""Routines with their parameters, grouped: the server reads all parameters to find those of one, and has no index."""
CATALOG = (
    _described(
        "'view'",
        "table_name",
        (OF_ANY_DATABASE, "check_option, security_type"),
        "information_schema.views WHERE table_schema = DATABASE()",
    ),
    _described(
        "CASE routine_type WHEN 'FUNCTION' THEN 'function' WHEN 'PROCEDURE' THEN 'procedure'"
        " WHEN 'PACKAGE' THEN 'package' ELSE 'package body' END",
        "routine_name",
        (
            "routine_definition",
            "listed, dtd_identifier, is_deterministic, sql_data_access, security_type, sql_mode",
        ),
        f"{WITH_PARAMETERS} WHERE definer IS NOT NULL",
    ),
    _described(
        "'trigger'",
        "trigger_name",
        ("action_statement", "event_object_table, action_timing, event_manipulation, sql_mode"),
        "information_schema.triggers WHERE trigger_schema = DATABASE()",
    ),
    _described(
        "'event'",
        "event_name",
        (
            "event_definition",
            "event_type, execute_at, interval_value, interval_field, starts, ends, status, on_completion",
        ),
        "information_schema.events WHERE event_schema = DATABASE()",
    ),
    CatalogQuery(  # opens every view
        f"SELECT '{SEQUENCE}' AS kind, '' AS schema_name, table_name AS name, '' AS table_name,"
        " table_type AS definition, '' AS rights FROM information_schema.tables"
        " WHERE table_type = 'SEQUENCE' AND table_schema = DATABASE()",
        "table_name",
    ),
)
COMMENTS = (
    "SELECT LOWER(routine_type), '', routine_name, '', routine_comment FROM information_schema.routines"
    " WHERE routine_schema = DATABASE() AND routine_comment <> ''"
    " UNION ALL SELECT 'event', '', event_name, '', event_comment FROM information_schema.events"
    " WHERE event_schema = DATABASE() AND event_comment <> ''"
)
VERSION = (
    "SELECT CONCAT(COUNT(*), ':', COALESCE(BIT_XOR(CAST(CONV(LEFT(h, 16), 16, 10) AS UNSIGNED)), 0), ':',"
    " COALESCE(BIT_XOR(CAST(CONV(RIGHT(h, 16), 16, 10) AS UNSIGNED)), 0)) FROM (SELECT"
    " MD5(CONCAT_WS('|', kind, name, CASE WHEN definition <> '' THEN MD5(definition) ELSE '' END, MD5(rights))) AS h"
    f" FROM ({' UNION ALL '.join(query.sql for query in CATALOG[:-1])}) objects) hashes"
)
"""All definitions as one value, in any order; without sequences, which take as long as all the others."""


DDL = "variable_name REGEXP '^COM_(CREATE|ALTER|DROP|RENAME)_' AND variable_name NOT LIKE '%TEMPORARY%'"
"""The counters of statements that may change an object, also of those in routines and prepared ones."""
BY_OTHERS = (
    f"CONCAT((SELECT SUM(variable_value) FROM information_schema.global_status WHERE {DDL}) -"
    f" (SELECT SUM(variable_value) FROM information_schema.session_status WHERE {DDL}), ' ',"
    " (SELECT SUM(CASE variable_name WHEN 'UPTIME' THEN variable_value ELSE -variable_value END)"
    " FROM information_schema.global_status WHERE variable_name IN ('UPTIME', 'UPTIME_SINCE_FLUSH_STATUS')))"
)
"""Number of such statements of other sessions, and the time at which the counters were last set back."""
QUIET = (
    "(SELECT COUNT(*) FROM information_schema.global_status WHERE (variable_name = 'THREADS_RUNNING' AND"
    " variable_value > 1) OR (variable_name = 'SLAVES_RUNNING' AND variable_value > 0))"
    " + (SELECT COUNT(*) FROM information_schema.global_variables"
    " WHERE variable_name IN ('EVENT_SCHEDULER', 'WSREP_ON') AND variable_value = 'ON') = 0"
)
"""True if nobody else is just running a statement: one that is counted already may not have changed anything yet."""
MARK = f"SELECT /*M! CASE WHEN {QUIET} THEN {BY_OTHERS} ELSE '' END , */ ''"
"""Query that MariaDB alone can answer; every login may read its counters."""
CHANGED_BY_OTHERS = f"SELECT '' FROM (SELECT {BY_OTHERS} AS now) counters WHERE now <> '{{mark}}'"


ROUTINE_GRANTS = (
    "SELECT CONCAT(QUOTE(user), '@', QUOTE(host)), proc_priv, routine_type, routine_name FROM mysql.procs_priv"
    " WHERE db = DATABASE() ORDER BY 1, 3, 4"
)
IS_THERE = (
    "SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = DATABASE()"
    " AND routine_type = {kind} AND routine_name = {name}"
)
SETTINGS = (
    *("autocommit", "default_storage_engine", "foreign_key_checks", "group_concat_max_len", "sql_mode", "sql_notes"),
    *("sql_safe_updates", "time_zone", "unique_checks"),
)
"""Variables that files set for the session, as dumps do: a script puts them back after such a file."""
ROLE = "@''"
"""The end of a grantee that is a role of MariaDB, which has no host."""
ROUTINES = frozenset({"FUNCTION", "PROCEDURE"})


class MySQL(Dialect):
    """Each DDL statement commits, so a file that fails midway leaves what its first statements did."""

    name = "mysql"
    script_client = ScriptClient(
        "mysql --comments DATABASE < FILE",
        f"SET NAMES utf8mb4;\nSET {', '.join(f'@ahjo_{name} = @@{name}' for name in SETTINGS)};\nDELIMITER $ahjo$",
        database="DATABASE()",
        end="\n$ahjo$",
        login="CURRENT_USER()",
        now="UTC_TIMESTAMP()",
        catalog=f"SET SESSION group_concat_max_len = {LONGEST_LIST}",
        misread=r"(?im:^(?=delimiter))",
        reset=f"USE {{database}};\nSET NAMES utf8mb4, {', '.join(f'{name} = @ahjo_{name}' for name in SETTINGS)}",
    )
    title = "MySQL"
    default_driver = "mysql+pymysql"
    drivers = (
        Driver("pymysql", "pymysql", "PyMySQL", "pip install 'ahjo-tasks[mysql]'"),
        Driver("mysqldb", "MySQLdb", "mysqlclient", "pip install mysqlclient"),
        Driver("mariadbconnector", "mariadb", "mariadb", "pip install mariadb"),
        Driver("mysqlconnector", "mysql.connector", "mysql-connector-python", "pip install mysql-connector-python"),
    )
    driver_arguments: ClassVar[Mapping[str, str]] = {
        **{name: name for name in ("host", "port", "password", "database")},
        "username": "user",
    }
    tools = ("mysql", "mariadb")
    syntax = MYSQL
    writer = "ahjo_tasks.data.writers:MySQLWriter"
    script_reader = "ahjo_tasks.database.scripts.mysql:MySQLScripts"
    descriptions = "ahjo_tasks.descriptions.mysql:TableComments"
    project_template = ProjectTemplate("mysql", "ahjo-tasks[mysql]", 3306)
    splitter = SPLITTER
    batch_is_statement = True
    missing_objects: ClassVar[Mapping[str, str]] = {
        "1146": r"'(.+?)'",
        "1305": r"^(?:FUNCTION|PROCEDURE) (\S+) ",
        "1824": r"'(.+?)'",
        "4091": r"'(.+?)'",
    }
    maintenance_database = "information_schema"
    no_operation = "DO 0"
    current_schema_sql = "SELECT DATABASE()"
    transaction_counters_sql = "SHOW SESSION STATUS WHERE Variable_name IN ('Com_begin', 'Com_commit', 'Com_rollback')"
    call = rf"(?ai:{MYSQL.gap()}(?:CALL|EXECUTE|BEGIN\s+NOT|IF|CASE|LOOP|REPEAT|WHILE|FOR)\b)"
    supports_use_database = True
    system_databases = frozenset({"mysql", "information_schema", "performance_schema", "sys"})
    unsupported_kinds = Dialect.unsupported_kinds | {"schema", "type", "synonym", "rule"}
    own_kinds = frozenset({"event", "package", "package body"})
    locks_projects = True
    late_binding = frozenset({"procedure", "function"})
    transactional_ddl = False
    blocked_by_others = frozenset({LOCK_WAIT_TIMEOUT, DEADLOCK})
    done_already = frozenset({"1007", "1008", "1050", "1051", "1060", "1061", "1068", "1091", "1146", "1304", "1826"})
    incomplete_rollback = "Warning 1196: "
    allows_nul = True
    connect_limit: ClassVar[Mapping[str, str]] = {
        "pymysql": "connect_timeout",
        "mysqldb": "connect_timeout",
        "mariadbconnector": "connect_timeout",
        "mysqlconnector": "connection_timeout",
    }
    connect_defaults: ClassVar[Mapping[str, Any]] = {"charset": "utf8mb4"}
    begin = "START TRANSACTION"
    drop_temporary = "DROP TEMPORARY {} IF EXISTS {}"
    implicit_commit_statement = (
        rf"(?ai:{MYSQL.gap()}(?:{MYSQL.code_open}\s*+|)(?:SET\s++STATEMENT\b[^;]*?\bFOR\s++|)"
        r"(?:(?:CREATE|DROP)\b(?!\s+(?:OR\s+REPLACE\s+|)TEMPORARY\b)|ALTER|RENAME|TRUNCATE|GRANT|REVOKE|ANALYZE|OPTIMIZE|CHECK|REPAIR"
        r"|CACHE\s+INDEX|LOAD\s+INDEX|RESET|SET\s+(?:PASSWORD|DEFAULT\s+ROLE)|FLUSH|LOCK|UNLOCK|INSTALL|UNINSTALL|COMMIT"
        r"|BEGIN(?!\s+NOT)|START|STOP)\b)"
    )
    server_info_sql = "SELECT @@hostname, NULL, CURRENT_USER(), DATABASE(), @@collation_database, VERSION(), NULL"
    session_sql = "SELECT CONNECTION_ID()"
    content_sql = (
        "SELECT CASE table_type WHEN 'VIEW' THEN 'view' ELSE 'table' END, table_name FROM information_schema.tables"
        " WHERE table_schema = DATABASE()"
        " UNION ALL SELECT LOWER(routine_type), routine_name FROM information_schema.routines"
        " WHERE routine_schema = DATABASE()"
        " UNION ALL SELECT 'event', event_name FROM information_schema.events WHERE event_schema = DATABASE()"
    )
    catalog_queries = CATALOG
    comments_sql = COMMENTS
    catalog_digest = "MD5({})"
    catalog_version_sql = VERSION
    hashes_make_version = True
    catalog_mark_sql = MARK
    changed_names_sql = CHANGED_BY_OTHERS
    names_changes_of_others = True
    names_per_query = 5000
    table_exists_sql = (
        "SELECT 1 FROM information_schema.tables WHERE table_name = {name} AND table_schema = COALESCE({schema},"
        " DATABASE())"
    )
    foreign_keys_sql = (
        "SELECT NULL, table_name, NULL, referenced_table_name FROM information_schema.referential_constraints"
        " WHERE constraint_schema = DATABASE()"
    )

    server = Server()
    """The server of the last connection; before the first one, any of those that the config may mean."""

    def on_connect(self, raw: Any) -> None:
        """Take note of the server, by which comments with code in them are read."""
        self.server = Server.parse(_version(raw))

    def catalog_version(self, objects: Iterable[tuple[str, str, str, str]]) -> str:
        """Combine the hashes as the server does."""
        texts = ["|".join(columns) for columns in objects if columns[0] != SEQUENCE]
        hashes = (int(md5(text.encode(), usedforsecurity=False).hexdigest(), 16) for text in texts)
        high, low = divmod(reduce(xor, hashes, 0), 1 << 64)
        return f"{len(texts)}:{high}:{low}"

    def product(self, raw: Any) -> str:
        """Return MySQL or MariaDB, by the version that the server has told the driver."""
        return _product(_version(raw))

    def executed_sql(self, text: str) -> str:
        """Leave out the comments with code that the server skips."""
        return without_skipped(text, self.server)

    def drop_statement(self, definition: Definition, text: str = "") -> str:
        """Drop packages in Oracle's mode, which alone knows them."""
        statement = super().drop_statement(definition, text)
        if "package" not in definition.kind:
            return statement
        return f"SET STATEMENT sql_mode = 'ORACLE' FOR EXECUTE IMMEDIATE {self.quote_literal(statement)}"

    def quote(self, *parts: str | None) -> str:
        """Quote with backticks."""
        return ".".join("`" + part.replace("`", "``") + "`" for part in parts if part)

    @staticmethod
    def long_text() -> TypeEngine[str]:
        """Return the type without the usual limit of 64 KB."""
        from sqlalchemy.dialects.mysql import LONGTEXT

        return LONGTEXT()

    def quote_literal(self, text: str) -> str:
        """Double backslashes, too, which are escapes here."""
        return super().quote_literal(text.replace("\\", "\\\\"))

    def literal(self, value: object) -> str:
        """Write a text with a backslash in hexadecimal: `sql_mode` says whether that is an escape."""
        if isinstance(value, str) and "\\" in value:
            return f"_utf8mb4 X'{value.encode('utf-8', 'surrogatepass').hex()}'"
        return super().literal(value)

    @contextmanager
    def reading_catalog(self, connection: OpenConnection) -> Iterator[None]:
        """Raise the limit of lists of parameters."""
        limit = connection.query("SELECT @@group_concat_max_len")[0][0]
        connection.execute(f"SET SESSION group_concat_max_len = {LONGEST_LIST}")
        try:
            yield
        finally:
            connection.try_execute(f"SET SESSION group_concat_max_len = {limit}")

    def query_catalog(self, connection: OpenConnection, sql: str) -> list[tuple[Any, ...]]:
        """Raise that limit for the one statement where the server is MariaDB."""
        if connection.product != MariaDB.title:
            return super().query_catalog(connection, sql)
        return connection.query(f"SET STATEMENT group_concat_max_len = {LONGEST_LIST} FOR {sql}")

    def set_lock_timeout(self, raw: Any, seconds: int) -> None:
        """Limit waits for rows and for tables, unless the server's limits are shorter; that for tables is a year."""
        names = ("lock_wait_timeout", "innodb_lock_wait_timeout")
        cursor = raw.cursor()
        cursor.execute("SET SESSION " + ", ".join(f"{name} = LEAST(@@{name}, {max(seconds, 1)})" for name in names))
        cursor.close()

    def set_autocommit(self, raw: Any, on: bool) -> None:
        """Call the driver's method; other drivers have an attribute."""
        raw.autocommit(on)

    def driver_options(self, settings: Settings) -> Mapping[str, Any]:
        """Have the server count the rows that an UPDATE finds, as SQLAlchemy does, not those that it changes.

        Leave its autocommit on, which PyMySQL would switch off first.
        """
        from pymysql.constants.CLIENT import FOUND_ROWS

        return {**super().driver_options(settings), "client_flag": FOUND_ROWS, "autocommit": True}

    def precheck_connect(self, url: URL) -> ConnectFailure | None:
        """Refuse a certificate that is not there, of which the driver names neither key nor file."""
        files = [(key, path) for key in CERTIFICATES for path in url.normalized_query.get(key, ())]
        missing = [f"{key}: {path}" for key, path in files if not Path(path).exists()]
        return (
            ConnectFailure(f"There is no file {', '.join(missing)}.", "Check sqla_url_query_map.") if missing else None
        )

    def classify_connect_error(self, error: Exception) -> ConnectFailure:
        """Classify by the error number of client or server."""
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        text = str(error.args[-1]) if error.args else str(error)
        if number in ACCESS_DENIED:
            return ConnectFailure("The server refused the login.", hint="Check the user name and the password.")
        if number == UNKNOWN_DATABASE:
            return ConnectFailure("The database does not exist.", "Create it with: inv init", missing_database=True)
        if "getaddrinfo" in text or "Name or service not known" in text:
            return ConnectFailure("The host name is unknown.", hint="Check target_server_hostname.")
        hint = CERTIFICATE_HINT if re.search(r"(?i)\bSSL\b|\bTLS\b|certificate", text) else None
        silent = number in SILENT
        return ConnectFailure(text, hint or (RUNNING if silent else None), wait=number in UNREACHABLE, silent=silent)

    def cancel_statement(self, raw: Any) -> str:
        """Kill the query, not the connection."""
        return f"KILL QUERY {raw.thread_id()}"

    def is_idle(self, connection: OpenConnection, raw: Any) -> bool:
        """Look the session up, unless a proxy gives sessions other numbers than the server."""
        own, command = connection.query(
            "SELECT c.own, p.command FROM (SELECT CONNECTION_ID() AS own) c"
            f" LEFT JOIN information_schema.processlist p ON p.id = {raw.thread_id()}"
        )[0]
        return own == connection.dbapi_connection.thread_id() and command in {"Sleep", None}

    def streaming_cursor(self, raw: Any, chunk_size: int) -> Any:
        """Open PyMySQL's unbuffered cursor, or the plain one of another driver."""
        if not type(raw).__module__.startswith("pymysql"):
            return super().streaming_cursor(raw, chunk_size)
        from pymysql.cursors import SSCursor

        return raw.cursor(SSCursor)

    def messages(self, cursor: Any) -> list[ServerMessage]:
        """Return the statement's first warnings and notes, and the number of the others."""
        count = getattr(cursor, "warning_count", 0) or 0
        if not count or getattr(cursor._result, "has_next", False):  # noqa: SLF001 - to ask now would drop the rest
            return []
        cursor.warning_count = 0  # each is reported once
        with cursor.connection.cursor() as second:
            second.execute(f"SHOW WARNINGS LIMIT {MAX_WARNINGS}")
            rows = [row for row in second.fetchall() if row[1] not in OF_OTHERS]
            shown = [ServerMessage(f"{level} {number}: {text}") for level, number, text in rows]
        more = count - len(shown)
        return [*shown, ServerMessage(f"and {more} more warnings")] if shown and more > 0 else shown

    def server_error(self, error: Exception, text: str) -> ServerError:
        """Convert the error; a syntax error's message ends with the line."""
        number = str(error.args[0]) if error.args else ""
        message = str(error.args[1]) if len(error.args) > 1 else str(error)
        if number in LOST:
            return connection_lost(message or "the server or somebody else closed it")
        line, column = _position(message, text)
        return ServerError(message, number, line, column, hint=_hint(number, message, text))

    def time_column(self, name: str, *, default_now: bool = False) -> Column[Any]:
        """Ask for microseconds, for without that the server keeps whole seconds."""
        from sqlalchemy import Column, text
        from sqlalchemy.dialects.mysql import DATETIME

        return Column(name, DATETIME(fsp=6), server_default=text("CURRENT_TIMESTAMP(6)") if default_now else None)

    def as_text(self, raw: bytes) -> bytes:
        """Write the bytes of BLOBs in a dump in hexadecimal digits."""
        from ahjo_tasks.sql.mysql_binary import with_hexadecimals

        return with_hexadecimals(raw)

    def encoding_hint(self, raw: bytes) -> str | None:
        """Name the option of mysqldump, for a dump."""
        from ahjo_tasks.sql.mysql_binary import encoding_hint

        return encoding_hint(raw)

    def non_transactional_statement(self, text: str) -> str:
        """Read the statements."""
        if not mysql_session.MAY_REFUSE.search(ascii_upper(text)):
            return ""
        return mysql_session.non_transactional(batch.text for batch in SPLITTER.split(text))

    def transaction_control(self, text: str) -> str:
        """Read the statements."""
        return mysql_session.control(batch.text for batch in SPLITTER.split(text))

    def refuses_transaction(self, error: ServerError) -> bool:
        """Return whether the number is that of XA, SET TRANSACTION or a variable of the binary log in a transaction."""
        return error.number in REFUSED_IN_TRANSACTION

    def transaction_state(self, raw: Any) -> TransactionState | None:
        """Read the flag of the server's last answer, which PyMySQL keeps."""
        status = getattr(raw, "server_status", None)
        return None if status is None else "open" if status & IN_TRANSACTION else "none"

    def reported_settings(self, raw: Any) -> dict[str, str]:
        """Read the flag of autocommit of the server's last answer, which PyMySQL keeps."""
        status = getattr(raw, "server_status", None)
        return {} if status is None else {"autocommit": "1" if status & AUTOCOMMIT else "0"}

    def restore_reported(self, connection: OpenConnection, before: Mapping[str, str]) -> None:
        """Set autocommit."""
        connection.query(f"SET SESSION autocommit = {before['autocommit']}")

    def check_statement(self, statement: str) -> None:
        """Refuse a lock of the whole server."""
        if mysql_session.locks_server(statement):
            raise DeployError(mysql_session.LOCKS_SERVER, hint=mysql_session.NO_LOCK)

    def save_session(self, connection: OpenConnection, texts: Sequence[str]) -> Restore | None:
        """Ask for all variables, database and role, where a statement may change them."""
        return mysql_session.save(connection, texts)

    def own_attachments(self, connection: OpenConnection, definitions: Sequence[Definition]) -> Sequence[Attachment]:
        """Read the grants on routines, which go with these; those on views stay."""
        names = {(made.kind.upper(), made.name.name.lower()) for made in definitions if made.kind.upper() in ROUTINES}
        try:
            rows = connection.query(ROUTINE_GRANTS) if names else ()
        except StatementError:  # a login that may not read them
            return ()
        return [
            Attachment(
                f"grant on {name}",
                IS_THERE.format(kind=self.quote_literal(kind), name=self.quote_literal(name)),
                f"GRANT {privilege} ON {kind} {self.quote(name)} TO {account(grantee)}"
                + " WITH GRANT OPTION" * grantable,
                name=name,
            )
            for grantee, privileges, kind, name in rows
            if (kind, name.lower()) in names
            for privilege, grantable in routine_privileges(privileges)
        ]

    def exists(self, connection: OpenConnection, database: str) -> bool:
        """Return whether the server lists the database."""
        name = self.quote_literal(database)
        return bool(connection.query(f"SELECT 1 FROM information_schema.schemata WHERE schema_name = {name}"))

    def drop_database(self, connection: OpenConnection, database: str, leave: Callable[[], None]) -> None:
        """End the database's sessions, then drop it."""
        name = self.quote_literal(database)
        for (session,) in connection.query(
            f"SELECT id FROM information_schema.processlist WHERE db = {name} AND id <> CONNECTION_ID()"
        ):
            connection.try_execute(f"KILL {session}")
        connection.execute(f"DROP DATABASE {self.quote(database)}")

    def create_database(self, connection: OpenConnection, database: str, settings: Settings) -> list[str]:
        """Create the database in utf8mb4."""
        from ahjo_tasks.database.dialects import create_database

        head = f"CREATE DATABASE {self.quote(database)} CHARACTER SET utf8mb4"
        return create_database.create_collated(connection, settings, head, " COLLATE {}")

    def database_identity(self, connection: OpenConnection) -> Identity:
        """Return MySQL's UUID or MariaDB's UID of the server, the database, and two numbers of the release."""
        variables = connection.query("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'server_uid')")
        server = str(variables[0][1]) if variables else ""
        name, version = connection.query("SELECT DATABASE(), VERSION()")[0]
        return Identity(server, str(name), f"{_product(version)} {'.'.join(version.split('.')[:2])}")

    def lock(
        self, connection: OpenConnection, owner: str, timeout: float, purpose: str = DEPLOY
    ) -> AbstractContextManager[None]:
        """Take a named lock of the session, which the server releases when the connection ends."""
        return self._hold_lock(connection, owner, timeout, purpose, shared=False)

    def share_lock(self, connection: OpenConnection, owner: str, timeout: float) -> AbstractContextManager[None]:
        """Take that of the database together with others."""
        return self._hold_lock(connection, owner, timeout, DATABASE, shared=True)

    @contextmanager
    def _hold_lock(
        self, connection: OpenConnection, owner: str, timeout: float, purpose: str, *, shared: bool
    ) -> Iterator[None]:
        taken = self._take_locks(connection, purpose, timeout, shared=shared)
        if not taken:
            holder = self.lock_holder(connection, purpose)
            name = holder.name if holder else "another run"
            raise LockedError(f"The database is locked by {name}.", hint="Wait until that run ends.")
        connection.locks.extend(taken)
        try:
            yield
        finally:
            del connection.locks[-len(taken) :]
            if connection.usable:
                _release(connection, taken)

    def _take_locks(self, connection: OpenConnection, purpose: str, timeout: float, *, shared: bool) -> list[str]:
        """Take the locks of a purpose; return none where it was not free for so many seconds."""
        *others, last = self._lock_names(purpose)
        if shared:
            names = (name for name in (*others, last) if _get_lock(connection, name, timeout if name == last else 0))
            return list(islice(names, 1))
        taken = list(takewhile(lambda name: _get_lock(connection, name, timeout), (*others, last)))
        if len(taken) == len(others) + 1:
            return taken
        _release(connection, taken)
        return []

    def _lock_names(self, purpose: str) -> list[str]:
        """Return expressions of the names, of 64 characters at most; the purpose may end with a project."""
        word, _, project = purpose.partition(" ")
        numbers = [f"{number}" for number in range(SHARES)] if purpose == DATABASE else [project]
        return [LOCK.format(purpose=word, project=self.quote_literal(number)) for number in numbers]

    def lock_holder(self, connection: OpenConnection, purpose: str = DEPLOY) -> Holder | None:
        """Look the named lock up; without the right to see other sessions, there is only its number."""
        locks = ", ".join(f"IS_USED_LOCK({name})" for name in self._lock_names(purpose))
        rows = connection.query(
            "SELECT u.id, p.user, p.host FROM"
            f" (SELECT COALESCE({locks}) AS id) u LEFT JOIN information_schema.processlist p ON p.id = u.id"
        )
        number, user, host = rows[0]
        if number is None:
            return None
        return Holder(f"{user} from {host} (connection {number})" if user else "another run", str(number))


def routine_privileges(privileges: str) -> Iterator[tuple[str, bool]]:
    """Yield the privileges that the server lists for a routine, and whether each may be given on."""
    listed = privileges.split(",")
    yield from ((privilege.upper(), "Grant" in listed) for privilege in listed if privilege != "Grant")


def account(grantee: str) -> str:
    """Return a grantee as GRANT takes it."""
    return grantee.removesuffix(ROLE)


def _get_lock(connection: OpenConnection, name: str, timeout: float) -> bool:
    return bool(connection.query(f"SELECT GET_LOCK({name}, {max(0, int(timeout))})")[0][0])


def _release(connection: OpenConnection, names: Iterable[str]) -> None:
    for name in names:
        connection.try_execute(f"SELECT RELEASE_LOCK({name})")


def _hint(number: str, message: str, text: str) -> str | None:
    if number == SYNTAX and "near ''" in message and CUT_ROUTINE.search(text):
        return CUT_BODY if any(token.value == ";" for token in tokenize(text, MYSQL)) else DELIMITER
    hints = dict.fromkeys(ALREADY_EXISTS, EXISTS) | dict.fromkeys(LOCAL_INFILE_OFF, LOCAL_INFILE)
    hints |= dict.fromkeys(NO_DATABASE, DROPPED)
    if number in NO_CHANGES and re.search("read.only", message, re.IGNORECASE):
        return READ_ONLY
    if number == NO_TRIGGER and REPLACES.match(text):
        return OF_ANOTHER_TABLE
    return LOCK_WAIT if number == LOCK_WAIT_TIMEOUT else hints.get(number)


def _position(message: str, text: str) -> Position:
    """Find the rest of the text that a syntax error quotes, or the name that the message is about."""
    from ahjo_tasks.database.dialects import error_positions

    near = re.search(SYNTAX_ERROR, message)
    if near is None:
        return error_positions.find_named(text, message, NAMED, MYSQL)
    if not near[1]:
        return error_positions.at_offset(text, len(text.rstrip()))
    line, column = error_positions.find_text(text, near[1])
    return line or int(near[2]), column


class MariaDB(MySQL):
    """MySQL's dialect under the name of the product that the config names."""

    title = "MariaDB"
    server = Server(is_mariadb=True)


def _version(raw: Any) -> str:
    """Return the version that the server has told the driver."""
    return str(getattr(raw, "server_info", None) or getattr(raw, "get_server_info", str)())


def _product(version: str) -> str:
    """Return the product of a server's version."""
    return MariaDB.title if "mariadb" in version.lower() else MySQL.title
