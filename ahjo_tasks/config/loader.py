"""Load a config: read its layers, merge and validate them; list its values with their origins."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ahjo_tasks.config.document import configs_in, read_config
from ahjo_tasks.config.layers import (
    ConfigLayer,
    caller_layer,
    environment_layer,
    file_layer,
    local_document,
    merge,
    unused_variables,
)
from ahjo_tasks.config.secret import Secret, is_secret_name, redact, url_passwords
from ahjo_tasks.config.validate import FIELDS, KEYS, Validator, misspelt_variables
from ahjo_tasks.errors import ConfigError
from ahjo_tasks.utils import join_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ahjo_tasks.config.settings import Settings

DEFAULT = "default"
_DEFAULTS = ConfigLayer({}, lambda _key: DEFAULT)


@dataclass(frozen=True, repr=False)
class LoadedConfig:
    """A validated config.

    `backend` has the merged keys as written, unknown ones too; `document` the whole file, merged with its local one.
    """

    settings: Settings
    backend: Mapping[str, Any]
    path: Path
    document: Mapping[str, Any]
    warnings: tuple[str, ...]
    layers: tuple[ConfigLayer, ...]

    @cached_property
    def origins(self) -> Mapping[str, str]:
        """The origin of each key's value: `default`, `dev.jsonc:12`, `local.jsonc:3` or `AHJO_SQL_PORT`."""
        keys = dict.fromkeys((*KEYS, *self.backend))
        return {key: _origin(self.layers, key) for key in keys}

    def __repr__(self) -> str:
        """Return the file name only: the values may be secret."""
        return f"<LoadedConfig {self.path}>"


def load(  # noqa: PLR0913 - the sources of the keys, and what is known of the dialect
    path: Path | None,
    *,
    environ: Mapping[str, str] = os.environ,
    is_file_based: Callable[[str], bool] = lambda _dialect: False,
    connects: bool = True,
    folder: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> LoadedConfig:
    """Load the config at `path`, or at `AHJO_CONFIG_PATH`. Raises ConfigError, which lists every problem.

    Without one, the error names the configs in `folder`. `overrides` are keys of the caller, before all others.

    `is_file_based` tells of a `sql_dialect` from another package whether its databases are files. Without `connects` no
    key is required that says where the database is.
    """
    path = path or _path_of(environ, folder)
    document = read_config(path)
    local, local_warnings = local_document(document, path.parent)
    documents = [document] if local is None else [document, local]
    files = tuple(file_layer(each, path.parent, environ) for each in documents)
    keys = dict.fromkeys((*KEYS, *(key for layer in files for key in layer.values)))
    variables = environment_layer(environ, keys, path.parent)
    layers = (*files, variables, *([caller_layer(overrides)] if overrides else []))
    validator = _validator(layers, is_file_based)
    return LoadedConfig(
        settings=validator.settings(path.name, connects=connects),
        backend=validator.values,
        path=path,
        document=reduce(merge, (each.value for each in documents)),
        warnings=(
            *document.warnings,
            *local_warnings,
            *validator.warnings,
            *misspelt_variables(unused_variables(environ, variables)),
        ),
        layers=layers,
    )


def _path_of(environ: Mapping[str, str], folder: Path | None) -> Path:
    name = environ.get("AHJO_CONFIG_PATH")
    if name:
        return Path(name).expanduser()
    names = ([file.name for file in configs_in(folder)] if folder else []) or ["dev.jsonc"]
    others = f" (of {join_names(names)})" if len(names) > 1 else ""
    raise ConfigError(
        "No config file is given",
        hint=f"Name one, as --config {names[0]}{others}, or set the environment variable AHJO_CONFIG_PATH.",
    )


def _validator(layers: tuple[ConfigLayer, ...], is_file_based: Callable[[str], bool]) -> Validator:
    return Validator(
        _merged_values(layers),
        lambda key: _origin(layers, key),
        lambda key: key in _top(layers, key).texts,
        is_file_based,
    )


def _merged_values(layers: tuple[ConfigLayer, ...]) -> dict[str, Any]:
    return reduce(merge, (layer.values for layer in layers), {})


def _origin(layers: tuple[ConfigLayer, ...], key: str) -> str:
    return _top(layers, key).locate(key)


def _top(layers: tuple[ConfigLayer, ...], key: str) -> ConfigLayer:
    """Return the layer whose value of the key counts."""
    return next((layer for layer in reversed(layers) if key in layer.values), _DEFAULTS)


class Row(NamedTuple):
    """One key of a config with its value as text, secrets masked."""

    key: str
    value: str
    origin: str
    is_default: bool


def rows(config: LoadedConfig) -> list[Row]:
    """List the known keys in their documented order, then engine options and the keys of the project."""
    return [
        Row(key, _to_text(key, value), origin := config.origins[key], origin == DEFAULT)
        for key, value in _values(config)
    ]


def _values(config: LoadedConfig) -> Iterator[tuple[str, object]]:
    yield from ((key, getattr(config.settings, FIELDS[key].name)) for key in KEYS)
    yield from ((key, value) for key, value in config.backend.items() if key not in KEYS)


def _to_text(key: str, value: object) -> str:
    # `str` writes what JSON has no form for, such as dates of YAML, and secrets masked.
    plain = redact(key, msgspec.to_builtins(value, enc_hook=str) if not isinstance(value, Secret) else value)
    if plain is None:
        return ""
    return plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False, default=str)


def secrets_of(config: LoadedConfig) -> Iterator[str]:
    """Yield the secret texts of a config: its passwords, that of its URL, and variables with a secret name."""
    settings = config.settings
    if settings.password:
        yield settings.password.reveal()
    if settings.sqlalchemy_url:
        yield from url_passwords(settings.sqlalchemy_url.reveal())
    for variables in _variables(settings):
        yield from (str(value) for name, value in variables.items() if is_secret_name(name))
    for layer in config.layers:
        yield from layer.secrets


def _variables(settings: Settings) -> Iterator[Mapping[str, object]]:
    yield from (settings.scripting_variables, settings.test_variables, settings.db_permissions_variables)
    yield from (entry.variables for entry in settings.db_permissions)
