"""The session of a MySQL or MariaDB connection: which statements may change it, its state, and putting that back."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import ServerError, StatementError
from ahjo_tasks.sql.lexer import MYSQL
from ahjo_tasks.sql.source import ascii_upper
from ahjo_tasks.sql.temporary_tables import temporary_tables
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from ahjo_tasks.database.dialects.base import OpenConnection, Restore
    from ahjo_tasks.sql.splitters import Batch

_PREFILTER = re.compile(
    r"\b(?:SET|USE|CALL|EXECUTE|LOCK|FLUSH|BEGIN|IF|CASE|LOOP|REPEAT|WHILE|FOR|DROP|GET_LOCK|RELEASE_LOCK|RELEASE_ALL_LOCKS"
    r"|SELECT|DO|UPDATE|DELETE)\b"
)
_FIRST = frozenset({"USE", "CALL", "EXECUTE", "LOCK", "FLUSH", "IF", "CASE", "LOOP", "REPEAT", "WHILE", "FOR"})
_LOCKS = re.compile(r"\b(?:GET_LOCK|RELEASE_LOCK|RELEASE_ALL_LOCKS)\b")
_DEFINITIONS = frozenset({"CREATE", "ALTER", "GRANT", "REVOKE"})
_WRITES = frozenset({"INSERT", "REPLACE", "UPDATE", "DELETE", "LOAD", "WITH"})
"""First words of statements that may set off a trigger: its body may set user variables."""
_CALL = re.compile(r"(?<![\w$@`])([A-Z_][\w$]*+|`[^`]++`)\s*+\(")
_BEFORE_PARENTHESES = (
    "all and any as between binary by case check decimal distinct else exists from having in index interval into join"
    " key like match not on or order over partition primary references regexp returning rlike select set signed some"
    " then union unique unsigned using value varchar when where window with within xor"
    " json_array_append json_contains json_length json_remove json_set json_table json_unquote nextval lastval setval"
    " regexp_like regexp_replace regexp_substr uuid_short bit_count bit_xor group_concat stddev_pop stddev_samp"
    " var_pop var_samp get_lock release_all_locks is_free_lock is_used_lock"
)
"""Words before a parenthesis that call nothing, and functions of the server beside the usual ones."""
_NOT_IN_SESSION = frozenset({"PASSWORD", "GLOBAL", "PERSIST", "PERSIST_ONLY", "TRANSACTION"})
"""Words after SET that change something outside of the session, if they stand first and alone."""
HEAD = 2000
"""Characters of a statement that are read for its first words."""
VARIABLES = "SHOW SESSION VARIABLES"
LIMIT = "sql_select_limit"
MOVING = frozenset(
    {
        *("timestamp", "last_insert_id", "identity", "insert_id", "rand_seed1", "rand_seed2", "warning_count"),
        *("error_count", "pseudo_thread_id", "in_transaction", "gtid_executed", "gtid_purged", "gtid_next"),
    }
)
"""Variables that change by themselves, or count for the next statement alone."""
USER_VARIABLES = (
    "SELECT variable_name FROM information_schema.user_variables",
    (
        "SELECT variable_name FROM performance_schema.user_variables_by_thread"
        " JOIN performance_schema.threads USING (thread_id) WHERE processlist_id = CONNECTION_ID()"
    ),
)
"""Questions for the user variables that are set: MariaDB's, and MySQL's."""
_USER_VARIABLE = re.compile(r"@(?<![\w@'\"`$.]@)(?:[\w$.]++|`[^`]++`)")
_PREPARE = re.compile(rf"(?ai:{MYSQL.gap()}PREPARE{MYSQL.gap()}(\w++|`[^`]++`){MYSQL.gap()}FROM\b)")
_HANDLER = re.compile(
    rf"(?ai:{MYSQL.gap()}HANDLER{MYSQL.gap()}(?P<table>[\w$]++|`[^`]++`){MYSQL.gap()}OPEN"
    rf"(?:{MYSQL.gap()}(?:AS\b{MYSQL.gap()}|)(?P<alias>[\w$]++|`[^`]++`)|))"
)
_FIRST_RESTORED = ("sql_mode", "character_set_client", "character_set_connection", "character_set_results")
NOT_OF_THE_SESSION = frozenset({"1193", "1229", "1238"})
"""Errors of a variable that is the server's, or that nobody can set."""
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


