"""Scans made-up database projects with ahjo-scan and with ripgrep, by the same rules, and compares what it takes.

`python -m benchmarks.scan [--runs N] [--scale X] [FOLDER ...]`; needs git and rg. The projects are one of 5,000 files
and one of a few huge ones; a copy of each folder is measured too, every rule on all of it. All is read from the cache.
Two cannot keep to four times ripgrep: a rule that takes it less than a quarter of Python's own start, and Alembic's,
which is read by Python's parser.
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
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

REPOSITORY = Path(__file__).resolve().parent.parent
TYPES = "PROCEDURE|FUNCTION|VIEW|TRIGGER|TABLE|TYPE|ASSEMBLY"
OPERATIONS = (
    "add_column|alter_column|create_primary_key|create_table|create_unique_constraint|drop_column|drop_constraint|"
    "drop_table|rename_table"
)


class Rule(NamedTuple):
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


def build(root: Path, files: Iterable[tuple[str, str]]) -> None:
    """Write a project, and commit it."""
    for path, text in files:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    commit(root)


def commit(root: Path) -> None:
    """Make the folder a repository with all of it in a commit."""
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        ["-c", "user.name=b", "-c", "user.email=b@c", "commit", "-qm", "b"],
    ):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)


def many(scale: float) -> Iterator[tuple[str, str]]:
    """Views, seed data as SQL and CSV, migrations, notes. The same for every run."""
    chance = random.Random(7)
    for number in range(int(4600 * scale)):
        yield f"database/views/dbo.view_{number}.sql", _view(chance, number)
    for number in range(int(200 * scale)):
        yield f"database/data/dbo.table_{number}.sql", _data(chance, number)
    for number in range(int(20 * scale)):
        yield f"database/data/table_{number}.csv", _csv(chance)
    for number in range(int(150 * scale)):
        yield f"alembic/versions/{number:012x}_step.py", _migration(number)
    yield "docs/persons.md", "Ask a.person@example.org about 010594Y9032.\n"


def huge(scale: float) -> Iterator[tuple[str, str]]:
    """A dump of views, one of rows as SQL and one as CSV, tens of megabytes each, and one migration of all tables."""
    chance = random.Random(8)
    parts = range(int(400 * scale) or 1)
    yield "database/views/all.sql", "".join(_view(chance, number) for number in range(len(parts) * 20))
    yield "database/data/all.sql", "".join(_data(chance, number) for number in parts)
    yield "database/data/all.csv", "".join(_csv(chance) for _ in range(len(parts) // 10))
    yield "alembic/versions/1_all.py", "".join(_migration(number) for number in parts)


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


def measure(root: Path, rules: Sequence[Rule], runs: int) -> Iterator[str]:
    """A line for each rule, and one for all together: wall time, the processors' in brackets, and the ratio of both."""
    yield f"{'rules':<28}{'rg':>18}{'ahjo-scan':>18}{'ratio':>12}"
    for name, some in [*((rule.name, [rule]) for rule in rules), ("all", rules)]:
        floor = cost(partial(rg, root, some), runs)
        own = cost(partial(ahjo, root, some), runs)
        told = [f"{wall * 1000:.0f} ({used * 1000:.0f}) ms" for wall, used in (floor, own)]
        yield f"{name:<28}{told[0]:>18}{told[1]:>18}{own[0] / floor[0]:>6.1f} ({own[1] / floor[1]:.1f})"


def main() -> None:
    """Build each tree, measure, and print."""
    parser = argparse.ArgumentParser(description="Compare ahjo-scan with ripgrep.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("folders", nargs="*", type=Path, help="further trees")
    given = parser.parse_args()
    if not shutil.which("rg"):
        raise SystemExit("ripgrep is not installed.")
    made = {maker.__name__: partial(build, files=maker(given.scale)) for maker in (many, huge)}
    copied = {str(folder): partial(copy, folder) for folder in given.folders}
    everywhere = [rule._replace(path=".") for rule in RULES]
    for name, fill in {**made, **copied}.items():
        with tempfile.TemporaryDirectory(prefix="ahjo-scan-") as place:
            fill(Path(place))
            for line in report(name, Path(place), everywhere if name in copied else RULES, given.runs):
                print(line, flush=True)


def copy(folder: Path, root: Path) -> None:
    """Copy a folder, and commit it."""
    shutil.copytree(folder, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
    commit(root)


def report(name: str, root: Path, rules: Sequence[Rule], runs: int) -> Iterator[str]:
    """The size of a tree, and what its scans take."""
    sizes = [file.stat().st_size for file in root.rglob("*") if file.is_file() and ".git" not in file.parts]
    yield f"{name}: {len(sizes)} files, {sum(sizes) / 1e6:.1f} MB"
    yield from measure(root, rules, runs)
    yield ""


if __name__ == "__main__":
    main()
