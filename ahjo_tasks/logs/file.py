"""`ahjo.log` in the project's folder: all that the user reads, with time and level."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = "[%(asctime)s] [%(name)s] %(levelname)s %(message)s"
SIZE = 1_000_000


class FileLog:
    """A function of level and line.

    A log that cannot be written is left out; what it would say is not lost, for the user reads it on the console.
    """

    def __init__(self, path: Path) -> None:
        self.handler: logging.Handler = RotatingFileHandler(
            path, maxBytes=SIZE, backupCount=1, encoding="utf-8", delay=True
        )
        self.handler.setFormatter(logging.Formatter(FORMAT, "%Y-%m-%d %H:%M:%S"))

    def __call__(self, level: str, line: str) -> None:
        """Write each line of the text as a record of its own."""
        for part in line.splitlines():
            record = logging.LogRecord("ahjo", getattr(logging, level.upper()), "", 0, part, None, None)
            self.handler.handle(record)
