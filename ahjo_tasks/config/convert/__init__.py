"""Convert a config between JSON and YAML: values stay exact, comments and the order of keys stay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.config.document import decode, unknown_format
from ahjo_tasks.errors import AhjoError, ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


FORMATS = ("json", "jsonc", "yaml", "yml")
LOST_COMMENTS = "JSON has no comments: {} of them are left out; the format jsonc keeps them."


class Converted(NamedTuple):
    """The new text, with warnings of lost comments and of ambiguous values."""

    text: str
    warnings: tuple[str, ...] = ()


def convert(path: Path, target: str) -> Converted:
    """Convert a file to a format of FORMATS. Raises ConfigError for a file that cannot be read or converted."""
    source = path.suffix.lower().removeprefix(".")
    if source not in FORMATS:
        raise unknown_format(path)
    try:
        text = decode(path.read_bytes(), path.name)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return _converted(text, path.name, source, target)
    except RecursionError:
        raise ConfigError(f"{path.name}: too many levels inside each other") from None


def _converted(text: str, name: str, source: str, target: str) -> Converted:
    document = _read(text, name, source)
    if not isinstance(document.root.value, Collection) or document.root.value.is_list:
        raise ConfigError(f"{name}: expected an object at the top of the file")
    if target == source or (target, source) in {("yaml", "yml"), ("yml", "yaml"), ("jsonc", "json")}:
        return Converted(text)
    written = _write(document, target)
    if values(_read(written, name, target)) != values(document):
        raise AhjoError(f"{name} cannot be converted to {target} without changing a value; nothing was written.")
    lost = _count_comments(document) if target == "json" else 0
    return Converted(written, (*_ambiguous_values(text, name, source), *([LOST_COMMENTS.format(lost)] if lost else [])))


def _ambiguous_values(text: str, name: str, kind: str) -> tuple[str, ...]:
    """Return warnings of values that the two versions of YAML read differently."""
    if kind not in {"yaml", "yml"}:
        return ()
    from ahjo_tasks.config.yaml_text import parse, warnings

    return warnings(parse(text, name)[1], name)


def _read(text: str, name: str, kind: str) -> CommentedDocument:
    if kind in {"yaml", "yml"}:
        from ahjo_tasks.config.convert.yaml_format import read_yaml

        return read_yaml(text, name)
    from ahjo_tasks.config.convert.json_format import read_json

    return read_json(text, name)


def _write(document: CommentedDocument, kind: str) -> str:
    if kind in {"yaml", "yml"}:
        from ahjo_tasks.config.convert.yaml_format import write_yaml

        return write_yaml(document)
    from ahjo_tasks.config.convert.json_format import write_json

    return write_json(document, comments=kind == "jsonc")


def values(document: CommentedDocument) -> Any:
    """Return the values of a document with their types and the order of their keys, to compare them."""
    return _plain(document.root.value)


def _plain(value: Scalar | Collection) -> Any:
    if isinstance(value, Scalar):
        return type(value.value).__name__, value.value
    if value.is_list:
        return [_plain(entry.value) for entry in value.entries]
    return [(entry.key, _plain(entry.value)) for entry in value.entries], "mapping"


def _count_comments(document: CommentedDocument) -> int:
    root = document.root
    lines = [*root.before, *root.trailing, *root.after, *document.end_comments]
    return sum(line is not None for line in lines) + _comments_in(root.value)


def _comments_in(value: Scalar | Collection) -> int:
    if isinstance(value, Scalar):
        return 0
    lines = [line for entry in value.entries for line in (*entry.before, *entry.trailing, *entry.after)]
    count = sum(line is not None for line in (*lines, *value.end_comments))
    return count + sum(_comments_in(entry.value) for entry in value.entries)


def check_format(target: str, path: Path) -> None:
    """Raise UsageError for an unknown format, or one that the suffix of the new file contradicts."""
    if target not in FORMATS:
        raise UsageError(f"There is no format {target!r}.", hint=f"One of: {', '.join(FORMATS)}.")
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS or suffix[0] != target[0]:
        raise UsageError(f"{path} would not be read as {target}: the suffix tells the format.", hint=f"Use .{target}.")


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
        """True if a comment or blank line stands between its brackets."""
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
