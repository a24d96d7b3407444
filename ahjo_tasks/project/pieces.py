"""A SQL text cut into pieces by regular expressions alone: quick enough for thousands of files."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ahjo_tasks.project.lexis import BLANKS, NESTED
from ahjo_tasks.project.reader import comment_depth, comment_end, spans
from ahjo_tasks.project.tokens import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.project.lexis import Lexis

STRING = "'"
MARKS = ".,();=" + STRING
CLOSING = {"[": "]", '"': '"', "`": "`"}
NAMES = frozenset({"name", "quoted"})
_NESTED = 3
DEEPEST = NESTED + 1


def pieces(text: str, lexis: Lexis) -> list[str]:
    """Dotted names, whole and as they are written, and the marks `.,();=`, in order; a string is only its quote.

    Comments and operators are left out; a number is an empty piece. What PostgreSQL keeps in dollar quotes is read.
    """
    pattern, found = _pattern(lexis), []
    deep = lexis.nested_comments and comment_depth(text) > DEEPEST
    for start, end in spans(text, lexis):
        parts = _slowly(text, start, end, lexis) if deep else _code(lexis).findall(text, start, end)
        found += pattern.findall(" ".join(filter(None, parts)))
    return found


def strings(text: str, lexis: Lexis) -> Iterator[str]:
    """The strings in a text, with their quotes."""
    for start, end in spans(text, lexis):
        yield from (part for is_code, part in _parts(text, start, end, lexis) if part and not is_code)


def name_parts(piece: str, lexis: Lexis) -> list[str]:
    """The names in a dotted name, unquoted and as the server knows them; none in a mark."""
    parts = [part for part in piece.split(".") if part]
    if all((part[1:-1] if _encloses(part) else part).isidentifier() for part in parts):
        return [part[1:-1] if _encloses(part) else bare_name(part, lexis) for part in parts]
    return [
        value if kind == "quoted" else bare_name(value, lexis)
        for kind, value, _ in words(piece, lexis)
        if kind in NAMES
    ]


def _encloses(part: str) -> bool:
    return CLOSING.get(part[0]) == part[-1]


def bare_name(name: str, lexis: Lexis) -> str:
    """A name that is written without quotes, as the server keeps it."""
    return name.encode().lower().decode() if lexis.lower_names else name  # ASCII alone, as PostgreSQL does


def _slowly(text: str, start: int, end: int, lexis: Lexis) -> list[str]:
    """What `_code` finds, all in one, where comments are nested too deep for it."""
    parts = _parts(text, start, end, lexis)
    return ["".join(part if is_code else part[:1] or " " for is_code, part in parts)]


def _parts(text: str, start: int, end: int, lexis: Lexis) -> Iterator[tuple[bool, str]]:
    """The text in parts: code (True), a string (False), or a comment, which is empty."""
    pattern = _opaque(lexis)
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
def _opaque(lexis: Lexis) -> re.Pattern[str]:
    """Code with its quoted names, or a string, or a comment with others in it, or else a plain comment."""
    comments = lexis.comments(lenient=True)
    literal = "|".join(lexis.string_forms(lenient=True))
    return re.compile(rf"((?:{_run(lexis)})++)|({literal})|{'|'.join(comments)}|({lexis.comment_open})")


@lru_cache
def _code(lexis: Lexis) -> re.Pattern[str]:
    """Code up to a string, with the quote that opens it, or up to a comment; and then all of that."""
    code, hidden = rf"(?:{_run(lexis)})*+", "|".join([*lexis.string_forms(lenient=True), *lexis.comments(lenient=True)])
    return re.compile(rf"(?=({code}[{lexis.strings}]?+)){code}(?:{hidden})?+")


def _run(lexis: Lexis) -> str:
    """Code with its quoted names."""
    operator = rf"(?!{'|'.join([*lexis.comments(lenient=True), lexis.comment_open])})[\-/#]"
    return "|".join([rf"[^{lexis.quotes}\-/#]++", *lexis.name_forms(lenient=True), operator])


@lru_cache
def _pattern(lexis: Lexis) -> re.Pattern[str]:
    """A dotted name or a mark in code without comments, or a number; blanks are taken along, which is quicker."""
    word = rf"(?![{lexis.prefixes}]'){lexis.word}"
    quoted = "|".join(lexis.name_forms(lenient=True))
    gap = rf"[{BLANKS}]*+"
    more = rf"(?:{gap}\.{gap}(?:\.{gap})?+(?:{word}|{quoted}))*+"
    return re.compile(rf"({word}{more}|[{MARKS}{lexis.strings}]|(?:{quoted}){more}){gap}|[0-9][\w.]*+")
