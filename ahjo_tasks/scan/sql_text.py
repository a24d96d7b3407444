"""The SQL in a file: all of it, or the strings of a Python module, or those that a script runs as dynamic SQL."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.lexer import NAME_QUOTES, POSTGRESQL, UNKNOWN, UNKNOWN_BACKSLASHES, closing, quoted
from ahjo_tasks.sql.scanner import OpaqueScanner, regions
from ahjo_tasks.sql.source import SourceText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.scan.content import Content
    from ahjo_tasks.sql.lexer import Syntax

_GAP_FORMS = rf"\s++|{'|'.join(UNKNOWN.comments())}|/\*M?!\d*+|\*/"
GAP = rf"(?:{_GAP_FORMS})"
"""Blanks (any, for SQL Server takes a no-break space), a comment, an edge of MySQL's `/*!50001 code */`."""
GAPS = rf"(?:{_GAP_FORMS}|)*+"
BLANK = rf"{GAP}{GAPS}"

QUOTED = "|".join(quoted(char) for char in UNKNOWN.names)
PART = rf"(?:{QUOTED}|(?!\d)(?:\$\(\w+\)|[\w@$#])(?:\$\(\w+\)|[\w@$#]|)*+)"
"""One part of a name; a deploy fills in `$(variable)`."""
NAME = rf"(?:\.{GAPS}(?:\.{GAPS}|)?+|)?+{PART}(?:{GAPS}\.{GAPS}(?:\.{GAPS}|)*+{PART}|)*+"
NO_WORD_BEFORE = r"(?<![\w@$#])"
WORD_END = r"(?![\w@$#])"

RESERVED = re.compile(
    r"(?:add|all|and|as|before|begin|by|default|definer|do|else|end|exec|execute|for|from|if|in|instead|into|is|not|of|on|"
    r"opendatasource|openquery|openrowset|or|order|select|set|table|then|to|using|values|when|where|with)\Z",
    re.IGNORECASE,
)
"""Words that are no name of an object in any database, unless they are quoted."""

_PLAIN = re.compile(r"\w+(?:\.\w+)*")
_PIECE = re.compile(rf"({PART})|(\.)|{GAP}")


class Name(NamedTuple):
    """The last two parts of a name, without quotes; `schema` is None where none is written.

    A `variable` begins with an @ that is not in quotes.
    """

    schema: str | None
    name: str
    variable: bool = False

    @property
    def is_object(self) -> bool:
        """True if the name is of an object that a database stores: no temporary table, no variable."""
        return not self.variable and not self.name.startswith("#") and self.schema != "pg_temp"

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


def parse_name(text: str) -> Name | None:
    """Parse a match of `NAME`; None when it is a reserved word."""
    parts = text.split(".") if _PLAIN.fullmatch(text) else _split(text)
    if len(parts) == 1 and RESERVED.match(parts[0]):
        return None
    schema = _unquoted(parts[-2]) if len(parts) > 1 else ""
    return Name(schema or None, _unquoted(parts[-1]), parts[-1].startswith("@"))


def _split(text: str) -> list[str]:
    parts = [""]
    for match in _PIECE.finditer(text):
        if match[1]:
            parts[-1] = match[1]
        elif match[2]:
            parts.append("")
    return parts


def _unquoted(part: str) -> str:
    if part[:1] not in NAME_QUOTES or not part:
        return part
    close = closing(part[0])
    return part[1:-1].replace(close * 2, close)


class NameFilter:
    """Filters names by expressions for a whole name, in any case. No entries, or empty ones, accept every name."""

    def __init__(self, entries: tuple[str, ...] = ()) -> None:
        self.entries = tuple(entry for entry in entries if entry)
        pattern = "|".join(f"(?:{entry})" for entry in self.entries)
        self._pattern = re.compile(pattern, re.IGNORECASE) if pattern else None

    def accepts(self, name: str | None) -> bool:
        """Test a name. A missing one is not accepted by any entry; `$(variable)` may be any name."""
        if self._pattern is None:
            return True
        return name is not None and ("$(" in name or self._pattern.fullmatch(name) is not None)


def syntaxes(text: str) -> tuple[Syntax, ...]:
    r"""List the rules to read a text by: two where `\'` may or may not end a string."""
    return (UNKNOWN, UNKNOWN_BACKSLASHES) if "\\'" in text or '\\"' in text else (UNKNOWN,)


def opaque_spans(text: str, offsets: Iterable[int], syntax: Syntax) -> Iterator[tuple[int, tuple[int, int] | None]]:
    """Yield each of the rising offsets with the span that hides it, None in code. Dollar quotes hold code."""
    parts, source, scanner = regions(text, POSTGRESQL), SourceText(text), _scanner(syntax)
    start, end = next(parts)
    span = (start, start)
    for offset in offsets:
        while offset >= end:
            start, end = next(parts)
            span = (start, start)
        if offset >= span[1]:
            span = scanner.opaque_at(source, span[1], offset, end)
        yield offset, span if span[0] <= offset < span[1] else None


@lru_cache
def _scanner(syntax: Syntax) -> OpaqueScanner:
    return OpaqueScanner(syntax, unclosed="code")


