"""What a server says while a batch runs, and is no error: PRINT, NOTICE, a warning."""

from __future__ import annotations

from typing import Self


class Message(str):
    """The words. `line` counts from 1 within the batch; None where the driver keeps it to itself.

    `procedure` is the module that said it, with the line in it. `plain` is whether a statement of the script may have
    worded it, as PRINT does, and not the server.
    """

    __slots__ = ("line", "plain", "procedure")

    line: int | None
    procedure: str
    plain: bool

    def __new__(cls, text: str, line: int | None = None, procedure: str = "", *, plain: bool = True) -> Self:
        """Words with what is known of them."""
        made = super().__new__(cls, text)
        made.line, made.procedure, made.plain = line, procedure, plain
        return made