MAY_REFUSE = re.compile(r"\b(?:XA|TRANSACTION|SQL_LOG_BIN|BINLOG_\w+|GTID_NEXT)\b")
"""A word of each statement that refuses a transaction: to search for it is faster than to split the text."""
_REFUSED_VARIABLES = re.compile(r"\b(?:SQL_LOG_BIN|BINLOG_FORMAT|BINLOG_DIRECT_NON_TRANSACTIONAL_UPDATES|GTID_NEXT)\b")
"""Variables that cannot be set in a transaction."""
CONTROLS = frozenset({"BEGIN", "START", "COMMIT", "ROLLBACK"})


class State(NamedTuple):
    """Variables, database and role of a session."""

    variables: dict[str, str]
    database: str | None
    role: str | None


def may_change(statement: str) -> bool:
    """Test whether a statement may change the session; what stands in the body of a routine runs later."""
    if not _PREFILTER.search(upper := ascii_upper(statement)):
        return False
    first, second, third, *_ = [*(token.word for token in islice(tokenize(statement, MYSQL), 3)), "", "", ""]
    if first == "SET":
        return second not in _NOT_IN_SESSION or "," in statement
    if first == "BEGIN":
        return (second, third) == ("NOT", "ATOMIC")
    if first == "DROP":
        return second in {"DATABASE", "SCHEMA"}
    if first in _FIRST:
        return True
    return first not in _DEFINITIONS and (_LOCKS.search(upper) is not None or _calls_own_function(first, upper))


@cache
def _no_own_functions() -> frozenset[str]:
    """Return the words that may stand before a parenthesis where no function of somebody's own is called.

    They are read when they are needed: a deploy with nothing to do reads no SQL.
    """
    from ahjo_tasks.sql.references.builtin_functions import BUILTIN_FUNCTIONS
    from ahjo_tasks.sql.references.tokens import word_set

    return BUILTIN_FUNCTIONS[MYSQL] | word_set(_BEFORE_PARENTHESES)


def _calls_own_function(first: str, upper: str) -> bool:
    """Test whether a function is called that the server does not bring: its body may set anything."""
    if first in {"INSERT", "REPLACE"} and "SELECT" not in upper:
        return False  # the table stands before a parenthesis, and the rows may be many
    return any(name.strip("`").lower() not in _no_own_functions() for name in _CALL.findall(upper))


def _runs_code(statement: str) -> bool:
    """Test whether a statement may run a routine or a trigger, whose body may set user variables."""
    head = ascii_upper(statement[:HEAD])
    first = next((token.word for token in tokenize(head, MYSQL)), "")
    return first in _WRITES or (first != "SET" and may_change(statement))


_MAY_LOCK_ALL = re.compile(r"\b(?:FLUSH|BACKUP|INSTANCE)\b")
_OF_ALL = re.compile(
    rf"(?:FLUSH\b{MYSQL.gap()}(?:(?:NO_WRITE_TO_BINLOG|LOCAL)\b{MYSQL.gap()}|)TABLES?\b{MYSQL.gap()}WITH\b{MYSQL.gap()}READ"
    rf"|BACKUP\b{MYSQL.gap()}(?:STAGE\b{MYSQL.gap()}(?!END\b)\w++|LOCK\b)|LOCK\b{MYSQL.gap()}INSTANCE)\b"
)
"""The beginning of a statement that locks the whole server: also the records that a run keeps by another connection."""
LOCKS_SERVER = "it locks the whole server, also what this run records by another connection: it would wait for ever"
NO_LOCK = "Leave it out: a backup takes such a lock by itself, and LOCK TABLES locks the tables of a file."


def non_transactional(statements: Iterable[str]) -> str:
    """Name the first statement that a transaction refuses: XA, SET TRANSACTION, and variables of the binary log."""
    for statement in statements:
        upper = ascii_upper(statement[:HEAD])
        if not MAY_REFUSE.search(upper):
            continue
        first, second, *_ = [*(token.word for token in islice(tokenize(statement, MYSQL), 2)), "", ""]
        if first == "XA":
            return f"XA {second}".strip()
        if first == "SET" and second == "TRANSACTION":
            return "SET TRANSACTION"
        if first == "SET" and (match := _REFUSED_VARIABLES.search(upper)):
            return f"SET {match[0]}"
    return ""


