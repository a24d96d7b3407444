"""Read a JSON or YAML file into plain values, with the line of each key."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

SECTION = re.compile(rb"""(?:^|[{,])\s*["']?BACKEND["']?\s*:""", re.MULTILINE)
LOCAL = re.compile(rb"""(?:^|[{,])\s*["']?LOCAL["']?\s*:\s*["']?([^"',\r\n]+)""", re.MULTILINE)

MAX_VALUES = 100_000
"""Values of a file, those that aliases stand for counted each time."""
KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """The object of a file. `value` is as parsed, not to be changed; `lines` is computed on first use."""

    name: str
    value: dict[str, Any]
    warnings: tuple[str, ...] = ()
    find_lines: Callable[[], Iterable[tuple[KeyPath, int]]] = field(default=tuple, repr=False, compare=False)

    @cached_property
    def lines(self) -> Mapping[KeyPath, int]:
        """Line of each key path, from 1; of a key given twice, the line that counts."""
        return dict(self.find_lines())

    def __repr__(self) -> str:
        """Return the file name only: the values may be secret."""
        return f"<Document {self.name}>"


def read(path: Path) -> Document:
    """Read a `.json`, `.jsonc`, `.yaml` or `.yml` file. Raises ConfigError with line and column, never the text."""
    return _parse(*_content(path))


def _content(path: Path) -> tuple[bytes, str, str]:
    """Return the bytes of a file, its name, and its suffix, which is known."""
    suffix = path.suffix.lower()
    if suffix not in _PARSERS:
        raise unknown_format(path)
    return _bytes(path), path.name, suffix


def _parse(data: bytes, name: str, suffix: str) -> Document:
    return _PARSERS[suffix](decode(data, name), name)


_parse_once = lru_cache(maxsize=8)(_parse)
"""For configs, which Invoke and the loader both read; the key is the content, so it is never stale."""


def unknown_format(path: Path) -> ConfigError:
    """Return the error for a file with another suffix."""
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
        raise ConfigError(
            f"{path}: no such file", hint="Check the path: of --config, AHJO_CONFIG_PATH or namespace(config=...)."
        ) from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _json(text: str, name: str) -> Document:
    from ahjo_tasks.config import json_text

    value, repeats = json_text.parse(text, name)

    def find() -> Iterable[tuple[KeyPath, int]]:
        return json_text.key_lines(json_text.without_comments(text))

    return Document(name, _object(value, name), _repeated_key_warnings(name, find()) if repeats else (), find)


def _yaml(text: str, name: str) -> Document:
    from ahjo_tasks.config import yaml_text

    value, node = yaml_text.parse(text, name)

    def find() -> Iterable[tuple[KeyPath, int]]:
        return ((key.path, key.line) for key in yaml_text.keys(node))

    return Document(name, _object(value, name), yaml_text.warnings(node, name), find)


_PARSERS: dict[str, Callable[[str, str], Document]] = {".json": _json, ".jsonc": _json, ".yaml": _yaml, ".yml": _yaml}
CONFIG_SUFFIXES = tuple(_PARSERS)


def configs_in(folder: Path) -> list[Path]:
    """List the configs of a folder: files with a BACKEND section, but for Invoke's own and those named as LOCAL."""
    files = [path for path in folder.iterdir() if path.suffix.lower() in _PARSERS and path.is_file()]
    texts = {path: path.read_bytes() for path in sorted(files) if path.stem != "invoke"}
    local = {
        folder / match[1].decode(errors="replace").strip() for text in texts.values() if (match := LOCAL.search(text))
    }
    return [path for path, text in texts.items() if SECTION.search(text) and path not in local]


def _object(value: object, name: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise ConfigError(f"{name}: expected an object at the top of the file")


def read_config(path: Path) -> Document:
    r"""Read a file as `read` does, for those that go through all its values.

    Refuses an alias of YAML in its own value, aliases of aliases that stand for a file of any size, and half of a
    surrogate pair, as `"\ud800"`, which no server takes. Raises ConfigError.
    """
    document = _parse_once(*_content(path))
    sizes: dict[int, int] = {}
    for key, value in document.value.items():
        reason = _refused(key, sizes) or _refused(value, sizes)
        if reason:
            line = document.lines.get((key,))
            raise ConfigError(f"{document.name}{f':{line}' if line else ''}: {reason}")
    return document


def _refused(value: object, sizes: dict[int, int]) -> str:
    try:
        _size(value, sizes)
    except ValueError as error:
        return str(error)
    return ""


def _size(value: object, sizes: dict[int, int]) -> int:
    """Count the values in a value, each as often as it is in it. Raises ValueError with the reason to refuse it."""
    if isinstance(value, str) and not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("a text holds half of a surrogate pair, which is not a character")
    if not isinstance(value, dict | list):
        return 1
    size = sizes.get(id(value))
    if size == 0:
        raise ValueError("an alias stands for a value that it is in")
    if size is None:
        sizes[id(value)] = 0
        parts = (*value, *value.values()) if isinstance(value, dict) else value
        size = sizes[id(value)] = 1 + sum(_size(part, sizes) for part in parts)
    if size > MAX_VALUES:
        raise ValueError(f"aliases make more than {MAX_VALUES} values of this")
    return size


def _repeated_key_warnings(name: str, key_lines: Iterable[tuple[KeyPath, int]]) -> tuple[str, ...]:
    seen: set[KeyPath] = set()
    warnings = []
    for path, line in key_lines:
        if path in seen:
            warnings.append(f"{name}:{line}: {'.'.join(map(str, path))} is given twice; the last one counts")
        seen.add(path)
    return tuple(warnings)
