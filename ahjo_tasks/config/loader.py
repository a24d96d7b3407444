"""What `inv config` shows: every value, where it comes from, and no secret."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ahjo_tasks.config.document import read
from ahjo_tasks.config.layers import Layer, environment_layer, file_layer, local_document, merged, stray_variables
from ahjo_tasks.config.secret import Secret, is_secret_name, masked, url_passwords
from ahjo_tasks.config.validate import FIELDS, KEYS, Check, typos
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


class Row(NamedTuple):
    """One key of a config as it may be shown."""

    key: str
    shown: str
    origin: str
    is_default: bool


def rows(config: LoadedConfig) -> list[Row]:
    """Every known key in its documented order, then engine options and the keys of the project."""
    return [
        Row(key, _shown(key, value), origin := config.origins[key], origin == DEFAULT) for key, value in _values(config)
    ]


def _values(config: LoadedConfig) -> Iterator[tuple[str, object]]:
    yield from ((key, getattr(config.settings, FIELDS[key].name)) for key in KEYS)
    yield from ((key, value) for key, value in config.backend.items() if key not in KEYS)


def _shown(key: str, value: object) -> str:
    plain = masked(key, msgspec.to_builtins(value, enc_hook=_kept) if not isinstance(value, Secret) else value)
    if plain is None:
        return ""
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, default=str)


def _kept(value: object) -> str:
    """Values of YAML that JSON has no form for, and secrets, which `str` masks."""
    return str(value)


def secrets_of(config: LoadedConfig) -> Iterator[str]:
    """The secret texts of a config: its passwords, that of its URL, and the variables that are called like one."""
    settings = config.settings
    if settings.password:
        yield settings.password.reveal()
    if settings.sqlalchemy_url:
        yield from url_passwords(settings.sqlalchemy_url.reveal())
    for variables in _variables(settings):
        yield from (str(value) for name, value in variables.items() if is_secret_name(name))


def _variables(settings: Settings) -> Iterator[Mapping[str, object]]:
    yield from (settings.scripting_variables, settings.test_variables, settings.db_permissions_variables)
    yield from (entry.variables for entry in settings.db_permissions)
