"""The moments of a run at which it can be ended, in an order that is the same in every run."""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from invoke.program import Program

from ahjo_tasks.database.interrupts import CursorRegistry
from ahjo_tasks.engine.executor import PlanExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIGNALS = {"KILL": signal.SIGKILL, "TERM": signal.SIGTERM, "INT": signal.SIGINT}


def at_steps(tick: Callable[[], None]) -> None:
    """Tick where a step begins and where it has ended."""
    tell = PlanExecutor._tell

    def counted(executor: PlanExecutor, *arguments: Any, **values: Any) -> None:
        tell(executor, *arguments, **values)
        tick()

    patch.object(PlanExecutor, "_tell", counted).start()


def at_statements(tick: Callable[[], None]) -> None:
    """Tick before the server gets a statement, and behind it."""
    track = CursorRegistry.track

    @contextmanager
    def counted(registry: CursorRegistry, cursor: Any) -> Iterator[None]:
        with track(registry, cursor):
            tick()
            yield
            tick()

    patch.object(CursorRegistry, "track", counted).start()


def at_calls(tick: Callable[[], None]) -> None:
    """Tick at each call of a function in the main thread, of Python or of C."""

    def profiled(_frame: Any, event: str, _argument: Any) -> None:
        if event in {"call", "c_call"}:
            tick()

    run = Program.run

    def profiled_run(*arguments: Any, **options: Any) -> Any:
        sys.setprofile(profiled)
        try:
            return run(*arguments, **options)
        finally:
            sys.setprofile(None)

    patch.object(Program, "run", profiled_run).start()


KINDS: dict[str, Callable[[Callable[[], None]], None]] = {
    "step": at_steps,
    "statement": at_statements,
    "call": at_calls,
}


@dataclass(frozen=True)
class Ending:
    """Ends the process that calls it by a signal, at the moment of this number."""

    kind: str
    number: int
    signal: signal.Signals

    def __call__(self) -> None:
        """Have this process end there."""
        left = self.number

        def tick() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                sys.setprofile(None)
                os.kill(os.getpid(), self.signal)

        KINDS[self.kind](tick)


@dataclass(frozen=True)
class Counting:
    """Counts the moments of a run, of each kind, into a file."""

    path: Path

    def __call__(self) -> None:
        """Have this process count."""
        counts = dict.fromkeys(KINDS, 0)
        leave = os._exit

        def exit_counted(code: int) -> None:
            self.path.write_text(json.dumps(counts), encoding="ascii")
            leave(code)

        def counter(kind: str) -> Callable[[], None]:
            def tick() -> None:
                counts[kind] += 1

            return tick

        patch.object(os, "_exit", exit_counted).start()
        for kind, install in KINDS.items():
            install(counter(kind))
