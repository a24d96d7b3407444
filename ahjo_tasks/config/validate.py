"""Validate the merged keys of a config: convert them to Settings and collect every problem."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import msgspec

from ahjo_tasks.config.layers import PLACEHOLDER, PREFIX, parse_variable
from ahjo_tasks.config.secret import Secret
from ahjo_tasks.config.settings import Settings
from ahjo_tasks.errors import ConfigError
from ahjo_tasks.utils import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

FIELDS = {field.encode_name: field for field in msgspec.structs.fields(Settings)}
KEYS = tuple(key for key in FIELDS if key != "sqlalchemy")
TYPE_NAMES = {
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "bool": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
"""Names of JSON's types by those in msgspec's messages."""

_BOOLEANS = {"yes": True, "on": True, "true": True, "1": True, "no": False, "off": False, "false": False, "0": False}
SERVER_KEY = "target_server_hostname"
_OPTIONS = "sqlalchemy."
_URL = re.compile(r"[\w+]+://(?:[^:/]*(?::[^@]*)?@)?(?P<address>[^?]*)")
"""A URL as `sqlalchemy.engine.make_url` reads it: the password ends at the first @."""
_PORT = re.compile(r"(?:\[[^\]/?]*\]|[^/:?]*):([^/?]+)")
_SIMILAR = 0.85
_FREE_FORM = ("allowed_actions", "scripting_variables", "db_permissions_variables", "test_variables", "db_permissions")
_DEPRECATED = {"odbc_trust_server_certificate": "TrustServerCertificate", "odbc_encrypt": "Encrypt"}


class MismatchError(Exception):
    """A value does not fit its type. The text says what was expected and never quotes the value."""


class Validator:
    """Validates merged config values and collects all problems and warnings.

    `locate` returns the origin of a key; `is_text` whether its value is the text of an environment variable;
    `is_file_based` whether the databases of a `sql_dialect` are files, which need no server.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        locate: Callable[[str], str],
        is_text: Callable[[str], bool],
        is_file_based: Callable[[str], bool] = lambda _dialect: False,
    ) -> None:
        self.values = {key: _parse_text(key, value) if is_text(key) else value for key, value in values.items()}
        self._locate = locate
        self._is_text = is_text
        self._is_file_based = is_file_based
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def settings(self, name: str, *, connects: bool = True) -> Settings:
        """Return the settings; `connects` is whether they must say where the database is.

        Raises ConfigError, which lists every problem of the file `name`.
        """
        fields = {FIELDS[key].name: value for key, value in self._converted()}
        self.problems += self._missing(name, connects=connects)
        self.warnings += [*self._deprecated(), *self._misspelt()]
        if self.problems:
            raise ConfigError(f"Invalid config {name}", (*self.problems, *self._misspelt()))
        return Settings(**fields, sqlalchemy=self._options())

    def _is_set(self, key: str) -> bool:
        return self.values.get(key) is not None

    def _converted(self) -> Iterator[tuple[str, Any]]:
        for key in filter(self._is_set, KEYS):
            try:
                converted = self._convert(key, self.values[key])
            except MismatchError as mismatch:
                self.problems.append(f"{self._locate(key)}: {key}: {mismatch}")
                continue
            if self._is_text(key) and not isinstance(converted, Secret):  # as a file would have it: 5432, not "5432"
                self.values[key] = msgspec.to_builtins(converted)
            yield key, converted

    def _convert(self, key: str, value: object) -> object:
        if value == PLACEHOLDER:
            raise MismatchError("still holds the placeholder $; give its value in the local override file")
        if key == "sqlalchemy.url" and isinstance(value, str):
            _check_url(value)
        converted, exact = convert_value(with_variables(value) if key == "db_permissions" else value, FIELDS[key].type)
        if not exact and not self._is_text(key) and key not in _FREE_FORM:
            self.warnings.append(f"{self._locate(key)}: {key}: {_accepted(value, converted)}")
        return converted

    def _missing(self, name: str, *, connects: bool) -> Iterator[str]:
        missing = [key for key in _required(self.values) if not self._is_set(key)]
        if connects and SERVER_KEY in missing and self._needs_no_server():
            missing.remove(SERVER_KEY)
        required = (key for key in missing if connects or key == "allowed_actions")
        yield from (f"{name}: {key}: this key is required" for key in required)

    def _needs_no_server(self) -> bool:
        """True if the databases of the dialect are files; an unknown dialect is a problem that hides what it lacks."""
        name = str(self.values.get("sql_dialect", FIELDS["sql_dialect"].default))
        try:
            return self._is_file_based(name)
        except ConfigError as error:
            self.problems.append(f"{self._locate('sql_dialect')}: {error.message} {error.hint}")
            return True

    def _deprecated(self) -> Iterator[str]:
        for key in filter(self._is_set, _DEPRECATED):
            yield f"{self._locate(key)}: {key}: deprecated; write {_DEPRECATED[key]} in sqla_url_query_map"

    def _misspelt(self) -> Iterator[str]:
        for key in self.values:
            if key not in KEYS and not key.startswith(_OPTIONS) and (similar := _similar_key(key)):
                yield f"{self._locate(key)}: {key}: not a known key; did you mean {similar}?"

    def _options(self) -> dict[str, Any]:
        options = filter(self._is_set, (key for key in self.values if key.startswith(_OPTIONS) and key not in FIELDS))
        return {key.removeprefix(_OPTIONS): self.values[key] for key in options}


