"""Scans made-up database projects with ahjo-scan, ripgrep, grep and the predecessor, by the same rules.

One project has thousands of files, the other a few huge ones. All is read from the cache. Two take more of ripgrep's
time than the rules together: one that costs it less than a quarter of Python's own start, and Alembic's, which is read
by Python's parser; the latter has a row of its own.
"""

from __future__ import annotations

import random
import shlex
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.environment import MissingError, Tools
from benchmarks.measure import OUR_ENVIRON, OURS, Contestant, Row, compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

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


TREES = {"many files": (many, 200), "few files": (huge, 140)}
"""Projects, and the megabytes of each one's scale 1."""


def rows(tools: Tools, folder: Path, megabytes: float, runs: int) -> Iterator[Row]:
    """Yield what the scans take: three rules, and Alembic's."""
    for name, (maker, whole) in TREES.items():
        root = folder / name
        build(root, maker(megabytes / whole))
        size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
        for title, rules in (("3 rules", RULES[:3]), ("Alembic's rule", RULES[4:])):
            work = f"scan of {size / 1e6:.3g} MB in {name}, {title}"
            yield from compare(work, "", list(contestants(tools, root, rules)), runs)


def contestants(tools: Tools, root: Path, rules: Sequence[Rule]) -> Iterator[Contestant]:
    """Yield who can scan: each ends with 1 where it finds something."""
    file = root / "ahjo_scan_rules.yaml"
    file.write_text("".join(f"- name: {rule.name}\n  filepath: {rule.path}\n" for rule in rules), encoding="utf-8")
    rg = [tools.program("rg", "ripgrep"), "-n", "--column", "-o"]
    yield _contestant("ripgrep", root, [[*rg, *rule.options, rule.pattern, rule.path] for rule in rules])
    yield _contestant(OURS, root, [[tools.python, "-c", "from ahjo_tasks.cli import scan; scan()", "--quiet"]])
    yield _contestant("grep", root, [["grep", "-rnoP", rule.pattern, rule.path] for rule in rules], is_peer=True)
    try:
        program = tools.predecessor("ahjo-scan")
    except MissingError:
        return
    yield _contestant("the predecessor", root, [[program, "--quiet"]], is_peer=True)


def _contestant(name: str, root: Path, commands: Sequence[Sequence[str]], *, is_peer: bool = False) -> Contestant:
    script = "\n".join(f"{shlex.join(command)} >/dev/null || test $? = 1 || exit 2" for command in commands)
    return Contestant(name, ["/bin/sh", "-c", script], root, OUR_ENVIRON, is_peer=is_peer)
