"""Skip what needs a driver for SQL Server that does not load here."""

from __future__ import annotations

import pytest

from ahjo_tasks.database.dialects.mssql import driver_choice


def require_driver(name: str) -> None:
    """Skip the test unless the driver loads: `pyodbc`, `mssqlpython` or `pymssql`, `mssql+` before it or not."""
    driver = next(driver for driver in driver_choice.DRIVERS if driver.name == name.removeprefix("mssql+"))
    state = driver_choice.state(driver)
    if not state.loads:
        pytest.skip(f"the ODBC driver manager is not installed: {driver.distribution}: {state.problem}")
