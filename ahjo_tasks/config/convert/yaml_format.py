"""Read and write YAML with comments; what is written reads the same in YAML 1.1 and 1.2.

Not by ruamel.yaml: it drops comments inside brackets that span lines, and reads `n` as a boolean, unlike PyYAML.
"""

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
from ahjo_tasks.config.convert import (
    Collection,
    CommentAttacher,
    CommentedDocument,
    Entry,
    Scalar,
    format_on_one_line,
    strip_blank_lines,
)
from ahjo_tasks.config.json_text import position
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ahjo_tasks.config.convert import CommentLines

_COMMENT = re.compile(r"#([^\r\n]*)")
_BLOCK_HEADER = re.compile(r"[|>][^\r\n#]*[ \t]#([^\r\n]*)")
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
MAX_VALUES = 100_000  # aliases of aliases can stand for more values than fit into memory

Position = tuple[int, int]
"""Line and column, from 0."""


class Comment(NamedTuple):
    """A comment without its `#`; line and column count from 0."""

    line: int
    column: int
    text: str


def read_yaml(text: str, name: str) -> CommentedDocument:
    """Read a text. Raises ConfigError for invalid YAML and for values that JSON does not have."""
    yaml_text.parse(text, name)
    # Composed again, because constructing the value has replaced the merge keys of the first nodes.
    node = yaml.compose(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    try:
        tokens = list(yaml.scan(text, yaml.SafeLoader))
    except yaml.YAMLError as error:  # libyaml takes a little more than PyYAML itself
        raise yaml_text.yaml_refusal(error, name) from None
    dashes = [_start(token) for token in tokens if isinstance(token, yaml.BlockEntryToken)]
    return _Reader(list(_comments(text, tokens)), dashes, name).document(node)


def _comments(text: str, tokens: Iterable[yaml.Token]) -> Iterator[Comment]:
    """Yield the comments: each stands between two tokens, but for one after the `|` of a block scalar."""
    end = 0
    for token in tokens:
        start = token.start_mark.index
        yield from (_comment(text, match) for match in _COMMENT.finditer(text, end, start))
        if isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}:
            header = _BLOCK_HEADER.match(text, start)
            if header:
                yield _comment(text, header)
        end = token.end_mark.index


def _comment(text: str, match: re.Match[str]) -> Comment:
    line, column = position(text, match.start(1) - 1)
    return Comment(line - 1, column - 1, match[1].rstrip())


class _Reader:
    def __init__(self, comments: list[Comment], dashes: list[Position], name: str) -> None:
        self._name = name
        self._comments = comments[::-1]
        self._dashes: dict[int, list[Position]] = defaultdict(list)
        for line, column in dashes:
            self._dashes[column].append((line, column))
        self._attacher = CommentAttacher()
        self._done: set[int] = set()
        self._open: set[int] = set()
        self._count = 0

    def document(self, node: yaml.Node | None) -> CommentedDocument:
        root = Entry(value=Collection(is_list=False))
        if node is not None:
            self._value(root, node, -1)
        self._attach_comments(None)
        return CommentedDocument(root, strip_blank_lines(self._attacher.take()))

    def _attach_comments(self, end: Position | None, column: int = -1) -> None:
        """Attach the comments before `end`, up to the first on a line of its own that is not right of `column`."""
        while self._comments and (end is None or self._comments[-1][:2] < end):
            comment = self._comments[-1]
            if comment.line != self._attacher.line and comment.column <= column:
                return
            self._comments.pop()
            self._attacher.add_comment([comment.text], comment.line, comment.line)

    def _value(self, entry: Entry, node: yaml.Node, column: int) -> None:
        self._count += 1
        if self._count > MAX_VALUES or id(node) in self._open:
            raise ConfigError(f"{self._position(node)}: aliases that stand for too many values")
        self._open.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            entry.value = self._scalar(node)
        else:
            entry.value = self._collection(entry, node, column)
        self._open.remove(id(node))
        self._done.add(id(node))

    def _scalar(self, node: yaml.ScalarNode) -> Scalar:
        if id(node) not in self._done:
            last = node.end_mark.line
            if node.style in {"|", ">"}:  # it ends where the next line begins
                self._attacher.add_token(node.start_mark.line, last - 1)
            else:
                self._attacher.add_token(last, last)
        return Scalar(self._construct(node), "" if node.style else node.value)

    def _construct(self, node: yaml.ScalarNode) -> Any:
        value = yaml.SafeLoader("").construct_object(node)
        if isinstance(value, date):
            return node.value  # JSON has no dates
        if value is not None and not isinstance(value, str | int | float):
            raise ConfigError(f"{self._position(node)}: a value that JSON has no form for")
        return value

    def _collection(self, entry: Entry, node: Any, column: int) -> Collection:
        if node.tag not in {f"{_TAG}map", f"{_TAG}seq"}:
            raise ConfigError(f"{self._position(node)}: a value that JSON has no form for")
        first = id(node) not in self._done
        collection = Collection(is_list=isinstance(node, yaml.SequenceNode))
        if first and node.flow_style:
            self._attacher.add_token(node.start_mark.line, node.start_mark.line)
        for key, value in self._items(node):
            self._item(collection, key, value, node)
        if first:
            self._attach_comments(_end(node), -1 if node.flow_style else column)
            collection.end_comments = strip_blank_lines(self._attacher.take())
            self._close(entry, node)
        is_one_line = node.start_mark.line == node.end_mark.line
        collection.on_one_line = bool(node.flow_style) and is_one_line and not collection.has_comments
        return collection

    def _item(self, parent: Collection, key: yaml.Node | None, value: yaml.Node, owner: Any) -> None:
        entry = Entry()
        if id(value) not in self._done:  # an alias stands where its anchor is
            line, column = _start(key) if key is not None else self._item_start(value, owner)
            self._attach_comments((line, column))
            self._attacher.start(entry, line)
            line = key.end_mark.line if key is not None else line
            self._attacher.add_token(line, line)
        if key is not None:
            entry.key = self._key(key)
        self._value(entry, value, owner.start_mark.column)
        parent.entries.append(entry)

    def _item_start(self, item: yaml.Node, owner: Any) -> Position:
        """Return the position of the item's dash, or of the item in brackets."""
        start = _start(item)
        if owner.flow_style:
            return start
        dashes = self._dashes[owner.start_mark.column]
        return dashes[bisect_left(dashes, start) - 1]

    def _close(self, entry: Entry, node: Any) -> None:
        if node.flow_style:
            self._attacher.add_token(node.end_mark.line, node.end_mark.line)
            if node.start_mark.line != node.end_mark.line:
                self._attacher.close(entry)

    def _items(self, node: Any) -> Iterator[tuple[yaml.Node | None, yaml.Node]]:
        if isinstance(node, yaml.SequenceNode):
            yield from ((None, item) for item in node.value)
            return
        own = [pair for pair in node.value if pair[0].tag != _MERGE]
        names = {key.value for key, _ in own}
        if len(names) < len(own):
            raise ConfigError(f"{self._position(node)}: a key in this mapping is given twice")
        for key, value in node.value:
            if key.tag != _MERGE:
                yield key, value
                continue
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                merged = [pair for pair in self._items(source) if pair[0] is not None and pair[0].value not in names]
                names |= {pair[0].value for pair in merged if pair[0] is not None}
                yield from merged

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise ConfigError(f"{self._position(node)}: a key that is not a string")
        return str(node.value)

    def _position(self, node: yaml.Node) -> str:
        return f"{self._name}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _start(node: yaml.Node | yaml.Token) -> Position:
    return node.start_mark.line, node.start_mark.column