_SUMMAND = r"(?:N?'(?:[^']++|''|)*+'|@\w++|[\w.]++\([^()']*+\))"
"""A part of a text that is made with `+`: a string, a variable, a function of few words."""
_SUMMANDS = rf"(?:{_SUMMAND}\s*+\+\s*+|)*+"
_RUNS_TEXT = r"\bsp_(?:executesql|msforeach(?:db|table))\]?\s+(?:@\w+\s*=\s*)?"
_DYNAMIC = re.compile(
    rf"(?:\bexec(?:ute)?(?:\s+immediate)?[\s(]*|{_RUNS_TEXT}|\bprepare\s+\w+\s+from\s*){_SUMMANDS}N?\Z", re.IGNORECASE
)
_ASSIGNED = re.compile(rf"(@\w+)[^;'@]{{0,60}}=\s*+{_SUMMANDS}N?\Z", re.IGNORECASE)
_EXECUTED = re.compile(rf"(?:\bexec(?:ute)?[\s(]+|{_RUNS_TEXT})({_SUMMANDS}{_SUMMAND})", re.IGNORECASE)
_VARIABLE = re.compile(r"'[^']*+'|(@\w++)")
_ADDED = re.compile(r"\+\s*+N?\Z", re.IGNORECASE)
_LOOK_BACK = 120
_LONG_LOOK_BACK = 2000
"""Characters before a string that are searched for what runs it, and before one that is added to others."""


class SqlText(NamedTuple):
    """A text that may be SQL. `start` is its offset in the file; one that is not `exact` has only its start and end.

    A text that is not `quoted` by SQL's rules has no comments and strings that hide anything.
    """

    text: str
    start: int = 0
    end: int = 0
    exact: bool = True
    quoted: bool = True

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Convert a span of the text to one of the file."""
        return (self.start + start, self.start + end) if self.exact else (self.start, self.end)


class Position(NamedTuple):
    """A position at which a statement may begin: the text to read it from, and how far that text is shifted."""

    text: str
    offset: int
    shift: int = 0

    @property
    def start(self) -> int:
        """The offset in the outermost text."""
        return self.shift + self.offset


def sql_texts(content: Content) -> Iterator[SqlText]:
    """Yield the SQL of a file. Raises UnreadableError for a Python module with mistakes."""
    if not content.is_python:
        yield SqlText(content.text, quoted=content.is_sql)
        return
    for literal in content.python.strings():
        yield SqlText(literal.value, literal.inner if literal.exact else literal.start, literal.end, literal.exact)


def statement_positions(sql: SqlText, verbs: Sequence[str]) -> Iterator[Position]:
    """Yield the positions of the verbs in code, also in the code of dynamic SQL, in the order of the text."""
    offsets = _occurrences(sql.text, verbs)
    if not sql.quoted or not offsets:
        yield from (Position(sql.text, offset) for offset in offsets)
        return
    positions: dict[int, Position] = {}
    for syntax in syntaxes(sql.text):
        for position in _in_code(sql.text, offsets, syntax):
            positions.setdefault(position.start, position)
    yield from (positions[start] for start in sorted(positions))


def _in_code(text: str, offsets: Sequence[int], syntax: Syntax) -> Iterator[Position]:
    inner: str | None = None
    last: tuple[int, int] | None = None
    for offset, span in opaque_spans(text, offsets, syntax):
        if span is None:
            yield Position(text, offset)
            continue
        if span != last:
            last, inner = span, _dynamic(text, *span)
        if inner is not None:
            shift = span[0] + 1
            yield from (
                position._replace(shift=shift + position.shift)
                for position in _in_code(inner, [offset - shift], syntax)
            )


def _dynamic(text: str, start: int, end: int) -> str | None:
    """Give the code in a string that is executed, with its length kept; None for any other string.

    Two apostrophes in it become an apostrophe and a blank, so that offsets stay.
    """
    if text[start] != "'":
        return None
    before = text[max(0, start - _LOOK_BACK) : start]
    if _ADDED.search(before):
        before = text[max(0, start - _LONG_LOOK_BACK) : start]
    if not _DYNAMIC.search(before):
        variable = _ASSIGNED.search(before)
        if not variable or variable[1].lower() not in _executed(text):
            return None
    return text[start + 1 : end - 1].replace("''", "' ")


@lru_cache(maxsize=2)
def _executed(text: str) -> frozenset[str]:
    """Collect the variables whose value a script executes."""
    texts = (match[1] for match in _EXECUTED.finditer(text))
    return frozenset(variable.lower() for text in texts for variable in _VARIABLE.findall(text) if variable)


def _occurrences(text: str, words: Sequence[str]) -> list[int]:
    """List the offsets of the words in any case. To search for each is faster than one expression for all."""
    lower = text.lower()
    if len(lower) != len(text):  # a few letters have two in lower case
        return [match.start() for match in re.finditer("|".join(words), text, re.IGNORECASE)]
    offsets = []
    for word in words:
        start = lower.find(word)
        while start >= 0:
            offsets.append(start)
            start = lower.find(word, start + 1)
    return sorted(offsets)
