"""Read the errors and messages of the drivers for SQL Server, and classify failed connections."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.database.dialects.base import EXISTS, LOCK_WAIT, READ_ONLY, RUNNING, ConnectFailure, ServerMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from ahjo_tasks.errors import ServerError

_VENDORS = r"\[(?:Microsoft|unixODBC|iODBC|FreeTDS|Driver Manager|ODBC [^\]]*)\]"
PREFIX = rf"^(?:(?:{_VENDORS})*\[SQL Server\]|(?:{_VENDORS})+)"
RECORD = r"; (?=\[\w{5}\] \[)"
ODBC_STATE = r"^\[(\w{5})\] "
ODBC_NUMBER = r" \((-?\d+)\)(?: \(SQL\w+\))?$"
DB_LIBRARY = "DB-Lib error message"
CONTEXT_CHANGES = ("(5701)", "(5703)")
"""Endings of messages that the script changed the database or the language."""

SCRIPT_NUMBERS = ("(0)", "(50000)")
"""Numbers of messages of PRINT and RAISERROR; those that the server words have others."""

MAX_MESSAGE_SEVERITY = 10
"""Highest severity of a message that is not an error."""

WAITED_NUMBERS = frozenset({"1222", "1205", "HYT00"})
WAITED_TEXT = re.compile(
    r"lock (?:request )?time-?\s?out|deadlock|(?:query|statement) time-?\s?out|Timeout expired", re.IGNORECASE
)
LOCK_WAIT_TEXT = re.compile(r"lock (?:request )?time-?\s?out", re.IGNORECASE)
LOCK_WAIT_TIMEOUT = "1222"
ALREADY_EXISTS = frozenset({"2714", "15530", "15023"})
QUOTED = r"['\"](.+?)['\"]"
MISSING_OBJECTS = {
    "208": QUOTED,
    "1088": QUOTED,
    "1767": r"(?i)references invalid table '(.+?)'",
    "2715": r"(?i)data type (\S+?)\.?$",
    "2760": QUOTED,
    "2812": QUOTED,
    "4121": r"aggregate \"(.+?)\"",
    "4902": QUOTED,
    "8197": QUOTED,
    "15151": QUOTED,
    "": (
        r"(?i)(?:(?:object name|invalid table|stored procedure|find the object|aggregate|schema name) ['\"](.+?)['\"]"
        r"|data type (\S+?)\.?$|(?:relation|type|schema) \"(.+?)\" does not exist"
        r"|(?:function|procedure) (\S+?)\(.*\) does not exist)"
    ),
}
"""Patterns of messages about an object that does not exist, by number; a group is its name.

