"""Ctrl-C for a statement that is running: a driver that waits inside C code would not hear of it before the end."""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


@contextmanager
def on_interrupt(end: Callable[[], None], mark: Callable[[], None]) -> Iterator[None]:
    """Have Ctrl-C call `end` in a thread, at once; KeyboardInterrupt follows as soon as the driver returns.

    `mark` is called where that is raised, for a driver in whose code it happens may swallow it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _at_once(end), _where_raised(mark):
        yield


@contextmanager
def _at_once(end: Callable[[], None]) -> Iterator[None]:
    """By the socket that Python writes the numbers of signals into, whatever its main thread is doing."""
    numbers, written = socket.socketpair()
    written.setblocking(False)
    listener = threading.Thread(target=_listen, args=(numbers, end), name="ahjo interrupts", daemon=True)
    before = signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        written.close()
        listener.join()
        numbers.close()


def _listen(numbers: socket.socket, end: Callable[[], None]) -> None:
    while number := numbers.recv(1):
        if number[0] == signal.SIGINT:
            end()


@contextmanager
def _where_raised(mark: Callable[[], None]) -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):  # Ctrl-C is ignored, as in a background job of a shell
        yield
        return

    def handler(number: int, frame: FrameType | None) -> None:
        mark()
        before(number, frame)

    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
