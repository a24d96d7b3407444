"""The targets that wait for their turn: in order, and of each server only as many at a time as it may have."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Turn:
    """A target that waits or is worked on. `tries` and `losses` count its attempts, and the workers that died on it."""

    name: str
    server: str = ""
    number: int = 0
    tries: int = 0
    losses: int = 0
    not_before: float = 0.0
    first: float = 0.0
    begun: float = 0.0
    """Begin of the first try, in seconds since 1970; of this one by a clock that only goes forward, as `not_before`."""


class Turns:
    """Targets that wait, and how many of each server are worked on.

    One whose worker has died before is handed out alone, so that it takes no other one with it.
    """

    def __init__(self, per_server: int = 0) -> None:
        self._per_server = per_server
        self._by_server: dict[str, deque[Turn]] = {}
        self._later: list[tuple[float, int, Turn]] = []
        self._suspects: deque[Turn] = deque()
        self._busy: Counter[str] = Counter()
        self._alone = False

    def __len__(self) -> int:
        return sum(map(len, self._by_server.values())) + len(self._later) + len(self._suspects)

    def put(self, turn: Turn) -> None:
        """Have a target wait, until its time has come if it has one."""
        if turn.losses:
            self._suspects.append(turn)
        elif turn.not_before:
            heapq.heappush(self._later, (turn.not_before, turn.number, turn))
        else:
            self._by_server.setdefault(turn.server, deque()).append(turn)

    def take(self, now: float) -> Turn | None:
        """Return the target whose turn it is; None where none may be started now."""
        while self._later and self._later[0][0] <= now:
            turn = heapq.heappop(self._later)[2]
            self._by_server.setdefault(turn.server, deque()).appendleft(turn)
        if self._alone:
            return None
        free = [waiting for server, waiting in self._by_server.items() if waiting and self._has_room(server)]
        if free:
            turn = min(free, key=lambda waiting: waiting[0].number).popleft()
        elif self._suspects and not self._busy.total():
            turn, self._alone = self._suspects.popleft(), True
        else:
            return None
        self._busy[turn.server] += 1
        return turn

    def end(self, turn: Turn) -> None:
        """Note that a target is not worked on any more."""
        self._busy[turn.server] -= 1
        self._alone = False

    def rest(self) -> Iterator[Turn]:
        """Yield and forget those that wait, in order."""
        waiting = [*self._suspects, *(turn for _, _, turn in self._later)]
        waiting += [turn for turns in self._by_server.values() for turn in turns]
        self._by_server, self._later, self._suspects = {}, [], deque()
        yield from sorted(waiting, key=lambda turn: turn.number)

    def _has_room(self, server: str) -> bool:
        return not (self._per_server and server) or self._busy[server] < self._per_server
