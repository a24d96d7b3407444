"""From a tree to YAML that version 1.1 and 1.2 read alike."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING

import yaml

from ahjo_tasks.config.convert.tree import Entry, Group, Scalar, inline
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.config.convert.tree import Lines, Tree

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
