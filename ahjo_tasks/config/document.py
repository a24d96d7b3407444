"""Read a config file, whatever its format, into plain values with the lines they came from."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A file's mapping. `value` is as parsed, not to be changed; `lines` is found when first asked for."""

    name: str
    value: dict[str, Any]
    warnings: tuple[str, ...] = ()
    find_lines: Callable[[], Iterable[tuple[KeyPath, int]]] = field(default=tuple, repr=False, compare=False)

    @cached_property
    def lines(self) -> Mapping[KeyPath, int]:
        """Line of each key path, from 1; of a key given twice, the line that counts."""
        return dict(self.find_lines())

    def __repr__(self) -> str:
        """Name the file and give nothing of it away."""
        return f"<Document {self.name}>"


def read(path: Path) -> Document:
    """Read a `.json`, `.jsonc`, `.yaml` or `.yml` file. Raises ConfigError with line and column, never the text."""
    suffix = path.suffix.lower()
    if suffix not in _PARSERS:
        raise unknown_format(path)
    return _parsed(_bytes(path), path.name, suffix)


@lru_cache(maxsize=8)
def _parsed(data: bytes, name: str, suffix: str) -> Document:
    """Parse once what Invoke and the loader both read; the key is the content itself, so it is never stale."""
    return _PARSERS[suffix](decode(data, name), name)


def unknown_format(path: Path) -> ConfigError:
    """The error for a file whose extension says nothing."""
    return ConfigError(
        f"{path}: a config file ends in {', '.join(_PARSERS)}",
        hint="Rename the file after its format.",
    )


def decode(data: bytes, name: str) -> str:
    """Return the text without its byte order mark: UTF-8, or UTF-16 when the mark says so."""
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        encoding = "UTF-16" if utf16 else "UTF-8"
        raise ConfigError(f"{name}: byte {error.start} is not {encoding}", hint="Save the file as UTF-8.") from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file", hint="Check the path given with --config.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _json(text: str, name: str) -> Document:
    from ahjo_tasks.config import json_text
    from ahjo_tasks.config.json_text import key_lines

    value, repeats = json_text.parse(text, name)

    def find() -> Iterable[tuple[KeyPath, int]]:
        return key_lines(json_text.without_comments(text))

    return Document(name, _mapping(value, name), _repeated(name, find()) if repeats else (), find)


def _yaml(text: str, name: str) -> Document:
    from ahjo_tasks.config import yaml_text

    value, node = yaml_text.parse(text, name)

    def find() -> Iterable[tuple[KeyPath, int]]:
        return ((entry.path, entry.line) for entry in yaml_text.entries(node))

    return Document(name, _mapping(value, name), yaml_text.warnings(node, name), find)


_PARSERS: dict[str, Callable[[str, str], Document]] = {".json": _json, ".jsonc": _json, ".yaml": _yaml, ".yml": _yaml}
ENDINGS = tuple(_PARSERS)
"""Of the names of config files."""


def _mapping(value: object, name: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise ConfigError(f"{name}: expected keys and values at the top of the file")


def _repeated(name: str, found: Iterable[tuple[KeyPath, int]]) -> tuple[str, ...]:
    seen: set[KeyPath] = set()
    told = []
    for path, line in found:
        if path in seen:
            told.append(f"{name}:{line}: {'.'.join(map(str, path))} is given twice; the last one counts")
        seen.add(path)
    return tuple(told)
