"""Asking a project whether actions could run, without running them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from ahjo_tasks.fleet.protocol import Answers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ahjo_tasks.fleet.protocol import Request

WORD = "--worker"
"""What makes the `ahjo` command a worker; the file of the request follows."""

STOP = "."
"""What a worker hears when it is to end; when its parent ended, it hears nothing any more."""

GRACE = 30
"""Seconds that a worker has for rolling back before it is killed."""

POSIX = os.name == "posix"


@dataclass(frozen=True)
class Outcome:
    """How a worker ended. `error` is the first error that it printed."""

    code: int
    answers: Answers
    error: str = ""

    @property
    def ending(self) -> str:
        """The exit code in words, or the signal that killed it."""
        return f"exit code {self.code}" if self.code >= 0 else f"signal {signal.Signals(-self.code).name}"


class Worker:
    """One process for one request. Its standard input is its lifeline: a word there, or its end, interrupts it.

    So no worker outlives its parent, however that ended.
    """

    def __init__(self, request: Request, environ: Mapping[str, str]) -> None:
        self.request = request
        self.environ = environ
        self._process: subprocess.Popen[str] | None = None
        self._stopped = threading.Event()
        self._deadline: threading.Timer | None = None
        self._error = ""

    def run(self, hear: Callable[[str], None] | None) -> Outcome:
        """Run it to its end and hand over each line that it prints.

        Without `hear` it has the terminal for itself, and can ask. An exception of the caller, as by Ctrl-C, ends it.
        """
        with TemporaryDirectory(prefix="ahjo-worker-") as folder:
            answers = Path(folder) / "answers"
            request = Path(folder) / "request.json"
            request.write_text(self.request.text(answers, held=hear is not None), encoding="utf-8")
            process = self._process = self._start(request, held=hear is not None)
            if self._stopped.is_set():
                self.stop()
            try:
                self._attend(process, hear)
            finally:
                self._bury(process)
            return Outcome(process.returncode, Answers.read(answers), self._error)

    def stop(self) -> None:
        """Have it roll back and end, at once or when it starts. Returns before it has."""
        self._stopped.set()
        process = self._process
        if process is None or process.poll() is not None or self._deadline:
            return
        if process.stdin:
            with suppress(OSError):
                process.stdin.write(STOP)
                process.stdin.close()
        self._deadline = threading.Timer(GRACE, _kill, [process])
        self._deadline.daemon = True
        self._deadline.start()

    def _start(self, request: Path, *, held: bool) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE if held else None
        return subprocess.Popen(  # noqa: S603 - this program itself
            [*_program(), WORD, str(request)],
            cwd=self.request.directory,
            env={**self.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.STDOUT if held else None,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=held and POSIX,  # the terminal's Ctrl-C comes once, through the lifeline
        )

    def _attend(self, process: subprocess.Popen[str], hear: Callable[[str], None] | None) -> None:
        try:
            self._listen(process, hear)
        except BaseException:
            self.stop()
            self._listen(process, hear)
            raise

    def _listen(self, process: subprocess.Popen[str], hear: Callable[[str], None] | None) -> None:
        for line in process.stdout or ():
            text = line.rstrip("\r\n")
            if text.startswith("Error: ") and not self._error:
                self._error = text.removeprefix("Error: ")
            if hear:
                hear(text)
        process.wait()

    def _bury(self, process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            _kill(process)
            process.wait()
        if self._deadline:
            self._deadline.cancel()
        for stream in (process.stdin, process.stdout):
            if stream:
                with suppress(OSError):
                    stream.close()


def _program() -> list[str]:
    """The command of this very installation: a single-file executable is its own."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-P", "-m", "ahjo_tasks"]


def _kill(process: subprocess.Popen[str]) -> None:
    """The worker, and what its actions have started."""
    with suppress(OSError):
        if POSIX and os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


AT_ONCE = 4
T = TypeVar("T")


def ask(request: Request, environ: Mapping[str, str]) -> Answers:
    """What stands in the way, and whether a database would be created anew. `request` has `check` set."""
    said: list[str] = []
    outcome = Worker(request, environ).run(said.append)
    if outcome.code and not outcome.answers.problems:
        return Answers(problems=(outcome.error or " ".join(said[-1:]) or f"exit code {outcome.code}",))
    return outcome.answers


def ask_all(function: Callable[[T], Answers], things: Sequence[T]) -> list[Answers]:
    """The answers for each, in order; a few are asked at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(function, things))
