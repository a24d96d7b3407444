"""A YAML file that is a list of entries, each with its line; all that is written is text, whatever it looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from ahjo_tasks.config.document import decode
from ahjo_tasks.config.yaml_text import parse
from ahjo_tasks.errors import ConfigError
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_NULL = "tag:yaml.org,2002:null"


class Value(NamedTuple):
    """What stands behind a key: its texts, or None where that is neither a text nor a list of them."""

    line: int
    texts: tuple[str, ...] | None


class Entry(NamedTuple):
    """One item of the list: its keys, or None where it has none."""

    line: int
    values: Mapping[str, Value] | None


class Mistakes:
    """Collects every mistake of a file, with lines, to be told at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: list[tuple[int, str]] = []

    def add(self, line: int, message: str) -> None:
        """One mistake, in a sentence."""
        self.found.append((line, message))

    def check(self) -> None:
        """Raise ConfigError if there are any."""
        if self.found:
            problems = tuple(f"{self.path.name}:{line}: {message}" for line, message in sorted(self.found))
            raise ConfigError(f"Invalid config: {self.path}", problems)


def read_entries(path: Path, mistakes: Mistakes, keys: tuple[str, ...]) -> Iterator[Entry]:
    """Yield the entries that are mappings; unknown and repeated keys are mistakes."""
    node = read_node(path)
    for item in node.value if isinstance(node, yaml.SequenceNode) else ():
        line = item.start_mark.line + 1
        if isinstance(item, yaml.MappingNode):
            yield Entry(line, _values(item, mistakes, keys))
        else:
            mistakes.add(line, f"expected an entry with the keys {', '.join(keys)}")


def read_node(path: Path) -> yaml.Node | None:
    """The file's list as PyYAML composes it; None for an empty file. Raises ConfigError with line and column."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    node = parse(decode(data, path.name), path.name)[1]
    if node is None or node.tag == _NULL or isinstance(node, yaml.SequenceNode):
        return node if isinstance(node, yaml.SequenceNode) else None
    raise ConfigError(f"{path}: expected an array, one entry after each dash")


def _values(item: yaml.MappingNode, mistakes: Mistakes, keys: tuple[str, ...]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for key, node in item.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name not in keys:
            mistakes.add(line, f"there is no key {name!r}{did_you_mean(name, keys, inline=True)}")
        elif name in values:
            mistakes.add(line, f"{name} is given twice")
        elif node.tag != _NULL:
            values[name] = Value(line, _texts(node))
    return values


def _texts(node: Any) -> tuple[str, ...] | None:
    if isinstance(node, yaml.ScalarNode):
        return (node.value,)
    if isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        return tuple(item.value for item in node.value if item.tag != _NULL)
    return None
