"""Scanning: each file is read once, and each rule that it concerns takes a quick look before a long one."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.scan.content import BinaryFileError, Content
from ahjo_tasks.scan.finding import Finding, Remark, UnreadableError
from ahjo_tasks.sql.source import LineIndex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.scan.finding import Hit
    from ahjo_tasks.scan.rules import Rule

CHUNK = 1 << 17
# A link is not followed: what it points to may be outside of the project.
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass
class Tally:
    """What was scanned: files with text, files without."""

    files: int = 0
    binary: int = 0


@dataclass
class Scanner:
    """The rules, ready to go over files one after the other."""

    rules: Sequence[Rule]
    tally: Tally = field(default_factory=Tally)

    def concerns(self, path: str) -> bool:
        """Whether any rule is about the file."""
        return any(path in rule.paths for rule in self.rules)

    def scan(self, path: str, data: bytes) -> Iterator[Finding | Remark]:
        """Yield the findings in the order of the text, behind remarks on how the file was read."""
        try:
            content = Content(path, data)
        except BinaryFileError:
            self.tally.binary += 1
            return
        self.tally.files += 1
        if content.remark:
            yield Remark(path, content.remark)
        hits: list[tuple[Hit, str]] = []
        for rule in self.rules:
            if path in rule.paths and rule.searcher.suspects(content):
                try:
                    hits += [(hit, rule.name) for hit in rule.searcher.find(content)]
                except UnreadableError as error:
                    yield Remark(path, f"{error}; {rule.name} was not looked for")
        yield from _findings(content, hits)


def read(directory: Path, path: str) -> bytes | None:
    """The content of a file; None for what is no file, or is gone. Raises OSError where it cannot be read."""
    try:
        handle = os.open(os.path.join(directory, path), _READ)  # noqa: PTH118 - one of thousands
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        if Path(directory, path).is_symlink():
            return None
        raise
    try:
        return _read(handle)
    except IsADirectoryError:
        return None
    finally:
        os.close(handle)


def _read(handle: int) -> bytes:
    data = os.read(handle, CHUNK)
    if len(data) < CHUNK:
        return data
    parts = [data]
    while data := os.read(handle, max(CHUNK, os.fstat(handle).st_size)):
        parts.append(data)
    return b"".join(parts)


def _findings(content: Content, hits: Iterable[tuple[Hit, str]]) -> Iterator[Finding]:
    lines = None
    for hit, rule in sorted(hits):
        lines = lines or LineIndex(content.text)
        line, column = lines.position(hit.start)
        end_line, end_column = _end(content.text, hit, line, column)
        yield Finding(content.path, line, column, end_line, end_column, rule, hit.match)


def _end(text: str, hit: Hit, line: int, column: int) -> tuple[int, int]:
    """Line and column behind the hit."""
    found = text[hit.start : hit.end]
    if "\n" not in found and "\r" not in found:
        return line, column + len(found)
    lines, last = LineIndex(found).position(len(found))
    return line + lines - 1, last
