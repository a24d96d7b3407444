"""Map a server message to the statement that sent it: PRINT and RAISERROR of T-SQL, RAISE of PL/pgSQL."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.source import LineIndex
from ahjo_tasks.sql.tokens import NAMES, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.sql.lexer import Syntax
    from ahjo_tasks.sql.tokens import Token

LITERAL = r"[NE]?'(?P<text>(?:[^']|'')*)'"
STRING = re.compile(LITERAL)
FORMS = {
    "raiserror": re.compile(rf"RAISERROR\s*\(\s*(?:{LITERAL}|[@\w]+)\s*,\s*(?P<severity>\d*)", re.IGNORECASE),
    "raise": re.compile(rf"RAISE\s+(?P<level>DEBUG|LOG|INFO|NOTICE|WARNING)\s+(?:{LITERAL})?", re.IGNORECASE),
}
"""By the first word of the statement; `text` is the message, where it is a literal."""

PRINT = "print"
STATEMENTS = frozenset({PRINT, *FORMS})
SENDING = re.compile("|".join(sorted(STATEMENTS)), re.IGNORECASE)
COMMENT = re.compile(r"--[^\r\n]*|/\*.*?\*/", re.DOTALL)
HOLES = {
    "raiserror": re.compile(r"%[-+0# ]*[\d*]*(?:\.[\d*]+)?(?:I64)?[diosuxX%]"),
    "raise": re.compile(r"%%?"),
}
OTHERS = frozenset({"exec", "execute", "insert", "update", "delete", "merge", "call", "dbcc"})
"""Words of statements that run modules and triggers, which can send messages, too."""
IF_EXISTS = re.compile(r"EXISTS\s+(?:\S+\s*\.\s*)?\Z", re.IGNORECASE)
NEAR = 200
"""Characters before a name that are searched for IF EXISTS and a schema."""
QUOTED = re.compile(r'"([^"]+)"')
MOST_SEVERE = 10
"""RAISERROR above it is an error."""


class MessageSource(NamedTuple):
    """A statement that sends a message: its offset, and an expression for the message.

    The message of an `exact` one has no computed part; without a `pattern` all of it is computed.
    """

    offset: int
    pattern: re.Pattern[str] | None
    exact: bool


class MessageSources:
    """The statements of a batch that send messages."""

    def __init__(self, text: str, syntax: Syntax) -> None:
        self._text = text
        self._syntax = syntax

    def line(self, message: str, *, plain: bool = True) -> int | None:
        """Give the line, from 1, of the only statement that can have sent the message; None where several lines can.

        A message that is not `plain` was worded by the server.
        """
        offsets = self._by_text(message) if plain else []
        lines = {LineIndex(self._text).position(offset)[0] for offset in offsets or self._by_name(message)}
        return lines.pop() if len(lines) == 1 else None

    @cached_property
    def _all(self) -> list[MessageSource]:
        if not SENDING.search(self._text):  # the tokens of a large file take many times its size
            return []
        sources = (self._source(index, word) for index, word in enumerate(self._words) if word in STATEMENTS)
        return [source for source in sources if source]

    @cached_property
    def _lower(self) -> str:
        return self._text.lower()

    @cached_property
    def _tokens(self) -> list[Token]:
        return list(tokenize(self._text, self._syntax, numbers=True))

    @cached_property
    def _words(self) -> list[str]:
        """The names among the tokens, in small letters; the others are empty."""
        return [token.value.lower() if token.kind in NAMES else "" for token in self._tokens]

    def _by_text(self, message: str) -> list[int]:
        """Find the sources whose pattern matches, the exact ones first, or else those that compute all of the text.

        A concatenation with NULL is NULL, which PRINT shows as a blank.
        """
        blank = not message.strip()
        matching = [source for source in self._all if source.pattern and source.pattern.fullmatch(message)]
        matching += [source for source in self._all if source.pattern and blank and not source.exact]
        matching = [source for source in matching if source.exact] or matching
        unknown = [source for source in self._all if source.pattern is None]
        if unknown and not (matching and not blank) and OTHERS.isdisjoint(self._words):
            matching = matching or unknown
        return [source.offset for source in matching]

    def _by_name(self, message: str) -> list[int]:
        """Find the places of a name that the server quotes, those after IF EXISTS first, if it has only one."""
        for name in QUOTED.findall(message):
            searched = name.rpartition(".")[2].lower()
            if searched not in self._lower:
                continue
            tokens = tokenize(self._text, self._syntax)
            offsets = [token.offset for token in tokens if token.kind in NAMES and token.value.lower() == searched]
            after_exists = [offset for offset in offsets if IF_EXISTS.search(self._text, max(0, offset - NEAR), offset)]
            if len(offsets := after_exists or offsets) == 1:
                return offsets
        return []

    def _source(self, index: int, word: str) -> MessageSource | None:
        offset = self._tokens[index].offset
        if word == PRINT:
            return _of_parts(offset, PrintedText(self._text, self._tokens, index + 1).parts())
        form = FORMS[word].match(self._text, offset)
        if form is None:
            return None
        parts = form.groupdict()
        if int(parts.get("severity") or 0) > MOST_SEVERE:
            return None
        if parts["text"] is None:
            return MessageSource(offset, None, exact=False)
        level = f"{parts['level'].upper()}: " if "level" in parts else ""
        text = HOLES[word].sub(lambda hole: "%" if hole[0] == "%%" else "\0", parts["text"].replace("''", "'"))
        return _of_parts(offset, [level, *_with_holes(text)])


def _with_holes(text: str) -> Iterator[str | None]:
    """Yield the parts of a text around each NUL, which stands for a hole."""
    for index, part in enumerate(text.split("\0")):
        yield from [None, part] if index else [part]


def _of_parts(offset: int, parts: Sequence[str | None]) -> MessageSource:
    """Make a source of texts, and None where a part is computed; PRINT shows an empty text as a blank."""
    known = "".join(part or "" for part in parts)
    computed = None in parts
    if computed and not known.strip():
        return MessageSource(offset, None, exact=False)
    pattern = "".join(".*" if part is None else re.escape(part) for part in parts if part != "") or " "
    return MessageSource(offset, re.compile(pattern, re.DOTALL), exact=not computed)


class PrintedText:
    """The expression of a PRINT: literals, joined by + or CONCAT, are what the message certainly holds."""

    def __init__(self, text: str, tokens: Sequence[Token], index: int) -> None:
        self._text = text
        self._tokens = tokens
        self._index = index

    def parts(self) -> list[str | None]:
        """Read the expression: its literals, and None for each operand that is computed."""
        parts = self._operand()
        while operator := self._operator():
            parts += self._operand()
            if operator != "+":
                parts = [None]
        return parts

    def _operand(self) -> list[str | None]:
        token = self._next()
        if token is None:
            return [None]
        if token.kind == "string":
            return [token.value]
        if token.value == "(" and token.kind == "mark":
            self._index -= 1
            return self._arguments()
        if token.word == "CASE":
            self._skip_case()
            return [None]
        while self._mark() == ".":
            self._index += 2
        if self._mark() == "(":
            arguments = self._arguments()
            return arguments if token.word == "CONCAT" else [None]
        return [None]

    def _arguments(self) -> list[str | None]:
        """Read from one parenthesis to the other what stands between commas."""
        self._index += 1
        parts: list[str | None] = []
        depth = 1
        while self._mark() != ")":
            parts += self.parts()
            if self._mark() not in {",", ")"}:  # an argument that is no expression of literals
                parts = [None]
                while depth and (token := self._next()):
                    depth += {"(": 1, ")": -1}.get(token.value, 0) if token.kind == "mark" else 0
                return parts
            self._index += self._mark() == ","
        self._index += 1
        return parts

    def _skip_case(self) -> None:
        depth = 1
        while depth and (token := self._next()):
            depth += {"CASE": 1, "END": -1}.get(token.word, 0)

    def _operator(self) -> str:
        """Return what stands between the last token and the next one, without comments; empty where nothing does."""
        if self._index >= len(self._tokens):
            return ""
        last, following = self._tokens[self._index - 1], self._tokens[self._index]
        string = STRING.match(self._text, last.offset) if last.kind == "string" else None
        end = string.end() if string else last.offset + len(last.value) + 2 * (last.kind == "quoted")
        between = COMMENT.sub("", self._text[end : following.offset]).strip()
        return between.rstrip("Nn ") if following.kind == "string" else between  # N'text' begins at its quote

    def _mark(self) -> str:
        """Return the mark that follows, if one does; a closing parenthesis at the end of the text."""
        if self._index >= len(self._tokens):
            return ")"
        token = self._tokens[self._index]
        return token.value if token.kind == "mark" else ""

    def _next(self) -> Token | None:
        if self._index >= len(self._tokens):
            return None
        self._index += 1
        return self._tokens[self._index - 1]
