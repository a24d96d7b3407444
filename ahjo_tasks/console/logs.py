"""Log sinks: ahjo.log, the log table, the Windows event log, and SQLAlchemy's own log."""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from importlib.util import find_spec
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Any
from weakref import finalize

from ahjo_tasks.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import TextIOWrapper
    from pathlib import Path

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.console.log_table import DatabaseLog, GitVersion
    from ahjo_tasks.database.database import Database


OWNER_ONLY = 0o600
"""Mode of new log files: they hold what servers and programs say."""
LOGGERS = ("sqlalchemy.engine", "sqlalchemy.pool", "sqlalchemy.dialects", "sqlalchemy.orm")
MAX_SQLALCHEMY_LOG_SIZE = 5_000_000
FORMAT = "[%(asctime)s] [%(name)s] %(levelname)s %(message)s"


class OwnersLog(RotatingFileHandler):
    """A rotating log that only the owner of its files may read."""

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY)
        return os.fdopen(handle, "a", encoding="utf-8")


class MaskingFormatter(logging.Formatter):
    """Writes records without the secrets of the run."""

    def __init__(self, mask: Callable[[str], str]) -> None:
        super().__init__(FORMAT)
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """Format the record with its traceback, masked."""
        return self._mask(super().format(record))


def start_sqlalchemy_log(path: Path, mask: Callable[[str], str] = str) -> logging.Handler:
    """Write SQLAlchemy's records to a rotating file with one backup. Returns the handler for `stop_sqlalchemy_log`.

    Values of parameters are written only where the engine was created with `hide_parameters=False`.
    """
    handler = OwnersLog(path, maxBytes=MAX_SQLALCHEMY_LOG_SIZE, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(MaskingFormatter(mask))
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
        """Report a line; empty lines, headings, rows of tables and debug lines are left out."""
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
        self,
        settings: Settings,
        database: Callable[[], Database],
        git_version: Callable[[], GitVersion],
        mask: Callable[[str], str],
    ) -> None:
        """Add the logs that the config asks for. Raises ConfigError for one that this system does not have."""
        self._file.as_json = settings.log_format == "json"
        if settings.windows_event_log:
            self._sinks.append(EventLog())
        if settings.enable_sqlalchemy_logging:
            start_sqlalchemy_log(self.directory / "sqlalchemy.log", mask)
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


MAX_LOG_SIZE = 1_000_000
"""Bytes; a larger log becomes `ahjo.log.1`, and replaces the one before."""


class FileLog:
    """A log file, as a function of level and line: `[2024-02-29 12:00:00] [ahjo] INFO line`.

    Nothing is buffered: a text is one write to the operating system, so that not even a kill loses a line. `failure`
    is the reason why the file cannot be written, empty when it can.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.as_json = False
        self.failure = ""
        self._file = -1
        self._close: Callable[[], object] = lambda: None
        self._second = 0
        self._stamp = ""

    def __call__(self, level: str, line: str) -> None:
        """Write each line of the text with its own time and level."""
        shown = "INFO" if level == "layout" else level.upper()
        text = "".join(f"{self._record(shown, part)}\n" for part in line.splitlines())
        try:
            self._write(text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            self.failure = error.strerror or str(error)

    def _record(self, level: str, line: str) -> str:
        if self.as_json:
            import json  # which a git hook needs not

            known = {"time": self._now(), "logger": "ahjo", "level": level, "message": line}
            return json.dumps(known, ensure_ascii=False)
        return f"[{self._now()}] [ahjo] {level} {line}"

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        self._close()
        self._file = -1

    def _write(self, data: bytes) -> None:
        if self._file < 0:
            self._open()
        size = os.fstat(self._file).st_size  # other processes write there, too
        if size and size + len(data) > MAX_LOG_SIZE:
            self._rotate()
        os.write(self._file, data)

    def _open(self) -> None:
        binary = getattr(os, "O_BINARY", 0)  # on Windows
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | binary, OWNER_ONLY)
        self._close = finalize(self, os.close, self._file)

    def _rotate(self) -> None:
        """Replace the file by a new one, unless another process has done so meanwhile."""
        with suppress(OSError):  # fails on Windows while another process has the file open: then it grows
            _lock(self._file)
            full = os.path.samestat(os.fstat(self._file), self.path.stat())
            if os.name == "nt":
                self.close()
            if full:
                self.path.replace(f"{self.path}.1")
        self.close()
        self._open()

    def _now(self) -> str:
        second = int(time.time())
        if second != self._second:
            self._second, self._stamp = second, time.strftime("%Y-%m-%d %H:%M:%S")
        return self._stamp


def _lock(file: int) -> None:
    """Take an exclusive lock, until the file is closed; on Windows nothing has to be locked."""
    if os.name != "nt":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