def _end(node: yaml.Node) -> Position:
    return node.end_mark.line, node.end_mark.column


# Texts that need no quotes in any place: words, names, paths and versions, with single spaces between.
_PLAIN = re.compile(r"[^\W\d][\w.+/@$()%-]*(?:[ ][\w.+/@$()%-]+)*|(?:\./|/)[\w./-]+|\d+(?:\.\d+){2,}")
_TEXT = "tag:yaml.org,2002:str"
# Words that only one of the two versions reads as a string.
_AMBIGUOUS = re.compile(r"(?:y|n|yes|no|on|off|true|false|null|nan|inf)", re.IGNORECASE)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")


def write_yaml(document: CommentedDocument) -> str:
    """Return the text. Raises ConfigError for infinity and for half of a surrogate pair."""
    head = [*document.root.before, *document.root.trailing]
    root = document.root.value
    lines = [*_comment_lines(head, ""), *([""] if head else [])]
    if isinstance(root, Collection) and root.entries:
        lines += _entries(root, "")
    else:
        lines += [_inline(root), *_comment_lines(root.end_comments if isinstance(root, Collection) else [], "")]
    return "\n".join([*lines, *_comment_lines([*document.root.after, *document.end_comments], "")]) + "\n"


def _comment_lines(lines: CommentLines, indent: str) -> Iterator[str]:
    for line in lines:
        yield "" if line is None else f"{indent}#{_UNPRINTABLE.sub('?', line)}"


def _entries(parent: Collection, indent: str) -> Iterator[str]:
    for index, entry in enumerate(parent.entries):
        before = entry.before if index or entry.before[:1] != [None] else entry.before[1:]
        yield from _comment_lines(before, indent)
        yield from _entry(entry, indent)
    yield from _comment_lines(parent.end_comments, indent)


def _entry(entry: Entry, indent: str) -> Iterator[str]:
    key = "-" if entry.key is None else f"{_text(entry.key)}:"
    value = entry.value
    if isinstance(value, Scalar) or value.on_one_line or not (value.entries or value.end_comments):
        yield f"{indent}{key} {_inline(value)}{_trailing([*entry.trailing, *entry.after])}"
        return
    inner = indent + "  "
    if not value.entries:
        yield f"{indent}{key} {_inline(value)}{_trailing(entry.trailing)}"
        yield from _comment_lines(value.end_comments, inner)
    else:
        lines = list(_entries(value, inner))
        if entry.key is None and not entry.trailing and not value.entries[0].before:
            lines[0] = f"{indent}- {lines[0].removeprefix(inner)}"
        else:
            yield f"{indent}{key}{_trailing(entry.trailing)}"
        yield from lines
    yield from _comment_lines(list(entry.after), inner)


def _trailing(texts: list[str]) -> str:
    return f"  #{_UNPRINTABLE.sub('?', ' '.join(texts))}" if texts else ""


def _inline(value: Scalar | Collection) -> str:
    return format_on_one_line(value, _scalar, _text)


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
    """Write a text bare where every reader takes it for a string, else in double quotes with JSON's escapes."""
    if _PLAIN.fullmatch(value) and not _AMBIGUOUS.fullmatch(value) and _resolved_tag(value) == _TEXT:
        return value
    if _SURROGATE.search(value):
        raise ConfigError("YAML cannot hold half a character, a lone surrogate \\ud800 to \\udfff")
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(_escaped, quoted)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _resolved_tag(value: str) -> str:
    resolver = yaml.SafeLoader("")
    return str(resolver.resolve(yaml.ScalarNode, value, (True, False)))  # type: ignore[no-untyped-call]
