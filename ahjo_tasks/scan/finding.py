"""What a scan comes back with."""

from __future__ import annotations

from typing import NamedTuple


class Hit(NamedTuple):
    """A rule's find in one text: offsets in characters, and what to call it."""

    start: int
    end: int
    match: str


class Finding(NamedTuple):
    """A find in a file. `path` has slashes and is relative to the project; lines and columns count from 1."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    rule: str
    match: str


class Remark(NamedTuple):
    """Something about a file that the reader of a report must know: how it was read, or that it was not."""

    path: str
    message: str

    def __str__(self) -> str:
        path = self.path if self.path.isprintable() else ascii(self.path)
        return f"{path}: {self.message}"


def normal(match: str) -> str:
    """The match on one line: every run of white space is one blank."""
    return " ".join(match.split())


def masked(match: str) -> str:
    """The first two characters, and a star for each other one."""
    return match[:2] + "*" * (len(match) - 2)


class UnreadableError(ValueError):
    """A rule cannot make sense of the file; the message says why."""
