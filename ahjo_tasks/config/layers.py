"""The places a setting can come from: the config file, its LOCAL file, the environment; the later one wins."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.config.document import Document, read
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PREFIX = "AHJO_"
_RESERVED = ("CONFIG_PATH", "NON_INTERACTIVE", "CONFIRM_DATABASE", "STRICT_SKIPS")
_OPTIONS = "sqlalchemy."


@dataclass(frozen=True)
class Layer:
    """Settings from one place. `locate` says where a key stands, as precisely as it is known."""

    values: Mapping[str, Any]
    locate: Callable[[str], str]
    is_text: bool = False


def file_layer(document: Document) -> Layer:
    """The BACKEND section of a file, or the whole file when it has none."""
    section = document.value.get("BACKEND")
    if section is not None and not isinstance(section, dict):
        raise ConfigError(f"{_place(document, ('BACKEND',))}: BACKEND: expected a mapping")
    values = section or {key: value for key, value in document.value.items() if key not in ("BACKEND", "LOCAL")}
    path = ("BACKEND",) if section else ()
    flat = _flat({key: value for key, value in values.items() if isinstance(key, str)})
    return Layer(flat, lambda key: _place(document, (*path, key)))


def local_document(document: Document, folder: Path) -> tuple[Document | None, tuple[str, ...]]:
    """Read the file that the top-level key LOCAL names, beside the config first; a missing one is a warning."""
    named = document.value.get("LOCAL")
    if named is None:
        return None, ()
    if not isinstance(named, str):
        raise ConfigError(f"{_place(document, ('LOCAL',))}: LOCAL: expected the path of a file")
    found = next((path for path in (folder / named, Path(named)) if path.is_file()), None)
    if found is None:
        return None, (f"{_place(document, ('LOCAL',))}: LOCAL: the file {named} is missing",)
    local = read(found)
    return local, local.warnings


def environment_layer(environ: Mapping[str, str], known: Iterable[str]) -> Layer:
    """`AHJO_<KEY>` for every key in `known`, and `AHJO_SQLALCHEMY_<OPTION>`; an empty variable counts as none."""
    given = _given(environ)
    names = {_variable(key): key for key in known}
    options = {name: _option(name) for name in given if _option(name) and name not in names}
    return Layer(
        {key: given[name] for name, key in (options | names).items() if name in given}, _variable, is_text=True
    )


def stray_variables(environ: Mapping[str, str], layer: Layer) -> tuple[str, ...]:
    """The `AHJO_` variables that set nothing."""
    used = {_variable(key) for key in layer.values}
    return tuple(name for name in _given(environ) if name not in used)


def from_text(text: str) -> Any:
    """The value that a variable holds: JSON where it is JSON, else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Merge two mappings, and the mappings inside them; neither is changed."""
    both = {**base, **over}
    nested = (key for key in base if isinstance(base[key], dict) and isinstance(over.get(key), dict))
    return both | {key: merged(base[key], over[key]) for key in nested}


def _place(document: Document, path: tuple[str, ...]) -> str:
    line = document.lines.get(path)
    return document.name if line is None else f"{document.name}:{line}"


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    """Write the options under a key `sqlalchemy` as the keys `sqlalchemy.<option>`."""
    options = values.get("sqlalchemy")
    if not isinstance(options, dict):
        return values
    others = {key: value for key, value in values.items() if key != "sqlalchemy"}
    return {f"{_OPTIONS}{option}": value for option, value in options.items()} | others


def _variable(key: str) -> str:
    return PREFIX + key.replace(".", "_").upper()


def _option(name: str) -> str:
    """The engine option that a variable names, or nothing."""
    start = PREFIX + "SQLALCHEMY_"
    return _OPTIONS + name.removeprefix(start).lower() if name.startswith(start) else ""


def _reserved(name: str) -> bool:
    rest = name.removeprefix(PREFIX)
    return rest in _RESERVED or rest.startswith("TEST_")


def _given(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in environ.items() if name.startswith(PREFIX) and text and not _reserved(name)}
