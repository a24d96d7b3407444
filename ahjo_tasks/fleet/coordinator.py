"""The coordinator of a fleet: it hands out targets, takes what became of them, and knows when to stop."""

from __future__ import annotations

import heapq
import time
from collections import Counter, deque
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Protocol

from ahjo_tasks.errors import INTERRUPTED
from ahjo_tasks.fleet.outcome import FAILED, SKIPPED, STOPPED, TIMED_OUT, Outcome, not_started, unfinished
from ahjo_tasks.fleet.stops import GRACE
from ahjo_tasks.fleet.worker import WorkerDiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ahjo_tasks.fleet.engines import Engine
    from ahjo_tasks.fleet.stops import Presses

TICK = 0.5
"""Seconds between two looks at the clock, and at Ctrl-C."""
BACKOFF = 1.0
"""Seconds before the second try; each further one waits twice as long."""
ASK = "was started; inv fleet.status says what was done"
LOST = "its worker ended {0} times while it worked on it: {1}"


@dataclass(frozen=True)
class Limits:
    """Limits of a run: targets of one server at a time, further tries of one, and its seconds; 0 is no limit.

    `losses` are workers that may die of one target before it has failed.
    """

    per_server: int = 0
    retries: int = 2
    timeout: float = 0.0
    losses: int = 1


@dataclass(slots=True)
class Turn:
    """A target that waits or is worked on. `tries` and `losses` count its attempts, and the workers that died on it.

    `needs` are names of targets that have to end well before.
    """

    name: str
    server: str = ""
    needs: frozenset[str] = frozenset()
    number: int = 0
    tries: int = 0
    losses: int = 0
    not_before: float = 0.0
    first: float = 0.0
    begun: float = 0.0
    """Begin of the first try, in seconds since 1970; of this one by a clock that only goes forward, as `not_before`."""


class Turns:
    """Targets that wait, and how many of each server are worked on."""

    def __init__(self, per_server: int = 0) -> None:
        self._per_server = per_server
        self._by_server: dict[str, deque[Turn]] = {}
        self._later: list[tuple[float, int, Turn]] = []
        self._blocked: list[Turn] = []
        self._busy: Counter[str] = Counter()

    def __len__(self) -> int:
        return sum(map(len, self._by_server.values())) + len(self._later) + len(self._blocked)

    def put(self, turn: Turn) -> None:
        """Have a target wait, until its time has come if it has one."""
        if turn.needs:
            self._blocked.append(turn)
        elif turn.not_before:
            heapq.heappush(self._later, (turn.not_before, turn.number, turn))
        else:
            self._by_server.setdefault(turn.server, deque()).append(turn)

    def take(self, now: float) -> Turn | None:
        """Return the target whose turn it is; None where none may be started now."""
        while self._later and self._later[0][0] <= now:
            turn = heapq.heappop(self._later)[2]
            self._by_server.setdefault(turn.server, deque()).appendleft(turn)
        free = [waiting for server, waiting in self._by_server.items() if waiting and self._has_room(server)]
        if not free:
            return None
        turn = min(free, key=lambda waiting: waiting[0].number).popleft()
        self._busy[turn.server] += 1
        return turn

    def end(self, turn: Turn) -> None:
        """Note that a target is not worked on any more."""
        self._busy[turn.server] -= 1

    def settle(self, name: str, *, well: bool) -> list[Turn]:
        """Note how a target has ended for good. Returns those that needed it to end well, and have no turn any more."""
        concerned = [turn for turn in self._blocked if name in turn.needs]
        for turn in concerned:
            self._blocked.remove(turn)
            turn.needs -= {name}
            if well:
                self.put(turn)
        return [] if well else concerned

    def rest(self) -> Iterator[Turn]:
        """Yield and forget those that wait, in order."""
        waiting = [*self._blocked, *(turn for _, _, turn in self._later)]
        waiting += [turn for turns in self._by_server.values() for turn in turns]
        self._by_server, self._later, self._blocked = {}, [], []
        yield from sorted(waiting, key=lambda turn: turn.number)

    def _has_room(self, server: str) -> bool:
        return not (self._per_server and server) or self._busy[server] < self._per_server


class Watcher(Protocol):
    """Receiver of what happens in a run."""

    def started(self, name: str) -> None:
        """Take note that a target is handed out."""

    def again(self, name: str, reason: str) -> None:
        """Take note that a target waits for another try."""

    def ended(self, outcome: Outcome) -> None:
        """Take note of what became of a target."""


