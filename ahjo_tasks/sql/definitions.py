"""What a SQL text creates and which tables it writes to; comments and strings do not count."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.tokens import MARKS, identifiers, name_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.lexer import Syntax

CREATED = {
    "VIEW": "view",
    "FUNCTION": "function",
    "AGGREGATE": "function",
    "PROCEDURE": "procedure",
    "PROC": "procedure",
    "TRIGGER": "trigger",
    "TABLE": "table",
    "TYPE": "type",
    "DOMAIN": "type",
    "SEQUENCE": "sequence",
    "SYNONYM": "synonym",
    "RULE": "rule",
    "ASSEMBLY": "assembly",
    "SCHEMA": "schema",
}
OTHERS = frozenset(
    [
        "INDEX",
        "USER",
        "ROLE",
        "LOGIN",
        "DATABASE",
        "EXTENSION",
        "CAST",
        "COLLATION",
        "STATISTICS",
        "AS",
        "TEMP",
        "TEMPORARY",
        "ON",  # GRANT CREATE ON SCHEMA
        "(",
        ",",
        ";",
    ]
)
ATTACHED = {"trigger": "ON", "rule": "TO"}
CREATE = "CREATE"
LEADING = frozenset({CREATE, "INSERT", "MERGE", "REPLACE", "COPY"})
FILLERS = frozenset({"INTO", "OR", "REPLACE", "IGNORE", "ONLY", "TABLE", "LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY"})
IF_NOT_EXISTS = frozenset({"IF", "NOT", "EXISTS"})
NO_NAMES = frozenset({"", '"', *MARKS})
MODIFIERS = 20


class Name(NamedTuple):
    """The name of an object; `schema` is None where the text gives none."""

    schema: str | None
    name: str

    @classmethod
    def parse(cls, text: str) -> Name:
        """Read `schema.name` or `name`, quotes and brackets removed."""
        parts = [part.strip('[]"` ') for part in text.split(".")]
        return cls(parts[-2] if len(parts) > 1 else None, parts[-1])

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True)
class Definition:
    """An object that the text creates; `table` is what a trigger or rule belongs to."""

    kind: str
    name: Name
    table: Name | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """What one text creates, the tables that it writes rows to, and the dotted names in it, each once, as written."""

    definitions: tuple[Definition, ...]
    written: tuple[Name, ...]
    names: tuple[str, ...]


def scan(text: str, syntax: Syntax) -> Scan:
    """Read the text once."""
    found = identifiers(text, syntax)
    unique = set(found) - NO_NAMES
    starts = {piece: word for piece in unique if (word := piece.upper()) in LEADING}
    definitions: list[Definition] = []
    written: dict[Name, None] = {}
    for place in (place for place, piece in enumerate(found, 1) if piece in starts) if starts else ():
        behind = filter(None, map(found.__getitem__, range(place, len(found))))
        if starts[found[place - 1]] != CREATE:
            table = _name(behind, FILLERS, syntax)
            written |= {table: None} if table else {}
        elif made := _definition(behind, syntax):
            definitions.append(made)
    return Scan(tuple(definitions), tuple(written), tuple(map(intern, unique)))


def _definition(pieces: Iterator[str], syntax: Syntax) -> Definition | None:
    """The object that a CREATE makes, unless it is none of a project's kinds or a temporary one."""
    for piece in islice(pieces, MODIFIERS):
        word = piece.upper()
        if word in OTHERS:
            return None
        if word in CREATED:
            name, kind = _name(pieces, IF_NOT_EXISTS, syntax), CREATED[word]
            table = _table(pieces, ATTACHED[kind], syntax) if kind in ATTACHED else None
            return Definition(kind, name, table) if name else None
    return None


def _table(pieces: Iterator[str], attaching: str, syntax: Syntax) -> Name | None:
    """The table that a trigger or rule belongs to."""
    found = any(piece.upper() == attaching for piece in islice(pieces, MODIFIERS))
    return _name(pieces, IF_NOT_EXISTS, syntax) if found else None


def _name(pieces: Iterator[str], fillers: frozenset[str], syntax: Syntax) -> Name | None:
    """The name behind the fillers; temporary (#) names are no objects."""
    piece = next((piece for piece in pieces if piece.upper() not in fillers), "")
    parts = name_parts(piece, syntax) if piece else []
    if not parts or parts[-1].startswith("#"):
        return None
    return Name(parts[-2] if len(parts) > 1 else None, parts[-1])
