"""Log sinks: ahjo.log, the log table, the Windows event log, and SQLAlchemy's own log."""

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


def start_sqlalchemy_log(path: Path) -> logging.Handler:
    """Write SQLAlchemy's records to a rotating file with one backup. Returns the handler for `stop_sqlalchemy_log`.

    Values of parameters are written only where the engine was made with `hide_parameters=False`.
    """
    handler = RotatingFileHandler(path, maxBytes=SIZE, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter(FORMAT))
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return handler


def stop_sqlalchemy_log(handler: logging.Handler) -> None:
    """Close the handler and reset SQLAlchemy's loggers."""
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
    """The Windows event log, as a function of level and line. Raises ConfigError where there is none."""

    def __init__(self) -> None:
        if find_spec("win32evtlogutil") is None:
            raise ConfigError(
                "windows_event_log: this system has no event log.",
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
        """Report a line; empty lines, rules and debug lines are left out."""
        if level in self._types and line.strip(" -─"):
            self._report(SOURCE, EVENT, eventType=self._types[level], strings=[line])


class LogSinks:
    """All logs, as one function of level and line: `ahjo.log`, and those that the config adds.

    `on_problem` gets a sentence when a log cannot be written.
    """

    def __init__(self, directory: Path, on_problem: Callable[[str], None]) -> None:
        self.directory = directory
        self._on_problem = on_problem
        self._file = FileLog(directory / "ahjo.log")
        self._reported = False
        self._sinks: list[Callable[[str, str], None]] = [self._file]
        self._database: DatabaseLog | None = None

    def __call__(self, level: str, line: str) -> None:
        """Write the line to every log."""
        for sink in self._sinks:
            sink(level, line)
        if self._file.failure and not self._reported:
            self._reported = True
            self._on_problem(f"{self._file.path} cannot be written, output is not logged there: {self._file.failure}")

    def configure(
        self, settings: Settings, database: Callable[[], Database], git_version: Callable[[], GitVersion]
    ) -> None:
        """Add the logs that the config asks for. Raises ConfigError for one that this system does not have."""
        self._file.as_json = settings.log_format == "json"
        if settings.windows_event_log:
            self._sinks.append(EventLog())
        if settings.enable_sqlalchemy_logging:
            start_sqlalchemy_log(self.directory / "sqlalchemy.log")
        if settings.enable_database_logging:
            from ahjo_tasks.console.log_table import DatabaseLog

            self._database = DatabaseLog(settings, database, git_version, self._report_missed)
            self._sinks.append(self._database)

    def flush(self) -> None:
        """Write the records that the log table has not got yet."""
        if self._database is not None:
            self._database.flush()

    def _report_missed(self, count: int, reason: str) -> None:
        """Report records that the table did not take, and whether ahjo.log has them."""
        where = "neither in ahjo.log nor" if self._file.failure else "in ahjo.log but not"
        self._on_problem(f"{count} log records are {where} in the table {reason}")
