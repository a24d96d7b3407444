"""Runs the contestants by turns, each on a fresh database, and compares them with the psql session; on Linux.

The ratio is that of wall time: it is what a user waits, and it holds what processor time does not, the waiting of a
durable commit. The ratio of processor time, client and server together, stands beside it. The memory is the client's.
"""

from __future__ import annotations

import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psycopg
from psycopg import sql

from benchmarks import environment, floor, project, startup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

REPOSITORY = Path(__file__).resolve().parent.parent
TIMER = Path(__file__).with_name("timer.py")
DATABASE = "bench"
FLOOR = "psql"
AHJO = "ahjo"
DEFAULT_CONTESTANTS = (FLOOR, AHJO, "loop", "pipeline")
EXIT_SECONDS = 10


class Server(Protocol):
    """A private PostgreSQL server on this machine."""

    host: str
    port: int
    username: str
    password: str


class BenchmarkError(Exception):
    """A contestant that failed, or that did not do the work."""


@dataclass(frozen=True)
class Contestant:
    """One program that deploys the project to the database named by the environment."""

    name: str
    command: Sequence[str]
    folder: Path


@dataclass(frozen=True)
class Sample:
    """What one run cost: seconds of time, of the client's and of the server's processors; MiB at the client's peak."""

    wall: float
    client: float
    server: float
    peak: float

    @property
    def cpu(self) -> float:
        """The processor seconds of client and server together."""
        return self.client + self.server


@dataclass(frozen=True)
class Content:
    """What a deployed database holds."""

    views: int
    routines: int
    rows: int

    @classmethod
    def expected(cls, wanted: project.Project) -> Content:
        """Count what the project creates."""
        kinds = [file.kind for file in wanted.files]
        return cls(
            kinds.count("views"),
            kinds.count("functions") + kinds.count("procedures"),
            kinds.count("data") * project.ROWS,
        )


@dataclass(frozen=True)
class Bench:
    """A server on which contestants deploy, and what that costs."""

    server: Server
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def connect(self, database: str) -> psycopg.Connection[tuple[int, ...]]:
        """Connect as the superuser, in autocommit mode."""
        return psycopg.connect(
            host=self.server.host,
            port=self.server.port,
            user=self.server.username,
            password=self.server.password,
            dbname=database,
            autocommit=True,
        )

    @property
    def target(self) -> project.Target:
        """What a project's config names."""
        server = self.server
        return project.Target(server.host, server.port, DATABASE, server.username, server.password)

    def compare(self, contestants: Sequence[Contestant], runs: int, expected: Content) -> dict[str, list[Sample]]:
        """Run every contestant `runs` times, by turns, so that a slow moment of the machine meets them all."""
        samples: dict[str, list[Sample]] = {contestant.name: [] for contestant in contestants}
        for turn in range(runs):
            shift = turn % len(contestants)
            for contestant in (*contestants[shift:], *contestants[:shift]):
                samples[contestant.name].append(self.run(contestant, expected))
        return samples

    def run(self, contestant: Contestant, expected: Content) -> Sample:
        """Run one contestant once; raise BenchmarkError when it fails or leaves out a part of the work."""
        name = sql.Identifier(DATABASE)
        with self.connect("postgres") as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
            admin.execute("CHECKPOINT")
            postmaster = _parent(admin.info.backend_pid)
            before = _server_seconds(postmaster)
            cost = self._time(contestant)
            _wait_for_backends(admin)
            server = _server_seconds(postmaster) - before
        content = self._content()
        if content != expected:
            raise BenchmarkError(f"{contestant.name} deployed {content}, not {expected}")
        return Sample(cost["wall"], cost["cpu"], server, cost["peak"])

    def _time(self, contestant: Contestant) -> dict[str, float]:
        finished = subprocess.run(
            [sys.executable, "-I", "-S", str(TIMER), *contestant.command],
            cwd=contestant.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            raise BenchmarkError(f"{contestant.name} exited with {finished.returncode}:\n{finished.stderr[-3000:]}")
        cost: dict[str, float] = json.loads(finished.stdout)
        return cost

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in self.environment.items() if not name.startswith(("PG", "AHJO_"))}
        return kept | {
            "AHJO_NON_INTERACTIVE": "1",
            "PYTHONPATH": str(REPOSITORY),
            "PGHOST": self.server.host,
            "PGPORT": str(self.server.port),
            "PGUSER": self.server.username,
            "PGPASSWORD": self.server.password,
            "PGDATABASE": DATABASE,
        }

    def _content(self) -> Content:
        rows = " + ".join(f"(SELECT count(*) FROM public.{table})" for table in project.TABLES)
        query = f"""
            SELECT
                (SELECT count(*) FROM pg_views WHERE schemaname = 'public'),
                (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
                {rows}
        """
        with self.connect(DATABASE) as connection:
            found = connection.execute(query.encode()).fetchone() or (0, 0, 0)
        return Content(*found)


