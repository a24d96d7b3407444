"""Session options of SQL Server: set them up, and reset what a file changes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.database.dialects.mssql.driver_choice import is_freetds
from ahjo_tasks.database.dialects.mssql.drivers import driver_file
from ahjo_tasks.database.dialects.mssql.errors import CONTEXT_CHANGES
from ahjo_tasks.database.dialects.mssql.kept_state import KeptState, kept_state, prepare
from ahjo_tasks.errors import ServerError, StatementError
from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.tokens import phrase
from ahjo_tasks.sql.tsql import GAP, is_module, statement_starts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.database.dialects.base import OpenConnection, Restore

FETCH_SIZE = 10_000
ALL_ROWS = 2**31 - 1


def drain(cursor: Any) -> None:
    """Consume the remaining rows. Raises the driver's error if the server failed on one of them.

    Microsoft's driver loses such an error if the next result is requested before that. FreeTDS and pymssql do not, and
    FreeTDS loses the messages after rows that are read to their end.
    """
    driver = type(cursor).__module__.partition(".")[0]
    if driver == "mssql_python":
        while cursor.fetchmany(FETCH_SIZE):
            pass
        cursor.rowcount = -1  # else the rows would count as changed by the next statement
    elif driver == "pyodbc" and not is_freetds(driver_file(cursor.connection)):
        cursor.skip(ALL_ROWS)  # fetches no values, so that no type is unsupported


ON = ("ANSI_NULLS", "ANSI_PADDING", "ANSI_WARNINGS", "ARITHABORT", "CONCAT_NULL_YIELDS_NULL", "QUOTED_IDENTIFIER")
"""Options that modules, indexed views and filtered indexes need."""

SETUP = f"SET XACT_ABORT ON; SET NOCOUNT OFF; SET {', '.join(ON)} ON; SET NUMERIC_ROUNDABORT OFF"

STATISTICS = ("IO", "PROFILE", "TIME", "XML")
"""The last words of some options; of several in a list the first one alone says STATISTICS."""
NOT_EXECUTING = ("SHOWPLAN_ALL", "SHOWPLAN_TEXT", "SHOWPLAN_XML", "NOEXEC", "PARSEONLY", "FMTONLY")
"""Options with which the server runs no statement: each is switched off by itself, before all else."""

DEFAULTS: dict[str, str] = {
    **dict.fromkeys(ON, "ON"),
    "XACT_ABORT": "ON",
    "NOCOUNT": "OFF",
    "NUMERIC_ROUNDABORT": "OFF",
    "ANSI_DEFAULTS": "ON",
    "ANSI_NULL_DFLT_ON": "ON",
    "ANSI_NULL_DFLT_OFF": "OFF",
    "ARITHIGNORE": "OFF",
    "CURSOR_CLOSE_ON_COMMIT": "OFF",
    "DEADLOCK_PRIORITY": "NORMAL",
    "FORCEPLAN": "OFF",
    "IMPLICIT_TRANSACTIONS": "OFF",
    "REMOTE_PROC_TRANSACTIONS": "OFF",
    "ROWCOUNT": "0",
    **dict.fromkeys((f"STATISTICS {name}" for name in STATISTICS), "OFF"),
    "TRANSACTION ISOLATION LEVEL": "READ COMMITTED",
    **dict.fromkeys(NOT_EXECUTING, "OFF"),
}
"""Values of options at the start of each file."""

QUERIED: dict[str, str] = {
    "LANGUAGE": "@@LANGUAGE",
    "DATEFORMAT": "@@LANGUAGE",
    "DATEFIRST": "@@DATEFIRST",
    "LOCK_TIMEOUT": "@@LOCK_TIMEOUT",
    "TEXTSIZE": "@@TEXTSIZE",
    "QUERY_GOVERNOR_COST_LIMIT": (
        "ISNULL((SELECT CAST(value_in_use AS int) FROM sys.configurations"
        " WHERE name = N'query governor cost limit'), 0)"
    ),
}
"""Options that differ from session to session or server to server, and the variable or query that shows each."""

_NAMES = "|".join(
    "(?:" + rf"\b{GAP}".join(name.split()) + ")" for name in sorted([*DEFAULTS, *QUERIED], key=len, reverse=True)
)
_PART = r"(?:\[(?:[^\]]|\]\]|)*+\]|\"[^\"]*+\"|[\w@#$]++)"
OPTION = re.compile(
    rf"SET\b{GAP}(?P<names>(?:{_NAMES})(?:{GAP},{GAP}(?:{_NAMES}|{'|'.join(STATISTICS)})|)*+)\b{GAP}"
    rf"(?P<value>'[^']*'|-?[\w@]++(?:{GAP}COMMITTED|)?+)",
    re.IGNORECASE,
)
IDENTITY_INSERT = re.compile(
    rf"SET\b{GAP}IDENTITY_INSERT\b{GAP}(?P<table>{_PART}(?:{GAP}\.{GAP}{_PART}|)*+){GAP}(?P<switch>ON|OFF)\b",
    re.IGNORECASE,
)
USE = re.compile(rf"USE\b{GAP}[\w\[\"]", re.IGNORECASE)
CONTROL = re.compile(rf"BEGIN\b{GAP}(?:DISTRIBUTED\b{GAP}|)?+TRAN(?:SACTION)?\b|(?:COMMIT|ROLLBACK)\b", re.IGNORECASE)
IMPERSONATION = re.compile(rf"(?:EXEC(?:UTE)?\b{GAP}AS\b{GAP}(?:USER|LOGIN|CALLER)|SETUSER)\b", re.IGNORECASE)
STARTS = frozenset({"SET", "USE", "BEGIN", "COMMIT", "ROLLBACK", "EXEC", "EXECUTE", "SETUSER"})
KEYWORDS = ("SET", "USE", "TRAN", "COMMIT", "ROLLBACK", "EXEC")
WORDS = re.compile(rf"\b(?:USE|SETUSER|TRAN(?:SACTION)?|COMMIT|ROLLBACK|EXEC(?:UTE)?{GAP}AS)\b")
OPTION_PREFIXES = tuple({re.split(r"(?<=_)| ", name)[0] for name in (*DEFAULTS, *QUERIED, "IDENTITY_INSERT")})
"""A beginning of the name of every option; to search for these is faster than for the statements."""

DEPTH = "SELECT @@TRANCOUNT"
ROLL_BACK = "IF @@TRANCOUNT > 0 BEGIN ROLLBACK TRANSACTION;"
STILL_OPEN = f"{ROLL_BACK} RAISERROR(N'The file leaves a transaction open; it was rolled back.', 16, 1) END"
LEFT_OPEN_IN_ACTION = (
    "The file leaves a transaction of its own open in that of the action: BEGIN TRANSACTION without COMMIT."
)
USER = "SELECT SUSER_SNAME(), USER_NAME(), DB_NAME()"
NOT_REVERTED = "The file took on another user, and REVERT did not lead back: later files would run as that user."
ENDED_IN_ACTION = "The file ended the transaction of the action, by a COMMIT or ROLLBACK of its own."


class Changes(NamedTuple):
    """Changes to the session by the statements of a file."""

    options: tuple[str, ...] = ()
    """Names of options that are set to something else than usual, sorted."""
    identity_inserts: tuple[str, ...] = ()
    """Tables that IDENTITY_INSERT is left on for."""
    database: bool = False
    transaction: bool = False
    impersonations: int = 0
    """Number of EXECUTE AS that take on another user."""


def save(connection: OpenConnection, texts: Sequence[str]) -> Restore | None:
    """Ask for the options that a file's batches set and that have no usual value; return what resets them all.

    What is returned raises StatementError when the file leaves another number of transactions open than it found.
    """
    changes, kept = changes_of(texts), kept_state(texts)
    if changes == Changes() and kept == KeptState():
        return None
    undo = prepare(connection, kept)
    queried = _query_options(connection, [name for name in changes.options if name in QUERIED])
    executing = [f"SET {name} OFF" for name in NOT_EXECUTING if name in changes.options]
    resets = reset_statements(changes.options, queried, shared=connection.in_shared_transaction)
    if changes.database:
        resets.append(f"USE {connection.dialect.quote(connection.database_name)}")
    user = connection.query(USER) if changes.impersonations else []
    shared = connection.in_shared_transaction
    before = connection.query(DEPTH)[0][0] if changes.transaction and shared else 0

    def restore(failed: bool) -> None:
        identity = [] if failed else map(_identity_insert_off, changes.identity_inserts)
        calls = [*executing, *_reverts(connection, changes), "; ".join([*resets, *identity]), *undo]
        problems = [problem for call in calls if call and (problem := _silently(connection, call))]
        if user and connection.query(USER) != user:
            raise StatementError(ServerError(NOT_REVERTED))
        if problems and not (failed or user):
            raise StatementError(ServerError(f"The session cannot be put back: {problems[0]}"))
        if changes.transaction and shared:
            _check_depth(connection, before)
        elif changes.transaction and not connection.transactional:
            connection.query(f"{ROLL_BACK} END" if failed else STILL_OPEN)

    return restore


def _check_depth(connection: OpenConnection, before: int) -> None:
    """Raise StatementError for a file that changed the number of open transactions, of which the action shares one."""
    after = connection.query(DEPTH)[0][0]
    if after > max(before, 1):
        raise StatementError(ServerError(LEFT_OPEN_IN_ACTION))
    if after < before or connection.lost_transaction:
        raise StatementError(ServerError(ENDED_IN_ACTION), outcome="what was committed stays.")


def _reverts(connection: OpenConnection, changes: Changes) -> list[str]:
    """Build the calls that end impersonation, which count in the database where it began; some of them may fail."""
    reverts = ["REVERT"] * changes.impersonations
    return [*reverts, f"USE {connection.dialect.quote(connection.database_name)}", *reverts] if reverts else []


def changes_of(texts: Iterable[str]) -> Changes:
    """Collect what the batches change in the session; the body of a module changes nothing."""
    options: set[str] = set()
    identity: dict[str, bool] = {}
    database = transaction = False
    impersonations = 0
    for text in texts:
        if not may_change(text) or is_module(text):
            continue
        for start in statement_starts(text, STARTS):
            if option := OPTION.match(text, start):
                options.update(_changed_names(option))
            elif insert := IDENTITY_INSERT.match(text, start):
                identity[insert["table"]] = insert["switch"].upper() == "ON"
            database = database or bool(USE.match(text, start))
            transaction = transaction or bool(CONTROL.match(text, start))
            impersonations += bool(IMPERSONATION.match(text, start))
    on = tuple(table for table, switch in identity.items() if switch)
    transaction = transaction or "IMPLICIT_TRANSACTIONS" in options
    return Changes(tuple(sorted(options)), on, database, transaction, impersonations)


def _changed_names(option: re.Match[str]) -> Iterator[str]:
    """Yield the names of a SET statement whose value is not the usual one."""
    value = phrase(option["value"], MSSQL)
    for part in phrase(option["names"], MSSQL).split(" , "):
        name = f"STATISTICS {part}" if part in STATISTICS else part
        if value != DEFAULTS.get(name):
            yield name


def may_change(text: str) -> bool:
    """Test quickly for a word that changes a session: most batches have none."""
    upper = text.upper()
    if not any(stem in upper for stem in KEYWORDS):
        return False
    options = "SET" in upper and any(stem in upper for stem in OPTION_PREFIXES)
    return options or WORDS.search(upper) is not None


def reset_statements(changed: Iterable[str], queried: dict[str, str], *, shared: bool) -> list[str]:
    """Build the statements that reset the options, but for those with which none would run."""
    left = {*NOT_EXECUTING, *(["IMPLICIT_TRANSACTIONS"] if shared else [])}
    usual = [name for name in changed if name in DEFAULTS and name not in left]
    language = [f"SET LANGUAGE {queried['@@LANGUAGE']}"] if "@@LANGUAGE" in queried else []
    others = [
        f"SET {name} {queried[variable]}"
        for name, variable in QUERIED.items()
        if variable in queried and variable != "@@LANGUAGE"
    ]
    return [*(f"SET {name} {DEFAULTS[name]}" for name in usual), *language, *others]


def _query_options(connection: OpenConnection, names: Sequence[str]) -> dict[str, str]:
    if not names:
        return {}
    variables = sorted(
        {QUERIED[name] for name in names} | ({"@@DATEFIRST"} if {"LANGUAGE", "DATEFORMAT"} & {*names} else set())
    )
    try:
        row = connection.query(f"SELECT {', '.join(variables)}")[0]
    except StatementError:
        return {}
    quote = connection.dialect.quote
    return {
        name: quote(str(value)) if name == "@@LANGUAGE" else str(value)
        for name, value in zip(variables, row, strict=True)
    }


def _identity_insert_off(table: str) -> str:
    """Switch IDENTITY_INSERT off; only one table of a session can have it on."""
    literal = table.replace("'", "''")
    return f"IF OBJECT_ID(N'{literal}') IS NOT NULL SET IDENTITY_INSERT {table} OFF"


def _silently(connection: OpenConnection, statement: str) -> str | None:
    """Run a statement without its messages; return the server's error if it fails, and it is no such message."""
    with connection.messages_to(lambda _text: None):
        try:
            connection.execute(statement)
        except StatementError as error:
            return None if f"({error.server.number})" in CONTEXT_CHANGES else error.message
    return None
