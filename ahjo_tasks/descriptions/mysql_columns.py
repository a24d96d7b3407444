"""Column definitions as SHOW CREATE TABLE of MySQL and MariaDB prints them: split, and given another comment."""

from __future__ import annotations

import re
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MYSQL
from ahjo_tasks.sql.scanner import end_of_match
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.tokens import Token

_STRING = re.compile("|".join(MYSQL.string_forms(lenient=True)))


def definitions(shown: str) -> dict[str, str]:
    """Map the name of each column to its definition in the output of SHOW CREATE TABLE."""
    columns = {}
    for definition in _definitions(shown):
        first = next(tokenize(definition, MYSQL), None)
        if first and first.kind == "quoted":
            columns[first.value] = definition
    return columns


def with_comment(definition: str, literal: str) -> str:
    """Set the comment of a definition, which must stand before a CHECK."""
    tokens = [token for token, depth in _with_depth(definition) if depth == 0]
    for word, string in pairwise(tokens):
        if word.word == "COMMENT" and string.kind == "string":
            end = end_of_match(_STRING, definition, string.offset)
            return f"{definition[: _end(word)]} {literal}{definition[end:]}"
    check = next((token.offset for token in tokens if token.word == "CHECK"), None)
    if check is None:
        return f"{definition} COMMENT {literal}"
    return f"{definition[:check]}COMMENT {literal} {definition[check:]}"


def with_reference_system(definition: str, number: int) -> str:
    """Put the number of the reference system after the type of a spatial column."""
    _, column_type = islice(tokenize(definition, MYSQL), 2)
    end = _end(column_type)
    return f"{definition[:end]} REF_SYSTEM_ID={number}{definition[end:]}"


def question_marks(definition: str) -> tuple[bool, bool]:
    """Test whether a default, and whether anything else, has a `?` in a string.

    The servers print one in place of a character that they cannot print.
    """
    bare = with_comment(definition, "''")
    depths = {depth > 0 for token, depth in _with_depth(bare) if token.kind == "string" and "?" in token.value}
    return False in depths, True in depths


def _definitions(shown: str) -> Iterator[str]:
    """Yield the text between the commas of the outermost brackets."""
    start = None
    for token, depth in _with_depth(shown):
        if start is None:
            start = _end(token) if _is(token, "(") else None
        elif (depth == 1 and _is(token, ",")) or (depth == 0 and _is(token, ")")):
            yield shown[start : token.offset].strip()
            if _is(token, ")"):
                return
            start = _end(token)


def _with_depth(text: str) -> Iterator[tuple[Token, int]]:
    """Yield the tokens with the number of brackets that each is in; a bracket is outside of itself."""
    depth = 0
    for token in tokenize(text, MYSQL):
        depth -= _is(token, ")")
        yield token, depth
        depth += _is(token, "(")


def _is(token: Token, mark: str) -> bool:
    return token.kind == "mark" and token.value == mark


def _end(token: Token) -> int:
    """Give the end of a bare word or a mark."""
    return token.offset + len(token.value)