def measure(server: Server, sizes: Iterable[int], runs: int, names: Sequence[str]) -> Iterator[str]:
    """Measure the contestants named for every size; yield the report line by line."""
    # Invoke forbids Python to keep what it compiles: an installed package would have come compiled.
    compileall.compile_dir(REPOSITORY / "ahjo_tasks", quiet=2)
    python = environment.users_python(REPOSITORY)
    yield startup.report(python, REPOSITORY)
    yield ""
    bench = Bench(server)
    medians: dict[int, dict[str, Sample]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="ahjo-bench-") as place:
            wanted = project.generate(size)
            contestants = prepare(wanted, Path(place), bench.target, names, python)
            samples = bench.compare(contestants, runs, Content.expected(wanted))
        medians[size] = {name: median(values) for name, values in samples.items()}
        yield from table(size, runs, medians[size])
    yield from growth(medians)


def prepare(
    wanted: project.Project, place: Path, target: project.Target, names: Sequence[str], python: str = sys.executable
) -> list[Contestant]:
    """Write the project and the floor's files to `place`; return the contestants, the floor among them."""
    own, files = place / "project", place / "floor"
    wanted.write(own, target)
    floor.write_floor(wanted, own, files, project.migration_sql())
    commands: dict[str, tuple[Sequence[str], Path]] = {
        FLOOR: (floor.psql_command(files), files),
        AHJO: ((python, "-m", "invoke", "deploy", "data", "test", "--config", "dev.json"), own),
    }
    commands |= {way: (floor.bare_command(way, files, python), files) for way in floor.WAYS}
    unknown = set(names) - set(commands)
    if unknown:
        raise BenchmarkError(f"no such contestant: {', '.join(sorted(unknown))}; there are {', '.join(commands)}")
    return [Contestant(name, *commands[name]) for name in dict.fromkeys((FLOOR, *names))]


def median(samples: Sequence[Sample]) -> Sample:
    """Return the median of each measure."""
    return Sample(
        statistics.median(sample.wall for sample in samples),
        statistics.median(sample.client for sample in samples),
        statistics.median(sample.server for sample in samples),
        statistics.median(sample.peak for sample in samples),
    )


def table(size: int, runs: int, medians: Mapping[str, Sample]) -> Iterator[str]:
    """Yield the report of one size."""
    floor_sample = medians[FLOOR]
    yield f"{size} objects, median of {runs} runs (seconds, MiB; ratios to {FLOOR})"
    yield f"{'':14}{'ratio':>8}{'wall':>10}{'cpu':>10}{'client':>10}{'server':>10}{'peak':>8}{'cpu ratio':>11}"
    for name, sample in medians.items():
        yield (
            f"{name:14}{sample.wall / floor_sample.wall:8.2f}{sample.wall:10.3f}{sample.cpu:10.3f}"
            f"{sample.client:10.3f}{sample.server:10.3f}{sample.peak:8.0f}{sample.cpu / floor_sample.cpu:11.2f}"
        )
    yield ""


def growth(medians: Mapping[int, Mapping[str, Sample]]) -> Iterator[str]:
    """Yield how the time of an object grows from the smallest size to the largest: 1.0 is linear."""
    small, large = min(medians), max(medians)
    if small == large:
        return
    yield f"time per object at {large}, relative to {small}"
    for name in medians[small]:
        yield f"{name:14}{medians[large][name].wall / large / (medians[small][name].wall / small):8.2f}"


def _wait_for_backends(admin: psycopg.Connection[tuple[int, ...]]) -> None:
    """Return when the server has reaped the contestant's backends: only then does it know what they used."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
    deadline = time.monotonic() + EXIT_SECONDS
    while time.monotonic() < deadline:
        found = admin.execute(query, (DATABASE,)).fetchone()
        if found == (0,):
            time.sleep(0.05)
            return
        time.sleep(0.01)
    raise BenchmarkError("the contestant ended and its connection did not")


def _server_seconds(postmaster: int) -> float:
    """Return the processor seconds that the server used so far, in Linux' steps of 10 ms."""
    ended = _stat(postmaster)
    living = (_stat(int(entry)) for entry in _children(postmaster))
    ticks = sum(ended[11:15]) + sum(sum(child[11:13]) for child in living)
    return ticks / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()


def _parent(pid: int) -> int:
    return _stat(pid)[1]


def _stat(pid: int) -> list[int]:
    """Return the numbers of /proc/PID/stat from the state on, proc(5)'s third field; the state itself as 0."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return [0] * 50
    return [0, *(int(number) for number in text.rpartition(")")[2].split()[1:])]
