"""All the places that keep what the user reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.logs.file import FileLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.logs.database import DatabaseLog
    from ahjo_tasks.session import Session


class Logs:
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

    def attend(self, settings: Settings, session: Callable[[], Session]) -> None:
        """Add the logs that the config asks for. Raises ConfigError for one that this system does not have."""
        self._file.as_json = settings.log_format == "json"
        if settings.windows_event_log:
            from ahjo_tasks.logs.windows import EventLog

            self._sinks.append(EventLog())
        if settings.enable_sqlalchemy_logging:
            from ahjo_tasks.logs.sqlalchemy import start

            start(self.directory / "sqlalchemy.log")
        if settings.enable_database_logging:
            from ahjo_tasks.logs.database import DatabaseLog

            self._database = DatabaseLog(settings, self.directory, session, self._miss)
            self._sinks.append(self._database)

    def flush(self) -> None:
        """Write what the table has not got yet."""
        if self._database is not None:
            self._database.flush()

    def _miss(self, count: int, reason: str) -> None:
        """Say of how many records the table could not take, and whether they are elsewhere."""
        place = "neither in ahjo.log nor" if self._file.failure else "in ahjo.log but not"
        self._complain(f"{count} log records are {place} in the table {reason}")
