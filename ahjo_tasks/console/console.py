"""Print to the terminal and log: lines, results, progress, tables, questions and errors."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ahjo_tasks.console.reporter import Secrets
from ahjo_tasks.console.terminal import (
    CLEAR_LINE,
    ProgressLine,
    fit_excerpt,
    format_table,
    truncate_end,
    truncate_middle,
)
from ahjo_tasks.errors import INTERRUPTED, TERMINATED, AhjoError, ConfigError, SourceError, TerminatedError
from ahjo_tasks.utils import annotation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


class RunCounts:
    """Results of an action, counted over all the projects that it works on.

    `remaining` counts the results that are still to come, `finished_steps` the steps of a multi-action that ended well,
    `not_run` lists those after the one that failed, and `printed_once` holds the notes and warnings that are printed
    once in a run.
    """

    def __init__(self) -> None:
        self.printed_once: set[str] = set()
        self.reset()

    def reset(self) -> None:
        """Start counting for the next action; `printed_once` stays, for it is of the whole run."""
        self.results = {"OK": 0, "FAIL": 0, "SKIP": 0}
        self.remaining = 0
        self.finished_steps = 0
        self.not_run: list[str] = []


WIDTH = 100
NARROW = 30
BESIDE = 24
"""Columns of a result line beside its count, its label and what it says at its end."""
ROOMY = 60
WIDE = 90
TAIL = 26
"""Columns for status, seconds and detail at the end of a result line, where there is room."""

STYLES = {
    "ok": "\033[32m",
    "fail": "\033[1;31m",
    "warn": "\033[33m",
    "head": "\033[1;36m",
    "dim": "\033[2m",
}
PLAIN = "\033[0m"
TABLE_STYLES = {0: "head", 1: "dim"}
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)")
ASCII = str.maketrans({"─": "-", "…": "~", "│": "|"})


class Console(Secrets):
    """Writes to a terminal with colour and live progress, to anything else as plain lines, and all of it to a log.

    `log` takes a level (`info`, `warning`, `error`, `debug`, or `layout` for headings and rows of tables) and a line
    without colour.
    """

    def __init__(
        self,
        log: Callable[[str, str], None] | None = None,
        *,
        out: IO[str] | None = None,
        err: IO[str] | None = None,
        colored: bool = True,
        counts: RunCounts | None = None,
    ) -> None:
        super().__init__()
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        self._log = log or (lambda _level, _line: None)
        self.counts = counts or RunCounts()
        self.colored = colored
        self.live = _has_effects(self.out)
        self.columns = max(NARROW, _terminal_width() - 1 if self.out.isatty() or self.err.isatty() else WIDTH)
        self.width = min(self.columns, WIDTH)
        self._progress = ProgressLine(self.out, self._format_progress) if self.live else None
        self._machine = False
        self.summarizes = True
        """False if no summary follows an action that succeeds."""
        self._asking = False
        if os.name == "nt" and (self.live or _has_effects(self.err)):
            import colorama

            colorama.just_fix_windows_console()

    def log(self, level: str, text: str) -> None:
        """Write a line to the log alone."""
        self._log(level, escaped(self.masked(text)))

    @property
    def interactive(self) -> bool:
        """True if there is a terminal to ask a question on."""
        return sys.stdin is not None and sys.stdin.isatty() and (self.out.isatty() or self.err.isatty())

    # -- lines ---------------------------------------------------------------------------------------------------

    def print(self, text: object = "", style: str | None = None, *, level: str = "info") -> None:
        """Print and log a line as it is; of an array each item is a line."""
        text = _lines(text)
        self._write(self._stream, self._paint(escaped(text), style, self._stream))
        self.log(level, text)

    def relay(self, text: str) -> None:
        """Print a line of another process, which has its own log."""
        self._write(self._stream, text)

    def info(self, text: str, style: str = "dim") -> None:
        """Print a note, once in a run; an indented one belongs to the line above it, and is always printed."""
        if text.startswith(" ") or text not in self.counts.printed_once:
            self.counts.printed_once.add(text)
            self._sentence(self._stream, text, style)
            self.log("info", text)

    def aside(self, text: str) -> None:
        """Print a note to standard error, once in a run, so that a program that reads the output does not get it."""
        if text not in self.counts.printed_once:
            self.counts.printed_once.add(text)
            self._err(text, "dim", level="info")

    def warning(self, text: str, *, once: bool = False) -> None:
        """Print a warning; with `once` only the first time in a run."""
        if not once or text not in self.counts.printed_once:
            self.counts.printed_once.add(text)
            self._err(f"Warning: {text}", "warn", level="warning")

    def heading(self, action: str, facts: Mapping[str, str]) -> None:
        """Print the action and what it works on: server, database and login first."""
        listed = "   ".join(f"{name} {value}".strip() for name, value in facts.items() if value)
        text = f"{action}  {listed}".rstrip()
        self._sentence(self._stream, text, "head")
        self.log("layout", text)

    def step_heading(self, name: str) -> None:
        """Print the heading of one step of a multi-action."""
        self.print()
        self.print(f"── {name} {'─' * max(0, self.width - len(name) - 4)}", "head", level="layout")

    def skipped(self, name: str) -> None:
        """Print that the config skips an action, and count it."""
        self.counts.results["SKIP"] += 1
        self.print(f"{name}: skipped, by skipped_actions", "warn")

    def not_run(self, names: Sequence[str]) -> None:
        """Name steps that are not run because one before them failed; the summary lists them."""
        self.counts.not_run += names

    def result(  # noqa: PLR0913 - one parameter for each column of the line
        self, number: int, total: int, label: str, status: str, *, seconds: float, extra: str = ""
    ) -> None:
        """Print one aligned line: `  3/12 view dbo.v .......... ok    0.03s  5 rows`. On a terminal it never wraps."""
        self.counts.results[{"ok": "OK", "FAIL": "FAIL"}.get(status, "SKIP")] += 1
        self.counts.remaining = total - number
        label, extra = one_line(label), escaped(extra)
        count, took = f"{number:>{len(str(total))}}/{total}", f"{status:<4} {f'{seconds:.2f}s':>8}"
        tail = f"{took}  {self._fitting(extra, label, count)}".rstrip()
        end = max(TAIL, len(tail)) if self.width >= WIDE else len(tail)
        room = self.width - end - len(count) - 8
        shown = truncate_middle(label, room + self.columns - self.width) if self.out.isatty() else label
        dots = "." * (3 + max(0, room - len(shown)))
        color = {"ok": "ok", "FAIL": "fail"}.get(status, "warn")
        head = f"  {count} {shown} {self._paint(dots, 'dim')} "
        self._clear_progress()
        self._write(self._stream, head + self._paint(tail[:4], color) + tail[4:])
        self.log("error" if status == "FAIL" else "info", f"  {count} {label} {dots} {took}  {extra}".rstrip())

    def _fitting(self, extra: str, label: str, count: str) -> str:
        """Return as much of the end of a result line as leaves room for the label, or for half a line of a long one."""
        if not self.out.isatty():
            return extra
        left = self.columns - BESIDE - len(count) - min(len(label), self.columns // 2)
        return truncate_end(extra, left) if self.width >= ROOMY else ""

    def step_started(self, number: int, total: int, label: str) -> None:
        """Show `  3/12 view dbo.v ...` on a terminal until the result replaces it; it counts as remaining till then."""
        self.counts.remaining = total - number + 1
        self.progress(f"{number}/{total} {one_line(label)}")

    def progress(self, text: str, rows: Iterable[str] = ()) -> None:
        """Show on a terminal what is being done, as in `  300 rows ...`, until the next line replaces it.

        `rows` are lines below it, for work that goes on at the same time.
        """
        if self._progress:
            self._progress.update("\n".join([f"  {escaped(text)} ...", *(f"    {escaped(row)}" for row in rows)]))

    def table(self, headers: Sequence[str], rows: Iterable[Any]) -> None:
        """Print aligned columns; on a terminal a value that is too wide is wrapped. A row that is one value has one."""
        room = self.width if self.out.isatty() else None
        cells = [list(row) if _is_row(row) else [row] for row in rows]
        width = max(map(len, [headers, *cells]))
        filled = [[*row, *[None] * (width - len(row))] for row in cells]
        titles = [*map(str, headers), *[""] * (width - len(headers))]
        for index, line in enumerate(format_table(filled, titles, room)):
            self.print(f"  {line}", TABLE_STYLES.get(index), level="layout")

    def machine(self) -> None:
        """Keep standard output for `raw` from now on, for a program that reads it; all else goes to standard error."""
        self._machine = True

    def raw(self, text: str) -> None:
        """Print output for a program: nothing is added or logged, and no summary line follows.

        Raises AhjoError where it cannot be written, as on a full disk: it is what was asked for.
        """
        self._machine = True
        if problem := _put(self.out, self.masked(text)):
            raise AhjoError(f"The output cannot be written: {problem}.")

    def secret(self, text: str, value: str) -> None:
        """Print a secret once; the log has the text without it."""
        _put(self.out, text + value)
        self.log("info", f"{text}***")

    def summary(self, action: str, code: int, seconds: float) -> None:
        """Print the last line of an action, meant for grep."""
        self._clear_progress()
        counts = self.counts
        if code:
            counts.results["SKIP"] += counts.remaining
            if counts.not_run:
                self.print(f"Not run: {', '.join(counts.not_run)}", "warn", level="warning")
        if code or (self.summarizes and not self._machine):
            numbers = " ".join(f"{name}={count}" for name, count in counts.results.items())
            style = "fail" if code else "warn" if counts.results["FAIL"] else "ok"
            self.print(f"{action}: {numbers} {seconds:.1f}s exit={code}", style)
        counts.reset()

    # -- failures ------------------------------------------------------------------------------------------------

    def error(self, error: AhjoError) -> None:
        """Print an error: position, message, problems, details, hint."""
        self._clear_progress()
        place = _relative(error.place) if isinstance(error, SourceError) else ""
        self._err(f"Error: {place}: {error.message}" if place else f"Error: {error.message}", "fail")
        for problem in error.problems if isinstance(error, ConfigError) else ():
            self._err(f"  - {problem}", "fail")
        details = getattr(error, "details", ())
        for extra in fit_excerpt(details, self.columns - 2) if self.err.isatty() else details:
            self._err(f"  {extra}")
        if error.hint:
            self._err(f"  hint: {error.hint}", "warn")
        if os.environ.get("GITHUB_ACTIONS") == "true" and not self._machine:
            self._write(self.out, annotation("error", _properties(error), self.masked(error.message)))
            add_to_step_summary(self.masked(f"**Error:** {place} {error.message}"))

    def unexpected(self, error: BaseException) -> None:
        """Print a failure that is no AhjoError in one line; the traceback goes to the log."""
        import traceback

        self._clear_progress()
        self._err(f"Error: {type(error).__name__}: {error}", "fail")
        if place := own_code(error):
            self._err(f"  at {place}", "fail")
        self._err("  hint: run again with --debug for the traceback; it is in ahjo.log too.", "warn")
        self.log("error", "".join(traceback.format_exception(error)).rstrip())

    def interrupted(self, left: str = "what was not finished was rolled back", *, word: str = "Interrupted") -> None:
        """Print that Ctrl-C, or what `word` says, ended the run; `left` says what became of the running statement."""
        self._clear_progress()
        if self._asking or not self.live:
            self._write(self.err, "")
        else:
            self.out.write(CLEAR_LINE)  # the terminal shows ^C there
        self._err(f"{word}: {'nothing was changed' if self._asking else left}.", "fail")

    def traceback(self, error: BaseException) -> None:
        """Print the traceback of an error, for `--debug`."""
        import traceback

        self._clear_progress()
        self._write(self.err, "".join(traceback.format_exception(error)).rstrip())

    def interrupting(self, text: str) -> None:
        """Print a sentence while the main thread waits; no log gets it, for one may be in a database that hangs."""
        self._clear_progress()
        self._sentence(self.err, text, "warn")

    # -- questions -----------------------------------------------------------------------------------------------

    def confirm(self, question: object) -> bool:
        """Ask for y or n; any other answer is no. Of an array each item is a line."""
        answer = self.ask(f"{_lines(question)} [y/N] ")
        return answer.strip().lower() in {"y", "yes"}

    def ask(self, prompt: str) -> str:
        """Ask for a line of text and return it; the end of input is an empty answer."""
        self._clear_progress()
        self._asking = True
        on_stderr = self.err.isatty() and not self.out.isatty()  # as in `inv deploy | tee log`
        if on_stderr:
            self.err.write(prompt)
            self.err.flush()
        try:
            answer = input("" if on_stderr else prompt)
        except EOFError:
            self._write(self.err, "")
            answer = ""
        self._asking = False
        self.log("info", f"{prompt}{answer}")
        return answer

    def ask_secret(self, prompt: str) -> str:
        """Ask for a line that is neither shown nor logged, and return it. Raises EOFError at the end of input."""
        import getpass

        self._clear_progress()
        self._asking = True
        try:
            answer = getpass.getpass(prompt)
        except EOFError:
            self._write(self.err, "")
            self._asking = False
            raise
        self._asking = False
        return answer

    # -- output ------------------------------------------------------------------------------------------------

    def _err(self, text: str, style: str | None = None, *, level: str = "error") -> None:
        self._sentence(self.err, text, style)
        self.log(level, text)

    @property
    def _stream(self) -> IO[str]:
        """The stream for people: standard error, when standard output is for a program."""
        return self.err if self._machine else self.out

    def _sentence(self, stream: IO[str], text: str, style: str | None) -> None:
        parts = self._wrapped(escaped(text), stream)
        self._write(stream, "\n".join(self._paint(part, style, stream) for part in parts))

    def _wrapped(self, text: str, stream: IO[str]) -> list[str]:
        """Return a long sentence in several lines on a terminal, broken between words; source code as it is."""
        if not stream.isatty() or len(text) <= self.width or " | " in text:
            return [text]
        import textwrap

        indent = " " * (len(text) - len(text.lstrip()) + 2)
        return textwrap.wrap(text, self.width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)

    def _clear_progress(self) -> None:
        if self._progress:
            self._progress.clear()

    def _format_progress(self, text: str, seconds: str) -> str:
        first, *rows = text.split("\n")
        lines = [truncate_middle(first, self.width - len(seconds)) + seconds]
        return self._paint("\n".join([*lines, *(truncate_middle(row, self.width) for row in rows)]), "dim")

    def _paint(self, text: str, style: str | None, stream: IO[str] | None = None) -> str:
        if not (style and text and self.colored and has_color(stream or self.out)):
            return text
        return f"{STYLES[style]}{text}{PLAIN}"

    def _write(self, stream: IO[str], text: str) -> None:
        """Write a line and flush it: the order of both streams is right also where they are one pipe."""
        text = self.masked(text)
        if self._progress:
            with self._progress.paused():
                problem = _put(stream, text)
        else:
            problem = _put(stream, text)
        if problem and stream is not self.err:
            self.warning(f"The output cannot be written: {problem}. The run goes on without it.", once=True)


def add_to_step_summary(markdown: str) -> None:
    """Add Markdown to the summary of a job of GitHub Actions, where GITHUB_STEP_SUMMARY names its file."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{markdown}\n\n")


