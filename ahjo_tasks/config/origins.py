"""What `inv config` shows: every value, where it comes from, and no secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ahjo_tasks.config.check import FIELDS, KEYS
from ahjo_tasks.config.loader import DEFAULT
from ahjo_tasks.config.secret import Secret, masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.config.loader import LoadedConfig


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
