"""The targets that wait for their turn: in order, and of each server only as many at a time as it may have."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


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
