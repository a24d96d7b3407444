"""Words of SQL for those who look for names: comments, numbers and operators are skipped, and nothing is refused."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from ahjo_tasks.project.lexis import MSSQL, MYSQL, POSTGRESQL, SQLITE, Lexis
from ahjo_tasks.project.reader import comment_end, spans

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MSSQL", "MYSQL", "POSTGRESQL", "SQLITE", "Lexis", "Token", "words"]

_ESCAPE = re.compile(r"\\([\s\S])")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


Kind = Literal["name", "mark", "quoted", "string"]
"""A bare word, one of `.(),;=`, a quoted name, a string."""


class Token(NamedTuple):
    """A word and where it begins; of a quoted name or a string, what stands between the quotes, unescaped."""

    kind: Kind
    value: str
    offset: int


_KINDS: tuple[Kind, ...] = ("mark", "name", "mark", "quoted", "string")
"""The kinds by their groups in the pattern, which count from 1."""
_MARK, _NESTED = 2, 5


def words(text: str, lexis: Lexis) -> Iterator[Token]:
    """The tokens of a text, also of what PostgreSQL keeps in dollar quotes. An unclosed one ends with the text."""
    pattern, kinds, new = _pattern(lexis), _KINDS, tuple.__new__  # twice as fast as Token()
    for first, end in spans(text, lexis):
        start = first
        while start < end:
            for match in pattern.finditer(text, start, end):
                group = match.lastindex
                if group is None:  # a number or a comment
                    continue
                if group <= _MARK:
                    yield new(Token, (kinds[group], match[group], match.start()))
                elif group < _NESTED:
                    yield new(Token, (kinds[group], _unquoted(match[group], lexis), match.start()))
                else:
                    start = comment_end(text, match.start(), end) or end
                    break
            else:
                break


@lru_cache
def _pattern(lexis: Lexis) -> re.Pattern[str]:
    """One group for each kind, and one for a comment with others in it; blanks are taken along, which is quicker."""
    kinds = (
        rf"(?![{lexis.prefixes}]'){lexis.word}",
        r"[.(),;=]",
        "|".join(lexis.name_forms(lenient=True)),
        "|".join(lexis.string_forms(lenient=True)),
    )
    skipped = "|".join([r"[0-9][\w.]*+", *lexis.comments(lenient=True)])
    return re.compile(rf"(?:({')|('.join(kinds)})|{skipped}|({lexis.comment_open}))[ \t\r\n]*+")


def _unquoted(value: str, lexis: Lexis) -> str:
    close = "]" if value[0] == "[" else value[0]
    inner = value[1:-1] if value.endswith(close) and len(value) > 1 else value[1:]
    if close in inner:
        inner = inner.replace(close * 2, close)
    if lexis.backslash_escapes and "\\" in inner:
        inner = _ESCAPE.sub(lambda escape: _CONTROLS.get(escape[1], escape[1]), inner)
    return inner
