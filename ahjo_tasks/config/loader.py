"""Load a config: defaults < file < LOCAL file < environment, checked once, with the origin of every value."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.config.check import KEYS, Check, typos
from ahjo_tasks.config.document import read
from ahjo_tasks.config.layers import Layer, environment_layer, file_layer, local_document, merged, stray_variables
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ahjo_tasks.config.settings import Settings

DEFAULT = "default"
_DEFAULTS = Layer({}, lambda _key: DEFAULT)


@dataclass(frozen=True, repr=False)
class LoadedConfig:
    """A checked config.

    `backend` holds the merged keys as written, unknown ones too; `document` the whole file with its LOCAL file.
    """

    settings: Settings
    backend: Mapping[str, Any]
    path: Path
    document: Mapping[str, Any]
    warnings: tuple[str, ...]
    layers: tuple[Layer, ...]

    @cached_property
    def origins(self) -> Mapping[str, str]:
        """Where each key's value comes from: `default`, `dev.jsonc:12`, `local.jsonc:3` or `AHJO_SQL_PORT`."""
        keys = dict.fromkeys((*KEYS, *self.backend))
        return {key: _origin(self.layers, key) for key in keys}

    def __repr__(self) -> str:
        """Name the file and give nothing of it away."""
        return f"<LoadedConfig {self.path}>"


def load(path: Path | None, *, environ: Mapping[str, str] = os.environ) -> LoadedConfig:
    """Load the config at `path`, or at `AHJO_CONFIG_PATH`. Raises ConfigError, which lists every problem."""
    path = path or _path_of(environ)
    document = read(path)
    local, local_warnings = local_document(document, path.parent)
    documents = [document] if local is None else [document, local]
    files = tuple(map(file_layer, documents))
    variables = environment_layer(environ, dict.fromkeys((*KEYS, *(key for layer in files for key in layer.values))))
    layers = (*files, variables)
    check = Check(_merged_values(layers), lambda key: _origin(layers, key), lambda key: _top(layers, key).is_text)
    return LoadedConfig(
        settings=check.settings(path.name),
        backend=check.values,
        path=path,
        document=reduce(merged, (each.value for each in documents)),
        warnings=(*document.warnings, *local_warnings, *check.warnings, *typos(stray_variables(environ, variables))),
        layers=layers,
    )


def _path_of(environ: Mapping[str, str]) -> Path:
    named = environ.get("AHJO_CONFIG_PATH")
    if named:
        return Path(named).expanduser()
    raise ConfigError(
        "No config file is given",
        hint="Name one with --config dev.jsonc, or set the environment variable AHJO_CONFIG_PATH.",
    )


def _merged_values(layers: tuple[Layer, ...]) -> dict[str, Any]:
    return reduce(merged, (layer.values for layer in layers), {})


def _origin(layers: tuple[Layer, ...], key: str) -> str:
    return _top(layers, key).locate(key)


def _top(layers: tuple[Layer, ...], key: str) -> Layer:
    """The layer that has the last word on a key."""
    return next((layer for layer in reversed(layers) if key in layer.values), _DEFAULTS)
