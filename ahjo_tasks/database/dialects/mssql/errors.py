"""What the drivers for SQL Server say of a failure, each in its own way, and what a failed login means."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.database.dialects.base import ConnectFailure, ServerMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from ahjo_tasks.errors import ServerError

_VENDORS = r"\[(?:Microsoft|unixODBC|iODBC|FreeTDS|Driver Manager|ODBC [^\]]*)\]"
PREFIX = re.compile(rf"^(?:(?:{_VENDORS})*\[SQL Server\]|(?:{_VENDORS})+)")
RECORD = re.compile(r"; (?=\[\w{5}\] \[)")
ODBC_STATE = re.compile(r"^\[(\w{5})\] ")
ODBC_NUMBER = re.compile(r" \((-?\d+)\)(?: \(SQL\w+\))?$")
DB_LIBRARY = "DB-Lib error message"
CHATTER = ("(5701)", "(5703)")
"""The database or the language was changed, as the script said."""

WORDED = ("(0)", "(50000)")
"""What PRINT and RAISERROR say goes by these numbers; what the server words itself has others."""

MOST_SEVERE_MESSAGE = 10
"""What is more severe is an error."""

STATES = {
    "Client unable to establish connection": "08001",
    "Communication link failure": "08S01",
    "Timeout expired": "HYT00",
    "Connection timeout expired": "HYT01",
    "Invalid authorization specification": "28000",
}
"""SQLSTATE by what mssql-python makes of it."""

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
HINT_WORDS = {
    "is not allowed to access": "40615",
    "the account is disabled": "18470",
    "password of the account has expired": "18487",
    "password of the account must be changed": "18488",
}
PATIENCE = "It may be paused or busy: connect_retry_count and connect_retry_interval say how long to wait for it."
LOST = frozenset({"08S01", "08003", "08007"})
LOST_NUMBERS = frozenset({"596", "20003", "20004", "20006", "20017", "20047"})
LOST_WORDS = re.compile(r"DBPROCESS is dead|kill state|[Cc]onnection (?:is|was|has been) (?:closed|broken|lost|reset)")
MISSING_DATABASE = frozenset({"4060", "911"})
MISSING_DATABASE_WORDS = re.compile(r"Cannot open database|database \"[^\"]*\" does not exist")
PAUSED_WORDS = re.compile(
    r"is not currently available|service is currently busy|Not enough resources to process|in script upgrade mode"
    r"|error processing your request|Resource ID"
)
"""Where the driver tells no number."""
ENTRA = re.compile(r"Failed to authenticate the user|Azure AD authentication failed|AADSTS\d+")
REFUSED = (
    (
        re.compile(r"^28000|^\w* 18456 |Login failed"),
        ConnectFailure("The server refused the login.", "Check the user name and the password."),
    ),
    (
        re.compile(r"SSPI Provider|Cannot generate SSPI context|No Kerberos credentials"),
        ConnectFailure("There is no Kerberos ticket to log in with.", "Get one with kinit, or give a user name."),
    ),
    (re.compile(r"^IM002|Can't open lib"), ConnectFailure("The ODBC driver was not found.", INSTALL)),
    (
        re.compile(r"certificate", re.IGNORECASE),
        ConnectFailure(
            "The server's certificate is not trusted.",
            "Trust it with sqla_url_query_map: {TrustServerCertificate: yes}, or install the server's certificate.",
        ),
    ),
    (
        re.compile(r"Encryption not supported"),
        ConnectFailure(
            "The server offers no encryption.", "Where the network is trusted, sqla_url_query_map: {Encrypt: no}."
        ),
    ),
)
"""SQLSTATE, number and words of a refusal, and what they mean; the first that fits."""
NO_WORDS = "20018"
"""DB-Library had the server's words before, and does not repeat them for a second login that fails."""
RUNNING = "Is the server running, and are target_server_hostname and sql_port right?"


class Record(NamedTuple):
    """One thing that a driver said; `number` is the server's, where the driver tells it."""

    state: str
    number: str
    text: str


def records(error: Exception) -> list[Record]:
    """What the exception of pyodbc, mssql-python or pymssql holds, the error that counts first."""
    if hasattr(error, "ddbc_error"):
        return [Record(STATES.get(str(getattr(error, "driver_error", "")), ""), "", clean(str(error.ddbc_error)))]
    arguments = error.args[0] if error.args and isinstance(error.args[0], tuple) else error.args
    if arguments and isinstance(arguments[0], int):
        return [_of_pymssql(*arguments)]
    said = str(arguments[-1]) if arguments else str(error)
    found = [_of_odbc(one) for one in RECORD.split(said)]
    return [record for record in found if record.text] or [Record("", "", type(error).__name__)]


