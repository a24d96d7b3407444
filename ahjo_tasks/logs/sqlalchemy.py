"""What SQLAlchemy does, in a file of its own: `sqlalchemy.log`."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LOGGERS = ("sqlalchemy.engine", "sqlalchemy.pool", "sqlalchemy.dialects", "sqlalchemy.orm")
SIZE = 5_000_000
FORMAT = "[%(asctime)s] [%(name)s] %(levelname)s %(message)s"


def start(path: Path) -> logging.Handler:
    """Send SQLAlchemy's records there, one backup kept. Returns the handler for `stop`.

    Values of parameters are in it only where the engine was made with `hide_parameters=False`.
    """
    handler = RotatingFileHandler(path, maxBytes=SIZE, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter(FORMAT))
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return handler


def stop(handler: logging.Handler) -> None:
    """End what `start` began."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
        logger.propagate = True
    handler.close()
