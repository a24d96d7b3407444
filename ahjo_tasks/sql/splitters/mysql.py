"""MySQL and MariaDB scripts: a statement ends at the delimiter, which `DELIMITER` lines change.

The rules are those of the command line client, as far as it reads scripts with `--comments`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MYSQL
from ahjo_tasks.sql.scanner import Reader, behind
from ahjo_tasks.sql.splitters.batch import Batch, Piece, cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.source import Source

_LEAD = re.compile(r"(?:[ \t\r\n\f\v]++|(?:--|#)[^\n]*+)*+")
"""Between statements the client drops line comments, and takes `--` for one even where no blank follows."""

_COMMAND = re.compile(r"(?ai:(?P<delimiter>delimiter)|source|\\\.)(?=[ \t\r\n]|\Z)[ \t]*+(?P<rest>[^\r\n]*+)")
_COMMAND_HEADS = frozenset("dDsS\\")
_ARGUMENT = re.compile(r"""'(?P<single>[^']++)'|"(?P<double>[^"]++)"|(?P<bare>[^\s'"]\S*+)""")
_IDLE = re.compile(MYSQL.gap())
_TAIL = re.compile(r"[ \t]*+(?P<comment>(?:#|--(?=[\x00- ]|\Z))[^\r\n]*+)")


def split(source: Source) -> list[Batch]:
    """The statements of a script, without their delimiters; comments alone are none."""
    return cut(source, _pieces(source))


def _pieces(source: Source) -> Iterator[Piece]:
    text, delimiter, start = source.text, ";", 0
    while (start := behind(_LEAD, text, start)) < len(text):
        if text[start] in _COMMAND_HEADS and (command := _COMMAND.match(text, start)):
            delimiter = _delimiter(source, command)
            start = command.end()
            continue
        end = _reader(delimiter).advance(source, start)
        tail, behind_tail = _tail(source, end, delimiter)
        if start < end and (text[start] != "/" or behind(_IDLE, text, start) < end):
            yield start, end, 1, tail
        start = behind_tail


@lru_cache
def _reader(delimiter: str) -> Reader:
    return Reader(MYSQL, rf"{re.escape(delimiter)}|\\(?!N)", delimiter[0] + "\\")


def _tail(source: Source, start: int, delimiter: str) -> tuple[str, int]:
    """The line comment behind the separator, which the client sends with the statement, and where all that ends."""
    if not source.text.startswith("\\", start):
        behind_separator = min(start + len(delimiter), len(source.text))
        tail = _TAIL.match(source.text, behind_separator)
        return (tail["comment"], tail.end()) if tail else ("", behind_separator)
    if source.text.startswith(("g", "G"), start + 1):
        return "", start + 2
    raise source.error(start, "a command of the mysql client is no SQL")


def _delimiter(source: Source, command: re.Match[str]) -> str:
    if command["delimiter"] is None:
        raise source.error(command.start(), "a command of the mysql client is no SQL")
    argument = _ARGUMENT.match(command["rest"])
    if argument is None:
        raise source.error(command.start(), "DELIMITER needs the new delimiter on its line")
    delimiter = argument[argument.lastindex or 0]
    if "\\" in delimiter:
        raise source.error(command.start("rest"), "a delimiter cannot hold a backslash")
    return delimiter