def clean(text: str) -> str:
    """The server's words without the names of driver and server before them."""
    return PREFIX.sub("", text.strip()).strip()


def is_lost(record: Record) -> bool:
    """Whether the connection broke; FreeTDS often knows no more than that something happened."""
    unknown = record.text == "Unknown error" and not record.number
    return unknown or record.state in LOST or record.number in LOST_NUMBERS or bool(LOST_WORDS.search(record.text))


def message(state: str, text: str) -> ServerMessage:
    """What a driver noted beside a result; the state, as in `[01000] (0)`, tells who worded it."""
    return ServerMessage(clean(text), from_script=state.endswith(WORDED))


def messages(error: Exception) -> list[ServerMessage]:
    """What PRINT and low RAISERROR sent just before the error; ODBC hands it on with the error."""
    return [ServerMessage(record.text) for record in records(error)[1:] if record.state.startswith("01")]


def problem(error: Exception) -> ConnectFailure:
    """Why a connection failed and what to do; waiting helps where the server is away, not where it says no."""
    found = records(error)
    numbers, text = {record.number for record in found}, " ".join(record.text for record in found)
    if numbers & MISSING_DATABASE or MISSING_DATABASE_WORDS.search(text):
        return ConnectFailure(
            "The database does not exist, or the login may not open it.",
            "Create it with: inv init",
            missing_database=True,
        )
    hint = next((HINTS[number] for number in numbers & HINTS.keys()), None) or _of_words(text)
    if hint:
        return ConnectFailure(found[0].text, hint)
    if numbers & PAUSED or PAUSED_WORDS.search(text):
        return ConnectFailure(found[0].text, PATIENCE, wait=True)
    return _refused(found[0], text) or ConnectFailure(
        found[0].text, RUNNING, wait=found[0].state in WAITS or bool(numbers & NO_SERVER)
    )


def _of_words(text: str) -> str | None:
    return next((HINTS[number] for words, number in HINT_WORDS.items() if words in text), None)


def _refused(first: Record, text: str) -> ConnectFailure | None:
    """What no waiting helps against."""
    if ENTRA.search(text):
        reason = first.text.splitlines()[0].partition(". ")[0].rstrip(".")
        return ConnectFailure(f"Microsoft Entra refused the login: {reason}.", "Check user name, password and tenant.")
    said = f"{first.state} {first.number} {text}"
    return next((problem for words, problem in REFUSED if words.search(said)), None)


def _of_odbc(said: str) -> Record:
    state, number = ODBC_STATE.match(said), ODBC_NUMBER.search(said)
    text = said[state.end() if state else 0 : number.start() if number else None]
    return Record(state[1] if state else "", number[1] if number and number[1] not in {"0", "-1"} else "", clean(text))


def _of_pymssql(number: int, said: object = b"") -> Record:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    words, _, library = text.partition(DB_LIBRARY)
    if words:
        return Record("", str(number), words.strip())
    code, _, reason = library.strip().partition(",")
    lines = reason.splitlines()[1:]
    if code == NO_WORDS:
        return Record("", str(number), "The server refused the login again.")
    return Record("", code, lines[0].strip() if lines else text)


class _Said(NamedTuple):
    state: int
    severity: int
    procedure: str
    line: int
    text: str


class FirstError(threading.local):
    """The first error that the server told of while the statement of this thread ran, as pymssql's handler got it."""

    said: _Said | None = None

    def completed(self, error: ServerError, text: str) -> ServerError:
        """The error of the batch with severity, procedure and line, where it is the one that was told."""
        said, self.said = self.said, None
        if said is None or said.text != error.message:
            return error
        known = None if said.procedure or said.line > text.count("\n") + 1 else said.line or None
        inside = f"{said.procedure}, line {said.line}" if said.procedure else ""
        severity = f"Level {said.severity}, State {said.state}"
        return replace(error, severity=severity, procedure=inside, line=known)


class MessageHandler:
    """pymssql's handler for the messages of a connection: hands low ones on, and keeps the first error."""

    def __init__(self, say: Callable[[ServerMessage], None], first: FirstError) -> None:
        self._say = say
        self._first = first

    def __call__(self, *message: Any) -> None:
        """Called by the driver for each message, in the thread whose statement runs."""
        state, severity, _server, procedure, line, text = message
        said, module = text.decode("utf-8", "replace"), procedure.decode("utf-8", "replace")
        if severity > MOST_SEVERE_MESSAGE:
            self._first.said = self._first.said or _Said(state, severity, module, line, said)
        elif module:
            self._say(ServerMessage(said, procedure=f"{module}, line {line}"))
        else:
            self._say(ServerMessage(said, line or None))