def _properties(error: AhjoError) -> dict[str, object]:
    """Return file, line and column of an error; GitHub takes paths from the top of the repository."""
    if not isinstance(error, SourceError) or error.path is None:
        return {"title": "ahjo"}
    top = os.environ.get("GITHUB_WORKSPACE") or Path.cwd()
    path = error.path.absolute()
    file = path.relative_to(top) if path.is_relative_to(top) else path
    known = {"file": file.as_posix(), "line": error.line, "col": error.column, "title": "ahjo"}
    return {name: value for name, value in known.items() if value is not None}


def escaped(text: str) -> str:
    r"""Return the text with control characters as `\x1b`: a file's name or a server must not steer the terminal."""
    return CONTROLS.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def one_line(name: str) -> str:
    r"""Return a name as it stands in one line, with line breaks as `\x0a`."""
    return escaped(name).replace("\n", "\\x0a").replace("\r", "\\x0d")


def _terminal_width() -> int:
    import shutil  # imports the compression modules, which only a terminal is worth

    return shutil.get_terminal_size((WIDTH, 24)).columns


def _is_row(value: object) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes)


def _lines(text: object) -> str:
    return "\n".join(map(str, text)) if isinstance(text, list | tuple) else str(text)


def _put(stream: IO[str], text: str) -> str:
    """Write a line. Return why the stream takes none, unless its reader has ended; what follows is discarded then."""
    try:
        _write_line(stream, text)
        stream.flush()
    except BrokenPipeError:
        discard_output(stream)
    except OSError as error:
        discard_output(stream)
        return error.strerror or str(error)
    return ""


