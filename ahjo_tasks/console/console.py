"""Every word that the user reads."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ahjo_tasks.config.secret import encoded_forms
from ahjo_tasks.console.progress import CLEAR_LINE, ProgressLine
from ahjo_tasks.console.tables import columns, shortened
from ahjo_tasks.errors import INTERRUPTED, AhjoError, ConfigError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


@dataclass
class Tally:
    """What has been done in an action, over all the projects that it works on."""

    counts: dict[str, int] = field(default_factory=lambda: {"OK": 0, "FAIL": 0, "SKIP": 0})
    remaining: int = 0
    left_out: list[str] = field(default_factory=list)
    remarks: set[str] = field(default_factory=set)

    def reset(self) -> None:
        """Begin the next action; remarks are said once in a run."""
        self.counts = dict.fromkeys(self.counts, 0)
        self.remaining = 0
        self.left_out = []


WIDTH = 100
NARROW = 30
ROOMY = 60
WIDE = 90
TAIL = 26
"""Columns for the end of a result line where there is room: status, seconds, and what there is to say of it."""

STYLES = {
    "ok": "\033[32m",
    "fail": "\033[1;31m",
    "warn": "\033[33m",
    "head": "\033[1;36m",
    "dim": "\033[2m",
}
PLAIN = "\033[0m"
TABLE_STYLES = {0: "head", 1: "dim"}
SHORTEST_SECRET = 4
"""A shorter one would take whole words of every sentence with it."""
ASCII = str.maketrans({"─": "-", "…": "~", "│": "|"})


class Console:
    """Writes to a terminal with colour and live progress, to anything else as plain lines, and all of it to a log.

    `log` takes a level (`info`, `warning`, `error`, `debug`) and a line without colour.
    """

    def __init__(
        self,
        log: Callable[[str, str], None] | None = None,
        *,
        out: IO[str] | None = None,
        err: IO[str] | None = None,
        colored: bool = True,
        tally: Tally | None = None,
    ) -> None:
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        self._keep = log or (lambda _level, _line: None)
        self._hidden: list[str] = []
        self.tally = tally or Tally()
        self.colored = colored
        self.live = _is_lively(self.out)
        wide = shutil.get_terminal_size((WIDTH, 24)).columns - 1 if self.out.isatty() else WIDTH
        self.columns = max(NARROW, wide)
        self.width = min(self.columns, WIDTH)
        self._line = ProgressLine(self.out, self._shaped) if self.live else None
        self._machine = False
        self._asking = False
        if os.name == "nt" and (self.live or _is_lively(self.err)):
            import colorama

            colorama.just_fix_windows_console()

    def log(self, level: str, text: str) -> None:
        """Keep a line without showing it."""
        self._keep(level, self.masked(text))

    def hide(self, secret: str | None) -> None:
        """Show and log `***` in place of this text from now on."""
        if secret and len(secret) >= SHORTEST_SECRET:
            self._hidden = sorted({*self._hidden, *encoded_forms(secret)}, key=len, reverse=True)

    @property
    def interactive(self) -> bool:
        """Whether there is somebody to answer a question."""
        return sys.stdin is not None and sys.stdin.isatty() and (self.out.isatty() or self.err.isatty())

    # -- lines ---------------------------------------------------------------------------------------------------

    def print(self, text: str = "", style: str | None = None, *, level: str = "info") -> None:
        """One line as it is."""
        self._write(self._told, self._paint(text, style, self._told))
        self.log(level, text)

    def relay(self, text: str) -> None:
        """A line of another process, which has a log of its own."""
        self._write(self._told, text)

    def info(self, text: str) -> None:
        """Something worth knowing that needs nothing done: said once in a run.

        An indented one belongs to the line above, and is always said.
        """
        if text.startswith(" ") or text not in self.tally.remarks:
            self.tally.remarks.add(text)
            self._sentence(self._told, text, "dim")
            self.log("info", text)

    def warning(self, text: str, *, once: bool = False) -> None:
        """Print a warning; with `once` only the first time in a run."""
        if not once or text not in self.tally.remarks:
            self.tally.remarks.add(text)
            self._err(f"Warning: {text}", "warn", level="warning")

    def heading(self, action: str, facts: Mapping[str, str]) -> None:
        """The action and what it works on: server, database and login first."""
        said = "   ".join(f"{name} {value}".strip() for name, value in facts.items() if value)
        text = f"{action}  {said}".rstrip()
        self._sentence(self._told, text, "head")
        self.log("info", text)

    def step_heading(self, name: str) -> None:
        """The start of one step of a multi-action."""
        self.print()
        self.print(f"── {name} {'─' * max(0, self.width - len(name) - 4)}", "head")

    def skipped(self, name: str) -> None:
        """An action that the config passes over."""
        self.tally.counts["SKIP"] += 1
        self.print(f"{name}: skipped, as skipped_actions says", "warn")

    def left_out(self, names: Sequence[str]) -> None:
        """Steps that are not run because one before them failed."""
        self.tally.left_out += names

    def result(  # noqa: PLR0913 - one parameter for each column of the line
        self, number: int, total: int, label: str, status: str, *, seconds: float, extra: str = ""
    ) -> None:
        """Print one aligned line: `  3/12 view dbo.v .......... ok    0.03s  5 rows`. On a terminal it never wraps."""
        self.tally.counts[{"ok": "OK", "FAIL": "FAIL"}.get(status, "SKIP")] += 1
        self.tally.remaining = total - number
        if self.out.isatty() and self.width < ROOMY:
            extra = ""
        count = f"{number:>{len(str(total))}}/{total}"
        tail = f"{status:<4} {f'{seconds:.2f}s':>8}{'  ' if extra else ''}{extra}"
        end = max(TAIL, len(tail)) if self.width >= WIDE else len(tail)
        room = self.width - end - len(count) - 8
        shown = shortened(label, room + self.columns - self.width) if self.out.isatty() else label
        dots = "." * (3 + max(0, room - len(shown)))
        color = {"ok": "ok", "FAIL": "fail"}.get(status, "warn")
        head = f"  {count} {shown} {self._paint(dots, 'dim')} "
        self._rest()
        self._write(self.out, head + self._paint(tail[:4], color) + tail[4:])
        self.log("error" if status == "FAIL" else "info", f"  {count} {label} {dots} {tail}")

    def step_started(self, number: int, total: int, label: str) -> None:
        """Show `  3/12 view dbo.v ...` on a terminal until the result replaces it; it counts as remaining till then."""
        self.tally.remaining = total - number + 1
        self.progress(f"  {number}/{total} {label} ...")

    def progress(self, text: str) -> None:
        """Show on a terminal what is being done, until the next line replaces it."""
        if self._line:
            self._line.show(text)

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Aligned columns; on a terminal a value that is too wide goes on in the next line."""
        room = self.width if self.out.isatty() else None
        for number, text in enumerate(columns([list(row) for row in rows], headers, room)):
            self.print(f"  {text}", TABLE_STYLES.get(number))

    def machine(self) -> None:
        """From now on standard output belongs to a program: it gets `raw` alone, and people are told by stderr."""
        self._machine = True

    def raw(self, text: str) -> None:
        """Output for a program: nothing is added, and it is not logged. No summary line follows."""
        self._machine = True
        self._write(self.out, text)

    def secret(self, text: str, value: str) -> None:
        """Show a secret once; the log has the text without it."""
        _put(self.out, text + value)
        self.log("info", f"{text}***")

    def summary(self, action: str, code: int, seconds: float) -> None:
        """The last line of an action, made for grep."""
        self._rest()
        tally = self.tally
        if code:
            tally.counts["SKIP"] += tally.remaining
            if tally.left_out:
                self.print(f"Not run: {', '.join(tally.left_out)}", "warn", level="warning")
        if code or not self._machine:
            counts = " ".join(f"{name}={count}" for name, count in tally.counts.items())
            style = "fail" if code else "warn" if tally.counts["FAIL"] else "ok"
            self.print(f"{action}: {counts} {seconds:.1f}s exit={code}", style)
        tally.reset()

    # -- failures ------------------------------------------------------------------------------------------------

    def error(self, error: AhjoError) -> None:
        """What went wrong, where, and what to do."""
        self._rest()
        place = _from_here(error.place) if isinstance(error, SourceError) else ""
        self._err(f"Error: {place}: {error.message}" if place else f"Error: {error.message}", "fail")
        for problem in error.problems if isinstance(error, ConfigError) else ():
            self._err(f"  - {problem}", "fail")
        for extra in getattr(error, "details", ()):
            self._err(f"  {extra}")
        if error.hint:
            self._err(f"  hint: {error.hint}", "warn")

    def unexpected(self, error: BaseException) -> None:
        """A failure that is no AhjoError: one line here, the traceback in the log."""
        import traceback

        self._rest()
        self._err(f"Error: {type(error).__name__}: {error}", "fail")
        self._err("  hint: run again with --debug for the traceback; it is in ahjo.log too.", "warn")
        self.log("error", "".join(traceback.format_exception(error)).rstrip())

    def interrupted(self, left: str = "what was not finished was rolled back") -> None:
        """The user pressed Ctrl-C; `left` says what became of what was running."""
        self._rest()
        if self._asking or not self.live:
            self._write(self.err, "")
        else:
            self.out.write(CLEAR_LINE)  # the terminal shows ^C there
        self._err(f"Interrupted: {'nothing was changed' if self._asking else left}.", "fail")

    # -- questions -----------------------------------------------------------------------------------------------

    def confirm(self, question: str) -> bool:
        """Ask for y or n; anything but y is no."""
        answer = self.ask(f"{question} [y/N] ")
        return answer.strip().lower() in {"y", "yes"}

    def ask(self, prompt: str) -> str:
        """Ask for a line of text; the end of input is an empty answer."""
        self._rest()
        self._asking = True
        beside = self.err.isatty() and not self.out.isatty()  # as in `inv deploy | tee log`
        if beside:
            self.err.write(prompt)
            self.err.flush()
        try:
            answer = input("" if beside else prompt)
        except EOFError:
            self._write(self.err, "")
            answer = ""
        self._asking = False
        self.log("info", f"{prompt}{answer}")
        return answer

    def ask_secret(self, prompt: str) -> str:
        """Ask for a line that is not shown and not logged."""
        import getpass

        self._asking = True
        answer = getpass.getpass(prompt)
        self._asking = False
        return answer

    # -- the ends ------------------------------------------------------------------------------------------------

    def _err(self, text: str, style: str | None = None, *, level: str = "error") -> None:
        self._sentence(self.err, text, style)
        self.log(level, text)

    @property
    def _told(self) -> IO[str]:
        """Where people read, when standard output is not a program's."""
        return self.err if self._machine else self.out

    def _sentence(self, stream: IO[str], text: str, style: str | None) -> None:
        self._write(stream, "\n".join(self._paint(part, style, stream) for part in self._wrapped(text, stream)))

    def _wrapped(self, text: str, stream: IO[str]) -> list[str]:
        """On a terminal, a long sentence in several lines, broken between words; source code as it is."""
        if not stream.isatty() or len(text) <= self.width or " | " in text:
            return [text]
        indent = " " * (len(text) - len(text.lstrip()) + 2)
        return textwrap.wrap(text, self.width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)

    def _rest(self) -> None:
        """Nothing is being done any more."""
        if self._line:
            self._line.end()

    def _shaped(self, text: str, seconds: str) -> str:
        return self._paint(shortened(text, self.width - len(seconds)) + seconds, "dim")

    def _paint(self, text: str, style: str | None, stream: IO[str] | None = None) -> str:
        wanted = style and text and self.colored and _is_lively(stream or self.out)
        return f"{STYLES[style]}{text}{PLAIN}" if style and wanted else text

    def masked(self, text: str) -> str:
        """The text as it may be shown: without what was hidden."""
        for secret in self._hidden:
            text = text.replace(secret, "***")
        return text

    def _write(self, stream: IO[str], text: str) -> None:
        """Write a line and send it off at once: the order of both streams is right also where they are one pipe."""
        text = self.masked(text)
        if self._line:
            with self._line.aside():
                _put(stream, text)
        else:
            _put(stream, text)


def _put(stream: IO[str], text: str) -> None:
    try:
        _write_line(stream, text)
        stream.flush()
    except BrokenPipeError:
        _leave_unheard(stream)


def _write_line(stream: IO[str], text: str) -> None:
    try:
        stream.write(text + "\n")
    except UnicodeEncodeError:
        encoding = getattr(stream, "encoding", None) or "ascii"
        stream.write(text.translate(ASCII).encode(encoding, "replace").decode(encoding) + "\n")


def _leave_unheard(stream: IO[str]) -> None:
    """Nobody reads any more, as behind `| head`: what is being done goes on, and what is said goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _from_here(place: str) -> str:
    """A place as it is typed here: a path below the working folder without the way to it."""
    return place.removeprefix(f"{Path.cwd()}{os.sep}")


def _is_lively(stream: IO[str]) -> bool:
    """Whether the stream is a terminal that is to have colour and progress; https://no-color.org says when not."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def report_error(console: Console, error: BaseException) -> int:
    """Print what went wrong and return the exit code."""
    match error:
        case KeyboardInterrupt():
            console.interrupted(*map(str, error.args))
            return INTERRUPTED
        case AhjoError():
            console.error(error)
            return error.exit_code
    console.unexpected(error)
    return 1
