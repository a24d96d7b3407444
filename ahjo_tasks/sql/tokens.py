"""Tokens of SQL code. Comments and operators are skipped, and no text is rejected."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from ahjo_tasks.sql.lexer import closing
from ahjo_tasks.sql.scanner import comment_end, regions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.lexer import Syntax

NAMES = frozenset({"name", "quoted"})

Kind = Literal["name", "mark", "quoted", "string", "number"]
"""A bare word, one of `.(),;=`, a quoted name, a string; numbers only for those who ask for them."""


class Token(NamedTuple):
    """A token and its offset; of a quoted name or a string, the value between the quotes, unescaped."""

    kind: Kind
    value: str
    offset: int

    @property
    def word(self) -> str:
        """The bare word in capitals; empty for any other token."""
        return self.value.upper() if self.kind == "name" else ""


_KINDS: tuple[Kind, ...] = ("mark", "name", "mark", "quoted", "string", "number")
"""The kinds by their groups in the pattern, which count from 1."""
_MARK_GROUP, _NUMBER_GROUP, _COMMENT_GROUP = 2, 5, 6
_ESCAPE = re.compile(r"\\([\s\S])")
_UNICODE_NAME = re.compile(r"""\b[uU]&"(?P<name>[^"]*+(?:""[^"]*+)*)"(?:\s+(?i:UESCAPE)\s*'(?P<escape>.)')?""")
_NO_NEWLINE = re.compile(r"[^\r\n]")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


def tokenize(text: str, syntax: Syntax, *, numbers: bool = False) -> Iterator[Token]:
    """Yield the tokens of a text, also of what PostgreSQL keeps in dollar quotes.

    A string, name or comment that is not closed ends with the text.
    """
    text = with_plain_names(text, syntax)
    pattern, kinds, new = _token_pattern(syntax, numbers=numbers), _KINDS, tuple.__new__  # twice as fast as Token()
    for first, end in regions(text, syntax):
        start = first
        while start < end:
            for match in pattern.finditer(text, start, end):
                group = match.lastindex
                if group is None:  # a comment, or a number
                    continue
                if group <= _MARK_GROUP or group == _NUMBER_GROUP:
                    yield new(Token, (kinds[group], match[group], match.start()))
                elif group < _COMMENT_GROUP:
                    yield new(Token, (kinds[group], unquoted(match[group], syntax), match.start()))
                else:
                    start = comment_end(text, match.start(), end) or end
                    break
            else:
                break


def with_plain_names(text: str, syntax: Syntax) -> str:
    r"""Write PostgreSQL's names of the form U&"d\0061t" as others, with blanks so that all offsets stay."""
    return _UNICODE_NAME.sub(_plain_name, text) if syntax.dollar_quotes and '&"' in text else text


def _plain_name(match: re.Match[str]) -> str:
    escape = re.escape(match["escape"] or "\\")
    codes = rf"{escape}(?:(?P<code>[0-9a-fA-F]{{4}}|\+[0-9a-fA-F]{{6}})|{escape})"
    name = re.sub(codes, lambda code: _character(code).replace('"', '""'), match["name"])
    whole = name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # a letter may be written as two codes
    quoted = f'  "{whole}"'
    return quoted + _NO_NEWLINE.sub(" ", match[0][len(quoted) :])


def _character(code: re.Match[str]) -> str:
    return chr(min(int(code["code"], 16), sys.maxunicode)) if code["code"] else code[0][0]


def phrase(text: str, syntax: Syntax) -> str:
    """Give the tokens of a short text in capitals, with one blank between them and without comments."""
    return " ".join(token.value.upper() for token in tokenize(text, syntax, numbers=True))


def bare_name(name: str, syntax: Syntax) -> str:
    """Convert a name that is written without quotes to the form that the server stores."""
    lower = name.encode().lower().decode() if syntax.lower_names else name  # ASCII alone, as PostgreSQL does
    return stored_name(lower, syntax)


def stored_name(name: str, syntax: Syntax) -> str:
    """Return as much of a name as the server stores, up to the last whole letter."""
    longest = syntax.longest_name
    return name.encode()[:longest].decode(errors="ignore") if longest and len(name) * 4 > longest else name


@lru_cache
def _token_pattern(syntax: Syntax, *, numbers: bool) -> re.Pattern[str]:
    """Compile a group for each kind, and one for a nested comment; blanks are taken along, which is quicker."""
    kinds = (
        rf"(?![{syntax.prefixes}]'){syntax.word}",
        r"[.(),;=]",
        "|".join(syntax.name_forms(lenient=True)),
        "|".join(syntax.string_forms(lenient=True)),
    )
    number = syntax.number if numbers else r"(?!)"
    return re.compile(
        rf"(?:({')|('.join(kinds)})|({number})|{syntax.number}|{syntax.skipped}|({syntax.comment_open}))[ \t\r\n]*+"
    )


def unquoted(value: str, syntax: Syntax) -> str:
    """Return the content of a string or a quoted name, which may lack its closing quote."""
    close = closing(value[0])
    inner = value[1:-1] if value.endswith(close) and len(value) > 1 else value[1:]
    if close in inner:
        inner = inner.replace(close * 2, close)
    if syntax.backslash_escapes and "\\" in inner:
        inner = _ESCAPE.sub(lambda escape: _CONTROLS.get(escape[1], escape[1]), inner)
    return inner
