"""Parameters of routines and arguments of calls: which of several routines of one name a call of PostgreSQL means."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ahjo_tasks.sql.references.tokens import STRING, word_set

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MODES = frozenset({"IN", "OUT", "INOUT", "VARIADIC"})
LONG_TYPES = {
    "DOUBLE": {"PRECISION"},
    "CHARACTER": {"VARYING"},
    "CHAR": {"VARYING"},
    "NATIONAL": {"CHARACTER", "CHAR"},
    "BIT": {"VARYING"},
    "TIME": {"WITH", "WITHOUT"},
    "TIMESTAMP": {"WITH", "WITHOUT"},
    "INTERVAL": word_set("YEAR MONTH DAY HOUR MINUTE SECOND"),
}
"""Words that may follow the first word of a type; after another word it is the name of a parameter."""
SAME_TYPES = {
    "integer": "int",
    "int4": "int",
    "int8": "bigint",
    "int2": "smallint",
    "bool": "boolean",
    "float8": "double",
    "float": "double",
    "float4": "real",
    "decimal": "numeric",
    "character": "varchar",
    "timestamptz": "timestamp",
    "timetz": "time",
}
ANY_TYPES = word_set("anyelement anyarray anynonarray anyenum anyrange any anycompatible anycompatiblearray")
Arguments = tuple[str, ...]
"""The types of the arguments of a call, empty where they are not evident; without any, no argument or one."""


class Tokens(Protocol):
    """The tokens of a text, as they are written and in capitals."""

    tokens: list[str]
    words: list[str]

    def closing(self, index: int) -> int:
        """Return the index where the parenthesis closes that opens at another."""


class Signature(NamedTuple):
    """The types of the parameters of a routine that a call gives, and how many it must give."""

    types: tuple[str, ...]
    required: int
    variadic: bool = False

    def takes(self, count: int) -> bool:
        """Tell whether a call may have so many arguments; numbers are no tokens, so none may be one."""
        most = len(self.types) if not self.variadic else max(count, len(self.types))
        return self.required <= max(count, 1) and count <= most

    def matches(self, arguments: Arguments) -> bool:
        """Tell whether the types that are evident are those of the parameters."""
        pairs = zip(arguments, self.types, strict=False)
        return self.takes(len(arguments)) and all(
            not given or not taken or given == taken or taken in ANY_TYPES for given, taken in pairs
        )


def type_key(token: str) -> str:
    """A type as types are compared: without schema, and by one of its names."""
    name = token.rpartition(".")[2].strip('"').lower()
    return SAME_TYPES.get(name, name)


def _items(reader: Tokens, index: int) -> Iterator[list[int]]:
    """The tokens of each item in the parentheses at an index, without those of inner parentheses."""
    words, end, place = reader.words, reader.closing(index), index + 1
    item: list[int] = []
    while place < end:
        if words[place] == ",":
            yield item
            item = []
        else:
            item.append(place)
            place = reader.closing(place) if words[place] == "(" else place
        place += 1
    if end > index + 1:
        yield item


def arguments(reader: Tokens, index: int) -> Arguments | None:
    """The arguments in the parentheses at an index; None where their number is not evident."""
    words, types = reader.words, []
    for item in _items(reader, index):
        order = next((number for number, place in enumerate(item) if words[place] == "ORDER"), len(item))
        if any(words[place] in {"ARRAY", "VARIADIC", "SELECT", "WITH"} and words[place + 1] != "(" for place in item):
            return None
        types.append(_type_of(reader, item[:order]))
        if order < len(item):
            break
    return tuple(types)


def _type_of(reader: Tokens, item: Sequence[int]) -> str:
    words = reader.words
    if len(item) == 1 and words[item[0]] == STRING:
        return "text"
    casts = [number for number, place in enumerate(item) if words[place] == "::"]
    if not casts or len(item) < casts[-1] + 2:
        return ""
    rest = [place for place in item[casts[-1] + 2 :] if words[place] != "("]
    return type_key(reader.tokens[item[casts[-1] + 1]]) if not rest else ""


def listed_types(reader: Tokens, index: int) -> Arguments | None:
    """The types by which a command names one of several routines, in the parentheses at an index."""
    signature = read_signature(reader, index) if reader.words[index] == "(" else None
    return signature.types if signature else None


def read_signature(reader: Tokens, index: int, *, procedure: bool = False) -> Signature:
    """The parameters in the parentheses at an index that a call gives a value for."""
    types, required, variadic = [], 0, False
    for item in _items(reader, index):
        words = [reader.words[place] for place in item]
        if "ORDER" in words[:1]:
            continue
        modes = [word for word in words[:2] if word in MODES and len(words) > 1]
        if "OUT" in modes and "IN" not in modes and not procedure:
            continue
        default = next((number for number, word in enumerate(words) if word in {"DEFAULT", "="}), None)
        variadic = variadic or "VARIADIC" in modes
        required += default is None and "VARIADIC" not in modes
        types.append(_parameter_type(reader, item[len(modes) : default]))
    return Signature(tuple(types), required, variadic)


def _parameter_type(reader: Tokens, item: Sequence[int]) -> str:
    words = [reader.words[place] for place in item if reader.words[place] != "("]
    if not words or "%" in words:
        return ""
    named = len(words) > 1 and words[1] not in LONG_TYPES.get(words[0], ())
    return type_key(reader.tokens[item[int(named)]])
