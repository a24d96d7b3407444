"""The names that a rule is about: its `schemas`, `objects`, `tables` or `object_types`."""

from __future__ import annotations

import re
from typing import NamedTuple

GAP = r"(?:\s++|--[^\r\n]*+|/\*(?!M?!)[^*]*+(?:\*(?!/)[^*]*+)*+\*/|/\*M?!\d*+|\*/)"
"""Blanks (any, for SQL Server takes a no-break space), a comment, an edge of MySQL's `/*!50001 code */`."""
GAPS = rf"{GAP}*+"
BLANK = rf"{GAP}++"

QUOTED = r"\[(?:[^\]]++|\]\])++\]|\"(?:[^\"]++|\"\")++\"|`(?:[^`]++|``)++`"
PART = rf"(?:{QUOTED}|(?!\d)(?:\$\(\w+\)|[\w@$#])++)"
"""One part of a name; `$(variable)` is filled in when the file is deployed."""
NAME = rf"{PART}(?:{GAPS}\.{GAPS}(?:\.{GAPS})*+{PART})*+"
NO_WORD_BEFORE = r"(?<![\w@$#])"
WORD_END = r"(?![\w@$#])"

RESERVED = re.compile(
    r"(?:add|all|and|as|before|begin|by|default|definer|do|else|end|exec|execute|for|from|if|in|instead|into|is|not|of|on|"
    r"or|order|select|set|table|then|to|using|values|when|where|with)\Z",
    re.IGNORECASE,
)
"""Words that no database takes for the name of an object, unless they are quoted."""

_PLAIN = re.compile(r"\w+(?:\.\w+)*")
_PIECE = re.compile(rf"({PART})|(\.)|{GAP}")


class Name(NamedTuple):
    """The last two parts of a name, without quotes; `schema` is None where none is written."""

    schema: str | None
    name: str

    @property
    def is_object(self) -> bool:
        """Whether a database keeps what is named so: no temporary table, no variable."""
        return not self.name.startswith(("#", "@")) and self.schema != "pg_temp"

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


def parse_name(text: str) -> Name | None:
    """Read what `NAME` matched; None when it is a reserved word."""
    parts = text.split(".") if _PLAIN.fullmatch(text) else _split(text)
    if len(parts) == 1 and RESERVED.match(parts[0]):
        return None
    schema = _unquoted(parts[-2]) if len(parts) > 1 else ""
    return Name(schema or None, _unquoted(parts[-1]))


def _split(text: str) -> list[str]:
    parts = [""]
    for match in _PIECE.finditer(text):
        if match[1]:
            parts[-1] = match[1]
        elif match[2]:
            parts.append("")
    return parts


def _unquoted(part: str) -> str:
    close = {"[": "]", '"': '"', "`": "`"}.get(part[:1])
    return part[1:-1].replace(close * 2, close) if close else part


class NameFilter:
    """Each entry is a expression for a whole name, in any case. No entries, or empty ones, take every name."""

    def __init__(self, entries: tuple[str, ...] = ()) -> None:
        self.entries = tuple(entry for entry in entries if entry)
        pattern = "|".join(f"(?:{entry})" for entry in self.entries)
        self._pattern = re.compile(pattern, re.IGNORECASE) if pattern else None

    def takes(self, name: str | None) -> bool:
        """Whether the rule is about the name. One that is not written is about none; `$(variable)` may be any."""
        if self._pattern is None:
            return True
        return name is not None and ("$(" in name or self._pattern.fullmatch(name) is not None)
