"""Measure the commands of a fleet on many small databases: `python -m benchmarks.fleet [--targets 200] [--jobs 1 2]`.

A project of the template is deployed to files of SQLite, and to databases of PostgreSQL where AHJO_TEST_POSTGRESQL_URL
names a server; again with nothing to do; and asked for its status. Wall and processor time are those of the whole
command, start included, a target. `--memory 10000` asks as many targets that do not exist, and shows what the
coordinator holds.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Iterator

INV = (sys.executable, "-m", "invoke")
AHJO = (sys.executable, "-m", "ahjo_tasks")
PROGRAM = """
import os, resource, sys
from invoke.program import Program
from ahjo_tasks import namespace

if __name__ == "__main__":
    try:
        Program(namespace=namespace(directory=os.getcwd())).run()
    finally:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""
"""The command in a process that says how many KiB it held at most, its workers left out."""


class Fleet:
    """A project of the template, and the names of its databases."""

    def __init__(self, folder: Path, dialect: str, count: int) -> None:
        run(folder, *AHJO, "init-project", "--name", "shop", "--dialect", dialect, "--project-dir", str(folder), "-ni")
        self.folder = folder / "shop"
        self.databases = [f"fleet_{uuid4().hex[:8]}_{number}" for number in range(count)]
        (self.folder / "db").mkdir()
        names = [f"db/{name}.db" if dialect == "sqlite" else name for name in self.databases]
        targets = {f"t{number}": {"target_database_name": name} for number, name in enumerate(names)}
        (self.folder / "targets.json").write_text(json.dumps({"targets": targets}), encoding="utf-8")

    def measure(self, command: str, jobs: int, *flags: str, **environ: str) -> tuple[float, float]:
        """Return milliseconds of wall and processor time, a target."""
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        words = (f"fleet.{command}", "--config", "dev.jsonc", "--targets", "targets.json", "--jobs", str(jobs), *flags)
        run(self.folder, *INV, *words, **environ)
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return wall * 1000 / len(self.databases), used * 1000 / len(self.databases)

    def forget(self, url: str = "") -> None:
        """Remove the databases."""
        for path in (self.folder / "db").iterdir():
            path.unlink()
        if url:
            import psycopg
            from psycopg import sql

            with psycopg.connect(url.replace("+psycopg", ""), dbname="postgres", autocommit=True) as connection:
                for name in self.databases:
                    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def run(folder: Path, *command: str, **environ: str) -> str:
    """Run a command, which has to succeed."""
    variables = {**os.environ, "AHJO_NON_INTERACTIVE": "1", **environ}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def rows(fleet: Fleet, dialect: str, jobs: list[int], **environ: str) -> Iterator[tuple[str, int, float, float]]:
    """Yield what was measured, with the number of workers."""
    for number, count in enumerate(jobs):
        if dialect == "sqlite":
            fleet.forget()
        if dialect == "sqlite" or not number:
            yield "deploy", count, *fleet.measure("deploy", count, "--create", **environ)
        yield "nothing to do", count, *fleet.measure("deploy", count, **environ)
        yield "status", count, *fleet.measure("status", count, **environ)


def server(url: str) -> dict[str, str]:
    """Return the variables that make a config that of a server."""
    parts = urlsplit(url)
    known: dict[str, Any] = {
        "AHJO_TARGET_SERVER_HOSTNAME": parts.hostname,
        "AHJO_SQL_PORT": parts.port,
        "AHJO_USERNAME": parts.username,
        "AHJO_PASSWORD": parts.password or "-",
    }
    return {name: str(value) for name, value in known.items() if value is not None}


def memory(folder: Path, count: int) -> Iterator[tuple[int, int]]:
    """Yield how many KiB the coordinator holds at most, for a few targets and for many that do not exist."""
    for number in (10, count):
        (folder / str(number)).mkdir()
        fleet = Fleet(folder / str(number), "sqlite", number)
        script = fleet.folder / "measure.py"
        script.write_text(PROGRAM, encoding="utf-8")
        words = ("fleet.status", "--config", "dev.jsonc", "--targets", "targets.json", "--jobs", "2")
        done = subprocess.run(
            (sys.executable, str(script), *words), cwd=fleet.folder, capture_output=True, text=True, check=True
        )
        yield number, int(done.stderr.split()[-1])


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--targets", type=int, default=200)
    parser.add_argument("--postgresql", type=int, default=60)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--memory", type=int, default=0)
    given = parser.parse_args()
    url = os.environ.get("AHJO_TEST_POSTGRESQL_URL")
    print("| database | command | workers | wall ms | processor ms |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        counts = {"sqlite": given.targets, **({"postgresql": given.postgresql} if url else {})}
        for dialect, count in counts.items():
            if count:
                (Path(name) / dialect).mkdir()
                fleet = Fleet(Path(name) / dialect, dialect, count)
                environ = server(url) if dialect == "postgresql" and url else {}
                try:
                    for command, jobs, wall, used in rows(fleet, dialect, given.jobs, **environ):
                        print(f"| {count} {dialect} | {command} | {jobs} | {wall:.1f} | {used:.1f} |", flush=True)
                finally:
                    fleet.forget(url or "" if dialect == "postgresql" else "")
        if given.memory:
            for count, held in memory(Path(name), given.memory):
                print(f"coordinator of {count} targets: {held / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
