"""Building projects, some of them at once, as far as those that they need have succeeded."""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.fleet.worker import Outcome, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ahjo_tasks.fleet.preflight import Prepared
    from ahjo_tasks.fleet.protocol import Request

TICK = 0.5
"""Seconds between two looks at what happened: on Windows Ctrl-C does not end a longer wait."""


@dataclass(frozen=True)
class Result:
    """How one project ended. `status` is ok, FAIL or skipped; `detail` says why."""

    name: str
    status: str
    seconds: float = 0.0
    detail: str = ""


@dataclass(frozen=True)
class Event:
    """Something that happened: a project started, printed a line, or ended with its result.

    Of projects that run side by side the lines come together, with the end, in `output`. `number` counts the ends.
    """

    name: str
    number: int = 0
    line: str | None = None
    result: Result | None = None
    output: tuple[str, ...] = ()


@dataclass
class _Running:
    worker: Worker
    started: float
    output: list[str]


class FleetRunner:
    """One run over all projects. With `attached` each has the terminal for itself, and can ask."""

    def __init__(
        self,
        projects: Sequence[tuple[Prepared, Request]],
        observe: Callable[[Event], None],
        *,
        jobs: int = 1,
        keep_going: bool = False,
        attached: bool = False,
    ) -> None:
        self.waiting = {prepared.project.name: (prepared, request) for prepared, request in projects}
        self.names = tuple(self.waiting)
        self.observe = observe
        self.jobs = jobs
        self.keep_going = keep_going
        self.attached = attached
        self.results: dict[str, Result] = {}
        self.count = 0
        self._running: dict[str, _Running] = {}
        self._happened: queue.Queue[tuple[str, str | Outcome | Exception]] = queue.Queue()

    def run(self) -> list[Result]:
        """Build them. An exception, as by Ctrl-C, has every process roll back and end first."""
        try:
            self._begin()
            while self._running:
                self._take()
                self._begin()
        except BaseException:
            self._stop()
            raise
        finally:
            self._skip_all("not begun")
        return self.summary()

    def summary(self) -> list[Result]:
        """The results so far, in the order of the projects."""
        return [self.results[name] for name in self.names if name in self.results]

    @property
    def _halted(self) -> bool:
        return not self.keep_going and any(result.status == "FAIL" for result in self.results.values())

    def _begin(self) -> None:
        """Start what may be started now."""
        for name, (prepared, _) in list(self.waiting.items()):
            needed = [self.results.get(need) for need in prepared.project.depends]
            if bad := [result.name for result in needed if result and result.status != "ok"]:
                self._skip(name, f"needs {', '.join(bad)}")
            elif all(needed) and len(self._running) < self.jobs and not self._halted:
                self._start(name)

    def _start(self, name: str) -> None:
        prepared, request = self.waiting.pop(name)
        worker = Worker(request, prepared.environ)
        self._running[name] = _Running(worker, time.perf_counter(), [])
        self.observe(Event(name))
        threading.Thread(target=self._work, args=(name, worker), name=f"ahjo {name}", daemon=True).start()

    def _work(self, name: str, worker: Worker) -> None:
        try:
            hear = None if self.attached else lambda line: self._happened.put((name, line))
            self._happened.put((name, worker.run(hear)))
        except Exception as error:  # noqa: BLE001 - it is the result of this project, and told with it
            self._happened.put((name, error))

    def _take(self) -> None:
        """Wait for the next thing that happens."""
        while True:
            try:
                name, what = self._happened.get(timeout=TICK)
                break
            except queue.Empty:
                continue
        if not isinstance(what, str):
            self._end(name, what)
        elif self.jobs == 1:
            self.observe(Event(name, line=what))
        else:
            self._running[name].output.append(what)

    def _end(self, name: str, outcome: Outcome | Exception) -> None:
        running = self._running.pop(name)
        seconds = time.perf_counter() - running.started
        self.count += 1
        detail = _detail(running.worker.request, outcome)
        self.results[name] = Result(name, "FAIL" if detail else "ok", seconds, detail)
        self.observe(Event(name, self.count, result=self.results[name], output=tuple(running.output)))

    def _stop(self) -> None:
        for running in self._running.values():
            running.worker.stop()
        while self._running:
            self._take()

    def _skip(self, name: str, why: str) -> None:
        del self.waiting[name]
        self.results[name] = Result(name, "skipped", detail=why)

    def _skip_all(self, why: str) -> None:
        for name in list(self.waiting):
            self._skip(name, why)


def _detail(request: Request, outcome: Outcome | Exception) -> str:
    """Why it failed; empty when it did not."""
    if isinstance(outcome, Exception):
        return f"{type(outcome).__name__}: {outcome}"
    if not outcome.code:
        return ""
    failed = [str(call) for call in request.calls[outcome.answers.done :]][:1]
    return f"{', '.join(failed) or 'worker'}: {outcome.error or outcome.ending}"
