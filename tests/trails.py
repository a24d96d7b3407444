"""Runs that leave a trail of rows, and files that keep them busy while others look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inside import until

if TYPE_CHECKING:
    from inside import Deployed

SLOW = {
    "sqlite": "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT {0}000000) SELECT max(x) FROM n;",
    "postgresql": "SELECT pg_sleep({0});",
    "mysql": "SELECT SLEEP({0});",
    "mssql": "DECLARE @end datetime2 = DATEADD(second, {0}, SYSDATETIME()), @n int;\n"
    "WHILE SYSDATETIME() < @end SET @n = (SELECT COUNT(*) FROM sys.all_columns a CROSS JOIN sys.schemas b);",
}


def trail(live: Deployed, *names: str) -> None:
    """Data files that each leave the number of their run."""
    live.target.query("CREATE TABLE trail (place INTEGER, run INTEGER)", live.database)
    for name in names:
        live.write(f"database/data/{name}.sql", "INSERT INTO trail SELECT COUNT(*) + 1, $(run) FROM trail;\n")


def slow(live: Deployed, name: str, seconds: int) -> None:
    live.write(f"database/data/{name}.sql", SLOW[live.target.name].format(seconds) + "\n")


def runs(live: Deployed) -> list[int]:
    return [row[0] for row in live.rows("SELECT run FROM trail ORDER BY place")]


def in_its_slow_file(live: Deployed) -> None:
    until(lambda: runs(live) == [1])
