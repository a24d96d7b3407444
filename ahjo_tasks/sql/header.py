"""Pragmas of a file in line comments: `-- depends: name, name`, and at its head `-- transaction: off`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.scanner import OpaqueScanner, skip_gap
from ahjo_tasks.sql.source import LineIndex, SourceText, with_line_feeds

if TYPE_CHECKING:
    from ahjo_tasks.sql.lexer import Syntax

DEPENDS, TRANSACTION = "depends", "transaction"
SWITCHES = {"off": False, "no": False, "none": False, "on": True, "yes": True, "rollback": True}

_PRAGMA = re.compile(
    rf"^[ \t]*--[ \t]*({DEPENDS}|{TRANSACTION})[ \t]*:[ \t]*(.*?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE
)
_PREFILTER = re.compile(rf"--[ \t]*(?ai:{DEPENDS}|{TRANSACTION})[ \t]*:")
"""A part of every pragma: much faster to search, and missing in most files."""


class HeaderValue(NamedTuple):
    """The value of a pragma, and its line."""

    value: str
    line: int


class Header(NamedTuple):
    """The pragmas of a text. `late` is a `transaction` after the first statement, where it has no effect."""

    depends: HeaderValue | None = None
    transaction: HeaderValue | None = None
    late: HeaderValue | None = None


def header(text: str, syntax: Syntax) -> Header:
    """Read the pragmas of a text; those in strings and block comments do not count."""
    if not _PREFILTER.search(text):
        return Header()
    source = SourceText(with_line_feeds(text))
    scanner, lines, values = OpaqueScanner(syntax, unclosed="end"), LineIndex(text), dict[str, HeaderValue]()
    first_statement = skip_gap(re.compile(syntax.gap()), source.text, 0)
    end = 0
    for match in _PRAGMA.finditer(source.text):
        end = scanner.end_of_opaque(source, end, match.start())
        if end <= match.start():
            word = match[1].lower()
            late = word == TRANSACTION and match.start() > first_statement
            values["late" if late else word] = HeaderValue(match[2], lines.position(match.start())[0])
    return Header(**values)