def _check_url(url: str) -> None:
    """Raise MismatchError for a URL of which SQLAlchemy would take a part of the password for the host, or no port."""
    match = _URL.match(url)
    if match is None:
        return
    if "@" in match["address"]:
        raise MismatchError("write @ in the user name, the password or the database as %40, and % as %25")
    port = _PORT.match(match["address"])
    if port and not port[1].isdecimal():
        raise MismatchError("the port must be a number; write : / ? # in the password as %3A %2F %3F %23")


def misspelt_variables(variables: Iterable[str]) -> Iterator[str]:
    """Yield a warning for each variable whose name is similar to a known one."""
    for name in variables:
        if key := _similar_key(name.removeprefix(PREFIX)):
            yield f"{name}: not a known variable; did you mean {PREFIX}{key.replace('.', '_').upper()}?"


def with_variables(files: object) -> object:
    """Convert variables written as `NAME=value` strings to objects; anything else is left to the validation."""
    return [_with_variable_object(entry) for entry in files] if isinstance(files, list) else files


def _with_variable_object(entry: object) -> object:
    if not isinstance(entry, dict) or "variables" not in entry:
        return entry
    return {**entry, "variables": _variable_object(entry["variables"])}


def _variable_object(variables: object) -> object:
    if variables is None:
        return {}
    texts = [variables] if isinstance(variables, str) else variables
    if isinstance(texts, list) and all(isinstance(text, str) and "=" in text for text in texts):
        return dict(text.split("=", 1) for text in texts)
    return variables


def convert_value(value: object, type_: Any) -> tuple[Any, bool]:
    """Return the value as the type, and whether it had that type already. Raises MismatchError."""
    try:
        return _convert_exactly(value, type_), True
    except msgspec.ValidationError as error:
        for candidate in _other_forms(value, type_):
            try:
                return _convert_exactly(candidate, type_), False
            except msgspec.ValidationError:
                continue
        raise MismatchError(_translate(str(error), type_)) from None


def fits(value: object, type_: Any) -> bool:
    """Return whether the value has the type, without conversion."""
    try:
        _convert_exactly(value, type_)
    except msgspec.ValidationError:
        return False
    return True


def type_name(value: object) -> str:
    """Return the type of a value with its article: `an integer`, `a string`."""
    types = ((bool, "bool"), (int, "int"), (float, "float"), ((list, tuple), "array"), (dict, "object"))
    return TYPE_NAMES[next((name for type_, name in types if isinstance(value, type_)), "str")]


def choices(type_: Any) -> tuple[str, ...]:
    """Return the words that a type allows by name."""
    if get_origin(type_) is Literal:
        return get_args(type_)
    return tuple(word for part in get_args(type_) for word in choices(part))