class Coordinator:
    """One command on many targets.

    `submit` hands a target to the engine, with the time of its first try, and whether this may be another one.
    """

    def __init__(
        self,
        engine: Engine,
        submit: Callable[[str, float, bool], Future[Outcome]],
        limits: Limits,
        watcher: Watcher,
        presses: Presses,
    ) -> None:
        self._engine = engine
        self._submit = submit
        self._limits = limits
        self._watcher = watcher
        self._presses = presses
        self._turns = Turns(limits.per_server)
        self._running: dict[Future[Outcome], Turn] = {}
        self._interrupted: float | None = None
        """Time when what runs was told to end early."""
        self.failures = 0
        self.max_failures: float = inf
        """Failures after which one more ends the handing out."""

    @property
    def halted(self) -> bool:
        """True if no other target is started: too many failed, or somebody pressed Ctrl-C."""
        return bool(self._presses.count) or self.failures > self.max_failures

    def run(self, turns: Iterable[Turn], run: str) -> None:
        """Work on targets until all have ended, or those that had begun when it halts."""
        for number, turn in enumerate(turns):
            turn.number = number
            self._turns.put(turn)
        try:
            self._hand_out()
            while self._running or (self._turns and not self.halted):
                for future in self._wait():
                    self._take(future, self._running.pop(future))
                if self._running:
                    self._engine.check()
                self._mind_time(run)
                self._hand_out()
        except BaseException:
            for future in self._running:
                self._engine.kill(future)  # nobody waits for what runs
            raise
        finally:
            self._end_rest()

    def _wait(self) -> set[Future[Outcome]]:
        """Wait for the next end, or for the clock."""
        if not self._running:  # all that is left waits for another try
            time.sleep(TICK)
        return wait(self._running, TICK, FIRST_COMPLETED).done

    def _hand_out(self) -> None:
        while not self.halted and len(self._running) < self._engine.jobs:
            turn = self._turns.take(time.monotonic())
            if turn is None:
                return
            turn.begun, turn.first = time.monotonic(), turn.first or time.time()
            turn.tries += 1
            try:
                future = self._submit(turn.name, turn.first, self._engine.repeats or turn.tries > 1)
            except BaseException:
                self._turns.put(turn)
                raise
            self._running[future] = turn
            self._watcher.started(turn.name)

    def _take(self, future: Future[Outcome], turn: Turn) -> None:
        self._turns.end(turn)
        try:
            outcome = future.result()
        except Exception as error:  # noqa: BLE001 - whatever became of the worker, the target is asked
            self._lose(turn, error)
            return
        if outcome.may_pass and turn.tries <= self._limits.retries and not self.halted:
            turn.not_before = time.monotonic() + BACKOFF * 2 ** (turn.tries - 1)
            self._turns.put(turn)
            self._watcher.again(turn.name, outcome.text)
        else:
            self._end(outcome)

    def _lose(self, turn: Turn, error: Exception) -> None:
        """Have a target whose worker has died wait for another one, which asks what was done."""
        turn.losses += 1
        text = str(error) or type(error).__name__
        lines = error.lines if isinstance(error, WorkerDiedError) else ()
        if self._interrupted is not None:
            self._end(unfinished(turn.name, STOPPED, "its worker ended", lines))
        elif turn.losses > self._limits.losses:
            told = LOST.format(turn.losses, text) if turn.losses > 1 else text
            self._end(unfinished(turn.name, FAILED, told, lines))
        else:
            self._turns.put(turn)
            self._watcher.again(turn.name, "its worker ended")

    def _end(self, outcome: Outcome) -> None:
        self.failures += outcome.failed
        self._tell(outcome)

    def _tell(self, outcome: Outcome) -> None:
        """Tell what became of a target, and of those that needed it to end well."""
        self._watcher.ended(outcome)
        for turn in self._turns.settle(outcome.name, well=not outcome.failed):
            self._tell(Outcome(turn.name, SKIPPED, INTERRUPTED, f"needs {outcome.name}"))

    def _mind_time(self, run: str) -> None:
        """Interrupt what runs where somebody wants that, and end the workers that do not stop in time."""
        now, limit = time.monotonic(), self._limits.timeout
        if self._presses.interrupts and self._interrupted is None:
            self._interrupted = now
            self._engine.interrupt(run)
        if self._interrupted is not None and now > self._interrupted + GRACE:
            self._abandon(list(self._running), STOPPED, f"did not stop within {GRACE:g} s")
        if limit:
            late = [future for future, turn in self._running.items() if turn.begun < now - limit - GRACE]
            self._abandon(late, TIMED_OUT, f"did not stop within {limit + GRACE:g} s")

    def _abandon(self, futures: Iterable[Future[Outcome]], status: str, text: str) -> None:
        for future in futures:
            self._engine.kill(future)
            turn = self._running.pop(future)
            self._turns.end(turn)
            self._end(unfinished(turn.name, status, text))

    def _end_rest(self) -> None:
        for future, turn in self._running.items():
            future.cancel()
            self._turns.put(turn)
        self._running.clear()
        for turn in self._turns.rest():
            begun = turn.tries > 0
            self._watcher.ended(unfinished(turn.name, STOPPED, ASK) if begun else not_started(turn.name))
