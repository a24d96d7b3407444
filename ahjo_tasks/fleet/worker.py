"""A worker process, from both sides: it calls functions for its coordinator, one at a time, and ends with it.

A request comes on its standard input, and answers go out on its standard output, each as a pickle. Both belong to the
protocol alone: what a call prints, to whatever stream, comes out of the standard error.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, BinaryIO

from ahjo_tasks.fleet import WORKER_FLAG
from ahjo_tasks.fleet.stops import GRACE, switch

if TYPE_CHECKING:
    from collections.abc import Callable

POSIX = os.name == "posix"
STOP = b""
"""Request that has the call end early; the end of the requests means the same."""
NOTE, RESULT, ERROR = "note", "result", "error"
END = "\0the call has ended\0"
"""Last line that a call prints."""
OUTPUT = {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
"""Variables that have Python programs write what is read here, at once."""
SECONDS_TO_DIE = 5.0


class WorkerDiedError(Exception):
    """A worker ended before its call. `notes` are what the call had told, `lines` what it had printed."""

    def __init__(self, code: int, notes: list[Any], lines: tuple[str, ...]) -> None:
        self.exit_text = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
        super().__init__(": ".join([*(str(note) for note in notes[-1:]), self.exit_text]))
        self.notes = notes
        self.lines = lines


# -- the side of the coordinator ---------------------------------------------------------------------------------------


class Worker:
    """One process. With `attached` it has the terminal for itself, and can ask."""

    def __init__(self, on_line: Callable[[str], None] | None = None, *, attached: bool = False) -> None:
        self.calls = 0
        self.lines: list[str] = []
        """Lines that the last call has printed, where nobody else takes them."""
        self._on_line = on_line
        self._quiet = threading.Event()
        self._process = subprocess.Popen(  # noqa: S603 - this program itself
            [*_program(), WORKER_FLAG, *(["attached"] if attached else [])],
            env={**os.environ, **OUTPUT},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if attached else subprocess.PIPE,
            start_new_session=POSIX and not attached,  # the terminal's Ctrl-C comes once, through the coordinator
        )
        self._reader = threading.Thread(target=self._read_lines, name="ahjo lines", daemon=True)
        if not attached:
            self._reader.start()

    def call(self, function: Callable[..., Any], values: tuple[Any, ...]) -> Any:
        """Return what the function returns, or raise what it raises. Raises WorkerDiedError."""
        self.calls += 1
        self.lines = []
        self._quiet.clear()
        notes: list[Any] = []
        try:
            _send(self._process.stdin, pickle.dumps((function, values)))
            while True:
                kind, value = pickle.load(self._process.stdout)  # type: ignore[arg-type]  # noqa: S301 - our own process
                if kind != NOTE:
                    break
                notes.append(value)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise WorkerDiedError(self._died(), notes, tuple(self.lines)) from None
        if self._reader.is_alive():
            self._quiet.wait()
        if kind == ERROR:
            raise value
        return value

    def stop(self) -> None:
        """Have the call end early, and roll back. Returns before it has."""
        with suppress(OSError, ValueError):
            _send(self._process.stdin, STOP)

    def kill(self) -> None:
        """Kill the process, and what its call has started."""
        with suppress(OSError):
            if POSIX and os.getpgid(self._process.pid) == self._process.pid:
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def let_go(self) -> None:
        """Have the process end once its call has, and do not wait for it."""
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]

    def close(self) -> None:
        """End the process, and kill it where it does not end in time."""
        self.let_go()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        self._close_streams()

    def _died(self) -> int:
        """Take note of the end of the process, with what its call has started. Returns the exit code."""
        self.let_go()
        try:
            code = self._process.wait(SECONDS_TO_DIE)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self._process.wait()
        with suppress(OSError):
            if POSIX and self._process.stderr:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._close_streams()
        return code

    def _close_streams(self) -> None:
        """Close what the process wrote to; what it has left behind that writes there, too, is not waited for."""
        if self._reader.is_alive():
            self._reader.join(SECONDS_TO_DIE)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None and not self._reader.is_alive():
                stream.close()

    def _read_lines(self) -> None:
        """Hand over each line, and take note of the one that ends a call."""
        for line in self._process.stderr or ():
            text, end, _ = line.decode("utf-8", "replace").rstrip("\r\n").partition(END)
            if text or not end:
                (self._on_line or self.lines.append)(text)
            if end:
                self._quiet.set()
        self._quiet.set()


def _program() -> list[str]:
    """Return the command of this very installation: a single-file executable is its own."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-P", "-m", "ahjo_tasks"]


def _send(stream: Any, value: object) -> None:
    pickle.dump(value, stream)
    stream.flush()


# -- the side of the worker --------------------------------------------------------------------------------------------


def serve(*, attached: bool = False) -> None:
    """Call what the coordinator asks for, until it has no more, or has ended."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    requests, answers = _own_streams(attached=attached)
    calls: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_receive, args=(requests, calls), name="ahjo requests", daemon=True).start()
    while request := calls.get():
        switch().active = True
        try:
            kind, value = RESULT, _call(request, answers)
        except Exception as error:  # noqa: BLE001 - the coordinator gets it
            kind, value = ERROR, error
        finally:
            switch().active = False
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        if not attached:
            os.write(2, f"{END}\n".encode())
        _answer(answers, kind, value)


def _own_streams(*, attached: bool) -> tuple[BinaryIO, BinaryIO]:
    """Take the streams of the protocol, and leave to the calls the terminal, or no input and one output."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if attached and POSIX:
        os.dup2(2, 0)
    else:
        null = os.open("CONIN$" if attached else os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
    return requests, answers


def _receive(requests: BinaryIO, calls: SimpleQueue[bytes]) -> None:
    """Take requests beside the call that runs. At their end it gets some time to roll back."""
    if POSIX:  # a signal that this thread sends to its process has to wake the main one
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    with suppress(EOFError, OSError, pickle.UnpicklingError):
        while True:
            request: bytes = pickle.load(requests)  # noqa: S301 - of the process that started this one
            if request == STOP:
                switch().turn_on()
            else:
                calls.put(request)
    if switch().active:
        switch().turn_on()
        threading.Timer(GRACE, os._exit, [1]).start()
    calls.put(STOP)


def _call(request: bytes, answers: BinaryIO) -> Any:
    """Call the function; of a generator each value is a note, and its result the one of the call."""
    function, values = pickle.loads(request)  # noqa: S301 - of the process that started this one
    result = function(*values)
    if not isinstance(result, Generator):
        return result
    while True:
        try:
            _answer(answers, NOTE, next(result))
        except StopIteration as end:
            return end.value


def _answer(answers: BinaryIO, kind: str, value: object) -> None:
    try:
        answer = pickle.dumps((kind, value))
    except Exception as error:  # noqa: BLE001 - whatever a value raises that is none for another process
        answer = pickle.dumps((ERROR, RuntimeError(f"{value!r} cannot be sent: {error}")))
    with suppress(BrokenPipeError):  # the coordinator has ended
        answers.write(answer)
        answers.flush()
