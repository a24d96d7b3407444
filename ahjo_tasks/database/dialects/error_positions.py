"""Where in a statement the server stumbled, when it says only over which words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.source import LineIndex
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    import re

    from ahjo_tasks.sql.lexer import Syntax

Place = tuple[int | None, int | None]
NOWHERE: Place = (None, None)


def of_offset(text: str, offset: int) -> Place:
    """Line and column, from 1."""
    return LineIndex(text).position(offset)


def of_text(text: str, part: str) -> Place:
    """Where the part stands, if it stands there once."""
    if not part or text.count(part) != 1:
        return NOWHERE
    return of_offset(text, text.index(part))


def of_name(text: str, name: str, syntax: Syntax) -> Place:
    """Where the name stands as a word of the code, if it does so once; `name` may be dotted."""
    last = name.rpartition(".")[2].strip("\"'`[] ").lower()
    found = [token.offset for token in tokenize(text, syntax) if token.kind != "string" and token.value.lower() == last]
    return of_offset(text, found[0]) if len(found) == 1 else NOWHERE


def of_message(text: str, message: str, patterns: tuple[re.Pattern[str], ...], syntax: Syntax) -> Place:
    """Where the name stands that one of the patterns finds in the message."""
    for pattern in patterns:
        named = pattern.search(message)
        if named:
            return of_name(text, named[1], syntax)
    return NOWHERE
