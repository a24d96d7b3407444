"""What a file says of itself in line comments: `-- depends: name, name`, and at its head `-- transaction: off`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.scanner import Code, skip_gap
from ahjo_tasks.sql.source import Lines, Source, with_line_feeds

if TYPE_CHECKING:
    from ahjo_tasks.sql.lexer import Syntax

DEPENDS, TRANSACTION = "depends", "transaction"
SWITCHES = {"off": False, "no": False, "none": False, "on": True, "yes": True, "rollback": True}

_SAID = re.compile(
    rf"^[ \t]*--[ \t]*({DEPENDS}|{TRANSACTION})[ \t]*:[ \t]*(.*?)[ \t\r]*$", re.IGNORECASE | re.MULTILINE
)
_SIGN = re.compile(rf"--[ \t]*(?ai:{DEPENDS}|{TRANSACTION})[ \t]*:")
"""What every such line holds: far quicker to find, and mostly not there."""


class Said(NamedTuple):
    """What such a comment says, and its line."""

    value: str
    line: int


class Header(NamedTuple):
    """What a text says of itself. `late` is what it says of its transaction behind its first statement: too late."""

    depends: Said | None = None
    transaction: Said | None = None
    late: Said | None = None


def header(text: str, syntax: Syntax) -> Header:
    """Read what the text says; what stands in a string, or in a block comment, is said by nobody."""
    if not _SIGN.search(text):
        return Header()
    source = Source(with_line_feeds(text))
    code, lines, said = Code(syntax, lenient=True), Lines(text), dict[str, Said]()
    first = skip_gap(re.compile(syntax.gap()), source.text, 0)
    end = 0
    for match in _SAID.finditer(source.text):
        end = code.reach(source, end, match.start())
        if end <= match.start():
            word = match[1].lower()
            late = word == TRANSACTION and match.start() > first
            said["late" if late else word] = Said(match[2], lines.at(match.start())[0])
    return Header(**said)
