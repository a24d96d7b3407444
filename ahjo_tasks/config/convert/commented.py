"""A document as values in order with the comments between them, independent of its format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CommentLines = list[str | None]
"""Comments without `#` or `//`, one a line; None is an empty line."""


@dataclass
class Scalar:
    """A string, number, boolean or null; `raw` is a number as it was written."""

    value: str | float | bool | None
    raw: str = ""


@dataclass
class Collection:
    """A mapping or a list. `end_comments` follow its last entry; `on_one_line` is set where it was on one line."""

    is_list: bool
    entries: list[Entry] = field(default_factory=list)
    end_comments: CommentLines = field(default_factory=list)
    on_one_line: bool = False

    @property
    def has_comments(self) -> bool:
        """Whether a comment or blank line stands between its brackets."""
        return bool(self.end_comments) or any(entry.before or entry.trailing or entry.after for entry in self.entries)


@dataclass
class Entry:
    """A value with its key, None in a list.

    Comments stand `before` it, `trailing` on its line, and `after` its closing bracket.
    """

    key: str | None = None
    value: Scalar | Collection = field(default_factory=lambda: Scalar(None))
    before: CommentLines = field(default_factory=list)
    trailing: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


@dataclass
class CommentedDocument:
    """A document: its root, and the comments at its end."""

    root: Entry
    end_comments: CommentLines = field(default_factory=list)


class CommentAttacher:
    """Attaches each comment to the entry on its line, or else to the next entry.

    `line` is the line of the last token that was read; lines count from any number.
    """

    def __init__(self) -> None:
        self.line = -1
        self._last_line = -1
        self._pending: CommentLines = []
        self._last: Entry | None = None
        self._closed = False

    def add_comment(self, texts: list[str], first: int, last: int) -> None:
        """Attach a comment that stands on these lines."""
        if first == self.line and self._last is not None:
            (self._last.after if self._closed else self._last.trailing).extend(texts)
        else:
            self._add_blank_line(first)
            self._pending += texts
        self._last_line = max(self._last_line, last)

    def add_token(self, line: int, last: int) -> None:
        """Record a token that ends on line `last`; a comment that follows on `line` belongs to its entry."""
        self.line, self._last_line = line, last

    def start(self, entry: Entry, line: int) -> None:
        """Begin an entry: the pending comments stand before it."""
        self._add_blank_line(line)
        entry.before = self.take()
        self._last, self._closed = entry, False

    def close(self, entry: Entry) -> None:
        """End an entry that has brackets."""
        self._last, self._closed = entry, True

    def take(self) -> CommentLines:
        """Return and forget the pending comments, which belong to no entry yet."""
        pending, self._pending = self._pending, []
        return pending

    def _add_blank_line(self, line: int) -> None:
        if 0 <= self._last_line < line - 1:
            self._pending.append(None)


def strip_blank_lines(lines: CommentLines) -> CommentLines:
    """Return the lines without blank ones at both ends."""
    start, end = 0, len(lines)
    while start < end and lines[start] is None:
        start += 1
    while end > start and lines[end - 1] is None:
        end -= 1
    return lines[start:end]


def format_on_one_line(value: Scalar | Collection, scalar: Callable[[Scalar], str], key: Callable[[str], str]) -> str:
    """Write a value on one line, in the brackets that JSON and YAML share; `scalar` and `key` write what differs."""
    if isinstance(value, Scalar):
        return scalar(value)
    inner = ", ".join(
        ("" if entry.key is None else f"{key(entry.key)}: ") + format_on_one_line(entry.value, scalar, key)
        for entry in value.entries
    )
    return f"[{inner}]" if value.is_list else f"{{{inner}}}"
