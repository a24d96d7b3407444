"""Scans a made-up database project with ahjo-scan and with ripgrep, by the same rules, and compares the wall time.

`python -m benchmarks.scan [--runs N] [--scale X]`; needs git and rg. Both read the tree from the file cache.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

REPOSITORY = Path(__file__).resolve().parent.parent
TYPES = "PROCEDURE|FUNCTION|VIEW|TRIGGER|TABLE|TYPE|ASSEMBLY"
OPERATIONS = (
    "add_column|alter_column|create_primary_key|create_table|create_unique_constraint|drop_column|drop_constraint|"
    "drop_table|rename_table"
)


@dataclass(frozen=True)
class Rule:
    """One rule in both tongues: an entry of the rules file, and the options of rg."""

    name: str
    path: str
    pattern: str
    options: tuple[str, ...] = ()


RULES = (
    Rule("hetu", ".", r"\b[0-3][0-9][01][0-9]{3}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]\b"),
    Rule("email", ".", r"\b[\w.+-]+@[\w-]+(\.[\w-]+)*\.[^\W\d_]{2,}\b"),
    Rule(
        "sql_object_modification",
        "database/data/",
        rf"(?i)\b(create(\s+or\s+(alter|replace))?|alter|drop)\s+({TYPES})\s+(if\s+(not\s+)?exists\s+)?[\w\[`]",
        ("--multiline",),
    ),
    Rule(
        "sql_insert", "database/views/", r"(?i)\binsert(\s+into)?\s+[\w\[\]`.]+\s*(\(|values|select)", ("--multiline",)
    ),
    Rule("alembic_table_modification", "alembic/versions/", rf"\.({OPERATIONS})\(", ()),
)
"""What a project is likely to look for; ripgrep is spared strings, comments and control characters."""


def build(root: Path, scale: float) -> None:
    """Write the project: views, seed data as SQL and CSV, migrations, notes. The same for every run."""
    chance = random.Random(7)
    for path, text in _files(chance, scale):
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    entries = [f"- name: {rule.name}\n  filepath: {rule.path}\n" for rule in RULES]
    (root / "ahjo_scan_rules.yaml").write_text("".join(entries), encoding="utf-8")
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=b", "-c", "user.email=b@c", "commit", "-qm", "b"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)


def _files(chance: random.Random, scale: float) -> Iterator[tuple[str, str]]:
    for number in range(int(3000 * scale)):
        yield f"database/views/dbo.view_{number}.sql", _view(chance, number)
    for number in range(int(200 * scale)):
        yield f"database/data/dbo.table_{number}.sql", _data(chance, number)
    for number in range(int(20 * scale)):
        yield f"database/data/table_{number}.csv", _csv(chance)
    for number in range(int(150 * scale)):
        yield f"alembic/versions/{number:012x}_step.py", _migration(number)
    yield "docs/persons.md", "Ask a.person@example.org about 010594Y9032.\n"


def _view(chance: random.Random, number: int) -> str:
    column = "    CASE WHEN t{0}.[kind] = 'K{0}' THEN t{0}.amount * @rate ELSE 0 END AS [amount {0}],\n"
    columns = "".join(column.format(place) for place in range(chance.randrange(20, 60)))
    return (
        f"-- Sales of kind {number}; see the wiki for what's counted\nCREATE OR ALTER VIEW dbo.view_{number} AS\n"
        f"SELECT\n{columns}FROM dbo.table_{number} AS t -- the newest rows only\n"
        "WHERE t.valid_from <= '2024-01-01'\nGO\n"
    )


def _data(chance: random.Random, number: int) -> str:
    row = "INSERT INTO dbo.table_{} (id, name, valid_from, guid) VALUES ({}, N'Name {}', '2024-0{}-11', '{:032x}');"
    return "".join(row.format(number, i, i, i % 9 + 1, chance.getrandbits(128)) + "\n" for i in range(400))


def _csv(chance: random.Random) -> str:
    row = "{},Name of row {},2024-01-{:02},{:.4f},{:040X}"
    return "".join(row.format(i, i, i % 28 + 1, chance.random(), chance.getrandbits(160)) + "\n" for i in range(12000))


def _migration(number: int) -> str:
    columns = "\n".join(f'        sa.Column("column_{i}", sa.Integer(), nullable=False),' for i in range(15))
    return (
        f'"""Step {number}."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = "{number:012x}"\n\n\n'
        f'def upgrade():\n    op.create_table(\n        "table_{number}",\n{columns}\n        schema="dbo",\n    )\n\n'
        f'\ndef downgrade():\n    op.drop_table("table_{number}", schema="dbo")\n'
    )


def ahjo(root: Path, rules: Sequence[Rule]) -> None:
    """One run of ahjo-scan, start of Python included."""
    file = root / "ahjo_scan_rules.yaml"
    file.write_text("".join(f"- name: {rule.name}\n  filepath: {rule.path}\n" for rule in rules), encoding="utf-8")
    program = "from ahjo_tasks.cli import scan; scan()"
    command = [sys.executable, "-c", program, "--quiet"]
    done = subprocess.run(command, cwd=root, env=_environment(), capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"ahjo-scan: {done.returncode}: {done.stderr.decode()}")


def rg(root: Path, rules: Sequence[Rule]) -> None:
    """One run of ripgrep for each rule, with line and column as ahjo-scan gives them."""
    for rule in rules:
        command = ["rg", "--line-number", "--column", "--only-matching", *rule.options, rule.pattern, rule.path]
        done = subprocess.run(command, cwd=root, capture_output=True, check=False)
        if done.returncode not in (0, 1):
            raise SystemExit(f"rg: {done.returncode}: {done.stderr.decode()}")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def cost(run: Callable[[], None], runs: int) -> tuple[float, float]:
    """Seconds of time and of processors, the least of several runs: what is above it is the machine's other work."""
    walls, processors = [], []
    for _ in range(runs + 1):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        run()
        walls.append(time.perf_counter() - started)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processors.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(walls), min(processors)


def measure(root: Path, runs: int) -> Iterator[str]:
    """A line for each rule, and one for all together: wall time, the processors' in brackets, and the ratio of both."""
    yield f"{'rules':<28}{'rg':>18}{'ahjo-scan':>18}{'ratio':>12}"
    for name, rules in [*((rule.name, (rule,)) for rule in RULES), ("all", RULES)]:
        floor = cost(partial(rg, root, rules), runs)
        own = cost(partial(ahjo, root, rules), runs)
        told = [f"{wall * 1000:.0f} ({used * 1000:.0f}) ms" for wall, used in (floor, own)]
        yield f"{name:<28}{told[0]:>18}{told[1]:>18}{own[0] / floor[0]:>6.1f} ({own[1] / floor[1]:.1f})"


def main() -> None:
    """Build the tree, measure, and print."""
    parser = argparse.ArgumentParser(description="Compare ahjo-scan with ripgrep.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--keep", help="build the tree here, and leave it there")
    given = parser.parse_args()
    if not shutil.which("rg"):
        raise SystemExit("ripgrep is not installed.")
    root = Path(given.keep or tempfile.mkdtemp(prefix="ahjo-scan-"))
    try:
        build(root, given.scale)
        size = sum(file.stat().st_size for file in root.rglob("*") if file.is_file() and ".git" not in file.parts)
        print(f"{sum(1 for _ in root.rglob('*.*'))} files, {size / 1e6:.0f} MB")
        for line in measure(root, given.runs):
            print(line, flush=True)
    finally:
        if not given.keep:
            shutil.rmtree(root)


if __name__ == "__main__":
    main()