The last one is for drivers that give no number, and for a server of other words than Microsoft's.
"""
DOOMED_NUMBERS = frozenset({"3930", "3931", "3998"})
DOOMED_TEXT = re.compile(r"Uncommittable transaction|transaction cannot be committed", re.IGNORECASE)
DOOMED = (
    "Under XACT_ABORT ON, which each file starts with, an error that TRY and CATCH handle dooms the transaction, too:"
    " write SET XACT_ABORT OFF at the beginning of the file where such an error is expected."
)

STATES = {
    "Client unable to establish connection": "08001",
    "Communication link failure": "08S01",
    "Timeout expired": "HYT00",
    "Connection timeout expired": "HYT01",
    "Invalid authorization specification": "28000",
}
"""SQLSTATE by the text that mssql-python replaces it with."""

INSTALL = "pip install 'ahjo-tasks[mssql]'"
WAITS = frozenset({"08001", "HYT00", "HYT01", "08S01"})
PAUSED = frozenset({"40613", "40197", "40501", "49918", "49919", "49920", "4221", "10928", "10929", "18401"})
NO_SERVER = frozenset({"20002", "20009"})
HINTS = {
    "40615": "Add the address of this machine to the server's firewall rules.",
    "18470": "The login is disabled: ALTER LOGIN ... ENABLE.",
    "18487": "The password has expired: give the login a new one.",
    "18488": "The password must be changed: give the login a new one.",
}
HINT_TEXTS = {
    "is not allowed to access": "40615",
    "the account is disabled": "18470",
    "password of the account has expired": "18487",
    "password of the account must be changed": "18488",
}
BUSY = "It may be paused or busy: connect_retry_count and connect_retry_interval say how long to wait for it."
NO_CHANGES, NO_CHANGES_TEXT = "3906", "because the database is read-only"
LOST = frozenset({"08S01", "08003", "08007"})
LOST_NUMBERS = frozenset({"596", "20003", "20004", "20006", "20017", "20047"})
LOST_TEXT = r"DBPROCESS is dead|kill state|[Cc]onnection (?:is|was|has been) (?:closed|broken|lost|reset)"
MISSING_DATABASE = frozenset({"4060", "911"})
MISSING_DATABASE_TEXT = r"Cannot open database|database \"[^\"]*\" does not exist"
PAUSED_TEXT = (
    r"is not currently available|service is currently busy|Not enough resources to process|in script upgrade mode"
    r"|error processing your request|Resource ID"
)
"""Messages of these conditions, for drivers that give no number."""
ENTRA = r"Failed to authenticate the user|Azure AD authentication failed|AADSTS\d+"
REFUSED = (
    (
        r"^28000|^\w* 18456 |Login failed",
        ConnectFailure("The server refused the login.", "Check the user name and the password."),
    ),
    (
        r"SSPI Provider|Cannot generate SSPI context|No Kerberos credentials",
        ConnectFailure("There is no Kerberos ticket to log in with.", "Get one with kinit, or give a user name."),
    ),
    (r"^IM002|Can't open lib", ConnectFailure("The ODBC driver was not found.", INSTALL)),
    (
        r"(?i)certificate",
        ConnectFailure(
            "The server's certificate is not trusted.",
            "Trust it with sqla_url_query_map: {TrustServerCertificate: yes}, or install the server's certificate.",
        ),
    ),
    (
        r"Encryption not supported",
        ConnectFailure(
            "The server offers no encryption.", "Where the network is trusted, sqla_url_query_map: {Encrypt: no}."
        ),
    ),
)
"""Refusals by a pattern of SQLSTATE, number and text; the first match counts."""
SECOND_REFUSAL = "20018"
"""DB-Library does not repeat the server's message for a second login that fails."""


class Record(NamedTuple):
    """One error or message of a driver; `number` is the server's, if the driver gives it."""

    state: str
    number: str
    text: str


def records(error: Exception) -> list[Record]:
    """Split the exception of pyodbc, mssql-python or pymssql into records, the main error first."""
    if hasattr(error, "ddbc_error"):
        return [Record(STATES.get(str(getattr(error, "driver_error", "")), ""), "", clean(str(error.ddbc_error)))]
    arguments = error.args[0] if error.args and isinstance(error.args[0], tuple) else error.args
    if arguments and isinstance(arguments[0], int):
        return [_of_pymssql(*arguments)]
    text = str(arguments[-1]) if arguments else str(error)
    parts = [_of_odbc(part) for part in re.split(RECORD, text)]
    return [record for record in parts if record.text] or [Record("", "", type(error).__name__)]


def clean(text: str) -> str:
    """Remove the names of driver and server before a message."""
    return re.sub(PREFIX, "", text.strip()).strip()


def is_lost(record: Record) -> bool:
    """Return whether the connection broke; FreeTDS often reports only an unknown error."""
    unknown = record.text == "Unknown error" and not record.number
    return unknown or record.state in LOST or record.number in LOST_NUMBERS or bool(re.search(LOST_TEXT, record.text))


def is_wait(error: ServerError) -> bool:
    """Return whether the statement waited for another session or took too long: to run it again would take as long."""
    return error.number in WAITED_NUMBERS or WAITED_TEXT.search(error.message) is not None


def hint(record: Record) -> str | None:
    """Say what to do about an error of a statement, where the server's message does not tell."""
    if record.number == LOCK_WAIT_TIMEOUT or LOCK_WAIT_TEXT.search(record.text):
        return LOCK_WAIT
    if record.number == NO_CHANGES or NO_CHANGES_TEXT in record.text:
        return READ_ONLY
    if record.number in ALREADY_EXISTS:
        return EXISTS.replace("OR REPLACE", "OR ALTER")
    doomed = record.number in DOOMED_NUMBERS or DOOMED_TEXT.search(record.text)
    return DOOMED if doomed else None


def message(state: str, text: str) -> ServerMessage:
    """Convert a message that came with a result; its state is like `[01000] (0)`."""
    return ServerMessage(clean(text), from_script=state.endswith(SCRIPT_NUMBERS))


