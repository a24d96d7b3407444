"""From a tree to YAML that version 1.1 and 1.2 read alike."""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left
from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from ahjo_tasks.config import yaml_text
from ahjo_tasks.config.convert.tree import Attaching, Entry, Group, Scalar, Tree, inline, trimmed
from ahjo_tasks.config.json_text import position
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ahjo_tasks.config.convert.tree import Lines

_COMMENT = re.compile(r"#([^\r\n]*)")
_HEADER = re.compile(r"[|>][^\r\n#]*[ \t]#([^\r\n]*)")
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
MOST_VALUES = 100_000
"""Aliases of aliases can stand for more values than any memory holds."""


Place = tuple[int, int]
"""Line and column, from 0."""


class Comment(NamedTuple):
    """A comment without its mark, and where it stands, from 0."""

    line: int
    column: int
    text: str


def read_yaml(text: str, name: str) -> Tree:
    """Read a text. Raises ConfigError for what is no YAML, or has values that are none of JSON's."""
    yaml_text.parse(text, name)
    node = yaml.compose(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # not yet changed by merge keys
    tokens = list(yaml.scan(text, yaml.SafeLoader))
    dashes = [_start(token) for token in tokens if isinstance(token, yaml.BlockEntryToken)]
    return _Reader(list(_comments(text, tokens)), dashes, name).tree(node)


def _comments(text: str, tokens: Iterable[yaml.Token]) -> Iterator[Comment]:
    """Every comment stands between two tokens, but the one behind the `|` of a block of text."""
    end = 0
    for token in tokens:
        start = token.start_mark.index
        yield from (_comment(text, match) for match in _COMMENT.finditer(text, end, start))
        if isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}:
            header = _HEADER.match(text, start)
            if header:
                yield _comment(text, header)
        end = token.end_mark.index


def _comment(text: str, match: re.Match[str]) -> Comment:
    line, column = position(text, match.start(1) - 1)
    return Comment(line - 1, column - 1, match[1].rstrip())


class _Reader:
    def __init__(self, comments: list[Comment], dashes: list[Place], name: str) -> None:
        self._name = name
        self._comments = comments[::-1]
        self._dashes: dict[int, list[Place]] = defaultdict(list)
        for line, column in dashes:
            self._dashes[column].append((line, column))
        self._attaching = Attaching()
        self._done: set[int] = set()
        self._open: set[int] = set()
        self._count = 0

    def tree(self, node: yaml.Node | None) -> Tree:
        root = Entry(value=Group(is_list=False))
        if node is not None:
            self._value(root, node, -1)
        self._pass(None)
        return Tree(root, trimmed(self._attaching.take()))

    def _pass(self, end: Place | None, column: int = -1) -> None:
        """Hand on the comments before a place, up to the first on a line of its own that is not right of `column`."""
        while self._comments and (end is None or self._comments[-1][:2] < end):
            comment = self._comments[-1]
            if comment.line != self._attaching.position and comment.column <= column:
                return
            self._comments.pop()
            self._attaching.comment([comment.text], comment.line, comment.line)

    def _value(self, entry: Entry, node: yaml.Node, column: int) -> None:
        self._count += 1
        if self._count > MOST_VALUES or id(node) in self._open:
            raise ConfigError(f"{self._place(node)}: aliases that stand for too many values")
        self._open.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            entry.value = self._scalar(node)
        else:
            entry.value = self._group(entry, node, column)
        self._open.remove(id(node))
        self._done.add(id(node))

    def _scalar(self, node: yaml.ScalarNode) -> Scalar:
        if id(node) not in self._done:
            last = node.end_mark.line
            if node.style in {"|", ">"}:  # it ends where the next line begins
                self._attaching.word(node.start_mark.line, last - 1)
            else:
                self._attaching.word(last, last)
        return Scalar(self._constructed(node), "" if node.style else node.value)

    def _constructed(self, node: yaml.ScalarNode) -> Any:
        value = yaml.SafeLoader("").construct_object(node)
        if isinstance(value, date):
            return node.value  # JSON has no dates
        if value is not None and not isinstance(value, str | int | float):
            raise ConfigError(f"{self._place(node)}: a value that JSON has no form for")
        return value

    def _group(self, entry: Entry, node: Any, column: int) -> Group:
        if node.tag not in {f"{_TAG}map", f"{_TAG}seq"}:
            raise ConfigError(f"{self._place(node)}: a value that JSON has no form for")
        first = id(node) not in self._done
        group = Group(is_list=isinstance(node, yaml.SequenceNode))
        if first and node.flow_style:
            self._attaching.word(node.start_mark.line, node.start_mark.line)
        for key, value in self._items(node):
            self._item(group, key, value, node)
        if first:
            self._pass(_end(node), -1 if node.flow_style else column)
            group.end = trimmed(self._attaching.take())
            self._close(entry, node)
        said = group.end or any(one.before or one.beside or one.after for one in group.entries)
        one_line = node.start_mark.line == node.end_mark.line
        group.inline = bool(node.flow_style) and one_line and not said
        return group

    def _item(self, group: Group, key: yaml.Node | None, value: yaml.Node, owner: Any) -> None:
        entry = Entry()
        if id(value) not in self._done:  # an alias stands where its anchor is
            line, column = _start(key) if key is not None else self._item_start(value, owner)
            self._pass((line, column))
            self._attaching.starts(entry, line)
            line = key.end_mark.line if key is not None else line
            self._attaching.word(line, line)
        if key is not None:
            entry.key = self._key(key)
        self._value(entry, value, owner.start_mark.column)
        group.entries.append(entry)

    def _item_start(self, item: yaml.Node, owner: Any) -> Place:
        """The dash of an item, where it has one."""
        start = _start(item)
        if owner.flow_style:
            return start
        dashes = self._dashes[owner.start_mark.column]
        return dashes[bisect_left(dashes, start) - 1]

    def _close(self, entry: Entry, node: Any) -> None:
        if node.flow_style:
            self._attaching.word(node.end_mark.line, node.end_mark.line)
            if node.start_mark.line != node.end_mark.line:
                self._attaching.closes(entry)

    def _items(self, node: Any) -> Iterator[tuple[yaml.Node | None, yaml.Node]]:
        if isinstance(node, yaml.SequenceNode):
            yield from ((None, item) for item in node.value)
            return
        own = [pair for pair in node.value if pair[0].tag != _MERGE]
        taken = {key.value for key, _ in own}
        if len(taken) < len(own):
            raise ConfigError(f"{self._place(node)}: a key in this mapping is given twice")
        for key, value in node.value:
            if key.tag != _MERGE:
                yield key, value
                continue
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                fresh = [pair for pair in self._items(source) if pair[0] is not None and pair[0].value not in taken]
                taken |= {pair[0].value for pair in fresh if pair[0] is not None}
                yield from fresh

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise ConfigError(f"{self._place(node)}: a key that is no text")
        return str(node.value)

    def _place(self, node: yaml.Node) -> str:
        return f"{self._name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _start(node: yaml.Node | yaml.Token) -> Place:
    return node.start_mark.line, node.start_mark.column


