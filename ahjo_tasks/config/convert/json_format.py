"""Read and write JSON with comments."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.config import json_text
from ahjo_tasks.config.convert import (
    Collection,
    CommentAttacher,
    CommentedDocument,
    Entry,
    Scalar,
    format_on_one_line,
    strip_blank_lines,
)
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.config.convert import CommentLines

_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<line>//[^\r\n]*|\#[^\r\n]*)|(?P<block>/\*.*?\*/)|(?P<punctuation>[\[\]{},:])'
    r"|(?P<newline>\r\n?|\n)|(?P<word>[^\s\[\]{},:\"/#]+)",
    re.DOTALL,
)
_NEWLINE = re.compile(r"\r\n?|\n")
_WORDS = {"true": True, "false": False, "null": None}
_END = ("punctuation", "", -1)


class Token(NamedTuple):
    """A string, word or punctuation mark and its line."""

    kind: str
    text: str
    line: int


def read_json(text: str, name: str) -> CommentedDocument:
    """Read a text. Raises ConfigError with `name` and line for invalid JSON and for a repeated key."""
    json_text.parse(text, name)
    return _Reader(text, name).document()


class _Reader:
    """Reads a text that is known to be valid."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._attacher = CommentAttacher()
        self._tokens = self._read_versions(text)
        self._next = next(self._tokens, Token(*_END))

    def document(self) -> CommentedDocument:
        root = Entry()
        self._attacher.start(root, self._next.line)
        self._value(root)
        return CommentedDocument(root, strip_blank_lines(self._attacher.take()))

    def _read_versions(self, text: str) -> Iterator[Token]:
        """Yield the tokens and attach the comments between them."""
        line = 0
        for match in _TOKEN.finditer(text):
            kind = str(match.lastgroup)
            if kind == "newline":
                line += 1
            elif kind in {"line", "block"}:
                last = line + len(_NEWLINE.findall(match[0]))
                self._attacher.add_comment(_texts(match[0]), line, last)
                line = last
            else:
                yield Token(kind, match[0], line)

    def _take(self) -> Token:
        token = self._next
        self._attacher.add_token(token.line, token.line)
        self._next = next(self._tokens, Token(*_END))
        return token

    def _collection(self, owner: Entry) -> Collection:
        opening = self._take()
        collection = Collection(is_list=opening.text == "[")
        seen: set[str] = set()
        while self._next.text not in {"}", "]"}:
            entry = Entry()
            self._attacher.start(entry, self._next.line)
            if not collection.is_list:
                self._key(entry, seen)
            self._value(entry)
            collection.entries.append(entry)
            if self._next.text == ",":
                self._take()
        collection.end_comments = strip_blank_lines(self._attacher.take())
        self._attacher.close(owner)
        collection.on_one_line = opening.line == self._next.line and not collection.has_comments
        self._take()
        return collection

    def _key(self, entry: Entry, seen: set[str]) -> None:
        line, key = self._next.line, json.loads(self._take().text)
        if key in seen:
            raise ConfigError(f"{self._name}:{line + 1}: {key} is given twice", hint="Keep the one that counts.")
        seen.add(key)
        entry.key = key
        self._take()  # the colon

    def _value(self, entry: Entry) -> None:
        entry.value = self._collection(entry) if self._next.text in {"{", "["} else _parse_scalar(self._take().text)


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
    """Return the lines of a comment without its delimiters."""
    if comment.startswith("#"):
        return [comment[1:].rstrip()]
    if comment.startswith("//"):
        return [comment[2:].rstrip()]
    lines = [line.strip() for line in _NEWLINE.split(comment[2:-2])]
    return [f" {line.removeprefix('*').strip()}".rstrip() for line in lines if line.strip("* ")] or [""]


INDENT = "    "


def write_json(document: CommentedDocument, *, comments: bool) -> str:
    """Return the text, with `//` comments or without any. Raises ConfigError for infinity and NaN."""
    writer = _Writer(comments=comments)
    lines = [
        *writer.comments(document.root.before, ""),
        *writer.entry(document.root, "", ""),
        *writer.comments(document.end_comments, ""),
    ]
    return "\n".join(lines) + "\n"


class _Writer:
    def __init__(self, *, comments: bool) -> None:
        self._keeps_comments = comments

    def comments(self, lines: CommentLines, indent: str) -> Iterator[str]:
        """Yield comments on lines of their own."""
        for line in lines if self._keeps_comments else ():
            yield "" if line is None else f"{indent}//{line}"

    def entry(self, entry: Entry, indent: str, comma: str) -> Iterator[str]:
        """Yield the lines of a value with its key."""
        key = "" if entry.key is None else f"{_text(entry.key)}: "
        value = entry.value
        if isinstance(value, Scalar) or value.on_one_line or not (value.entries or value.end_comments):
            yield f"{indent}{key}{_inline(value)}{comma}{self._trailing([*entry.trailing, *entry.after])}"
            return
        opening, closing = "[]" if value.is_list else "{}"
        yield f"{indent}{key}{opening}{self._trailing(entry.trailing)}"
        inner = indent + INDENT
        for position, child in enumerate(value.entries, 1):
            yield from self.comments(child.before if position > 1 else _without_blank_start(child.before), inner)
            yield from self.entry(child, inner, "," if position < len(value.entries) else "")
        yield from self.comments(value.end_comments, inner)
        yield f"{indent}{closing}{comma}{self._trailing(entry.after)}"

    def _trailing(self, texts: list[str]) -> str:
        return f"  //{' '.join(texts)}" if texts and self._keeps_comments else ""


def _without_blank_start(lines: CommentLines) -> CommentLines:
    """Return the comments before a first entry, which begin with no empty line."""
    return lines[1:] if lines[:1] == [None] else lines


def _inline(value: Scalar | Collection) -> str:
    return format_on_one_line(value, _scalar, _text)


def _scalar(scalar: Scalar) -> str:
    value = scalar.value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError("JSON has no number for infinity or NaN (.inf, .nan)")
    if scalar.raw and _reads_as(scalar.raw, value):
        return scalar.raw
    return json.dumps(value)


def _reads_as(raw: str, value: float | None) -> bool:
    try:
        read = json.loads(raw)
    except ValueError:
        return False
    return type(read) is type(value) and bool(read == value)


def _text(value: str) -> str:
    """Quote a text, Unicode as it is but for lone surrogates, which UTF-8 cannot encode."""
    written = json.dumps(value, ensure_ascii=False)
    return written if written.isascii() or _encodes(written) else json.dumps(value)


def _encodes(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
