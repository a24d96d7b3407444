"""Finds which tables a data file writes to, without reading its rows: files of rows may be very large."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import MSSQL, letters
from ahjo_tasks.sql.references import read_references
from ahjo_tasks.sql.references.model import FileReferences
from ahjo_tasks.sql.scanner import Scanner
from ahjo_tasks.sql.source import SourceText

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ahjo_tasks.sql.definitions import Name
    from ahjo_tasks.sql.lexer import Syntax

VERBS = ("INSERT", "REPLACE", "MERGE", "COPY", "UPDATE", "LOAD", "BULK", "DELETE")
LONGEST_HEAD = 600


def read_row_statements(batches: Iterable[str], syntax: Syntax) -> FileReferences:
    """Read the heads of statements that change rows: of many with the same head the first alone."""
    heads: dict[str, None] = {}
    scanner, head = _scanner(syntax), _head(syntax)
    for text in batches:
        source, start = SourceText(text), 0
        while (start := scanner.find_next(source, start)) < len(text):
            match = head.match(text, start, start + LONGEST_HEAD)
            if match is None:
                start += 1
                continue
            heads.setdefault(_with_source(text, start, match[0]) if syntax is MSSQL else match[0])
            start = match.end()
    return _merged(read_references([f"{text};"], syntax) for text in heads)


def _with_source(text: str, start: int, head: str) -> str:
    """The head of a statement with its FROM clause, where that may say which table an alias stands for."""
    if head[:1] not in "uU":
        return head
    statement = text[start : start + LONGEST_HEAD].partition(";")[0]
    return statement if "FROM" in statement.upper() else head


def _merged(found: Iterable[FileReferences]) -> FileReferences:
    written: dict[Name, None] = {}
    updated: dict[Name, None] = {}
    for one in found:
        written |= dict.fromkeys(one.written)
        updated |= dict.fromkeys(one.updated)
    return FileReferences(written=tuple(written), updated=tuple(updated))


def _verb() -> str:
    return rf"(?i:{'|'.join(VERBS)})(?!{letters('0123456789$')})"


@lru_cache
def _scanner(syntax: Syntax) -> Scanner:
    heads = "".join(sorted({char for verb in VERBS for char in (verb[0], verb[0].lower())}))
    return Scanner(syntax, rf"(?<![\w$@#.]){_verb()}", heads, lenient=True)


@lru_cache
def _head(syntax: Syntax) -> re.Pattern[str]:
    """The words of a statement up to its rows, with the names in them."""
    quoted = "|".join(syntax.name_forms(lenient=True))
    stop = r"(?i:VALUES|SELECT|SET|DEFAULT)\b"
    rest = rf"(?:{quoted}|(?!{stop}){syntax.word}|[.]|[0-9]++|{syntax.gap()}(?=[^(;'=,])|)*+"
    return re.compile(rf"{_verb()}{rest}(?:\s*\(?\s*{stop})?")
