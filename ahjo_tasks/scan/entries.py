"""The entries of a YAML file that is a list of mappings, as the files of rules and of ignored findings are.

Every value is a text, whatever it looks like. A file in the plain form of our samples is read here, line by line, so
that a git hook does not import PyYAML, which takes as long as the scan; any other is left to PyYAML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.errors import ConfigError
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import yaml


class Value(NamedTuple):
    """The texts of a key, or None where its value is neither a text nor a list of texts; a null has none."""

    line: int
    texts: tuple[str, ...] | None
    null: bool = False


class Entry(NamedTuple):
    """One item of the list: its keys."""

    line: int
    values: Mapping[str, Value]


class Item(NamedTuple):
    """One item of the list as it is written; None for one that is no mapping."""

    line: int
    pairs: Sequence[tuple[str, Value]] | None


class Mistakes:
    """Collects all mistakes of a file, with lines, to report them together."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.messages: list[tuple[int, str]] = []

    def add(self, line: int, message: str) -> None:
        """Add one mistake, a sentence."""
        self.messages.append((line, message))

    def check(self) -> None:
        """Raise ConfigError if there are any."""
        if self.messages:
            problems = tuple(f"{self.path.name}:{line}: {message}" for line, message in sorted(self.messages))
            raise ConfigError(f"Invalid config: {self.path}", problems)


def read_entries(path: Path, mistakes: Mistakes, keys: tuple[str, ...]) -> Iterator[Entry]:
    """Yield the entries that are mappings; unknown and repeated keys are mistakes. Raises ConfigError."""
    data = read_file(path)
    for line, pairs in _items(data, path):
        if pairs is None:
            mistakes.add(line, f"expected an entry with the keys {', '.join(keys)}")
        else:
            yield Entry(line, _checked(pairs, mistakes, keys))


def _items(data: bytes, path: Path) -> Iterable[Item]:
    items = plain_items(data)
    return yaml_items(data, path) if items is None else items


def read_file(path: Path) -> bytes:
    """Read a file. Raises ConfigError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _checked(pairs: Sequence[tuple[str, Value]], mistakes: Mistakes, keys: tuple[str, ...]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, value in pairs:
        if name not in keys:
            mistakes.add(value.line, f"there is no key {name!r}{did_you_mean(name, keys, inline=True)}")
        elif name in values:
            mistakes.add(value.line, f"{name} is given twice")
        elif not value.null:
            values[name] = value
    return values


# -- the plain form --------------------------------------------------------------------------------------------------

_TEXT = r"[A-Za-z0-9_./(\\^$][A-Za-z0-9_./*+()\\^$|?<>=@~\- ]*"
"""Text that YAML reads as it stands: no quote, no colon, no number sign, and no mark at its start."""
_QUOTED = r"\"[A-Za-z0-9_./*+()^$|?<>=@~\-]*\""
_WORD = r"[A-Za-z0-9_./][A-Za-z0-9_./*+()^$@-]*"
_COMMENT = r"(?: +#.*)? *"
_LIST = rf"\[ *{_WORD}(?: *, *{_WORD})* *\]"
_PAIR = re.compile(rf"(?:- |  )([a-z_]+):(?: +(?:({_TEXT}|{_QUOTED})|({_LIST})))?{_COMMENT}")
_ITEM = re.compile(rf"( {{2,}})- +({_TEXT}|{_QUOTED}){_COMMENT}")
_BLANK = re.compile(r" *(?:#.*)?")
_NULLS = frozenset({"null", "Null", "NULL"})


def plain_items(data: bytes) -> list[Item] | None:
    """Read a file in the plain form; None for any other, which may still be YAML."""
    if not data.isascii() or b"\r" in data or b"\t" in data:
        return None
    reader = _PlainReader()
    for number, line in enumerate(data.decode("ascii").split("\n"), 1):
        if not _BLANK.fullmatch(line) and not reader.read(number, line):
            return None
    return reader.items


class _PlainReader:
    """Reads lines; a key without a value may have a list below it, all of it indented alike."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._pairs: list[tuple[str, Value]] = []
        self._indent = ""

    def read(self, number: int, line: str) -> bool:
        """Read a line that is not blank; tell whether it is in the plain form."""
        pair = _PAIR.fullmatch(line)
        if pair is None:
            item = _ITEM.fullmatch(line)
            return item is not None and self._append(item[1], item[2])
        if line[0] == "-":
            self._pairs = []
            self.items.append(Item(number, self._pairs))
        texts = _texts(pair[2], pair[3])
        self._indent = ""
        self._pairs.append((pair[1], Value(number, texts or None, not texts)))
        return bool(self.items) and not _NULLS.intersection(texts)

    def _append(self, indent: str, text: str) -> bool:
        if not self._pairs or text.rstrip() in _NULLS:
            return False
        name, value = self._pairs[-1]
        if self._indent not in {"", indent} or (not self._indent and value.texts):
            return False
        self._indent = indent
        self._pairs[-1] = (name, Value(value.line, (*(value.texts or ()), _text(text))))
        return True


def _text(written: str) -> str:
    return written[1:-1] if written[0] == '"' else written.rstrip()


def _texts(text: str | None, flow: str | None) -> tuple[str, ...]:
    if text is not None:
        return (_text(text),)
    return tuple(word.strip() for word in flow[1:-1].split(",")) if flow else ()


# -- any other form --------------------------------------------------------------------------------------------------

_NULL_TAG = "tag:yaml.org,2002:null"


def yaml_items(data: bytes, path: Path) -> Iterator[Item]:
    """Yield the items of the list. Raises ConfigError for what is not a list, with line and column."""
    import yaml

    node = compose_list(data, path)
    for item in node.value if node else ():
        line = item.start_mark.line + 1
        yield Item(line, [_pair(*pair) for pair in item.value] if isinstance(item, yaml.MappingNode) else None)


def compose_list(data: bytes, path: Path) -> yaml.SequenceNode | None:
    """Compose the list; None for an empty file. Raises ConfigError with line and column."""
    import yaml

    from ahjo_tasks.config.document import decode
    from ahjo_tasks.config.yaml_text import parse

    node = parse(decode(data, path.name), path.name)[1]
    if node is None or node.tag == _NULL_TAG or isinstance(node, yaml.SequenceNode):
        return node if isinstance(node, yaml.SequenceNode) else None
    raise ConfigError(f"{path}: expected an array, one entry after each dash")


def _pair(key: yaml.Node, node: yaml.Node) -> tuple[str, Value]:
    null = node.tag == _NULL_TAG
    return str(key.value), Value(key.start_mark.line + 1, None if null else _node_texts(node), null)


def _node_texts(node: Any) -> tuple[str, ...] | None:
    import yaml

    if isinstance(node, yaml.ScalarNode):
        return (node.value,)
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return tuple(item.value for item in node.value if item.tag != _NULL_TAG)
    return None
