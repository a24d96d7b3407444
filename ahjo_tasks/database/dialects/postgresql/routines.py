"""What the routines of a SQL text take, in the words that DROP ROUTINE understands."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ahjo_tasks.sql.definitions import Name
from ahjo_tasks.sql.lexer import POSTGRESQL
from ahjo_tasks.sql.tokens import bare_name, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.tokens import Token

ROUTINES = frozenset({"FUNCTION", "PROCEDURE", "AGGREGATE"})
BEFORE = 3
"""Words between CREATE and the kind of the routine: OR REPLACE."""
NESTING = {"(": 1, ")": -1}
OPTIONS = frozenset({"BASETYPE", "ORDER"})
"""Aggregates of the old form and those of ordered sets: what they take is not told here."""


def signatures(text: str) -> Iterator[tuple[Name, str | None]]:
    """Each routine that the text creates, with its argument types; None where they cannot be told."""
    tokens = list(tokenize(text, POSTGRESQL))
    for place, token in enumerate(tokens):
        if _word(token) == "CREATE":
            kind = next((n for n in islice(range(place + 1, len(tokens)), BEFORE) if _word(tokens[n]) in ROUTINES), 0)
            if kind:
                yield from _signature(text, tokens[kind + 1 :])


def _signature(text: str, tokens: list[Token]) -> Iterator[tuple[Name, str | None]]:
    opening = next((n for n, token in enumerate(tokens) if token.value == "(" and token.kind == "mark"), 0)
    parts = [_name(token) for token in tokens[:opening] if token.kind in {"name", "quoted"}]
    if parts:
        yield Name(parts[-2] if len(parts) > 1 else None, parts[-1]), _arguments(text, tokens[opening:])


def _arguments(text: str, tokens: list[Token]) -> str | None:
    """What stands between the parentheses, without the defaults."""
    found: list[str] = []
    depth, start, default = 0, tokens[0].offset + 1, None
    for token in tokens:
        mark = token.value if token.kind == "mark" else ""
        depth += NESTING.get(mark, 0)
        if _word(token) in OPTIONS:
            return None
        if depth == 1 and (mark == "=" or _word(token) == "DEFAULT"):
            default = default or token.offset
        if depth == 0 or (depth == 1 and mark == ","):
            found.append(text[start : default or token.offset])
            start, default = token.offset + 1, None
        if depth == 0:
            return ",".join(found).strip()
    return None


def _word(token: Token) -> str:
    return token.value.upper() if token.kind == "name" else ""


def _name(token: Token) -> str:
    return token.value if token.kind == "quoted" else bare_name(token.value, POSTGRESQL)