def messages(error: Exception) -> list[ServerMessage]:
    """Return what PRINT and RAISERROR sent just before the error, which ODBC delivers with the error."""
    return [ServerMessage(record.text) for record in records(error)[1:] if record.state.startswith("01")]


def connect_failure(error: Exception) -> ConnectFailure:
    """Classify a failed connection; waiting helps if the server is not reached, not if it refuses."""
    first, *others = records(error)
    numbers, text = (
        {first.number, *(record.number for record in others)},
        " ".join(record.text for record in (first, *others)),
    )
    if numbers & MISSING_DATABASE or re.search(MISSING_DATABASE_TEXT, text):
        return ConnectFailure(
            "The database does not exist, or the login may not open it.",
            "Create it with: inv init",
            missing_database=True,
        )
    hint = next((HINTS[number] for number in numbers & HINTS.keys()), None) or _hint_of_text(text)
    if hint:
        return ConnectFailure(first.text, hint)
    if numbers & PAUSED or re.search(PAUSED_TEXT, text):
        return ConnectFailure(first.text, BUSY, wait=True)
    waits = first.state in WAITS or bool(numbers & NO_SERVER)
    return _refused(first, text) or ConnectFailure(first.text, RUNNING, wait=waits, silent=waits)


def _hint_of_text(text: str) -> str | None:
    return next((HINTS[number] for words, number in HINT_TEXTS.items() if words in text), None)


def _refused(first: Record, text: str) -> ConnectFailure | None:
    """Find a refusal, against which waiting does not help."""
    if re.search(ENTRA, text):
        reason = first.text.splitlines()[0].partition(". ")[0].rstrip(".")
        return ConnectFailure(f"Microsoft Entra refused the login: {reason}.", "Check user name, password and tenant.")
    line = f"{first.state} {first.number} {text}"
    return next((failure for pattern, failure in REFUSED if re.search(pattern, line)), None)


def _of_odbc(part: str) -> Record:
    state, number = re.match(ODBC_STATE, part), re.search(ODBC_NUMBER, part)
    text = part[state.end() if state else 0 : number.start() if number else None]
    return Record(state[1] if state else "", number[1] if number and number[1] not in {"0", "-1"} else "", clean(text))


def _of_pymssql(number: int, raw: object = b"") -> Record:
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    message, _, library = text.partition(DB_LIBRARY)
    if message:
        return Record("", str(number), message.strip())
    code, _, reason = library.strip().partition(",")
    lines = reason.splitlines()[1:]
    if code == SECOND_REFUSAL:
        return Record("", str(number), "The server refused the login again.")
    return Record("", code, lines[0].strip() if lines else text)


class _PymssqlMessage(NamedTuple):
    state: int
    severity: int
    procedure: str
    line: int
    text: str


class FirstError(threading.local):
    """The first error that pymssql's handler got while the statement of this thread ran."""

    message: _PymssqlMessage | None = None

    def complete(self, error: ServerError, text: str) -> ServerError:
        """Add severity, procedure and line, if the handler got the same error."""
        first, self.message = self.message, None
        if first is None or first.text != error.message:
            return error
        line = None if first.procedure or first.line > text.count("\n") + 1 else first.line or None
        procedure = f"{first.procedure}, line {first.line}" if first.procedure else ""
        severity = f"Level {first.severity}, State {first.state}"
        return error._replace(severity=severity, procedure=procedure, line=line)


class MessageHandler:
    """pymssql's handler for the messages of a connection: passes on messages, and keeps the first error."""

    def __init__(self, listener: Callable[[ServerMessage], None], first_error: FirstError) -> None:
        self._listener = listener
        self._first_error = first_error

    def __call__(self, *message: Any) -> None:
        """Handle one message, in the thread whose statement runs."""
        state, severity, _server, raw_procedure, line, raw_text = message
        text, procedure = raw_text.decode("utf-8", "replace"), raw_procedure.decode("utf-8", "replace")
        first = self._first_error
        if severity > MAX_MESSAGE_SEVERITY:
            first.message = first.message or _PymssqlMessage(state, severity, procedure, line, text)
        elif procedure:
            self._listener(ServerMessage(text, procedure=f"{procedure}, line {line}"))
        else:
            self._listener(ServerMessage(text, line or None))
