"""Turn the merged keys into Settings, gathering every mistake on the way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import msgspec

from ahjo_tasks.config.layers import PREFIX, from_text
from ahjo_tasks.config.secret import Secret
from ahjo_tasks.config.settings import Settings
from ahjo_tasks.errors import ConfigError
from ahjo_tasks.utils import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


def with_variables(files: object) -> object:
    """Turn variables given as `NAME=value` texts into mappings; whatever else stands there is left to the check."""
    return [_with_mapping(entry) for entry in files] if isinstance(files, list) else files


def _with_mapping(entry: object) -> object:
    if not isinstance(entry, dict) or "variables" not in entry:
        return entry
    return {**entry, "variables": _mapping(entry["variables"])}


def _mapping(variables: object) -> object:
    if variables is None:
        return {}
    texts = [variables] if isinstance(variables, str) else variables
    if isinstance(texts, list) and all(isinstance(text, str) and "=" in text for text in texts):
        return dict(text.split("=", 1) for text in texts)
    return variables


WORDS = {
    "int": "an integer",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_BOOLEANS = {"yes": True, "on": True, "true": True, "1": True, "no": False, "off": False, "false": False, "0": False}


class Mismatch(Exception):  # noqa: N818 - a signal between two functions, never seen by a user
    """A value does not fit; its text says what was expected, never what was given."""


def coerce(value: object, kind: Any) -> tuple[Any, bool]:
    """Return the value as `kind`, and whether it was already of that type. Raises Mismatch."""
    try:
        return _convert(value, kind), True
    except msgspec.ValidationError as error:
        for candidate in _readings(value, kind):
            try:
                return _convert(candidate, kind), False
            except msgspec.ValidationError:
                continue
        raise Mismatch(_expectation(str(error), kind)) from None


def fits(value: object, kind: Any) -> bool:
    """Whether the value is of that type as it is."""
    try:
        _convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def named(value: object) -> str:
    """The kind of a value in our words."""
    kinds = ((bool, "bool"), (int, "int"), (float, "float"), ((list, tuple), "array"), (dict, "object"))
    return WORDS[next((word for kind, word in kinds if isinstance(value, kind)), "str")]


def _convert(value: object, kind: Any) -> Any:
    return msgspec.convert(value, kind, dec_hook=_secret)


def _secret(kind: type, value: object) -> Secret:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise msgspec.ValidationError("Expected `str`")


def _readings(value: object, kind: Any) -> Iterator[object]:
    """Other ways to write the same value, of which at most one fits the type."""
    if isinstance(value, str):
        yield from _readings_of_text(value.strip(), kind)
        yield [value]
    elif isinstance(value, float) and value.is_integer():
        yield int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
        yield {0: False, 1: True}.get(value, value)
    elif isinstance(value, dict):
        yield {str(key): _number_as_text(item) for key, item in value.items()}
    elif isinstance(value, (list, tuple)):
        yield [_number_as_text(item) for item in value]


def _readings_of_text(text: str, kind: Any) -> Iterator[object]:
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        yield int(text)
    if text.lower() in _BOOLEANS:
        yield _BOOLEANS[text.lower()]
    yield from (choice for choice in choices(kind) if choice.lower() == text.lower())


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def choices(kind: Any) -> tuple[str, ...]:
    """The words that a type allows by name."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    return tuple(word for part in get_args(kind) for word in choices(part))


def _expectation(message: str, kind: Any) -> str:
    """Say msgspec's message in our words; it names types and places, and only an enum error quotes a value."""
    place = _place(message)
    if message.startswith("Invalid enum value"):
        return f"{place}expected one of {', '.join(choices(kind))}"
    if missing := re.search(r"missing required field `(\w+)`", message):
        return f"{place}expected the key {missing[1]}"
    types = re.match(r"Expected `([^`]+)`(, got `([^`]+)`)?( [<>]=? [\d.-]+)?", message)
    if types is None:
        return f"{place}not a value that fits"
    return f"{place}expected {_words(types[1])}{types[4] or ''}" + (f", got {_words(types[3])}" if types[3] else "")


def _words(types: str) -> str:
    known = [WORDS.get(name, name) for name in types.split(" | ")]
    return " or ".join(word for word in known if word != "nothing" or len(known) == 1)


def _place(message: str) -> str:
    """`entry 2, source: ` for an error at `$[1].source`."""
    found = re.search(r" - at `\$(.+)`$", message)
    if found is None:
        return ""
    steps = re.findall(r"\[(\d+)\]|\.(\w+)", found[1])
    named = [f"entry {int(index) + 1}" if index else name for index, name in steps]
    return f"{', '.join(named)}: " if named else ""


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
            if key not in KEYS and not key.startswith(_OPTIONS) and (name := _similar_key(key)):
                yield f"{self._locate(key)}: {key}: not a known key; did you mean {name}?"

    def _options(self) -> dict[str, Any]:
        options = filter(self._given, (key for key in self.values if key.startswith(_OPTIONS) and key not in FIELDS))
        return {key.removeprefix(_OPTIONS): self.values[key] for key in options}


def typos(variables: Iterable[str]) -> Iterator[str]:
    """Name the variables that are almost a known one."""
    for name in variables:
        if key := _similar_key(name.removeprefix(PREFIX)):
            yield f"{name}: not a known variable; did you mean {PREFIX}{key.replace('.', '_').upper()}?"


def _similar_key(key: str) -> str:
    return closest(key.lower(), KEYS, cutoff=_SIMILAR)


def _required(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys without which nobody knows what to connect to."""
    if values.get("sqlalchemy.url"):
        return ("allowed_actions",)
    if str(values.get("sql_dialect")).startswith("sqlite"):
        return ("allowed_actions", "target_database_name")
    query = values.get("sqla_url_query_map")
    port = () if isinstance(query, dict) and "port" in {str(key).lower() for key in query} else ("sql_port",)
    return ("allowed_actions", "target_server_hostname", *port, "target_database_name")


def _accepted(value: object, converted: object) -> str:
    """Say how a value should be written that was taken although it is not."""
    if isinstance(value, str) and isinstance(converted, str):
        return f"accepted as {converted}"
    return f"expected {named(converted)}, got {named(value)}; accepted"
