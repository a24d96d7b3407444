"""Directives of sqlcmd: `:setvar`, `:r` and `:on error`, obeyed where a project asks for it, and refused elsewhere.

A directive stands at the start of a line of code. `:setvar` counts from its line on, `:r` puts another file in its
place, and with `:on error ignore` a batch that fails is reported and the next one runs. All others are refused by name:
they are about a console, or about another server.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import SourceError
from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.scanner import Reader
from ahjo_tasks.sql.source import Source, line_starts, with_line_feeds
from ahjo_tasks.sql.variables import filled, uses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Decode = Callable[[Path], str]

IGNORE = ":on error ignore"
REFUSED = (
    *("connect", "ed", "error", "exit", "help", "list", "listvar", "out", "perftrace", "quit", "reset", "serverlist"),
    "xml",
)
SWITCH = "Set sqlcmd_directives in the config where scripts are made for sqlcmd."

_NAMES = "|".join(sorted(["setvar", "r", r"on[ \t]++error", *REFUSED], key=len, reverse=True))
_OPENING = rf"[ \t]*+(?::(?ai:{_NAMES})(?=[ \t\r\n]|\Z)|:?!!)"
_DIRECTIVE = re.compile(rf"(?P<blank>[ \t]*+)(?P<word>:(?ai:{_NAMES})(?=[ \t\r\n]|\Z)|:?!!)[ \t]*+")
_ANYWHERE = re.compile(rf"\n{_OPENING}")
_READER = Reader(MSSQL, rf"(?:\r\n?|\n){_OPENING}", "\r\n")
_LINE_BREAK = re.compile(r"\r\n?|\n")
_REST = re.compile(r"[^\r\n]*+")
_COMMENT = re.compile(r"(?:^|[ \t])--.*$")
_SETVAR = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_-]*+)(?:[ \t]++(?!--)(?:\"(?P<quoted>(?:[^\"]|\"\")*+)\"|(?P<bare>[^\s\"]++)))?+"
    r"[ \t]*+(?:--[^\r\n]*+)?(?=[\r\n]|\Z)"
)
_ON_ERROR = re.compile(r"(?ai:(?P<what>exit|ignore))[ \t]*+(?:--[^\r\n]*+)?(?=[\r\n]|\Z)")


class Place(NamedTuple):
    """A place in a file on disk, and the text of that file."""

    path: Path | None
    line: int
    column: int | None
    text: str


class _Part(NamedTuple):
    """A part of the expanded text, from `start` on; what is not `verbatim` came from a variable at `offset`."""

    start: int
    source: Source
    offset: int
    verbatim: bool


@dataclass(frozen=True)
class Preprocessed:
    """A text with its directives carried out, which knows of every character where it came from."""

    text: str
    parts: tuple[_Part, ...]
    switches: tuple[tuple[int, bool], ...] = ()
    """Where errors begin (or cease) to be ignored."""

    def place(self, line: int, column: int | None = None) -> Place:
        """The place on disk of a line and column of the text."""
        offset = self._offset(line, column or 1)
        part = self.parts[max(0, bisect_right(self.parts, offset, key=lambda one: one.start) - 1)]
        inside = offset - part.start if part.verbatim else 0
        there = min(part.offset + inside, len(part.source.text))
        starts = self._starts_in[id(part.source)]
        number = bisect_right(starts, there)
        return Place(part.source.path, number, there - starts[number - 1] + 1 if column else None, part.source.text)

    def ignores(self, line: int, column: int) -> bool:
        """Whether the error of a batch that begins there is ignored."""
        offset = self._offset(line, column)
        number = bisect_right(self.switches, offset, key=lambda switch: switch[0])
        return number > 0 and self.switches[number - 1][1]

    def _offset(self, line: int, column: int) -> int:
        start = self._starts[line - 1] if line <= len(self._starts) else len(self.text)
        return start + column - 1

    @cached_property
    def _starts(self) -> list[int]:
        return line_starts(self.text)

    @cached_property
    def _starts_in(self) -> dict[int, list[int]]:
        sources = {id(part.source): part.source for part in self.parts}
        return {key: line_starts(source.text) for key, source in sources.items()}

    def moved(self, error: SourceError) -> SourceError:
        """An error about the text, said of the file on disk."""
        place = self.place(error.line or 1, error.column)
        return SourceError(error.message, path=place.path, line=place.line, column=place.column, hint=error.hint)


def has_directives(text: str) -> bool:
    """Whether a line looks like a directive; it may still be in a comment or string."""
    return (":" in text or "!!" in text) and bool(_ANYWHERE.search("\n" + with_line_feeds(text)))


def refuse(text: str, path: Path) -> None:
    """Raise SourceError, with its name and place, for a directive in a file where none is obeyed."""
    if not has_directives(text):
        return
    source = Source(text, path)
    found = _next(source, 0)
    if found is not None:
        raise source.error(found.start("word"), f"{found['word']} is a directive of sqlcmd, not SQL", hint=SWITCH)


def expand(path: Path, variables: Mapping[str, object], decode: Decode) -> Preprocessed:
    """The text of a file with its directives carried out and its variables filled in.

    Raises SourceError for a directive that cannot be obeyed, a circle of includes, and a variable without a value.
    """
    work = _Work({name.casefold(): str(value) for name, value in variables.items()}, decode)
    work.read(path)
    parts = work.parts or [_Part(0, Source("", path), 0, verbatim=True)]
    return Preprocessed("".join(work.texts), tuple(parts), tuple(work.switches))


@dataclass
class _Work:
    values: dict[str, str]
    decode: Decode
    texts: list[str] = field(default_factory=list)
    parts: list[_Part] = field(default_factory=list)
    switches: list[tuple[int, bool]] = field(default_factory=list)
    open_files: list[Path] = field(default_factory=list)
    length: int = 0

    def read(self, path: Path) -> None:
        self.open_files.append(path.resolve())
        source = Source(self.decode(path), path)
        start = 0
        while found := _next(source, start):
            self._copy(source, start, found.start("word"))
            start = self._obey(source, found)
        self._copy(source, start, len(source.text))
        self.open_files.pop()

    def _copy(self, source: Source, start: int, end: int) -> None:
        """Take over a part of a file, its variables filled in."""
        for first, last, value in uses(source, self.values, MSSQL, start, end):
            self._add(source.text[start:first], source, start, verbatim=True)
            self._add(value, source, first, verbatim=False)
            start = last
        self._add(source.text[start:end], source, start, verbatim=True)

    def _add(self, text: str, source: Source, offset: int, *, verbatim: bool) -> None:
        if text:
            self.parts.append(_Part(self.length, source, offset, verbatim))
            self.texts.append(text)
            self.length += len(text)

    def _obey(self, source: Source, found: re.Match[str]) -> int:
        """Carry out a directive; the offset behind it."""
        word = " ".join(found["word"].lower().split())
        if word == ":setvar":
            return self._set(source, found)
        if word == ":r":
            return self._include(source, found)
        if word == ":on error":
            return self._on_error(source, found)
        raise source.error(found.start("word"), f"{found['word']} is not supported here")

    def _set(self, source: Source, found: re.Match[str]) -> int:
        match = _SETVAR.match(source.text, found.end())
        if match is None:
            raise source.error(found.start("word"), ":setvar needs a name and at most one value, quotes closed")
        given = match["bare"] if match["quoted"] is None else match["quoted"].replace('""', '"')
        if given is None:
            self.values.pop(match["name"].casefold(), None)
        else:
            self.values[match["name"].casefold()] = filled(source, given, match.start(), self.values)
        return match.end()

    def _include(self, source: Source, found: re.Match[str]) -> int:
        rest = _REST.match(source.text, found.end())
        end = rest.end() if rest else found.end()
        named = _COMMENT.sub("", source.text[found.end() : end]).strip()
        named = filled(source, named, found.end(), self.values).strip('"')
        if not named:
            raise source.error(found.start("word"), ":r needs the name of a file")
        self.read(self._found(source, found, named))
        if self.texts and not self.texts[-1].endswith(("\n", "\r")):
            self._add("\n", source, end, verbatim=False)
        line_break = _LINE_BREAK.match(source.text, end)
        return line_break.end() if line_break else end

    def _found(self, source: Source, found: re.Match[str], named: str) -> Path:
        """The file that `:r` names, relative to the file that names it."""
        folder = source.path.parent if source.path else self.open_files[0].parent
        path = next((one for one in (folder / named, folder / named.replace("\\", "/")) if one.is_file()), None)
        if path is None:
            raise source.error(found.start("word"), f":r {named}: there is no such file")
        if path.resolve() in self.open_files:
            chain = [*self.open_files[self.open_files.index(path.resolve()) :], path.resolve()]
            raise source.error(
                found.start("word"), f"these files include each other: {' -> '.join(one.name for one in chain)}"
            )
        return path

    def _on_error(self, source: Source, found: re.Match[str]) -> int:
        match = _ON_ERROR.match(source.text, found.end())
        if match is None:
            raise source.error(found.start("word"), ":on error needs exit or ignore")
        self.switches.append((self.length, match["what"].lower() == "ignore"))
        return match.end()


def _next(source: Source, start: int) -> re.Match[str] | None:
    """The next directive in code; `start` is the beginning of the text, or the end of a directive."""
    if start == 0 and (first := _DIRECTIVE.match(source.text)):
        return first
    if start and source.text[start - 1] in "\r\n" and (directly := _DIRECTIVE.match(source.text, start)):
        return directly
    stop = _READER.advance(source, start)
    line_break = _LINE_BREAK.match(source.text, stop)
    return _DIRECTIVE.match(source.text, line_break.end()) if line_break else None
