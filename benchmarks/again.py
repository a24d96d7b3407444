"""Deploys of views on each database: a fresh one beside the database's own client, then again with little to do.

A run with nothing to do, or with one view changed, is compared by processor time with `inv --list` of three empty
tasks, a fresh one by the time that a user waits. Runs are paired, so that a slow moment of the machine meets both.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import floor, measure, startup
from benchmarks.project import TASKS_PY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

DEPTH = 8
DATABASE = "bench_again"


@dataclass(frozen=True)
class Place:
    """A database for a project of views. `client` runs the script whose path is the last of its arguments."""

    name: str
    backend: Mapping[str, object]
    client: Sequence[str]
    create: str = "CREATE OR REPLACE VIEW {0} AS"
    script_argument: str = "{}"


def sqlite_place(folder: Path) -> Place:
    """A file in the folder."""
    backend = {"sql_dialect": "sqlite", "target_database_name": str(folder / "bench.db")}
    create = "DROP VIEW IF EXISTS {0};\nCREATE VIEW {0} AS"
    return Place("SQLite", backend, ("/usr/bin/env", "sqlite3", str(folder / "bench.db")), create, ".read {}")


def postgresql_place(server: measure.Server) -> Place:
    """A database of the server, by psql."""
    program = ("/usr/bin/env", f"PGPASSWORD={server.password}", str(floor.psql_program()), "-Xq")
    login = ("-h", server.host, "-p", str(server.port), "-U", server.username, "-d", DATABASE)
    return Place("PostgreSQL", _backend("postgresql", server), (*program, *login, "-v", "ON_ERROR_STOP=1", "-f"))


def mariadb_place(server: measure.Server) -> Place:
    """A database of the server, by the program mariadb."""
    program = ("/usr/bin/env", "mariadb", "--no-defaults", f"-u{server.username}", f"-p{server.password}")
    client = (*program, f"-h{server.host}", f"-P{server.port}", DATABASE, "-e")
    return Place("MariaDB", _backend("mysql", server), client, script_argument="source {}")


def _backend(dialect: str, server: measure.Server) -> dict[str, object]:
    return {
        "sql_dialect": dialect,
        "target_server_hostname": server.host,
        "sql_port": server.port,
        "username": server.username,
        "password": server.password,
        "target_database_name": DATABASE,
    }


def view(place: Place, number: int, value: int = 1) -> str:
    """Return the statement of a view; of each chain all but the first read the one before."""
    source = f" FROM v_{number - 1:05}" if number % DEPTH else ""
    return f"{place.create.format(f'v_{number:05}')}\nSELECT {value} AS id{source};\n"


def report(python: str, places: Iterable[Place], sizes: Sequence[int], runs: int) -> Iterator[str]:
    """Measure each size on each place; yield lines: ratio, and seconds and MiB at the peak of the deploy."""
    yield f"views, medians of {runs} pairs{'floor':>20}{'ratio':>8}{'wall':>9}{'cpu':>9}{'peak':>6}"
    for place in places:
        for size in sizes:
            with tempfile.TemporaryDirectory(prefix="ahjo-bench-") as folder:
                yield from Project(python, place, size, Path(folder)).measure(runs)


class Project:
    """A project of views in a folder, beside one of three tasks that do nothing."""

    def __init__(self, python: str, place: Place, size: int, folder: Path) -> None:
        self._python, self._place, self._size = python, place, size
        self._folder, self._bare, self._script = folder / "project", folder / "bare", folder / "all.sql"
        views = [view(place, number) for number in range(size)]
        files = {self._folder / f"database/views/v_{number:05}.sql": text for number, text in enumerate(views)}
        files |= {self._folder / "tasks.py": TASKS_PY, self._bare / "tasks.py": startup.EMPTY_TASKS}
        config = {"BACKEND": {"allowed_actions": "ALL", **place.backend}}
        files |= {self._folder / "dev.json": json.dumps(config), self._script: "".join(views)}
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def measure(self, runs: int) -> Iterator[str]:
        """Yield a line for a fresh deploy, for one with nothing to do, and for one with a changed view."""
        yield self._row("fresh", "client", self._compare(self._client, self._init, runs), "wall")
        yield self._row("nothing changed", "inv --list", self._compare(self._listing, lambda: None, runs), "cpu")
        yield self._row("one changed", "inv --list", self._compare(self._listing, self._change, runs), "cpu")

    def _compare(
        self, other: Callable[[], dict[str, float]], prepare: Callable[[], object], runs: int
    ) -> list[tuple[dict[str, float], dict[str, float]]]:
        pairs = []
        for _ in range(runs):
            prepare()
            first = other()
            prepare()
            pairs.append((first, self._inv("deploy")))
        return pairs

    def _row(self, work: str, against: str, pairs: Sequence[tuple[dict[str, float], dict[str, float]]], by: str) -> str:
        ratio = statistics.median(own[by] / other[by] for other, own in pairs)
        wall, cpu, peak = (statistics.median(own[name] for _, own in pairs) for name in ("wall", "cpu", "peak"))
        label = f"{self._place.name:11}{self._size:>6} {work:16}"
        return f"{label}{against:>12}{ratio:>8.2f}{wall:>9.3f}{cpu:>9.3f}{peak:>6.0f}"

    def _init(self) -> None:
        self._inv("init")

    def _change(self) -> None:
        path = self._folder / f"database/views/v_{self._size - 1:05}.sql"
        known = path.read_text(encoding="utf-8")
        path.write_text(known.replace("SELECT ", "SELECT 1 + ", 1), encoding="utf-8")

    def _client(self) -> dict[str, float]:
        return self._time([*self._place.client, self._place.script_argument.format(self._script)], self._folder)

    def _listing(self) -> dict[str, float]:
        return self._time([self._python, "-m", "invoke", "--list"], self._bare)

    def _inv(self, action: str) -> dict[str, float]:
        return self._time([self._python, "-m", "invoke", action, "--config", "dev.json"], self._folder)

    @staticmethod
    def _time(command: Sequence[str], folder: Path) -> dict[str, float]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "AHJO_"))}
        finished = subprocess.run(
            [sys.executable, "-I", "-S", str(measure.TIMER), *command],
            cwd=folder,
            env=kept | {"AHJO_NON_INTERACTIVE": "1", "PYTHONPATH": str(measure.REPOSITORY)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise measure.BenchmarkError(f"{command[-1]} exited with {finished.returncode}:\n{finished.stderr[-3000:]}")
        cost: dict[str, float] = json.loads(finished.stdout)
        return cost
