"""A worker process, seen from its parent: it runs one request and ends with the parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ahjo_tasks.fleet import WORKER_FLAG
from ahjo_tasks.fleet.protocol import STOP, Answers
from ahjo_tasks.fleet.repository import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ahjo_tasks.fleet.protocol import Request


Status = Literal["started", "line", "ok", "FAIL", "skipped"]


@dataclass(frozen=True)
class Event:
    """A project or version that started, printed a line, or ended.

    `position` counts from 1 up to `total`: for a version it is its place in the upgrade, for a project how many have
    ended. `text` is the line that it printed, or why it failed or was skipped. `output` has the lines of a project that
    ran in parallel with others; they come with its end.
    """

    name: str
    status: Status
    position: int = 0
    total: int = 0
    seconds: float = 0.0
    text: str = ""
    output: tuple[str, ...] = ()


GRACE = 30
"""Seconds that a worker has for rolling back before it is killed."""

POSIX = os.name == "posix"


@dataclass(frozen=True)
class WorkerResult:
    """The end of a worker: its exit code, negative for a signal, and its answers."""

    code: int
    answers: Answers

    @property
    def exit_text(self) -> str:
        """`exit code 1`, or the signal that killed it."""
        return f"exit code {self.code}" if self.code >= 0 else f"signal {signal.Signals(-self.code).name}"


class Worker:
    """One process for one request. Its standard input is the parent pipe: STOP there, or its end, interrupts it.

    So no worker outlives its parent, however that ended.
    """

    def __init__(self, request: Request, environ: Mapping[str, str]) -> None:
        self.request = request
        self.environ = environ
        self._process: subprocess.Popen[str] | None = None
        self._stopped = threading.Event()
        self._deadline: threading.Timer | None = None

    def run(self, on_line: Callable[[str], None] | None) -> WorkerResult:
        """Run it to its end and hand over each line that it prints.

        Without `on_line` it has the terminal for itself, and can ask. An exception of the caller, as by Ctrl-C, ends
        it.
        """
        with temporary_folder("ahjo-worker-") as folder:
            answers, path = folder / "answers", folder / "request.json"
            self.request.for_worker(answers, piped=on_line is not None).write(path)
            process = self._process = self._start(path, piped=on_line is not None)
            if self._stopped.is_set():
                self.stop()
            try:
                self._follow(process, on_line)
            finally:
                self._cleanup(process)
            return WorkerResult(process.returncode, Answers.read(answers))

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

    def _start(self, request: Path, *, piped: bool) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE if piped else None
        return subprocess.Popen(  # noqa: S603 - this program itself
            [*_program(), WORKER_FLAG, str(request)],
            cwd=self.request.directory,
            env={**self.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.STDOUT if piped else None,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=piped and POSIX,  # the terminal's Ctrl-C comes once, through the parent pipe
        )

    def _follow(self, process: subprocess.Popen[str], on_line: Callable[[str], None] | None) -> None:
        try:
            self._read_lines(process, on_line)
        except BaseException:
            self.stop()
            self._read_lines(process, on_line)
            raise

    @staticmethod
    def _read_lines(process: subprocess.Popen[str], on_line: Callable[[str], None] | None) -> None:
        for line in process.stdout or ():
            if on_line:
                on_line(line.rstrip("\r\n"))
        process.wait()

    def _cleanup(self, process: subprocess.Popen[str]) -> None:
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
    """Return the command of this very installation: a single-file executable is its own."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-P", "-m", "ahjo_tasks"]


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill the worker, and what its actions have started."""
    with suppress(OSError):
        if POSIX and os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
