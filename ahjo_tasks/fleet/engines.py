"""Engines that work on the targets of a fleet: processes of this machine, or workers of a Dask scheduler."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from importlib import import_module
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from ahjo_tasks.errors import ConnectionFailedError, UsageError
from ahjo_tasks.fleet.outcome import Outcome
from ahjo_tasks.fleet.stops import GRACE, stop_run
from ahjo_tasks.fleet.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

RECYCLE = 500
"""Calls of a process before another one takes its place, which gives back memory."""
TICK = 0.5
"""Seconds between two looks: on Windows Ctrl-C does not end a longer wait."""
CONNECT = 10
"""Seconds for connecting to a scheduler."""
GONE = "inv fleet.status says what was done; a worker may still be at its target."
PLAIN = "{}: names of targets and results go to another machine unencrypted; use tls:// with --tls-ca and others."


class Engine(Protocol):
    """A place where functions run; `jobs` is how many at a time."""

    jobs: int
    repeats: bool
    """True if it calls a function again by itself where a worker has died."""

    def submit(self, function: Callable[..., Any], *values: Any) -> Future[Any]:
        """Have a worker call a function of this package."""

    def check(self) -> None:
        """Raise ConnectionFailedError where a call may never end, for the way to its worker is lost."""

    def interrupt(self, run: str) -> None:
        """Have the targets that are being worked on end early."""

    def kill(self, future: Future[Any]) -> None:
        """End the worker of a call that does not end; what it did is not known."""

    def close(self) -> None:
        """End the workers that are this run's own."""


class _Place:
    """The worker of one call, once it has one."""

    worker: Worker | None = None
    killed = False


class LocalEngine:
    """Processes of this machine, each started by itself: nothing is inherited but the environment.

    One that dies takes nothing along but its own call. `recycle` is how many calls it gets, `on_line` is called with
    each line that a call prints, in a thread of its own; without it, an Outcome gets them. With `attached` a call has
    the terminal for itself.
    """

    repeats = False

    def __init__(
        self,
        jobs: int = 0,
        *,
        recycle: int = RECYCLE,
        on_line: Callable[[str], None] | None = None,
        attached: bool = False,
    ) -> None:
        self.jobs = jobs or os.cpu_count() or 1
        self._recycle = recycle
        self._on_line = on_line
        self._attached = attached
        self._threads = ThreadPoolExecutor(self.jobs, "ahjo engine")
        self._idle: deque[Worker] = deque()
        self._places: dict[Future[Any], _Place] = {}
        self._stopped = threading.Event()

    def submit(self, function: Callable[..., Any], *values: Any) -> Future[Any]:
        """Have a process call the function."""
        place = _Place()
        future = self._threads.submit(self._call, place, function, values)
        self._places[future] = place
        future.add_done_callback(lambda done: self._places.pop(done, None))
        return future

    def check(self) -> None:
        """Do nothing: the end of a process ends its call."""

    def call(self, function: Callable[..., Any], *values: Any) -> Any:
        """Return what the function returns. Whatever comes meanwhile, as Ctrl-C, has it roll back and end first."""
        future = self.submit(function, *values)
        try:
            while not wait([future], TICK).done:
                pass
        except BaseException:
            self.interrupt()
            wait([future], GRACE)
            self.kill(future)
            raise
        return future.result()

    def _call(self, place: _Place, function: Callable[..., Any], values: tuple[Any, ...]) -> Any:
        try:
            worker = self._idle.popleft()
        except IndexError:
            worker = Worker(self._on_line, attached=self._attached)
        place.worker = worker
        if self._stopped.is_set():
            worker.stop()
        if place.killed:
            worker.kill()
        result = worker.call(function, values)
        lines = tuple(worker.lines)
        if worker.calls < self._recycle:
            self._idle.append(worker)
        else:
            worker.close()
        return replace(result, lines=(*lines, *result.lines)) if lines and isinstance(result, Outcome) else result

    def interrupt(self, _run: str = "") -> None:
        """Have the calls that run end early."""
        self._stopped.set()
        for place in list(self._places.values()):
            if place.worker is not None:
                place.worker.stop()

    def kill(self, future: Future[Any]) -> None:
        """Kill the process of a call."""
        place = self._places.get(future)
        if not future.cancel() and place is not None:
            place.killed = True
            if place.worker is not None:
                place.worker.kill()

    def close(self) -> None:
        """End the processes."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        for worker in self._idle:
            worker.let_go()
        for worker in self._idle:
            worker.close()


@dataclass(frozen=True)
class Scheduler:
    """Address of a Dask scheduler, with the files of TLS where they are not in Dask's own settings."""

    address: str
    ca: str = ""
    certificate: str = ""
    key: str = ""

    @property
    def warning(self) -> str:
        """Say that others can read along; empty for an encrypted connection, or one that stays on this machine."""
        parts = urlsplit(self.address if "://" in self.address else f"tcp://{self.address}")
        if parts.scheme != "tcp" or _is_loopback(parts.hostname or ""):
            return ""
        return PLAIN.format(self.address)


class DaskEngine:
    """The workers of a Dask scheduler, which somebody else has started, and which stay."""

    repeats = True

    def __init__(self, scheduler: Scheduler, jobs: int = 0) -> None:
        self._address = scheduler.address
        self._client = _connect(scheduler)
        self._connection = self._client.scheduler_comm
        self._executor = self._client.get_executor(pure=False, retries=0)
        self.jobs = jobs or sum(self._client.nthreads().values())
        if not self.jobs:
            self._client.close()
            raise ConnectionFailedError(
                f"{scheduler.address}: the scheduler has no workers.",
                hint=f"dask worker {scheduler.address}, where the project is.",
            )

    def submit(self, function: Callable[..., Any], *values: Any) -> Future[Any]:
        """Have a worker call the function. Raises ConnectionFailedError where the scheduler has gone."""
        self.check()
        future: Future[Any] = self._executor.submit(function, *values)
        return future

    def check(self) -> None:
        """Raise ConnectionFailedError where the scheduler has gone: Dask ends some of its calls then, but not all."""
        if self._client.status != "running" or self._client.scheduler_comm is not self._connection:
            raise ConnectionFailedError(f"{self._address}: the scheduler has gone.", hint=GONE)

    def on_each(self, function: Callable[..., Any], *values: Any) -> dict[str, Any]:
        """Have every worker call the function at once; returns the results, or exceptions, by their addresses."""
        found: dict[str, Any] = self._client.run(function, *values, on_error="return")
        return found

    def interrupt(self, run: str) -> None:
        """Have the targets of the run that are being worked on end early."""
        self.on_each(stop_run, run)

    def kill(self, future: Future[Any]) -> None:
        """Forget the call; its worker is left to those who started it."""
        future.cancel()

    def close(self) -> None:
        """Leave the scheduler."""
        self._client.close()


def _connect(scheduler: Scheduler) -> Any:
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise UsageError(
            "--scheduler needs Dask, which is not installed.", hint="pip install 'ahjo-tasks[fleet]'"
        ) from None
    for said_by_us in ("distributed.client", "tornado.application"):  # a lost connection, and the calls lost with it
        logging.getLogger(said_by_us).setLevel(logging.CRITICAL)
    files = {"tls_ca_file": scheduler.ca, "tls_client_cert": scheduler.certificate, "tls_client_key": scheduler.key}
    given = {name: file for name, file in files.items() if file}
    security = distributed.Security(require_encryption=True, **given) if given else None
    try:
        return distributed.Client(scheduler.address, security=security, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise ConnectionFailedError(f"{scheduler.address}: the scheduler does not answer: {error}") from error


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
