"""Many small databases, side by side: a project of the template, deployed, deployed again, and asked for its status.

Beside it stands what users would do without a command for many databases: the database's own client, and dbmate, each
once for every database.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import databases, peers
from benchmarks.databases import BenchmarkError, Database, ServerDatabase
from benchmarks.measure import OUR_ENVIRON, OURS, Contestant, Row, compare, environment, timed
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


class Fleet:
    """A project of the template, and its databases."""

    def __init__(self, python: str, database: Database, count: int, folder: Path) -> None:
        self._python, self._folder, self._label = python, folder, database.label
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
        timed(OURS, self._fleet("deploy", 1), self.folder, self._environ)
        wanted, script = content(self._databases[0]), self._folder / "all.sql"
        script.write_text(statements(self._databases[0]), encoding="utf-8")
        (self._folder / "one.sql").write_text("SELECT 1;\n", encoding="utf-8")
        check = partial(self._check, wanted)
        client = Contestant("client, one by one", self._clients(script), self._folder, check=check)
        ours = [self._ours(number, check) for number in jobs]
        others = [self._each(peer, script, check) for peer in found if peer.name == "dbmate"]
        several = f"{len(self._databases)} databases"
        fresh = [replace(each, before=self._renew) for each in (client, *ours, *others)]
        yield from compare(f"fresh deploy, {several}", self._label, fresh, runs)
        asking = replace(
            client, command=self._clients(self._folder / "one.sql"), before=partial(self._deployed, client)
        )
        again = [replace(each, before=partial(self._deployed, each)) for each in (*ours, *others)]
        yield from compare(f"nothing changed, {several}", self._label, [asking, *again], runs)
        status = [
            replace(each, command=self._fleet("status", number)) for each, number in zip(again, jobs, strict=False)
        ]
        yield from compare(f"status, {several}", self._label, [asking, *status], runs)

    def _ours(self, jobs: int, check: Callable[[], object]) -> Contestant:
        name = f"fleet, {jobs} {'worker' if jobs == 1 else 'workers'}"
        return Contestant(name, self._fleet("deploy", jobs), self.folder, self._environ, check=check)

    def _clients(self, script: Path) -> list[str]:
        return looped((each.client(script), each.environ) for each in self._databases)

    def _deployed(self, contestant: Contestant) -> None:
        """Have the databases as this one leaves them."""
        self._renew()
        timed(contestant.name, contestant.command, contestant.folder, contestant.environ)

    def _each(self, peer: Peer, script: Path, check: Callable[[], object]) -> Contestant:
        """Return a peer that does one database after the other."""
        folder = self._folder / peer.name
        peer.change(folder, 1, SourceFile("all", "all", script.read_text(encoding="utf-8")))
        lines = [(peer.command(folder, each), peer.environ(each)) for each in self._databases]
        return Contestant(f"{peer.name}, one by one", looped(lines), self._folder, check=check, is_peer=True)

    def _fleet(self, command: str, jobs: int) -> list[str]:
        create = ["--create"] if command == "deploy" else []
        return [self._python, "-m", "invoke", f"fleet.{command}", *FLAGS, "--jobs", str(jobs), *create]

    def _renew(self) -> None:
        for database in self._databases:
            database.renew()

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
