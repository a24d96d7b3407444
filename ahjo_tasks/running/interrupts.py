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
def reaching(end: Callable[[], None], note: Callable[[], None]) -> Iterator[None]:
    """Have Ctrl-C call `end` in a thread, at once; KeyboardInterrupt follows as soon as the driver returns.

    `note` is called where it is raised, for a driver in whose code that happens may swallow it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _listening(end), _noting(note):
        yield


@contextmanager
def _noting(note: Callable[[], None]) -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    if not callable(before):  # nobody is to hear of it, as in a background job of a shell
        yield
        return
    raises = before

    def hear(number: int, frame: FrameType | None) -> None:
        note()
        raises(number, frame)

    signal.signal(signal.SIGINT, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _listening(end: Callable[[], None]) -> Iterator[None]:
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
