"""From a tree to JSON with and without comments."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from ahjo_tasks.config.convert.tree import Entry, Group, Scalar, inline
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.config.convert.tree import Lines, Tree

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
