"""The definitions of columns as MySQL and MariaDB show them: cut apart, and given another comment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(
    r"(?P<name>`(?:[^`]|``)*`)|(?P<string>'(?:[^'\\]|\\.|'')*')|(?P<open>\()|(?P<close>\))|(?P<comma>,)"
    r"|(?P<word>\w+)|(?P<other>.)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """One word, name, string or sign. `depth` is how many brackets it is in."""

    kind: str
    text: str
    start: int
    depth: int

    @property
    def end(self) -> int:
        """Where the next one starts."""
        return self.start + len(self.text)


def definitions(shown: str) -> dict[str, str]:
    """The definition of each column, by name, in what SHOW CREATE TABLE shows."""
    found = {}
    for piece in _pieces(shown):
        first = next(_tokens(piece))
        if first.kind == "name":
            found[first.text[1:-1].replace("``", "`")] = piece
    return found


def with_comment(definition: str, literal: str) -> str:
    """The definition with that comment, which must stand before a CHECK."""
    tokens = [token for token in _tokens(definition) if token.depth == 0 and token.text.strip()]
    for word, string in pairwise(tokens):
        if word.kind == "word" and word.text.upper() == "COMMENT" and string.kind == "string":
            return f"{definition[: word.end]} {literal}{definition[string.end :]}"
    place = next((token.start for token in tokens if token.kind == "word" and token.text.upper() == "CHECK"), None)
    if place is None:
        return f"{definition} COMMENT {literal}"
    return f"{definition[:place]}COMMENT {literal} {definition[place:]}"


def with_reference_system(definition: str, number: int) -> str:
    """The definition of a spatial column with the number behind its type."""
    _, kind = islice((token for token in _tokens(definition) if token.text.strip()), 2)
    return f"{definition[: kind.end]} REF_SYSTEM_ID={number}{definition[kind.end :]}"


def question_marks(definition: str) -> tuple[bool, bool]:
    """Whether a default, and whether anything else, has a `?` in a string.

    The servers show one in place of a character that they cannot show.
    """
    bare = with_comment(definition, "''")
    places = {token.depth > 0 for token in _tokens(bare) if token.kind == "string" and "?" in token.text}
    return False in places, True in places


def _pieces(shown: str) -> Iterator[str]:
    """What stands between the commas of the outermost brackets."""
    start = None
    for token in _tokens(shown):
        if start is None:
            start = token.end if token.kind == "open" else None
        elif (token.kind == "comma" and token.depth == 1) or (token.kind == "close" and token.depth == 0):
            yield shown[start : token.start].strip()
            if token.kind == "close":
                return
            start = token.end


def _tokens(text: str) -> Iterator[Token]:
    depth = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        depth -= kind == "close"
        yield Token(kind, match[0], match.start(), depth)
        depth += kind == "open"
