"""Deploys over a network that takes time: a proxy before the server, which forwards each piece late, and counts.

A round trip is a request after an answer: what a client sends without waiting, as in a pipeline, is one request.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.deploys import Deploys
from benchmarks.measure import Contestant, Row, compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from benchmarks.databases import Server, ServerDatabase
    from benchmarks.peers import Peer

CHUNK = 65536


class Distance(NamedTuple):
    """How far away a server is, there and back, and what is deployed to it."""

    objects: int
    milliseconds: float
    runs: int
    patience: float


class SlowProxy:
    """Forwards to a server; every piece arrives `seconds` later, and no piece waits for the one before it."""

    def __init__(self, server: Server, seconds: float) -> None:
        self._server, self._seconds = server, seconds
        self.round_trips = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._open: list[asyncio.StreamWriter] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._ready.wait()

    def close(self) -> None:
        """Take no more connections."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        listener = self._loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self.port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        listener.close()
        for writer in self._open:
            writer.transport.abort()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection(self._server.host, self._server.port)
        self._open += (to_client, to_server)
        answered = [True]
        await asyncio.gather(
            self._forward(client, to_server, answered, is_request=True),
            self._forward(server, to_client, answered, is_request=False),
        )

    async def _forward(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, answered: list[bool], *, is_request: bool
    ) -> None:
        with suppress(ConnectionError):  # who is killed sends no end
            while data := await source.read(CHUNK):
                self.round_trips += is_request and answered[0]
                answered[0] = not is_request
                self._loop.call_later(self._seconds, target.write, data)
        self._loop.call_later(self._seconds, target.close)


@contextmanager
def slow_proxy(server: Server, seconds: float) -> Iterator[SlowProxy]:
    """Run the proxy for the block."""
    proxy = SlowProxy(server, seconds)
    try:
        yield proxy
    finally:
        proxy.close()


def rows(
    python: str, database: ServerDatabase, found: Iterable[Peer], folder: Path, distance: Distance
) -> Iterator[Row]:
    """Yield what fresh deploys take, with the round trips of each."""
    with slow_proxy(database.server, distance.milliseconds / 2000) as proxy:
        deploys = Deploys(python, database.behind(proxy.port), distance.objects, folder)
        steps = len(deploys.project.deployed) + 1
        contestants = [counted(proxy, each, steps) for each in deploys.fresh(found)]
        work = f"fresh deploy, {distance.objects} objects, {distance.milliseconds:g} ms away"
        yield from compare(work, database.label, contestants, distance.runs, distance.patience)


def counted(proxy: SlowProxy, contestant: Contestant, steps: int) -> Contestant:
    """Return a contestant that tells its round trips."""

    def before() -> None:
        contestant.before()
        proxy.round_trips = 0

    def note() -> str:
        return f"{proxy.round_trips} round trips, {steps} steps"

    return replace(contestant, before=before, note=note)