def _write_line(stream: IO[str], text: str) -> None:
    try:
        stream.write(text + "\n")
    except UnicodeEncodeError:
        encoding = getattr(stream, "encoding", None) or "ascii"
        stream.write(text.translate(ASCII).encode(encoding, "replace").decode(encoding) + "\n")


def discard_output(stream: IO[str]) -> None:
    """Send the stream to the null device after its reader has ended, as in `| head`: the action itself goes on."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def _relative(place: str) -> str:
    """Return `path:line:column` with a path that is relative to the working folder, where it lies below that."""
    return place.removeprefix(f"{Path.cwd()}{os.sep}")


def has_color(stream: IO[str]) -> bool:
    """Return whether to write colour: to a terminal, or where FORCE_COLOR asks for it, as CI does; NO_COLOR wins."""
    return _has_effects(stream) or bool(
        os.environ.get("FORCE_COLOR", "0") not in {"", "0"} and not os.environ.get("NO_COLOR")
    )


def _has_effects(stream: IO[str]) -> bool:
    """Return whether the stream is a terminal that takes colour and progress; see https://no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def own_code(error: BaseException) -> str:
    """Return `tasks.py:7, in before_run`: the last line of neither this package nor an installed one; "" for none."""
    import sysconfig
    import traceback

    others = [str(Path(__file__).parents[1]), *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))]
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((*others, "<")) and "site-packages" not in frame.filename
    ]
    if not frames:
        return ""
    path = frames[-1].filename.removeprefix(f"{Path.cwd()}{os.sep}")
    return f"{path}:{frames[-1].lineno}, in {frames[-1].name}"


def report_error(console: Console, error: BaseException) -> int:
    """Print an error and return its exit code."""
    match error:
        case TerminatedError():
            console.interrupted(*map(str, error.args), word="Terminated")
            return TERMINATED
        case KeyboardInterrupt():
            console.interrupted(*map(str, error.args))
            return INTERRUPTED
        case AhjoError():
            console.error(error)
            return error.exit_code
    console.unexpected(error)
    return 1
