"""Process a script as psql does before the server sees it: backslash commands, and the rows after COPY FROM STDIN."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.sql.lexer import POSTGRESQL, POSTGRESQL_BACKSLASHES
from ahjo_tasks.sql.scanner import Scanner, skip_gap
from ahjo_tasks.sql.tokens import tokenize

if TYPE_CHECKING:
    from ahjo_tasks.errors import SourceError
    from ahjo_tasks.sql.source import SourceText

GAP = POSTGRESQL.gap()
LEAD = re.compile(GAP)
_NAMED = "standard_conforming_strings"
_SETTING = (
    rf"(?ai:SET\b{GAP}(?:SESSION\b{GAP}|LOCAL\b{GAP}|)?+{_NAMED}\b{GAP}(?:=|TO\b){GAP}'?+(?P<value>\w++)"
    rf"|SELECT\b{GAP}(?:pg_catalog{GAP}\.{GAP}|)?+set_config{GAP}\({GAP}'{_NAMED}'{GAP},{GAP}'(?P<config>\w++)'"
    rf"|RESET\b{GAP}(?:{_NAMED}|ALL)\b|DISCARD\b{GAP}ALL\b)"
)
"""A statement that says how the server reads strings from the next call on."""
_MAY_CHANGE = re.compile(rf"(?ai:{_NAMED})")
_OFF = frozenset({"off", "of", "false", "fals", "fal", "fa", "f", "no", "n", "0"})


@cache
def _setting(start: str = "", end: str = "") -> re.Pattern[str]:
    """Compile it between two others when a script may need it, for that takes long."""
    return re.compile(f"{start}{_SETTING}{end}")


class StringSetting:
    """The setting by which the server reads strings, statement by statement: old dumps have it read backslashes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._changes = "\\" in text and _MAY_CHANGE.search(text) is not None
        self.escapes = False
        """True where each string knows the backslash."""

    def read(self, start: int) -> bool:
        """Take note of the statement at an offset, and return whether it says how strings are read."""
        match = _setting().match(self._text, start) if self._changes else None
        if match:
            self.escapes = _is_off(match)
        return match is not None


def escapes_after(batch: str, *, before: bool) -> bool:
    """Tell whether strings know the backslash after a batch: a script is split where a statement says so."""
    if not before and not _MAY_CHANGE.search(batch):
        return False
    match = _setting(rf"(?:\A|;){GAP}", rf"[^;]*+;?{GAP}\Z").search(batch)
    return _is_off(match) if match else before


def _is_off(setting: re.Match[str]) -> bool:
    return (setting["value"] or setting["config"] or "").lower() in _OFF


def scanners(stop: str, heads: str) -> tuple[Scanner, Scanner]:
    """Return strict scanners for strings without escapes, and with them, to be chosen by `StringSetting.escapes`."""
    return Scanner(POSTGRESQL, stop, heads), Scanner(POSTGRESQL_BACKSLASHES, stop, heads)


SCANNERS = scanners(r"[;\\]", ";\\")
_NAME = r"(?:\"[^\"]*+\"|[^\s\"'();,])(?:\"[^\"]*+\"|(?!/\*|--)[^\s\"'();,]|)*+"
_COPY = re.compile(rf"(?ai:COPY\b{GAP}{_NAME}{GAP}(?:\((?:\"[^\"]*+\"|[^()\"]|)*+\){GAP}|)?+FROM\b{GAP}STDIN\b)")
_COPY_OUT = re.compile(r"(?ai:COPY)(?![\w$.])")
_LINE_END = re.compile(r"[ \t]*+(?:--[^\r\n]*+)?(?:\r\n?|\n|\Z)")
_ROWS_END = re.compile(r"^\\\.[ \t\r]*$", re.MULTILINE)
_COMMAND = re.compile(r"\\(?P<name>[A-Za-z_]++|[^\s\\]?)[ \t]*+(?P<rest>[^\r\n]*+)")
_SHOWN = frozenset(
    {"restrict", "unrestrict", "echo", "qecho", "warn", "pset", "timing", "errverbose", "unset", "x", "a"}
)
"""Commands that only change what psql shows or accepts."""
_VARIABLES = frozenset(
    {
        "COMP_KEYWORD_CASE",
        "ECHO",
        "ECHO_HIDDEN",
        "FETCH_COUNT",
        "HIDE_TABLEAM",
        "HIDE_TOAST_COMPRESSION",
        "HISTCONTROL",
        "HISTFILE",
        "HISTSIZE",
        "IGNOREEOF",
        "PROMPT1",
        "PROMPT2",
        "PROMPT3",
        "QUIET",
        "SHOW_ALL_RESULTS",
        "SHOW_CONTEXT",
        "VERBOSITY",
    }
)
"""Variables of psql that change what it shows, and nothing that it does."""
_AS_WE_DO = {
    "ON_ERROR_STOP": {"", "on", "1", "true", "yes"},
    "AUTOCOMMIT": {"on", "1", "true", "yes"},
    "ON_ERROR_ROLLBACK": {"off", "0", "false", "no"},
    "SINGLELINE": {"off", "0", "false", "no"},
    "SINGLESTEP": {"off", "0", "false", "no"},
}
"""Values of the variables that change how psql runs a script, with which it does what we do."""
_HINTS = {
    "copy": "Load the rows from a data file (.csv), or write COPY ... FROM stdin with the rows below it.",
    "include": "Deploy the included file by itself.",
    "connect": "All files are run on the database of the config.",
    "gexec": "Write the statements out, or run them by EXECUTE in a DO block.",
    "set": "Use scripting_variables of the config: $(NAME).",
    "g": "End the statement with a semicolon.",
}
_ALIASES = {"i": "include", "ir": "include", "include_relative": "include", "c": "connect", "gset": "set", "gx": "g"}


