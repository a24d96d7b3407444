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
    from collections.abc import Sequence

    from ahjo_tasks.dialects.base import ServerError
    from ahjo_tasks.door import Door

LONGEST = 64_000
"""How many characters are run once more, at most."""

MODULE = re.compile(
    r"\s*(?:CREATE|ALTER)\s+(?:OR\s+ALTER\s+)?(?:VIEW|PROC|PROCEDURE|FUNCTION|TRIGGER)\b", re.IGNORECASE
)
BEYOND_A_ROLLBACK = re.compile(
    r"\b(?:EXEC|EXECUTE|BULK|OPENROWSET|OPENQUERY|OPENDATASOURCE|WAITFOR|BACKUP|RESTORE|NEXT|TRAN|TRANSACTION|COMMIT"
    r"|ROLLBACK|KILL|DBCC|USE|RECONFIGURE|SHUTDOWN|GO|sp_\w+|xp_\w+)\b",
    re.IGNORECASE,
)
IN_THE_TEXT = re.compile(r"at line (\d+) and character position (\d+)")
COMMENTS = re.compile(r"\s*(?:--[^\n]*\n|/\*.*?\*/)\s*", re.DOTALL)
ABOUT_A_NAME = re.compile(
    r"Invalid (?:column|object) name|Could not find (?:stored procedure|object)|Incorrect syntax near"
    r"|multi-part identifier|Must declare the|does not exist|Cannot find|is not a recognized",
    re.IGNORECASE,
)
QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")
FACTS = 6
"""How many columns the answer has."""


def located(door: Door, text: str, error: ServerError, before: Sequence[str] = ()) -> ServerError:
    """The error with severity, line, column and procedure, as far as the server tells; else the error as it is.

    `before` are the batches that the failed transaction held already: they are run again, too.
    """
    said = IN_THE_TEXT.search(error.message)
    if said:
        return replace(error, line=int(said[1]), column=int(said[2]) + 1)
    everything = (*before, text)
    if door.transactional and sum(map(len, everything)) <= LONGEST and all(map(repeatable, everything)):
        error = found_or(error, _ask(door, text, before), created=bool(MODULE.match(text, leading_comments(text))))
    return refined(error, text)


def repeatable(text: str) -> bool:
    """Whether a rolled back run of the batch leaves no trace."""
    return bool(MODULE.match(text, leading_comments(text))) or not BEYOND_A_ROLLBACK.search(text)


def leading_comments(text: str) -> int:
    """Where the comments end that the text begins with."""
    start = 0
    while comment := COMMENTS.match(text, start):
        start = comment.end()
    return start


def question(door: Door, text: str) -> str:
    """The batch that runs `text` and reports what the server catches; nothing stays open behind it."""
    return (
        "BEGIN TRY EXEC sys.sp_executesql " + door.dialect.literal(text) + " END TRY BEGIN CATCH"
        " IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;"
        " SELECT ERROR_NUMBER(), ERROR_SEVERITY(), ERROR_STATE(), ERROR_LINE(), ERROR_PROCEDURE(), ERROR_MESSAGE()"
        " END CATCH"
    )


def found_or(error: ServerError, found: tuple[object, ...] | None, *, created: bool = False) -> ServerError:
    """`error` with what the server reported, when it is the same error.

    The line is the batch's own unless a procedure that runs says it; in one that is being `created` it is both.
    """
    if found is None or not (str(found[0]) == error.number or (not error.number and str(found[5]) == error.message)):
        return error
    number, severity, state, line, procedure, _message = found
    inside = bool(procedure) and not created
    return replace(
        error,
        number=str(number),
        severity=f"Level {severity}, State {state}",
        line=None if inside else int(str(line)),
        procedure=f"{procedure}, line {line}" if inside else str(procedure or ""),
    )


def refined(error: ServerError, text: str) -> ServerError:
    """The error with the place of the name that it is about: the first from its line on, or the only one."""
    if error.column or "," in error.procedure or not ABOUT_A_NAME.search(error.message):
        return error
    lines = text.splitlines()
    for name in (first or second for first, second in QUOTED.findall(error.message)):
        word = re.compile(rf"(?<![\w@#]){re.escape(name.rpartition('.')[2])}(?![\w@#])", re.IGNORECASE)
        places = [(number, match.start() + 1) for number, line in enumerate(lines, 1) for match in word.finditer(line)]
        behind = [place for place in places if error.line and place[0] >= error.line]
        if behind or len(places) == 1:
            line, column = (behind or places)[0]
            return replace(error, line=line, column=column)
    return error


def _ask(door: Door, text: str, before: Sequence[str]) -> tuple[object, ...] | None:
    say, door.on_message = door.on_message, lambda _text: None
    try:
        return _answer(door, text, before)
    except StatementError:
        return None
    finally:
        door.attempt(door.dialect.rollback)
        door.on_message = say


def _answer(door: Door, text: str, before: Sequence[str]) -> tuple[object, ...] | None:
    door.run(door.dialect.rollback)
    door.run(door.dialect.begin)
    for earlier in before:
        door.run(earlier)
    sets = door.results(question(door, text))
    return next((found.rows[0] for found in reversed(sets) if len(found.columns) == FACTS and found.rows), None)
