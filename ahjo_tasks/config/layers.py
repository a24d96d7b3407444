"""Layers of a config: the file, its local override file and the environment; the later one wins."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.config.document import Document, read_config
from ahjo_tasks.errors import AhjoError, ConfigError
from ahjo_tasks.utils import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PREFIX = "AHJO_"
PLACEHOLDER = "$"
OWNER_ONLY = 0o600
CALLER = "the caller"
"""The origin of keys that a program gives."""
_NO_SETTINGS = ("CONFIG_PATH", "NON_INTERACTIVE", "CONFIRM_DATABASE", "STRICT_SKIPS")
_OPTIONS = "sqlalchemy."


@dataclass(frozen=True)
class ConfigLayer:
    """Values of one source. `locate` returns the origin of a key: a file and line, or the name of a variable."""

    values: Mapping[str, Any]
    locate: Callable[[str], str]
    is_text: bool = False


def file_layer(document: Document) -> ConfigLayer:
    """Return the BACKEND section of a file, or the whole file when it has none."""
    section = document.value.get("BACKEND")
    if section is not None and not isinstance(section, dict):
        raise ConfigError(f"{_position(document, ('BACKEND',))}: BACKEND: expected an object")
    if section is None:
        _refuse_misspelt_section(document)
    values = section or {key: value for key, value in document.value.items() if key not in ("BACKEND", "LOCAL")}
    path = ("BACKEND",) if section else ()
    flat = _flatten_options({key: value for key, value in values.items() if isinstance(key, str)})
    return ConfigLayer(flat, lambda key: _position(document, (*path, key)))


def _refuse_misspelt_section(document: Document) -> None:
    for key, value in document.value.items():
        if isinstance(value, dict) and closest(str(key).upper(), ["BACKEND"], cutoff=0.75):
            raise ConfigError(
                f"{_position(document, (key,))}: {key}: the section is called BACKEND, in capital letters"
            )


def local_document(document: Document, folder: Path) -> tuple[Document | None, tuple[str, ...]]:
    """Read the file that the top-level key LOCAL names, and return its warnings; a missing file is a warning.

    A relative path starts from the config's folder, else from the working directory.
    """
    name = document.value.get("LOCAL")
    if name is None:
        return None, ()
    if not isinstance(name, str):
        raise ConfigError(f"{_position(document, ('LOCAL',))}: LOCAL: expected the path of a file")
    path = next((path for path in (folder / name, Path(name)) if path.is_file()), None)
    if path is None:
        return None, (f"{_position(document, ('LOCAL',))}: LOCAL: the file {name} is missing",)
    local = read_config(path)
    return local, local.warnings


def environment_layer(environ: Mapping[str, str], keys: Iterable[str]) -> ConfigLayer:
    """Return the variables `AHJO_<KEY>` of the keys, and `AHJO_SQLALCHEMY_<OPTION>`; empty ones are ignored."""
    variables = _variables(environ)
    names = {_variable_name(key): key for key in keys}
    options = {name: _option(name) for name in variables if _option(name) and name not in names}
    values = {key: variables[name] for name, key in (options | names).items() if name in variables}
    return ConfigLayer(values, _variable_name, is_text=True)


def caller_layer(values: Mapping[str, Any]) -> ConfigLayer:
    """Return the keys that a program gives."""
    return ConfigLayer(_flatten_options(dict(values)), lambda _key: CALLER)


def unused_variables(environ: Mapping[str, str], layer: ConfigLayer) -> tuple[str, ...]:
    """Return the `AHJO_` variables that the layer has no key for."""
    used = {_variable_name(key) for key in layer.values}
    return tuple(name for name in _variables(environ) if name not in used)


def parse_variable(text: str) -> Any:
    """Parse the text of a variable as JSON; text that is not JSON stays text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def merge(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Return both mappings merged at every depth; neither is changed."""
    result = {**base, **override}
    nested = (key for key in base if isinstance(base[key], dict) and isinstance(override.get(key), dict))
    return result | {key: merge(base[key], override[key]) for key in nested}


def _position(document: Document, path: tuple[str, ...]) -> str:
    line = document.lines.get(path)
    return document.name if line is None else f"{document.name}:{line}"


def _flatten_options(values: dict[str, Any]) -> dict[str, Any]:
    """Write the options under a key `sqlalchemy` as the keys `sqlalchemy.<option>`."""
    options = values.get("sqlalchemy")
    if not isinstance(options, dict):
        return values
    others = {key: value for key, value in values.items() if key != "sqlalchemy"}
    return {f"{_OPTIONS}{option}": value for option, value in options.items()} | others


def _variable_name(key: str) -> str:
    return PREFIX + key.replace(".", "_").upper()


def _option(name: str) -> str:
    """Return the key of the engine option that a variable sets, or an empty text."""
    prefix = PREFIX + "SQLALCHEMY_"
    return _OPTIONS + name.removeprefix(prefix).lower() if name.startswith(prefix) else ""


def _is_setting(name: str) -> bool:
    suffix = name.removeprefix(PREFIX)
    return suffix not in _NO_SETTINGS and not suffix.startswith("TEST_")


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in environ.items() if name.startswith(PREFIX) and text and _is_setting(name)}


class LocalFile(NamedTuple):
    """A local override file to create: its path and its text."""

    path: Path
    text: str
    to_fill_in: int
    """Number of top-level sections with a value to fill in."""

    def write(self) -> None:
        """Create the file, readable by its owner alone, because passwords will be written into it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(self.text)


def local_file(config: Path | None) -> LocalFile:
    """Return the file that the config's key LOCAL names, with the keys whose value is `$`, nesting kept.

    Raises ConfigError without such a key, AhjoError when the file exists; an existing file is never changed.
    """
    if config is None:
        raise ConfigError("No config is named.", hint="inv init-config --config dev.jsonc")
    value = read_config(config).value
    name = value.get("LOCAL")
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{config.name}: there is no top-level key LOCAL with a path.")
    path = config.parent / name
    if path.exists():
        raise AhjoError(f"{path} exists already; it was not changed.")
    to_fill_in = placeholders(value) or {}
    return LocalFile(path, json.dumps(to_fill_in, indent=4, ensure_ascii=False) + "\n", len(to_fill_in))


def placeholders(value: Any) -> Any:
    """Return the part of a value whose leaves are `$`, or lists that hold one; None when there is none."""
    if isinstance(value, dict):
        parts = {key: part for key, item in value.items() if (part := placeholders(item)) is not None}
        return parts or None
    if isinstance(value, list):
        return value if PLACEHOLDER in value else None
    return value if value == PLACEHOLDER else None