class Rows(NamedTuple):
    """The rows below a COPY statement: where the statement ends, and where the rows begin, end, and are ended."""

    statement_end: int
    start: int
    end: int
    after: int


def without_commands(source: SourceText) -> SourceText:
    r"""Replace commands that change nothing (\restrict, \set ON_ERROR_STOP on) by blanks of the same length.

    Raises SourceError for other backslash commands, which only psql can carry out.
    """
    text, start, parts, done = source.text, 0, list[str](), 0
    if "\\" not in text:
        return source
    setting = StringSetting(text)
    while start < len(text):
        lead = skip_gap(LEAD, text, start)
        end = SCANNERS[setting.escapes].find_next(source, lead)
        setting.read(lead)
        if not text.startswith("\\", end):
            rows = copy_rows(source, lead, end)
            start = rows.after if rows else end + 1
            continue
        start = _command_end(source, end)
        parts += text[done:end], " " * (start - end)
        done = start
    return source._replace(text="".join((*parts, text[done:]))) if parts else source


def copy_rows(source: SourceText, start: int, end: int) -> Rows | None:
    """Find the rows of the statement from `start` to its semicolon at `end`; None where it is no COPY FROM STDIN."""
    if not _COPY.match(source.text, start):
        _refuse_output(source, start, end)
        return None
    line_end, last = _LINE_END.match(source.text, end + 1), None
    if line_end:
        last = _ROWS_END.search(source.text, line_end.end())
    if line_end is None or last is None:
        raise source.error(
            start,
            "COPY FROM STDIN needs its rows",
            hint=r"Write the rows on the lines below it, and \. on a line of its own after the last one.",
        )
    return Rows(end, line_end.end(), last.start(), last.end())


def _refuse_output(source: SourceText, start: int, end: int) -> None:
    """Raise SourceError for COPY ... TO STDOUT, whose rows psql would print."""
    if not _COPY_OUT.match(source.text, start):
        return
    words = [token.word for token in tokenize(source.text[start:end], POSTGRESQL)]
    if ("TO", "STDOUT") in pairwise(words):
        raise source.error(
            start,
            "COPY TO STDOUT gives its rows to psql, and nothing here takes them",
            hint='Leave it out; `inv to-csv --query "SELECT ..."` writes rows to a file.',
        )


def _command_end(source: SourceText, start: int) -> int:
    command = _COMMAND.match(source.text, start)
    if command is None or not _changes_nothing(command["name"], command["rest"]):
        raise _refusal(source, start, command["name"] if command else "")
    return command.end()


def _changes_nothing(name: str, rest: str) -> bool:
    if "\\" in rest:  # a second command, or SQL after `\\`
        return False
    if name == "encoding":
        return rest.strip().strip("'\"").replace("-", "").upper() in {"UTF8", "UNICODE"}
    if name != "set":
        return name in _SHOWN
    variable, _, value = rest.strip().partition(" ")
    return variable in _VARIABLES or value.strip().strip("'").lower() in _AS_WE_DO.get(variable, ())


def _refusal(source: SourceText, start: int, name: str) -> SourceError:
    hint = _HINTS.get(_ALIASES.get(name, name), "Remove the line, or run the file with psql.")
    return source.error(start, rf"\{name} is a command of psql, not SQL", hint=hint)
