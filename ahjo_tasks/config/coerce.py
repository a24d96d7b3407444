"""Turn what a file says into what a setting needs, when nothing is lost by it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import msgspec

from ahjo_tasks.config.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

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
