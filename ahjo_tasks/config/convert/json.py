"""From a tree to JSON with and without comments."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.config import json_text
from ahjo_tasks.config.convert.tree import Attaching, Entry, Group, Scalar, Tree, inline, trimmed
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.config.convert.tree import Lines

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
        entry.value = self._group(entry) if self._next.text in {"{", "["} else _parse_scalar(self._take().text)


def _parse_scalar(text: str) -> Scalar:
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


INDENT = "    "


def write_json(tree: Tree, *, comments: bool) -> str:
    """The text, with `//` comments or without any. Raises ConfigError for a number that JSON cannot say."""
    writer = _Writer(comments=comments)
    lines = [*writer.said(tree.root.before, ""), *writer.entry(tree.root, "", ""), *writer.said(tree.tail, "")]
    return "\n".join(lines) + "\n"


class _Writer:
    def __init__(self, *, comments: bool) -> None:
        self._comments = comments

    def said(self, lines: Lines, indent: str) -> Iterator[str]:
        """Comments on lines of their own."""
        for line in lines if self._comments else ():
            yield "" if line is None else f"{indent}//{line}"

    def entry(self, entry: Entry, indent: str, comma: str) -> Iterator[str]:
        """The lines of a value with its key."""
        key = "" if entry.key is None else f"{_text(entry.key)}: "
        value = entry.value
        if isinstance(value, Scalar) or value.inline or not (value.entries or value.end):
            yield f"{indent}{key}{_inline(value)}{comma}{self._beside([*entry.beside, *entry.after])}"
            return
        opening, closing = "[]" if value.is_list else "{}"
        yield f"{indent}{key}{opening}{self._beside(entry.beside)}"
        inner = indent + INDENT
        for number, one in enumerate(value.entries, 1):
            yield from self.said(one.before if number > 1 else _from_first(one.before), inner)
            yield from self.entry(one, inner, "," if number < len(value.entries) else "")
        yield from self.said(value.end, inner)
        yield f"{indent}{closing}{comma}{self._beside(entry.after)}"

    def _beside(self, texts: list[str]) -> str:
        return f"  //{' '.join(texts)}" if texts and self._comments else ""


def _from_first(lines: Lines) -> Lines:
    """What is said before a first entry: it begins with no empty line."""
    return lines[1:] if lines[:1] == [None] else lines


def _inline(value: Scalar | Group) -> str:
    return inline(value, _scalar, _text)


def _scalar(scalar: Scalar) -> str:
    value = scalar.value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError("JSON has no number that is infinite or none (.inf, .nan)")
    if scalar.raw and _reads_as(scalar.raw, value):
        return scalar.raw
    return json.dumps(value)


def _reads_as(raw: str, value: float | None) -> bool:
    try:
        found = json.loads(raw)
    except ValueError:
        return False
    return type(found) is type(value) and bool(found == value)


def _text(value: str) -> str:
    """Unicode as it is, but for lone surrogates, which no file can hold."""
    written = json.dumps(value, ensure_ascii=False)
    return written if written.isascii() or _encodes(written) else json.dumps(value)


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
