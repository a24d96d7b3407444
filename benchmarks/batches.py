"""Cuts made-up T-SQL scripts into batches, reads them as a deploy does, and compares both with a plain scan of lines.

`python -m benchmarks.batches [--megabytes X] [--runs N] [shape ...]`. Times are the process's own, the least of several
runs: what is above it is the machine's other work.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.database.dialects import dialect
from ahjo_tasks.errors import SourceError
from ahjo_tasks.project.dependencies import ordered
from ahjo_tasks.project.sql_file import read
from ahjo_tasks.sql.splitters.mssql import SPLITTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ahjo_tasks.project.sql_file import SqlFile

PROCEDURE = """-- =============================================
-- Author: somebody, who else
-- Description: what it's about, procedure {0}
-- =============================================
CREATE OR ALTER PROCEDURE [dbo].[usp_orders_{0}]
    @customer_id INT, -- the customer's id
    @name NVARCHAR(100) = N'nobody'
AS
BEGIN
    SET NOCOUNT ON;
    /* The totals are computed
       by month; "closed" orders don't count */
    SELECT o.[order_id], o.amount - o.discount AS net, N'it''s ' + c.name AS name
    FROM dbo.orders AS o
    INNER JOIN dbo.customers AS c ON c.id = o.customer_id
    WHERE o.customer_id = @customer_id AND o.status <> 'closed'
    ORDER BY o.created DESC;
END
GO

"""
VIEW = """CREATE OR ALTER VIEW dbo.vw_{0} AS
SELECT c.client_id, c.name, c.email, r.region_name
FROM store.clients AS c
JOIN store.regions AS r ON r.region_id = c.region_id
WHERE c.active = 1
GO
"""
TABLE = """/****** Object:  Table [dbo].[T{0}]    Script Date: 1/2/2024 10:11:12 AM ******/
SET ANSI_NULLS ON
GO
CREATE TABLE [dbo].[T{0}](
\t[Id] [int] IDENTITY(1,1) NOT NULL,
\t[Name] [nvarchar](100) NULL,
 CONSTRAINT [PK_T{0}] PRIMARY KEY CLUSTERED ([Id] ASC)
) ON [PRIMARY]
GO
ALTER TABLE [dbo].[T{0}] ADD  DEFAULT (N'none') FOR [Name]
GO
"""
INSERT = "INSERT [dbo].[T] ([Id], [Name], [Day]) VALUES ({0}, N'Name of {0}', CAST(N'2024-01-01' AS Date))\n"
SHAPES = {
    "procedures": PROCEDURE,
    "procedures, CRLF": PROCEDURE.replace("\n", "\r\n"),
    "views": VIEW,
    "tables by SSMS": TABLE.replace("\n", "\r\n"),
    "inserts": INSERT,
    "inserts, GO behind each": INSERT + "GO\n",
    "short batches": "EXEC dbo.p @id = {0}\nPRINT 'done {0}'\nGO\n",
    "tiny batches": "SELECT 1\nGO\n",
    "rows of values": "({0}, N'first name', N'O''Brien', NULL, 12.5),\n",
    "GO in strings": "PRINT '\nGO\nit''s\nGO {0}\n'\n",
    "lines of comments": "-- it's a comment\n\n",
    "one line": "SELECT a, b FROM c; ",
    "quotes": "'' ",
    "nested comments": "/* a /* it's */ b */ x\n",
}
"""Scripts that a project may have, and below them some that it should not have."""


def script(shape: str, size: int) -> str:
    """At least `size` characters of a shape."""
    unit, parts, length = SHAPES[shape], [], 0
    for number in count():
        parts.append(unit.replace("{0}", str(number)))
        length += len(parts[-1])
        if length >= size:
            return "".join(parts)
    raise AssertionError


def scanned(text: str) -> int:
    """The floor: how many lines are GO, whatever hides them."""
    return sum(line.strip().upper() == "GO" for line in text.split("\n"))


def lex(path: Path) -> SqlFile:
    """Read and split a file, without the names in it."""
    file = read(path, "procedure", dialect("mssql"), label=path.name)
    assert file.warnings is not None
    return file


def whole(path: Path) -> None:
    """What a deploy does with a file before it connects."""
    ordered([lex(path)])


def speed(run: Callable[[], object], size: int, runs: int) -> float:
    """Megabytes a second."""
    seconds = []
    for _ in range(runs):
        started = time.process_time()
        try:
            run()
        except SourceError as error:
            raise SystemExit(str(error)) from None
        seconds.append(time.process_time() - started)
    return size / 1e6 / max(min(seconds), 1e-9)


def measure(shapes: list[str], size: int, runs: int) -> Iterator[str]:
    """A line for each shape: megabytes a second, and how many times as long as the scan it takes."""
    yield f"{'MB/s':<26}{'line scan':>12}{'split':>17}{'lexing':>17}{'with references':>17}"
    with tempfile.TemporaryDirectory() as folder:
        for shape in shapes:
            text, path = script(shape, size), Path(folder) / "script.sql"
            path.write_text(text, encoding="utf-8", newline="")
            floor = speed(lambda text=text: scanned(text), size, runs)  # type: ignore[misc]
            cut = speed(lambda text=text: SPLITTER.split(text), size, runs)  # type: ignore[misc]
            all_ = speed(lambda path=path: whole(path), size, runs)  # type: ignore[misc]
            lexed = speed(lambda path=path: lex(path), size, runs)  # type: ignore[misc]
            columns = "".join(f"{value:>10.1f} ({floor / value:>4.1f})" for value in (cut, lexed, all_))
            yield f"{shape:<26}{floor:>12.1f}{columns}"


def main() -> None:
    """Measure the shapes named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shapes", nargs="*", metavar="shape")
    parser.add_argument("--megabytes", type=float, default=4)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    if unknown := set(given.shapes) - set(SHAPES):
        parser.error(f"no such shape: {', '.join(sorted(unknown))}; there are {', '.join(SHAPES)}")
    for line in measure(given.shapes or list(SHAPES), int(given.megabytes * 1e6), given.runs):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
