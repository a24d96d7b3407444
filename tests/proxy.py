"""A proxy between a client and a server that stops forwarding, or cuts its connections, when it is told to."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class StallingProxy:
    """Forwards to `server`; `stall` stops the connections that there are, and with `later` all new ones, too."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._sockets: list[socket.socket] = []
        self._running = threading.Event()
        self._running.set()
        self._later = True
        self.on_request: Callable[[], None] = lambda: None
        """Called before the server gets what a client has sent."""
        self._last_request = time.monotonic()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def stall(self, *, later: bool) -> None:
        self._running.clear()
        self._running, self._later = threading.Event(), not later
        if self._later:
            self._running.set()

    def is_quiet(self) -> bool:
        """True if no client has sent anything for a second: who runs something waits for the server."""
        return time.monotonic() - self._last_request > 1

    def cut(self) -> None:
        """Close the connections that there are; new ones are served."""
        sockets, self._sockets = self._sockets, []
        for each in sockets:
            with suppress(OSError):  # it has ended already
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def close(self) -> None:
        with suppress(OSError):  # on Linux it wakes the thread that waits in accept(), which close() does not
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client = self._listener.accept()[0]
                self._sockets.append(client)
                server = socket.create_connection(self._server)
                self._sockets.append(server)
                for ends in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._forward, args=(*ends, self._running), daemon=True).start()

    def _forward(
        self, source: socket.socket, target: socket.socket, is_request: bool, running: threading.Event
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if is_request:
                    self._last_request = time.monotonic()
                    self.on_request()
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
