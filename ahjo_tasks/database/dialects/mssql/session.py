"""The session of SQL Server: how it is set up, what files change in it, and what it cannot do in a transaction."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ahjo_tasks.database.dialects.mssql.driver_choice import is_freetds
from ahjo_tasks.database.dialects.mssql.drivers import driver_file
from ahjo_tasks.errors import StatementError
from ahjo_tasks.sql.tsql import is_module

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.database.dialects.base import OpenConnection

MANY = 10_000
ALL = 2**31 - 1


def pass_over(cursor: Any) -> None:
    """Go to the end of the rows. Raises the driver's error when the server stumbled over one of them.

    Microsoft's driver forgets such an error where the next result is asked for before that. FreeTDS and pymssql do
    not, and FreeTDS forgets the messages behind rows that are read to their end.
    """
    driver = type(cursor).__module__.partition(".")[0]
    if driver == "mssql_python":
        while cursor.fetchmany(MANY):
            pass
        cursor.rowcount = -1  # else the rows would be counted as changed by what comes next
    elif driver == "pyodbc" and not is_freetds(driver_file(cursor.connection)):
        cursor.skip(ALL)  # fetches no values, so that no type is one too many


ON = ("ANSI_NULLS", "ANSI_PADDING", "ANSI_WARNINGS", "ARITHABORT", "CONCAT_NULL_YIELDS_NULL", "QUOTED_IDENTIFIER")
"""What modules, indexed views and filtered indexes want."""

SETTINGS = f"SET XACT_ABORT ON; SET NOCOUNT OFF; SET {', '.join(ON)} ON; SET NUMERIC_ROUNDABORT OFF"

USUAL: dict[str, str] = {
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
    "FMTONLY": "OFF",
    "FORCEPLAN": "OFF",
    "IMPLICIT_TRANSACTIONS": "OFF",
    "NOEXEC": "OFF",
    "PARSEONLY": "OFF",
    "ROWCOUNT": "0",
    "STATISTICS IO": "OFF",
    "STATISTICS TIME": "OFF",
    "TRANSACTION ISOLATION LEVEL": "READ COMMITTED",
}
"""What a file finds, by the name of the option."""

ASKED: dict[str, str] = {
    "LANGUAGE": "@@LANGUAGE",
    "DATEFORMAT": "@@LANGUAGE",
    "DATEFIRST": "@@DATEFIRST",
    "LOCK_TIMEOUT": "@@LOCK_TIMEOUT",
    "TEXTSIZE": "@@TEXTSIZE",
}
"""What differs from session to session, and where the server says it."""

_NAMES = "|".join(name.replace(" ", r"\s+") for name in sorted([*USUAL, *ASKED], key=len, reverse=True))
OPTION = re.compile(
    rf"\bSET\s+((?:{_NAMES})(?:\s*,\s*(?:{_NAMES}))*)\s+('[^']*'|[\w@-]+(?:\s+COMMITTED)?)", re.IGNORECASE
)
IDENTITY_INSERT = re.compile(
    r"\bSET\s+IDENTITY_INSERT\s+((?:\[(?:[^\]]|\]\])*\]|\"[^\"]*\"|[\w@#$.])+)\s+(ON|OFF)\b", re.IGNORECASE
)
USE = re.compile(r"^[ \t]*USE\s+[\w\[\"]", re.IGNORECASE | re.MULTILINE)
BEGINS = re.compile(r"\bBEGIN\s+TRAN(?:SACTION)?\b|\bIMPLICIT_TRANSACTIONS\s+ON\b", re.IGNORECASE)
STEMS = ("SET", "USE", "TRAN", "IMPLICIT_")
OPTION_STEMS = tuple({re.split(r"(?<=_)| ", name)[0] for name in (*USUAL, *ASKED, "IDENTITY_INSERT")})
"""What the name of every option begins with; to look for that is quicker than for the statements."""

REFUSES_TRANSACTION = re.compile(
    r"\b(?:(?:CREATE|ALTER|DROP)\s+DATABASE(?!\s+(?:SCOPED|AUDIT|ENCRYPTION))|BACKUP\s+\w+|RESTORE\s+\w+|RECONFIGURE"
    r"|(?:CREATE|ALTER|DROP)\s+FULLTEXT\s+(?:CATALOG|INDEX)|(?:CREATE|ALTER|DROP)\s+(?:AVAILABILITY\s+GROUP|ENDPOINT)"
    r"|MEMORY_OPTIMIZED\s*=\s*ON|NATIVE_COMPILATION|RESUMABLE\s*=\s*ON|KILL\s+\w+|DBCC\s+SHRINK(?:FILE|DATABASE)"
    r"|sp_(?:addlinkedserver|dropserver|serveroption|addlinkedsrvlogin|renamedb|attach_db|detach_db|replicationdboption"
    r"|fulltext_\w+|addsrvrolemember|dropsrvrolemember))\b",
    re.IGNORECASE,
)
"""Statements that Microsoft's documentation keeps out of explicit transactions, and procedures that run such ones."""

