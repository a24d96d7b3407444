"""Preprocessor for directives of sqlcmd: `:setvar`, `:r`, `:on error` and `:exit`, where a project switches it on.

A directive stands at the start of a line of code. `:setvar` counts from its line on, `:r` includes another file, and
with `:on error ignore` a batch that fails is reported and the next one runs. `:exit` and `:quit` may end a script. All
others are rejected by name: they are about a console, or about another server. Some need no colon, where no statement
of the batch stands before them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import SourceError
from ahjo_tasks.sql.lexer import MSSQL
from ahjo_tasks.sql.scanner import Scanner, skip_gap
from ahjo_tasks.sql.source import SourceText, ascii_upper, line_starts, with_line_feeds
from ahjo_tasks.sql.variables import filled, uses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Decode = Callable[[Path], str]

IGNORE = ":on error ignore"
REFUSED = (*("connect", "ed", "error", "help", "list", "listvar", "out", "perftrace", "reset", "serverlist", "xml"),)
ENDS = ("exit", "quit")
BARE = (*ENDS, "ed", "reset")
"""Directives of osql, which sqlcmd takes without a colon, too."""
SWITCH = "Set sqlcmd_directives in the config where scripts are made for sqlcmd."

_NAMES = "|".join(sorted(["setvar", "r", r"on[ \t]++error", *ENDS, *REFUSED], key=len, reverse=True))
_REST_OF_LINE = r"[ \t]*+(?:\([^\r\n]*+|--[^\r\n]*+)?(?=[\r\n]|\Z)"
_WORD = rf"(?::(?ai:{_NAMES})(?=[ \t\r\n(]|\Z)|:?!!|(?P<bare>(?ai:{'|'.join(BARE)}))(?={_REST_OF_LINE}))"
_OPENING = rf"[ \t]*+{_WORD}"
_DIRECTIVE = re.compile(rf"(?P<blank>[ \t]*+)(?P<word>{_WORD})[ \t]*+")
_GO_LINE = r"^[ \t]*+GO(?:[ \t]++[0-9]++)?[ \t]*+(?:--[^\r\n]*+)?\r?$"
_GO = re.compile(rf"(?aim){_GO_LINE}")
_AHEAD = re.compile(rf"(?aim){_GO_LINE}|^[ \t]*+:[a-z][^\r\n]*+")
"""Lines that are no part of a batch: GO, and directives."""
_NOTHING = re.compile(MSSQL.gap())
_ANYWHERE = re.compile(rf"\n{_OPENING}")
_SCANNER = Scanner(MSSQL, rf"(?:\r\n?|\n){_OPENING}", "\r\n")
_LINE_BREAK = re.compile(r"\r\n?|\n")
_REST = re.compile(r"[^\r\n]*+")
_COMMENT = re.compile(r"(?:^|[ \t])--.*$")
_SETVAR = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_-]*+)(?:[ \t]++(?!--)(?:\"(?P<quoted>(?:[^\"]|\"\"|)*+)\"|(?P<bare>[^\s\"]++))|)?+"
    r"[ \t]*+(?:--[^\r\n]*+)?(?=[\r\n]|\Z)"
)
_ON_ERROR = re.compile(r"(?ai:(?P<what>exit|ignore))[ \t]*+(?:--[^\r\n]*+)?(?=[\r\n]|\Z)")


class Position(NamedTuple):
    """A line and column of a file on disk, and the text of that file."""

    path: Path | None
    line: int
    column: int | None
    text: str


class _Part(NamedTuple):
    """A part of the expanded text, from `start` on; one that is not `verbatim` came from a variable at `offset`."""

    start: int
    source: SourceText
    offset: int
    verbatim: bool


@dataclass(frozen=True)
class Preprocessed:
    """A text with its directives executed, and a map from every character to its source."""

    text: str
    parts: tuple[_Part, ...]
    switches: tuple[tuple[int, bool], ...] = ()
    """Offsets from which errors are ignored (True) or not."""

    def position(self, line: int, column: int | None = None) -> Position:
        """Give the position on disk of a line and column of the text."""
        offset = self._offset(line, column or 1)
        part = self.parts[max(0, bisect_right(self.parts, offset, key=lambda part: part.start) - 1)]
        inside = offset - part.start if part.verbatim else 0
        source_offset = min(part.offset + inside, len(part.source.text))
        starts = self._starts_in[id(part.source)]
        number = bisect_right(starts, source_offset)
        return Position(
            part.source.path, number, source_offset - starts[number - 1] + 1 if column else None, part.source.text
        )

    def ignores(self, line: int, column: int) -> bool:
        """Test whether the error of a batch that begins there is ignored."""
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

    def relocated(self, error: SourceError) -> SourceError:
        """Convert an error about the text to one about the file on disk."""
        position = self.position(error.line or 1, error.column)
        return SourceError(
            error.message, path=position.path, line=position.line, column=position.column, hint=error.hint
        )


def has_directives(text: str) -> bool:
    """Test whether a line looks like a directive; it may still be in a comment or string."""
    upper = ascii_upper(text)
    may = ":" in text or "!!" in text or any(word.upper() in upper for word in BARE)
    return may and bool(_ANYWHERE.search("\n" + with_line_feeds(text)))


def reject(text: str, path: Path) -> None:
    """Raise SourceError, with name and position, for a directive in a file where they are switched off."""
    if not has_directives(text):
        return
    source = SourceText(text, path)
    directive = _next(source, 0)
    if directive is not None:
        message = f"{directive['word']} is a directive of sqlcmd, not SQL"
        raise source.error(directive.start("word"), message, hint=SWITCH)


def expand(path: Path, variables: Mapping[str, object], decode: Decode) -> Preprocessed:
    """Read a file, execute its directives and fill in its variables.

    Raises SourceError for a directive that is not supported, a cycle of includes, and a variable without a value.
    """
    preprocessor = _Preprocessor({name.casefold(): str(value) for name, value in variables.items()}, decode)
    preprocessor.read(path)
    parts = preprocessor.parts or [_Part(0, SourceText("", path), 0, verbatim=True)]
    return Preprocessed("".join(preprocessor.texts), tuple(parts), tuple(preprocessor.switches))


@dataclass
class _Preprocessor:
    values: dict[str, str]
    decode: Decode
    texts: list[str] = field(default_factory=list)
    parts: list[_Part] = field(default_factory=list)
    switches: list[tuple[int, bool]] = field(default_factory=list)
    open_files: list[Path] = field(default_factory=list)
    length: int = 0
    ended: str = ""
    """The directive that has ended the script."""

    def read(self, path: Path) -> None:
        self.open_files.append(path.resolve())
        source = SourceText(self.decode(path), path)
        start = 0
        while directive := _next(source, start):
            self._copy(source, start, directive.start("word"))
            start = self._execute(source, directive)
        self._copy(source, start, len(source.text))
        self.open_files.pop()

    def _copy(self, source: SourceText, start: int, end: int) -> None:
        """Append a part of a file, its variables filled in."""
        code = skip_gap(_NOTHING, _GO.sub(_blank, source.text[start:end]), 0) if self.ended else end - start
        if code < end - start:
            raise source.error(start + code, f"nothing runs after {self.ended}", hint="Delete what stands behind it.")
        for first, last, value in uses(source, self.values, MSSQL, start, end):
            self._add(source.text[start:first], source, start, verbatim=True)
            self._add(value, source, first, verbatim=False)
            start = last
        self._add(source.text[start:end], source, start, verbatim=True)

    def _add(self, text: str, source: SourceText, offset: int, *, verbatim: bool) -> None:
        if text:
            self.parts.append(_Part(self.length, source, offset, verbatim))
            self.texts.append(text)
            self.length += len(text)

    def _execute(self, source: SourceText, directive: re.Match[str]) -> int:
        """Execute a directive and return the offset after it."""
        word = " ".join(directive["word"].lower().split())
        if word.lstrip(":") in ENDS and not source.text.startswith("(", directive.end()):
            return self._end(source, directive)
        if word == ":setvar":
            return self._set(source, directive)
        if word == ":r":
            return self._include(source, directive)
        if word == ":on error":
            return self._on_error(source, directive)
        raise source.error(directive.start("word"), f"{directive['word']} is not supported here")

    def _end(self, source: SourceText, directive: re.Match[str]) -> int:
        """End the script, unless sqlcmd would leave out statements by it: those of a batch without GO."""
        if not _begins_batch("".join(self.texts)):
            message = f"{directive['word']} leaves out the statements before it, back to GO"
            raise source.error(directive.start("word"), message, hint="Put GO on a line of its own before it.")
        self.ended = directive["word"]
        return directive.end()

    def _set(self, source: SourceText, directive: re.Match[str]) -> int:
        match = _SETVAR.match(source.text, directive.end())
        if match is None:
            raise source.error(directive.start("word"), ":setvar needs a name and at most one value, quotes closed")
        value = match["bare"] if match["quoted"] is None else match["quoted"].replace('""', '"')
        if value is None:
            self.values.pop(match["name"].casefold(), None)
        else:
            self.values[match["name"].casefold()] = filled(source, value, match.start(), self.values)
        return match.end()

    def _include(self, source: SourceText, directive: re.Match[str]) -> int:
        rest = _REST.match(source.text, directive.end())
        end = rest.end() if rest else directive.end()
        name = _COMMENT.sub("", source.text[directive.end() : end]).strip()
        name = filled(source, name, directive.end(), self.values).strip('"')
        if not name:
            raise source.error(directive.start("word"), ":r needs the name of a file")
        self.read(self._included(source, directive, name))
        if self.texts and not self.texts[-1].endswith(("\n", "\r")):
            self._add("\n", source, end, verbatim=False)
        line_break = _LINE_BREAK.match(source.text, end)
        return line_break.end() if line_break else end

    def _included(self, source: SourceText, directive: re.Match[str], name: str) -> Path:
        """Find the file that `:r` names, relative to the file that names it."""
        folder = source.path.parent if source.path else self.open_files[0].parent
        candidates = (folder / name, folder / name.replace("\\", "/"))
        path = next((candidate for candidate in candidates if candidate.is_file()), None)
        if path is None:
            raise source.error(directive.start("word"), f":r {name}: there is no such file")
        if path.resolve() in self.open_files:
            chain = [*self.open_files[self.open_files.index(path.resolve()) :], path.resolve()]
            raise source.error(
                directive.start("word"), f"these files include each other: {' -> '.join(file.name for file in chain)}"
            )
        return path

    def _on_error(self, source: SourceText, directive: re.Match[str]) -> int:
        match = _ON_ERROR.match(source.text, directive.end())
        if match is None:
            raise source.error(directive.start("word"), ":on error needs exit or ignore")
        self.switches.append((self.length, match["what"].lower() == "ignore"))
        return match.end()


def _next(source: SourceText, start: int) -> re.Match[str] | None:
    """Find the next directive in code; `start` is the beginning of the text, or the end of a directive."""
    while directive := _candidate(source, start):
        if not directive["bare"] or _begins_batch(source.text[: directive.start()]):
            return directive
        start = directive.end()
    return None


def _candidate(source: SourceText, start: int) -> re.Match[str] | None:
    """Find the next line of code that reads like a directive."""
    if start == 0 and (first := _DIRECTIVE.match(source.text)):
        return first
    if start and source.text[start - 1] in "\r\n" and (directly := _DIRECTIVE.match(source.text, start)):
        return directly
    stop = _SCANNER.find_next(source, start)
    line_break = _LINE_BREAK.match(source.text, stop)
    return _DIRECTIVE.match(source.text, line_break.end()) if line_break else None


def _begins_batch(text: str) -> bool:
    """Test whether no statement of the batch stands before the end of a text."""
    start = max((line.end() for line in _AHEAD.finditer(text)), default=0)
    return skip_gap(_NOTHING, text, start) == len(text)


def _blank(line: re.Match[str]) -> str:
    return " " * len(line[0])
