"""Engines that work on the targets of a fleet: processes of this machine, or workers of a Dask scheduler."""

from __future__ import annotations

import logging
import os
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from ipaddress import ip_address
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from ahjo_tasks.errors import ConnectionFailedError, UsageError
from ahjo_tasks.fleet.stops import prepare_worker, stop_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor, Future

    from ahjo_tasks.fleet.stops import Flag

RECYCLE = 500
"""Targets that the processes of a pool work on, each, before new ones take their place."""
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

    def interrupt(self, run: str) -> None:
        """Have the targets that are being worked on end early."""

    def replace(self) -> None:
        """Have new workers for those that died, and end those that do not answer; what they did is not known."""

    def close(self) -> None:
        """End the workers that are this run's own."""


class LocalEngine:
    """A pool of processes of this machine, each started by itself: nothing is inherited but the environment."""

    repeats = False

    def __init__(self, jobs: int = 0, *, recycle: int = RECYCLE) -> None:
        self.jobs = jobs or os.cpu_count() or 1
        self._limit = recycle * self.jobs
        self._context = get_context("spawn")
        self._flag: Flag = self._context.Event()
        self._pool: ProcessPoolExecutor | None = None
        self._retired: list[BaseProcess] = []
        """Processes of pools before, which end what they have begun."""
        self._given = 0

    def submit(self, function: Callable[..., Any], *values: Any) -> Future[Any]:
        """Have a process call the function; after many calls a new one, which gives back memory."""
        if self._pool is None or self._given >= self._limit:
            self._renew()
        self._given += 1
        try:
            return self._executor.submit(function, *values)
        except BrokenExecutor:  # a process died between two calls
            self.replace()
            return self._executor.submit(function, *values)

    @property
    def _executor(self) -> Executor:
        if self._pool is None:
            self._renew()
        assert self._pool is not None  # noqa: S101 - for mypy
        return self._pool

    def _renew(self) -> None:
        if self._pool is not None:
            self._retired = [*filter(BaseProcess.is_alive, self._retired), *self._processes]
            self._pool.shutdown(wait=False)  # what it has begun it ends
        self._given = 0
        self._pool = ProcessPoolExecutor(
            self.jobs, mp_context=self._context, initializer=prepare_worker, initargs=(self._flag,)
        )

    @property
    def _processes(self) -> list[BaseProcess]:
        """The processes of the pool; one that is broken has none left, and Python 3.14 has kill_workers() for them."""
        return list((getattr(self._pool, "_processes", None) or {}).values())

    def interrupt(self, _run: str) -> None:
        """Have the targets that are being worked on end early."""
        self._flag.set()

    def replace(self) -> None:
        """Kill the processes, and start others when they are needed."""
        for process in (*self._processes, *self._retired):
            process.kill()
        self.close()
        self._pool, self._retired = None, []

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        for process in self._retired:
            process.join()


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
        if self._client.status != "running":
            raise ConnectionFailedError(f"{self._address}: the scheduler has gone.", hint=GONE)
        future: Future[Any] = self._executor.submit(function, *values)
        return future

    def on_each(self, function: Callable[..., Any], *values: Any) -> dict[str, Any]:
        """Have every worker call the function at once; returns the results, or exceptions, by their addresses."""
        found: dict[str, Any] = self._client.run(function, *values, on_error="return")
        return found

    def interrupt(self, run: str) -> None:
        """Have the targets of the run that are being worked on end early."""
        self.on_each(stop_run, run)

    def replace(self) -> None:
        """Leave it to those who started the workers."""

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
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # a lost connection is said by us
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
