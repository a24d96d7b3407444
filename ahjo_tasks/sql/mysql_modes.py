"""The modes of MySQL that change how a text is read, as its client follows them from statement to statement."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MYSQL

if TYPE_CHECKING:
    from ahjo_tasks.sql.lexer import Syntax

_SETS_MODE = re.compile(rf"(?ai:(?:{MYSQL.code_open}\s*+)?SET\s(?!\s*+(?:GLOBAL|PERSIST)\b)[^;]*?\bsql_mode\b[^;]*+)")
_ANSI = replace(MYSQL, names='`"', strings="'")
_BY_MODE = {
    (False, False): MYSQL,
    (True, False): replace(MYSQL, backslash_escapes=False),
    (False, True): _ANSI,
    (True, True): replace(_ANSI, backslash_escapes=False),
}
"""MYSQL without and with the modes NO_BACKSLASH_ESCAPES and ANSI_QUOTES."""
_LITERAL_BACKSLASHES = re.compile(r"\bNO_BACKSLASH_ESCAPES\b")
_ANSI_QUOTES = re.compile(r"\b(?:ANSI|ANSI_QUOTES|DB2|MAXDB|MSSQL|ORACLE|POSTGRESQL)\b")
"""The mode, and those that bring it."""


def syntax_after(text: str, start: int, end: int, before: Syntax) -> Syntax:
    """Give the syntax after the statement between two offsets, which may set `sql_mode`."""
    if text[start : start + 1] not in {"s", "S", "/"} or not (match := _SETS_MODE.match(text, start, end)):
        return before
    settings = match[0].upper()
    literal = _has_mode(_LITERAL_BACKSLASHES, settings, before=not before.backslash_escapes)
    return _BY_MODE[literal, _has_mode(_ANSI_QUOTES, settings, before='"' in before.names)]


def _has_mode(mode: re.Pattern[str], settings: str, *, before: bool) -> bool:
    """Test whether the mode holds after a SET: REPLACE() takes out what it names, CONCAT() adds it to what was."""
    named = mode.search(settings) is not None
    if "REPLACE" in settings:
        return before and not named
    return named or (before and "CONCAT" in settings)
