"""Find line and column of an error that the server reports only by an offset, a piece of text, or a name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.sql.source import LineIndex
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ahjo_tasks.sql.lexer import Syntax

Position = tuple[int | None, int | None]
UNKNOWN: Position = (None, None)


def at_offset(text: str, offset: int) -> Position:
    """Return line and column of an offset, both from 1."""
    return LineIndex(text).position(offset)


def find_text(text: str, part: str) -> Position:
    """Find a part of the text that occurs once."""
    if not part or text.count(part) != 1:
        return UNKNOWN
    return at_offset(text, text.index(part))


def find_name(text: str, name: str, syntax: Syntax) -> Position:
    """Find a name that occurs once as an identifier or keyword; `name` may be dotted."""
    last = name.rpartition(".")[2].strip("\"'`[] ").lower()
    tokens = (token for token in tokenize(text, syntax) if token.kind != "string")
    offsets = [token.offset for token in tokens if token.value.lower() == last]
    return at_offset(text, offsets[0]) if len(offsets) == 1 else UNKNOWN


def find_named(text: str, message: str, patterns: Iterable[str], syntax: Syntax) -> Position:
    """Find the name that the first matching regular expression takes out of the message as its group."""
    for pattern in patterns:
        match = re.search(pattern, message)
        if match:
            return find_name(text, match[1], syntax)
    return UNKNOWN
