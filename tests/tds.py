"""A server that speaks just enough of SQL Server's protocol, MS-TDS, to refuse a login and to be interrupted."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from pathlib import Path

BATCH, CALL, REPLY, ATTENTION, LOGIN, PRELOGIN = 0x01, 0x03, 0x04, 0x06, 0x10, 0x12
ENCRYPTS, NEVER_ENCRYPTS = 1, 2
HEADER = struct.Struct(">BBHHBB")
LAST = 1
ACKNOWLEDGED = 0x20
LOOP = "WAITFOR"
"""A batch with this word is answered when it is interrupted."""


class Refusal(NamedTuple):
    """What the server answers to a login."""

    number: int
    text: str


class FakeServer:
    """Listens on loopback; `refusals` are answered to one login after the other, and a login behind them succeeds.

    Without `acknowledges` it does not answer an interruption.
    """

    def __init__(self, *refusals: Refusal, certificate: Path | None = None, acknowledges: bool = True) -> None:
        self._acknowledges = acknowledges
        self._clients: list[socket.socket] = []
        self.refusals = list(refusals)
        self.credentials = 0
        self.interrupted = 0
        self._certificate = certificate
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._socket.close()

    def hang_up(self) -> None:
        """Close all connections."""
        for client in self._clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._socket.accept()
                self._clients.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, EOFError), client:
            while True:
                kind, body = received(client)
                if kind == PRELOGIN:
                    send(client, prelogin(NEVER_ENCRYPTS if self._certificate is None else ENCRYPTS))
                    if self._certificate:
                        handshake(client, self._certificate)
                else:
                    self._answer(client, kind, body)

    def _answer(self, client: socket.socket, kind: int, body: bytes) -> None:
        if kind == LOGIN:
            self.credentials += 1
            send(client, error(*self.refusals.pop(0)) + done(2) if self.refusals else acknowledged() + done())
        elif kind == ATTENTION:
            self.interrupted += 1
            if self._acknowledges:
                send(client, done(ACKNOWLEDGED))
        elif LOOP.encode("utf-16-le") not in body:
            send(client, done())


def received(client: socket.socket) -> tuple[int, bytes]:
    """The kind and body of one message, put together from its packets."""
    body = b""
    while True:
        kind, status, length, *_rest = HEADER.unpack(exactly(client, HEADER.size))
        body += exactly(client, length - HEADER.size)
        if status & LAST:
            return kind, body


def exactly(client: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = client.recv(size - len(found))
        if not more:
            raise EOFError
        found += more
    return found


def send(client: socket.socket, body: bytes, kind: int = REPLY) -> None:
    client.sendall(HEADER.pack(kind, LAST, HEADER.size + len(body), 0, 1, 0) + body)


def prelogin(encryption: int) -> bytes:
    """Version, encryption, instance, thread and sessions, each by its place."""
    values = [struct.pack(">BBHH", 16, 0, 4135, 0), bytes([encryption]), b"\0", b"", b"\0"]
    place, head = 5 * len(values) + 1, b""
    for token, value in enumerate(values):
        head += struct.pack(">BHH", token, place, len(value))
        place += len(value)
    return head + b"\xff" + b"".join(values)


def short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("utf-16-le")


def token(kind: int, body: bytes) -> bytes:
    return struct.pack("<BH", kind, len(body)) + body


def error(number: int, text: str) -> bytes:
    said = struct.pack("<H", len(text)) + text.encode("utf-16-le")
    return token(0xAA, struct.pack("<iBB", number, 1, 14) + said + short("fake") + short("") + struct.pack("<i", 1))


def acknowledged() -> bytes:
    changes = [(1, "master"), (4, "4096")]
    told = b"".join(token(0xE3, bytes([kind]) + short(value) + short("")) for kind, value in changes)
    return told + token(0xAD, b"\x01\x74\x00\x00\x04" + short("Microsoft SQL Server") + b"\x10\x00\x10\x27")


def done(status: int = 0) -> bytes:
    return struct.pack("<BHHQ", 0xFD, status, 0, 0)


def handshake(client: socket.socket, certificate: Path) -> None:
    """TLS as MS-TDS wraps it, in packets of the prelogin; a client that does not trust the certificate leaves."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    wrapped: Any = context.wrap_bio(arriving, leaving, server_side=True)
    while True:
        try:
            wrapped.do_handshake()
        except ssl.SSLWantReadError:
            if leaving.pending:
                send(client, leaving.read(), PRELOGIN)
            arriving.write(received(client)[1])
        except ssl.SSLError:
            raise EOFError from None
        else:
            raise EOFError  # nobody logs in encrypted here