REFUSING_WORDS = (
    *("DATABASE", "BACKUP", "RESTORE", "RECONFIGURE", "FULLTEXT", "AVAILABILITY", "ENDPOINT", "MEMORY_OPT"),
    *("NATIVE_COMP", "RESUMABLE", "KILL", "SHRINK", "SP_ADDLINKED", "SP_DROPSERVER", "SP_SERVEROPTION", "SP_RENAMEDB"),
    *("SP_ATTACH_DB", "SP_DETACH_DB", "SP_REPLICATIONDBOPTION", "SP_ADDSRVROLE", "SP_DROPSRVROLE"),
)
"""One of which stands in each of them; to look for a word is quicker. SP_ alone stands in USP_, too."""

SEPARATOR = re.compile(r"^[ \t]*GO\b.*$", re.IGNORECASE | re.MULTILINE)

STILL_OPEN = (
    "IF @@TRANCOUNT > 0 BEGIN ROLLBACK TRANSACTION;"
    " RAISERROR(N'The file leaves a transaction open; it was rolled back.', 16, 1) END"
)


@contextmanager
def kept(connection: OpenConnection, texts: Sequence[str]) -> Iterator[None]:
    """Run a file's batches inside, and set back behind them what they set.

    Raises StatementError when the file left a transaction open that is not ours.
    """
    outside = [text for text in texts if may_change(text) and not is_module(text)]
    changed = sorted({name for text in outside for name in changes(text)})
    asked = _asked(connection, [name for name in changed if name in ASKED])
    try:
        yield
    except BaseException:
        _set_back(
            connection,
            [*restoring(changed, asked, shared=connection.in_shared_transaction), *_database(connection, outside)],
        )
        raise
    _set_back(
        connection,
        [
            *restoring(changed, asked, shared=connection.in_shared_transaction),
            *_database(connection, outside),
            *_identity(outside),
        ],
    )
    if not connection.transactional and any(BEGINS.search(text) for text in outside):
        connection.execute(STILL_OPEN)


def may_change(text: str) -> bool:
    """Whether there is a word in the batch that changes a session; quick, for most batches have none."""
    upper = text.upper()
    if not any(stem in upper for stem in STEMS):
        return False
    options = "SET" in upper and any(stem in upper for stem in OPTION_STEMS)
    return options or bool("USE" in upper and USE.search(text)) or bool("TRAN" in upper and BEGINS.search(text))


def runs_later(text: str, offset: int) -> bool:
    """Whether what stands there is in the body of a module; NATIVE_COMPILATION is about its making."""
    return is_module(SEPARATOR.split(text[:offset])[-1]) and text[offset : offset + 6].upper() != "NATIVE"


def changes(text: str) -> Iterator[str]:
    """The options that a batch sets to something else than they are."""
    for names, value in OPTION.findall(text):
        for name in names.split(","):
            option = " ".join(name.upper().split())
            if " ".join(value.upper().split()) != USUAL.get(option):
                yield option


def restoring(changed: Iterable[str], asked: dict[str, str], *, shared: bool) -> list[str]:
    """The statements that set the options back."""
    usual = [name for name in changed if name in USUAL and not (shared and name == "IMPLICIT_TRANSACTIONS")]
    language = [f"SET LANGUAGE {asked['@@LANGUAGE']}"] if "@@LANGUAGE" in asked else []
    others = [
        f"SET {name} {asked[variable]}"
        for name, variable in ASKED.items()
        if variable in asked and variable != "@@LANGUAGE"
    ]
    return [*(f"SET {name} {USUAL[name]}" for name in usual), *language, *others]


def _asked(connection: OpenConnection, names: Sequence[str]) -> dict[str, str]:
    if not names:
        return {}
    variables = sorted(
        {ASKED[name] for name in names} | ({"@@DATEFIRST"} if {"LANGUAGE", "DATEFORMAT"} & {*names} else set())
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


def _database(connection: OpenConnection, texts: Sequence[str]) -> list[str]:
    return (
        [f"USE {connection.dialect.quote(connection.database_name)}"] if any(USE.search(text) for text in texts) else []
    )


def _identity(texts: Sequence[str]) -> list[str]:
    """Only one table of a session can have it on."""
    last: dict[str, str] = {}
    for name, value in (found for text in texts for found in IDENTITY_INSERT.findall(text)):
        last[name] = value.upper()
    return [
        f"IF OBJECT_ID(N'{name.replace(chr(39), chr(39) * 2)}') IS NOT NULL SET IDENTITY_INSERT {name} OFF"
        for name, value in last.items()
        if value == "ON"
    ]


def _set_back(connection: OpenConnection, statements: Sequence[str]) -> None:
    if statements:
        with connection.messages_to(lambda _text: None):
            connection.try_execute("; ".join(statements))
