"""Every word that the user reads."""

from __future__ import annotations

import os
import shutil
import sys
from typing import IO, TYPE_CHECKING, Any

from ahjo_tasks.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ahjo_tasks.errors import AhjoError

WIDTH = 100
STYLES = {
    "ok": "\033[32m",
    "fail": "\033[1;31m",
    "warn": "\033[33m",
    "head": "\033[1;36m",
    "dim": "\033[2m",
}
PLAIN = "\033[0m"
CLEAR_LINE = "\r\033[K"


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
    ) -> None:
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        self.log = log or (lambda _level, _line: None)
        self.live = self.out.isatty()
        self.colored = colored and _wants_color(self.out)
        self.width = min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH) if self.live else WIDTH
        self._progress_shown = False
        self._quiet = False
        self._done = {"OK": 0, "FAIL": 0, "SKIP": 0}
        if os.name == "nt" and self.colored:
            import colorama

            colorama.just_fix_windows_console()

    @property
    def interactive(self) -> bool:
        """Whether there is somebody to answer a question."""
        return sys.stdin is not None and sys.stdin.isatty() and self.live

    # -- lines ---------------------------------------------------------------------------------------------------

    def line(self, text: str = "", style: str | None = None, *, level: str = "info") -> None:
        """One line as it is."""
        self._clear_progress()
        self._write(self.out, self._paint(text, style))
        self.log(level, text)

    def note(self, text: str) -> None:
        """Something worth knowing that needs nothing done."""
        self.line(text, "dim")

    def warn(self, text: str) -> None:
        """Something that may need something done."""
        self.line(f"Warning: {text}", "warn", level="warning")

    def heading(self, action: str, facts: Mapping[str, str]) -> None:
        """The action and what it works on: server, database and login first."""
        said = "   ".join(f"{name} {value}".strip() for name, value in facts.items() if value)
        self.line(f"{action}  {said}", "head")

    def step_heading(self, name: str) -> None:
        """The start of one step of a multi-action."""
        self.line()
        self.line(f"── {name} {'─' * max(0, self.width - len(name) - 4)}", "head")

    def result(self, count: str, label: str, status: str, detail: str) -> None:
        """One aligned line: `  3/12 view dbo.v .......... ok 0.03s`."""
        self._done[{"ok": "OK", "FAIL": "FAIL"}.get(status, "SKIP")] += 1
        tail = f" {detail}"
        head = f"  {count} {label} "
        dots = "." * max(3, self.width - len(head) - len(status) - len(tail) - 1)
        self._clear_progress()
        painted = self._paint(status, "ok" if status == "ok" else "fail" if status == "FAIL" else "warn")
        self._write(self.out, f"{head}{self._paint(dots, 'dim')} {painted}{tail}")
        self.log("info", f"{head}{dots} {status}{tail}")

    @staticmethod
    def count(number: int, total: int) -> str:
        """` 3/12`, as wide for every number."""
        return f"{number:>{len(str(total))}}/{total}"

    def progress(self, text: str) -> None:
        """A live line that the next line replaces; nothing where the output is not a terminal."""
        if not self.live:
            return
        self.out.write(CLEAR_LINE + self._paint(text[: self.width - 1], "dim"))
        self.out.flush()
        self._progress_shown = True

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Aligned columns, as wide as their longest value."""
        cells = [[_cell(value) for value in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
        self.line("  " + _aligned(headers, widths), "head")
        self.line("  " + "  ".join("─" * width for width in widths), "dim")
        for row in cells:
            self.line("  " + _aligned(row, widths))

    def raw(self, text: str) -> None:
        """Output for a program: nothing is added, and it is not logged. No summary line follows."""
        self._clear_progress()
        self._write(self.out, text)
        self._quiet = True

    def secret(self, text: str, value: str) -> None:
        """Show a secret once; the log has the text without it."""
        self._clear_progress()
        self._write(self.out, text + value)
        self.log("info", f"{text}***")

    def summary(self, action: str, code: int, seconds: float) -> None:
        """The last line of an action, made for grep."""
        counts = " ".join(f"{name}={count}" for name, count in self._done.items())
        self._done = dict.fromkeys(self._done, 0)
        if self._quiet and code == 0:
            return
        self.line(f"{action}: {counts} {seconds:.1f}s exit={code}", "ok" if code == 0 else "fail")

    # -- failures ------------------------------------------------------------------------------------------------

    def error(self, error: AhjoError) -> None:
        """What went wrong, where, and what to do."""
        place = error.place if isinstance(error, SourceError) else ""
        self._err(f"Error: {place}: {error.message}" if place else f"Error: {error.message}")
        for problem in error.problems if isinstance(error, ConfigError) else ():
            self._err(f"  - {problem}")
        for extra in getattr(error, "details", ()):
            self._err(f"  {extra}", None)
        if error.hint:
            self._err(f"  hint: {error.hint}", "warn")

    def unexpected(self, error: BaseException) -> None:
        """A failure that is no AhjoError: one line here, the traceback in the log."""
        import traceback

        self._err(f"Error: {type(error).__name__}: {error}")
        self._err("  hint: run again with --debug for the traceback; it is in ahjo.log too.", "warn")
        self.log("error", "".join(traceback.format_exception(error)).rstrip())

    def interrupted(self) -> None:
        """The user pressed Ctrl-C."""
        self._err("Interrupted. What was not finished was rolled back.")

    # -- questions -----------------------------------------------------------------------------------------------

    def confirm(self, question: str) -> bool:
        """Ask for y or n; anything but y is no."""
        answer = self.ask(f"{question} [y/N] ")
        return answer.strip().lower() in {"y", "yes"}

    def ask(self, prompt: str) -> str:
        """Ask for a line of text; the end of input is an empty answer."""
        self._clear_progress()
        self.log("info", prompt.rstrip())
        try:
            return input(prompt)
        except EOFError:
            return ""

    def ask_secret(self, prompt: str) -> str:
        """Ask for a line that is not shown and not logged."""
        import getpass

        self._clear_progress()
        return getpass.getpass(prompt)

    # -- the ends ------------------------------------------------------------------------------------------------

    def _err(self, text: str, style: str | None = "fail") -> None:
        self._clear_progress()
        self.out.flush()
        self._write(self.err, self._paint(text, style) if _wants_color(self.err) else text)
        self.log("error", text)

    def _clear_progress(self) -> None:
        if self._progress_shown:
            self.out.write(CLEAR_LINE)
            self._progress_shown = False

    def _paint(self, text: str, style: str | None) -> str:
        return f"{STYLES[style]}{text}{PLAIN}" if style and self.colored and text else text

    @staticmethod
    def _write(stream: IO[str], text: str) -> None:
        try:
            stream.write(text + "\n")
        except UnicodeEncodeError:
            encoding = getattr(stream, "encoding", None) or "ascii"
            stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")


def _wants_color(stream: IO[str]) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
