"""Build projects in workers, some at the same time, each after those that it depends on have succeeded."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.fleet.worker import Event, Worker, WorkerResult

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ahjo_tasks.fleet.preflight import Job
    from ahjo_tasks.fleet.protocol import Request
    from ahjo_tasks.fleet.worker import Status

TICK = 0.5
"""Seconds between two looks at the queue: on Windows Ctrl-C does not end a longer wait."""


@dataclass
class _Running:
    worker: Worker
    started: float
    output: list[str]


class FleetRunner:
    """One run over all projects. With `attached` each has the terminal for itself, and can ask."""

    def __init__(
        self,
        jobs: Sequence[tuple[Job, Request]],
        observe: Callable[[Event], None],
        *,
        parallel: int = 1,
        keep_going: bool = False,
        attached: bool = False,
    ) -> None:
        self.waiting = {job.project.name: (job, request) for job, request in jobs}
        self.names = tuple(self.waiting)
        self.observe = observe
        self.parallel = parallel
        self.keep_going = keep_going
        self.attached = attached
        self.results: dict[str, Event] = {}
        self.ended = 0
        self._running: dict[str, _Running] = {}
        self._reports: queue.Queue[tuple[str, str | WorkerResult | Exception]] = queue.Queue()

    def run(self) -> list[Event]:
        """Build them. An exception, as by Ctrl-C, has every worker roll back and end first."""
        try:
            self._start_ready()
            while self._running:
                self._take_report()
                self._start_ready()
        except BaseException:
            self._stop()
            raise
        finally:
            for name in list(self.waiting):
                self._skip(name, "not started")
        return self.summary()

    def summary(self) -> list[Event]:
        """Return the last event of each project that ended or was skipped, in the order of the projects."""
        return [self.results[name] for name in self.names if name in self.results]

    @property
    def _halted(self) -> bool:
        return not self.keep_going and any(result.status == "FAIL" for result in self.results.values())

    def _start_ready(self) -> None:
        """Start the projects whose dependencies have succeeded, as far as there is room."""
        for name, (job, _) in list(self.waiting.items()):
            needed = [self.results.get(need) for need in job.project.depends]
            if bad := [result.name for result in needed if result and result.status != "ok"]:
                self._skip(name, f"needs {', '.join(bad)}")
            elif all(needed) and len(self._running) < self.parallel and not self._halted:
                self._start(name)

    def _start(self, name: str) -> None:
        job, request = self.waiting.pop(name)
        worker = Worker(request, job.environ)
        self._running[name] = _Running(worker, time.perf_counter(), [])
        self.observe(Event(name, "started", total=len(self.names)))
        threading.Thread(target=self._work, args=(name, worker), name=f"ahjo {name}", daemon=True).start()

    def _work(self, name: str, worker: Worker) -> None:
        try:
            on_line = None if self.attached else lambda line: self._reports.put((name, line))
            self._reports.put((name, worker.run(on_line)))
        except Exception as error:  # noqa: BLE001 - it is the result of this project, and reported with it
            self._reports.put((name, error))

    def _take_report(self) -> None:
        """Wait for the next line or end of a worker."""
        while True:
            try:
                name, report = self._reports.get(timeout=TICK)
                break
            except queue.Empty:
                continue
        if not isinstance(report, str):
            self._end(name, report)
        elif self.parallel == 1:
            self.observe(Event(name, "line", total=len(self.names), text=report))
        else:
            self._running[name].output.append(report)

    def _end(self, name: str, result: WorkerResult | Exception) -> None:
        running = self._running.pop(name)
        seconds = time.perf_counter() - running.started
        self.ended += 1
        reason = _reason(running.worker.request, result)
        status: Status = "FAIL" if reason else "ok"
        event = Event(name, status, self.ended, len(self.names), seconds, reason, tuple(running.output))
        self.results[name] = event
        self.observe(event)

    def _stop(self) -> None:
        for running in self._running.values():
            running.worker.stop()
        while self._running:
            self._take_report()

    def _skip(self, name: str, reason: str) -> None:
        del self.waiting[name]
        self.results[name] = Event(name, "skipped", total=len(self.names), text=reason)


def _reason(request: Request, result: WorkerResult | Exception) -> str:
    """Return why a worker failed; empty when it did not."""
    if isinstance(result, Exception):
        return f"{type(result).__name__}: {result}"
    if not result.code:
        return ""
    failed = [str(call) for call in request.calls[result.answers.done :]][:1]
    return f"{', '.join(failed) or 'worker'}: {result.answers.error or result.exit_text}"
