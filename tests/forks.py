"""`inv` and `ahjo` in processes of their own that need no start: one that has imported the package forks for each.

Starting Python and importing what a deploy needs takes longer than most deploys of a test.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

import ahjo_tasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
DRIVERS = ("sqlite3", "psycopg", "pymysql")
DIALECTS = ("sqlite", "postgresql", "mysql", "mssql")
NEVER = ("__main__", "alembic_env")
"""Modules that do something when they are imported."""
SIZE = 1 << 20
"""Bytes of a request: arguments, environment and folder."""


@cache
def forks() -> Forks:
    """Return the one of this process."""
    started = Forks()
    atexit.register(started.close)
    return started


class Forks:
    """The process that forks. It ends with the one that has started it."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._requests.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SIZE)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )

    def run(
        self, command: Sequence[str], directory: Path, environment: Mapping[str, str], seconds: float
    ) -> tuple[int, str, str]:
        """Run `inv` or `ahjo`; returns its exit code, which is negative for a signal, and what it printed."""
        ours, theirs = socket.socketpair()
        request = {"command": command, "directory": str(directory), "environment": dict(environment)}
        with ours, TemporaryFile() as out, TemporaryFile() as err:
            with theirs:
                files = [theirs.fileno(), out.fileno(), err.fileno()]
                socket.send_fds(self._requests, [json.dumps(request).encode()], files)
            with ours.makefile() as answers:
                pid = int(answers.readline())
                ours.settimeout(seconds)
                try:
                    code = int(answers.readline())
                except TimeoutError:
                    os.kill(pid, signal.SIGKILL)
                    raise
            return code, _text(out), _text(err)

    def close(self) -> None:
        self._requests.close()
        self._process.wait()


def _text(file: IO[bytes]) -> str:
    """As a pipe is read in text mode."""
    file.seek(0)
    return file.read().decode("utf-8").replace("\r\n", "\n")


def _serve(requests: socket.socket) -> dict[str, Any]:
    """Fork for each request. Returns in the process that is to run it."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait for the commands
    while True:
        request, files, _, _ = socket.recv_fds(requests, SIZE, 3)
        if not request:
            sys.exit()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            requests.close()
            _fork(*files)
            found: dict[str, Any] = json.loads(request)
            return found
        for file in files:
            os.close(file)


def _fork(answers: int, out: int, err: int) -> None:
    """Return in a process with these outputs; tell its id, wait for its end and tell its code in this one."""
    read, write = os.pipe()  # it begins once its id is known
    pid = os.fork()
    if pid == 0:
        os.close(write)
        os.read(read, 1)
        for file, number in ((out, 1), (err, 2)):
            os.dup2(file, number)
        for file in (read, answers, out, err):
            os.close(file)
        return
    with open(answers, "w", buffering=1) as told:
        print(pid, file=told)
        os.close(write)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), file=told)
    os._exit(0)


def _run(command: list[str], directory: str, environment: dict[str, str]) -> None:
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    random.seed()
    sys.argv = command
    if command[0] == "inv":
        sys.path[0] = directory  # as `python -m` has it
        import_module("invoke.main").program.run()
    else:
        sys.path.pop(0)
        sys.exit(import_module("ahjo_tasks.cli").ahjo())


def _import() -> None:
    """Import all that a command may need."""
    own = (module.name for module in walk_packages(ahjo_tasks.__path__, "ahjo_tasks."))
    dialects = (f"sqlalchemy.dialects.{name}" for name in DIALECTS)
    for name in ("invoke.main", "alembic.command", *DRIVERS, *dialects, *own):
        if not name.endswith(NEVER):
            import_module(name)
    gc.freeze()


if __name__ == "__main__":
    _import()
    _run(**_serve(socket.socket(fileno=int(sys.argv[1]))))