def _parse_text(key: str, text: str) -> object:
    """Return the value of a variable: JSON where it is an array or object and the key takes no text, else the text."""
    if key in FIELDS and (fits("", FIELDS[key].type) or text.lstrip()[:1] not in ("[", "{")):
        return text
    return parse_variable(text)


def _convert_exactly(value: object, type_: Any) -> Any:
    return msgspec.convert(value, type_, dec_hook=_to_secret)


def _to_secret(type_: type, value: object) -> Secret:
    if type_ is Secret and isinstance(value, str):
        return Secret(value)
    raise msgspec.ValidationError("Expected `str`")


def _other_forms(value: object, type_: Any) -> Iterator[object]:
    """Yield other ways to write the same value, of which at most one fits the type."""
    if isinstance(value, str):
        yield from _other_forms_of_text(value.strip(), type_)
        yield [value]
    elif isinstance(value, float) and value.is_integer():
        yield int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)
        yield {0: False, 1: True}.get(value, value)
    elif isinstance(value, dict):
        yield {str(key): _integer_to_text(item) for key, item in value.items()}
    elif isinstance(value, (list, tuple)):
        yield [_integer_to_text(item) for item in value]


def _other_forms_of_text(text: str, type_: Any) -> Iterator[object]:
    if re.fullmatch(r"[+-]?\d{1,18}", text):
        yield int(text)
    if text.lower() in _BOOLEANS:
        yield _BOOLEANS[text.lower()]
    yield from (choice for choice in choices(type_) if choice.lower() == text.lower())


def _integer_to_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _translate(message: str, type_: Any) -> str:
    """Translate msgspec's message, which names types and places; only its enum error quotes a value."""
    place = _path_of_message(message)
    if message.startswith("Invalid enum value"):
        return f"{place}expected one of {', '.join(choices(type_))}"
    if missing := re.search(r"missing required field `(\w+)`", message):
        return f"{place}expected the key {missing[1]}"
    if "matching regex" in message:
        return f"{place}expected {_form(type_)}"
    types = re.match(r"Expected `([^`]+)`(, got `([^`]+)`)?( [<>]=? [\d.-]+)?", message)
    if types is None:
        return f"{place}not a value that fits"
    return f"{place}expected {_join_types(types[1])}{types[4] or ''}" + (
        f", got {_join_types(types[3])}" if types[3] else ""
    )


def _form(type_: Any) -> str:
    """Return what the metadata of a type calls the form of its text; empty where it has none."""
    parts = get_args(type_)
    titles = (part.title for part in parts if isinstance(part, msgspec.Meta) and part.pattern)
    return next(chain(titles, filter(None, map(_form, parts))), "") or ""


def _join_types(types: str) -> str:
    names = [TYPE_NAMES.get(name, name) for name in types.split(" | ")]
    return " or ".join(name for name in names if name != "null" or len(names) == 1)


def _path_of_message(message: str) -> str:
    """Return `entry 2, source: ` for an error at `$[1].source`."""
    match = re.search(r" - at `\$(.+)`$", message)
    if match is None:
        return ""
    steps = re.findall(r"\[(\d+)\]|\.(\w+)", match[1])
    names = [f"entry {int(index) + 1}" if index else name for index, name in steps]
    return f"{', '.join(names)}: " if names else ""


def _required(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys without which the database to connect to is not known."""
    if values.get("sqlalchemy.url"):
        return ("allowed_actions",)
    if str(values.get("sql_dialect")).lower().startswith("sqlite"):  # without loading its dialect, as for `inv --list`
        return ("allowed_actions", "target_database_name")
    return ("allowed_actions", SERVER_KEY, "target_database_name")


def _similar_key(key: str) -> str:
    return closest(key.lower(), KEYS, cutoff=_SIMILAR)


def _accepted(value: object, converted: object) -> str:
    """Return the warning for a value that was accepted in another form."""
    if isinstance(value, str) and isinstance(converted, str):
        return f"accepted as {converted}"
    return f"expected {type_name(converted)}, got {type_name(value)}; accepted"
