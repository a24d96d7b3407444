"""Matches of rules in files."""

from __future__ import annotations

from typing import NamedTuple


class Hit(NamedTuple):
    """A match of a rule in one text: offsets in characters, and the text to report."""

    start: int
    end: int
    match: str


class Finding(NamedTuple):
    """A match in a file. `path` has slashes and is relative to the project; lines and columns count from 1."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    rule: str
    match: str


class FileWarning(NamedTuple):
    """A warning about a file: how it was read, or that it was not."""

    path: str
    message: str

    def __str__(self) -> str:
        path = self.path if self.path.isprintable() else ascii(self.path)
        return f"{path}: {self.message}"


def normalized(match: str) -> str:
    """Put a match on one line: every run of white space becomes one blank."""
    return " ".join(match.split())


def masked(match: str) -> str:
    """Keep the first two characters and put a star for each other one."""
    return match[:2] + "*" * (len(match) - 2)


class UnreadableError(ValueError):
    """A rule cannot read the file; the message is the reason."""
