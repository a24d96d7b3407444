"""Splitter of MySQL and MariaDB: a statement ends at the delimiter, which `DELIMITER` lines change.

The rules are those of the command line client, as far as it reads scripts with `--comments`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MYSQL
from ahjo_tasks.sql.mysql_modes import syntax_after
from ahjo_tasks.sql.scanner import Scanner, end_of_match
from ahjo_tasks.sql.splitters import Batches, Span, Splitter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.lexer import Syntax
    from ahjo_tasks.sql.source import SourceText

_SANDBOX = r"/\*M?!999999\\-[^*]*+(?:\*(?!/)[^*]*+|)*+\*/"
"""The first line of mariadb-dump: a command for its own client, in a comment that no server runs."""

_LEAD = re.compile(rf"(?:[ \t\r\n\f\v]++|(?:--|#)[^\n]*+|{_SANDBOX}|)*+")
"""Between statements the client drops line comments, and takes `--` for one even without a blank after it."""

_COMMAND = re.compile(
    r"(?ai:(?P<delimiter>delimiter)(?!\w)|(?:source|\\\.)(?=[ \t\r\n]|\Z))(?P<blanks>[ \t]*+)(?P<rest>[^\r\n]*+)"
)
_COMMAND_HEADS = frozenset("dDsS\\")
_CLIENT_COMMAND = re.compile(
    r"(?ai:(?P<shows>warnings|nowarning|pager|nopager|tee|notee|prompt|print|rehash|status|go|ego)"
    r"|charset|clear|connect|edit|exit|quit|sandbox|system)(?=[ \t\r\n]|\Z)[^\r\n]*+"
)
"""Commands on a line of their own, without a delimiter; those that do nothing between statements are dropped."""
_CLIENT_HEADS = frozenset("wWnNpPtTrRsScCeEgGqQ")
_ARGUMENT = re.compile(r"""'(?P<single>[^']++)'|"(?P<double>[^"]++)"|(?P<bare>[^\s'"]\S*+)""")
_GAP = re.compile(MYSQL.gap())
_LINE_START = re.compile(r"[\r\n][ \t]*+\Z")
_IGNORED = re.compile(r"[ \t]*+(?!#|--|/\*|\Z)(?=[^\r\n]*\w)")
"""Text after the argument of DELIMITER, but for comments and marks."""
CLIENTS = "this is a command of the mysql client, not SQL"
_TAIL = re.compile(r"[ \t]*+(?P<comment>(?:#|--(?=[\x00- ]|\Z))[^\r\n]*+)")


def split(source: SourceText) -> Batches:
    """Split a script into statements, without their delimiters; comments alone are none."""
    return Batches(source.text, _spans(source))


def _spans(source: SourceText) -> Iterator[Span]:
    text, delimiter, start, syntax = source.text, ";", 0, MYSQL
    while (start := _lead(text, start)) < len(text):
        if text[start] in _COMMAND_HEADS and (command := _COMMAND.match(text, start)):
            delimiter = _delimiter(source, command)
            start = command.end()
            continue
        if text[start] in _CLIENT_HEADS and (line := _CLIENT_COMMAND.match(text, start)) and delimiter not in line[0]:
            start = _after_command(source, line)
            continue
        end = _scanner(delimiter, syntax).find_next(source, start)
        tail, after_tail = _tail(source, end, delimiter)
        if start < end and (text[start] != "/" or end_of_match(_GAP, text, start) < end):
            yield start, end, 1, tail
        syntax = syntax_after(text, start, end, syntax)
        start = after_tail


def _lead(text: str, start: int) -> int:
    """Give the offset of the next statement with its comments, or of a line of the client below some."""
    start = end_of_match(_LEAD, text, start)
    if not text.startswith("/", start):
        return start
    code = end_of_match(_GAP, text, start)
    own_line = code < len(text) and _LINE_START.search(text, start, code)
    return code if own_line and (_COMMAND.match(text, code) or _CLIENT_COMMAND.match(text, code)) else start


@lru_cache
def _scanner(delimiter: str, syntax: Syntax) -> Scanner:
    return Scanner(syntax, rf"{re.escape(delimiter)}|\\(?!N)", delimiter[0] + "\\")


def _tail(source: SourceText, start: int, delimiter: str) -> tuple[str, int]:
    """Give the line comment after the delimiter, which the client sends with the statement, and the end of it all."""
    if not source.text.startswith("\\", start):
        after_delimiter = min(start + len(delimiter), len(source.text))
        tail = _TAIL.match(source.text, after_delimiter)
        return (tail["comment"], tail.end()) if tail else ("", after_delimiter)
    if source.text.startswith(("g", "G"), start + 1):
        return "", start + 2
    raise source.error(start, CLIENTS)


def _after_command(source: SourceText, line: re.Match[str]) -> int:
    """Give the end of a command of the client that changes only what it shows. Raises SourceError for another one."""
    if line["shows"] is None:
        raise source.error(line.start(), CLIENTS)
    return line.end()


def _delimiter(source: SourceText, command: re.Match[str]) -> str:
    if command["delimiter"] is None:
        raise source.error(command.start(), CLIENTS)
    rest = command["rest"]
    argument = _ARGUMENT.match(rest)
    if argument is None:
        raise source.error(command.start(), "DELIMITER needs the new delimiter on its line")
    if not command["blanks"]:
        raise source.error(command.start(), "DELIMITER needs a blank before the new delimiter")
    if ignored := _IGNORED.match(rest, argument.end()):
        offset = command.start("rest") + ignored.end()
        message = "the mysql client ignores the rest of this line after the delimiter"
        raise source.error(offset, message, hint="Put it on a line of its own.")
    delimiter = argument[argument.lastindex or 0]
    if "\\" in delimiter:
        raise source.error(command.start("rest"), "a delimiter cannot hold a backslash")
    return delimiter


SPLITTER = Splitter(MYSQL, split)
