"""Which statement of a script said something: PRINT and RAISERROR of T-SQL, RAISE of PL/pgSQL."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.source import LineIndex
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from ahjo_tasks.sql.lexer import Syntax

LITERAL = r"[NE]?'(?P<said>(?:[^']|'')*)'"
STRING = re.compile(LITERAL)
FORMS = {
    "print": re.compile(rf"PRINT\s*\(?\s*(?:{LITERAL})?\s*(?P<more>\+)?", re.IGNORECASE),
    "raiserror": re.compile(rf"RAISERROR\s*\(\s*(?:{LITERAL}|[@\w]+)\s*,\s*(?P<severity>\d*)", re.IGNORECASE),
    "raise": re.compile(rf"RAISE\s+(?P<level>DEBUG|LOG|INFO|NOTICE|WARNING)\s+(?:{LITERAL})?", re.IGNORECASE),
}
"""By the word that such a statement begins with; `said` is the text, where it is a literal."""

HOLES = {
    "print": re.compile(r"(?!)"),
    "raiserror": re.compile(r"%[-+0# ]*[\d*]*(?:\.[\d*]+)?(?:I64)?[diosuxX%]"),
    "raise": re.compile(r"%%?"),
}
OTHERS = frozenset({"exec", "execute", "insert", "update", "delete", "merge", "call", "dbcc"})
"""Words of statements behind which modules and triggers may say something, too."""
ASKED = re.compile(r"EXISTS\s+(?:\S+\s*\.\s*)?\Z", re.IGNORECASE)
NEAR = 200
"""How many characters before a name IF EXISTS and a schema may stand."""
QUOTED = re.compile(r'"([^"]+)"')
MOST_SEVERE = 10
"""RAISERROR above it is an error."""


class MessageSource(NamedTuple):
    """A statement that says something: where it begins, and what it says as far as the script tells.

    `whole` is whether nothing of it is computed; without a `shape` all of it is.
    """

    offset: int
    shape: re.Pattern[str] | None
    whole: bool


class MessageSources:
    """All that speak in a batch."""

    def __init__(self, text: str, syntax: Syntax) -> None:
        self._text = text
        self._lexis = syntax

    def line(self, said: str, *, plain: bool = True) -> int | None:
        """The line, from 1, of the one statement that can have said this; None where it may have been another.

        What is not `plain` was worded by the server.
        """
        offset = self._of_words(said) if plain else None
        if offset is None:
            offset = self._of_name(said)
        return None if offset is None else LineIndex(self._text).position(offset)[0]

    @cached_property
    def _all(self) -> list[MessageSource]:
        found = (self._speaker(offset, word) for word, offset in self._words if word in FORMS)
        return [speaker for speaker in found if speaker]

    @cached_property
    def _words(self) -> list[tuple[str, int]]:
        return [(t.value.lower(), t.offset) for t in tokenize(self._text, self._lexis) if t.kind in {"name", "quoted"}]

    def _of_words(self, said: str) -> int | None:
        alike = [one for one in self._all if one.shape and one.shape.fullmatch(said)]
        found = [one for one in alike if one.whole] or alike
        if not found and not any(word in OTHERS for word, _offset in self._words):
            found = [one for one in self._all if one.shape is None]
        return found[0].offset if len(found) == 1 else None

    def _of_name(self, said: str) -> int | None:
        """Where the name stands that the server puts in quotes: the only place, or the only one behind IF EXISTS."""
        for name in QUOTED.findall(said):
            every = [offset for word, offset in self._words if word == name.rpartition(".")[2].lower()]
            asked = [offset for offset in every if ASKED.search(self._text, max(0, offset - NEAR), offset)]
            if len(found := asked or every) == 1:
                return found[0]
        return None

    def _speaker(self, offset: int, word: str) -> MessageSource | None:
        form = FORMS[word].match(self._text, offset)
        if form is None:
            return None
        parts = form.groupdict()
        if int(parts.get("severity") or 0) > MOST_SEVERE:
            return None
        if word == "print" and parts["said"] is None:
            return MessageSource(offset, self._around(form.end()), whole=False)
        level = f"{parts['level'].upper()}: " if "level" in parts else ""
        return _made(offset, level, parts["said"], HOLES[word], open_end=bool(parts.get("more")))

    def _around(self, start: int) -> re.Pattern[str] | None:
        """What PRINT says when its text is computed from literals of the same line, as by CONCAT."""
        line = self._text[start:].splitlines()[0] if start < len(self._text) else ""
        parts = [found["said"].replace("''", "'") for found in STRING.finditer(line)]
        if not "".join(parts).strip():
            return None
        return re.compile(".*".join(["", *map(re.escape, parts), ""]), re.DOTALL)


def _made(offset: int, level: str, literal: str | None, hole: re.Pattern[str], *, open_end: bool) -> MessageSource:
    said = (literal or "").replace("''", "'")
    known = hole.sub(lambda match: "%" if match[0] == "%%" else "\0", said) + ("\0" if open_end else "")
    if literal is None or (known and not known.replace("\0", " ").strip()):
        return MessageSource(offset, None, whole=False)
    shape = ".*".join(re.escape(part) for part in (level + (known or " ")).split("\0"))
    return MessageSource(offset, re.compile(shape, re.DOTALL), whole="\0" not in known)
