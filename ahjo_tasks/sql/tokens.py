"""Tokens and identifiers of SQL code. Comments and operators are skipped, and no text is rejected."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from ahjo_tasks.sql.lexer import BLANKS, NAME_QUOTES, NESTED, closing
from ahjo_tasks.sql.scanner import comment_depth, comment_end, regions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.lexer import Syntax

STRING = "'"
MARKS = ".,();=" + STRING
NAMES = frozenset({"name", "quoted"})
DEEPEST = NESTED + 1

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
_COMMENT_PART = 3
"""The group of a nested comment in `_opaque_pattern`."""
_ESCAPE = re.compile(r"\\([\s\S])")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


def tokenize(text: str, syntax: Syntax, *, numbers: bool = False) -> Iterator[Token]:
    """Yield the tokens of a text, also of what PostgreSQL keeps in dollar quotes.

    A string, name or comment that is not closed ends with the text.
    """
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
                    yield new(Token, (kinds[group], _unquoted(match[group], syntax), match.start()))
                else:
                    start = comment_end(text, match.start(), end) or end
                    break
            else:
                break


def identifiers(text: str, syntax: Syntax) -> list[str]:
    """List dotted names, each as it is written, and the marks `.,();=`, in order; a string is only its quote.

    Comments and operators are left out; a number is an empty entry. The content of PostgreSQL's dollar quotes is read.
    Several times as fast as `tokenize`.
    """
    pattern, names = _identifier_pattern(syntax), []
    deep = syntax.nested_comments and comment_depth(text) > DEEPEST
    for start, end in regions(text, syntax):
        parts = _code_parts(text, start, end, syntax) if deep else _code_pattern(syntax).findall(text, start, end)
        names += pattern.findall(" ".join(filter(None, parts)))
    return names


def phrase(text: str, syntax: Syntax) -> str:
    """Give the tokens of a short text in capitals, with one blank between them and without comments."""
    return " ".join(token.value.upper() for token in tokenize(text, syntax, numbers=True))


def strings(text: str, syntax: Syntax) -> Iterator[str]:
    """Yield the strings in a text, with their quotes."""
    for start, end in regions(text, syntax):
        yield from (part for is_code, part in _parts(text, start, end, syntax) if part and not is_code)


def name_parts(identifier: str, syntax: Syntax) -> list[str]:
    """Split a dotted name into its parts, unquoted and as the server stores them; none for a mark."""
    parts = [part for part in identifier.split(".") if part]
    if all((part[1:-1] if _is_quoted(part) else part).isidentifier() for part in parts):
        return [part[1:-1] if _is_quoted(part) else bare_name(part, syntax) for part in parts]
    return [
        value if kind == "quoted" else bare_name(value, syntax)
        for kind, value, _ in tokenize(identifier, syntax)
        if kind in NAMES
    ]


def bare_name(name: str, syntax: Syntax) -> str:
    """Convert a name that is written without quotes to the form that the server stores."""
    return name.encode().lower().decode() if syntax.lower_names else name  # ASCII alone, as PostgreSQL does


def _is_quoted(part: str) -> bool:
    return part[0] in NAME_QUOTES and closing(part[0]) == part[-1]


def _code_parts(text: str, start: int, end: int, syntax: Syntax) -> list[str]:
    """Do what `_code_pattern` does where comments are nested too deep for it."""
    parts = _parts(text, start, end, syntax)
    return ["".join(part if is_code else part[:1] or " " for is_code, part in parts)]


def _parts(text: str, start: int, end: int, syntax: Syntax) -> Iterator[tuple[bool, str]]:
    """Yield the text in parts: code (True), a string (False), or a comment, which is empty."""
    pattern = _opaque_pattern(syntax)
    while start < end:
        for match in pattern.finditer(text, start, end):
            if match.lastindex == _COMMENT_PART:
                start = comment_end(text, match.start(), end) or end
                yield False, ""
                break
            yield match.lastindex == 1, match[match.lastindex] if match.lastindex else ""
        else:
            return


@lru_cache
def _token_pattern(syntax: Syntax, *, numbers: bool) -> re.Pattern[str]:
    """Compile a group for each kind, and one for a nested comment; blanks are taken along, which is quicker."""
    kinds = (
        rf"(?![{syntax.prefixes}]'){syntax.word}",
        r"[.(),;=]",
        "|".join(syntax.name_forms(lenient=True)),
        "|".join(syntax.string_forms(lenient=True)),
    )
    number = r"[0-9][\w.]*+" if numbers else r"(?!)"
    skipped = "|".join([r"[0-9][\w.]*+", *syntax.comments(lenient=True)])
    return re.compile(rf"(?:({')|('.join(kinds)})|({number})|{skipped}|({syntax.comment_open}))[ \t\r\n]*+")


@lru_cache
def _opaque_pattern(syntax: Syntax) -> re.Pattern[str]:
    """Compile code with its quoted names, or a string, or the opening of a nested comment, or else a plain comment."""
    comments = syntax.comments(lenient=True)
    literal = "|".join(syntax.string_forms(lenient=True))
    return re.compile(rf"((?:{_code_run(syntax)})++)|({literal})|{'|'.join(comments)}|({syntax.comment_open})")


@lru_cache
def _code_pattern(syntax: Syntax) -> re.Pattern[str]:
    """Compile code up to a string, with the quote that opens it, or up to a comment; and then all of that."""
    code, opaque = (
        rf"(?:{_code_run(syntax)})*+",
        "|".join([*syntax.string_forms(lenient=True), *syntax.comments(lenient=True)]),
    )
    return re.compile(rf"(?=({code}[{syntax.strings}]?+)){code}(?:{opaque})?+")


def _code_run(syntax: Syntax) -> str:
    """Give the expression for code with its quoted names."""
    operator = rf"(?!{'|'.join([*syntax.comments(lenient=True), syntax.comment_open])})[\-/#]"
    return "|".join([rf"[^{syntax.quotes}\-/#]++", *syntax.name_forms(lenient=True), operator])


@lru_cache
def _identifier_pattern(syntax: Syntax) -> re.Pattern[str]:
    """Compile a dotted name or a mark, or a number, in code without comments; blanks are taken along."""
    word = rf"(?![{syntax.prefixes}]'){syntax.word}"
    quoted = "|".join(syntax.name_forms(lenient=True))
    gap = rf"[{BLANKS}]*+"
    more = rf"(?:{gap}\.{gap}(?:\.{gap})?+(?:{word}|{quoted}))*+"
    return re.compile(rf"({word}{more}|[{MARKS}{syntax.strings}]|(?:{quoted}){more}){gap}|[0-9][\w.]*+")


def _unquoted(value: str, syntax: Syntax) -> str:
    close = closing(value[0])
    inner = value[1:-1] if value.endswith(close) and len(value) > 1 else value[1:]
    if close in inner:
        inner = inner.replace(close * 2, close)
    if syntax.backslash_escapes and "\\" in inner:
        inner = _ESCAPE.sub(lambda escape: _CONTROLS.get(escape[1], escape[1]), inner)
    return inner