def control(statements: Iterable[str]) -> str:
    """Name the first statement that begins or ends a transaction; empty for none."""
    for statement in statements:
        first, second, *_ = [*(token.word for token in islice(tokenize(statement[:HEAD], MYSQL), 5)), "", ""]
        if first in CONTROLS and second not in {"NOT", "SLAVE", "REPLICA", "ALL", "TO"}:
            return first
    return ""


def user_variables(texts: Iterable[str]) -> list[str]:
    """List the user variables that the texts name, each once; one in a string may be among them."""
    return list(dict.fromkeys(match.lower() for text in texts for match in _USER_VARIABLE.findall(text)))


def _set_variables(connection: OpenConnection) -> list[str]:
    """Ask for the user variables of the session; [] where the server keeps no list, or shows none to this login."""
    for question in USER_VARIABLES:
        with suppress(StatementError):
            return [f"@`{str(name).replace('`', '``')}`" for (name,) in connection.query(question)]
    return []


def save(connection: OpenConnection, texts: Sequence[str]) -> Restore | None:
    """Ask for the state of the session, and return what puts it back; None where no statement may change it."""
    variables = user_variables(texts)
    closing = [f"DEALLOCATE PREPARE {match[1]}" for text in texts if (match := _PREPARE.match(text))]
    closing += [
        f"HANDLER {match['alias'] or match['table']} CLOSE" for text in texts if (match := _HANDLER.match(text))
    ]
    temporary = bool(temporary_tables(texts, MYSQL))
    statements = [text for text in texts if may_change(text)]
    runs_code = any(map(_runs_code, texts))
    if not (statements or variables or closing or temporary or runs_code):
        return None
    restore_settings = _save_settings(connection, statements) if statements else None

    def restore(failed: bool) -> None:
        if restore_settings is not None:
            restore_settings(failed)
        # A session begins without the rest.
        if left := [*variables, *(_set_variables(connection) if runs_code else ())]:
            connection.query(f"SET {', '.join(f'{name} = NULL' for name in left)}")
        for statement in closing:
            connection.try_execute(statement)
        if temporary:
            connection.dialect.drop_temporary_tables(connection, texts)

    return restore


def _save_settings(connection: OpenConnection, statements: Sequence[str]) -> Restore:
    upper = ascii_upper(" ".join(statements))
    before = _state(connection)

    def restore(_failed: bool) -> None:
        with connection.messages_to(lambda _message: None):
            if re.search(r"\b(?:LOCK|FLUSH)\b", upper):
                connection.query("UNLOCK TABLES")
            _restore(connection, before)
            if re.search(r"\bTIMESTAMP\b", upper):
                connection.query("SET SESSION timestamp = DEFAULT")
            if _LOCKS.search(upper):
                _restore_locks(connection)

    return restore


def _state(connection: OpenConnection) -> State:
    variables = {str(name): str(value) for name, value in connection.query(VARIABLES)}
    try:
        ((database, role),) = connection.query("SELECT DATABASE(), CURRENT_ROLE()")
    except StatementError:  # MySQL 5.7 has no roles
        ((database, role),) = connection.query("SELECT DATABASE(), NULL")
    return State(variables, database, role)


def _restore(connection: OpenConnection, before: State) -> None:
    _set(connection, LIMIT, before.variables[LIMIT])  # it cuts the list of variables, too
    after = _state(connection)
    quote = connection.dialect.quote
    if after.role != before.role:
        connection.query(f"SET ROLE {_role(before.role, quote)}")
    if after.database != before.database and before.database:
        if not connection.dialect.exists(connection, before.database):
            raise StatementError(ServerError(f"It dropped the database {before.database}, which is deployed to."))
        connection.query(f"USE {quote(before.database)}")
    changed = {name for name, value in before.variables.items() if after.variables.get(name) != value} - MOVING
    for name in sorted(changed, key=lambda name: (name not in _FIRST_RESTORED, name)):
        _set(connection, name, before.variables[name])


