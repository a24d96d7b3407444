"""A config from one format to another: values exactly, comments and the order of keys as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.config.convert.tree import Group, Scalar, Tree
from ahjo_tasks.config.document import decode, unknown_format
from ahjo_tasks.errors import AhjoError, ConfigError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = ("json", "jsonc", "yaml", "yml")
LOST = "JSON has no comments: {} of them are left out; the format jsonc keeps them."


class Converted(NamedTuple):
    """The new text, and what its reader should know: comments that are lost, values that may have meant another."""

    text: str
    warnings: tuple[str, ...] = ()


def convert(path: Path, target: str) -> Converted:
    """Convert a file to a format of FORMATS. Raises ConfigError for a file that cannot be read or said in it."""
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
    tree = _read(text, name, source)
    if not isinstance(tree.root.value, Group) or tree.root.value.is_list:
        raise ConfigError(f"{name}: expected an object at the top of the file")
    if target == source or (target, source) in {("yaml", "yml"), ("yml", "yaml"), ("jsonc", "json")}:
        return Converted(text)
    written = _write(tree, target)
    if values(_read(written, name, target)) != values(tree):
        raise AhjoError(f"{name} cannot be said in {target} without changing a value; nothing was written.")
    lost = _comments(tree) if target == "json" else 0
    return Converted(written, (*_doubtful(text, name, source), *([LOST.format(lost)] if lost else [])))


def _doubtful(text: str, name: str, kind: str) -> tuple[str, ...]:
    """Values that the two versions of YAML read differently."""
    if kind not in {"yaml", "yml"}:
        return ()
    from ahjo_tasks.config.yaml_text import parse, warnings

    return warnings(parse(text, name)[1], name)


def _read(text: str, name: str, kind: str) -> Tree:
    if kind in {"yaml", "yml"}:
        from ahjo_tasks.config.convert.yaml import read_yaml

        return read_yaml(text, name)
    from ahjo_tasks.config.convert.json import read_json

    return read_json(text, name)


def _write(tree: Tree, kind: str) -> str:
    if kind in {"yaml", "yml"}:
        from ahjo_tasks.config.convert.yaml import write_yaml

        return write_yaml(tree)
    from ahjo_tasks.config.convert.json import write_json

    return write_json(tree, comments=kind == "jsonc")


def values(tree: Tree) -> Any:
    """The values of a tree with their types and the order of their keys, to be compared."""
    return _plain(tree.root.value)


def _plain(value: Scalar | Group) -> Any:
    if isinstance(value, Scalar):
        return type(value.value).__name__, value.value
    if value.is_list:
        return [_plain(entry.value) for entry in value.entries]
    return [(entry.key, _plain(entry.value)) for entry in value.entries], "mapping"


def _comments(tree: Tree) -> int:
    said = [*tree.root.before, *tree.root.beside, *tree.root.after, *tree.tail]
    return sum(line is not None for line in said) + _comments_in(tree.root.value)


def _comments_in(value: Scalar | Group) -> int:
    if isinstance(value, Scalar):
        return 0
    said = [line for one in value.entries for line in (*one.before, *one.beside, *one.after)]
    own = sum(line is not None for line in (*said, *value.end))
    return own + sum(_comments_in(one.value) for one in value.entries)


def check_format(target: str, path: Path) -> None:
    """Raise UsageError for a format that there is not, or that the ending of the new file contradicts."""
    if target not in FORMATS:
        raise UsageError(f"There is no format {target!r}.", hint=f"One of: {', '.join(FORMATS)}.")
    ending = path.suffix.lower().removeprefix(".")
    if ending not in FORMATS or ending[0] != target[0]:
        raise UsageError(f"{path} would not be read as {target}: the ending tells the format.", hint=f"Use .{target}.")
