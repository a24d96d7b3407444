"""A proxy between a client and a server that stops forwarding when it is told to, and keeps its connections open."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class StallingProxy:
    """Forwards to `server`; `stall` stops the connections that there are, and with `later` all new ones, too."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._sockets: list[socket.socket] = []
        self._running = threading.Event()
        self._running.set()
        self._later = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stall(self, *, later: bool) -> None:
        self._running.clear()
        self._running, self._later = threading.Event(), not later
        if self._later:
            self._running.set()

    def close(self) -> None:
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                server = socket.create_connection(self._server)
                self._sockets += [client, server]
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._forward, args=(*ends, self._running), daemon=True).start()

    @staticmethod
    def _forward(source: socket.socket, target: socket.socket, running: threading.Event) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                running.wait()
                target.sendall(data)
            running.wait()
            target.shutdown(socket.SHUT_WR)


@contextmanager
def stalling_proxy(host: str, port: int) -> Iterator[StallingProxy]:
    """Run the proxy for the block."""
    proxy = StallingProxy((host, port))
    try:
        yield proxy
    finally:
        proxy.close()