def _end(node: yaml.Node) -> Place:
    return node.end_mark.line, node.end_mark.column


# Texts that need no quotes wherever they stand: words, names, paths and versions, with single blanks between.
_PLAIN = re.compile(r"[^\W\d][\w.+/@$()%-]*(?:[ ][\w.+/@$()%-]+)*|(?:\./|/)[\w./-]+|\d+(?:\.\d+){2,}")
_TEXT = "tag:yaml.org,2002:str"
# What only one of the two versions takes for something else than a text.
_DOUBTFUL = re.compile(r"(?:y|n|yes|no|on|off|true|false|null|nan|inf)", re.IGNORECASE)
_HALF = re.compile(r"[\ud800-\udfff]")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")


def write_yaml(tree: Tree) -> str:
    """The text. Raises ConfigError for a number that is too large."""
    head = [*tree.root.before, *tree.root.beside]
    root = tree.root.value
    lines = [*_said(head, ""), *([""] if head else [])]
    if isinstance(root, Group) and root.entries:
        lines += _entries(root, "")
    else:
        lines += [_inline(root), *_said(root.end if isinstance(root, Group) else [], "")]
    return "\n".join([*lines, *_said([*tree.root.after, *tree.tail], "")]) + "\n"


def _said(lines: Lines, indent: str) -> Iterator[str]:
    for line in lines:
        yield "" if line is None else f"{indent}#{_UNPRINTABLE.sub('?', line)}"


def _entries(group: Group, indent: str) -> Iterator[str]:
    for number, entry in enumerate(group.entries):
        before = entry.before if number or entry.before[:1] != [None] else entry.before[1:]
        yield from _said(before, indent)
        yield from _entry(entry, indent)
    yield from _said(group.end, indent)


def _entry(entry: Entry, indent: str) -> Iterator[str]:
    key = "-" if entry.key is None else f"{_text(entry.key)}:"
    value = entry.value
    if isinstance(value, Scalar) or value.inline or not (value.entries or value.end):
        yield f"{indent}{key} {_inline(value)}{_beside([*entry.beside, *entry.after])}"
        return
    inner = indent + "  "
    if not value.entries:
        yield f"{indent}{key} {_inline(value)}{_beside(entry.beside)}"
        yield from _said(value.end, inner)
    else:
        lines = list(_entries(value, inner))
        if entry.key is None and not entry.beside and not value.entries[0].before:
            lines[0] = f"{indent}- {lines[0].removeprefix(inner)}"
        else:
            yield f"{indent}{key}{_beside(entry.beside)}"
        yield from lines
    yield from _said(list(entry.after), inner)


def _beside(texts: list[str]) -> str:
    return f"  #{_UNPRINTABLE.sub('?', ' '.join(texts))}" if texts else ""


def _inline(value: Scalar | Group) -> str:
    return inline(value, _scalar, _text)


def _scalar(scalar: Scalar) -> str:
    value = scalar.value
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if not math.isfinite(value):
        raise ConfigError("a number is too large for YAML")
    if scalar.raw and re.fullmatch(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", scalar.raw):
        return scalar.raw
    return str(yaml.safe_dump(value)).partition("\n")[0]


def _text(value: str) -> str:
    """Bare where every reader takes it for a text, else in double quotes, where JSON's escapes are YAML's."""
    if _PLAIN.fullmatch(value) and not _DOUBTFUL.fullmatch(value) and _resolved(value) == _TEXT:
        return value
    if _HALF.search(value):
        raise ConfigError("YAML cannot hold half a character, a lone surrogate \\ud800 to \\udfff")
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(_escaped, quoted)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _resolved(value: str) -> str:
    resolver = yaml.SafeLoader("")
    return str(resolver.resolve(yaml.ScalarNode, value, (True, False)))  # type: ignore[no-untyped-call]
