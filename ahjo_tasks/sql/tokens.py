"""Words of SQL for those who look for names: comments, numbers and operators are skipped, and nothing is refused."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from ahjo_tasks.sql.lexer import BLANKS, MSSQL, MYSQL, NESTED, POSTGRESQL, SQLITE, Syntax
from ahjo_tasks.sql.scanner import comment_depth, comment_end, spans

if TYPE_CHECKING:
    from collections.abc import Iterator

STRING = "'"
MARKS = ".,();=" + STRING
CLOSING = {"[": "]", '"': '"', "`": "`"}
NAMES = frozenset({"name", "quoted"})
_NESTED = 3
DEEPEST = NESTED + 1


def pieces(text: str, syntax: Syntax) -> list[str]:
    """Dotted names, whole and as they are written, and the marks `.,();=`, in order; a string is only its quote.

    Comments and operators are left out; a number is an empty piece. What PostgreSQL keeps in dollar quotes is read.
    """
    pattern, found = _identifier_pattern(syntax), []
    deep = syntax.nested_comments and comment_depth(text) > DEEPEST
    for start, end in spans(text, syntax):
        parts = _slowly(text, start, end, syntax) if deep else _code(syntax).findall(text, start, end)
        found += pattern.findall(" ".join(filter(None, parts)))
    return found


def strings(text: str, syntax: Syntax) -> Iterator[str]:
    """The strings in a text, with their quotes."""
    for start, end in spans(text, syntax):
        yield from (part for is_code, part in _parts(text, start, end, syntax) if part and not is_code)


def name_parts(piece: str, syntax: Syntax) -> list[str]:
    """The names in a dotted name, unquoted and as the server knows them; none in a mark."""
    parts = [part for part in piece.split(".") if part]
    if all((part[1:-1] if _encloses(part) else part).isidentifier() for part in parts):
        return [part[1:-1] if _encloses(part) else bare_name(part, syntax) for part in parts]
    return [
        value if kind == "quoted" else bare_name(value, syntax)
        for kind, value, _ in words(piece, syntax)
        if kind in NAMES
    ]


def _encloses(part: str) -> bool:
    return CLOSING.get(part[0]) == part[-1]


def bare_name(name: str, syntax: Syntax) -> str:
    """A name that is written without quotes, as the server keeps it."""
    return name.encode().lower().decode() if syntax.lower_names else name  # ASCII alone, as PostgreSQL does


def _slowly(text: str, start: int, end: int, syntax: Syntax) -> list[str]:
    """What `_code` finds, all in one, where comments are nested too deep for it."""
    parts = _parts(text, start, end, syntax)
    return ["".join(part if is_code else part[:1] or " " for is_code, part in parts)]


def _parts(text: str, start: int, end: int, syntax: Syntax) -> Iterator[tuple[bool, str]]:
    """The text in parts: code (True), a string (False), or a comment, which is empty."""
    pattern = _opaque(syntax)
    while start < end:
        for match in pattern.finditer(text, start, end):
            if match.lastindex == _NESTED:
                start = comment_end(text, match.start(), end) or end
                yield False, ""
                break
            yield match.lastindex == 1, match[match.lastindex] if match.lastindex else ""
        else:
            return


@lru_cache
def _opaque(syntax: Syntax) -> re.Pattern[str]:
    """Code with its quoted names, or a string, or a comment with others in it, or else a plain comment."""
    comments = syntax.comments(lenient=True)
    literal = "|".join(syntax.string_forms(lenient=True))
    return re.compile(rf"((?:{_run(syntax)})++)|({literal})|{'|'.join(comments)}|({syntax.comment_open})")


@lru_cache
def _code(syntax: Syntax) -> re.Pattern[str]:
    """Code up to a string, with the quote that opens it, or up to a comment; and then all of that."""
    code, hidden = (
        rf"(?:{_run(syntax)})*+",
        "|".join([*syntax.string_forms(lenient=True), *syntax.comments(lenient=True)]),
    )
    return re.compile(rf"(?=({code}[{syntax.strings}]?+)){code}(?:{hidden})?+")


def _run(syntax: Syntax) -> str:
    """Code with its quoted names."""
    operator = rf"(?!{'|'.join([*syntax.comments(lenient=True), syntax.comment_open])})[\-/#]"
    return "|".join([rf"[^{syntax.quotes}\-/#]++", *syntax.name_forms(lenient=True), operator])


@lru_cache
def _identifier_pattern(syntax: Syntax) -> re.Pattern[str]:
    """A dotted name or a mark in code without comments, or a number; blanks are taken along, which is quicker."""
    word = rf"(?![{syntax.prefixes}]'){syntax.word}"
    quoted = "|".join(syntax.name_forms(lenient=True))
    gap = rf"[{BLANKS}]*+"
    more = rf"(?:{gap}\.{gap}(?:\.{gap})?+(?:{word}|{quoted}))*+"
    return re.compile(rf"({word}{more}|[{MARKS}{syntax.strings}]|(?:{quoted}){more}){gap}|[0-9][\w.]*+")


__all__ = ["MSSQL", "MYSQL", "POSTGRESQL", "SQLITE", "Syntax", "Token", "words"]

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


def words(text: str, syntax: Syntax) -> Iterator[Token]:
    """The tokens of a text, also of what PostgreSQL keeps in dollar quotes. An unclosed one ends with the text."""
    pattern, kinds, new = _pattern(syntax), _KINDS, tuple.__new__  # twice as fast as Token()
    for first, end in spans(text, syntax):
        start = first
        while start < end:
            for match in pattern.finditer(text, start, end):
                group = match.lastindex
                if group is None:  # a number or a comment
                    continue
                if group <= _MARK:
                    yield new(Token, (kinds[group], match[group], match.start()))
                elif group < _NESTED:
                    yield new(Token, (kinds[group], _unquoted(match[group], syntax), match.start()))
                else:
                    start = comment_end(text, match.start(), end) or end
                    break
            else:
                break


@lru_cache
def _pattern(syntax: Syntax) -> re.Pattern[str]:
    """One group for each kind, and one for a comment with others in it; blanks are taken along, which is quicker."""
    kinds = (
        rf"(?![{syntax.prefixes}]'){syntax.word}",
        r"[.(),;=]",
        "|".join(syntax.name_forms(lenient=True)),
        "|".join(syntax.string_forms(lenient=True)),
    )
    skipped = "|".join([r"[0-9][\w.]*+", *syntax.comments(lenient=True)])
    return re.compile(rf"(?:({')|('.join(kinds)})|{skipped}|({syntax.comment_open}))[ \t\r\n]*+")


def _unquoted(value: str, syntax: Syntax) -> str:
    close = "]" if value[0] == "[" else value[0]
    inner = value[1:-1] if value.endswith(close) and len(value) > 1 else value[1:]
    if close in inner:
        inner = inner.replace(close * 2, close)
    if syntax.backslash_escapes and "\\" in inner:
        inner = _ESCAPE.sub(lambda escape: _CONTROLS.get(escape[1], escape[1]), inner)
    return inner
