"""Parse YAML with PyYAML (version 1.1, safe), and warn of values that version 1.2 reads differently."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from ahjo_tasks.config.json_text import MAX_DEPTH, refusal
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

Path = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
# Plain scalars with another value in 1.2, by their type in 1.1. From the resolution
# tables of the two specifications (1.1: yaml.org/type; 1.2: section 10.3).
_DIFFERS = {
    "bool": re.compile(r"(?!true$|false$)", re.IGNORECASE),
    "int": re.compile(r"[-+]?0[0-7_]+$|.*:"),
    "float": re.compile(r".*:"),
    "timestamp": re.compile(r".{11}"),
    "str": re.compile(r"[-+]?0\d+$|0o[0-7]+$|[-+]?(\.\d+|\d+(\.\d*)?)[eE][-+]?\d+$"),
}
# PyYAML and libyaml phrase the same problem differently, and either changes its words with a release.
_SENTENCES = {
    "constructor for the tag": "a tag that builds objects of a program is refused",
    "undefined alias": "an alias without an anchor of that name; quote a text that begins with *",
    "mapping values are not allowed": "a colon is not allowed here; quote a text that contains one",
    "expected ':'": "expected a colon after the key",
    "',' or ']'": "expected a comma or a closing bracket",
    "',' or '}'": "expected a comma or a closing bracket",
    "cannot start any token": "a text that begins with this character must be quoted",
    "unexpected end of stream": "a text in quotes is not closed",
    "unknown escape character": "a backslash that starts no YAML escape: write it twice, or use single quotes",
}
_READ_AS = {"bool": "a boolean", "int": "an integer", "float": "a number", "timestamp": "a date", "str": "a string"}


@dataclass(frozen=True)
class KeyNode:
    """A key of a mapping: its path, and the nodes of key and value."""

    path: Path
    key: yaml.Node
    value: yaml.Node

    @property
    def line(self) -> int:
        """The line of the key, from 1."""
        return int(self.key.start_mark.line) + 1


def parse(text: str, name: str) -> tuple[Any, yaml.Node | None]:
    """Return the value, and its nodes. Raises ConfigError without any of the text."""
    _check_characters(text, name)
    _check_depth(text, name)
    loader = _LOADER(text)
    try:
        node = loader.get_single_node()
        return (None if node is None else _construct(loader, node, name)), node
    except yaml.YAMLError as error:
        raise yaml_refusal(error, name) from None
    except RecursionError:  # PyYAML without its C library
        raise ConfigError(f"{name}: too many levels inside each other") from None
    finally:
        loader.dispose()


def keys(node: yaml.Node | None) -> Iterator[KeyNode]:
    """Yield every key; a node with several aliases is visited once."""
    if node is not None:
        yield from _keys(node, (), set())


def warnings(node: yaml.Node | None, name: str) -> tuple[str, ...]:
    """Return warnings of values that the two versions of YAML read differently, and of repeated keys."""
    return tuple(_warnings(node, name))


def _construct(loader: Any, node: yaml.Node, name: str) -> Any:
    try:
        return loader.construct_document(node)
    except ValueError:
        raise ConfigError(_invalid_scalar(node, name)) from None


def _invalid_scalar(node: yaml.Node, name: str) -> str:
    """Return the message for the scalar that has the form of a date or a number and is none."""
    for scalar in _scalars(node):
        try:
            yaml.SafeLoader("").construct_object(scalar)
        except ValueError:
            return f"{_position(name, scalar.start_mark)}: a date or number that does not exist; quote a text"
    return f"{name}: a date or number that does not exist"


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, yaml.ScalarNode):
            yield current
        elif id(current) not in seen:
            seen.add(id(current))
            waiting += [part for item in current.value for part in (item if isinstance(item, tuple) else (item,))]


def _check_characters(text: str, name: str) -> None:
    match = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if match:
        raise refusal(name, text, match.start(), "a control character: write it as an escape in double quotes")


def _check_depth(text: str, name: str) -> None:
    """Refuse deep nesting before the recursive parts of PyYAML's C library."""
    depth = 0
    try:
        for event in yaml.parse(text, _LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ConfigError(f"{_position(name, event.start_mark)}: more than {MAX_DEPTH} levels")
    except yaml.YAMLError as error:
        raise _too_deep_brackets(text, name) or yaml_refusal(error, name) from None


def _too_deep_brackets(text: str, name: str) -> ConfigError | None:
    """Return the error for brackets that are too deep, which the C library refuses before its first event."""
    depth = 0
    with suppress(yaml.YAMLError):
        for token in yaml.scan(text, yaml.SafeLoader):
            depth += isinstance(token, yaml.FlowSequenceStartToken | yaml.FlowMappingStartToken)
            depth -= isinstance(token, yaml.FlowSequenceEndToken | yaml.FlowMappingEndToken)
            if depth > MAX_DEPTH:
                return ConfigError(f"{_position(name, token.start_mark)}: more than {MAX_DEPTH} levels")
    return None


def yaml_refusal(error: yaml.YAMLError, name: str) -> ConfigError:
    """Return what is wrong with a text, and where."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return ConfigError(f"{_position(name, mark)}: {_sentence(error)}")


def _position(name: str, mark: Any) -> str:
    return f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name


def _sentence(error: yaml.YAMLError) -> str:
    """Say the problem in our words, or else in PyYAML's without quotations: a quoted alias may be a password."""
    problem = str(getattr(error, "problem", None) or "this is not YAML")
    ours = next((sentence for words, sentence in _SENTENCES.items() if words in problem), None)
    if ours:
        return ours
    return re.sub(r"\s*('[^']*'|\"[^\"]*\")", "", problem).split(";")[0]


def _keys(node: yaml.Node, path: Path, seen: set[int]) -> Iterator[KeyNode]:
    if isinstance(node, yaml.ScalarNode) or id(node) in seen:
        return
    seen.add(id(node))
    for step, key, value in _children(node):
        child_path = (*path, step)
        if key is not None:
            yield KeyNode(child_path, key, value)
        yield from _keys(value, child_path, seen)


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node | None, yaml.Node]]:
    if isinstance(node, yaml.SequenceNode):
        yield from ((index, None, item) for index, item in enumerate(node.value))
    else:
        yield from ((key.value, key, item) for key, item in node.value if isinstance(key, yaml.ScalarNode))


def _warnings(node: yaml.Node | None, name: str) -> Iterator[str]:
    seen: set[tuple[Path, str]] = set()
    for key in keys(node):
        label = ".".join(str(step) for step in key.path)
        if (key.path, key.key.tag) in seen:
            yield f"{name}:{key.line}: {label} is given twice; the last one counts"
        seen.add((key.path, key.key.tag))
        yield from (f"{name}:{line}: {label}: {reason}" for line, reason in _ambiguous_scalars(key.value))


def _ambiguous_scalars(node: yaml.Node) -> Iterator[tuple[int, str]]:
    """Yield line and reason of the scalars of a value, or of its list, that the two versions read differently."""
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    for item in items:
        kind = item.tag.removeprefix(_TAG)
        if isinstance(item, yaml.ScalarNode) and not item.style and _differs(kind, item.value):
            yield (
                item.start_mark.line + 1,
                f"YAML 1.1 reads this as {_READ_AS[kind]}, YAML 1.2 differently; quote it or write it plainly",
            )


def _differs(kind: str, text: str) -> bool:
    return kind in _DIFFERS and _DIFFERS[kind].match(text) is not None
