"""Where in a batch SQL Server stumbled: ODBC keeps the line to itself, so the server is asked for it.

The batch is run once more inside TRY and CATCH, in a transaction that is always rolled back, and only where that can
have no other effect than the first run had.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ahjo_tasks.errors import StatementError

if TYPE_CHECKING:
    from ahjo_tasks.dialects.base import ServerError
    from ahjo_tasks.door import Door

LONGEST = 64_000
MODULE = re.compile(
    r"\s*(?:CREATE|ALTER)\s+(?:OR\s+ALTER\s+)?(?:VIEW|PROC|PROCEDURE|FUNCTION|TRIGGER)\b", re.IGNORECASE
)
BEYOND_A_ROLLBACK = re.compile(
    r"\b(?:EXEC|EXECUTE|BULK|OPENROWSET|OPENQUERY|OPENDATASOURCE|WAITFOR|BACKUP|RESTORE|NEXT|TRAN|TRANSACTION|COMMIT"
    r"|ROLLBACK|KILL|DBCC|USE|RECONFIGURE|SHUTDOWN|GO)\b",
    re.IGNORECASE,
)
IN_THE_TEXT = re.compile(r"at line (\d+) and character position (\d+)")
COMMENTS = re.compile(r"\s*(?:--[^\n]*\n|/\*.*?\*/)\s*", re.DOTALL)


def located(door: Door, text: str, error: ServerError) -> ServerError:
    """The error with severity, line and procedure, as far as the server tells; else the error as it is."""
    said = IN_THE_TEXT.search(error.message)
    if said:
        return replace(error, line=int(said[1]), column=int(said[2]) + 1)
    if not repeatable(text):
        return error
    found = _ask(door, text)
    return found_or(error, found)


def repeatable(text: str) -> bool:
    """Whether a rolled back run of the batch leaves no trace."""
    if len(text) > LONGEST:
        return False
    start = 0
    while comment := COMMENTS.match(text, start):
        start = comment.end()
    return bool(MODULE.match(text, start)) or not BEYOND_A_ROLLBACK.search(text)


def question(door: Door, text: str) -> str:
    """The batch that runs `text` and reports what the server catches."""
    return (
        "BEGIN TRANSACTION; BEGIN TRY EXEC sys.sp_executesql " + door.dialect.literal(text) + " END TRY BEGIN CATCH"
        " SELECT ERROR_NUMBER(), ERROR_SEVERITY(), ERROR_STATE(), ERROR_LINE(), ERROR_PROCEDURE() END CATCH"
    )


def found_or(error: ServerError, found: tuple[object, ...] | None) -> ServerError:
    """`error` with what the server reported, when it is the same error."""
    if found is None or str(found[0]) != error.number:
        return error
    _number, severity, state, line, procedure = found
    return replace(
        error, severity=f"Level {severity}, State {state}", line=int(str(line)), procedure=str(procedure or "")
    )


def _ask(door: Door, text: str) -> tuple[object, ...] | None:
    door.attempt(door.dialect.rollback)
    try:
        sets = door.results(question(door, text))
    except StatementError:
        return None
    finally:
        door.attempt(door.dialect.rollback)
    return next((found.rows[0] for found in reversed(sets) if len(found.columns) == 5 and found.rows), None)  # noqa: PLR2004
