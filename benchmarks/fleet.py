"""Many small databases, side by side: a project of the template, deployed, deployed again, and asked for its status.

By one worker, by two, and by two of a Dask scheduler. Beside them stands what users would do without a command for many
databases: the database's own client, and dbmate, each once for every database.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import databases, peers
from benchmarks.databases import BenchmarkError, Database, ServerDatabase
from benchmarks.measure import OUR_ENVIRON, OURS, Contestant, Row, compare, environment, tell, timed
from benchmarks.project import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.peers import Peer

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
WAIT_FOR_WORKERS = (
    "import distributed, sys; distributed.Client(sys.argv[1]).wait_for_workers(int(sys.argv[2]), timeout=60)"
)
SECONDS_TO_START = 60


class Way(NamedTuple):
    """One way to have workers, for two commands."""

    deploy: Contestant
    status: Contestant


class Fleet:
    """A project of the template, and its databases."""

    def __init__(self, python: str, database: Database, count: int, folder: Path, dask: str = "") -> None:
        """`dask` is a Python that has Dask, too; without it none is measured."""
        self._python, self._folder, self._label, self._dask = python, folder, database.label, dask
        self._left_by = ""
        """The tool that has deployed to the databases as they are."""
        self._databases = [database.named(f"fleet_{number}") for number in range(count)]
        folder.mkdir(parents=True)
        dialect = database.dialect
        words = ["-m", "ahjo_tasks", "init-project", "--name", "shop", "--dialect", dialect, "-ni"]
        timed(OURS, [python, *words], folder, OUR_ENVIRON)
        self.folder = folder / "shop"
        names = [each.backend()["target_database_name"] for each in self._databases]
        targets = {f"t{number}": {"target_database_name": name} for number, name in enumerate(names)}
        (self.folder / "targets.json").write_text(json.dumps({"targets": targets}), encoding="utf-8")
        self._environ = {**OUR_ENVIRON, **login(database)}

    def rows(self, jobs: Sequence[int], found: Iterable[Peer], runs: int) -> Iterator[Row]:
        """Yield what was measured, databases compared with what the first deploy left."""
        self._renew()
        timed(OURS, [self._python, "-m", "invoke", "fleet.deploy", "--create", *FLAGS], self.folder, self._environ)
        wanted, script = content(self._databases[0]), self._folder / "all.sql"
        script.write_text(statements(self._databases[0]), encoding="utf-8")
        check = partial(self._check, wanted)
        client = Contestant("client, one by one", self._clients(script), self._folder, check=check)
        others = [self._each(peer, script, check) for peer in found if peer.name == "dbmate"]
        with self._ways(jobs, check) as ours:
            yield from self._compared(client, ours, others, runs)

    def _compared(
        self, client: Contestant, ours: Sequence[Way], others: Sequence[Contestant], runs: int
    ) -> Iterator[Row]:
        several, label = f"{len(self._databases)} databases", self._label
        deploying = [*(way.deploy for way in ours), *others]
        fresh = [replace(each, before=self._renew) for each in (client, *deploying)]
        yield from compare(f"fresh deploy, {several}", label, fresh, runs)
        one = self._folder / "one.sql"
        one.write_text("SELECT 1;\n", encoding="utf-8")
        asking = replace(client, command=self._clients(one))
        status = [replace(way.status, before=partial(self._deployed, way.deploy)) for way in ours]
        yield from compare(f"status, {several}", label, [asking, *status], runs)
        again = [replace(each, before=partial(self._deployed, each)) for each in deploying]
        yield from compare(f"nothing changed, {several}", label, [asking, *again], runs)

    @contextmanager
    def _ways(self, jobs: Sequence[int], check: Callable[[], object]) -> Iterator[Sequence[Way]]:
        """Lend the ways with so many workers each; with Dask, the most of them."""

        def way(name: str, *flags: str, python: str = self._python, **more: Any) -> Way:
            deploy = [python, "-m", "invoke", "fleet.deploy", "--create", *FLAGS, *flags]
            status = [python, "-m", "invoke", "fleet.status", *FLAGS, *flags]
            made = Contestant(f"fleet, {name}", deploy, self.folder, self._environ, check=check, **more)
            return Way(made, replace(made, command=status))

        ways = [way(f"{number} {'worker' if number == 1 else 'workers'}", "--jobs", str(number)) for number in jobs]
        if not self._dask:
            yield ways
            return
        most = max(jobs)
        with scheduler(self._dask, self._folder, self._environ, most) as (address, processes):
            flags = ("--scheduler", address)
            seconds = partial(seconds_of, processes)
            yield [*ways, way(f"Dask, {most} workers", *flags, python=self._dask, server_seconds=seconds)]

    def _clients(self, script: Path) -> list[str]:
        return looped((each.client(script), each.environ) for each in self._databases)

    def _deployed(self, contestant: Contestant) -> None:
        """Have the databases as this one leaves them; all ways of ours leave them alike."""
        tool = OURS if contestant.name.startswith("fleet") else contestant.name
        if self._left_by != tool:
            self._renew()
            tell(f"{self._label}: {len(self._databases)} databases as {tool} leaves them")
            timed(contestant.name, contestant.command, contestant.folder, contestant.environ)
            self._left_by = tool

    def _each(self, peer: Peer, script: Path, check: Callable[[], object]) -> Contestant:
        """Return a peer that does one database after the other."""
        folder = self._folder / peer.name
        peer.change(folder, 1, SourceFile("all", "all", script.read_text(encoding="utf-8")))
        lines = [(peer.command(folder, each), peer.environ(each)) for each in self._databases]
        return Contestant(f"{peer.name}, one by one", looped(lines), self._folder, check=check, is_peer=True)

    def _renew(self) -> None:
        self._left_by = ""
        for database in self._databases:
            database.make_empty()
        self._databases[0].settle()

    def _check(self, wanted: set[str]) -> None:
        for database in self._databases:
            if not wanted or content(database) != wanted:
                raise BenchmarkError(f"{database.name} does not hold {', '.join(sorted(wanted))}")

    def memory(self) -> float:
        """Return how many MiB the command that hands out the targets holds at most."""
        script = self.folder / "measure.py"
        script.write_text(PROGRAM, encoding="utf-8")
        done = subprocess.run(
            [self._python, str(script), "fleet.status", *FLAGS, "--jobs", "2"],
            cwd=self.folder,
            env=environment(self._environ),
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stderr.split()[-1]) / 1024


def memory(python: str, database: Database, folder: Path, numbers: Sequence[int]) -> Iterator[Row]:
    """Yield what a coordinator holds for databases of which none exists."""
    first = 0.0
    for number in numbers:
        held = Fleet(python, database, number, folder / str(number)).memory()
        first = first or held
        note = f"{number:,} databases; ratios are of memory"
        yield Row("status of databases that do not exist", "", "coordinator", 1, held / first, 0, 0, 0, held, note)


@contextmanager
def scheduler(python: str, folder: Path, environ: Mapping[str, str], workers: int) -> Iterator[tuple[str, list[int]]]:
    """Start a Dask scheduler with workers of one thread. Yields its address, and the ids of all these processes."""
    file, variables = folder / "scheduler.json", environment(environ)
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    with ExitStack() as stack:

        def start(module: str, *flags: str) -> int:
            process = subprocess.Popen(
                [python, "-m", f"distributed.cli.{module}", *flags, *common],
                cwd=folder,
                env=variables,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process.pid

        processes = [start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")]
        deadline = time.monotonic() + SECONDS_TO_START
        while not file.exists():
            if time.monotonic() > deadline:
                raise BenchmarkError("the Dask scheduler does not start")
            time.sleep(0.1)
        processes += [start("dask_worker", "--nthreads", "1", "--no-nanny", "--name", str(n)) for n in range(workers)]
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        subprocess.run([python, "-c", WAIT_FOR_WORKERS, address, str(workers)], check=True, env=variables)
        yield address, processes


def seconds_of(processes: Iterable[int]) -> float:
    """Return the processor seconds that processes have used so far."""
    return sum(sum(databases.stat(process)[11:13]) for process in processes) / os.sysconf("SC_CLK_TCK")


def login(database: Database) -> dict[str, str]:
    """Return the variables that have a project of the template find a server."""
    if not isinstance(database, ServerDatabase):
        return {}
    server = database.server
    known = {"TARGET_SERVER_HOSTNAME": server.host, "SQL_PORT": server.port, "USERNAME": server.username}
    return {f"AHJO_{name}": str(value) for name, value in {**known, "PASSWORD": server.password}.items()}


def looped(commands: Iterable[tuple[Sequence[str], Mapping[str, str]]]) -> list[str]:
    """Return a command that runs the others, each with its variables."""
    lines = []
    for command, environ in commands:
        lines.append(shlex.join(["env", *(f"{name}={value}" for name, value in environ.items()), *command]))
    return ["/bin/sh", "-e", "-c", "\n".join(lines)]


def content(database: Database) -> set[str]:
    """Return the names of objects, but for those that a tool keeps for itself."""
    return {name for name in database.objects() if not is_tools_own(name)}


def statements(database: Database) -> str:
    """Return the statements that create what a database holds."""
    if database.dialect == "sqlite":
        rows = database.query("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        return "".join(f"{text};\n" for name, text in rows if not is_tools_own(name))
    program = databases.psql_program().with_name("pg_dump")
    command = [str(program), "-s", "-O", "-x", "-T", "*ahjo_*", "-T", "*alembic_version*"]
    done = subprocess.run(command, env=environment(database.environ), capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines(keepends=True)
    return "".join(line for line in lines if "search_path" not in line and line[0] != "\\")


def is_tools_own(name: str) -> bool:
    """Test whether a table is one in which a tool keeps what it did."""
    return name.startswith(("ahjo_", "sqlite_")) or name in {"alembic_version", "git_version", *peers.BOOKS}
