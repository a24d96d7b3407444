"""Turn the merged keys into Settings, gathering every mistake on the way."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import msgspec

from ahjo_tasks.config.coerce import Mismatch, coerce, fits, named
from ahjo_tasks.config.layers import PREFIX, from_text
from ahjo_tasks.config.permissions import with_variables
from ahjo_tasks.config.settings import Settings
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

FIELDS = {field.encode_name: field for field in msgspec.structs.fields(Settings)}
KEYS = tuple(key for key in FIELDS if key != "sqlalchemy")

_OPTIONS = "sqlalchemy."
_PLACEHOLDER = "$"
_SIMILAR = 0.85
_FREE_FORM = ("allowed_actions", "scripting_variables", "db_permissions_variables", "test_variables", "db_permissions")
_DEPRECATED = {"odbc_trust_server_certificate": "TrustServerCertificate", "odbc_encrypt": "Encrypt"}


class Check:
    """One look at the merged keys. `locate` says where a key stands; the value of a variable `is_text`."""

    def __init__(self, values: Mapping[str, Any], locate: Callable[[str], str], is_text: Callable[[str], bool]) -> None:
        self.values = {key: self._raw(key, value) if is_text(key) else value for key, value in values.items()}
        self._locate = locate
        self._is_text = is_text
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def settings(self, name: str) -> Settings:
        """Return the settings. Raises ConfigError, which lists every problem of the file `name`."""
        fields = {FIELDS[key].name: value for key, value in self._converted()}
        self.problems += self._missing(name)
        self.warnings += [*self._deprecated(), *self._typos()]
        if self.problems:
            raise ConfigError(f"{name} cannot be used", (*self.problems, *self._typos()))
        return Settings(**fields, sqlalchemy=self._options())

    def _raw(self, key: str, text: str) -> object:
        """The value of a variable: what is text by its type stays text, the rest may be JSON."""
        if key in FIELDS and (fits("", FIELDS[key].type) or text.lstrip()[:1] not in ("[", "{")):
            return text
        return from_text(text)

    def _given(self, key: str) -> bool:
        return self.values.get(key) is not None

    def _converted(self) -> Iterator[tuple[str, Any]]:
        for key in filter(self._given, KEYS):
            try:
                yield key, self._convert(key, self.values[key])
            except Mismatch as mismatch:
                self.problems.append(f"{self._locate(key)}: {key}: {mismatch}")

    def _convert(self, key: str, value: object) -> object:
        if value == _PLACEHOLDER:
            raise Mismatch("still holds the placeholder $; give its value in the LOCAL file")
        converted, exact = coerce(with_variables(value) if key == "db_permissions" else value, FIELDS[key].type)
        if not exact and not self._is_text(key) and key not in _FREE_FORM:
            self.warnings.append(f"{self._locate(key)}: {key}: {_accepted(value, converted)}")
        return converted

    def _missing(self, name: str) -> Iterator[str]:
        for key in _required(self.values):
            if not self._given(key):
                yield f"{name}: {key}: this key is required"

    def _deprecated(self) -> Iterator[str]:
        for key in filter(self._given, _DEPRECATED):
            yield f"{self._locate(key)}: {key}: deprecated; write {_DEPRECATED[key]} in sqla_url_query_map"

    def _typos(self) -> Iterator[str]:
        for key in self.values:
            if key not in KEYS and not key.startswith(_OPTIONS) and (meant := _meant(key)):
                yield f"{self._locate(key)}: {key}: not a known key; did you mean {meant}?"

    def _options(self) -> dict[str, Any]:
        options = filter(self._given, (key for key in self.values if key.startswith(_OPTIONS) and key not in FIELDS))
        return {key.removeprefix(_OPTIONS): self.values[key] for key in options}


def typos(variables: Iterable[str]) -> Iterator[str]:
    """Name the variables that are almost a known one."""
    for name in variables:
        if meant := _meant(name.removeprefix(PREFIX)):
            yield f"{name}: not a known variable; did you mean {PREFIX}{meant.replace('.', '_').upper()}?"


def _required(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys without which nobody knows what to connect to."""
    if values.get("sqlalchemy.url"):
        return ("allowed_actions",)
    if str(values.get("sql_dialect")).startswith("sqlite"):
        return ("allowed_actions", "target_database_name")
    query = values.get("sqla_url_query_map")
    port = () if isinstance(query, dict) and "port" in {str(key).lower() for key in query} else ("sql_port",)
    return ("allowed_actions", "target_server_hostname", *port, "target_database_name")


def _meant(key: str) -> str | None:
    similar = difflib.get_close_matches(key.lower(), KEYS, n=1, cutoff=_SIMILAR)
    return similar[0] if similar else None


def _accepted(value: object, converted: object) -> str:
    """Say how a value should be written that was taken although it is not."""
    if isinstance(value, str) and isinstance(converted, str):
        return f"accepted as {converted}"
    return f"expected {named(converted)}, got {named(value)}; accepted"
