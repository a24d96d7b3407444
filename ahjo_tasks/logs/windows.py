"""The event log of Windows."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from ahjo_tasks.errors import ConfigError

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
