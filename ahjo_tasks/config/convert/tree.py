"""A config as values in order, with the comments between them, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Lines = list[str | None]
"""Comments without their marks, one a line; None is an empty line."""


@dataclass
class Scalar:
    """A text, number, true, false or null; `raw` is a number as it was spelled."""

    value: str | float | bool | None
    raw: str = ""


@dataclass
class Group:
    """A mapping or a list. `end` stands behind its last entry; `inline` is whether all of it was on one line."""

    is_list: bool
    entries: list[Entry] = field(default_factory=list)
    end: Lines = field(default_factory=list)
    inline: bool = False


@dataclass
class Entry:
    """A value with its key, None in a list; what is said `before`, `beside`, and `after` its closing bracket."""

    key: str | None = None
    value: Scalar | Group = field(default_factory=lambda: Scalar(None))
    before: Lines = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


@dataclass
class Tree:
    """A document: its root, and what is said below all of it."""

    root: Entry
    tail: Lines = field(default_factory=list)


class Attaching:
    """Gives each comment to the entry on its line, or else to the entry that comes next.

    `position` is the line of the last word that was read; lines count from any number.
    """

    def __init__(self) -> None:
        self.position = -1
        self._seen = -1
        self._pending: Lines = []
        self._last: Entry | None = None
        self._closed = False

    def comment(self, texts: list[str], first: int, last: int) -> None:
        """Read a comment that stands on these lines."""
        if first == self.position and self._last is not None:
            (self._last.after if self._closed else self._last.beside).extend(texts)
        else:
            self._gap(first)
            self._pending += texts
        self._seen = max(self._seen, last)

    def word(self, line: int, last: int) -> None:
        """Read a word that is no comment; what follows on its `line` is beside it, and it ends on line `last`."""
        self.position, self._seen = line, last

    def starts(self, entry: Entry, line: int) -> None:
        """Begin an entry: what was said above is said of it."""
        self._gap(line)
        entry.before = self.take()
        self._last, self._closed = entry, False

    def closes(self, entry: Entry) -> None:
        """End an entry with brackets."""
        self._last, self._closed = entry, True

    def take(self) -> Lines:
        """What was said and belongs to nothing yet."""
        taken, self._pending = self._pending, []
        return taken

    def _gap(self, line: int) -> None:
        if 0 <= self._seen < line - 1:
            self._pending.append(None)


def trimmed(lines: Lines) -> Lines:
    """The lines without empty ones at both ends."""
    start, end = 0, len(lines)
    while start < end and lines[start] is None:
        start += 1
    while end > start and lines[end - 1] is None:
        end -= 1
    return lines[start:end]


def inline(value: Scalar | Group, scalar: Callable[[Scalar], str], key: Callable[[str], str]) -> str:
    """A value in one line, in the brackets that JSON and YAML share; `scalar` and `key` write what differs."""
    if isinstance(value, Scalar):
        return scalar(value)
    inner = ", ".join(
        inline(one.value, scalar, key) if one.key is None else f"{key(one.key)}: {inline(one.value, scalar, key)}"
        for one in value.entries
    )
    return f"[{inner}]" if value.is_list else f"{{{inner}}}"
