"""What was skipped and why: a summary at the end, and no surprises in CI.

With AHJO_STRICT_SKIPS=1 a skip that is not in the table makes the session fail.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPECTED: dict[str, str] = {
    "needs ../shared": "the sample projects lie beside a checkout, not in it",
    "AHJO_TEST_MSSQL_URL is not set": "no SQL Server comes from a package registry",
    "AHJO_TEST_PACKAGE is not set": "building takes more than a minute; `make package-test` and a job of CI do it",
    "this server cannot refresh modules": "a server that merely speaks SQL Server's protocol may lack the procedure",
    "this server lacks a statement": "a server that merely speaks SQL Server's protocol may, as CREATE OR ALTER",
    "this server lacks a feature": "likewise, as indexes whose names it keeps",
    "this server lists no ": "a server that merely speaks SQL Server's protocol may have an empty view",
    "this server keeps no dates": "a server that merely speaks SQL Server's protocol may not say when one changed",
    "this server cannot wait": "a server that merely speaks SQL Server's protocol may lack WAITFOR",
    "no client for mssql": "sqlcmd comes with no driver; the other servers bring their clients",
    "only with pyodbc": "a live suite may run with any of three drivers",
    "only on Windows": "the Windows event log is nowhere else",
    "Chromium is not installed": "a page is opened where there is a browser; what is in it is tested everywhere",
    "openssl is not installed": "certificates are made by its program",
    "pgbouncer is not installed": "a pooler stands between a run and PostgreSQL only where one is",
    "pg_dump is ": "it comes with PostgreSQL itself; a server may be elsewhere, and newer",
    "zsh is not installed": "completion is tested in the shells that there are; bash is everywhere",
    "fish is not installed": "likewise",
    "a file is one batch": "SQL Server gets the statements of a file together, up to GO",
    "a statement of MariaDB alone": "MySQL has no CREATE OR REPLACE TRIGGER",
    "only on POSIX": "file modes and signals are not the same on Windows",
}
"""How an expected reason begins, and why it is expected. Other skips are a promise that nobody checked."""

if sys.platform != "linux":
    EXPECTED |= {
        "the ODBC driver manager is not installed": "`make servers` knows Debian only",
        "PostgreSQL is not installed": "`make servers` knows Debian only",
        "MariaDB is not installed": "`make servers` knows Debian only",
        "only on Linux": "a process that uses threads or frameworks of macOS cannot be forked safely",
    }


class SkipReport:
    """A pytest plugin: count skips by reason, and fail the session on an unexpected one when `strict`."""

    def __init__(self, *, strict: bool, expected: Mapping[str, str] = EXPECTED) -> None:
        self.strict = strict
        self.expected = expected
        self.reasons: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._count(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._count(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        passed = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if self.strict and self.unexpected and passed:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.reasons:
            return
        terminalreporter.section("skipped, by reason")
        for reason, count in sorted(self.reasons.items()):
            why = self._why(reason)
            mark = {} if why else {"red": self.strict, "yellow": not self.strict}
            terminalreporter.write_line(f"{count:5}  {reason}  ({why or 'UNEXPECTED'})", **mark)
        if self.strict and self.unexpected:
            terminalreporter.write_line(
                f"FAILED: unexpected skips: {'; '.join(self.unexpected)} (tests/skips.py has the table)", red=True
            )

    @property
    def unexpected(self) -> list[str]:
        return sorted(reason for reason in self.reasons if self._why(reason) is None)

    def _count(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if not report.skipped or hasattr(report, "wasxfail"):
            return
        # A skip's longrepr is its place and its reason: (path, line, "Skipped: reason").
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        self.reasons[text.removeprefix("Skipped: ")] += 1

    def _why(self, reason: str) -> str | None:
        return next((why for start, why in self.expected.items() if reason.startswith(start)), None)
