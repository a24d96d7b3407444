"""Statements of PostgreSQL by their beginnings: those that no transaction takes, and those that control one.

The first list is that of the servers' own check (`PreventInTransactionBlock`) up to PostgreSQL 18.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from ahjo_tasks.errors import SourceError
from ahjo_tasks.sql.lexer import POSTGRESQL
from ahjo_tasks.sql.source import SourceText, ascii_upper
from ahjo_tasks.sql.splitters import postgresql
from ahjo_tasks.sql.tokens import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ahjo_tasks.sql.splitters import Batch

GAP = POSTGRESQL.gap()
_NAME = r"(?:\"[^\"]*+\"|[^\s\"'();,])(?:\"[^\"]*+\"|(?!/\*|--)[^\s\"'();,]|)*+"
_EXISTS = rf"(?:IF\b{GAP}EXISTS\b{GAP}|)?+"
_OPTIONS = rf"(?:\([^();]*+\){GAP}|)?+"
NON_TRANSACTIONAL = (
    rf"(?ai:CREATE\b{GAP}(?:UNIQUE\b{GAP}|)?+INDEX\b{GAP}CONCURRENTLY|DROP\b{GAP}INDEX\b{GAP}CONCURRENTLY"
    rf"|REINDEX\b{GAP}{_OPTIONS}\w++{GAP}CONCURRENTLY|REINDEX\b{GAP}\([^();]*?\bCONCURRENTLY(?!{GAP}(?:FALSE|OFF|0)\b)"
    rf"|REINDEX\b{GAP}{_OPTIONS}(?:DATABASE|SYSTEM|SCHEMA)"
    rf"|VACUUM|CLUSTER\b{GAP}(?:VERBOSE\b{GAP}|)?+{_OPTIONS}(?=;|\Z)|CLUSTER\b(?={GAP}(?:;|\Z))"
    rf"|(?:CREATE|DROP)\b{GAP}(?:DATABASE|TABLESPACE|SUBSCRIPTION)|ALTER\b{GAP}SYSTEM"
    rf"|ALTER\b{GAP}DATABASE\b{GAP}{_NAME}{GAP}SET\b{GAP}TABLESPACE"
    rf"|ALTER\b{GAP}SUBSCRIPTION\b{GAP}{_NAME}{GAP}(?:(?:SET|ADD|DROP)\b{GAP}PUBLICATION|REFRESH\b{GAP}\w++)"
    rf"|ALTER\b{GAP}TABLE\b{GAP}{_EXISTS}(?:ONLY\b{GAP}|)?+{_NAME}{GAP}DETACH\b{GAP}PARTITION\b{GAP}{_NAME}{GAP}CONCURRENTLY"
    rf"|DISCARD\b{GAP}ALL|(?:COMMIT|ROLLBACK)\b{GAP}PREPARED)(?![\w$])"
)
NON_TRANSACTIONAL_WORDS = (
    *("CONCURRENTLY", "VACUUM", "DATABASE", "TABLESPACE", "SYSTEM", "CLUSTER", "REINDEX", "SUBSCRIPTION", "DISCARD"),
    "PREPARED",
)
"""One of them is in each of these statements: to search for words is faster."""
REFUSED_IN_TRANSACTION = frozenset({"25001", "2D000", "55P04"})
"""SQLSTATEs of what the server takes outside of transactions only: a statement, a procedure that commits, and the use
of a value that the transaction added to an enum type."""
FIRST_IN_TRANSACTION = re.compile(r"SET TRANSACTION|transaction read-write mode")
"""The beginning of the server's words on a statement that only BEGIN may stand before."""
BEGIN_FIRST = "Write BEGIN before it, and COMMIT at the end of the file: it has to be the first in a transaction."
CONTROLS = (
    rf"(?ai:BEGIN(?!{GAP}ATOMIC)|START\b{GAP}TRANSACTION|COMMIT|END|ABORT|PREPARE\b{GAP}TRANSACTION"
    rf"|ROLLBACK(?!{GAP}(?:(?:WORK|TRANSACTION)\b{GAP}|)?+(?:TO|PREPARED)\b))(?![\w$])"
)
"""A statement that begins or ends a transaction."""
COMMITS = rf"(?ai:(?:COMMIT|END)(?!{GAP}PREPARED)|PREPARE\b{GAP}TRANSACTION)(?![\w$])"
_ENDS = r"(?ai:(?:COMMIT|END|ABORT|ROLLBACK|PREPARE))\b(?!\$)"
_UNDOES = r"(?ai:ABORT|ROLLBACK)\b(?!\$)"
_MAY_UNDO = re.compile(r"\b(?:ROLLBACK|ABORT)\b")
CONTROL_WORDS = re.compile(r"\b(?:BEGIN|START|COMMIT|END|ABORT|PREPARE|ROLLBACK)\b")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def non_transactional(text: str) -> str:
    """Name the first statement that cannot run in a transaction; empty for none."""
    upper = ascii_upper(text)
    if not any(word in upper for word in NON_TRANSACTIONAL_WORDS):
        return ""
    pattern, starts = _compiled(NON_TRANSACTIONAL), postgresql.statement_starts(SourceText(text))
    match = next((match for start in starts if (match := pattern.match(text, start))), None)
    return phrase(match[0], POSTGRESQL) if match else ""


def control(text: str) -> str:
    """Name the first statement that begins or ends a transaction; empty for none."""
    return next((phrase(match[0], POSTGRESQL) for match in _matches(CONTROLS, text)), "")


def check(batches: Sequence[Batch], path: Path | None) -> None:
    """Raise SourceError for a ROLLBACK without a BEGIN that takes back, unseen, what the file did before it.

    The server makes one transaction of a call; psql sends each statement by itself.
    """
    for batch in batches:
        offset = _lost_at(batch.text) if _MAY_UNDO.search(ascii_upper(batch.text)) else None
        if offset is not None:
            line = batch.line + batch.text.count("\n", 0, offset)
            message = f"{batch.text[offset:].split(';')[0].strip()} without a BEGIN: nothing before it would be kept"
            raise SourceError(message, path=path, line=line, hint=WITHOUT_BEGIN)


def _lost_at(text: str) -> int | None:
    """Give the offset of a ROLLBACK that stands behind statements which no BEGIN comes before; None where none does."""
    controls = {match.start(): match for match in _matches(CONTROLS, text)}
    opened = worked = False
    for start in _starts(text) if controls else ():
        if start not in controls:
            worked = True
            continue
        if worked and not opened and _compiled(_UNDOES).match(text, start):
            return start
        opened, worked = _compiled(_ENDS).match(text, start) is None, False
    return None


WITHOUT_BEGIN = "Leave it out, write BEGIN before what it is to take back, or -- transaction: rollback at the head."


def commit_offsets(text: str) -> list[int]:
    """List the offsets of the statements that commit."""
    return [match.start() for match in _matches(COMMITS, text)]


def _matches(pattern: str, text: str) -> Iterator[re.Match[str]]:
    """Match the beginning of each statement; a body in BEGIN ATOMIC has none."""
    if not CONTROL_WORDS.search(ascii_upper(text)):
        return
    for start in _starts(text):
        if match := _compiled(pattern).match(text, start):
            yield match


def _starts(text: str) -> Iterator[int]:
    """Yield the offset of each statement; none behind what the server is to say is wrong."""
    with suppress(SourceError):
        yield from (start for start, _end in postgresql.statement_spans(SourceText(text)))
