"""Ctrl-C for a statement that is running: a driver that waits inside C code would not hear of it before the end."""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def reaching(end: Callable[[], None]) -> Iterator[None]:
    """Have Ctrl-C call `end` in a thread, at once; KeyboardInterrupt follows as soon as the driver returns."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ear, mouth = socket.socketpair()
    mouth.setblocking(False)
    listener = threading.Thread(target=_listen, args=(ear, end), name="ahjo interrupts", daemon=True)
    before = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        mouth.close()
        listener.join()
        ear.close()


def _listen(ear: socket.socket, end: Callable[[], None]) -> None:
    while heard := ear.recv(1):
        if heard[0] == signal.SIGINT:
            end()
