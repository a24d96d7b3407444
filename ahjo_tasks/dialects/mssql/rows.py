"""Results of SQL Server whose rows nobody wants: what each driver needs to tell of an error among them."""

from __future__ import annotations

from typing import Any

from ahjo_tasks.dialects.mssql.odbc import driver_file, is_freetds

MANY = 10_000
ALL = 2**31 - 1


def pass_over(cursor: Any) -> None:
    """Go to the end of the rows. Raises the driver's error when the server stumbled over one of them.

    Microsoft's driver forgets such an error where the next result is asked for before that. FreeTDS and pymssql do
    not, and FreeTDS forgets the messages behind rows that are read to their end.
    """
    driver = type(cursor).__module__.partition(".")[0]
    if driver == "mssql_python":
        while cursor.fetchmany(MANY):
            pass
        cursor.rowcount = -1  # else the rows would be counted as changed by what comes next
    elif driver == "pyodbc" and not is_freetds(driver_file(cursor.connection)):
        cursor.skip(ALL)  # fetches no values, so that no type is one too many
