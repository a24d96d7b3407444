"""All the places that keep what the user reads."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Any

from ahjo_tasks.console.log_file import FileLog
from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.console.log_table import DatabaseLog, GitVersion
    from ahjo_tasks.database.database import Database

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


SOURCE = "ahjo"
EVENT = 9876
"""The predecessor's event id, which monitoring rules know."""


class EventLog:
    """A function of level and line. Raises ConfigError where there is no such log."""

    def __init__(self) -> None:
        if find_spec("win32evtlogutil") is None:
            raise ConfigError(
                "windows_event_log: there is no event log here.",
                hint="On Windows: pip install 'ahjo-tasks[windows]'. Elsewhere: set windows_event_log to false.",
            )
        import win32evtlog
        import win32evtlogutil

        self._report: Any = win32evtlogutil.ReportEvent
        self._types = {
            "info": win32evtlog.EVENTLOG_INFORMATION_TYPE,
            "warning": win32evtlog.EVENTLOG_WARNING_TYPE,
            "error": win32evtlog.EVENTLOG_ERROR_TYPE,
        }

    def __call__(self, level: str, line: str) -> None:
        """Report a line; empty lines and rules are left out, and debug lines too."""
        if level in self._types and line.strip(" -─"):
            self._report(SOURCE, EVENT, eventType=self._types[level], strings=[line])


class LogSinks:
    """A function of level and line. `ahjo.log` has everything; the config may add a table and other logs.

    `complain` says what a log could not take.
    """

    def __init__(self, directory: Path, complain: Callable[[str], None]) -> None:
        self.directory = directory
        self._complain = complain
        self._file = FileLog(directory / "ahjo.log")
        self._complained = False
        self._sinks: list[Callable[[str, str], None]] = [self._file]
        self._database: DatabaseLog | None = None

    def __call__(self, level: str, line: str) -> None:
        """Hand the line to every log."""
        for sink in self._sinks:
            sink(level, line)
        if self._file.failure and not self._complained:
            self._complained = True
            self._complain(
                f"{self._file.path} cannot be written, what is shown is not kept there: {self._file.failure}"
            )

    def configure(
        self, settings: Settings, database: Callable[[], Database], git_version: Callable[[], GitVersion]
    ) -> None:
        """Add the logs that the config asks for. Raises ConfigError for one that this system does not have."""
        self._file.as_json = settings.log_format == "json"
        if settings.windows_event_log:
            self._sinks.append(EventLog())
        if settings.enable_sqlalchemy_logging:
            start(self.directory / "sqlalchemy.log")
        if settings.enable_database_logging:
            from ahjo_tasks.console.log_table import DatabaseLog

            self._database = DatabaseLog(settings, database, git_version, self._miss)
            self._sinks.append(self._database)

    def flush(self) -> None:
        """Write what the table has not got yet."""
        if self._database is not None:
            self._database.flush()

    def _miss(self, count: int, reason: str) -> None:
        """Say of how many records the table could not take, and whether they are elsewhere."""
        place = "neither in ahjo.log nor" if self._file.failure else "in ahjo.log but not"
        self._complain(f"{count} log records are {place} in the table {reason}")