def _role(role: str | None, quote: Callable[[str], str]) -> str:
    """Write roles as SET ROLE takes them: MySQL gives a list that is quoted, MariaDB a bare name."""
    return role if role is not None and role.startswith("`") else quote(role) if role not in {None, "NONE"} else "NONE"


def _set(connection: OpenConnection, name: str, value: str) -> None:
    literal = value if _NUMBER.fullmatch(value) else connection.dialect.quote_literal(value)
    if name == "character_set_results" and not value:
        literal = "NULL"
    try:
        connection.query(f"SET SESSION {name} = {literal}")
    except StatementError as error:
        if error.server.number not in NOT_OF_THE_SESSION:
            raise


def _restore_locks(connection: OpenConnection) -> None:
    """Release the named locks of the file, and take back those of this run."""
    if connection.try_execute("DO RELEASE_ALL_LOCKS()"):
        return  # an older server holds one lock at a time, and lets none go
    for lock in connection.locks:
        if connection.query(f"SELECT GET_LOCK({lock}, 0)")[0][0] != 1:
            raise StatementError(ServerError("It released the lock of this run, and another session has it now."))


# -- text that the server would read in another character set than it is sent in --------------------------------------

_CHARACTER_SET = re.compile(
    rf"(?ai:\bNAMES\b|\bCHAR(?:ACTER)?\b\s++SET\b|\bCHARSET\b|character_set_client){MYSQL.gap()}=?{MYSQL.gap()}"
    r"['\"]?(?P<name>[A-Za-z0-9_@]++)"
)
SENT_IN = frozenset({"UTF8", "UTF8MB3", "UTF8MB4", "BINARY", "DEFAULT"})
"""Character sets in which the server reads what the driver sends as it is meant."""


def check(batches: Sequence[Batch], path: Path | None) -> None:
    """Raise SourceError for a body that was cut, and for letters that would be changed, before anything runs."""
    _check_bodies(batches, path)
    _check_letters(batches, path)
    _check_locks(batches, path)


_END = re.compile(rf"(?ai:{MYSQL.gap()}END\b)")


def _check_bodies(batches: Sequence[Batch], path: Path | None) -> None:
    """Raise SourceError for a statement that begins with END: the one that it belongs to was cut at a delimiter."""
    for batch in batches:
        if batch.text[:1] in "eE/" and _END.match(batch.text):
            raise batch.error(
                "no statement begins with END: the body that it ends was cut at the semicolons in it",
                path,
                "Write DELIMITER // on a line before the statement, // after its END, and then DELIMITER ;",
            )


def _check_locks(batches: Sequence[Batch], path: Path | None) -> None:
    """Raise SourceError for a lock of the whole server: this run would wait for itself, for ever."""
    for batch in batches:
        if locks_server(batch.text):
            raise batch.error(LOCKS_SERVER, path, NO_LOCK)


def locks_server(statement: str) -> bool:
    """Test whether a statement locks the whole server."""
    upper = ascii_upper(statement[:HEAD])
    token = next(tokenize(upper, MYSQL), None) if _MAY_LOCK_ALL.search(upper) else None
    return token is not None and _OF_ALL.match(upper, token.offset) is not None


def _check_letters(batches: Sequence[Batch], path: Path | None) -> None:
    """Raise SourceError for letters beyond ASCII after SET NAMES of another character set: they would be changed."""
    character_set = ""
    for batch in batches:
        head = batch.text[:HEAD]
        if "SET" in ascii_upper(head) and (match := _character_set(head)):
            name = match.upper()
            character_set = "" if name in SENT_IN or name.startswith("@") else match
        if character_set and not batch.text.isascii():
            raise batch.error(
                f"SET has the server read {character_set}, and files are sent in UTF-8: these letters would be changed",
                path,
                "Leave SET NAMES out, or write SET NAMES utf8mb4.",
            )


def _character_set(statement: str) -> str:
    """Return the character set that a SET statement names; empty for none."""
    token = next(tokenize(statement, MYSQL), None)
    match = _CHARACTER_SET.search(statement, token.offset) if token and token.word == "SET" else None
    return match["name"] if match else ""
