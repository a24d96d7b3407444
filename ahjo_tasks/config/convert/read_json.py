"""From JSON with comments to a tree."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.config import json_text
from ahjo_tasks.config.convert.tree import Attaching, Entry, Group, Scalar, Tree, trimmed
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<line>//[^\r\n]*|\#[^\r\n]*)|(?P<block>/\*.*?\*/)|(?P<mark>[\[\]{},:])'
    r"|(?P<newline>\r\n?|\n)|(?P<word>[^\s\[\]{},:\"/#]+)",
    re.DOTALL,
)
_NEWLINE = re.compile(r"\r\n?|\n")
_WORDS = {"true": True, "false": False, "null": None}
_END = ("mark", "", -1)


class Token(NamedTuple):
    """A word or mark and its line."""

    kind: str
    text: str
    line: int


def read_json(text: str, name: str) -> Tree:
    """Read a text. Raises ConfigError with `name` and line for what is no JSON, and for a key that is given twice."""
    json_text.parse(text, name)
    return _Reader(text, name).tree()


class _Reader:
    """Reads a text that is known to be right."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._attaching = Attaching()
        self._tokens = self._words(text)
        self._next = next(self._tokens, Token(*_END))

    def tree(self) -> Tree:
        root = Entry()
        self._attaching.starts(root, self._next.line)
        self._value(root)
        return Tree(root, trimmed(self._attaching.take()))

    def _words(self, text: str) -> Iterator[Token]:
        """The tokens; comments are handed on as they pass by."""
        line = 0
        for match in _TOKEN.finditer(text):
            kind = str(match.lastgroup)
            if kind == "newline":
                line += 1
            elif kind in {"line", "block"}:
                last = line + len(_NEWLINE.findall(match[0]))
                self._attaching.comment(_texts(match[0]), line, last)
                line = last
            else:
                yield Token(kind, match[0], line)

    def _take(self) -> Token:
        taken = self._next
        self._attaching.word(taken.line, taken.line)
        self._next = next(self._tokens, Token(*_END))
        return taken

    def _group(self, owner: Entry) -> Group:
        opening = self._take()
        group = Group(is_list=opening.text == "[")
        seen: set[str] = set()
        while self._next.text not in {"}", "]"}:
            entry = Entry()
            self._attaching.starts(entry, self._next.line)
            if not group.is_list:
                self._key(entry, seen)
            self._value(entry)
            group.entries.append(entry)
            if self._next.text == ",":
                self._take()
        group.end = trimmed(self._attaching.take())
        self._attaching.closes(owner)
        said = group.end or any(one.before or one.beside or one.after for one in group.entries)
        group.inline = opening.line == self._next.line and not said
        self._take()
        return group

    def _key(self, entry: Entry, seen: set[str]) -> None:
        line, key = self._next.line, json.loads(self._take().text)
        if key in seen:
            raise ConfigError(f"{self._name}:{line + 1}: {key} is given twice", hint="Keep the one that counts.")
        seen.add(key)
        entry.key = key
        self._take()  # the colon

    def _value(self, entry: Entry) -> None:
        entry.value = self._group(entry) if self._next.text in {"{", "["} else _scalar(self._take().text)


def _scalar(text: str) -> Scalar:
    if text in _WORDS:
        return Scalar(_WORDS[text])
    value = json.loads(text, parse_int=_integer)
    return Scalar(value, "" if isinstance(value, str) else text)


def _integer(digits: str) -> int | float:
    """Python refuses a number of thousands of digits; no YAML could hold it either."""
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _texts(comment: str) -> list[str]:
    """The lines of a comment without its marks."""
    if comment.startswith("#"):
        return [comment[1:].rstrip()]
    if comment.startswith("//"):
        return [comment[2:].rstrip()]
    lines = [line.strip() for line in _NEWLINE.split(comment[2:-2])]
    return [f" {line.removeprefix('*').strip()}".rstrip() for line in lines if line.strip("* ")] or [""]
