"""Projects that are large in one way each: they are deployed once, in a process whose memory is measured."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from inside import Deployed, deployed
from projects import _clean_environment
from revisions import revision

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from targets import Target

MIB = 1024 * 1024
ROWS = 1_000_000
FILES = 20_000
DEEP = 3_000
SQL_MIB = 200
MOST_MIB = 150
"""What rows may take, however many there are."""


class Run(NamedTuple):
    """How a command ended, how long it took, and the most memory that it had."""

    code: int
    said: str
    seconds: float
    peak: float

    @property
    def wrong(self) -> list[str]:
        return [f"ends with {self.code}: {self.said[-2000:]}"] if self.code else []


def measured(live: Deployed, *arguments: str) -> Run:
    """Run a command in a process of its own."""
    said = live.directory / "said.txt"
    began = time.monotonic()
    with said.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "invoke", *arguments, "--config", "dev.json"],
            cwd=live.directory,
            env={**_clean_environment(), "AHJO_NON_INTERACTIVE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds, text = time.monotonic() - began, said.read_text(encoding="utf-8")
    return Run(process.returncode, text, seconds, usage.ru_maxrss / 1024)


def _count(live: Deployed, table: str) -> int:
    return int(live.rows(f"SELECT COUNT(*) FROM {table}")[0][0])


def _are_alike(one: Path, other: Path) -> bool:
    """Compare files line by line: a process that starts another one lends it what it holds itself."""
    with one.open(encoding="utf-8") as left, other.open(encoding="utf-8") as right:
        return all(line == found for line, found in zip_longest(left, right))


def large_file(live: Deployed) -> tuple[Run, list[str]]:
    """Run a SQL file of INSERTs; no more than three times its size is taken."""
    live.by_hand("CREATE TABLE item (id INTEGER, name VARCHAR(400))")
    path, rows, text = live.directory / "database/data/item.sql", 0, "x" * 350
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < SQL_MIB * MIB:
            values = ", ".join(f"({number}, '{text}')" for number in range(rows, rows + 500))
            file.write(f"INSERT INTO item VALUES {values};\n")
            rows += 500
    run = measured(live, "data")
    wrong = [f"{_count(live, 'item')} rows, not {rows}"] if not run.code and _count(live, "item") != rows else []
    return run, wrong + ([f"{run.peak:.0f} MiB"] if run.peak > 3 * SQL_MIB else [])


def many_files(live: Deployed) -> tuple[Run, list[str]]:
    """Deploy views that need nothing, and then see that there is nothing to do."""
    folder = live.directory / "database/views"
    folder.mkdir(parents=True)
    for number in range(FILES):
        (folder / f"v{number}.sql").write_text(f"CREATE VIEW v{number} AS SELECT {number} AS n;\n", encoding="utf-8")
    run = measured(live, "deploy")
    again = measured(live, "deploy")
    return run, [*again.wrong, *([] if "nothing to do" in again.said else [f"again: {again.said[-500:]}"])]


def deep_chain(live: Deployed) -> tuple[Run, list[str]]:
    """Deploy views of which each needs the one before it, in files whose names say nothing of that."""
    revision(live, "a1", None, 'op.create_table("item", sa.Column("id", sa.Integer))')
    folder = live.directory / "database/views"
    folder.mkdir(parents=True)
    for number in range(DEEP):
        source = f"v{number - 1}" if number else "item"
        text = f"CREATE VIEW v{number} AS SELECT id FROM {source};\n"
        (folder / f"{(number * 7919) % DEEP:04}.sql").write_text(text, encoding="utf-8")
    run = measured(live, "deploy")
    again = measured(live, "deploy")
    return run, [*again.wrong, *([] if "nothing to do" in again.said else [f"again: {again.said[-500:]}"])]


def many_rows(live: Deployed) -> tuple[Run, list[str]]:
    """Load a CSV file, and write what was loaded to another one, each within 150 MiB."""
    live.by_hand("CREATE TABLE item (id INTEGER, name VARCHAR(40), price NUMERIC(10, 2))")
    path, written = live.directory / "database/data/item.csv", live.directory / "out.csv"
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8") as file:
        file.write("id;name;price\n")
        file.writelines(f"{number};name {number};{number % 1000}.25\n" for number in range(ROWS))
    run = measured(live, "data")
    out = measured(live, "to-csv", "--query", "SELECT id, name, price FROM item ORDER BY id", "--output", str(written))
    wrong = [*out.wrong, *(f"{each.peak:.0f} MiB" for each in (run, out) if each.peak > MOST_MIB)]
    if not run.code and not out.code and not _are_alike(path, written):
        wrong.append("what was written is not what was loaded")
    both = Run(run.code, run.said, run.seconds + out.seconds, max(run.peak, out.peak))
    return both, wrong


LOADS: dict[str, Callable[[Deployed], tuple[Run, list[str]]]] = {
    f"a SQL file of {SQL_MIB} MiB": large_file,
    f"{FILES:,} files": many_files,
    f"a chain of {DEEP:,} views": deep_chain,
    f"{ROWS:,} rows of CSV, in and out": many_rows,
}


def carry(name: str, target: Target, folder: Path) -> tuple[Run, list[str]]:
    """Try one, and return what it cost and what is wrong."""
    live = deployed(target, folder / "project", stall_timeout=600)
    run, wrong = LOADS[name](live)
    return run, run.wrong + wrong
