"""Cuts made-up T-SQL scripts into batches, reads them as a deploy does, and compares both with a plain scan of lines.

`python -m benchmarks.batches [--megabytes X] [--runs N] [shape ...]`. As a script, `python batches.py WAY FILE` prints
the processor seconds of one way, without the start of Python: each way runs in a Python that has what it needs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchmarks.environment import Tools
    from benchmarks.measure import Row

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


LIKELY = ("procedures", "tables by SSMS", "inserts", "short batches")
"""Shapes that most projects have."""


def scan(path: Path) -> None:
    """Count the lines that are GO, whatever hides them: the floor."""
    text = path.read_text(encoding="utf-8")
    sum(line.strip().upper() == "GO" for line in text.split("\n"))


def split(path: Path) -> None:
    """Cut into batches."""
    from ahjo_tasks.sql.splitters.mssql import SPLITTER

    SPLITTER.split(path.read_text(encoding="utf-8"))


def whole(path: Path) -> None:
    """Do what a deploy does with a file before it connects."""
    from ahjo_tasks.database.dialects import dialect
    from ahjo_tasks.project.dependencies import ordered
    from ahjo_tasks.project.sql_file import read

    ordered([read(path, "procedure", dialect("mssql"), label=path.name)])


def by_sqlparse(path: Path) -> None:
    """Cut into statements."""
    import sqlparse  # type: ignore[import-not-found]

    sqlparse.split(path.read_text(encoding="utf-8"))


def by_predecessor(path: Path) -> None:
    """Cut into batches."""
    from ahjo.database_utilities import sqla_utilities  # type: ignore[import-not-found]

    patterns = sqla_utilities.get_dialect_patterns("mssql")
    sqla_utilities._split_to_batches(patterns, path.read_text(encoding="utf-8"))  # noqa: SLF001 - nothing else splits


WAYS: dict[str, Callable[[Path], None]] = {
    "line scan": scan,
    "ahjo, split": split,
    "ahjo, whole read": whole,
    "sqlparse, split": by_sqlparse,
    "the predecessor, split": by_predecessor,
}
PARTS = {"sqlparse, split": 0.1, "the predecessor, split": 0.02}
"""Who is slow gets a part of the script."""


def script(shape: str, size: int) -> str:
    """At least `size` characters of a shape."""
    unit, parts, length = SHAPES[shape], [], 0
    for number in count():
        parts.append(unit.replace("{0}", str(number)))
        length += len(parts[-1])
        if length >= size:
            return "".join(parts)
    raise AssertionError


def pythons(tools: Tools) -> dict[str, str]:
    """Return the Python of every way that is here."""
    from benchmarks.environment import MissingError

    found = dict.fromkeys(list(WAYS)[:3], tools.python)
    for name, find in zip(list(WAYS)[3:], (tools.python_peer, tools.predecessor), strict=True):
        try:
            found[name] = find("python")
        except MissingError:
            continue
    return found


def rows(found: Mapping[str, str], shapes: Sequence[str], megabytes: float, runs: int) -> Iterator[Row]:
    """Yield what each way takes for a megabyte of each shape, and how many megabytes a second that are."""
    from benchmarks.measure import Row

    with tempfile.TemporaryDirectory(prefix="ahjo-bench-") as folder:
        for shape in shapes:
            seconds: dict[str, list[float]] = {way: [] for way in found}
            paths = {way: Path(folder, f"{number}.sql") for number, way in enumerate(found)}
            for way, path in paths.items():
                text = script(shape, int(megabytes * 1e6 * PARTS.get(way, 1)))
                path.write_text(text, encoding="utf-8", newline="")
            for _, (way, path) in ((turn, each) for turn in range(runs) for each in paths.items()):
                seconds[way].append(_seconds(found[way], way, path) / path.stat().st_size * 1e6)
            floor = seconds[next(iter(found))]
            for way, own in seconds.items():
                ratio = statistics.median(each / other for other, each in zip(floor, own, strict=True))
                typical = statistics.median(own)
                note = f"{1 / typical:.2f} MB/s" if typical > 1 else f"{1 / typical:.0f} MB/s"
                yield Row(f"1 MB of T-SQL, {shape}", "", way, runs, ratio, ratio, typical, typical, 0, note)


def _seconds(python: str, way: str, path: Path) -> float:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    command = [python, __file__, "--way", way, str(path)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{way}: {done.stderr[-2000:]}")
    return float(done.stdout)


def main() -> None:
    """Measure the shapes named, or all; or one way with one file."""
    parser = argparse.ArgumentParser(description="Compare what cuts T-SQL.")
    parser.add_argument("shapes", nargs="*", metavar="shape")
    parser.add_argument("--megabytes", type=float, default=4)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--way", choices=WAYS, help="one way, on the file named")
    given = parser.parse_args()
    if given.way:
        with tempfile.NamedTemporaryFile(suffix=".sql") as empty:
            WAYS[given.way](Path(empty.name))  # imports are no part of it
        started = time.process_time()
        WAYS[given.way](Path(given.shapes[0]))
        print(time.process_time() - started)
        return
    if unknown := set(given.shapes) - set(SHAPES):
        parser.error(f"no such shape: {', '.join(sorted(unknown))}; there are {', '.join(SHAPES)}")
    from benchmarks import report
    from benchmarks.environment import Tools

    found = pythons(Tools(Path(__file__).resolve().parent.parent))
    for line in report.table(list(rows(found, given.shapes or list(SHAPES), given.megabytes, given.runs))):
        print(line, flush=True)


if __name__ == "__main__":
    main()
