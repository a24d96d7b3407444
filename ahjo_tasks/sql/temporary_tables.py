"""Temporary tables and views that SQL creates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.sql.tokens import NAMES, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ahjo_tasks.sql.lexer import Syntax
    from ahjo_tasks.sql.tokens import Token

_TEMPORARY = frozenset({"TEMP", "TEMPORARY"})
_KINDS = frozenset({"TABLE", "VIEW"})
_BETWEEN = frozenset({"IF", "NOT", "EXISTS", "RECURSIVE", "UNLOGGED", "SEQUENCE"})


def temporary_tables(texts: Iterable[str], syntax: Syntax) -> list[tuple[str, str]]:
    """List kind and name of the temporary tables and views that the texts create, the last one first.

    They are created by CREATE TEMPORARY or by SELECT INTO; in T-SQL, by a name that begins with `#`.
    """
    names: dict[tuple[str, str], None] = {}
    for text in texts:
        if "TEMP" not in text.upper() and "#" not in text:
            continue
        tokens = list(tokenize(text, syntax))
        for position, token in enumerate(tokens):
            if token.word in _TEMPORARY and tokens[max(0, position - 1)].word in {"CREATE", "INTO", "LOCAL", "GLOBAL"}:
                names |= dict.fromkeys(_created(tokens[position + 1 : position + 7]))
            elif token.word in {"TABLE", "INTO"}:
                names |= dict.fromkeys(_hashed(tokens[position + 1 : position + 2]))
    return list(names)[::-1]


def _created(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """Return the name after TEMPORARY [TABLE|VIEW] [IF NOT EXISTS]; a schema before it is the temporary one."""
    kind = next((token.word for token in tokens[:2] if token.word in _KINDS), "TABLE")
    names = [token for token in tokens if token.word not in _KINDS | _BETWEEN]
    if len(names) > 2 and names[1].value == ".":  # noqa: PLR2004 - schema, dot, name
        names = names[2:]
    return [(kind, names[0].value)] if names and names[0].kind in NAMES else []


def _hashed(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    return [("TABLE", token.value) for token in tokens if token.kind in NAMES and token.value.startswith("#")]
