"""Convert a config between JSON and YAML: values stay exact, comments and the order of keys stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.config.convert.commented import Collection, CommentedDocument, Scalar
from ahjo_tasks.config.document import decode, unknown_format
from ahjo_tasks.errors import AhjoError, ConfigError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("json", "jsonc", "yaml", "yml")
LOST_COMMENTS = "JSON has no comments: {} of them are left out; the format jsonc keeps them."


class Converted(NamedTuple):
    """The new text, with warnings of lost comments and of ambiguous values."""

    text: str
    warnings: tuple[str, ...] = ()


def convert(path: Path, target: str) -> Converted:
    """Convert a file to a format of FORMATS. Raises ConfigError for a file that cannot be read or converted."""
    source = path.suffix.lower().removeprefix(".")
    if source not in FORMATS:
        raise unknown_format(path)
    try:
        text = decode(path.read_bytes(), path.name)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return _converted(text, path.name, source, target)
    except RecursionError:
        raise ConfigError(f"{path.name}: too many levels inside each other") from None


def _converted(text: str, name: str, source: str, target: str) -> Converted:
    document = _read(text, name, source)
    if not isinstance(document.root.value, Collection) or document.root.value.is_list:
        raise ConfigError(f"{name}: expected an object at the top of the file")
    if target == source or (target, source) in {("yaml", "yml"), ("yml", "yaml"), ("jsonc", "json")}:
        return Converted(text)
    written = _write(document, target)
    if values(_read(written, name, target)) != values(document):
        raise AhjoError(f"{name} cannot be converted to {target} without changing a value; nothing was written.")
    lost = _count_comments(document) if target == "json" else 0
    return Converted(written, (*_ambiguous_values(text, name, source), *([LOST_COMMENTS.format(lost)] if lost else [])))


def _ambiguous_values(text: str, name: str, kind: str) -> tuple[str, ...]:
    """Return warnings of values that the two versions of YAML read differently."""
    if kind not in {"yaml", "yml"}:
        return ()
    from ahjo_tasks.config.yaml_text import parse, warnings

    return warnings(parse(text, name)[1], name)


def _read(text: str, name: str, kind: str) -> CommentedDocument:
    if kind in {"yaml", "yml"}:
        from ahjo_tasks.config.convert.yaml_format import read_yaml

        return read_yaml(text, name)
    from ahjo_tasks.config.convert.json_format import read_json

    return read_json(text, name)


def _write(document: CommentedDocument, kind: str) -> str:
    if kind in {"yaml", "yml"}:
        from ahjo_tasks.config.convert.yaml_format import write_yaml

        return write_yaml(document)
    from ahjo_tasks.config.convert.json_format import write_json

    return write_json(document, comments=kind == "jsonc")


def values(document: CommentedDocument) -> Any:
    """Return the values of a document with their types and the order of their keys, to compare them."""
    return _plain(document.root.value)


def _plain(value: Scalar | Collection) -> Any:
    if isinstance(value, Scalar):
        return type(value.value).__name__, value.value
    if value.is_list:
        return [_plain(entry.value) for entry in value.entries]
    return [(entry.key, _plain(entry.value)) for entry in value.entries], "mapping"


def _count_comments(document: CommentedDocument) -> int:
    root = document.root
    lines = [*root.before, *root.trailing, *root.after, *document.end_comments]
    return sum(line is not None for line in lines) + _comments_in(root.value)


def _comments_in(value: Scalar | Collection) -> int:
    if isinstance(value, Scalar):
        return 0
    lines = [line for entry in value.entries for line in (*entry.before, *entry.trailing, *entry.after)]
    count = sum(line is not None for line in (*lines, *value.end_comments))
    return count + sum(_comments_in(entry.value) for entry in value.entries)


def check_format(target: str, path: Path) -> None:
    """Raise UsageError for an unknown format, or one that the suffix of the new file contradicts."""
    if target not in FORMATS:
        raise UsageError(f"There is no format {target!r}.", hint=f"One of: {', '.join(FORMATS)}.")
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS or suffix[0] != target[0]:
        raise UsageError(f"{path} would not be read as {target}: the suffix tells the format.", hint=f"Use .{target}.")
