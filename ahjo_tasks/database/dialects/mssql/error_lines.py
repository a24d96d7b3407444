"""Find the line of an error in a batch, which ODBC does not deliver, by asking SQL Server for it.

The batch is run once more inside TRY and CATCH, in a transaction that is always rolled back, and only if that can have
no other effect than the first run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.database.dialects.mssql.errors import is_wait
from ahjo_tasks.errors import StatementError
from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.source import LineIndex
from ahjo_tasks.sql.tokens import NAMES, tokenize
from ahjo_tasks.sql.tsql import GAP, is_module

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.database.dialects.base import OpenConnection
    from ahjo_tasks.errors import ServerError

MAX_CHARACTERS = 64_000
"""Characters of the batches that are run once more, at most."""

NOT_ROLLED_BACK = frozenset(
    {
        *("EXEC", "EXECUTE", "BULK", "OPENROWSET", "OPENQUERY", "OPENDATASOURCE", "WAITFOR", "BACKUP", "RESTORE"),
        *("NEXT", "TRAN", "TRANSACTION", "COMMIT", "ROLLBACK", "KILL", "DBCC", "USE", "RECONFIGURE", "SHUTDOWN"),
    }
)
"""Words of statements with effects that a rollback does not undo, or that end the transaction."""
SYSTEM_PROCEDURES = ("SP_", "XP_")
PART = r"(?:\[(?:[^\]]|\]\])*\]|\"[^\"]*\"|(?!(?:sp|xp)_)[^\W\d][\w@#$]*)"
CALL = re.compile(
    rf"EXEC(?:UTE)?\b{GAP}(?:@\w++{GAP}={GAP})?({PART}(?:{GAP}\.{GAP}{PART}){{0,2}})(?![\w@#$]|{GAP}[.(])",
    re.IGNORECASE,
)
"""Call of a procedure by a name of up to three parts."""
EXECUTES = frozenset({"EXEC", "EXECUTE"})
FIRES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
"""Words of statements that can fire a trigger."""
MAX_PROCEDURES = 20
"""Procedures whose text is read, at most."""
POSITION_IN_MESSAGE = re.compile(r"at line (\d+) and character position (\d+)")
NAME_MESSAGE = re.compile(
    r"Invalid (?:column|object) name|Could not find (?:stored procedure|object)|Incorrect syntax near"
    r"|multi-part identifier|Must declare the|does not exist|Cannot find|is not a recognized",
    re.IGNORECASE,
)
QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")
ANSWER_COLUMNS = 6
"""Number of columns of the answer to `question`."""


def locate(connection: OpenConnection, text: str, error: ServerError, before: Sequence[str] | None = ()) -> ServerError:
    """Add severity, line, column and procedure to an error, as far as the server tells them.

    `before` are the earlier batches of the failed transaction, which are run again, too; None forbids it. Nothing is
    run again after an error for which the server waited: it would wait as long once more.
    """
    said = POSITION_IN_MESSAGE.search(error.message)
    if said:
        return error._replace(line=int(said[1]), column=int(said[2]) + 1)
    if before is None or is_wait(error):
        return refine(error, text)
    if connection.transactional and may_repeat((*before, text)):
        error = merge_answer(error, _ask(connection, text, before), created=is_module(text))
    return refine(error, text)


def may_repeat(texts: Sequence[str]) -> bool:
    """Return whether a rolled back run of the batches leaves no trace, apart from the procedures that they call."""
    return sum(map(len, texts)) <= MAX_CHARACTERS and all(
        is_module(text) or not goes_beyond_rollback(text) for text in texts
    )


def repeatable(connection: OpenConnection, text: str) -> bool:
    """Return whether a rolled back run of the batch leaves no trace, including the procedures that it calls."""
    if is_module(text):
        return True
    seen: set[str] = set()
    waiting = [text]
    while waiting:
        body = waiting.pop()
        if goes_beyond_rollback(body) or len(seen) > MAX_PROCEDURES:
            return False
        for name in {call[1] for call in calls_in(body)} - seen:
            seen.add(name)
            waiting.append(_definition(connection, name) or "EXEC")
    return True


def calls_in(text: str) -> list[re.Match[str]]:
    """Match the calls of procedures by name; group 1 is the name."""
    executes = (token.offset for token in tokenize(text, MSSQL) if token.word in EXECUTES)
    return [call for offset in executes if (call := CALL.match(text, offset))]


def goes_beyond_rollback(text: str) -> bool:
    """Test for an effect that a rollback does not undo, apart from what the called procedures do."""
    called = {offset for call in calls_in(text) for offset in range(*call.span())}
    return any(
        token.word in NOT_ROLLED_BACK or (token.kind in NAMES and token.value.upper().startswith(SYSTEM_PROCEDURES))
        for token in tokenize(text, MSSQL)
        if token.offset not in called
    )


def _definition(connection: OpenConnection, name: str) -> str:
    """Read the text of a procedure; empty if the server does not show it."""
    literal = connection.dialect.quote_literal(name)
    rows = connection.query(f"SELECT OBJECT_DEFINITION(OBJECT_ID({literal}))")
    return str(rows[0][0] or "") if rows else ""


def question(connection: OpenConnection, text: str) -> str:
    """Build the batch that runs `text` and returns the error that the server catches."""
    return (
        "BEGIN TRY EXEC sys.sp_executesql " + connection.dialect.quote_literal(text) + " END TRY BEGIN CATCH"
        " IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION;"
        " SELECT ERROR_NUMBER(), ERROR_SEVERITY(), ERROR_STATE(), ERROR_LINE(), ERROR_PROCEDURE(), ERROR_MESSAGE()"
        " END CATCH"
    )


def merge_answer(error: ServerError, answer: tuple[object, ...] | None, *, created: bool = False) -> ServerError:
    """Add what the server reported, if it is the same error.

    The line is that of the batch unless a procedure that runs raised it; in one that is being `created` it is both.
    """
    if answer is None or not (str(answer[0]) == error.number or (not error.number and str(answer[5]) == error.message)):
        return error
    number, severity, state, line, procedure, _message = answer
    inside = bool(procedure) and not created
    return error._replace(
        number=str(number),
        severity=f"Level {severity}, State {state}",
        line=None if inside else int(str(line)),
        procedure=f"{procedure}, line {line}" if inside else str(procedure or ""),
    )


def refine(error: ServerError, text: str) -> ServerError:
    """Add the position of the name that the error is about: the first from its line on, or the only one.

    For an error inside of a procedure it is the line of the batch's only call of one.
    """
    if "," in error.procedure:
        calls = calls_in(text)
        fires = any(token.word in FIRES for token in tokenize(text, MSSQL))
        return error if len(calls) != 1 or fires else error._replace(line=LineIndex(text).position(calls[0].start())[0])
    if error.column or not NAME_MESSAGE.search(error.message):
        return error
    for name in (first or second for first, second in QUOTED.findall(error.message)):
        positions = _positions(text, name.rpartition(".")[2] or name)
        after = [position for position in positions if error.line and position[0] >= error.line]
        if after or len(positions) == 1:
            line, column = (after or positions)[0]
            return error._replace(line=line, column=column)
    return error


def _positions(text: str, word: str) -> list[tuple[int, int]]:
    """Give line and column of each token that is the word, or of an operator that stands in the text once."""
    tokens = tokenize(text, MSSQL, numbers=True)
    offsets = [token.offset for token in tokens if token.value.lower() == word.lower()]
    if not offsets and word and text.count(word) == 1:
        offsets = [text.index(word)]
    lines = LineIndex(text)
    return [lines.position(offset) for offset in offsets]


def _ask(connection: OpenConnection, text: str, before: Sequence[str]) -> tuple[object, ...] | None:
    with connection.messages_to(lambda _text: None):
        try:
            return _answer(connection, text, before)
        except StatementError:
            return None
        finally:
            connection.try_execute(connection.dialect.rollback)


def _answer(connection: OpenConnection, text: str, before: Sequence[str]) -> tuple[object, ...] | None:
    connection.execute(connection.dialect.rollback)
    connection.execute(connection.dialect.begin)
    for earlier in before:
        if not repeatable(connection, earlier):
            return None
        connection.execute(earlier)
    if not repeatable(connection, text):
        return None
    sets = connection.result_sets(question(connection, text))
    return next(
        (result.rows[0] for result in reversed(sets) if len(result.columns) == ANSWER_COLUMNS and result.rows), None
    )
